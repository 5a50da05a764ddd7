"""A traced lifecycle, whose spans say in the answer that they have ended, and with what error."""

from typing import Any

from portico import Context, Portico, Span, use
from portico_conformance.application._app import app
from portico_conformance.application._lifecycle import hook, hook_with_value
from portico_conformance.application._lifecycle_acts import act
from portico_conformance.application._lifecycle_order import COLOURS, coloured


def _trace(ctx: Context, span: Span) -> None:
    def end(ended: Span) -> None:
        failed = "" if ended.error is None else f"!{type(ended.error).__name__}"
        is_after = ended.elapsed is not None and ended.elapsed >= 0
        name = ended.name if ended.parent is None else f"{ended.parent.name}/a-function"
        ctx.set.headers.append("x-span", f"{name}{failed}" if is_after else "before its begin")

    span.on_end(end)


def traced(colour: str) -> Portico:
    """The plugin of a colour; every event has one function, which can be told what to do."""
    plugin = Portico(prefix=f"/{colour}/traced")
    plugin.trace(_trace)
    for event in ("before_parse", "transform", "before_handle"):
        getattr(plugin, event)(hook(colour, event))
    for event in ("parse", "after_handle", "map_response", "error"):
        getattr(plugin, event)(hook_with_value(colour, event))
    key = plugin.resolve(lazy=True)(coloured(colour, lambda ctx: act(ctx, "lazy")))

    async def answer_async(ctx: Context, page: int = 0, lazy: object = use(key)) -> Any:
        return act(ctx, "handle")

    def answer_sync(ctx: Context, page: int = 0, lazy: object = use(key)) -> Any:
        return act(ctx, "handle")

    plugin.all("/", answer_async if colour == "async" else answer_sync)
    return plugin


for _colour in COLOURS:
    app.use(traced(_colour))
