"""`Lambda`: drives one invocation after the other, with an event loop only where one is needed."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, cast

from portico import PeerError, Response
from portico.contract import ByteStream, Options
from portico_lambda._answer_body import (
    AnswerTooLargeError,
    answer_limit,
    collect,
    collect_on_loop,
)
from portico_lambda._environment import Environment
from portico_lambda._events import read_event
from portico_lambda._platform import CAPABILITIES, LambdaPlatform
from portico_lambda._request import LambdaRequest
from portico_lambda._response import problem, to_result
from portico_lambda._shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Unpack

    from portico.contract import Application, OptionArguments
    from portico_lambda._fields import Fields
    from portico_lambda._response import Result
    from portico_lambda._shapes import Shape


class Lambda:
    """An application as a Lambda function: `handler = Lambda(app)`, configured as `module.handler`.

    The application is checked here and started at the first invocation of each environment, so that
    a start that fails costs one answer of 500 and is tried again, instead of restarting the
    environment over and over. Call `start()` in the module, after this, to have it done in the
    init phase, which has more of the processor and is not a client's time. It is never stopped:
    Lambda freezes an environment and ends it without notice. SIGTERM, which only functions with
    extensions get, is left alone.

    A synchronous route runs with no event loop. For the others an environment keeps one. It stands
    still between invocations, so that work which is to be done belongs in `wait_until`, which runs
    before the answer is given.

    Answers are buffered, streams among them: one that raises midway is a 500, and nothing of it
    leaves. An answer over the limit of the service (6 MB, load balancers 1 MB, CloudFront 1 MB or
    40 kB) is a 500 too, and reported. A binary one needs `*/*` among the binary media types of an
    API Gateway REST API.

    Invocations of an environment follow each other; calls from several threads are not supported.

    Args:
        app: the application.
        options: those of `Options`, by name. The `root_path` is that of a custom domain name's
            mapping, such as `"/v1"`; without it, it is the stage where that is in the URL.

    Raises:
        DefinitionError: the application is not well defined, unless `check="deferred"`.
        CapabilityError: a route needs what Lambda does not have, such as a WebSocket.
    """

    def __init__(self, app: Application, **options: Unpack[OptionArguments]) -> None:
        self._app = app
        self._options = Options(**options)
        self._environment: Environment | None = None
        if self._options.check == "now":
            app.check(CAPABILITIES, LambdaPlatform.runtime.name)

    def __call__(self, event: object, context: object = None) -> Result:
        """Answer one invocation, with the result that the service behind the event expects.

        Raises:
            EventError: the event is not an HTTP request. Nothing else is raised.
        """
        shape = shape_of(event)
        fields = cast("Fields", event)
        limit = answer_limit(shape, fields)
        try:
            parts = read_event(shape, fields, self._options.root_path)
        except PeerError as error:
            refusal = problem(error.status, error.detail)
            return to_result(shape, refusal, _content(refusal), limit=limit, strict=False)
        platform = LambdaPlatform(self._options, parts.peer, parts.root_path, fields, context)
        request = LambdaRequest(parts, self._options.limits)
        invocation = Invocation(self._app, shape, limit, request, platform)
        try:
            environment = self._entered()
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            return invocation.failed(error, "the application could not start")
        return invocation.result(environment)

    def start(self) -> None:
        """Start the application now; nothing happens where it runs already.

        Raises:
            Exception: whatever the application's start raises.
        """
        self._entered()

    def close(self) -> None:
        """Stop the application, for tests and tools: nothing in Lambda calls this."""
        environment, self._environment = self._environment, None
        if environment is not None:
            environment.leave()

    def _entered(self) -> Environment:
        environment = self._environment
        if environment is None or not environment.is_live:
            self.close()
            environment = self._environment = Environment(self._app, self._options)
        return environment


class Invocation:
    """One request on its way through, in a context of its own."""

    __slots__ = ("_app", "_context", "_limit", "_platform", "_request", "_shape")

    def __init__(
        self,
        app: Application,
        shape: Shape,
        limit: int,
        request: LambdaRequest,
        platform: LambdaPlatform,
    ) -> None:
        self._app = app
        self._shape: Shape = shape
        self._limit = limit
        self._request = request
        self._platform = platform
        self._context = copy_context()

    def result(self, environment: Environment) -> Result:
        """The whole of it; never raises."""
        try:
            response, content = self._answer(environment)
            result = self._written(response, content, strict=self._platform.options.strict)
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            result = self.failed(error, f"{self._request.method} {self._request.raw_path} failed")
        self._finish(environment)
        return result

    def failed(self, error: Exception, where: str) -> Result:
        """The 500 of an exception that nobody else has answered."""
        self._platform.report(error, where)
        too_large = isinstance(error, AnswerTooLargeError)
        answer = problem(500, "The answer is too large." if too_large else "The server failed.")
        content = b"" if self._request.method == "HEAD" else _content(answer)
        return self._written(answer, content, strict=False)

    def _answer(self, environment: Environment) -> tuple[Response, bytes]:
        answer = self._context.run(
            self._app.handle, self._request, self._platform, environment.running
        )
        if not isinstance(answer, Response):
            return environment.loop.run(self._awaited(answer), self._context)
        content = answer.content
        if isinstance(content, bytes):
            return answer, content
        if content.is_async:
            return environment.loop.run(self._read(answer), self._context)
        return answer, collect(content, self._shape, self._limit)

    async def _awaited(self, answer: Awaitable[Response]) -> tuple[Response, bytes]:
        # The handler and its stream in one task: what the handler opened may still be open.
        return await self._read(await answer)

    async def _read(self, response: Response) -> tuple[Response, bytes]:
        content = response.content
        if isinstance(content, ByteStream):
            return response, await collect_on_loop(content, self._shape, self._limit)
        return response, content

    def _written(self, response: Response, content: bytes, *, strict: bool) -> Result:
        return to_result(self._shape, response, content, limit=self._limit, strict=strict)

    def _finish(self, environment: Environment) -> None:
        """Do what was given to `wait_until` (`Promise.BEFORE_RESPONSE`)."""
        platform = self._platform
        if not platform.has_work:
            return
        try:
            if platform.needs_loop:
                environment.loop.run(platform.afinish(), self._context)
            else:
                self._context.run(platform.finish)
        except Exception as error:  # noqa: BLE001 - the answer is there; the work has failed
            platform.report(error, "background work failed")


def _content(response: Response) -> bytes:
    content = response.content
    return content if isinstance(content, bytes) else b""
