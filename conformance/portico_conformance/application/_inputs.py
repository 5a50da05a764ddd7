"""Classes of every kind, each in every part of a request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, NamedTuple, NotRequired, TypedDict, TypeVar

from msgspec import Meta, Struct

from portico import Context
from portico_conformance.application._app import app
from portico_conformance.application._by_hand import ByHand
from portico_conformance.application._scalars import Scalars

T = TypeVar("T")
Count = Annotated[int, Meta(ge=0)]


class AStruct(Struct):
    """A Struct."""

    number: Count
    name: str = "?"
    tags: list[int] = []


class ARenamed(Struct, rename={"amount": "number", "label": "name", "labels": "tags"}):
    """A Struct whose fields have other names on the wire."""

    amount: Count
    label: str = "?"
    labels: list[int] = []


class AGeneric(Struct, Generic[T]):
    """A Struct of any type of items."""

    number: Count
    name: str = "?"
    tags: list[T] = []


class ATagged(Struct, tag="one", tag_field="kind"):
    """One of a union of Structs."""

    number: Count
    name: str = "?"
    tags: list[int] = []


class AnOther(Struct, tag="two", tag_field="kind"):
    """The other one."""

    other: int


@dataclass
class ADataclass:
    """A dataclass."""

    number: Count
    name: str = "?"
    tags: list[int] = field(default_factory=list[int])


class ATypedDict(TypedDict):
    """A TypedDict, some of whose keys may be absent."""

    number: Count
    name: NotRequired[str]
    tags: NotRequired[list[int]]


class ANamedTuple(NamedTuple):
    """A named tuple."""

    number: Count
    name: str = "?"
    tags: list[int] = []  # noqa: RUF012 - it is a field, whose default is only read


KINDS: Final[dict[str, Any]] = {
    "struct": AStruct,
    "renamed": ARenamed,
    "generic": AGeneric[int],
    "tagged": ATagged | AnOther,
    "dataclass": ADataclass,
    "typed-dict": ATypedDict,
    "named-tuple": ANamedTuple,
    "by-hand": ByHand,
}
"""Types with the same members: `number`, and, where they are not required, `name` and `tags`."""


def _seen(value: Any) -> dict[str, Any]:
    """The members, whatever the class."""
    if isinstance(value, dict):
        members: dict[str, Any] = {"name": "?", "tags": [], **value}
        return members
    if isinstance(value, ARenamed):
        return {"number": value.amount, "name": value.label, "tags": value.labels}
    return {"number": value.number, "name": value.name, "tags": value.tags}


def _register(kind: str, tp: Any) -> None:
    """A route for each part, whose handler takes the whole part as the type."""

    async def query_of(query: Any) -> dict[str, Any]:
        return _seen(query)

    def headers_of(headers: Any) -> dict[str, Any]:
        return _seen(headers)

    async def cookies_of(cookies: Any) -> dict[str, Any]:
        return _seen(cookies)

    def params_of(params: Any) -> dict[str, Any]:
        return _seen(params)

    async def body_of(body: Any) -> dict[str, Any]:
        return _seen(body)

    def body_of_sync(body: Any) -> dict[str, Any]:
        return _seen(body)

    handlers: list[tuple[str, str, Callable[..., Any]]] = [
        ("query", "/query", query_of),
        ("headers", "/headers", headers_of),
        ("cookies", "/cookies", cookies_of),
        ("params", "/path/{number}/{name?}", params_of),
        ("body", "/async/body", body_of),
        ("body", "/sync/body", body_of_sync),
    ]
    for part, path, handler in handlers:
        handler.__annotations__ = {part: tp}
        app.route("POST" if part == "body" else "GET", f"/inputs/{kind}{path}", handler)


for _kind, _type in KINDS.items():
    if _kind != "tagged":
        _register(_kind, _type)


@app.get("/inputs/tagged/query")
async def tagged_query(query: ATagged | AnOther) -> ATagged | AnOther:
    """A union of Structs as a query."""
    return query


@app.post("/inputs/tagged/body")
async def tagged_body(body: ATagged | AnOther) -> ATagged | AnOther:
    """A union of Structs as a body."""
    return body


class Credentials(Struct):
    """Header fields, one of them a secret."""

    x_token: Annotated[int, Meta(extra={"secret": True})]


class Everything(Struct):
    """A body with many places for faults."""

    numbers: list[int]


@app.post("/inputs/faults/{id}")
async def every_part(
    ctx: Context,
    id: int,
    limit: Annotated[int, Meta(le=10)],
    headers: Credentials,
    cookies: Scalars,
    body: Everything,
) -> None:
    """Every part at once."""
