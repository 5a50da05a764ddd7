"""Handlers whose parameters are bound, one for each part of a request."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from portico import Context
from portico_conformance.application._app import app


class Colour(Enum):
    """An enumeration of texts."""

    RED = "red"
    BLUE = "blue"


class Item(Struct):
    """A body with nested values and constraints."""

    name: Annotated[str, Meta(min_length=1)]
    count: Annotated[int, Meta(ge=0)] = 0
    tags: list[str] = []
    colour: Colour = Colour.RED


class Page(Struct):
    """A query as one value."""

    page: int = 1
    size: Annotated[int, Meta(le=100)] = 10


class Fields(Struct):
    """Header fields as one value."""

    x_request_id: str
    x_retry: int = 0


class Session(Struct):
    """Cookies as one value."""

    session: str
    visits: int = 0


@app.get("/bound/path/{id}")
async def bound_path(id: int) -> dict[str, int]:
    """A path parameter that is a number."""
    return {"id": id}


@app.get("/bound/two/{first}/{second?}")
async def bound_optional(first: str, second: int | None) -> dict[str, object]:
    """A path parameter that may be absent."""
    return {"first": first, "second": second}


@app.get("/async/bound/query")
@app.get("/bound/query")
async def bound_query(
    name: str,
    count: int = 1,
    ratio: float = 0.5,
    flag: bool = False,
    colour: Colour = Colour.RED,
    size: Literal["s", "m", "l"] = "m",
    tag: list[str] = [],  # noqa: B006 - it is only read, and shows how a default list is declared
    since: date | None = None,
    id: UUID | None = None,
    price: Decimal | None = None,
) -> dict[str, object]:
    """Every kind of query parameter."""
    return {
        "name": name,
        "count": count,
        "ratio": ratio,
        "flag": flag,
        "colour": colour,
        "size": size,
        "tag": tag,
        "since": since,
        "id": id,
        "price": price,
    }


@app.get("/sync/bound/query")
def bound_query_sync(name: str, count: int = 1) -> dict[str, object]:
    """Two query parameters of synchronous code."""
    return {"name": name, "count": count}


@app.get("/bound/page")
async def bound_page(query: Page) -> Page:
    """The query as a Struct."""
    return query


@app.get("/bound/headers")
async def bound_headers(headers: Fields) -> Fields:
    """The header fields as a Struct."""
    return headers


@app.get("/bound/cookies")
async def bound_cookies(cookies: Session) -> Session:
    """The cookies as a Struct."""
    return cookies


@app.post("/async/bound/body")
async def bound_body_async(body: Item) -> Item:
    """A body as a Struct."""
    return body


@app.post("/sync/bound/body")
def bound_body_sync(body: Item) -> Item:
    """A body as a Struct."""
    return body


@app.post("/bound/optional-body")
async def bound_optional_body(body: Item | None = None) -> dict[str, object]:
    """A body that may be absent."""
    return {"body": body}


@app.post("/bound/everything/{id}")
async def bound_everything(
    ctx: Context, id: int, limit: int, body: Item, headers: Fields, cookies: Session
) -> dict[str, Any]:
    """All parts at once, so that their faults meet in one answer."""
    return {"id": id, "limit": limit, "body": body, "headers": headers, "cookies": cookies}
