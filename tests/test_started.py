"""Streams whose first value decides: what is read of them directly is what their wrappers give."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from itertools import permutations
from typing import Any

import pytest

from portico import ServerSentEvent, UnencodableError
from portico._held_stream import HeldAsyncIterator, HeldIterator
from portico._sse import AsyncEventStream, EventStream
from portico._started import Started, StartedAsync, stream_type
from portico._stream import ByteStream

VALUES = (
    b"bytes",
    "é",
    "two\nlines",
    "two\r\nmore",
    "",
    b"",
    None,
    7,
    {"a": "b"},
    bytearray(b"array"),
    memoryview(b"view"),
    ServerSentEvent("event", id=3),
)
SEQUENCES = [*permutations(VALUES, 2), VALUES, VALUES[::-1]]

variable: ContextVar[str] = ContextVar("variable", default="none")


class Source:
    """An iterator that is no generator, and would begin anew where a generator goes on."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = iter(values)
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("It was asked for an iterator once more.")

    def __next__(self) -> Any:
        return next(self.values)

    def close(self) -> None:
        self.closed += 1


class AsyncSource:
    """The same for asynchronous code."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = iter(values)
        self.closed = 0
        self.asked = False

    def __aiter__(self) -> AsyncIterator[Any]:
        if self.asked:
            raise AssertionError("It was asked for an iterator once more.")
        self.asked = True
        return self

    async def __anext__(self) -> Any:
        for value in self.values:
            return value
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1


def generator(values: Iterable[Any]) -> Iterator[Any]:
    yield from values


async def async_generator(values: Iterable[Any]) -> AsyncIterator[Any]:
    for value in values:
        yield value


def hold(value: Any) -> Any:
    """It changes what it holds, so that whoever does not ask it is found out."""
    if value == 7:
        raise LookupError("7 is not declared")
    return value.upper() if isinstance(value, str | bytes) else value


def hold_all_but_bytes(value: Any) -> Any:
    return value if type(value) is bytes else hold(value)


def held(source: Any) -> HeldIterator:
    return HeldIterator(source, hold, frozenset(), hold)


def held_async(source: Any) -> HeldAsyncIterator:
    return HeldAsyncIterator(source, hold, frozenset())


def hold_event(event: ServerSentEvent[Any]) -> ServerSentEvent[Any]:
    return ServerSentEvent(hold(event.data), id=event.id)


def events(source: Any) -> EventStream:
    return EventStream(source, None)


def held_events(source: Any) -> EventStream:
    stream = events(source)
    stream.hold(hold_event)
    return stream


def events_async(source: Any) -> AsyncEventStream:
    return AsyncEventStream(source, None)


def held_events_async(source: Any) -> AsyncEventStream:
    stream = events_async(source)
    stream.hold(hold_event)
    return stream


ERRORS = (LookupError, TypeError, UnencodableError)
BYTES = frozenset({bytes})
WRAPPERS: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("bare", lambda source: source, lambda source: source),
    ("held", held, held_async),
    (
        "held but for bytes",
        lambda source: HeldIterator(source, hold_all_but_bytes, BYTES, hold),
        lambda source: HeldAsyncIterator(source, hold_all_but_bytes, BYTES),
    ),
    ("events", events, events_async),
    ("held events", held_events, held_events_async),
]


def attempt(read: Callable[[Any], list[bytes]], wrapped: Any) -> tuple[list[bytes] | None, str]:
    try:
        return read(wrapped), ""
    except ERRORS as error:
        return None, f"{type(error).__name__}: {error}"


def reference(wrapped: Iterator[Any]) -> list[bytes]:
    """Every value through the wrapper, and then through what the first one decides."""
    convert: Callable[[Any], bytes] | None = None
    chunks: list[bytes] = []
    for value in wrapped:
        if value is not None:
            convert = convert or stream_type(value, None)[1]
            chunks.append(convert(value))
    return [chunk for chunk in chunks if chunk]


def begun(wrapped: Iterator[Any]) -> ByteStream:
    started = Started(wrapped)
    started.begin()
    started.decide(None)
    return ByteStream.begun(started)


async def begun_async(wrapped: AsyncIterator[Any]) -> ByteStream:
    started = StartedAsync(wrapped)
    assert await started.begin()
    started.decide(None)
    return ByteStream.begun(started)


def by_chunks(wrapped: Iterator[Any]) -> list[bytes]:
    return [*begun(wrapped)]


def by_chunks_on_loop(wrapped: AsyncIterator[Any]) -> list[bytes]:
    async def chunks() -> list[bytes]:
        return [chunk async for chunk in await begun_async(wrapped)]

    return asyncio.run(chunks())


def by_values(wrapped: AsyncIterator[Any]) -> list[bytes]:
    async def chunks() -> list[bytes]:
        stream = await begun_async(wrapped)
        read = [await anext(stream, b"")]
        async for value in stream.values:
            passes = stream.passes_bytes and type(value) is bytes
            read.append(value if passes else stream.to_chunk(value))
        await stream.end()
        return [chunk for chunk in read if chunk]

    return asyncio.run(chunks())


KINDS = [pytest.param(wrap, wrap_async, id=name) for name, wrap, wrap_async in WRAPPERS]


@pytest.mark.parametrize(("wrap", "wrap_async"), KINDS)
def test_what_is_read_directly_is_what_the_wrapper_gives(
    wrap: Callable[[Any], Any], wrap_async: Callable[[Any], Any]
) -> None:
    for values in SEQUENCES:
        expected = attempt(reference, wrap(generator(values)))

        assert attempt(by_chunks, wrap(generator(values))) == expected, values
        assert attempt(by_chunks, wrap(Source(values))) == expected, values
        assert attempt(by_chunks_on_loop, wrap_async(async_generator(values))) == expected, values
        assert attempt(by_values, wrap_async(async_generator(values))) == expected, values
        assert attempt(by_values, wrap_async(AsyncSource(values))) == expected, values


@pytest.mark.parametrize(("wrap", "wrap_async"), KINDS)
@pytest.mark.parametrize("values", [("a", "b"), ("a", 7, "b"), ("a", object(), "b")])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_source_in_a_wrapper_is_closed_once(
    wrap: Callable[[Any], Any],
    wrap_async: Callable[[Any], Any],
    values: tuple[Any, ...],
    count: int,
) -> None:
    source, async_source = Source(values), AsyncSource(values)

    async def use() -> None:
        stream = await begun_async(wrap_async(async_source))
        with suppress(*ERRORS):
            for _ in range(count):
                await anext(stream, None)
        await stream.aclose()

    stream = begun(wrap(source))
    with suppress(*ERRORS):
        for _ in range(count):
            next(stream, None)
    stream.close()
    asyncio.run(use())

    assert (source.closed, async_source.closed) == (1, 1)


def test_every_step_of_a_source_runs_in_one_context() -> None:
    def values() -> Iterator[str]:
        token = variable.set("set")
        yield variable.get()
        yield variable.get()
        try:
            yield variable.get()
        finally:
            variable.reset(token)

    stream = begun(held(values()))
    read = [next(stream), *(chunk for chunk, _ in zip(stream, range(2), strict=False))]
    stream.close()

    assert (read, variable.get()) == ([b"SET"] * 3, "none")
