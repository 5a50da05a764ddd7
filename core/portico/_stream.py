"""`ByteStream`: the chunks of a body that is not in memory, read once and closed once."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from portico._server_sent_event import ServerSentEvent, is_event

if TYPE_CHECKING:
    from portico.contract import Platform

Chunk: TypeAlias = bytes | bytearray | memoryview | str | ServerSentEvent[Any]

_END: Any = object()


class Idle(NamedTuple):
    """What to send while a stream gives nothing.

    Attributes:
        seconds: how long it has given nothing, each time, before the chunk is sent.
        chunk: not empty; whole in itself, as the stream's own chunks are.
    """

    seconds: float
    chunk: bytes


class ByteStream:
    """The chunks of a streamed answer.

    `is_async` says how to read it: `for chunk in stream` and `close()`, or `async for` and
    `aclose()`, which also read a synchronous one, blocking. Text is encoded as UTF-8; empty chunks
    are left out. Closing is idempotent: the source's own `close` or `aclose` runs exactly once,
    also when the source was never started, has ended or raised. A synchronous source is read in
    the context (`contextvars`) of its creator.

    Args:
        source: the chunks.
        length: how many bytes they are together, where that is known.
        idle: what its reader sends while a chunk takes long, where it can send meanwhile; None
            where nothing may come between the chunks.
    """

    __slots__ = (
        "_closed",
        "_context",
        "_expected",
        "_iterator",
        "_source",
        "idle",
        "is_async",
        "length",
    )

    def __init__(
        self,
        source: Iterable[Chunk] | AsyncIterable[Chunk],
        *,
        length: int | None = None,
        idle: Idle | None = None,
    ) -> None:
        self.length: int | None = length
        self.idle: Idle | None = idle
        self._closed = False
        self._expected: int | None = None
        self._source: Any = source
        self._iterator: Any
        self._context: Context | None = None
        self.is_async: bool = isinstance(source, AsyncIterable)
        if isinstance(source, AsyncIterable):
            self._iterator = aiter(source)
        else:
            self._iterator = iter(source)
            self._context = copy_context()

    def expect(self, length: int) -> None:
        """Hold the stream to the Content-Length that was announced: else it breaks."""
        self._expected = length
        self.idle = None

    def __iter__(self) -> Iterator[bytes]:
        if self.is_async:
            raise TypeError("This stream is asynchronous. Read it with `async for`.")
        return self

    def __next__(self) -> bytes:
        while not self._closed and self._context is not None:
            try:
                chunk = self._context.run(next, self._iterator, _END)
                data = b"" if chunk is _END else self._counted(_encoded(chunk))
            except BaseException:
                self.close()
                raise
            if chunk is _END:
                self.close()
                self._check_end()
                break
            if data:
                return data
        raise StopIteration

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self.is_async:
            chunk = next(self, _END)
            if chunk is _END:
                raise StopAsyncIteration
            return chunk
        while not self._closed:
            try:
                chunk = await anext(self._iterator, _END)
                data = b"" if chunk is _END else self._counted(_encoded(chunk))
            except BaseException:
                await self.aclose()
                raise
            if chunk is _END:
                await self.aclose()
                self._check_end()
                break
            if data:
                return data
        raise StopAsyncIteration

    def _counted(self, data: bytes) -> bytes:
        if self._expected is not None:
            self._expected -= len(data)
            if self._expected < 0:
                raise ValueError("The stream is longer than the Content-Length of its response.")
        return data

    def _check_end(self) -> None:
        if self._expected:
            raise ValueError(
                f"The stream ended {self._expected} bytes before its response's Content-Length."
            )

    def close(self) -> None:
        """Close a synchronous source; later calls do nothing."""
        if self._closed:
            return
        self._closed = True
        if self._context is not None:
            for close in self._closes("close"):
                self._context.run(close)

    def _closes(self, name: str) -> list[Callable[[], Any]]:
        """The `close` of the iterator, and of what it iterates over where that is another."""
        found = (
            [self._iterator] if self._iterator is self._source else [self._iterator, self._source]
        )
        return [getattr(each, name) for each in found if hasattr(each, name)]

    async def aclose(self) -> None:
        """Close the source, asynchronous or not; later calls do nothing."""
        if not self.is_async:
            self.close()
            return
        if self._closed:
            return
        self._closed = True
        try:
            for aclose in self._closes("aclose"):
                await aclose()
        except BaseExceptionGroup as group:
            # A generator that is closed inside a task group: the group wraps what closed it.
            _, others = group.split(GeneratorExit)
            if others is not None:
                raise others from None


def offloaded(stream: ByteStream, platform: Platform) -> ByteStream:
    """The same stream for an event loop: each `next` and the `close` off the loop."""
    return ByteStream(_Offloaded(stream, platform), length=stream.length, idle=stream.idle)


class _Offloaded:
    __slots__ = ("_platform", "_stream")

    def __init__(self, stream: ByteStream, platform: Platform) -> None:
        self._stream = stream
        self._platform = platform

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        # StopIteration cannot cross a future, so the end travels as a value.
        chunk = await self._platform.run_blocking(lambda: next(self._stream, _END))
        if chunk is _END:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        await self._platform.run_blocking(self._stream.close)


def _encoded(chunk: object) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytearray):
        return bytes(chunk)
    if isinstance(chunk, memoryview):
        return chunk.tobytes()
    if is_event(chunk):
        return bytes(chunk)
    raise TypeError(
        f"A stream gave {chunk!r} of type {type(chunk).__name__}. A chunk is bytes or str. "
        "Encode the value first."
    )
