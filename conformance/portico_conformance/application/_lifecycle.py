"""A lifecycle that does what the request says: each hook names itself, and acts if it is told to.

`x-do: before_handle-1=text; error-any=status` lets the first hook of `before_handle` and the hook
for any error do what the words stand for (`ACTS`). The names of all that ran are in `x-ran`. The
plugin is there in two colours, under `/async/life` and `/sync/life`.
"""

from typing import Any

from portico import Context, Portico, Response, use
from portico_conformance.application._app import app
from portico_conformance.application._lifecycle_acts import BrokenError, act
from portico_conformance.application._lifecycle_order import (
    COLOURS,
    coloured,
    coloured_with_value,
)
from portico_conformance.application._signals import count
from portico_conformance.application._streams import held_async, held_sync


def hook(colour: str, name: str) -> Any:
    """A hook of the context."""
    return coloured(colour, lambda ctx: act(ctx, name))


def hook_with_value(colour: str, name: str) -> Any:
    """A hook of the context and a value."""
    return coloured_with_value(colour, lambda ctx, value: act(ctx, name))


def _map(ctx: Context, value: Any) -> Any:
    made = act(ctx, "map_response-1")
    ctx.set.headers.set("x-mapped", type(value).__name__)
    return made


def count_status(ctx: Context, response: Response) -> None:
    """Count the statuses that hooks saw when the answer was sent."""
    name = ctx.request.headers.get("x-name")
    if name is not None:
        count(f"{name}-{response.status}")
        count(name)


def life(colour: str) -> Portico:
    """The plugin of a colour."""
    plugin = Portico(prefix=f"/{colour}/life")
    for number in ("1", "2"):
        plugin.before_parse(hook(colour, f"before_parse-{number}"))
        plugin.parse(hook_with_value(colour, f"parse-{number}"))
        plugin.transform(hook(colour, f"transform-{number}"))
        plugin.before_handle(hook(colour, f"before_handle-{number}"))
        plugin.after_handle(hook_with_value(colour, f"after_handle-{number}"))
    plugin.derive(hook(colour, "derive"))
    resolved = plugin.resolve(coloured(colour, lambda ctx: act(ctx, "resolve")))
    plugin.map_response(coloured_with_value(colour, _map))
    plugin.map_response(hook_with_value(colour, "map_response-2"))
    plugin.after_response(coloured_with_value(colour, count_status))
    plugin.error(BrokenError, hook_with_value(colour, "error-class"))
    plugin.error(401, hook_with_value(colour, "error-401"))
    plugin.error(404, hook_with_value(colour, "error-404"))
    plugin.error(422, hook_with_value(colour, "error-422"))
    plugin.error(hook_with_value(colour, "error-any"))
    _add_routes(plugin, colour, resolved)
    return plugin


def _add_routes(plugin: Portico, colour: str, resolved: Any) -> None:
    async def get_async(ctx: Context, limit: int = 0, seen: object = use(resolved)) -> Any:
        made = act(ctx, "handle")
        return {"limit": limit} if made is None else made

    def get_sync(ctx: Context, limit: int = 0, seen: object = use(resolved)) -> Any:
        made = act(ctx, "handle")
        return {"limit": limit} if made is None else made

    async def post_async(ctx: Context, body: dict[str, int], limit: int = 0) -> Any:
        made = act(ctx, "handle")
        return {"body": body, "limit": limit} if made is None else made

    def post_sync(ctx: Context, body: dict[str, int], limit: int = 0) -> Any:
        made = act(ctx, "handle")
        return {"body": body, "limit": limit} if made is None else made

    plugin.get("/", get_async if colour == "async" else get_sync)
    plugin.post("/", post_async if colour == "async" else post_sync)
    plugin.get("/value", "a value")
    plugin.get("/held/{name}", held_async if colour == "async" else held_sync)


for _colour in COLOURS:
    app.use(life(_colour))
