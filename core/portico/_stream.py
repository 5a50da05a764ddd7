"""`ByteStream`: the chunks of a body that is not in memory, read once and closed once."""

from __future__ import annotations

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from contextvars import Context, copy_context
from functools import cache
from itertools import repeat
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from typing import TypeGuard

    from portico._file_open import OpenFile
    from portico._idle import Idle
    from portico._server_sent_event import ServerSentEvent
    from portico._started import Begun

Chunk: TypeAlias = "bytes | bytearray | memoryview | str | ServerSentEvent[Any]"

_END: Any = object()
_GENERATORS = (AsyncGeneratorType, GeneratorType)


class ByteStream:
    """The chunks of a streamed answer.

    `is_async` says how to read it: `for chunk in stream` and `close()`, or `async for` and
    `aclose()`, which also read a synchronous one, blocking. Text is encoded as UTF-8; empty chunks
    are left out. Closing is idempotent: the source's own `close` or `aclose` runs exactly once,
    also when the source was never started, has ended or raised. A synchronous source is read in
    the context (`contextvars`) of its creator.

    An asynchronous reader may spare itself a coroutine for each chunk; see `values`.

    Args:
        source: the chunks.
        length: how many bytes they are together, where that is known.
        idle: what its reader sends while a chunk takes long, where it can send meanwhile; None
            where nothing may come between the chunks.

    Attributes:
        passes_bytes: whether bytes among the `values` are chunks as they are.
        passes_text: whether text among them is its UTF-8.
        has_ended: whether its reader came to its end, which has closed it, or to an error. Not told
            of an asynchronous stream that is read by `async for`.
        is_file: whether it is a `FileStream`, whose file the server may send by itself.
    """

    is_file: ClassVar[bool] = False

    __slots__ = (
        "_closed",
        "_context",
        "_convert",
        "_expected",
        "_failed",
        "_first",
        "_reader",
        "_sources",
        "_values",
        "has_ended",
        "idle",
        "is_async",
        "length",
        "passes_bytes",
        "passes_text",
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
        self.is_async: bool = isinstance(source, AsyncIterable)
        self._values: Any
        self._context: Context | None = None
        if isinstance(source, AsyncIterable):
            self._values = aiter(source)
        else:
            self._values = iter(source)
            self._context = copy_context()
        self._sources: tuple[Any, ...] = (
            (source,) if self._values is source else (self._values, source)
        )
        self._first: Callable[[], bytes] | None = None
        self._convert: Callable[[Any], bytes] = encoded
        self.passes_bytes: bool = True
        self.passes_text: bool = True
        self.has_ended: bool = False
        self._closed = False
        self._failed: Callable[[Exception], object] | None = None
        self._expected: int | None = None
        self._reader: Generator[bytes, None, None] | None = None

    @classmethod
    def begun(cls, begun: Begun, *, idle: Idle | None = None) -> ByteStream:
        """The stream of a source whose first value was taken, with that value."""
        self = cls.going_on(
            begun.values,
            begun.context,
            begun.first,
            begun.convert,
            passes_bytes=begun.passes_bytes,
            passes_text=begun.passes_text,
        )
        self._sources = (begun.source,)
        self.idle = idle
        return self

    @classmethod
    def going_on(
        cls,
        values: Iterator[Any] | AsyncIterator[Any],
        context: Context | None,
        first: Callable[[], bytes] | None,
        convert: Callable[[Any], bytes],
        *,
        passes_bytes: bool,
        passes_text: bool,
    ) -> ByteStream:
        """The stream of an iterator that was begun; see `Begun`."""
        self = cls.__new__(cls)
        self.length = self.idle = self._expected = self._reader = self._failed = None
        self.is_async = context is None
        self._values = values
        self._context = context
        self._sources = (values,)
        self._first = first
        self._convert = convert
        self.passes_bytes = passes_bytes
        self.passes_text = passes_text
        self._closed = self.has_ended = False
        return self

    def expect(self, length: int) -> None:
        """Hold the stream to the Content-Length that was announced: else it breaks."""
        self._expected = length
        self.passes_bytes = self.passes_text = False
        self.idle = None

    def over(self, source: AsyncIterable[Chunk]) -> ByteStream:
        """The same stream, read by way of another source."""
        return ByteStream(source, length=self.length, idle=self.idle)

    def __iter__(self) -> Iterator[bytes]:
        if self._context is None:
            raise TypeError("This stream is asynchronous. Read it with `async for`.")
        # All of `__next__` in C: a call in Python costs as much as the rest of a chunk.
        return map(self._context.run, repeat(self._opened().__next__))

    def __next__(self) -> bytes:
        if self._context is None:
            raise StopIteration
        return self._context.run(self._opened().__next__)

    def _opened(self) -> Generator[bytes, None, None]:
        if self._reader is None:
            self._reader = self._read()
        return self._reader

    def watched(self, failed: Callable[[Exception], object]) -> Iterator[bytes]:
        """The chunks of a synchronous stream; `failed` is told when one cannot be had.

        What is raised then is raised to the reader too.
        """
        self._failed = failed
        return iter(self)

    def _read(self) -> Generator[bytes, None, None]:
        """The chunks of a synchronous source; each step of it is made in the stream's context."""
        if self._closed:
            self.has_ended, self._failed = True, None
            return
        passed = bytes if self.passes_bytes else None
        text = str if self.passes_text else None
        try:
            try:
                if self._first is not None and (chunk := self._first_chunk()):
                    yield chunk
                for value in _each_of()(self._values):
                    if type(value) is passed:
                        if value:
                            yield value
                    elif chunk := value.encode() if type(value) is text else self.to_chunk(value):
                        yield chunk
            except GeneratorExit:
                raise  # `close` closes the source as well
            except BaseException:
                self._release()
                raise
            if not self._is_spent():
                self._release()
            self._check_end()
        except Exception as error:
            self.has_ended = True
            failed, self._failed = self._failed, None
            if failed is not None:
                failed(error)
            raise
        self.has_ended = True
        self._failed = None  # who may hold this stream

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
                if self._first is not None and (chunk := self._first_chunk()):
                    return chunk
                value = await self._values.__anext__()
                passes = self.passes_bytes and type(value) is bytes
                chunk = value if passes else self.to_chunk(value)
            except StopAsyncIteration:
                await self.end()
                break
            except BaseException:
                await self.aclose()
                raise
            if chunk:
                return chunk
        raise StopAsyncIteration

    @property
    def values(self) -> AsyncIterator[Any]:
        """What the source gives, after the first chunk was read by `anext(stream)`.

        The reader makes the chunks by `to_chunk`, but for bytes (exactly of that type) where
        `passes_bytes` is true, and for text where `passes_text` is; it sends none that is empty.
        After the last value it awaits `end`, and in every case `aclose`.
        """
        return _each_of_async()(self._values, self._context)

    def to_chunk(self, value: Any) -> bytes:
        """The chunk that a value of the source is; an empty one is not sent.

        Raises:
            ValueError: the stream is longer than was announced.
            Exception: the value has no form on the wire.
        """
        return self._counted(self._convert(value))

    def _first_chunk(self) -> bytes:
        first, self._first = self._first, None
        return b"" if first is None else self._counted(first())

    def _counted(self, data: bytes) -> bytes:
        if self._expected is not None:
            self._expected -= len(data)
            if self._expected < 0:
                raise ValueError("The stream is longer than the Content-Length of its response.")
        return data

    async def end(self) -> None:
        """Close a stream whose source has come to its end, for a reader of its values.

        Raises:
            ValueError: it is shorter than was announced.
            Exception: what closing raised.
        """
        if not self._is_spent():
            await self.aclose()
        self.has_ended = True
        self._check_end()

    def _is_spent(self) -> bool:
        """Whether a source that has come to its end is closed by that: it was a generator."""
        is_spent = len(self._sources) == 1 and isinstance(self._sources[0], _GENERATORS)
        self._closed = self._closed or is_spent
        return is_spent

    def _check_end(self) -> None:
        if self._expected:
            raise ValueError(
                f"The stream ended {self._expected} bytes before its response's Content-Length."
            )

    def close(self) -> None:
        """Close a synchronous source; later calls do nothing."""
        self._failed = None
        if self._closed:
            return
        self._closed = True
        if self._context is not None:
            self._context.run(self._give_up)

    def _give_up(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._release()

    def _release(self) -> None:
        self._closed = True
        for close in self._closes("close"):
            close()

    def _closes(self, name: str) -> list[Callable[[], Any]]:
        """The `close` of the iterator, and of what it iterates over where that is another."""
        return [getattr(each, name) for each in self._sources if hasattr(each, name)]

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


def file_of(stream: ByteStream) -> OpenFile:
    """The open file that a stream with `is_file` is, which the stream closes.

    Raises:
        TypeError: it is another stream.
    """
    from portico._file_stream import FileStream

    if not isinstance(stream, FileStream):
        raise TypeError("This stream is no whole file. Look at its `is_file` first.")
    return stream.file


# Loaded with the first of them, since many applications have none: the statement costs more than
# the call, each time.


@cache
def _each_of() -> Callable[[Iterator[Any]], Iterator[Any]]:
    from portico._remaining import each_of

    return each_of


@cache
def _each_of_async() -> Callable[[Any, Context | None], AsyncIterator[Any]]:
    from portico._remaining import each_of_async

    return each_of_async


@cache
def _is_event() -> Callable[[object], TypeGuard[ServerSentEvent[Any]]]:
    from portico._server_sent_event import is_event

    return is_event


def encoded(chunk: object) -> bytes:
    """A chunk as bytes.

    Raises:
        TypeError: it is neither bytes nor text, nor an event.
    """
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytearray):
        return bytes(chunk)
    if isinstance(chunk, memoryview):
        return chunk.tobytes()
    if _is_event()(chunk):
        return bytes(chunk)
    raise TypeError(
        f"A stream gave {chunk!r} of type {type(chunk).__name__}. A chunk is bytes or str. "
        "Encode the value first."
    )
