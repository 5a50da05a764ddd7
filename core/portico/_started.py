"""Streams whose first value was taken, because it decides what they are.

=====================  ============================  ==========================================
first value            Content-Type                  how each value is sent
=====================  ============================  ==========================================
text                   `text/plain`                  text and bytes as they are, others as JSON
                                                     and a line end
bytes                  `application/octet-stream`    the same
`ServerSentEvent`      `text/event-stream`           events; others as the data of one
anything else          `application/x-ndjson`        its JSON and a line end, text and bytes
                                                     (in base64) among them
=====================  ============================  ==========================================

Values of None are left out, before the first value too. What `ctx.set.headers` says of the
Content-Type before it goes before the table's, and `text/event-stream` there makes events of
everything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from portico._json import to_json
from portico._server_sent_event import EVENT_STREAM, ServerSentEvent, as_event

if TYPE_CHECKING:
    from contextvars import Context

    from portico._stream import Chunk

TEXT: Final = "text/plain;charset=UTF-8"
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
BYTES: Final = "application/octet-stream"

_END: Final[Any] = object()


def stream_type(first: object, declared: str | None) -> tuple[str, Callable[[Any], Chunk]]:
    """The Content-Type of a stream, and how its values become chunks.

    Args:
        first: its first value.
        declared: the Content-Type that was set up to then, or None.
    """
    if isinstance(first, ServerSentEvent) or _is_event_stream(declared):
        return EVENT_STREAM, _event
    if isinstance(first, str):
        return TEXT, _as_chunk
    if isinstance(first, bytes | bytearray | memoryview):
        return BYTES, _as_chunk
    return NDJSON, _json_line


def _is_event_stream(content_type: str | None) -> bool:
    return (content_type or "").partition(";")[0].strip().lower() == EVENT_STREAM


def _event(value: Any) -> Chunk:
    return b"" if value is None else as_event(value)


def _as_chunk(value: Any) -> Chunk:
    if value is None:
        return b""
    if isinstance(value, str | bytes | bytearray):
        return value
    return value.tobytes() if isinstance(value, memoryview) else _json_line(value)


def _json_line(value: Any) -> Chunk:
    return b"" if value is None else to_json(value) + b"\n"


class Started:
    """A synchronous stream whose first value is taken to see what it is.

    Every step of the source, the first among them, runs in one context (`contextvars`), so that it
    may reset what it has set.
    """

    __slots__ = ("_context", "_encode", "_first", "_source")

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self._context: Context = copy_context()
        self._first: Any = _END
        self._encode: Callable[[Any], Chunk] = _json_line

    def begin(self) -> None:
        """Take the first value that is not None.

        Raises:
            StopIteration: there is none; its `value` is what the source returned.
            Exception: what the source raised. It is closed.
        """
        try:
            first = self._context.run(next, self._source)
            while first is None:
                first = self._context.run(next, self._source)
        except BaseException:
            self.close()
            raise
        self._first = first

    def decide(self, declared: str | None) -> str:
        """What the first value makes of the stream: its Content-Type; see `stream_type`."""
        content_type, self._encode = stream_type(self._first, declared)
        return content_type

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        value, self._first = self._first, _END
        return self._encode(self._context.run(next, self._source) if value is _END else value)

    def close(self) -> None:
        """Close the source."""
        close = getattr(self._source, "close", None)
        if close is not None:
            self._context.run(close)


class StartedAsync:
    """The same for an asynchronous stream, whose every step runs in the task that awaits it."""

    __slots__ = ("_encode", "_first", "_source")

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self._first: Any = _END
        self._encode: Callable[[Any], Chunk] = _json_line

    async def begin(self) -> bool:
        """Take the first value that is not None; returns whether there is one.

        Raises:
            Exception: what the source raised. It is closed.
        """
        try:
            first = await anext(self._source, _END)
            while first is None:
                first = await anext(self._source, _END)
        except BaseException:
            await self.aclose()
            raise
        if first is _END:
            await self.aclose()
            return False
        self._first = first
        return True

    def decide(self, declared: str | None) -> str:
        """What the first value makes of the stream: its Content-Type; see `stream_type`."""
        content_type, self._encode = stream_type(self._first, declared)
        return content_type

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
