"""Straight chains: functions that run in one place, one after the other, and a plain answer.

Most routes are that: no traces, nothing that is given to a worker thread, no generators to shield.
For them the pipeline comes down to one loop over the functions and one conversion. What is not as
plain as that (an early answer, a stream, a file, an error) goes on in the pipeline itself, so that
there is one place where it is decided what happens then.
"""

from __future__ import annotations

from types import AsyncGeneratorType, CoroutineType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from portico._answering import Answering, class_of
from portico._response import Response
from portico._resumption import Begun, begin_on_loop, enter_loop
from portico._steps import Keeping, value_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from portico._bare import BareRun
    from portico._chain import Chain
    from portico._context import Context
    from portico._engine import Pipeline, Run
    from portico._key import Key
    from portico._link import Link
    from portico._units import Step

    # One function: what is called, the key that its value is kept under, and its link. As a plain
    # tuple, which the interpreter takes apart the fastest.
    Call: TypeAlias = tuple[Callable[[Context], Any], Key[Any] | None, Link | None]

# Classes whose instances were found to be values, and no answers; the bound is for those that are
# made anew for each request.
_MOST_CLASSES: Final = 1024
_value_classes: Final[set[type]] = set()

_COROUTINE: Final[Any] = CoroutineType
_ASYNC_GENERATOR: Final[Any] = AsyncGeneratorType


class Straight(Answering):
    """A chain that is straight.

    Args:
        pipeline: that of the chain, which knows what to do with everything else.
        chain: the chain.
        steps: those up to the handler, which is the last one.
        on_loop: whether it runs on an event loop, which nothing may block.

    Attributes:
        run: answers a request.
    """

    __slots__ = ("_before", "_handler", "_is_async", "_own", "run")

    def __init__(
        self, pipeline: Pipeline, chain: Chain, steps: Sequence[Step], *, on_loop: bool
    ) -> None:
        *before, handler = [_called(step) for step in steps]
        self._before = tuple(before)
        self._handler = handler[0]
        # The engine's own step where there is no other before the handler: what that gives is to
        # be awaited, and no answer.
        self._own = before[0][0] if len(before) == 1 and before[0][2] is None else None
        links = [link for _, _, link in (*before, handler) if link is not None]
        self._is_async = any(link.signature.is_async for link in links)
        super().__init__(pipeline, chain, may_block=not (on_loop or self._is_async))
        self.run = self._runner(on_loop=on_loop)

    def _runner(self, *, on_loop: bool) -> Run:
        if not self._is_async:
            return self._run
        if not on_loop:
            return self._run_async
        is_alone = self._is_plain and (not self._before or self._own is not None)
        return self._run_handler if is_alone else self._begin

    def bare_runner(self, *, on_loop: bool) -> BareRun | None:
        """What answers without a context, where the handler needs none."""
        if self._before or not self._is_plain:
            return None
        from portico._bare import bare_run

        return bare_run(self, self._chain, on_loop=on_loop)

    # Where a context was made only when the handler had been called

    def given(self, value: Any, ctx: Context) -> Response | Awaitable[Response]:
        """The answer of what a handler gave, which nothing was looked at of."""
        ctx._chain = self._chain
        ctx._on_loop = ctx.platform.on_loop
        try:
            if not self._is_async and hasattr(value, "__await__"):
                return self._pipeline.start(ctx, self._pipeline.finish_later(value, ctx))
            return self._answer(value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return self.failed(error, ctx)

    def given_later(self, pending: Begun[Any], ctx: Context) -> Response | Awaitable[Response]:
        """The answer of a coroutine that waits for something on the loop that runs this."""
        ctx._chain = self._chain
        ctx._on_loop = True
        return begin_on_loop(self._awaited(pending, ctx))

    def failed(self, error: Exception, ctx: Context) -> Response | Awaitable[Response]:
        """The answer to what a handler raised."""
        ctx._chain = self._chain
        return self._pipeline.failed(error, ctx)

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
            return self._pipeline.failed(error, ctx)
        except BaseException as error:
            if not ctx._exits:
                raise
            return self._pipeline.failed(error, ctx)

    async def _resume(self, pending: Awaitable[Any], at: int, ctx: Context) -> Response:
        """Go on behind a plain function that has given something to be awaited."""
        await enter_loop(ctx)
        value = await pending
        _, key, link = self._before[at - 1]
        if key is not None:
            _keep(ctx, key, value)
        elif value is not None and link is not None:
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
        running = self._run_async(ctx)
        try:
            waits_for = running.send(None)
        except StopIteration as end:
            response: Response = end.value
            return response
        return Begun(running, waits_for)

    def _run_handler(self, ctx: Context) -> Response | Awaitable[Response]:
        """A handler alone, which mostly has its value without waiting: no coroutine around it."""
        ctx._chain = self._chain
        ctx._on_loop = True
        own = self._own
        try:
            if own is not None and (waits := own(ctx)) is not None:
                return begin_on_loop(self._awaited(None, ctx, waits))
            pending = self._handler(ctx)
            if type(pending) is not _COROUTINE:
                if type(pending) is _ASYNC_GENERATOR:
                    return self._answer(pending, ctx)
                return begin_on_loop(self._awaited(pending, ctx))
            try:
                waits_for = pending.send(None)
            except StopIteration as end:
                return self._answer(end.value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return self._pipeline.failed(error, ctx)
        except BaseException as error:
            if not ctx._exits:
                raise
            return self._pipeline.failed(error, ctx)
        return begin_on_loop(self._awaited(Begun(pending, waits_for), ctx))

    async def _run_async(self, ctx: Context) -> Response:
        ctx._chain = self._chain
        ctx._on_loop = True
        try:
            for call, key, link in self._before:
                if key is not None and ctx._values is not None and key in ctx._values:
                    continue
                value = call(ctx)
                if type(value) is _COROUTINE or hasattr(value, "__await__"):
                    value = await value
                if key is not None:
                    _keep(ctx, key, value)
                elif value is not None and link is not None:
                    work = self._pipeline.finish(value, link, ctx)
                    return await self._pipeline.guarded(ctx, work)
            value = self._handler(ctx)
            if type(value) is _COROUTINE or hasattr(value, "__await__"):
                value = await value
            response = self._answer(value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            response = self._pipeline.failed(error, ctx)
        except BaseException as error:
            if not ctx._exits:
                raise
            response = self._pipeline.failed(error, ctx)
        return response if type(response) is Response else await cast("Any", response)

    async def _early(self, calls: Sequence[Call], ctx: Context) -> tuple[Any, Link | None]:
        """Call functions until one of them has a value, and whose it is."""
        for call, key, link in calls:
            if key is not None and ctx._values is not None and key in ctx._values:
                continue
            value = call(ctx)
            if type(value) is _COROUTINE or hasattr(value, "__await__"):
                value = await value
            if key is not None:
                _keep(ctx, key, value)
            elif value is not None and link is not None:
                return value, link
        return None, None

    async def _awaited(
        self, pending: Any, ctx: Context, waits: Awaitable[object] | None = None
    ) -> Response:
        """The answer of a handler's value, which may have to be awaited.

        Args:
            pending: the value, unless the handler has to wait.
            ctx: that of the request.
            waits: what the handler has to wait for.
        """
        try:
            if waits is not None:
                await waits
                pending = self._handler(ctx)
            if type(pending) is _COROUTINE or hasattr(pending, "__await__"):
                pending = await pending
            response = self._answer(pending, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            response = self._pipeline.failed(error, ctx)
        except BaseException as error:
            if not ctx._exits:
                raise
            response = self._pipeline.failed(error, ctx)
        return response if type(response) is Response else await cast("Any", response)


def is_straight(chain: Chain) -> bool:
    """Whether nothing in a chain has to be told of what happens in it, or read beforehand."""
    return not (chain.trace or chain.parse)


def _called(step: Step) -> Call:
    call = step.call
    if isinstance(call, Keeping) and not call.link.signature.is_generator:
        return call.make, call.key, step.link
    return call, None, step.link


def _keep(ctx: Context, key: Key[Any], made: Any) -> None:
    kind = class_of(made)
    if kind not in _value_classes:
        made = value_of(key, made)
        if len(_value_classes) < _MOST_CLASSES:
            _value_classes.add(kind)
    if ctx._values is None:
        ctx._values = {key: made}
    else:
        ctx._values[key] = made


async def failing(error: BaseException) -> Response:
    """Work that fails with an error which happened elsewhere."""
    raise error
