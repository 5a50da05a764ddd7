"""Generators of a handler: the short way of their answers is the same as the pipeline's."""

# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextvars import ContextVar
from itertools import permutations
from typing import Any, NamedTuple, TypeVar

import pytest
from msgspec import Struct

from portico import Context, HTTPError, Portico, Request, Response, ServerSentEvent
from portico._gathered import LongerError, gathered, gathered_on_loop
from portico._stream import ByteStream
from portico.contract import Platform, Runtime

T = TypeVar("T")

variable: ContextVar[str] = ContextVar("variable", default="clean")


class Item(Struct):
    name: str


class Reporting(Platform):
    """A runtime whose threads may block, which keeps its reports."""

    runtime = Runtime("test", "threads")

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[str] = []

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(f"{where}: {error!r}")


class LoopReporting(Reporting):
    """A runtime with an event loop."""

    runtime = Runtime("test", "loop")

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await asyncio.to_thread(fn)


class Seen(NamedTuple):
    """An answer, and what else there is to see of it."""

    status: int
    fields: list[tuple[str, str]]
    chunks: list[bytes]
    error: str | None
    reports: list[str]
    steps: list[str]


Give = Callable[[Context, list[str]], Iterable[Any]]


def giving(*values: Any) -> Give:
    """The values, one after the other; an exception among them is raised."""

    def give(ctx: Context, steps: list[str]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, Exception):
                raise value
            yield value

    return give


def setting(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.headers["x-set"] = "yes"
    ctx.set.status = 201
    ctx.cookies["visits"].value = "1"
    yield b"a"
    ctx.set.headers["x-late"] = "no"
    yield b"b"


def typed(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.headers["content-type"] = "text/csv"
    yield "a,b\n"


def with_fields(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.headers["x-set"] = "yes"
    ctx.set.headers["connection"] = "close"
    ctx.set.headers["cache-control"] = "max-age=60"
    ctx.set.headers.append("set-cookie", "a=1")
    ctx.set.headers.append("set-cookie", "b=2")
    yield "a"


def as_events(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.headers["content-type"] = "text/event-stream"
    yield "a"
    yield {"b": 1}


def announced(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.headers["content-length"] = "3"
    yield "ab"
    yield "c"


def announced_wrongly(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.headers["content-length"] = "3"
    yield "ab"


def with_a_status_that_is_none(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.status = 999
    yield "ab"


def without_content(ctx: Context, steps: list[str]) -> Iterator[Any]:
    ctx.set.status = 204
    yield "ab"


def of_variables(ctx: Context, steps: list[str]) -> Iterator[Any]:
    token = variable.set("mine")
    yield variable.get()
    yield variable.get()
    variable.reset(token)
    yield variable.get()


VALUES = (
    b"bytes",
    "é",
    "",
    b"",
    None,
    7,
    {"a": "b"},
    Item("c"),
    bytearray(b"d"),
    ServerSentEvent("e"),
)
GIVEN: list[Give] = [
    giving(),
    giving(None),
    *(giving(*values) for values in permutations(VALUES, 2)),
    giving(*VALUES),
    giving(*VALUES[::-1]),
    giving(ZeroDivisionError("at once")),
    giving(None, ZeroDivisionError("before a value")),
    giving("a", ZeroDivisionError("midway")),
    giving(HTTPError(409, "taken")),
    giving(b"", HTTPError(409, "taken too late")),
    giving(object()),
    giving("a", object()),
    giving("\ud800"),
    giving("a", "\ud800"),
    setting,
    typed,
    with_fields,
    as_events,
    announced,
    announced_wrongly,
    with_a_status_that_is_none,
    without_content,
    of_variables,
]
ITEMS = (bytes, str, Any, Item, bytes | str | None, int | dict[str, str])


def register(app: Portico, path: str, give: Give, item: Any, steps: list[str], kind: str) -> None:
    """A handler that is a generator."""

    async def handler(ctx: Context) -> Any:
        steps.append("begun")
        try:
            for value in give(ctx, steps):
                if kind == "waits":
                    await asyncio.sleep(0)
                yield value
        finally:
            steps.append("left")

    def handler_sync(ctx: Context) -> Any:
        steps.append("begun")
        try:
            yield from give(ctx, steps)
        finally:
            steps.append("left")

    streams = (Iterator if kind == "sync" else AsyncIterator)[item]
    chosen = handler_sync if kind == "sync" else handler
    chosen.__annotations__["return"] = streams
    app.get(path, chosen)


async def answered(app: Portico, platform: Reporting, method: str, steps: list[str]) -> Seen:
    """One answer, read as an adapter does."""
    request = Request("http://app.test/", method=method)
    answer = app.handle(request, platform, app.start(platform))
    response = answer if isinstance(answer, Response) else await answer
    fields = response.fields()
    assert [(n.decode(), v.decode("latin-1")) for n, v in response.wire_fields()] == fields
    assert response.headers.items() == fields
    content, error = response.content, None
    chunks: list[bytes] = []
    if isinstance(content, bytes):
        chunks.append(content)
    else:
        try:
            if content.is_async:
                chunks += [chunk async for chunk in content]
            else:
                chunks += content
        except Exception as raised:  # noqa: BLE001 - compared
            error = repr(raised)
        finally:
            await content.aclose()
    seen = Seen(response.status, fields, chunks, error, [*platform.reports], [*steps])
    platform.reports.clear()
    steps.clear()
    return seen


def both_ways(give: Give, item: Any, kind: str, method: str, on_loop: bool) -> None:
    """Compare a route's answers with those that a hook has a say in, which says nothing."""

    async def run(hooked: bool) -> list[Seen]:
        app, steps = Portico(), list[str]()
        if hooked:
            app.map_response(_nothing)
        register(app, "/", give, item, steps, kind)
        platform = LoopReporting() if on_loop else Reporting()
        return [await answered(app, platform, method, steps) for _ in range(2)]

    async def run_both() -> tuple[list[Seen], list[Seen]]:
        return await asyncio.create_task(run(False)), await asyncio.create_task(run(True))

    short, general = asyncio.run(run_both())
    assert [_without_ids(seen) for seen in short] == [_without_ids(seen) for seen in general]
    assert all(seen.steps in ([], ["begun", "left"]) for seen in short)


def _nothing(ctx: Context, value: Any) -> None:
    return None


def _without_ids(seen: Seen) -> Seen:
    """An answer to an unexpected error names the report, which is another each time."""
    is_error = seen.status == 500
    return seen._replace(chunks=[], fields=[], reports=[]) if is_error else seen


@pytest.mark.parametrize(
    ("kind", "on_loop"),
    [("sync", False), ("sync", True), ("async", False), ("async", True), ("waits", True)],
)
@pytest.mark.parametrize("item", ITEMS, ids=str)
def test_a_generator_is_answered_with_as_where_a_hook_has_its_say(
    item: Any, kind: str, on_loop: bool
) -> None:
    for give in GIVEN if kind != "sync" or not on_loop else GIVEN[-30:]:
        for method in ("GET", "HEAD"):
            both_ways(give, item, kind, method, on_loop)


# As a whole

CHUNKS = ("a", "é", "", b"b", b"", bytearray(b"c"), memoryview(b"d"), "longer text" * 9)
LISTS = [
    (),
    *((each,) for each in CHUNKS),
    *permutations(CHUNKS, 2),
    CHUNKS,
    CHUNKS[::-1],
    ("a",) * 1000,
    (b"a",) * 1000,
    (*"a" * 100, "é", *"a" * 100),
    (*"a" * 100, b"b", *"a" * 100),
    (*"a" * 100, object(), *"a" * 100),
    (*"a" * 100, OSError("gone")),
]
Convert = Callable[[Any], bytes] | None


def shown(value: Any) -> bytes:
    return f"<{value!r}>".partition(" object at")[0].encode()


def stream_of(values: tuple[Any, ...], convert: Convert, closed: list[str]) -> ByteStream:
    """A stream of a generator, with its own way to make chunks."""

    def give() -> Iterator[Any]:
        try:
            for value in values:
                if isinstance(value, Exception):
                    raise value
                yield value
        finally:
            closed.append("closed")

    stream = ByteStream(give())
    return stream if convert is None else begun(stream, convert)


def begun(stream: ByteStream, convert: Callable[[Any], bytes]) -> ByteStream:
    return ByteStream.going_on(
        stream._values, stream._context, None, convert, passes_bytes=False, passes_text=False
    )


def later(values: tuple[Any, ...], convert: Convert, closed: list[str]) -> ByteStream:
    """The same as an asynchronous generator."""

    async def give() -> AsyncIterator[Any]:
        try:
            for value in values:
                if isinstance(value, Exception):
                    raise value
                yield value
        finally:
            closed.append("closed")

    stream = ByteStream(give())
    return stream if convert is None else begun(stream, convert)


def outcome(read: Callable[[], bytes | str]) -> tuple[bytes | None, str]:
    try:
        content = read()
    except Exception as error:  # noqa: BLE001 - compared
        return None, repr(error).partition(" object at")[0]
    return (content if isinstance(content, bytes) else content.encode("ascii")), ""


@pytest.mark.parametrize("convert", [None, shown])
@pytest.mark.parametrize("values", LISTS, ids=lambda values: f"{len(values)}")
def test_a_stream_as_a_whole_is_its_chunks(values: tuple[Any, ...], convert: Convert) -> None:
    closed: list[str] = []
    expected = outcome(lambda: b"".join(stream_of(values, convert, closed)))

    assert outcome(lambda: gathered(stream_of(values, convert, closed), 10**6)) == expected
    assert (
        outcome(lambda: asyncio.run(gathered_on_loop(later(values, convert, closed), 10**6)))
        == expected
    )
    assert set(closed) == {"closed"}


@pytest.mark.parametrize(
    "values", [("a",) * 9, ("a" * 3,) * 3, (b"a" * 4, b"a" * 5), ("é" * 4, "a")]
)
def test_a_whole_stream_has_no_more_bytes_than_it_may(values: tuple[Any, ...]) -> None:
    closed: list[str] = []

    for limit in range(9):
        with pytest.raises(LongerError):
            gathered(stream_of(values, None, closed), limit)
        with pytest.raises(LongerError):
            asyncio.run(gathered_on_loop(later(values, None, closed), limit))
    assert len(gathered(stream_of(values, None, closed), 9)) in (5, 9)
    assert closed == ["closed"] * 19


@pytest.mark.parametrize("size", [1, 7, 100, 1024, 3000, 9000])
def test_a_stream_of_equal_chunks_is_read_no_further_than_to_the_one_that_is_too_much(
    size: int,
) -> None:
    taken = 0

    def give() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "a" * size

    with pytest.raises(LongerError):
        gathered(ByteStream(give()), 10_000)
    assert taken == 10_000 // size + 1


def test_ascii_that_was_given_as_text_is_a_text() -> None:
    assert gathered(ByteStream(iter(("a", "b", "c"))), 9) == "abc"
    assert gathered(ByteStream(iter(("a", "é"))), 9) == "aé".encode()
    assert gathered(ByteStream(iter((b"a", b"b"))), 9) == b"ab"


def test_the_stream_of_an_application_may_be_the_answer_of_another_once() -> None:
    inner, outer = Portico(), Portico()
    platform = Reporting()
    kept: list[Response] = []

    @inner.get("/")
    def stream() -> Iterator[bytes]:
        yield b"a"
        yield b"b"

    @outer.get("/")
    def forward() -> Response:
        if not kept:
            answer = inner.handle(Request("http://app.test/"), platform, inner.start(platform))
            assert isinstance(answer, Response)
            kept.append(answer)
        return kept[0]

    first, second = (asyncio.run(answered(outer, platform, "GET", [])) for _ in range(2))

    assert (first.status, first.chunks, first.error) == (200, [b"a", b"b"], None)
    assert second.status == 500
