"""What is inferred of functions: whether each may block, by the interpreter that serves.

The functions of `STRAIGHT` are known to come to an end without waiting; those of `SUPPOSING` are as
long as values that others make are of the declared classes, which is looked at before each call;
those of `BLOCKING` may block, or nothing says that they do not. Opcodes differ between versions of
Python, so that only the interpreter itself can say what it makes of them.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timezone
from enum import Enum, StrEnum
from functools import partial, wraps
from typing import Any, Final
from uuid import UUID, uuid4

from msgspec import Struct

from portico import Context, Created, HTTPError, NotFound, Portico, Problem, file, status, use
from portico_conformance.application._app import app

STRAIGHT: Final[list[Callable[..., Any]]] = []
SUPPOSING: Final[list[Callable[..., Any]]] = []
BLOCKING: Final[list[Callable[..., Any]]] = []

LIMIT: Final = 10
variable = 10
unknown: Any = object()
inner: Final = Portico()
limit = inner.decorate(10, name="limit")
counter = inner.state(0)
opaque: Any = inner.decorate(object(), name="opaque")


def straight(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Put a function among those that do not block."""
    STRAIGHT.append(fn)
    return fn


def blocking(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Put a function among those that may block."""
    BLOCKING.append(fn)
    return fn


def supposing(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Put a function among those that do not block as long as values are what is declared."""
    SUPPOSING.append(fn)
    return fn


class Colour(Enum):
    """A plain enumeration."""

    RED = "red"
    GREEN = "green"

    @property
    def label(self) -> str:
        """What may be asked of a database."""
        return self.name


class Named(StrEnum):
    """An enumeration of texts."""

    A = "a"
    B = "b"


class Loud(Enum):
    """An enumeration that runs code of its own where it is compared."""

    ONE = 1

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = Enum.__hash__


class Valued(Enum):
    """An enumeration whose values are asked of somebody."""

    ONE = 1

    @property
    def value(self) -> int:
        """What may be asked of a database."""
        return 1


class Parent(Struct):
    """What another Struct holds."""

    name: str


class Owner(Struct):
    """What a key has for its value."""

    name: str
    parent: Parent
    id: UUID
    day: date
    since: datetime
    colour: Colour = Colour.RED
    is_admin: bool = False
    tags: list[str] = []
    notes: dict[str, str] = {}


owner = inner.decorate(
    Owner("a", Parent("b"), UUID(int=1), date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)),
    name="owner",
)


@inner.derive(lazy=True)
def current(ctx: Context) -> Owner | None:
    """What nobody holds to its annotation."""
    return ctx[owner]


class Item(Struct):
    """A plain Struct."""

    name: str
    count: int = 1
    tags: list[str] = []


class Watched(Struct):
    """A Struct that runs code of its own where it is made."""

    name: str

    def __post_init__(self) -> None: ...


class Lazy(Struct):
    """A Struct with an attribute that is code."""

    name: str

    @property
    def owner(self) -> str:
        """What may be asked of a database."""
        return self.name


lazy = inner.decorate(Lazy("a"), name="lazy")


class Truthful(Struct):
    """A Struct whose truth is code."""

    name: str

    def __bool__(self) -> bool:
        return True


class RefusedError(Exception):
    """An exception that keeps its arguments."""


class ReportedError(Exception):
    """An exception that runs code of its own where it is made."""

    def __init__(self, text: str) -> None:
        super().__init__(text)


@straight
def nothing() -> None: ...


@straight
def text() -> str:
    return "a"


@straight
def json(id: int) -> dict[str, object]:
    return {"id": id, "next": id + 1, "is_even": id % 2 == 0, "list": [id, "a"], "of": (id,)}


@straight
def struct(id: int) -> Item:
    return Item(name=f"item {id}", count=id * 2)


@straight
def fields(body: Item) -> Created[Item]:
    return status(201, Item(body.name.strip().upper(), body.count + 1, tags=body.tags))


@straight
def branches(id: int, order: str = "asc") -> str:
    if id > LIMIT and order in ("asc", "desc"):
        return "many" if order == "asc" else f"{order!r:>8}"
    return order or "none"


@straight
def refusal(id: int) -> Item | NotFound[Problem]:
    return Item("a") if id < 10 else status(404, Problem(f"no item {id}"))


@straight
def raised(id: int) -> str:
    if id:
        raise HTTPError(404, f"no item {id}", headers={"x-id": str(id)})
    raise RefusedError("nothing") from None


@straight
def caught(id: int) -> int:
    try:
        found = 100 // id
    except ZeroDivisionError as error:
        found = 0
        del error
    finally:
        more = 1
    return found + more


@straight
def checked(id: int) -> int:
    if not id > 0:
        raise AssertionError(f"not {id}")
    return -id


@straight
def authorization(ctx: Context) -> object:
    token = ctx.headers.get("authorization")
    if token is None or not token.startswith("Bearer "):
        return status(401, headers={"www-authenticate": "Bearer"})
    ctx.set.headers.append("x-token", token[7:])
    ctx.set.status = 202
    return {"path": ctx.path, "method": ctx.request.method, "q": ctx.query.get("q", "")}


@straight
def header_fields(ctx: Context) -> None:
    ctx.set.headers["x-path"] = ctx.path
    ctx.set.headers["x-path"] = ctx.set.headers["x-path"].upper()


@straight
def visits(ctx: Context) -> object:
    seen = ctx.cookies.get("visits", "0")
    cookie = ctx.cookies["visits"]
    cookie.value = str(int(seen or "0") + 1)
    ctx.cookies["theme"].remove()
    return {"seen": seen, "now": cookie.value, "name": cookie.name}


@straight
def by_key(ctx: Context) -> object:
    return ctx[limit]


@straight
def bound_key(value: int | None = use(limit)) -> object:
    return {"limit": value, "is_none": value is None}


@straight
def assigned(id: int) -> list[object]:
    items: list[object] = [id]
    items.append(id)
    pair = (id, "a")
    number, name = pair
    kept: dict[str, object] = {}
    kept[name] = number
    kept["b"] = (again := number)
    return [*items, kept.get(name), again, *pair]


@straight
def standard(id: UUID, day: date | None = None) -> str:
    return f"{id} {id.hex} {day} {day.isoformat() if day is not None else ''}"


@straight
def matched(order: str | None = None) -> str:
    match order:
        case "one":
            return "1"
        case None:
            return "none"
        case _:
            return str(order)


@straight
def words(order: str = "") -> list[object]:
    head, _, rest = order.partition(":")
    return [
        head.split(","),
        rest.replace("a", "b"),
        ",".join((head, rest)),
        order.encode(),
        len(order),
    ]


@straight
def enumerated(order: Colour, other: Named = Named.A) -> object:
    if f"{order}" == "a" or order in {Colour.RED, None}:
        return {"value": order.value, "text": f"{other} {order.name}", "of": Colour("red")}
    match other:
        case Named.A:
            return {order: other}
        case Named.B:
            return str(other)


@straight
def gone_through(body: list[int]) -> object:
    return [sum(body), max(body), any(body), all(body), list(body), set(body), tuple(body)]


@straight
def clock() -> object:
    return [time.time(), time.monotonic_ns(), str(uuid4()), secrets.token_hex(16)]


@straight
def moment() -> str:
    return datetime.now(timezone.utc).isoformat()  # noqa: UP017 - a constant of the class


@straight
def compared_secret(ctx: Context) -> bool:
    return hmac.compare_digest(ctx.headers.get("x-token", "") or "", "secret")


@straight
def sent_file(order: str = "a") -> object:
    return file(order, root="/srv", headers={"cache-control": "no-store"}, download="a.txt")


@straight
def is_of_class(body: Item | str, order: str | int = "") -> object:
    return isinstance(body, Item), isinstance(order, str)


@straight
async def asynchronous(id: int) -> dict[str, int]:
    if id > 1:
        raise HTTPError(404)
    return {"id": id}


def closing_over(cls: type[Item]) -> Callable[..., Any]:
    """A function that closes over a class."""

    def closure(id: int) -> Item:
        return cls(name=str(id))

    return straight(closure)


closing_over(Item)
straight(lambda: {"n": [1, 2]})


class Handlers:
    """An object whose methods are handlers."""

    def straight(self, id: int) -> dict[str, int]:
        """It has to do with its arguments alone."""
        return {"id": id + 1}

    def blocking(self, id: int) -> object:
        """It has to do with its object."""
        return self.database.find(id)  # type: ignore[attr-defined]

    def __call__(self) -> str:
        return "a"


straight(Handlers().straight)
blocking(Handlers().blocking)
straight(Handlers())


def two(other: object, id: int) -> object:
    """It keeps two values."""
    return [other, id]


def sum_of(other: int, id: int) -> object:
    """It adds two values, which anything may be where it is called by a partial."""
    return id + other


straight(partial(two, 1))
blocking(partial(sum_of, 1))


# As long as something is what it is declared to be


@supposing
def supposes_variable(id: int) -> bool:
    return id > variable


@supposing
def supposes_key(ctx: Context) -> object:
    return ctx[limit] + 1


@supposing
def supposes_bound_key(value: int = use(limit)) -> object:
    return f"{value}" if value == 1 and value else str(value)


@supposing
def fields_of_key(ctx: Context) -> object:
    return f"{ctx[owner].name} {ctx[owner].id.hex} {ctx[owner].day.year}"


@supposing
def fields_of_bound_key(value: Owner | None = use(owner)) -> object:
    if value is None or not value.is_admin or value.colour is Colour.RED:
        raise HTTPError(403)
    return {"name": value.name.upper(), "of": value.parent.name, "count": len(value.tags)}


@supposing
def made_by_function(value: Owner | None = use(current)) -> object:
    return None if value is None else value.name + "!"


@supposing
async def asynchronous_field(value: Owner = use(owner)) -> str:
    return value.name + "!"


@supposing
def calls_other(id: int) -> object:
    return doubled(json(id), by=variable)


@supposing
def in_utc() -> str:
    return datetime.now(UTC).isoformat()


def doubled(value: object, *, by: int, times: int = 2) -> dict[str, object]:
    """What others call."""
    return {"value": value, "by": by * times}


@blocking
def lazy_field(ctx: Context, value: Any = use(opaque)) -> None:
    ctx.set.headers["x-value"] = value


@blocking
def lazy_cookie(ctx: Context, value: Any = use(opaque)) -> None:
    ctx.cookies["value"].value = value


@blocking
def cookie_of_attributes(ctx: Context) -> None:
    ctx.cookies["value"].path = ctx.path


@blocking
def opens() -> str:
    return open("/dev/null").read()


@blocking
def loops(id: int) -> int:
    left = id
    while left > 0:
        left -= 1
    return left


@blocking
def iterates(body: list[int]) -> int:
    total = 0
    for each in body:
        total += each
    return total


@blocking
def comprehends(body: list[int]) -> list[int]:
    return [each + 1 for each in body]


@blocking
def generates(body: list[int]) -> bool:
    return any(each > 1 for each in body)


@blocking
def yields() -> Iterator[str]:
    yield "a"


@blocking
def manages(ctx: Context) -> None:
    with ctx.platform:  # type: ignore[attr-defined]
        pass


@blocking
def imports() -> str:
    import json as module

    return module.__name__


@blocking
def powers(id: int) -> int:
    result: int = 2**id
    return result


@blocking
def shifts(id: int) -> int:
    return 1 << id


@blocking
def repeats(id: int) -> str:
    return "a" * id


@blocking
def pads(id: int) -> str:
    return "a".ljust(id)


@blocking
def squares(id: int) -> int:
    square = id * id
    square = square * square
    square = square * square
    square = square * square
    square = square * square
    return square * square


@blocking
def doubles(order: str = "") -> str:
    order += order
    order += order
    order += order
    order += order
    order += order
    order += order
    order += order
    return order


@blocking
def replaces(order: str, other: str) -> str:
    return order.replace("", other)


@blocking
def asks_variable(id: int) -> object:
    return id > unknown


@blocking
def asks_key(ctx: Context) -> object:
    return ctx[opaque] + 1


@blocking
def asks_state(ctx: Context) -> object:
    return ctx[counter]


@blocking
def truth_of_key(value: int = use(opaque)) -> str:
    return "a" if value else "b"


@blocking
def text_of_key(value: int = use(opaque)) -> str:
    return f"{value}"


@blocking
def compares_key(value: int = use(opaque)) -> bool:
    return value == 1


@blocking
def is_instance(value: Any = use(opaque)) -> bool:
    return isinstance(value, int)


@blocking
def attribute_of_key(value: Any = use(opaque)) -> object:
    return value.objects


@blocking
def makes_watched(order: str) -> Watched:
    return Watched(order)


@blocking
def takes_watched(body: Watched) -> str:
    return "a"


@blocking
def asks_property(body: Lazy) -> str:
    return body.owner


@blocking
def asks_truth(body: Truthful) -> str:
    return "a" if body else "b"


@blocking
def asks_made(id: int) -> bool:
    # Whatever is put into a Struct by hand has any type.
    return Item(name=id).name == "a"  # type: ignore[arg-type]


@blocking
def compares_structs(body: Item) -> bool:
    return body == Item("a")


@blocking
def raises_reported() -> None:
    raise ReportedError("a")


@blocking
def stops() -> None:
    raise StopIteration


@blocking
def defines(id: int) -> object:
    def within() -> int:
        return id

    return within()


def reads_file(name: str) -> str:
    """What others call."""
    return open(name).read()


async def waits_for(name: str) -> str:
    """What nobody awaits."""
    return name


def calls_itself(id: int) -> int:
    """A loop by another name."""
    return calls_itself(id - 1) if id else 0


def takes_any(*names: str) -> tuple[str, ...]:
    """Whatever it is called with."""
    return names


undeclared: Any = json


@blocking
def calls_reader() -> object:
    return reads_file("/dev/null")


@blocking
def calls_coroutine(order: str = "") -> object:
    return waits_for(order)


@blocking
def calls_recursive(id: int) -> object:
    return calls_itself(id)


@blocking
def calls_variadic(order: str = "") -> object:
    return takes_any(order)


@blocking
def calls_with_too_much(id: int) -> object:
    return undeclared(id, id)


@blocking
def calls_by_other_name(id: int) -> object:
    return undeclared(id=id, of=1)


@blocking
def local_time() -> object:
    return datetime.now()


@blocking
def time_of_zone(zone: Any = use(opaque)) -> object:
    return datetime.now(zone)


@blocking
def sums_unknown(value: Any = use(opaque)) -> object:
    return sum(value)


@blocking
def sorts(body: list[int]) -> object:
    return sorted(body)


@blocking
def compares_own_enum(body: Loud) -> bool:
    return body == Loud.ONE


@blocking
def formats_own_enum(body: Loud) -> str:
    return f"{body}"


@blocking
def attribute_of_enum(body: Colour) -> object:
    return body.label


@blocking
def value_of_enum(body: Valued) -> object:
    return body.value


@blocking
def item_of_text_enum(body: Named) -> object:
    return body[0]


@blocking
def calls_method_of_text_enum(body: Named) -> object:
    return body.upper()


@blocking
def sets_what_others_have(value: Owner = use(owner)) -> None:
    value.name = "a"


@blocking
def adds_to_what_others_have(value: Owner = use(owner)) -> None:
    value.tags.append("a")


@blocking
def knows_no_items(value: Owner = use(owner)) -> bool:
    return "a" in value.tags


@blocking
def knows_no_keys(value: Owner = use(owner)) -> object:
    return value.notes["a"]


@blocking
def knows_no_moment(value: Owner = use(owner)) -> str:
    return value.since.isoformat()


@blocking
def asks_property_of_key(value: Lazy = use(lazy)) -> str:
    return value.owner


@blocking
def asks_state_as_argument(value: int = use(counter)) -> bool:
    return value == 1


@blocking
def blocks_in_a_file_name(value: Any = use(opaque)) -> object:
    return file("a", headers={"x-name": value})


@blocking
def reads_body(ctx: Context) -> object:
    return ctx.body


@blocking
def reads_bytes(ctx: Context) -> object:
    return ctx.request.sync.bytes()


@blocking
def has_default(order: Any = use(opaque), *, items: list[int] = []) -> object:  # noqa: B006
    return [order, items[0] + 1]


@blocking
@wraps(text)
def wrapper(*args: Any, **kwargs: Any) -> Any:
    return text(*args, **kwargs)


for _number, _fn in enumerate((*STRAIGHT, *SUPPOSING, *BLOCKING)):
    inner.post(f"/{_number}/{{id}}", _fn)


def wrong() -> dict[str, str]:
    """The functions of which something else was inferred than the table says, and why."""
    found: dict[str, str] = {}
    for number, route in enumerate(inner.explain()):
        handler = next(link for link in route.links if link.event == "handle")
        may_block = number >= len(STRAIGHT) + len(SUPPOSING)
        supposes = len(STRAIGHT) <= number and not may_block and not handler.is_async
        if (handler.may_block, " where `" in handler.reason) != (may_block, supposes):
            found[f"{handler.name} ({handler.function})"] = handler.reason
    return found


@app.get("/inference")
def inference() -> dict[str, object]:
    """What is wrong with the table, and how long it is."""
    return {"wrong": wrong(), "count": len(STRAIGHT) + len(SUPPOSING) + len(BLOCKING)}
