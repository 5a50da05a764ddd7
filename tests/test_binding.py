"""Where a handler's parameters come from, and what is said when they come from nowhere."""

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from enum import Enum
from functools import partial, wraps
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from msgspec import Meta, Struct

from portico import (
    Context,
    DefinitionError,
    FormData,
    Headers,
    InvalidInputError,
    Key,
    Portico,
    Request,
    Response,
    SyncPart,
    URLSearchParams,
    use,
)
from portico.contract import Platform


class Colour(Enum):
    RED = "red"


class Item(Struct):
    name: str
    price: float = 0.0


class Page(Struct):
    limit: int = 10
    tags: list[str] = []


class ApiHeaders(Struct):
    x_token: str


def answer(app: Portico, request: Request) -> tuple[int, Any]:
    """Status and decoded body of an application that needs no event loop."""
    platform = Platform()
    with app.start(platform) as running:
        response = app.handle(request, platform, running)
    assert isinstance(response, Response)
    content = response.content
    assert isinstance(content, bytes)
    data = Response(content).sync
    is_json = (response.headers.get("content-type") or "").endswith("json")
    return response.status, data.json() if is_json and content else data.text()


def ask(handler: Callable[..., Any], path: str, target: str, **request: Any) -> tuple[int, Any]:
    app = Portico()
    app.route(request.get("method", "GET"), path, handler)
    return answer(app, Request(f"http://app.test{target}", **request))


def test_a_leading_context_and_a_path_parameter_are_bound_by_kind_and_name() -> None:
    def show(ctx: Context, id: int) -> list[object]:
        return [ctx.route, ctx.path, id]

    assert ask(show, "/users/{id}", "/users/7") == (200, ["/users/{id}", "/users/7", 7])


@pytest.mark.parametrize(
    ("annotation", "query", "expected"),
    [
        (str, "q=a%20b", "a b"),
        (int, "q=-7", -7),
        (float, "q=1e3", 1000.0),
        (bool, "q=true", True),
        (UUID, "q=00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        (Colour, "q=red", "red"),
        (Literal["a", "b"], "q=b", "b"),
        (int | None, "q=3", 3),
        (int | None, "", None),
        (list[int], "q=1&q=2", [1, 2]),
        (Annotated[int, Meta(ge=1)], "q=1", 1),
        (int, "q=1&q=2", 2),
    ],
)
def test_any_other_scalar_is_a_query_parameter(
    annotation: Any, query: str, expected: object
) -> None:
    def show(q: Any) -> list[object]:
        return [q]

    show.__annotations__["q"] = annotation

    assert ask(show, "/", f"/?{query}") == (200, [expected])


def test_a_default_stands_for_a_query_parameter_that_did_not_come() -> None:
    def show(limit: int = 10, *, sort: str = "name") -> list[object]:
        return [limit, sort]

    assert ask(show, "/", "/?sort=age") == (200, [10, "age"])


def test_an_optional_path_parameter_may_be_absent() -> None:
    def show(year: int | None) -> list[object]:
        return [year]

    assert ask(show, "/y/{year?}", "/y") == (200, [None])


def test_the_reserved_names_take_whole_parts_of_the_request() -> None:
    def show(
        body: Item,
        query: Page,
        headers: ApiHeaders,
        params: dict[str, str],
        cookies: dict[str, str],
    ) -> dict[str, object]:
        return {
            "body": body,
            "query": query,
            "token": headers.x_token,
            "params": params,
            "cookies": cookies,
        }

    status, value = ask(
        show,
        "/{shop}",
        "/7?limit=3&tags=a&tags=b",
        method="POST",
        headers={"x-token": "t", "cookie": "a=1; b=2", "content-type": "application/json"},
        body=b'{"name": "pen", "price": 2}',
    )

    assert (status, value) == (
        200,
        {
            "body": {"name": "pen", "price": 2.0},
            "query": {"limit": 3, "tags": ["a", "b"]},
            "token": "t",
            "params": {"shop": "7"},
            "cookies": {"a": "1", "b": "2"},
        },
    )


def test_every_fault_of_every_part_is_reported_in_one_answer() -> None:
    def show(id: int, body: Item, query: Page, verbose: bool = False) -> None: ...

    status, problem = ask(
        show,
        "/{id}",
        "/x?limit=y&verbose=maybe",
        method="POST",
        headers={"content-type": "application/json"},
        body=b'{"name": 1, "price": "a"}',
    )

    assert status == 422
    assert [(fault["in"], fault["pointer"]) for fault in problem["errors"]] == [
        ("path", "/id"),
        ("body", "/name"),
        ("body", "/price"),
        ("query", "/limit"),
        ("query", "/verbose"),
    ]


@pytest.mark.parametrize(
    ("annotation", "body", "expected"),
    [
        (bytes, b"\x00\xff", 2),
        (str, "é".encode(), 1),
        (FormData, URLSearchParams("a=1&b=2"), 2),
        (Iterator[bytes], b"abc", 3),
        (dict[str, int], b'{"a": 1}', 1),
        (list[Item], b'[{"name": "a"}]', 1),
        (Item | None, b"", None),
    ],
)
def test_a_body_is_read_as_it_is_declared(annotation: Any, body: Any, expected: object) -> None:
    def show(body: Any) -> list[object]:
        if body is None:
            return [None]
        return [len(b"".join(body)) if hasattr(body, "__next__") else len(body)]

    show.__annotations__["body"] = annotation

    assert ask(show, "/", "/", method="POST", body=body) == (200, [expected])


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b'{"name": NaN}', 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"name": "\xff"}', 400),
        ("application/json", b"", 400),
        ("application/xml", b"<a/>", 415),
        ("application/vnd.api+json", b'{"name": "a"}', 200),
        ("application/x-www-form-urlencoded", b"name=a&price=2", 200),
        ("application/x-www-form-urlencoded", b"price=2", 422),
    ],
)
def test_a_body_of_another_kind_gets_the_status_that_the_standard_asks_for(
    content_type: str, body: bytes, status: int
) -> None:
    def take(body: Item) -> str:
        return body.name

    found, _ = ask(take, "/", "/", method="POST", body=body, headers={"content-type": content_type})

    assert found == status


def test_text_that_is_not_utf_8_is_refused() -> None:
    def take(body: str) -> str:
        return body

    assert ask(take, "/", "/", method="POST", body=b"\xff")[0] == 400


class Counter:
    """A callable object, whose own parameter does not count."""

    def __call__(self, n: int) -> int:
        return n + 1

    def method(self, n: int) -> int:
        return n + 2


def doubled(fn: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs) * 2

    return wrapper


@doubled
def decorated(n: int) -> int:
    return n


def subtract(n: int, m: int) -> int:
    return n - m


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (Counter(), "6"),
        (Counter().method, "7"),
        (decorated, "10"),
        (partial(subtract, m=1), "4"),
        (lambda: 3, "3"),
    ],
)
def test_any_callable_can_be_a_handler(handler: Callable[..., Any], expected: str) -> None:
    assert ask(handler, "/", "/?n=5") == (200, expected)


def _no_annotation(thing: int) -> None: ...


_no_annotation.__annotations__.clear()


def _object_in_the_query(item: Item) -> None: ...


def _context_second(id: int, ctx: Context) -> None: ...


def _splat(*args: int) -> None: ...


def _unknown_type(q: int) -> None: ...


_unknown_type.__annotations__["q"] = "Nowhere"


def _stream_of_text(body: AsyncIterator[str]) -> None: ...


def _unsupported_body(body: Callable[[], None]) -> None: ...


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (_no_annotation, ["_no_annotation", "'thing'", "no annotation"]),
        (_object_in_the_query, ["_object_in_the_query", "'item'", "Item", "`body`"]),
        (_context_second, ["'ctx'", "not the first"]),
        (_splat, ["*args"]),
        (_unknown_type, ["'Nowhere'", "TYPE_CHECKING"]),
        (_stream_of_text, ["'body'", "AsyncIterator[bytes]"]),
        (_unsupported_body, ["'body'"]),
    ],
)
def test_a_parameter_without_a_source_is_found_before_the_first_request(
    handler: Callable[..., Any], words: list[str]
) -> None:
    app = Portico()
    app.post("/", handler)

    with pytest.raises(DefinitionError) as caught:
        app.check()

    assert [word for word in words if word not in str(caught.value)] == []


def test_a_key_of_another_application_is_found_before_the_first_request() -> None:
    other = Portico()

    @other.resource
    def database() -> Iterator[int]:
        yield 1

    app = Portico()

    @app.get("/")
    def show(db: int = use(database)) -> int:
        return db

    with pytest.raises(DefinitionError, match="database"):
        app.check()
    assert isinstance(database, Key)


def test_a_direct_call_without_the_argument_for_a_key_says_what_is_missing() -> None:
    app = Portico()

    @app.resource
    def number() -> Iterator[int]:
        yield 1

    def show(n: int = use(number)) -> int:
        return n + 1

    with pytest.raises(TypeError, match=r"use\(number\)"):
        show()
    assert show(2) == 3


def test_parts_are_streams_of_their_own() -> None:
    form = FormData()
    form.append("a", "1")

    def show(body: Iterator[SyncPart]) -> list[object]:
        return [(part.name, part.bytes()) for part in body]

    assert ask(show, "/", "/", method="POST", body=form) == (200, [["a", "MQ=="]])


def test_the_context_gives_what_the_request_has() -> None:
    def show(ctx: Context) -> dict[str, object]:
        return {
            "query": ctx.query.get_all("a"),
            "header": ctx.headers["x-one"],
            "cookie": ctx.cookies["c"].value,
            "body": ctx.body,
            "url": str(ctx.request.url),
            "host": ctx.request.host,
        }

    found = ask(
        show,
        "/x",
        "/x?a=1&a=2",
        method="POST",
        headers=Headers({"x-one": "1", "cookie": "c=d", "content-type": "application/json"}),
        body=b'{"k": [1]}',
    )

    assert found == (
        200,
        {
            "query": ["1", "2"],
            "header": "1",
            "cookie": "d",
            "body": {"k": [1]},
            "url": "http://app.test/x?a=1&a=2",
            "host": "app.test",
        },
    )


@pytest.mark.parametrize("annotation", [list[int], list[Item], int, Any])
def test_a_form_for_a_body_that_no_form_can_make_is_a_415(annotation: Any) -> None:
    def take(body: Any) -> str:
        return str(body)

    take.__annotations__["body"] = annotation

    assert ask(take, "/", "/", method="POST", body=URLSearchParams("a=1"))[0] == 415


@pytest.mark.parametrize("name", ["query", "headers", "cookies", "params"])
def test_a_part_that_names_and_texts_cannot_make_is_found_before_the_first_request(
    name: str,
) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def show({name}: int) -> None: ...", namespace)
    app = Portico()
    app.get("/", namespace["show"])

    with pytest.raises(DefinitionError, match=name):
        app.check()


def test_a_stream_that_blocks_is_refused_in_an_asynchronous_handler() -> None:
    async def take(body: Iterator[bytes]) -> None: ...

    app = Portico()
    app.post("/", take)

    with pytest.raises(DefinitionError, match="AsyncIterator"):
        app.check()


def test_a_part_that_did_not_come_has_the_default_that_was_given() -> None:
    default = Page(limit=3)

    def show(query: Page = default) -> int:
        return query.limit

    assert ask(show, "/", "/") == (200, "3")


def test_a_form_of_very_many_fields_is_refused() -> None:
    def take(body: dict[str, str]) -> int:
        return len(body)

    fields = URLSearchParams([(f"f{n}", "1") for n in range(1001)])

    assert ask(take, "/", "/", method="POST", body=fields)[0] == 413


def test_an_annotation_may_name_a_type_inside_another() -> None:
    def show() -> list["Item"]:
        return []

    def take(tags: Optional[list["int"]] = None) -> object:  # noqa: UP045 - as older code has it
        return tags

    assert ask(show, "/", "/") == (200, [])
    assert ask(take, "/", "/?tags=1&tags=2") == (200, [1, 2])


class Exact(Struct):
    price: Decimal = Decimal(0)
    name: str = ""
    count: Annotated[int, Meta(ge=0)] = 0


BODIES: list[bytes] = [
    b"",
    b"{}",
    b'{"name": "a", "price": 1.5}',
    '{"name": "é"}'.encode(),
    b"\xef\xbb\xbf{}",
    b'{"name": "\\ud800"}',
    b'{"x": "\xff"}',
    b'{"price": "1.5", "count": 3}',
    b'{"price": 1e999, "count": -1}',
    b'{"price": NaN}',
    b'{"name": 5, "price": "cheap", "count": 1.5}',
    b'{"count": ' + b"9" * 5000 + b"}",
    b"[",
    b"[" * 100_000,
    b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:30])
@pytest.mark.parametrize("kind", [Item, Exact, list[Item], Item | None, dict[str, float], Any])
def test_json_is_read_the_same_by_any_name_of_its_type(kind: Any, body: bytes) -> None:
    def take(body: Any) -> object:
        return [type(body).__name__, body]

    take.__annotations__["body"] = kind
    answers = [
        ask(take, "/", "/", method="POST", body=body, headers={"content-type": name})
        for name in ("application/json", "application/json; charset=utf-8", "a/b+json")
    ]

    assert answers == [answers[0]] * 3


def test_a_refused_body_is_gone_with_its_answer() -> None:
    def take(body: Item) -> None: ...

    headers = {"content-type": "application/json"}
    gc.collect()
    gc.disable()
    try:
        code, _ = ask(take, "/", "/", method="POST", body=b'{"name": 1}', headers=headers)
        left = [found for found in gc.get_objects() if isinstance(found, InvalidInputError)]
    finally:
        gc.enable()

    assert code == 422
    assert not left
