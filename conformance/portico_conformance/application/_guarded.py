"""Routes whose parts are held to something by a guard, by resolves and by the handler at once."""

from typing import Any

from msgspec import Struct

from portico import Context, Portico, use
from portico_conformance.application._app import app
from portico_conformance.application._lifecycle_order import COLOURS, coloured, ran


class Key(Struct):
    """The header field that the guard asks for."""

    x_key: int


class Page(Struct):
    """The query that the guard asks for."""

    page: int


class Item(Struct):
    """The body."""

    name: str
    size: int


def guarded(colour: str) -> Portico:
    """The plugin of a colour."""
    plugin = Portico(prefix=f"/{colour}/guarded")
    plugin.apply(headers=Key, query=Page)

    async def bounded_async(bound: int) -> int:
        return bound

    def bounded_sync(bound: int) -> int:
        return bound

    bounded: Any = plugin.resolve(bounded_async if colour == "async" else bounded_sync)
    plugin.before_handle(coloured(colour, lambda ctx: ran(ctx, "before_handle")))

    async def item_async(ctx: Context, id: int, body: Item, bound: Any = use(bounded)) -> object:
        ran(ctx, "handle")
        return [id, body, bound]

    def item_sync(ctx: Context, id: int, body: Item, bound: Any = use(bounded)) -> object:
        ran(ctx, "handle")
        return [id, body, bound]

    plugin.post("/items/{id}", item_async if colour == "async" else item_sync)
    return plugin


for _colour in COLOURS:
    app.use(guarded(_colour))
