"""An application with a route for each kind of input, which answers what it has read of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from portico import Context, File, FormData, Portico, file
from portico_plugins import static

FILE = Path(__file__).parent / "data" / "wpt" / "LICENSE.md"


class Part(Struct):
    name: str
    count: Annotated[int, Meta(ge=0)] = 0


class Item(Struct, rename="camel"):
    name: str
    part_list: list[Part] = []
    by_name: dict[str, Part | None] = {}
    price: Decimal | None = None
    at: datetime | None = None
    for_time: timedelta | None = None


class Query(Struct):
    name: str = ""
    number: int | None = None
    several: list[int] = []


class Fields(Struct):
    accept: str = ""
    x_number: int | None = None


class Cookies(Struct):
    session: str = ""
    number: int | None = None


class Form(Struct):
    name: str
    number: int = 0
    upload: File | None = None


class TextForm(Struct):
    name: str
    several: list[int] = []


def application() -> Portico:
    """The application, anew."""
    app = Portico()
    for register in (_read, _bodies, _inputs):
        register(app)
    return app


def _read(app: Portico) -> None:
    def seen(ctx: Context) -> dict[str, Any]:
        request = ctx.request
        return {
            "method": request.method,
            "url": str(request.url),
            "path": ctx.path,
            "peer": list(ctx.platform.peer),
            "root": ctx.platform.root_path,
            "cookies": request.cookies,
            "signed": dict(ctx.cookies.came()),
            "query": list(request.url.search_params),
            "headers": request.headers.items(),
            "names": [ctx.headers.get(name) for name, _ in ctx.headers],
            "body": request.sync.text(),
        }

    async def later(ctx: Context) -> dict[str, Any]:
        request = ctx.request
        return {"url": str(request.url), "text": await request.text()}

    def served(ctx: Context) -> Any:
        return file(FILE)

    def found(path: str) -> Any:
        return file(path, root=FILE.parent)

    app.all("/seen/{path:path}", seen)
    app.all("/later/{path:path}", later)
    app.get("/file", served)
    app.get("/files/{path:path}", found)
    app.use(static("/static", directory=FILE.parent))


def _bodies(app: Portico) -> None:
    async def form_of(ctx: Context) -> list[str]:
        form = await ctx.request.form_data()
        return [f"{name}: {type(value).__name__}" for name, value in form]

    async def json_of(ctx: Context) -> object:
        return repr(await ctx.request.json())[:100]

    async def streamed(body: AsyncIterator[bytes]) -> int:
        return sum([len(chunk) async for chunk in body])

    def pulled(body: Iterator[bytes]) -> int:
        return sum(map(len, body))

    def form(body: FormData) -> int:
        return len(body)

    def item(body: Item) -> Item:
        return body

    def items(body: list[Item] | dict[str, int]) -> object:
        return body

    def any_json(body: dict[str, Any]) -> int:
        return len(body)

    def raw(body: bytes) -> int:
        return len(body)

    def text(body: str) -> str:
        return body

    def filled(body: Form) -> str:
        return body.name

    def typed(body: TextForm) -> TextForm:
        return body

    functions: list[Any] = [
        *(form_of, json_of, streamed, pulled, form, item, items, any_json, raw, text, filled, typed)
    ]
    for fn in functions:
        app.post(f"/body/{fn.__name__}", fn)


def _inputs(app: Portico) -> None:
    def scalars(
        number: int,
        price: Decimal,
        key: UUID,
        day: date,
        at: datetime,
        took: timedelta,
        ratio: float,
        kind: Literal["a", "b"],
        yes: bool = False,
        many: list[int] | None = None,
    ) -> str:
        return f"{number} {price} {key} {day} {at} {took} {ratio} {kind} {yes} {many}"

    def in_path(number: int, name: str, day: date) -> str:
        return f"{number} {name} {day}"

    def parts(query: Query, headers: Fields, cookies: Cookies) -> list[object]:
        return [query, headers, cookies]

    app.get("/scalars", scalars)
    app.get("/in/{number}/{name}/{day}", in_path)
    app.get("/parts", parts)
