"""Streams whose first value was taken, because it decides what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from portico._json import to_json

if TYPE_CHECKING:
    from portico._stream import Chunk

TEXT: Final = "text/plain;charset=UTF-8"
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
BYTES: Final = "application/octet-stream"

_END: Final[Any] = object()


def stream_type(first: object) -> tuple[str, Callable[[Any], Chunk]]:
    """The Content-Type of a stream, and how its values become chunks."""
    if isinstance(first, str):
        return TEXT, _as_chunk
    if isinstance(first, bytes | bytearray | memoryview):
        return BYTES, _as_chunk
    return NDJSON, _json_line


def _as_chunk(value: Any) -> Chunk:
    if value is None:
        return b""
    if isinstance(value, str | bytes | bytearray):
        return value
    return value.tobytes() if isinstance(value, memoryview) else _json_line(value)


def _json_line(value: Any) -> Chunk:
    return b"" if value is None else to_json(value) + b"\n"


class Started:
    """A stream whose first value was taken to see what it is."""

    __slots__ = ("_encode", "_first", "_source")

    def __init__(self, first: Any, source: Any, encode: Callable[[Any], Chunk]) -> None:
        self._first = first
        self._source = source
        self._encode = encode

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        value, self._first = self._first, _END
        return self._encode(next(self._source) if value is _END else value)

    def close(self) -> None:
        """Close the source."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


class StartedAsync:
    """The same for an asynchronous stream."""

    __slots__ = ("_encode", "_first", "_source")

    def __init__(self, first: Any, source: Any, encode: Callable[[Any], Chunk]) -> None:
        self._first = first
        self._source = source
        self._encode = encode

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        value, self._first = self._first, _END
        return self._encode(await anext(self._source) if value is _END else value)

    async def aclose(self) -> None:
        """Close the source."""
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()
