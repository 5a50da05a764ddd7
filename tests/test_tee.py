"""Two readers of one source: each gets every chunk, in order, once, and its error."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, cast

import pytest

from portico import Response
from portico._stream import ByteStream
from portico._tee import tee


class Pulls:
    """What a source has to give, and what was asked of it."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = list(chunks)
        self.pulled = 0
        self.closed = 0

    def take(self) -> Any:
        if not self.chunks:
            return None
        self.pulled += 1
        chunk = self.chunks.pop(0)
        if isinstance(chunk, BaseException):
            self.chunks.clear()  # as a generator ends with what it raises
            raise chunk
        return chunk


class Source:
    def __init__(self, pulls: Pulls) -> None:
        self.pulls = pulls

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk: bytes | None = self.pulls.take()
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        self.pulls.closed += 1


class AsyncSource:
    def __init__(self, pulls: Pulls) -> None:
        self.pulls = pulls

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk: bytes | None = self.pulls.take()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        self.pulls.closed += 1


async def as_async(chunks: object) -> AsyncIterator[bytes]:
    """The chunks of a branch of either colour."""
    if isinstance(chunks, AsyncIterable):
        async for chunk in cast("AsyncIterable[bytes]", chunks):
            yield chunk
    else:
        for chunk in cast("Iterable[bytes]", chunks):
            yield chunk


@pytest.mark.parametrize("kind", [Source, AsyncSource])
def test_both_branches_get_every_chunk_and_the_source_is_pulled_once(kind: Any) -> None:
    pulls = Pulls(b"a", b"b", b"c")

    async def read() -> tuple[list[bytes], list[bytes]]:
        left, right = map(as_async, tee(kind(pulls)))
        first = [await anext(left)]
        second = [await anext(right), await anext(right)]
        first += [chunk async for chunk in left]
        second += [chunk async for chunk in right]
        return first, second

    assert asyncio.run(read()) == ([b"a", b"b", b"c"], [b"a", b"b", b"c"])
    assert pulls.pulled == 3


@pytest.mark.parametrize("kind", [Source, AsyncSource])
def test_a_source_that_breaks_breaks_both_branches_at_the_same_chunk(kind: Any) -> None:
    pulls = Pulls(b"a", OSError("gone"))

    async def read() -> list[list[bytes]]:
        found: list[list[bytes]] = []
        for branch in map(as_async, tee(kind(pulls))):
            found.append([await anext(branch)])
            with pytest.raises(OSError, match="gone"):
                await anext(branch)
        return found

    assert asyncio.run(read()) == [[b"a"], [b"a"]]


def test_the_source_is_closed_with_the_second_branch() -> None:
    pulls = Pulls(b"a")
    left, right = (ByteStream(branch) for branch in tee(Source(pulls)))

    left.close()
    left.close()
    assert pulls.closed == 0
    right.close()

    assert pulls.closed == 1


def test_an_asynchronous_source_is_closed_with_the_second_branch() -> None:
    pulls = Pulls(b"a")

    async def use() -> list[int]:
        closed: list[int] = []
        for branch in tee(AsyncSource(pulls)):
            await ByteStream(branch).aclose()
            closed.append(pulls.closed)
        return closed

    assert asyncio.run(use()) == [0, 1]


def test_a_response_that_breaks_off_breaks_off_in_its_clone_too() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise OSError("gone")

    response = Response(chunks())
    clone = response.clone()

    for each in (response, clone):
        with pytest.raises(OSError, match="gone"):
            each.sync.bytes()


def test_a_source_of_both_colours_gives_branches_of_both_colours() -> None:
    class Both(Source, AsyncSource):
        pass

    left, right = tee(Both(Pulls(b"a", b"b")))

    async def read(branch: Any) -> list[bytes]:
        return [chunk async for chunk in branch]

    assert list(cast("Iterable[bytes]", left)) == [b"a", b"b"]
    assert asyncio.run(read(right)) == [b"a", b"b"]
