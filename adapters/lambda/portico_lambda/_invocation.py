"""`Invocation`: drives one request, with an event loop only where one is needed."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING

from portico import Response
from portico.contract import ByteStream
from portico_lambda._answer_body import AnswerTooLargeError, collect, collect_on_loop
from portico_lambda._response import own_result, plain_result, problem, to_result

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextvars import Context

    from portico.contract import Application, Request
    from portico_lambda._environment import Environment
    from portico_lambda._platform import LambdaPlatform
    from portico_lambda._response import Result
    from portico_lambda._shapes import Shape


class Invocation:
    """One request on its way through, in a context of its own."""

    __slots__ = ("_app", "_context", "_limit", "_platform", "_request", "_shape")

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
                answer = self._context.run(
                    self._app.handle, self._request, self._platform, environment.running
                )
            response, content = self._whole(answer, environment)
            result = plain_result(self._shape, response, content)
            if result is None:
                strict, limit = self._platform.options.strict, self._limit
                result = to_result(self._shape, response, content, limit=limit, strict=strict)
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            return self.broken(environment, error)
        self._finish(environment)
        return result

    def broken(self, environment: Environment, error: Exception) -> Result:
        """The end of it where something went wrong beyond what the application answers."""
        result = self.failed(error, f"{self._request.method} {self._request.raw_path} failed")
        self._finish(environment)
        return result

    def failed(self, error: Exception, where: str) -> Result:
        """The 500 of an exception that nobody else has answered."""
        self._platform.report(error, where)
        too_large = isinstance(error, AnswerTooLargeError)
        answer = problem(500, "The answer is too large." if too_large else "The server failed.")
        if self._request.method == "HEAD":
            answer.content = b""
        return own_result(self._shape, answer, self._limit)

    def _whole(
        self, answer: Response | Awaitable[Response], environment: Environment
    ) -> tuple[Response, bytes]:
        if not isinstance(answer, Response):
            try:
                return environment.loop.run(self._awaited(answer), self._context)
            finally:
                # A loop that cannot run has left it unstarted, which the interpreter warns of.
                if isinstance(answer, Coroutine):
                    answer.close()
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
