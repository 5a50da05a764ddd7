"""From the value that a handler returns to what goes on the wire, in each colour and runtime."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import pytest
from msgspec import Struct

from portico import (
    Blob,
    Context,
    FormData,
    Headers,
    HTTPError,
    Portico,
    Problem,
    Request,
    Response,
    URLSearchParams,
    redirect,
    status,
)
from portico._stream import ByteStream
from portico.contract import Platform, Runtime

T = TypeVar("T")

TEXT = "text/plain;charset=UTF-8"
JSON = "application/json"
NDJSON = "application/x-ndjson"
BYTES = "application/octet-stream"


class LoopPlatform(Platform):
    """A runtime with an event loop, and threads for what blocks."""

    runtime = Runtime("test", "loop")

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await asyncio.to_thread(fn)


class ThreadPlatform(Platform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes

    @property
    def content_type(self) -> str | None:
        return self.headers.get("content-type")


def ask(
    app: Portico, platform: Platform, method: str = "GET", headers: dict[str, str] | None = None
) -> Answer:
    """The answer to one request, its stream read to the end and closed."""

    async def run() -> Answer:
        request = Request("http://app.test/", method=method, headers=headers)
        answer = app.handle(request, platform, app.start(platform))
        response = answer if isinstance(answer, Response) else await answer
        content = response.content
        if isinstance(content, ByteStream):
            if platform.runtime.concurrency == "loop":
                assert content.is_async
            body = b"".join([chunk async for chunk in content])
            await content.aclose()
        else:
            body = content
        return Answer(response.status, response.headers, body)

    return asyncio.run(run())


class Way(NamedTuple):
    """A colour of handler, whether it may block, and a runtime."""

    colour: Literal["sync", "sync-value", "async"]
    platform: type[Platform]
    blocking: bool = True

    def app(self, make: Callable[[Context], Any]) -> Portico:
        """An application whose handler returns what `make` does."""
        app = Portico()
        if self.colour == "async":

            async def handler(ctx: Context) -> Any:
                return make(ctx)

            app.route("GET", "/", handler)
        else:

            def handler_sync(ctx: Context) -> Any:
                return make(ctx)

            app.route("GET", "/", handler_sync, blocking=self.blocking)
        return app

    def ask(self, make: Callable[[Context], Any], method: str = "GET") -> Answer:
        return ask(self.app(make), self.platform(), method)


WAYS = [
    Way("sync", ThreadPlatform),
    Way("async", ThreadPlatform),
    Way("sync", LoopPlatform),
    Way("sync", LoopPlatform, blocking=False),
    Way("async", LoopPlatform),
]
in_every_way = pytest.mark.parametrize(
    "way", WAYS, ids=lambda way: f"{way.colour}-{way.platform.__name__}-{way.blocking}"
)


class Point(Struct):
    x: int


@dataclass
class Pair:
    a: int


class Named(NamedTuple):
    a: int


class Colour(Enum):
    RED = "red"


class Word(StrEnum):
    RED = "red"


class Octets(bytes):
    pass


class OutOfStock(Problem):
    pass


class Picture(Blob):
    pass


class Query(URLSearchParams):
    pass


VALUES: list[tuple[Any, int, str | None, bytes]] = [
    ("é", 200, TEXT, "é".encode()),
    ("", 200, TEXT, b""),
    (Word.RED, 200, TEXT, b"red"),
    (b"\xff", 200, BYTES, b"\xff"),
    (bytearray(b"a"), 200, BYTES, b"a"),
    (memoryview(b"a"), 200, BYTES, b"a"),
    (Octets(b"a"), 200, BYTES, b"a"),
    (True, 200, TEXT, b"true"),
    (7, 200, TEXT, b"7"),
    (0, 200, TEXT, b"0"),
    (1.5, 200, TEXT, b"1.5"),
    (None, 200, None, b""),
    ({}, 200, JSON, b"{}"),
    ([], 200, JSON, b"[]"),
    ({"a": [1, None, "é"]}, 200, JSON, '{"a":[1,null,"é"]}'.encode()),
    (OrderedDict(a=1), 200, JSON, b'{"a":1}'),
    ((1, 2), 200, JSON, b"[1,2]"),
    (Point(1), 200, JSON, b'{"x":1}'),
    ([Point(1)], 200, JSON, b'[{"x":1}]'),
    (Pair(1), 200, JSON, b'{"a":1}'),
    (Named(1), 200, JSON, b"[1]"),
    (Colour.RED, 200, JSON, b'"red"'),
    (UUID(int=1), 200, JSON, b'"00000000-0000-0000-0000-000000000001"'),
    (Blob([b"a"], type="image/png"), 200, "image/png", b"a"),
    (URLSearchParams("a=1"), 200, "application/x-www-form-urlencoded;charset=UTF-8", b"a=1"),
    (Picture([b"a"], type="image/png"), 200, "image/png", b"a"),
    (Query("a=1"), 200, "application/x-www-form-urlencoded;charset=UTF-8", b"a=1"),
    (Response("a", status=201), 201, TEXT, b"a"),
    (Response(status=204), 204, None, b""),
    (status(201, Point(1)), 201, JSON, b'{"x":1}'),
    (status(202), 202, None, b""),
    (status(204), 204, None, b""),
    (status(204, "dropped"), 204, None, b""),
    (status(201, Response("a", status=500)), 201, TEXT, b"a"),
    (redirect("/login"), 302, None, b""),
]


@in_every_way
@pytest.mark.parametrize(
    ("value", "code", "content_type", "body"), VALUES, ids=[repr(row[0])[:30] for row in VALUES]
)
def test_a_value_has_its_form_on_the_wire(
    way: Way, value: Any, code: int, content_type: str | None, body: bytes
) -> None:
    got = way.ask(lambda ctx: value)

    assert (got.status, got.content_type, got.body) == (code, content_type, body)
    length = None if code == 204 else str(len(body))
    assert got.headers.get("content-length") == length


@in_every_way
@pytest.mark.parametrize(
    ("value", "code", "title", "detail"),
    [
        (status(404), 404, "Not Found", None),
        (status(404, Problem("no such user")), 404, "Not Found", "no such user"),
        (status(409, OutOfStock("sold")), 409, "Conflict", "sold"),
        (Problem("broken"), 500, "Internal Server Error", "broken"),
        (OutOfStock("sold"), 500, "Internal Server Error", "sold"),
    ],
)
def test_an_error_status_without_a_value_of_its_own_is_a_problem(
    way: Way, value: Any, code: int, title: str, detail: str | None
) -> None:
    got = way.ask(lambda ctx: value)

    problem = json.loads(got.body)
    assert (got.status, got.content_type) == (code, "application/problem+json")
    assert (problem["title"], problem["status"], problem.get("detail")) == (title, code, detail)


@in_every_way
@pytest.mark.parametrize("value", [object(), {"a": object()}, range(2), {1, object()}, "\ud800"])
def test_a_value_without_a_form_is_the_applications_error(way: Way, value: Any) -> None:
    reports: list[BaseException] = []

    class Reporting(way.platform):  # type: ignore[misc, name-defined] # the class is data here
        def report(self, error: BaseException, where: str) -> None:
            reports.append(error)

    got = ask(way.app(lambda ctx: value), Reporting())

    assert got.status == 500
    assert len(reports) == 1


@pytest.mark.parametrize("platform", [ThreadPlatform, LoopPlatform])
def test_none_has_no_content_where_the_handler_promises_none(platform: type[Platform]) -> None:
    app, other = Portico(), Portico()

    @app.get("/")
    def nothing() -> None: ...

    @other.get("/")
    async def nothing_async() -> None: ...

    for each in (app, other):
        got = ask(each, platform())
        assert (got.status, got.headers.items(), got.body) == (204, [], b"")


# Streams


def texts() -> Iterator[Any]:
    yield from ("a", "", None, "é", b"b")


def octets() -> Iterator[Any]:
    yield from (b"a", bytearray(b"b"), memoryview(b"c"), "d")


def objects() -> Iterator[Any]:
    yield from ({"a": 1}, None, Point(2), "text")


def nothing() -> Iterator[Any]:
    yield from ()


def value_only() -> Any:
    yield from ()
    return {"a": 1}


STREAMS: list[tuple[Callable[[], Any], str | None, bytes]] = [
    (texts, TEXT, "aéb".encode()),
    (octets, BYTES, b"abcd"),
    (objects, NDJSON, b'{"a":1}\n{"x":2}\n"text"\n'),
    (lambda: iter(["a", "b"]), TEXT, b"ab"),
    (lambda: map(str, range(3)), TEXT, b"012"),
]


async def as_async(values: Iterator[Any]) -> AsyncIterator[Any]:
    for value in values:
        yield value


@in_every_way
@pytest.mark.parametrize(("source", "content_type", "body"), STREAMS)
@pytest.mark.parametrize("asynchronous", [True, False])
def test_the_first_value_of_a_stream_decides_its_type(
    way: Way, source: Any, content_type: str, body: bytes, asynchronous: bool
) -> None:
    got = way.ask(lambda ctx: as_async(source()) if asynchronous else source())

    assert (got.status, got.content_type, got.body) == (200, content_type, body)
    assert got.headers.get("cache-control") == "no-cache"
    assert not got.headers.has("content-length")


@in_every_way
def test_a_generator_without_values_answers_with_what_it_returns(way: Way) -> None:
    got = way.ask(lambda ctx: value_only())

    assert (got.content_type, got.body) == (JSON, b'{"a":1}')


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_stream_of_nothing_is_an_empty_answer(way: Way, asynchronous: bool) -> None:
    got = way.ask(lambda ctx: as_async(nothing()) if asynchronous else nothing())

    assert (got.status, got.body) == (200, b"")


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_stream_in_a_reply_has_its_status_and_fields(way: Way, asynchronous: bool) -> None:
    got = way.ask(
        lambda ctx: status(
            201,
            as_async(texts()) if asynchronous else texts(),
            headers={"content-type": "text/csv", "x": "1"},
        )
    )

    assert (got.status, got.content_type, got.headers["x"]) == (201, "text/csv", "1")
    assert got.body == "aéb".encode()


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_iterable_in_a_response_is_streamed_as_it_is(way: Way, asynchronous: bool) -> None:
    got = way.ask(lambda ctx: Response(as_async(iter([b"a"])) if asynchronous else iter([b"a"])))

    assert (got.status, got.content_type, got.body) == (200, None, b"a")


class Tracked:
    """Values in either colour that count their ends."""

    def __init__(self, *values: Any) -> None:
        self.values = values
        self.ended = 0

    def sync(self) -> Iterator[Any]:
        try:
            for value in self.values:
                if isinstance(value, Exception):
                    raise value
                yield value
        finally:
            self.ended += 1

    async def asynchronous(self) -> AsyncIterator[Any]:
        try:
            for value in self.values:
                if isinstance(value, Exception):
                    raise value
                yield value
        finally:
            self.ended += 1

    def make(self, asynchronous: bool) -> Any:
        return self.asynchronous() if asynchronous else self.sync()


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_error_before_the_first_value_is_a_plain_error(way: Way, asynchronous: bool) -> None:
    source = Tracked(HTTPError(418, "no coffee"))

    got = way.ask(lambda ctx: source.make(asynchronous))

    assert (got.status, json.loads(got.body)["detail"]) == (418, "no coffee")
    assert source.ended == 1


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_error_after_the_first_value_breaks_the_stream(way: Way, asynchronous: bool) -> None:
    source = Tracked("a", OSError("gone"))

    with pytest.raises(OSError, match="gone"):
        way.ask(lambda ctx: source.make(asynchronous))
    assert source.ended == 1


def _as_it_is(value: Any) -> Any:
    return value


def _in_a_reply(value: Any) -> Any:
    return status(200, value)


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize("wrap", [_as_it_is, _in_a_reply, Response])
def test_head_closes_the_stream_and_keeps_its_fields(
    way: Way, asynchronous: bool, wrap: Callable[[Any], Any]
) -> None:
    source = Tracked("a", "b")

    got = way.ask(lambda ctx: wrap(source.make(asynchronous)), "HEAD")

    assert (got.status, got.body) == (200, b"")
    if wrap is not Response:  # whose stream was never started
        assert got.content_type == TEXT
        assert source.ended == 1


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_status_without_a_body_closes_the_stream(way: Way, asynchronous: bool) -> None:
    source = Tracked("a", "b")

    got = way.ask(lambda ctx: status(204, source.make(asynchronous)))

    assert (got.status, got.headers.keys(), got.body) == (204, ["cache-control"], b"")
    assert source.ended == 1


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_answer_that_cannot_be_finished_closes_its_stream(way: Way, asynchronous: bool) -> None:
    source = Tracked("a", "b")
    kept: list[Any] = []

    def make(ctx: Context) -> Any:
        ctx.cookies["a"].set("1", path="/; Secure")
        kept.append(source.make(asynchronous))  # so that nothing but a close ends it
        return kept[-1]

    class Quiet(way.platform):  # type: ignore[misc, name-defined] # the class is data here
        def report(self, error: BaseException, where: str) -> None: ...

    assert ask(way.app(make), Quiet()).status == 500
    assert source.ended == 1


# Framing


@in_every_way
@pytest.mark.parametrize(
    "field",
    [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ],
)
def test_fields_of_one_connection_are_left_to_the_server(way: Way, field: str) -> None:
    got = way.ask(lambda ctx: Response("a", headers={field: "x", "x-kept": "1"}))

    assert not got.headers.has(field)
    assert got.headers["x-kept"] == "1"


@in_every_way
@pytest.mark.parametrize(("code", "length"), [(204, None), (205, "0"), (304, None)])
def test_a_status_without_a_body_has_the_length_of_its_own(
    way: Way, code: int, length: str | None
) -> None:
    got = way.ask(lambda ctx: Response(status=code, headers={"etag": '"a"'}))

    assert got.headers.keys() == ["etag", *(["content-length"] if length else [])]
    assert got.headers.get("content-length") == length


@in_every_way
def test_a_length_that_lies_is_put_right(way: Way) -> None:
    got = way.ask(lambda ctx: Response("abc", headers={"content-length": "7"}))

    assert got.headers["content-length"] == "3"


@in_every_way
@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize("length", ["1", "3"])
def test_a_stream_is_held_to_the_length_that_it_declares(
    way: Way, length: str, asynchronous: bool
) -> None:
    source = Tracked(b"a", b"b")

    with pytest.raises(ValueError, match="Content-Length"):
        way.ask(lambda ctx: Response(source.make(asynchronous), headers={"content-length": length}))
    assert source.ended == 1


@in_every_way
def test_head_has_the_length_of_get(way: Way) -> None:
    got = way.ask(lambda ctx: "abc", "HEAD")

    assert (got.body, got.headers["content-length"], got.content_type) == (b"", "3", TEXT)


def test_a_handler_of_head_says_how_long_the_answer_to_get_is() -> None:
    app = Portico()
    app.head("/", lambda: Response(headers={"content-length": "12345"}))

    assert ask(app, ThreadPlatform(), "HEAD").headers["content-length"] == "12345"


# What `ctx.set` and `ctx.cookies` add


@in_every_way
@pytest.mark.parametrize("value", ["a", b"a", {"a": 1}, None, Point(1), 7])
def test_a_status_that_is_set_is_that_of_a_value_without_its_own(way: Way, value: Any) -> None:
    def make(ctx: Context) -> Any:
        ctx.set.status = 202
        return value

    assert way.ask(make).status == 202


def test_a_status_that_is_set_wins_over_the_promise_of_none() -> None:
    app = Portico()

    @app.get("/")
    def accept(ctx: Context) -> None:
        ctx.set.status = 202

    assert ask(app, ThreadPlatform()).status == 202


@in_every_way
@pytest.mark.parametrize("value", [status(201, "a"), Response("a", status=201)])
def test_a_status_of_the_value_wins(way: Way, value: Any) -> None:
    def make(ctx: Context) -> Any:
        ctx.set.status = 202
        return value

    assert way.ask(make).status == 201


@pytest.mark.parametrize("code", [0, 99, 199, 600, 1000])
def test_a_status_that_is_set_and_none_is_an_error(code: int) -> None:
    app = Portico()
    reports: list[BaseException] = []

    class Reporting(ThreadPlatform):
        def report(self, error: BaseException, where: str) -> None:
            reports.append(error)

    @app.get("/")
    def show(ctx: Context) -> str:
        ctx.set.status = code
        return ""

    assert ask(app, Reporting()).status == 500
    assert [str(code) in str(error) for error in reports] == [True]


@in_every_way
@pytest.mark.parametrize("make", [lambda: "a,b", lambda: b"a,b", texts, lambda: as_async(texts())])
def test_fields_that_are_set_win_over_what_a_kind_of_value_brings(
    way: Way, make: Callable[[], Any]
) -> None:
    def handler(ctx: Context) -> Any:
        ctx.set.headers["Content-Type"] = "text/csv"
        ctx.set.headers["cache-control"] = "max-age=5"
        ctx.set.headers.append("set-cookie", "a=1")
        ctx.set.headers.append("set-cookie", "b=2")
        return make()

    got = way.ask(handler)

    assert got.headers.get_all("content-type") == ["text/csv"]
    assert got.headers.get_all("cache-control") == ["max-age=5"]
    assert got.headers.get_set_cookie() == ["a=1", "b=2"]


@in_every_way
def test_fields_of_a_response_win_over_those_that_are_set(way: Way) -> None:
    def make(ctx: Context) -> Response:
        ctx.set.headers["x-a"] = "set"
        ctx.set.headers["x-b"] = "set"
        return Response("a", headers={"x-a": "own"})

    got = way.ask(make)

    assert (got.headers.get_all("x-a"), got.headers.get_all("x-b")) == (["own"], ["set"])
    assert got.content_type == TEXT


@in_every_way
@pytest.mark.parametrize(
    "fail", [HTTPError(403, "no"), HTTPError(403, {"a": 1}), HTTPError(403, Problem("no"))]
)
def test_fields_and_cookies_go_out_with_errors_too(way: Way, fail: HTTPError) -> None:
    def make(ctx: Context) -> Any:
        ctx.set.headers["x-a"] = "1"
        ctx.set.status = 201
        ctx.cookies["seen"].value = "1"
        raise fail

    got = way.ask(make)

    assert (got.status, got.headers["x-a"]) == (403, "1")
    assert got.headers.get_set_cookie() == ["seen=1; Path=/; HttpOnly; SameSite=Lax"]


@in_every_way
def test_repeated_fields_of_an_error_all_go_out(way: Way) -> None:
    fields = [
        ("www-authenticate", "Basic"),
        ("www-authenticate", "Bearer"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]

    def make(ctx: Context) -> Any:
        raise HTTPError(401, headers=fields)

    got = way.ask(make)

    assert got.headers.get_all("www-authenticate") == ["Basic", "Bearer"]
    assert got.headers.get_set_cookie() == ["a=1", "b=2"]


# One request leaves nothing for the next


@in_every_way
def test_a_response_that_is_returned_twice_carries_nothing_over(way: Way) -> None:
    shared = Response("a", headers={"x": "1"})
    count = iter(range(9))

    def make(ctx: Context) -> Response:
        ctx.cookies[f"c{next(count)}"].value = "1"
        return shared

    app = way.app(make)
    platform = way.platform()

    first, second = ask(app, platform), ask(app, platform)

    assert [len(got.headers.get_set_cookie()) for got in (first, second)] == [1, 1]
    assert (first.body, second.body) == (b"a", b"a")
    assert shared.headers.keys() == ["x", "content-type"]


@in_every_way
def test_a_reply_that_is_returned_twice_carries_nothing_over(way: Way) -> None:
    shared = status(201, "a", headers={"x": "1"})
    count = iter(range(9))

    def make(ctx: Context) -> Any:
        ctx.set.headers[f"x-{next(count)}"] = "1"
        return shared

    app, platform = way.app(make), way.platform()

    assert ask(app, platform).headers.has("x-0")
    assert not ask(app, platform).headers.has("x-0")


@in_every_way
def test_a_streamed_response_that_is_returned_twice_is_an_error_and_not_an_empty_answer(
    way: Way,
) -> None:
    shared = Response(iter([b"a"]))

    class Quiet(way.platform):  # type: ignore[misc, name-defined] # the class is data here
        def report(self, error: BaseException, where: str) -> None: ...

    app, platform = way.app(lambda ctx: shared), Quiet()

    assert ask(app, platform).body == b"a"
    assert ask(app, platform).status == 500


def test_an_error_that_is_raised_twice_carries_nothing_over() -> None:
    shared = HTTPError(401, "who", headers={"www-authenticate": "Basic"})
    app = Portico()
    count = iter(range(9))

    @app.get("/")
    def fail(ctx: Context) -> str:
        ctx.set.headers[f"x-{next(count)}"] = "1"
        raise shared

    assert ask(app, ThreadPlatform()).headers.has("x-0")
    assert not ask(app, ThreadPlatform()).headers.has("x-0")


@pytest.mark.parametrize("platform", [ThreadPlatform, LoopPlatform])
def test_a_registered_value_is_answered_each_time_alike(platform: type[Platform]) -> None:
    app = Portico()
    app.get("/", {"a": 1})

    answers = [ask(app, platform()) for _ in range(3)]

    assert {(got.status, got.content_type, got.body) for got in answers} == {
        (200, JSON, b'{"a":1}')
    }


def test_a_form_is_an_answer() -> None:
    app = Portico()
    app.get("/", lambda: FormData([("a", "1")]))

    got = ask(app, ThreadPlatform())

    assert Response(got.body, headers=got.headers).sync.form_data().get("a") == "1"
