"""Straight chains: functions that run in one place, one after the other, and a plain answer.

Most routes are that: no traces, nothing that is given to a worker thread, no generators to shield.
For them the pipeline comes down to one loop over the functions and one conversion. What is not as
plain as that (an early answer, a stream, a file, an error) goes on in the pipeline itself, so that
there is one place where it is decided what happens then.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from portico._answer import is_json_class, is_open_ended, is_reply, to_response
from portico._framing import must_drop, settle
from portico._json import to_json
from portico._key_steps import Keeping, value_of
from portico._media import JSON, TEXT, Media
from portico._response import Response
from portico._resumption import Begun, begin_on_loop, enter_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from portico._chain import Chain
    from portico._context import Context
    from portico._engine import Pipeline
    from portico._key import Key
    from portico._link import Link
    from portico._units import Step

_COROUTINE: Final[Any] = CoroutineType


class _Call(NamedTuple):
    """One function: what is called, the key that its value is kept under, and its link."""

    call: Callable[[Context], Any]
    key: Key[Any] | None
    link: Link | None


class Straight:
    """A chain that is straight.

    Args:
        pipeline: that of the chain, which knows what to do with everything else.
        chain: the chain.
        steps: those up to the handler, which is the last one.
        on_loop: whether it runs on an event loop, which nothing may block.
    """

    __slots__ = (
        "_before",
        "_chain",
        "_declared",
        "_handler",
        "_is_async",
        "_is_plain",
        "_may_block",
        "_pipeline",
        "_ways",
    )

    def __init__(
        self, pipeline: Pipeline, chain: Chain, steps: Sequence[Step], *, on_loop: bool
    ) -> None:
        *before, handler = [_called(step) for step in steps]
        self._pipeline = pipeline
        self._chain = chain
        self._before = tuple(before)
        self._handler = handler.call
        links = [call.link for call in (*before, handler) if call.link is not None]
        self._is_async = any(link.signature.is_async for link in links)
        self._may_block = not (on_loop or self._is_async)
        # Whether the value of the handler is the answer, as it is.
        self._is_plain = not (chain.after_handle or chain.map_response or chain.after_response)
        declared = chain.declared
        self._declared = None if declared is None or declared.is_trivial else declared
        # By class: how a value is sent that was found to be as plain as most are.
        self._ways: dict[type, tuple[Media, Callable[[Any], bytes]]] = {}

    def runner(self, *, on_loop: bool) -> Callable[[Context], Response | Awaitable[Response]]:
        """What answers a request."""
        if not self._is_async:
            return self._run
        if not on_loop:
            return self._run_async
        is_alone = not self._before and self._is_plain
        return self._run_handler if is_alone else self._begin

    # Synchronous functions

    def _run(self, ctx: Context) -> Response | Awaitable[Response]:
        ctx._chain = self._chain
        at = 0
        try:
            for call, key, link in self._before:
                at += 1
                if key is not None and ctx._values is not None and key in ctx._values:
                    continue
                value = call(ctx)
                if key is None:
                    if value is None:
                        continue
                    if hasattr(value, "__await__"):
                        return self._pipeline.start(ctx, self._resume(value, at, ctx))
                    return self._pipeline.start(ctx, self._pipeline.finish(value, link, ctx))
                if hasattr(value, "__await__"):
                    return self._pipeline.start(ctx, self._resume(value, at, ctx))
                _keep(ctx, key, value)
            value = self._handler(ctx)
            if hasattr(value, "__await__"):
                return self._pipeline.start(ctx, self._pipeline.finish_later(value, ctx))
            return self._answer(value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return self._pipeline.start(ctx, failing(error))
        except BaseException as error:
            if not ctx._exits:
                raise
            return self._pipeline.start(ctx, failing(error))

    async def _resume(self, pending: Awaitable[Any], at: int, ctx: Context) -> Response:
        """Go on behind a plain function that has given something to be awaited."""
        await enter_loop(ctx)
        value = await pending
        _, key, link = self._before[at - 1]
        if key is not None:
            _keep(ctx, key, value)
        elif value is not None:
            return await self._pipeline.finish(value, link, ctx)
        early, link = await self._early(self._before[at:], ctx)
        if early is not None:
            return await self._pipeline.finish(early, link, ctx)
        value = self._handler(ctx)
        if hasattr(value, "__await__"):
            value = await value
        return await self._pipeline.finish(value, None, ctx)

    # Asynchronous functions

    def _begin(self, ctx: Context) -> Response | Awaitable[Response]:
        return begin_on_loop(self._run_async(ctx))

    def _run_handler(self, ctx: Context) -> Response | Awaitable[Response]:
        """A handler alone, which mostly has its value without waiting: no coroutine around it."""
        ctx._chain = self._chain
        ctx._on_loop = True
        try:
            pending = self._handler(ctx)
            if type(pending) is not _COROUTINE:
                return begin_on_loop(self._awaited(pending, ctx))
            try:
                waits_for = pending.send(None)
            except StopIteration as end:
                return self._answer(end.value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return self._pipeline.start(ctx, failing(error))
        except BaseException as error:
            if not ctx._exits:
                raise
            return self._pipeline.start(ctx, failing(error))
        return begin_on_loop(self._awaited(Begun(pending, waits_for), ctx))

    async def _run_async(self, ctx: Context) -> Response:
        ctx._chain = self._chain
        ctx._on_loop = True
        try:
            value, link = await self._early(self._before, ctx)
            pending = self._handler(ctx) if value is None else None
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return await self._pipeline.guarded(ctx, failing(error))
        except BaseException as error:
            if not ctx._exits:
                raise
            return await self._pipeline.guarded(ctx, failing(error))
        if value is not None:
            return await self._pipeline.guarded(ctx, self._pipeline.finish(value, link, ctx))
        return await self._awaited(pending, ctx)

    async def _early(self, calls: Sequence[_Call], ctx: Context) -> tuple[Any, Link | None]:
        """Call functions until one of them has a value, and whose it is."""
        for call, key, link in calls:
            if key is not None and ctx._values is not None and key in ctx._values:
                continue
            value = call(ctx)
            if type(value) is _COROUTINE or hasattr(value, "__await__"):
                value = await value
            if key is not None:
                _keep(ctx, key, value)
            elif value is not None:
                return value, link
        return None, None

    async def _awaited(self, pending: Any, ctx: Context) -> Response:
        """The answer of a handler's value, which may have to be awaited."""
        try:
            if type(pending) is _COROUTINE or hasattr(pending, "__await__"):
                pending = await pending
            response = self._answer(pending, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return await self._pipeline.guarded(ctx, failing(error))
        except BaseException as error:
            if not ctx._exits:
                raise
            return await self._pipeline.guarded(ctx, failing(error))
        return response if type(response) is Response else await cast("Any", response)

    # Answers

    def _answer(self, value: object, ctx: Context) -> Response | Awaitable[Response]:
        """The response of the handler's value, at once where it is as plain as most are."""
        way = self._ways.get(type(value))
        if (
            way is not None
            and ctx._set is None
            and ctx._cookies is None
            and ctx._exits is None
            and ctx.request.method != "HEAD"
        ):
            media, encode = way
            ctx._is_left = True
            return Response.plain(media, encode(value))
        return self._answer_slowly(value, ctx)

    def _answer_slowly(self, value: object, ctx: Context) -> Response | Awaitable[Response]:
        pipeline = self._pipeline
        if not self._is_plain or ctx._exits or is_open_ended(value, may_block=self._may_block):
            return pipeline.start(ctx, pipeline.finish(value, None, ctx))
        if is_reply(value) and value.code >= 400:
            return pipeline.start(ctx, pipeline.finish(value, None, ctx))
        declared = self._declared
        if declared is not None:
            status = None if ctx._set is None else ctx._set.status
            given, value = value, declared.settle(value, self._returns, status=status)
            if given is value and declared.is_plain(value):
                self._learn(value)
        else:
            self._learn(value)
        response = to_response(value, ctx, self._chain.none_status)
        if type(response.content) is bytes and not must_drop(response, ctx.request.method):
            ctx._is_left = True
            return settle(response, ctx)
        return pipeline.start(ctx, pipeline.send(response, ctx))

    def _learn(self, value: object) -> None:
        """Remember how values of this class are sent, which depends on the class alone."""
        kind = type(value)
        if kind is str:
            self._ways[kind] = TEXT, str.encode
        elif is_json_class(kind):
            self._ways[kind] = JSON, to_json

    @property
    def _returns(self) -> Any:
        handler = self._chain.handler
        return None if handler is None else handler.returns


def is_straight(chain: Chain) -> bool:
    """Whether nothing in a chain has to be told of what happens in it, or read beforehand."""
    return not (chain.trace or chain.parse)


def _called(step: Step) -> _Call:
    call = step.call
    if isinstance(call, Keeping) and not call.link.signature.is_generator:
        return _Call(call.make, call.key, step.link)
    return _Call(call, None, step.link)


def _keep(ctx: Context, key: Key[Any], made: Any) -> None:
    values = ctx._values
    if values is None:
        values = ctx._values = {}
    values[key] = value_of(key, made)


async def failing(error: BaseException) -> Response:
    """Work that fails with an error which happened elsewhere."""
    raise error
