"""Units: steps that run in one place, one after the other, until one of them has a value.

A step is a function of the context. It returns None to let the request go on, a value that answers
it, or an awaitable of either. Consecutive steps that run in the same place make one `Unit`, which
an event loop gives to a worker thread as a whole where they may block.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from portico._resumption import enter_loop, offload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from portico._chain import Chain
    from portico._context import Context
    from portico._link import Link
    from portico._span import Span, Tracing


class Step:
    """One step.

    Attributes:
        call: what it does.
        link: the link that it runs, or None.
        beside: the link where it runs, without being a step of that.
    """

    __slots__ = ("beside", "call", "link")

    def __init__(
        self, call: Callable[..., Any], link: Link | None = None, beside: Link | None = None
    ) -> None:
        self.call: Callable[..., Any] = call
        self.link: Link | None = link
        self.beside: Link | None = beside

    def calling(self, call: Callable[..., Any]) -> Step:
        """The same step, which does this instead."""
        return Step(call, self.link, self.beside)

    @property
    def blocks(self) -> bool:
        """Whether it may block the thread that it runs on; found out when it is asked."""
        link = self.link or self.beside
        # A generator function does nothing when it is called; what it yields is asked for later.
        return link is not None and link.blocks and not (link.yields and link.key is None)

    @property
    def is_anywhere(self) -> bool:
        """Whether it may run where the one before it does."""
        return self.link is None or self.link.is_anywhere


class Unit:
    """Steps that run one after the other in one place, until one of them has a value.

    Attributes:
        offloads: whether they run off the event loop.
        links: the link of each step.
        size: how many they are.
    """

    __slots__ = ("_calls", "links", "offloads", "size")

    def __init__(self, steps: Sequence[Step], *, offloads: bool) -> None:
        self._calls = [step.call for step in steps]
        self.links = [step.link for step in steps]
        self.size = len(steps)
        self.offloads = offloads

    def run(self, at: int, ctx: Context, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        """The first value from a step on, and the step after the one that it is of."""
        for index in range(at, self.size):
            value = self._calls[index](ctx, *arguments)
            if value is not None:
                return value, index + 1
        return None, self.size


def units_of(steps: Sequence[Step], *, offloads: bool) -> list[Unit]:
    """The units of steps; without `offloads` one, since all of them run in place.

    A step without a link is the engine's own and never blocks, nor does a function of which that is
    inferred. It joins the unit before it, so that what stands between two functions that block
    costs no way back and forth.
    """
    if not steps:
        return []
    if not offloads:
        return [Unit(steps, offloads=False)]
    units: list[Unit] = []
    run: list[Step] = []
    blocks = False
    for step in steps:
        joins = bool(run) and step.is_anywhere
        if run and not joins and step.blocks != blocks:
            units.append(Unit(run, offloads=blocks))
            run = []
        if not joins:
            blocks = step.blocks
        run.append(step)
    units.append(Unit(run, offloads=blocks))
    return units


async def first(units: Sequence[Unit], ctx: Context, *arguments: Any) -> tuple[Any, Link | None]:
    """The first value that a step has, and the link that it is of; None if none has."""
    for unit in units:
        at = 0
        while at < unit.size:
            if unit.offloads:
                await enter_loop(ctx)
                run = partial(unit.run, at, ctx, arguments)
                value, at = await offload(ctx.platform, run)
            else:
                value, at = unit.run(at, ctx, arguments)
            link = unit.links[at - 1]
            if hasattr(value, "__await__"):
                await enter_loop(ctx)
                value = await value
                if link is None:  # the engine's own: no answer
                    continue
            if value is not None:
                return value, link
    return None, None


# The spans of steps, where a trace hook wants to know of them


def tracing_of(ctx: Context, hooks: tuple[Callable[..., Any], ...]) -> Tracing:
    """The spans of a request that somebody wants to know of."""
    from portico._span import Tracing

    return Tracing(ctx, hooks)


def phase(chain: Chain, name: str, steps: list[Step]) -> list[Step]:
    """The steps of an event, behind one that begins its span where anybody wants to know.

    It begins where the first of them runs, so that it keeps none apart that run together.
    """

    def begin(ctx: Context, *arguments: Any) -> None:
        if ctx._tracing is not None:
            ctx._tracing.enter(name)

    if not (steps and chain.trace):
        return steps
    return [Step(begin, beside=steps[0].link or steps[0].beside), *steps]


def traced(chain: Chain, step: Step) -> Step:
    """The same step, with a span of its own where anybody wants to know, and behind its guard."""
    if step.link is not None and step.link.guard is not None:
        step = step.calling(step.link.guard(step.call))
    if not chain.trace or step.link is None:
        return step
    call, name = step.call, step.link.name

    def run(ctx: Context, *arguments: Any) -> Any:
        tracing = ctx._tracing
        if tracing is None:
            return call(ctx, *arguments)
        span = tracing.begin(name)
        try:
            value = call(ctx, *arguments)
        except BaseException as error:
            tracing.finish(span, error)
            raise
        if hasattr(value, "__await__"):
            return finish(value, span, tracing)
        tracing.finish(span, None)
        return value

    async def finish(pending: Awaitable[Any], span: Span, tracing: Tracing) -> Any:
        try:
            value = await pending
        except BaseException as error:
            tracing.finish(span, error)
            raise
        tracing.finish(span, None)
        return value

    return step.calling(run)
