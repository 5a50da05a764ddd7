"""What is inferred of functions; the table that every interpreter holds is the suite's."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from enum import Enum
from functools import lru_cache, partial, wraps
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
import pytest
from msgspec import Meta, Struct

from chains import chains_of, last_handler
from event_platforms import LoopPlatform, ask
from portico import Context, Portico, Problem, Request, Span, status, use
from portico._bytecode import instructions
from portico._link import Link
from portico.contract import Platform
from portico_conformance.application import _inference as table

inner = Portico()
key = inner.decorate(object(), name="key")


class Item(Struct):
    name: str
    count: int = 1


def link_of(fn: Callable[..., Any], path: str = "/{id}", **options: Any) -> Link:
    """The link of a function that is the handler of an application alone."""
    app = Portico().use(inner)
    app.route("POST", path, fn, **options)
    app.check()
    return last_handler(app)


def reason(fn: Callable[..., Any], path: str = "/{id}") -> str:
    """Why a function may block, without the line; empty where it does not."""
    return link_of(fn, path).inferred.reason.rpartition(" (line ")[0]


def test_every_function_of_the_table_is_what_it_is_there_for() -> None:
    assert table.wrong() == {}


# Reasons


def opens(ctx: Context) -> object:
    return open(ctx.path)


def takes_attribute(value: Any = use(key)) -> object:
    return value.objects


def loops(id: int) -> int:
    while id:
        pass
    return id


def iterates(body: list[int]) -> object:
    return [*body, *(each for each in body)]


async def awaits(ctx: Context) -> object:
    return await ctx.get(key)


def raises_to_power(id: int) -> object:
    return 2**id


def imports() -> object:
    import this

    return this


def compares(value: Any = use(key)) -> object:
    return value == 1


def formats(value: Any = use(key)) -> object:
    return f"{value}"


def asks_truth(value: Any = use(key)) -> object:
    return "a" if value else "b"


def calls_method(order: str, other: str) -> object:
    return order.replace(other, "a")


def calls_unknown(value: Any = use(key)) -> object:
    return value()


def spreads(body: list[int]) -> object:
    return sum(*body)  # type: ignore[call-overload]


def sets_global() -> None:
    global limit_of_today
    limit_of_today = 2


def yields() -> Any:
    yield 1


def takes_item(value: Any = use(key)) -> object:
    return value[0]


def multiplies_text(order: str) -> object:
    return order * 3


REASONS: list[tuple[Callable[..., Any], str]] = [
    (opens, "calls `open`"),
    (takes_attribute, "takes the attribute `objects` of `value`, whose type is not known"),
    (loops, "loops"),
    (iterates, "defines a function"),
    (awaits, "awaits"),
    (raises_to_power, "uses `**`, whose result may be huge"),
    (imports, "imports"),
    (compares, "compares with `==` a value whose type is not known"),
    (formats, "formats a value whose type is not known"),
    (asks_truth, "asks for the truth of a value whose type is not known"),
    (
        calls_method,
        "calls `replace` with a value that is not a constant, so that it may take its time",
    ),
    (calls_unknown, "calls `value`"),
    (spreads, "calls something with `*` or `**`"),
    (sets_global, "sets a global name"),
    (takes_item, "takes an item of a value whose type is not known"),
    (multiplies_text, "uses `*` with str and int"),
]


@pytest.mark.parametrize(("fn", "words"), REASONS, ids=[row[0].__name__ for row in REASONS])
def test_a_function_that_may_block_has_a_reason_for_people(
    fn: Callable[..., Any], words: str
) -> None:
    assert reason(fn) == words


def test_a_reason_names_the_line() -> None:
    line = opens.__code__.co_firstlineno + 1

    assert link_of(opens).inferred.reason == f"calls `open` (line {line})"


def test_a_generator_yields_and_what_is_not_python_is_not_looked_into() -> None:
    assert link_of(yields).inferred.reason == "yields"
    assert link_of(lru_cache(lambda: "a")).inferred.reason == "is not written in Python"


def test_a_link_says_why_it_may_block_or_why_not() -> None:
    app = Portico().use(inner)
    app.get("/opens", opens)
    app.get("/{id}", lambda: "a")

    handlers = [route.links[-1] for route in app.explain()]

    assert [(each.may_block, each.reason.partition(" (")[0]) for each in handlers] == [
        (True, "it calls `open`"),
        (False, "it is straight-line code over values of known types"),
    ]


# Declared beats inferred


@pytest.mark.parametrize(
    ("app_says", "route_says", "blocks"),
    [
        (None, None, False),
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
        (None, True, True),
    ],
)
def test_what_is_declared_wins(
    app_says: bool | None, route_says: bool | None, blocks: bool
) -> None:
    app = Portico(blocking=app_says)
    options: dict[str, Any] = {} if route_says is None else {"blocking": route_says}
    app.get("/", lambda: "a", **options)

    [route] = app.explain()

    assert route.links[-1].may_block is blocks


@pytest.mark.parametrize("app_says", [None, True])
def test_a_function_that_is_declared_not_to_block_does_not_whatever_it_does(
    app_says: bool | None,
) -> None:
    app = Portico(blocking=app_says)
    app.get("/", opens, blocking=False)

    [route] = app.explain()

    assert not route.links[-1].may_block


# Wrappers, partials, methods, objects


def plain(id: int) -> dict[str, int]:
    return {"id": id}


@wraps(plain)
def wrapper(id: int) -> object:
    return [id]


@wraps(plain)
def reading_wrapper(id: int) -> object:
    return id + 1


class Guarded:
    """Its call is the code of a wrapper, which passes on what it does not know."""

    def method(self, id: int) -> object:
        return [id + 1]

    @classmethod
    def of_class(cls, id: int) -> object:
        return {"id": id}

    @staticmethod
    def static(id: int) -> object:
        return id + 1

    def __call__(self, id: int) -> object:
        return id


class Special(partial[Any]):
    """A partial that does more than to call."""

    def __call__(self, id: int) -> Any:
        return open(id)


@pytest.mark.parametrize(
    ("fn", "blocks"),
    [
        (wrapper, False),
        (reading_wrapper, True),  # anything may have been put in front of it
        (Guarded().method, False),
        (Guarded.of_class, False),
        (Guarded.static, False),
        (Guarded(), False),
        (partial(plain), False),
        (partial(Guarded().method), True),
        (Special(plain), True),
    ],
)
def test_a_function_in_disguise_is_known_as_far_as_its_code_is(
    fn: Callable[..., Any], blocks: bool
) -> None:
    assert link_of(fn).blocks is blocks


# What is validated


class Missing(Enum):
    ONE = "one"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.ONE


class Quiet(Enum):
    ONE = "one"


class Post(Struct):
    name: str

    def __post_init__(self) -> None: ...


class Meaning(type(Struct)):  # type: ignore[misc]
    """A metaclass with code of its own."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


class Meant(Struct, metaclass=Meaning):
    name: str


class Inherited(Post):
    other: str = ""


class Reached(Struct):
    posts: list[Post]


class Defaulted(Struct):
    name: str = msgspec.field(default_factory=lambda: "a")


class Tree(Struct):
    name: str
    children: list[Tree] = []


class Sized(Struct):
    name: str

    def __len__(self) -> int:
        return 1


class Named(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    name: str
    tags: tuple[str, ...] = ()


def body_of(annotation: Any) -> Callable[..., Any]:
    """A handler of a body that it only hands on."""

    def handler(body: Any) -> Any:
        return [body]

    handler.__annotations__["body"] = annotation
    return handler


@pytest.mark.parametrize(
    ("annotation", "blocks"),
    [
        (Item, False),
        (Tree, False),
        (Named, False),
        (Named | None, False),
        (list[Item] | None, False),
        (dict[str, Any], False),
        (Quiet, False),
        (Literal["a", "b"], False),
        (bytes, False),
        (str, False),
        (Missing, True),
        (Post, True),
        (Meant, True),
        (Inherited, True),
        (Reached, True),
        (Defaulted, True),
        (Annotated[str, Meta(pattern="(a+)+$")], True),
    ],
)
def test_a_body_that_code_of_its_own_validates_may_block(annotation: Any, blocks: bool) -> None:
    assert link_of(body_of(annotation)).blocks is blocks


def fields(body: Tree) -> object:
    return [body.name.upper(), f"{body.name}!", body.children]


def field_of_child(body: Tree) -> object:
    return body.children[0].name + "!"


def truth_of_sized(body: Sized) -> object:
    return "a" if body else "b"


def sets_field(body: Item) -> object:
    body.count = 2
    return body.count + 1


def sets_wrong_field(body: Item, value: Any = use(key)) -> object:
    body.count = value
    return body


def lies(body: Item) -> object:
    return Item(name=body).name.upper()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fn", "blocks"),
    [
        (fields, False),
        (field_of_child, False),
        (sets_field, False),
        (truth_of_sized, True),
        (sets_wrong_field, True),
        (lies, True),
    ],
)
def test_a_field_has_its_type_only_where_it_was_validated(
    fn: Callable[..., Any], blocks: bool
) -> None:
    assert link_of(fn).blocks is blocks


class Odd(str):
    """A text that may do anything when it is compared."""

    __slots__ = ()


def default_is_odd(order: str = Odd("a")) -> object:
    return order + "!"


def default_is_plain(order: str = "a") -> object:
    return order + "!"


def test_a_default_counts_as_what_it_is_and_not_as_what_is_declared() -> None:
    assert link_of(default_is_odd).blocks
    assert not link_of(default_is_plain).blocks


# What others do with the context


def sets_body(ctx: Context) -> None:
    ctx.body = Item("a")


def sets_params(ctx: Context) -> None:
    ctx.params = {"id": Odd("a")}


def hands_on(ctx: Context) -> None:
    repr(ctx)


def sees_names(ctx: Context) -> None:
    repr(locals())


def looks(ctx: Context) -> None:
    if ctx.headers.get("x") == "y":
        ctx.set.headers.set("x", "z")


async def asks(ctx: Context) -> None:
    await ctx.get(key)


async def looks_later(ctx: Context) -> None:
    repr(ctx.headers)


def uses_body(body: Item) -> object:
    return body.name + "!"


@pytest.mark.parametrize(
    ("hook", "blocks"),
    [
        (looks, False),
        (looks_later, False),
        (sets_body, True),
        (sets_params, True),
        (hands_on, True),
        (sees_names, True),
        (asks, True),
    ],
)
def test_what_a_function_binds_is_known_unless_others_may_put_something_in_its_place(
    hook: Callable[..., Any], blocks: bool
) -> None:
    app = Portico().use(inner)
    app.post("/", uses_body, before_handle=hook)

    [route] = app.explain()

    assert next(each for each in route.links if each.event == "handle").may_block is blocks


def test_a_request_hook_of_the_application_counts_wherever_it_is_registered() -> None:
    app = Portico()
    app.post("/", uses_body)
    app.request(sets_body)

    [route] = app.explain()

    assert next(each for each in route.links if each.event == "handle").may_block


def test_a_parse_hook_has_the_body_in_its_hands() -> None:
    app = Portico()

    @app.parse
    def parse(ctx: Context, content_type: str) -> object:
        return Item(Odd("a")) if content_type == "x/y" else None

    app.post("/", uses_body)

    [route] = app.explain()

    assert next(each for each in route.links if each.event == "handle").may_block


def reads_headers(ctx: Context) -> object:
    return ctx.headers["x"]


def sets_request(ctx: Context) -> None:
    ctx.request = Request("http://other.test/")


def test_a_hook_knows_its_context_unless_the_request_may_have_been_replaced() -> None:
    app = Portico()
    app.get("/a", "a", before_handle=reads_headers)
    app.get("/b", "a", before_handle=[sets_request, reads_headers])

    one, other = (
        next(each for each in route.links if each.name == "reads_headers")
        for route in app.explain()
    )

    assert not one.may_block
    assert other.may_block


# Names from around a function


def variable_limit() -> object:
    return limit_of_today + 1


def variable_object() -> object:
    return key_of_today + 1


limit_of_today = 1
key_of_today: Any = object()


def test_a_variable_of_the_module_is_not_known_but_what_it_is_now_is_looked_at() -> None:
    assert reason(variable_object) == "uses `+` with a value whose type is not known"
    assert link_of(variable_limit).blocks
    assert [str(each) for each in link_of(variable_limit).inferred.supposes] == [
        "`limit_of_today` is int"
    ]


def test_a_name_of_a_builtin_that_a_module_has_taken_is_not_the_builtin() -> None:
    space: dict[str, Any] = {}
    exec("def len(value): return open(value)\ndef handler(order: str): return len(order)", space)

    assert reason(space["handler"]) == "calls `len`, which calls `open`"


def test_a_name_that_is_assigned_in_a_function_around_it_is_not_known() -> None:
    count = 0

    def handler() -> object:
        return count + 1

    count += 1

    assert link_of(handler, "/").blocks
    assert [str(each) for each in link_of(handler, "/").inferred.supposes] == ["`count` is int"]


def test_a_function_that_shares_a_name_with_one_inside_it_may_block() -> None:
    def handler(id: int) -> object:
        return lambda: id

    assert link_of(handler).blocks


# Coroutines


async def straight(id: int) -> dict[str, int]:
    return {"id": id} if id > 1 else {}


async def with_a_wait(ctx: Context) -> object:
    return await ctx.request.json()


async def enters() -> None:
    async with inner:  # type: ignore[attr-defined]
        pass


@pytest.mark.parametrize(
    ("fn", "is_straight"), [(straight, True), (with_a_wait, False), (enters, False)]
)
def test_a_coroutine_is_straight_where_it_is_over_when_it_was_begun(
    fn: Callable[..., Any], is_straight: bool
) -> None:
    assert link_of(fn).is_straight is is_straight
    assert not link_of(fn).blocks


# The body


def reads_nothing(ctx: Context) -> object:
    return open(ctx.headers["x"])


def reads_path_of_request(ctx: Context) -> object:
    return open(ctx.request.raw_path)


def reads_by_other_name(ctx: Context) -> object:
    request = ctx.request
    return request.sync.bytes()


@pytest.mark.parametrize(
    ("fn", "need"),
    [
        (reads_nothing, ""),
        (reads_path_of_request, ""),
        (straight, ""),
        (reads_by_other_name, "bytes"),
        (hands_on, "ask"),
        (sees_names, "ask"),
    ],
)
def test_synchronous_code_asks_for_the_body_only_where_it_may_come_to_read_it(
    fn: Callable[..., Any], need: str
) -> None:
    assert link_of(fn).body_need() == need


def looks_at_path(ctx: Context) -> object:
    return ctx.path


def test_a_function_that_does_not_block_waits_for_no_body() -> None:
    app, platform = Portico(), LoopPlatform()
    app.post("/", looks_at_path)

    async def unread() -> AsyncIterator[bytes]:
        reads.append("the body")
        yield b""

    reads: list[str] = []
    request = Request("http://app.test/", method="POST", body=unread())

    assert ask(app, platform, request).status == 200
    assert platform.offloaded == 0
    assert reads == []


class WithoutThreads(LoopPlatform):
    """A runtime with a loop alone, as Workers are."""

    capabilities = MappingProxyType(dict(Platform.capabilities))


def aliased(ctx: Context) -> object:
    same = ctx
    return same.path


def reads_text(ctx: Context) -> object:
    return ctx.request.sync.text()


@pytest.mark.parametrize("kind", [LoopPlatform, WithoutThreads])
@pytest.mark.parametrize("hook", [looks, hands_on, looks_later])
@pytest.mark.parametrize("handler", [looks_at_path, aliased, reads_text, hands_on, with_a_wait])
def test_a_body_is_read_whether_or_not_anything_is_inferred(
    kind: type[LoopPlatform], hook: Callable[..., Any], handler: Callable[..., Any]
) -> None:
    def outcome(blocking: bool | None) -> tuple[int, bytes, int]:
        reads: list[str] = []

        async def body() -> AsyncIterator[bytes]:
            reads.append("the body")
            yield b"1"

        app = Portico(blocking=blocking)
        app.post("/", handler, before_handle=hook)
        request = Request("http://app.test/", method="POST", body=body())
        answer = ask(app, kind(), request)
        return answer.status, answer.body or b"", len(reads)

    assert outcome(None) == outcome(True)


# Where it is worked out


def test_nothing_is_inferred_for_threads_that_may_block() -> None:
    probe = """
import sys
import time
from portico import Context, Portico, Request
from portico.contract import Platform, Runtime
class Threads(Platform):
    runtime = Runtime("test", "threads")
app = Portico()
app.before_handle(lambda ctx: None)
def handler(ctx: Context, id: int) -> str:
    return ctx.path
app.get("/{id}", handler)
platform = Threads()
response = app.handle(Request("http://app.test/1"), platform, app.start(platform))
assert response.status == 200, response
print(sorted(name for name in sys.modules if name in ("portico._inference", "dis", "inspect")))
"""
    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"


def test_a_hook_of_many_routes_is_looked_into_once() -> None:
    app = Portico()
    app.before_handle(looks)
    for number in range(20):
        app.get(f"/{number}", "a")
    instructions.cache_clear()

    chains = chains_of(app)

    assert not any(link.blocks for chain in chains for link in chain.late)
    assert len(chains[0].surroundings.inferred) == 1
    assert instructions.cache_info().misses <= 2  # the other is Portico's, which gives the value


# Where it runs


def steps_of(explained: Any) -> list[tuple[tuple[str, ...], bool]]:
    return [(unit.links, unit.in_thread) for unit in explained.on_loop]


def blocks_first(ctx: Context) -> None:
    open(__file__).close()


def blocks_last() -> str:
    return open(__file__).read()


async def waits(ctx: Context) -> None: ...


def test_what_cannot_block_stays_where_its_neighbours_run() -> None:
    app = Portico()
    app.get("/", blocks_last, before_handle=[looks, blocks_first, looks, waits, looks])

    [route] = app.explain()

    assert steps_of(route) == [
        (("looks",), False),
        (("blocks_first", "looks"), True),
        (("waits", "looks"), False),
        (("blocks_last",), True),
    ]


def test_a_handler_that_cannot_block_takes_no_thread() -> None:
    app, platform = Portico(), LoopPlatform()

    @app.get("/items/{id}")
    def missing(ctx: Context) -> object:
        return status(404, Problem(ctx.path))

    answer = ask(app, platform, Request("http://app.test/items/1"))

    assert answer.status == 404
    assert platform.offloaded == 0


def trace(ctx: Context, span: Span) -> None: ...


def test_a_trace_changes_nothing_of_it() -> None:
    app, platform = Portico(), LoopPlatform()
    app.trace(trace)
    app.get("/items/{id}", plain)

    assert ask(app, platform, Request("http://app.test/items/1")).status == 200
    assert platform.offloaded == 0


# Hostile shapes


T = TypeVar("T")


class Box(Struct, Generic[T]):
    value: T


def of_numbers(body: Box[int]) -> object:
    return body.value + 1


def of_texts(body: Box[str]) -> object:
    return [body]


def test_the_field_of_a_generic_struct_is_of_no_known_type() -> None:
    assert link_of(of_numbers).blocks
    link_of(of_texts)
    assert link_of(of_numbers).blocks


def function_of(lines: list[str]) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    body = "".join(f"    {line}\n" for line in lines)
    exec(f"def handler(id: int):\n    value = id\n{body}    return value\n", space)
    handler: Callable[..., Any] = space["handler"]
    return handler


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["value = [value]"] * 1500, ""),
        (["value = (value, [value])"] * 5, ""),
        (["value = (value, [value])"] * 40, "makes ever larger values"),
        (["value = value if id else [value]"] * 300, ""),
        (["try:", "    value = id // 1", "except ValueError:", "    value = 1"] * 40, ""),
        (["if id:", "    value = 1"] * 600, ""),
        (["value = [value]"] * 3000, "is too long to look through"),
    ],
)
def test_a_function_of_any_shape_is_looked_through_in_no_time(lines: list[str], why: str) -> None:
    handler = function_of(lines)
    began = time.process_time()

    found = reason(handler)

    assert time.process_time() - began < 1
    assert found == why
