"""The whole way of an answer: what a pipeline does where its chain, or an answer, is not plain.

A chain that is straight answers most requests without it (`_straight`), so that it is loaded with
the first one that needs it. Whatever goes wrong becomes an answer here.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from portico._answer import is_open_ended, is_reply, to_response
from portico._answer import to_response_on_loop as to_response_later
from portico._error_answer import (
    connect,
    forget_answer,
    tells_of,
    unhandled,
    with_status,
)
from portico._errors import HTTPError
from portico._framing import drop, frame, must_drop, settle
from portico._problem import unexpected
from portico._request_life import abandon, close_shield, leave, open_shield
from portico._resumption import enter_loop
from portico._sending import dropped, for_loop, left, sent
from portico._straight import failing
from portico._stream import ByteStream
from portico._units import first, tracing_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from portico._context import Context
    from portico._engine import Pipeline
    from portico._link import Link
    from portico._reply import Reply
    from portico._response import Response


class WholeWay:
    """What a pipeline does with work, with what a handler gives, and with what goes wrong.

    Args:
        pipeline: the pipeline, which is complete.
    """

    __slots__ = (
        "_after_response",
        "_chain",
        "_declared",
        "_mappers",
        "_may_block",
        "_may_enter",
        "_pipeline",
        "_raised",
        "_returned",
        "_shields",
        "_takers",
        "_traces",
    )

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._after_response = pipeline._after_response
        self._chain = pipeline._chain
        self._declared = pipeline._declared
        self._mappers = pipeline._mappers
        self._may_block = pipeline._may_block
        self._may_enter = pipeline._may_enter
        self._raised = pipeline._raised
        self._returned = pipeline._returned
        self._shields = pipeline._shields
        self._takers = pipeline._takers
        self._traces = pipeline._traces

    def failed(self, error: BaseException, ctx: Context) -> Response | Awaitable[Response]:
        """The response to what went wrong, at once where no function has a say in it."""
        if (
            self._pipeline.has_say_in_errors
            or ctx._exits is not None
            or not isinstance(error, Exception)
            or (isinstance(error, HTTPError) and not isinstance(error.value, str | None))
        ):
            return self._pipeline.start(ctx, failing(error))
        ctx._chain = self._chain
        forget_answer(ctx)
        response = self._settled_default(error, ctx)
        if must_drop(response, ctx.request.method):
            drop(response)
        ctx._is_left = True
        return response

    async def guarded(self, ctx: Context, work: Coroutine[Any, Any, Response]) -> Response:
        """The response of some work, whatever happens to it, fit to be given to the adapter."""
        ctx._chain = self._chain
        ctx._tracing = tracing_of(ctx, self._traces) if self._traces else None
        if self._shields:
            open_shield(ctx)
        try:
            response = await self._outcome(ctx, work)
        except BaseException:
            close_shield(ctx)
            raise
        if ctx._unsent is not None and not isinstance(response.content, ByteStream):
            await self._close_unsent(ctx._unsent, ctx)
        if ctx._shield is not None:
            close_shield(ctx, response)
        for hook in self._after_response:
            ctx.platform.wait_until(partial(hook, ctx, response))
        return for_loop(response, ctx)

    async def _outcome(self, ctx: Context, work: Coroutine[Any, Any, Response]) -> Response:
        try:
            if ctx._running.per_request:
                await self._enter_resources(ctx, work)
            return await work
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return await self.fail(error, ctx)
        except BaseException as error:
            failure = await abandon(ctx, error)
            if failure is None or isinstance(error, GeneratorExit):
                raise
            return await self.fail(failure, ctx)

    async def _enter_resources(self, ctx: Context, work: Coroutine[Any, Any, Response]) -> None:
        """Enter the resources that live as long as the request; else the work is given up."""
        from portico._request_resources import enter_resources

        try:
            wanted = ctx._running.wanted_by(self._chain, self._chain.links())
            await enter_resources(ctx, wanted)
        except BaseException:
            work.close()
            raise

    async def _close_unsent(self, unsent: Response, ctx: Context) -> None:
        """Close the stream of an answer in whose place another one is sent."""
        try:
            await dropped(unsent, ctx)
        except Exception as error:  # noqa: BLE001 - what is sent instead is as good as before
            ctx.platform.report(error, f"{self._where(ctx)} has an answer that does not close")

    async def finish_later(self, pending: Awaitable[Any], ctx: Context) -> Response:
        """The response of what a plain function has given to be awaited."""
        await enter_loop(ctx)
        return await self.finish(await pending, None, ctx)

    async def send(self, response: Response, ctx: Context) -> Response:
        """The same response, fit for the wire; where it cannot be, its stream is closed."""
        return await sent(response, ctx, None, may_enter=self._may_enter)

    async def finish(self, value: Any, link: Link | None, ctx: Context) -> Response:
        """The response of what a handler or an early link has given."""
        if self._takers:
            taken, taker = await first(self._takers, ctx, value)
            if taken is not None:
                value, link = taken, taker
        if self._returned and is_reply(value) and value.code >= 400:
            return await self._replied(value, link, ctx)
        return await self._respond(value, link, ctx, None)

    async def _replied(self, reply: Reply[int, Any], link: Link | None, ctx: Context) -> Response:
        """The response of a reply that is an error, unless a hook has another."""
        error = HTTPError(reply.code, reply.value, headers=reply.headers)
        forgotten = forget_answer(ctx)
        try:
            handled, handler = await first(self._returned, ctx, error)
            if handled is not None:
                return await self._respond(with_status(handled, error, ctx), handler, ctx, error)
        except Exception as second:  # noqa: BLE001 - a hook, or an answer that is no good
            return await self._failed_again(second, error, ctx)
        for name, text in forgotten:
            ctx.set.headers.append(name, text)
        return await self._respond(reply, link, ctx, None)

    async def _respond(
        self, value: Any, link: Link | None, ctx: Context, error: Exception | None
    ) -> Response:
        """The response of a value that is final but for `map_response`.

        Args:
            value: what is to be sent.
            link: the one that gave it.
            ctx: the request's.
            error: what a hook answers with this.
        """
        if self._declared is not None and self._chain.handler is not None:
            author = (link or self._chain.handler).returns
            status = None if ctx._set is None else ctx._set.status
            value = self._declared.settle(value, author, status=status)
        if self._mappers:
            mapped, _ = await first(self._mappers, ctx, value)
            if mapped is not None:
                value = mapped
        if ctx._tracing is not None:
            ctx._tracing.leave(None)
        response = await self._converted(value, ctx)
        return await sent(response, ctx, error, may_enter=self._may_enter)

    async def _converted(self, value: Any, ctx: Context) -> Response:
        if not is_open_ended(value, may_block=self._may_block):
            return to_response(value, ctx, self._chain.none_status)
        await enter_loop(ctx)
        return await to_response_later(value, ctx, self._chain.none_status)

    async def fail(self, error: Exception, ctx: Context) -> Response:
        """The response to an exception; it never raises but for cancellation."""
        try:
            if ctx._tracing is not None:
                ctx._tracing.leave(error)
            forget_answer(ctx)
            handled, link = await first(self._raised, ctx, error)
            if handled is not None:
                value = with_status(handled, error, ctx)
                response = await self._respond(value, link, ctx, error)
                self._report(error, response, ctx)
                return response
            if ctx._tracing is not None:
                ctx._tracing.leave(None)
        except Exception as second:  # noqa: BLE001 - an error hook, or an answer that is no good
            return await self._failed_again(second, error, ctx)
        try:
            response = self._settled_default(error, ctx)
            return await left(response, ctx, error, may_enter=self._may_enter)
        except Exception as second:  # noqa: BLE001 - what is left with the answer
            return await self._failed_again(second, None, ctx)

    async def _failed_again(
        self, second: Exception, error: Exception | None, ctx: Context
    ) -> Response:
        """The answer where the way to an answer failed; no hook is asked again.

        Args:
            second: what went wrong on the way.
            error: what the answer was to be to, if that is not reported yet.
            ctx: the request's.
        """
        with suppress(Exception):
            if ctx._tracing is not None:
                ctx._tracing.leave(second)
        with suppress(Exception):
            await leave(ctx, second)
        if error is not None:
            connect(second, error)
        response = self._settled_default(second, ctx)
        if error is not None and (isinstance(second, HTTPError) or not tells_of(second, error)):
            self._report(error, response, ctx)
        try:
            if must_drop(response, ctx.request.method):
                await dropped(response, ctx)
        except Exception as third:  # noqa: BLE001 - the close of a stream that is not sent
            response = unexpected(third, ctx.platform, self._where(ctx), debug=self._debug)
            drop(frame(response, ctx.request.method))
        return response

    def _report(self, error: Exception, response: Response, ctx: Context) -> None:
        """Handled or not: an exception that the peer sees as a 5xx is one to know of."""
        if response.status >= 500 and not isinstance(error, HTTPError):
            with suppress(Exception):
                ctx.platform.report(error, f"{self._where(ctx)} failed")

    def _settled_default(self, error: Exception, ctx: Context) -> Response:
        """The answer of an exception that no hook has an answer to, with what `ctx.set` says."""
        response = None
        try:
            response = unhandled(error, ctx, self._where(ctx), debug=self._debug)
            return settle(response, ctx)
        except Exception as second:  # noqa: BLE001 - an error's value, a cookie or field is no good
            if response is None or isinstance(error, HTTPError):
                response = unexpected(second, ctx.platform, self._where(ctx), debug=self._debug)
            # Else it is a 500 already, whose error was reported: it goes without the cookie.
            return frame(response, ctx.request.method)

    def _where(self, ctx: Context) -> str:
        """Which request it is, for reports."""
        return self._chain.where or f"{ctx.request.method} {ctx.request.raw_path}"

    @property
    def _debug(self) -> bool:
        return self._chain.debug
