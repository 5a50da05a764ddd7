"""One request whose answer leaves piece by piece, as function URLs and REST APIs can take it.

What leaves is a prelude, which is status and header fields as JSON, eight NUL bytes, and the body
as it is, in no base64 (AWS Lambda, "Response streaming for Lambda functions"). Every answer of such
a function has this form, a short text too. The prelude has the header fields that a result has.

A stream that raises midway ends with an error in the trailer fields, so that the service breaks the
message off instead of completing it.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ClassVar, Final

from portico import Response
from portico.contract import ByteStream, Capabilities
from portico_lambda._answer_stream import RuntimeApiError
from portico_lambda._apart import Apart
from portico_lambda._platform import STREAMING_CAPABILITIES, LambdaPlatform
from portico_lambda._response import prelude_fields, problem
from portico_lambda._shapes import EventError, shape_of
from portico_lambda._time_limit import OutOfTimeError, time_limit

if TYPE_CHECKING:
    from asyncio import Task, TimerHandle
    from collections.abc import Awaitable, Callable
    from contextvars import Context

    from portico.contract import Application, Request
    from portico_lambda._answer_stream import AnswerStream
    from portico_lambda._environment import Environment
    from portico_lambda._shapes import Shape
    from portico_lambda._time_limit import TimeLimit

_SHAPES: Final = frozenset({"rest", "url"})
_END_OF_PRELUDE: Final = bytes(8)


def takes_streams(event: object) -> bool:
    """Whether the service behind an event takes an answer piece by piece."""
    try:
        return shape_of(event) in _SHAPES
    except EventError:
        return False


class StreamingPlatform(LambdaPlatform):
    """The platform of an invocation whose answer leaves piece by piece."""

    __slots__ = ()

    capabilities: ClassVar[Capabilities] = STREAMING_CAPABILITIES


def head_of(shape: Shape, response: Response) -> bytes:
    """What leaves first: the prelude, and a body that is there. It is never empty."""
    content = response.content
    fields = json.dumps(prelude_fields(shape, response)).encode()
    return fields + _END_OF_PRELUDE + (content if isinstance(content, bytes) else b"")


def send_alone(shape: Shape, response: Response, stream: AnswerStream) -> None:
    """Send an answer of the adapter's own, such as that of `problem`.

    Raises:
        RuntimeApiError: the Runtime API did not take it.
    """
    stream.open(head_of(shape, response))
    stream.end()


class StreamedInvocation:
    """One request on its way through, in a context of its own; it never raises."""

    __slots__ = ("_app", "_context", "_platform", "_request", "_shape", "_stream", "_time")

    def __init__(
        self,
        app: Application,
        shape: Shape,
        request: Request,
        platform: LambdaPlatform,
        context: Context,
        stream: AnswerStream,
    ) -> None:
        self._app = app
        self._shape: Shape = shape
        self._request = request
        self._platform = platform
        self._context = context
        self._stream = stream
        self._time: TimeLimit | None = None

    def run(self, entered: Callable[[], Environment]) -> None:
        """The whole of it: the answer, what it was to wait for, and its end.

        Args:
            entered: gives the started application.
        """
        error: Exception | None = None
        environment: Environment | None = None
        try:
            environment = entered()
            self._answer(environment)
        except OutOfTimeError as late:
            error = self._given_up(late)
        except Exception as raised:  # noqa: BLE001 - reported; the peer gets a 500, or a broken body
            error = self._failed(raised)
        except BaseException as raised:
            self._platform.give_up(f"the request was ended by {type(raised).__name__}")
            raise
        if environment is not None:
            self._finish(environment)
        self._end(error)

    def _answer(self, environment: Environment) -> None:
        apart = Apart(self._request, self._platform, environment, self._time_limit)
        answer = apart.call(
            lambda: self._context.run(
                self._app.handle, self._request, self._platform, environment.running
            )
        )
        if isinstance(answer, Response) and not _needs_loop(answer):
            self._send(answer, apart)
            return
        try:
            limit = self._time_limit()
            limits = None if limit is None else (limit.for_request(), limit.for_work())
            left = environment.loop.run(self._send_on_loop(answer, apart), self._context, limits)
        except OutOfTimeError:
            raise
        except BaseException:
            # A loop that cannot run has left it unstarted, which the interpreter warns of.
            if isinstance(answer, Coroutine):
                answer.close()
            raise
        if left is not None:
            self._send(left, apart)

    def _send(self, response: Response, apart: Apart | None = None) -> None:
        content = response.content
        if not isinstance(content, ByteStream):
            self._send_head(response)
            return
        chunks = content if apart is None else apart.chunks(content)
        try:
            self._send_head(response)
            for chunk in chunks:
                self._stream.send(chunk)
        finally:
            chunks.close()

    async def _send_on_loop(
        self, answer: Response | Awaitable[Response], apart: Apart
    ) -> Response | None:
        """Send an answer, or give it back where its stream is to be read elsewhere."""
        # The handler and its stream in one task: what the handler opened may still be open.
        response = answer if isinstance(answer, Response) else await answer
        content = response.content
        if not isinstance(content, ByteStream) or not content.is_async:
            if apart.is_wanted:
                return response
            self._send(response)
            return None
        silence = _Silence(content, self._stream)
        try:
            self._send_head(response)
            silence.begin()
            async for chunk in content:
                self._stream.send(chunk)
                silence.begin()
        finally:
            silence.end()
            await content.aclose()
        return None

    def _send_head(self, response: Response) -> None:
        """Send status, header fields, and the body where it is there."""
        self._stream.open(head_of(self._shape, response))

    @property
    def _where(self) -> str:
        return f"{self._request.method} {self._request.raw_path}"

    def _time_limit(self) -> TimeLimit | None:
        # Made once: it goes by what was left when it was.
        if self._time is None:
            self._time = time_limit(self._platform)
        return self._time

    def _given_up(self, error: OutOfTimeError) -> Exception | None:
        """The 504 of a request that took too long, or the end of its stream."""
        # What was left behind runs in its own one for as long as it likes.
        self._context = copy_context()
        try:
            self._platform.abort(error)
        except Exception as second:  # noqa: BLE001 - of a listener
            self._platform.report(second, f"{self._where} was given up")
        return self._failed(error)

    def _failed(self, error: Exception) -> Exception | None:
        """Report an error, and answer 500 if nothing has left; returns what has broken a stream."""
        late = isinstance(error, OutOfTimeError)
        where = f"{self._where} {'was given up' if late else 'failed'}"
        if self._stream.is_open:
            self._platform.report(error, f"{where} in its stream")
            return error
        self._platform.report(error, where)
        answer = problem(500, "The server failed.")
        if late:
            answer = problem(504, "The server ran out of time.")
        if self._request.method == "HEAD":
            answer.content = b""
        try:
            self._send_head(answer)
        except RuntimeApiError as broken:
            self._platform.report(broken, "an answer could not be sent")
        return None

    def _finish(self, environment: Environment) -> None:
        """Do what was given to `wait_until` (`Promise.BEFORE_RESPONSE`), behind the last byte."""
        if not self._platform.end():
            from portico_lambda._background import do_work

            do_work(self._platform, environment, self._context, self._time_limit())

    def _end(self, error: Exception | None) -> None:
        if self._stream.is_broken:
            return
        try:
            self._stream.end(error)
        except RuntimeApiError as broken:
            self._platform.report(broken, "an answer could not be sent")


def _needs_loop(response: Response) -> bool:
    content = response.content
    return isinstance(content, ByteStream) and content.is_async


class _Silence:
    """Sends what a stream says that is to be sent while it gives nothing.

    Where that cannot be sent, nobody takes the answer any more: the task that waits for the next
    chunk is cancelled, and the stream closed with it.
    """

    __slots__ = ("_idle", "_stream", "_task", "_timer")

    def __init__(self, content: ByteStream, stream: AnswerStream) -> None:
        self._idle = content.idle
        self._stream = stream
        self._task: Task[Any] | None = None
        self._timer: TimerHandle | None = None

    def begin(self) -> None:
        """Count from now on."""
        idle = self._idle
        if idle is not None:
            from asyncio import current_task, get_running_loop

            self.end()
            self._task = self._task or current_task()
            self._timer = get_running_loop().call_later(idle.seconds, self._fill, idle.chunk)

    def end(self) -> None:
        """Count no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _fill(self, chunk: bytes) -> None:
        try:
            self._stream.send(chunk)
        except RuntimeApiError:
            if self._task is not None:
                self._task.cancel()
        else:
            self.begin()
