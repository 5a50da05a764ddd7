"""`Invocation`: drives one request, with an event loop only where one is needed."""

from __future__ import annotations

from collections.abc import Coroutine
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from portico import Response
from portico.contract import ByteStream
from portico_lambda._answer_body import AnswerTooLargeError, collect, collect_on_loop
from portico_lambda._response import own_result, plain_result, problem, to_result
from portico_lambda._time_limit import OutOfTimeError, time_limit

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextvars import Context
    from typing import TypeVar

    from portico.contract import Application, Request
    from portico_lambda._environment import Environment
    from portico_lambda._platform import LambdaPlatform
    from portico_lambda._response import Result
    from portico_lambda._shapes import Shape
    from portico_lambda._time_limit import TimeLimit

    T = TypeVar("T")


class Invocation:
    """One request on its way through, in a context of its own."""

    __slots__ = ("_app", "_context", "_limit", "_platform", "_request", "_shape", "_time")

    def __init__(
        self,
        app: Application,
        shape: Shape,
        limit: int,
        request: Request,
        platform: LambdaPlatform,
        context: Context,
    ) -> None:
        self._app = app
        self._shape: Shape = shape
        self._limit = limit
        self._request = request
        self._platform = platform
        self._context = context
        self._time: TimeLimit | None = None

    def result(
        self, environment: Environment, answer: Response | Awaitable[Response] | None = None
    ) -> Result:
        """The whole of it; never raises.

        Args:
            environment: the started application.
            answer: what that has answered, if it was asked already.
        """
        try:
            if answer is None:
                answer = self._asked(environment)
            response, content = self._whole(answer, environment)
            result = plain_result(self._shape, response, content)
            if result is None:
                strict, limit = self._platform.options.strict, self._limit
                result = to_result(self._shape, response, content, limit=limit, strict=strict)
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            return self.broken(environment, error)
        except BaseException as error:
            self._platform.give_up(f"the request was ended by {type(error).__name__}")
            raise
        self._finish(environment)
        return result

    def broken(self, environment: Environment, error: Exception) -> Result:
        """The end of it where something went wrong beyond what the application answers."""
        if isinstance(error, OutOfTimeError):
            return self._given_up(environment, error)
        result = self.failed(error, f"{self._where} failed")
        self._finish(environment)
        return result

    @property
    def _where(self) -> str:
        return f"{self._request.method} {self._request.raw_path}"

    def _given_up(self, environment: Environment, error: OutOfTimeError) -> Result:
        """The 504 of a request that took too long."""
        # What was left behind runs in its own one for as long as it likes.
        self._context = copy_context()
        try:
            self._platform.abort(error)
        except Exception as second:  # noqa: BLE001 - of a listener
            self._platform.report(second, f"{self._where} was given up")
        result = self.failed(error, f"{self._where} was given up")
        self._finish(environment)
        return result

    def failed(self, error: Exception, where: str) -> Result:
        """The 500, or 504, of an exception that nobody else has answered."""
        self._platform.report(error, where)
        if isinstance(error, OutOfTimeError):
            answer = problem(504, "The server ran out of time.")
        elif isinstance(error, AnswerTooLargeError):
            answer = problem(500, "The answer is too large.")
        else:
            answer = problem(500, "The server failed.")
        if self._request.method == "HEAD":
            answer.content = b""
        return own_result(self._shape, answer, self._limit)

    def _asked(self, environment: Environment) -> Response | Awaitable[Response]:
        """What the application answers, from where it can be left behind if that is wanted."""
        if self._platform.options.deadline_margin is None:
            return self._handled(environment)
        from portico_lambda._apart import Apart

        apart = Apart(self._request, self._platform, environment, self._time_limit)
        return apart.call(lambda: self._collected(self._handled(environment)))

    def _handled(self, environment: Environment) -> Response | Awaitable[Response]:
        return self._context.run(
            self._app.handle, self._request, self._platform, environment.running
        )

    def _collected(self, answer: Response | Awaitable[Response]) -> Response | Awaitable[Response]:
        """The same, where a synchronous stream is read."""
        content = answer.content if isinstance(answer, Response) else None
        if isinstance(content, ByteStream) and not content.is_async:
            whole = collect(content, self._shape, self._limit)
            read = whole.encode() if isinstance(whole, str) else whole
            cast("Response", answer).content = read
        return answer

    def _whole(
        self, answer: Response | Awaitable[Response], environment: Environment
    ) -> tuple[Response, bytes | str]:
        if not isinstance(answer, Response):
            try:
                return self._on_loop(self._awaited(answer), environment)
            except OutOfTimeError:
                raise
            except BaseException:
                # A loop that cannot run has left it unstarted, which the interpreter warns of.
                if isinstance(answer, Coroutine):
                    answer.close()
                raise
        content = answer.content
        if isinstance(content, bytes):
            return answer, content
        if content.is_async:
            return self._on_loop(self._read(answer), environment)
        return answer, collect(content, self._shape, self._limit)

    def _on_loop(self, work: Coroutine[Any, Any, T], environment: Environment) -> T:
        limit = self._time_limit()
        limits = None if limit is None else (limit.for_request(), limit.for_work())
        return environment.loop.run(work, self._context, limits)

    async def _awaited(self, answer: Awaitable[Response]) -> tuple[Response, bytes | str]:
        # The handler and its stream in one task: what the handler opened may still be open.
        return await self._read(await answer)

    async def _read(self, response: Response) -> tuple[Response, bytes | str]:
        content = response.content
        if not isinstance(content, ByteStream):
            return response, content
        if content.is_async:
            return response, await collect_on_loop(content, self._shape, self._limit)
        # In a thread, where the option wants it so: then who goes on with it closes it.
        read = partial(collect, content, self._shape, self._limit)
        return response, await self._platform.run_blocking(read)

    def _time_limit(self) -> TimeLimit | None:
        # Made once: it goes by what was left when it was.
        if self._time is None:
            self._time = time_limit(self._platform)
        return self._time

    def _finish(self, environment: Environment) -> None:
        """Do what was given to `wait_until` (`Promise.BEFORE_RESPONSE`)."""
        if not self._platform.end():
            from portico_lambda._background import do_work

            do_work(self._platform, environment, self._context, self._time_limit())
