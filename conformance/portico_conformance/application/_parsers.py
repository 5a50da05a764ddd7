"""Parsers of bodies: hooks by content type, by name, in lists, and what they give to validation."""

from typing import Any

from msgspec import Struct

from portico import Context, FormData, Portico
from portico_conformance.application._app import app
from portico_conformance.application._lifecycle_order import COLOURS, coloured_with_value, ran


class Point(Struct):
    """What a body of pairs has to make."""

    x: int
    y: int = 0


def pairs_of(ctx: Context, content_type: str) -> dict[str, object]:
    """`x=1,y=2`, whose numbers are numbers."""
    ran(ctx, f"pairs of {content_type}")
    text = ctx.request.sync.bytes().decode()
    pairs = (part.split("=") for part in text.split(","))
    return {name: int(number) for name, number in pairs}


async def _pairs_async(ctx: Context, content_type: str) -> dict[str, object]:
    await ctx.request.bytes()
    return pairs_of(ctx, content_type)


def _broken(ctx: Context, content_type: str) -> object:
    raise LookupError("the secret of the exception")


def _nothing(ctx: Context, content_type: str) -> None:
    ran(ctx, "nothing")


def _nothing_but_null(ctx: Context, content_type: str) -> object:
    ran(ctx, "null")
    return {}


@app.parser("pairs")
def named(ctx: Context, content_type: str) -> dict[str, object]:
    """The parser of the suite that has a name."""
    return pairs_of(ctx, content_type)


def parsers(colour: str) -> Portico:
    """The plugin of a colour."""
    plugin = Portico(prefix=f"/{colour}/parsed")
    pairs = _pairs_async if colour == "async" else pairs_of
    plugin.parse("application/x-pairs")(pairs)
    plugin.parse("application/x-broken")(coloured_with_value(colour, _broken))

    async def point_async(body: Point) -> Point:
        return body

    def point_sync(body: Point) -> Point:
        return body

    async def show_async(ctx: Context) -> object:
        return _shown(ctx.body)

    def show_sync(ctx: Context) -> object:
        return _shown(ctx.body)

    async def raw_async(ctx: Context) -> object:
        return [ctx.body is None, await ctx.request.text()]

    def raw_sync(ctx: Context) -> object:
        return [ctx.body is None, ctx.request.sync.text()]

    is_async = colour == "async"
    point, show = (point_async, show_async) if is_async else (point_sync, show_sync)
    plugin.post("/point", point)
    plugin.all("/any", show)
    for name in ("json", "text", "form", "bytes", "pairs"):
        plugin.post(f"/as/{name}", show, parse=name)
    plugin.post("/point/as/pairs", point, parse="pairs")
    plugin.post("/as/list", show, parse=[_nothing, "pairs", _broken])
    plugin.post("/as/list-with-json", show, parse=[_nothing, "json"])
    plugin.post("/as/empty-object", show, parse=[_nothing_but_null, "pairs"])
    plugin.post("/as/none", raw_async if is_async else raw_sync, parse="none")
    return plugin


def _shown(body: Any) -> object:
    """A body in a form that JSON has, with its type."""
    value: object = body
    if isinstance(body, FormData):
        value = [[name, entry if isinstance(entry, str) else entry.name] for name, entry in body]
    elif isinstance(body, bytes):
        value = body.decode("latin-1")
    return {"type": type(body).__name__, "value": value}


for _colour in COLOURS:
    app.use(parsers(_colour))
