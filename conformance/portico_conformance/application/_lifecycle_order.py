"""One plugin for each event of the lifecycle and colour, whose hooks say in which order they ran.

Each is used by a group, which keeps what is global, so that nothing reaches the other areas.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from portico import Context, HTTPError, Portico
from portico_conformance.application._app import app
from portico_conformance.application._signals import count

EVENTS: Final = (
    "before_parse",
    "parse",
    "transform",
    "derive",
    "before_handle",
    "resolve",
    "after_handle",
    "map_response",
    "after_response",
    "error",
    "trace",
)
COLOURS: Final = ("async", "sync")
WITH_A_VALUE: Final = frozenset(
    {"parse", "after_handle", "map_response", "after_response", "error", "trace"}
)

_order: Counter[str] = Counter()


def ran(ctx: Context, name: str) -> None:
    """Say in the answer that a hook ran."""
    ctx.set.headers.append("x-ran", name)


def coloured(
    colour: str, run: Callable[[Context], object]
) -> Callable[[Context], object | Awaitable[object]]:
    """A function of the context, in a colour."""

    async def run_async(ctx: Context) -> object:
        return run(ctx)

    def run_sync(ctx: Context) -> object:
        return run(ctx)

    return run_async if colour == "async" else run_sync


def coloured_with_value(
    colour: str, run: Callable[[Context, Any], object]
) -> Callable[[Context, Any], object | Awaitable[object]]:
    """A function of the context and a value, in a colour."""

    async def run_async(ctx: Context, value: Any) -> object:
        return run(ctx, value)

    def run_sync(ctx: Context, value: Any) -> object:
        return run(ctx, value)

    return run_async if colour == "async" else run_sync


def hook(event: str, colour: str, name: str) -> Any:
    """A hook of an event that says that it ran, and answers nothing."""

    def run(ctx: Context) -> None:
        ran(ctx, name)

    def run_with_value(ctx: Context, value: Any) -> None:
        if event == "after_response":
            ran_afterwards(ctx, name)
        elif event != "trace" or value.name == "handle":
            ran(ctx, name)

    if event == "trace":
        return run_with_value
    if event in WITH_A_VALUE:
        return coloured_with_value(colour, run_with_value)
    return coloured(colour, run)


def ran_afterwards(ctx: Context, name: str) -> None:
    """Count a hook under its name and place among those that ran after the same answer."""
    request = ctx.request.headers.get("x-name") or ""
    _order[request] += 1
    count(f"{request}-{name}-{_order[request]}")
    count(request)


def own(plugin: Portico, event: str, colour: str, *names: str) -> dict[str, Any]:
    """The options of a route or group that has hooks of its own."""
    hooks = [hook(event, colour, name) for name in names]
    if event in ("derive", "resolve"):
        hooks = [getattr(plugin, event)(each, lazy=True) for each in hooks]
    return {event: hooks}


def register(event: str, colour: str) -> None:
    """The plugin of an event and colour."""
    prefix = f"/{colour}/order/{event}"
    failing = event == "error"

    def answer(ctx: Context) -> object:
        if failing:
            raise HTTPError(418)
        return "answer"

    handler = coloured(colour, answer)
    inner = Portico()
    for scope in ("local", "scoped", "global"):
        getattr(inner, event)(hook(event, colour, scope), scope=scope)
    inner.post("/plugin", handler, **own(inner, event, colour, "route-1", "route-2"))
    parent = Portico(prefix=prefix)
    for name in ("parent-1", "parent-2"):
        getattr(parent, event)(hook(event, colour, name))
    parent.use(inner)
    parent.post("/parent", handler, **own(parent, event, colour, "route"))
    group = parent.group("/group", **own(parent, event, colour, "group-1", "group-2"))
    group.post("/", handler, **own(parent, event, colour, "route"))
    shelter = app.group("")
    shelter.post(f"{prefix}/before", handler)
    shelter.use(parent)
    shelter.post(f"{prefix}/main", handler)


for _event in EVENTS:
    for _colour in COLOURS:
        register(_event, _colour)
