"""Scalars that come as texts: in queries, paths, header fields, cookies and forms."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from portico_conformance.application._app import app


class Scalars(Struct):
    """One scalar of each kind for which a text can be a trap."""

    i: int = 5
    f: float = 5
    b: bool = False
    d: Decimal = Decimal(5)
    o: int | None = None
    s: str = "?"
    e: Literal[1, 2] = 1


def _texts(value: Scalars) -> dict[str, str]:
    """The values, each as Python writes it: JSON has one form for several of them."""
    return {name: repr(getattr(value, name)) for name in value.__struct_fields__}


@app.get("/scalars/query")
async def scalars_query(query: Scalars) -> dict[str, str]:
    """Scalars of a query, as one value."""
    return _texts(query)


@app.get("/scalars/parameters")
def scalars_parameters(
    i: int = 5,
    f: float = 5,
    b: bool = False,
    d: Decimal = Decimal(5),
    o: int | None = None,
    s: str = "?",
    e: Literal[1, 2] = 1,
) -> dict[str, str]:
    """Scalars of a query, each a parameter."""
    return _texts(Scalars(i, f, b, d, o, s, e))


@app.get("/scalars/headers")
async def scalars_headers(headers: Scalars) -> dict[str, str]:
    """Scalars of header fields."""
    return _texts(headers)


@app.get("/scalars/cookies")
def scalars_cookies(cookies: Scalars) -> dict[str, str]:
    """Scalars of cookies."""
    return _texts(cookies)


@app.get("/scalars/path/i/{i}")
@app.get("/scalars/path/f/{f}")
@app.get("/scalars/path/b/{b}")
@app.get("/scalars/path/d/{d}")
@app.get("/scalars/path/o/{o}")
@app.get("/scalars/path/s/{s}")
@app.get("/scalars/path/e/{e}")
async def scalars_path(params: Scalars) -> dict[str, str]:
    """One scalar of a path."""
    return _texts(params)


@app.post("/scalars/body")
async def scalars_body(body: Scalars) -> dict[str, str]:
    """Scalars of a body."""
    return _texts(body)
