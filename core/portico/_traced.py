"""The spans of steps, where a trace hook wants to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._units import Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._chain import Chain
    from portico._context import Context
    from portico._span import Span, Tracing


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
    """The same step, with a span of its own where anybody wants to know."""
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
