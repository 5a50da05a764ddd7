"""Server-sent events: of every kind and colour, in streams, responses and silence."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, Final

from portico import Context, Response, ServerSentEvent, sse
from portico_conformance.application._app import app
from portico_conformance.application._signals import count, is_raised, until, until_blocking

QUICKLY: Final = 0.005  # seconds of silence after which a comment is sent

EVENTS: Final[dict[str, list[Any]]] = {
    "texts": [sse("one"), sse("zwölf €")],
    "empty-text": [sse("")],
    "three-line-ends": [sse("a\nb\r\nc\rd")],
    "blank-lines": [sse("\n\na\n")],
    "no-line-ends": [sse("a\u2028b\u2029c\x85d\x0be\x0cf")],
    "spaces": [sse("  two before, one after ")],
    "colons": [sse(": no comment"), sse("data: no field")],
    "forged": [sse("a\n\nevent: forged\r\rdata: b")],
    "byte-order-mark": [sse("\ufeffa")],
    "nul": [sse("a\0b")],
    "values": [sse({"a": [1, None, "x\ny"]}), sse([1]), sse(7), sse(0.5), sse(True)],
    "types": [sse("a", event="tick"), sse("b"), sse("c", event="größe")],
    "ids": [sse("a", id="7"), sse("b"), sse("c", id=8), sse("d", id=""), sse("e", id="ü")],
    "id-alone": [sse(None, id="3"), sse("a")],
    "retry": [sse("a", retry=1500)],
    "retry-as-time": [sse("a", retry=timedelta(seconds=2))],
    "comment": [sse("a", comment="one\n\ntwo"), sse(None, comment="alone")],
    "nothing": [sse(None), sse("a")],
    "all": [sse("a\nb", event="tick", id="1", retry=5, comment="c")],
    "plain": [sse("a"), "b\nc", {"d": 1}, None, 2],
    "none-first": [None, None, sse("a")],
}
"""Kinds of streams, by what a case calls them: their values."""


@app.get("/async/events/{kind}")
async def events_async(kind: str) -> AsyncIterator[object]:
    """A stream whose first value is an event."""
    for value in EVENTS[kind]:
        yield value


@app.get("/sync/events/{kind}")
def events_sync(kind: str) -> Iterator[object]:
    """A stream whose first value is an event."""
    yield from EVENTS[kind]


@app.get("/async/declared-events")
async def declared_async(ctx: Context) -> AsyncIterator[object]:
    """Plain values under a type that is set before the first."""
    ctx.set.headers["content-type"] = "text/event-stream"
    for value in ("a\nb", {"c": 1}):
        yield value


@app.get("/sync/declared-events")
def declared_sync(ctx: Context) -> Iterator[object]:
    """Plain values under a type that is set before the first."""
    ctx.set.headers["content-type"] = "text/event-stream"
    yield from ("a\nb", {"c": 1})


@app.get("/async/event-source/{kind}")
async def source_async(ctx: Context, kind: str) -> object:
    """What `sse()` makes of an asynchronous source."""
    return answered(ctx, kind, sse(values_async(kind), keep_alive=keep_alive_of(kind)))


@app.get("/sync/event-source/{kind}")
def source_sync(ctx: Context, kind: str) -> object:
    """What `sse()` makes of a synchronous source."""
    return answered(ctx, kind, sse(values_sync(kind), keep_alive=keep_alive_of(kind)))


SOURCES: Final[dict[str, list[Any]]] = {
    "values": ["a\nb", None, {"c": 1}, sse("d", event="e")],
    "empty": [],
    "own-fields": ["a"],
    "response": ["a", sse("b", id=1)],
    "kept-alive": ["a", "b"],
    "bytes-first": [b"a"],
    "bytes-later": ["a", b"b"],
}


async def values_async(kind: str) -> AsyncIterator[Any]:
    """The values of a kind."""
    for value in SOURCES[kind]:
        yield value


def values_sync(kind: str) -> Iterator[Any]:
    """The values of a kind."""
    yield from SOURCES[kind]


def keep_alive_of(kind: str) -> float | None:
    """A time that no case waits for: what it changes is the beginning."""
    return 3600 if kind == "kept-alive" else None


def answered(
    ctx: Context,
    kind: str,
    events: AsyncIterator[ServerSentEvent[Any]] | Iterator[ServerSentEvent[Any]],
) -> object:
    """An answer of events."""
    if kind == "own-fields":
        ctx.set.headers["cache-control"] = "private"
        ctx.set.headers["x-accel-buffering"] = "yes"
    if kind == "response":
        return Response(events, status=203, headers={"x-own": "kept"})
    return events


@app.get("/async/one-event")
async def one_async() -> object:
    """One event, which is no stream."""
    return sse({"a": 1}, event="only")


@app.get("/sync/one-event")
def one_sync() -> object:
    """One event, which is no stream."""
    return sse({"a": 1}, event="only")


@app.get("/async/ready-events")
async def ready_async() -> Response:
    """A response that is an event stream already, but for an event among its chunks."""

    async def chunks() -> AsyncIterator[str | ServerSentEvent[str]]:
        yield "data: a\n\nda"
        yield "ta: b\n\n"
        yield sse("c")

    return Response(chunks(), headers={"content-type": "text/event-stream"})


@app.get("/sync/ready-events")
def ready_sync() -> Response:
    """A response that is an event stream already, but for an event among its chunks."""
    chunks: list[str | ServerSentEvent[str]] = ["data: a\n\nda", "ta: b\n\n", sse("c")]
    return Response(iter(chunks), headers={"content-type": "text/event-stream"})


@app.get("/async/silent-events/{name}")
async def silent_async(ctx: Context, name: str) -> object:
    """Silence until a signal is raised, then an event; what is left is counted."""

    async def source() -> AsyncIterator[str]:
        try:
            await until(ctx, lambda: is_raised(name))
            yield "late"
        finally:
            count(f"{name}-closed")

    return sse(source(), keep_alive=QUICKLY)


@app.get("/sync/silent-events/{name}")
def silent_sync(name: str) -> object:
    """Silence until a signal is raised, then an event; what is left is counted."""

    def source() -> Iterator[str]:
        try:
            until_blocking(lambda: is_raised(name))
            yield "late"
        finally:
            count(f"{name}-closed")

    return sse(source(), keep_alive=QUICKLY)


@app.get("/async/unread-events/{name}")
async def unread_async(name: str) -> object:
    """A stream of which HEAD has no use; its steps and its closing are counted."""

    async def source() -> AsyncIterator[str]:
        try:
            count(name)
            yield "a"
            count(name)
        finally:
            count(f"{name}-closed")

    return sse(source())


@app.get("/sync/unread-events/{name}")
def unread_sync(name: str) -> object:
    """A stream of which HEAD has no use; its steps and its closing are counted."""

    def source() -> Iterator[str]:
        try:
            count(name)
            yield "a"
            count(name)
        finally:
            count(f"{name}-closed")

    return sse(source())


@app.get("/async/last-event-id")
async def last_event_id_async(ctx: Context) -> object:
    """What the reader says that it had last."""
    return [ctx.last_event_id]


@app.get("/sync/last-event-id")
def last_event_id_sync(ctx: Context) -> object:
    """What the reader says that it had last."""
    return [ctx.last_event_id]
