"""Streams: read once, closed once, on every path, in the context of who made them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import pytest

from portico._offloaded_stream import offloaded
from portico._stream import ByteStream
from portico.contract import Platform, Runtime

T = TypeVar("T")

variable: ContextVar[str] = ContextVar("variable", default="none")


class LoopPlatform(Platform):
    """A runtime with an event loop, and threads for what blocks."""

    runtime = Runtime("test", "loop")

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await asyncio.to_thread(fn)


class Source:
    """A synchronous source that counts how often it is closed."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = iter(chunks)
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        chunk = next(self.chunks)
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk

    def close(self) -> None:
        self.closed += 1


class AsyncSource:
    """The same for asynchronous code."""

    def __init__(self, *chunks: Any) -> None:
        self.source = Source(*chunks)

    @property
    def closed(self) -> int:
        return self.source.closed

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self.source)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.source.close()


async def collect(stream: ByteStream) -> list[bytes]:
    return [chunk async for chunk in stream]


async def by_values(stream: ByteStream) -> list[bytes]:
    """The chunks as a reader gets them that reads the values itself."""
    chunks: list[bytes] = []
    try:
        first = await anext(stream, None)
        if first is not None:
            chunks.append(first)
            async for value in stream.values:
                passes = stream.passes_bytes and type(value) is bytes
                chunk: bytes = value if passes else stream.to_chunk(value)
                if chunk:
                    chunks.append(chunk)
            await stream.end()
    finally:
        await stream.aclose()
    return chunks


CHUNKS = ("é", b"", b"a", bytearray(b"b"), "", memoryview(b"c"))
ENCODED = ["é".encode(), b"a", b"b", b"c"]


def test_chunks_of_every_kind_come_as_bytes_and_empty_ones_not_at_all() -> None:
    assert list(ByteStream(Source(*CHUNKS))) == ENCODED
    assert asyncio.run(collect(ByteStream(AsyncSource(*CHUNKS)))) == ENCODED
    assert asyncio.run(collect(ByteStream(Source(*CHUNKS)))) == ENCODED


def test_a_stream_says_how_it_is_read() -> None:
    assert not ByteStream([b"a"]).is_async
    assert ByteStream(AsyncSource()).is_async
    with pytest.raises(TypeError, match="async for"):
        iter(ByteStream(AsyncSource()))


@pytest.mark.parametrize("chunks", [(), (b"",), ("",), (b"a",), CHUNKS, (*CHUNKS, b"", *CHUNKS)])
@pytest.mark.parametrize("length", [None, -1, 0, 1])
def test_the_values_of_a_stream_are_its_chunks(chunks: tuple[Any, ...], length: int | None) -> None:
    async def generator() -> AsyncIterator[Any]:
        for chunk in chunks:
            yield chunk

    def outcome(read: Callable[[ByteStream], Awaitable[Any]], stream: ByteStream) -> object:
        async def run() -> object:
            try:
                return await read(stream)
            except ValueError as error:
                return str(error)

        if length is not None:
            whole = sum(len(bytes(ByteStream([chunk]).to_chunk(chunk))) for chunk in chunks)
            stream.expect(max(0, whole + length))
        return asyncio.run(run())

    source = AsyncSource(*chunks)
    expected = outcome(collect, ByteStream(AsyncSource(*chunks)))

    assert outcome(by_values, ByteStream(source)) == expected
    assert outcome(by_values, ByteStream(generator())) == expected
    assert outcome(by_values, ByteStream(Source(*chunks))) == expected
    assert outcome(collect, ByteStream(Source(*chunks))) == expected
    assert source.closed == 1


class Restarting(Source):
    """A source that begins anew for whoever asks it for an iterator."""

    def __iter__(self) -> Iterator[Any]:
        self.chunks = iter([b"a", b"b", b"c"])
        return self


class AsyncRestarting(AsyncSource):
    """The same for asynchronous code."""

    def __aiter__(self) -> AsyncIterator[Any]:
        self.source = Source(b"a", b"b", b"c")
        return self


def test_a_source_is_asked_for_an_iterator_once() -> None:
    async def use() -> list[bytes]:
        stream = ByteStream(AsyncRestarting())
        return [await anext(stream), *[value async for value in stream.values]]

    stream = ByteStream(Restarting())

    assert [next(stream), next(stream), *stream] == [b"a", b"b", b"c"]
    assert asyncio.run(use()) == [b"a", b"b", b"c"]


def test_the_values_of_a_synchronous_source_are_taken_in_its_context() -> None:
    def chunks() -> Iterator[bytes]:
        token = variable.set("set")
        yield b"a"
        yield variable.get().encode()
        variable.reset(token)

    assert asyncio.run(by_values(ByteStream(chunks()))) == [b"a", b"set"]
    assert variable.get() == "none"


def test_a_stream_is_read_on_in_another_way_where_it_was_left() -> None:
    source = Source(b"a", b"b", b"c", b"d")
    stream = ByteStream(source)

    read = [next(stream)]
    for chunk in stream:
        read.append(chunk)
        break
    read += [next(stream), *stream]

    assert (read, source.closed) == ([b"a", b"b", b"c", b"d"], 1)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_source_that_ended_was_closed_once(times: int) -> None:
    source = Source(b"a", b"b")
    stream = ByteStream(source)

    assert list(stream) == [b"a", b"b"]
    for _ in range(times):
        stream.close()

    assert source.closed == 1
    assert list(stream) == []


@pytest.mark.parametrize("read", [0, 1])
def test_a_source_that_was_not_read_to_its_end_is_closed_once(read: int) -> None:
    source = Source(b"a", b"b")
    stream = ByteStream(source)

    for _ in range(read):
        next(stream)
    stream.close()
    stream.close()

    assert source.closed == 1
    assert list(stream) == []


def test_a_source_that_raises_was_closed_once_and_never_looks_complete() -> None:
    source = Source(b"a", OSError("gone"))
    stream = ByteStream(source)

    assert next(stream) == b"a"
    with pytest.raises(OSError, match="gone"):
        next(stream)
    stream.close()

    assert source.closed == 1


@pytest.mark.parametrize("chunks", [(b"a", b"b"), (b"a", OSError("gone")), ()])
@pytest.mark.parametrize("read", [0, 1, 9])
def test_an_asynchronous_source_is_closed_once_however_it_ends(
    chunks: tuple[Any, ...], read: int
) -> None:
    source = AsyncSource(*chunks)
    stream = ByteStream(source)

    async def use() -> None:
        try:
            for _ in range(read):
                await anext(stream, None)
        except OSError:
            pass
        await stream.aclose()
        await stream.aclose()

    asyncio.run(use())

    assert source.closed == 1


@pytest.mark.parametrize("read", [0, 1, 3])
def test_what_makes_the_iterator_is_closed_as_well(read: int) -> None:
    closed: list[str] = []

    class Rows:
        def __iter__(self) -> Iterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                closed.append("iterator")

        def close(self) -> None:
            closed.append("rows")

    stream = ByteStream(Rows())
    for _ in range(read):
        next(stream, None)
    stream.close()
    stream.close()

    assert closed == (["iterator", "rows"] if read else ["rows"])


def test_a_source_without_a_close_needs_none() -> None:
    stream = ByteStream([b"a", b"b"])

    next(stream)
    stream.close()

    assert list(stream) == []


@pytest.mark.parametrize("chunk", [1, None, ["a"], object()])
def test_a_chunk_that_is_neither_bytes_nor_text_says_what_it_is(chunk: object) -> None:
    source = Source(chunk, b"a")

    with pytest.raises(TypeError, match=rf"{type(chunk).__name__}\. A chunk is bytes or str"):
        list(ByteStream(source))
    assert source.closed == 1


@pytest.mark.parametrize(
    ("chunks", "length", "words"),
    [([b"abc"], 2, "longer"), ([b"a", b"b"], 1, "longer"), ([b"a"], 2, "1 bytes before")],
)
def test_a_stream_that_breaks_its_announced_length_breaks(
    chunks: list[bytes], length: int, words: str
) -> None:
    for stream in (ByteStream(chunks), ByteStream(AsyncSource(*chunks))):
        stream.expect(length)
        with pytest.raises(ValueError, match=words):
            asyncio.run(collect(stream))


def test_a_stream_that_keeps_its_announced_length_is_whole() -> None:
    stream = ByteStream([b"ab", b"c"], length=3)
    stream.expect(3)

    assert (stream.length, list(stream)) == (3, [b"ab", b"c"])


def test_a_synchronous_source_sees_the_variables_of_who_made_the_stream() -> None:
    seen: list[str] = []

    def chunks() -> Iterator[bytes]:
        try:
            seen.append(variable.get())
            yield b"a"
            seen.append(variable.get())
            variable.set("changed")
            yield b"b"
        finally:
            seen.append(variable.get())

    token = variable.set("made")
    stream = ByteStream(chunks())
    variable.reset(token)

    assert next(stream) == b"a"
    variable.set("elsewhere")
    assert next(stream) == b"b"
    stream.close()

    assert seen == ["made", "made", "changed"]
    assert variable.get() == "elsewhere"


def test_an_offloaded_stream_never_touches_the_thread_of_the_loop() -> None:
    threads: set[int] = set()

    class Recording(Source):
        def __next__(self) -> Any:
            threads.add(threading.get_ident())
            return super().__next__()

        def close(self) -> None:
            threads.add(threading.get_ident())
            super().close()

    source = Recording(b"a", b"b")
    stream = offloaded(ByteStream(source, length=2), LoopPlatform())

    assert stream.is_async
    assert stream.length == 2
    assert asyncio.run(collect(stream)) == [b"a", b"b"]
    assert threading.get_ident() not in threads
    assert source.closed == 1


def test_an_offloaded_stream_that_is_left_early_is_closed_once_off_the_loop() -> None:
    source = Source(b"a", b"b")
    stream = offloaded(ByteStream(source), LoopPlatform())

    async def use() -> None:
        assert await anext(stream) == b"a"
        await stream.aclose()
        await stream.aclose()

    asyncio.run(use())

    assert source.closed == 1


def test_a_generator_that_is_closed_inside_a_task_group_is_closed() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        async with asyncio.TaskGroup():
            yield b"a"
            yield b"b"

    async def use() -> None:
        stream = ByteStream(chunks())
        assert await anext(stream) == b"a"
        await stream.aclose()

    asyncio.run(use())


def test_what_fails_while_a_generator_is_closed_is_raised() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            raise OSError("flush failed")

    async def use() -> None:
        stream = ByteStream(chunks())
        await anext(stream)
        await stream.aclose()

    with pytest.raises(OSError, match="flush failed"):
        asyncio.run(use())


def test_a_stream_that_is_cancelled_while_it_waits_is_closed() -> None:
    events: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            events.append("waiting")
            await asyncio.Event().wait()
            yield b"never"
        finally:
            events.append("closed")

    async def use() -> None:
        task: asyncio.Future[Any] = asyncio.ensure_future(_first(ByteStream(chunks())))
        while not events:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(use())

    assert events == ["waiting", "closed"]


def _first(stream: ByteStream) -> Awaitable[bytes]:
    async def first() -> bytes:
        return await anext(stream)

    return first()
