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
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from portico._held_stream import HeldAsyncIterator, HeldIterator
from portico._json import to_json
from portico._server_sent_event import EVENT_STREAM, ServerSentEvent, as_event
from portico._sse import AsyncEventStream, EventStream
from portico._stream import encoded

if TYPE_CHECKING:
    from contextvars import Context

    from portico._held_stream import Hold

TEXT: Final = "text/plain;charset=UTF-8"
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
BYTES: Final = "application/octet-stream"

_END: Final[Any] = object()
_WRAPPERS: Final = frozenset({HeldIterator, HeldAsyncIterator, EventStream, AsyncEventStream})


def stream_type(first: object, declared: str | None) -> tuple[str, Callable[[Any], bytes]]:
    """The Content-Type of a stream, and how its values become chunks.

    Args:
        first: its first value.
        declared: the Content-Type that was set up to then, or None.
    """
    if declared is not None and _is_event_stream(declared):
        return EVENT_STREAM, _event
    if type(first) is bytes:
        return BYTES, as_it_is
    if isinstance(first, ServerSentEvent):
        return EVENT_STREAM, _event
    if isinstance(first, str):
        return TEXT, as_it_is
    if isinstance(first, bytes | bytearray | memoryview):
        return BYTES, as_it_is
    return NDJSON, _json_line


def _is_event_stream(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == EVENT_STREAM


def _event(value: Any) -> bytes:
    if type(value) is str and "\n" not in value and "\r" not in value:
        return f"data: {value}\n\n".encode()  # what the event would be that has this one line
    return b"" if value is None else bytes(as_event(value))


def as_it_is(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        return value.encode()
    return encoded(value) if _is_text_or_bytes(value) else _json_line(value)


def _is_text_or_bytes(value: object) -> bool:
    return isinstance(value, str | bytes | bytearray | memoryview)


def _json_line(value: Any) -> bytes:
    return b"" if value is None else to_json(value) + b"\n"


class Begun:
    """A source whose first value was taken, as `ByteStream.begun` takes it.

    Attributes:
        source: what is closed once.
        values: what it gives from here on; an asynchronous iterator where `context` is None.
        context: that of every step of a synchronous source (`contextvars`).
        first: makes the first chunk.
        convert: makes the chunk of a value; an empty one is not sent.
        passes_bytes: whether `convert` gives bytes back as they are.
        passes_text: whether it gives the UTF-8 of text.
    """

    __slots__ = (
        "_first",
        "context",
        "convert",
        "first",
        "passes_bytes",
        "passes_text",
        "source",
        "values",
    )

    def __init__(self, source: Any, context: Context | None) -> None:
        self._first: Any = None
        self.source: Any = source
        self.values: Any = source
        self.context: Context | None = context
        self.first: Callable[[], bytes] | None = None
        self.convert: Callable[[Any], bytes] = encoded
        self.passes_bytes: bool = True
        self.passes_text: bool = True

    def decide(self, declared: str | None) -> str:
        """What the first value makes of the stream: its Content-Type; see `stream_type`."""
        content_type, convert = stream_type(self._first, declared)
        self.first = partial(convert, self._first)
        self.convert = convert
        self.passes_bytes = self.passes_text = convert is as_it_is
        if type(self.source) in _WRAPPERS:
            # One call for a value, in the place of one for each thing that wraps the source.
            self.source, self.values, hold, classes = self.source.rest()
            self.convert = fitting(hold, classes, convert)
            self.passes_bytes = self.passes_bytes and bytes in classes
            self.passes_text = self.passes_text and str in classes
        return content_type


def fitting(
    hold: Hold, classes: frozenset[type], convert: Callable[[Any], bytes]
) -> Callable[[Any], bytes]:
    def convert_fitting(value: Any) -> bytes:
        if type(value) in classes:
            return convert(value)
        return b"" if value is None else convert(hold(value))

    return convert_fitting


class Started(Begun):
    """A synchronous stream whose first value is taken to see what it is.

    Every step of the source, the first among them, runs in one context (`contextvars`), so that it
    may reset what it has set.
    """

    __slots__ = ("_run",)

    def __init__(self, source: Iterator[Any]) -> None:
        context = copy_context()
        super().__init__(source, context)
        self._run = context.run

    def begin(self) -> None:
        """Take the first value that is not None.

        Raises:
            StopIteration: there is none; its `value` is what the source returned.
            Exception: what the source raised. It is closed.
        """
        try:
            first = self._run(next, self.source)
            while first is None:
                first = self._run(next, self.source)
        except BaseException:
            close = getattr(self.source, "close", None)
            if close is not None:
                self._run(close)
            raise
        self._first = first


class StartedAsync(Begun):
    """The same for an asynchronous stream, whose every step runs in the task that awaits it."""

    __slots__ = ()

    def __init__(self, source: AsyncIterator[Any]) -> None:
        super().__init__(source, None)

    async def begin(self) -> bool:
        """Take the first value that is not None; returns whether there is one.

        Raises:
            Exception: what the source raised. It is closed.
        """
        try:
            first = await anext(self.source, _END)
            while first is None:
                first = await anext(self.source, _END)
        except BaseException:
            await self._close()
            raise
        if first is _END:
            await self._close()
            return False
        self._first = first
        return True

    async def _close(self) -> None:
        aclose = getattr(self.source, "aclose", None)
        if aclose is not None:
            await aclose()
