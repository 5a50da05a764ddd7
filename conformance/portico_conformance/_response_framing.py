"""Where an HTTP/1.1 response starts and ends on a connection (RFC 9112), without a guess.

`WireBuffer` holds the bytes that came and asks for more; the head is read as
lines, and one of three bodies knows where it ends:

    SizedBody    Content-Length; none for a HEAD request, or status 1xx, 204, 304
    ChunkedBody  Transfer-Encoding: chunked, with its trailers
    OpenBody     until the connection closes

A response that a proxy could read in two ways is an error here, where a
lenient client would choose one of them: that is what a test is for.
"""

import re
from collections.abc import Callable
from typing import Protocol

_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(;.*)?")
_DIGITS = re.compile(rb"[0-9]{1,19}")

_HEAD_END = re.compile(rb"\n\r?\n")
_LIMIT = 1 << 20  # bytes, more than any server sends and less than a runaway

RawHeaders = list[tuple[bytes, bytes]]


class MalformedResponseError(Exception):
    """What came is not an HTTP/1.1 response; the message says which part and quotes it."""


class ConnectionCutError(Exception):
    """The connection ended, or was reset, where more had to come."""


class WireBuffer:
    """Bytes as they come; `receive` returns some, or none at the end of the stream.

    Nothing is taken out until the whole of it is there, so that a read that
    timed out can be tried again. `ended` says that nothing more comes, `reset`
    that it was no orderly end; who receives sets it.
    """

    __slots__ = ("_held", "_receive", "ended", "reset")

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._held = bytearray()
        self.ended = False
        self.reset = False

    def feed(self, data: bytes) -> None:
        """Take in what was received elsewhere; nothing means the end of the stream."""
        self._held += data
        self.ended = self.ended or not data

    def wait_for_head(self) -> None:
        """Return when all lines up to an empty one are there, and leave them."""
        searched = 0
        while not _HEAD_END.search(self._held, searched):
            self._limit(len(self._held))
            searched = max(0, len(self._held) - 3)
            self._receive_more()

    def read_line(self) -> bytes:
        """A line without its CRLF. A bare LF, or a CR inside, is malformed."""
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            self._limit(searched)
            self._receive_more()
        line = bytes(self._held[: end + 1])
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise MalformedResponseError(f"Expected a line that ends in CRLF, got {line!r}.")
        del self._held[: end + 1]
        return line[:-2]

    def read_some(self, limit: int | None = None) -> bytes:
        """At least one byte and at most `limit`, waiting only when none is there."""
        if not self._held:
            self._receive_more()
        some = bytes(self._held[:limit])
        del self._held[:limit]
        return some

    def drain(self) -> bytes:
        """All that is there now, without waiting."""
        held = bytes(self._held)
        self._held.clear()
        return held

    def at_end(self) -> bool:
        """Whether nothing more comes, waiting until that is known."""
        try:
            if not self._held:
                self._receive_more()
        except ConnectionCutError:
            return True
        return False

    def _limit(self, size: int) -> None:
        if size > _LIMIT:
            raise MalformedResponseError(f"No end of a line or head within {_LIMIT} bytes.")

    def _receive_more(self) -> None:
        if not self.ended:
            self.feed(self._receive())
        if self.ended:
            raise ConnectionCutError


class Body(Protocol):
    """A response body being read."""

    @property
    def persistent(self) -> bool:
        """Whether another response can follow on the connection."""
        ...

    @property
    def trailers(self) -> RawHeaders:
        """The fields that came after the body."""
        ...

    def read_some(self) -> bytes:
        """What is there next, at least a byte; nothing at the end."""
        ...

    def read_chunk(self) -> bytes:
        """The next chunk as the server made it, or the same as `read_some`; nothing at the end."""
        ...


class SizedBody:
    """A body of `length` bytes (RFC 9112 section 6.3, items 1 and 6)."""

    persistent = True

    def __init__(self, buffer: WireBuffer, length: int) -> None:
        self._buffer = buffer
        self._missing = length
        self.trailers: RawHeaders = []

    def read_some(self) -> bytes:
        """Return what is there next, at least a byte; nothing at the end."""
        if not self._missing:
            return b""
        some = self._buffer.read_some(self._missing)
        self._missing -= len(some)
        return some

    read_chunk = read_some


class OpenBody:
    """A body that ends with the connection (RFC 9112 section 6.3, item 8)."""

    persistent = False

    def __init__(self, buffer: WireBuffer) -> None:
        self._buffer = buffer
        self.trailers: RawHeaders = []

    def read_some(self) -> bytes:
        """Return what is there next, at least a byte; nothing at the end."""
        if not self._buffer.at_end():
            return self._buffer.read_some()
        if self._buffer.reset:
            raise ConnectionCutError
        return b""

    read_chunk = read_some


class ChunkedBody:
    """A chunked body (RFC 9112 section 7.1); `trailers` are there once it has ended."""

    persistent = True

    def __init__(self, buffer: WireBuffer) -> None:
        self._buffer = buffer
        self._missing = 0  # of the chunk being read
        self._unfinished = bytearray()  # what a read that was cut off had of its chunk
        self._closes = False  # whether a chunk's own CRLF comes next
        self._in_trailers = False
        self._ended = False
        self.trailers: RawHeaders = []

    def read_some(self) -> bytes:
        """Return what is there next of a chunk, at least a byte; nothing at the end."""
        if not self._open_chunk():
            return b""
        some = self._buffer.read_some(self._missing)
        self._missing -= len(some)
        self._closes = not self._missing
        return some

    def read_chunk(self) -> bytes:
        """Return the rest of this chunk, or the whole of the next; nothing at the end."""
        self._unfinished += self.read_some()
        while self._missing:
            self._unfinished += self.read_some()
        chunk = bytes(self._unfinished)
        self._unfinished.clear()
        return chunk

    def _open_chunk(self) -> bool:
        """Stand inside a chunk; False when the last one is through."""
        if self._closes:
            line = self._buffer.read_line()
            if line:
                raise MalformedResponseError(f"Expected CRLF after a chunk, got {line!r}.")
            self._closes = False
        if not self._missing and not self._in_trailers and not self._ended:
            self._missing = _chunk_size(self._buffer.read_line())
            self._in_trailers = not self._missing
        if self._in_trailers:
            read_fields(self._buffer, self.trailers)
            self._in_trailers, self._ended = False, True
        return not self._ended


def read_status_line(buffer: WireBuffer) -> tuple[bytes, bytes, int]:
    """Return the line as it came, the version (`b"1.1"`) and the status."""
    line = buffer.read_line()
    if not (match := _STATUS_LINE.fullmatch(line)):
        raise MalformedResponseError(f"Expected a status line, got {line!r}.")
    return line, match[1], int(match[2])


def read_fields(buffer: WireBuffer, fields: RawHeaders) -> None:
    """Append the field lines up to the empty line, names and values as they came."""
    while line := buffer.read_line():
        name, colon, value = line.partition(b":")
        if not colon or not _FIELD_NAME.fullmatch(name) or b"\0" in value:
            raise MalformedResponseError(f"Expected `name: value`, got {line!r}.")
        fields.append((name, value.strip(b" \t")))


def body_of(buffer: WireBuffer, method: str, status: int, headers: RawHeaders) -> Body:
    """The body that follows this head, by the order of RFC 9112 section 6.3."""
    codings = _values(headers, b"transfer-encoding")
    lengths = _values(headers, b"content-length")
    if codings and lengths:
        raise MalformedResponseError(
            f"Transfer-Encoding {codings} and Content-Length {lengths} on one response."
        )
    length = _content_length(lengths)
    if method == "HEAD" or status < 200 or status in (204, 304):
        return SizedBody(buffer, 0)
    if codings:
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise MalformedResponseError(f"Expected Transfer-Encoding chunked, got {codings}.")
        return ChunkedBody(buffer)
    return OpenBody(buffer) if length is None else SizedBody(buffer, length)


def keeps_alive(version: bytes, headers: RawHeaders) -> bool:
    """Whether the connection stays open after this response (RFC 9112 section 9.3)."""
    options = {option.lower() for option in _values(headers, b"connection")}
    return b"close" not in options and (version == b"1.1" or b"keep-alive" in options)


def _chunk_size(line: bytes) -> int:
    if not (match := _CHUNK_SIZE.fullmatch(line)):
        raise MalformedResponseError(f"Expected the size of a chunk, got {line!r}.")
    return int(match[1], 16)


def _content_length(lengths: list[bytes]) -> int | None:
    if not lengths:
        return None
    if len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0]):
        raise MalformedResponseError(f"Expected one Content-Length of digits, got {lengths}.")
    return int(lengths[0])


def _values(headers: RawHeaders, name: bytes) -> list[bytes]:
    """The members of a comma-separated field, over all of its lines."""
    lines = [value for key, value in headers if key.lower() == name]
    return [member.strip(b" \t") for line in lines for member in line.split(b",")]
