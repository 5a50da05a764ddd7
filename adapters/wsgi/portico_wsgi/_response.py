"""`Response` to `start_response` and the iterable that the server reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico.contract import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol
    from wsgiref.types import StartResponse

    from portico.contract import ByteStream, Response

    class Chunks(Protocol):
        """Chunks of a body, read one at a time."""

        def __iter__(self) -> Iterator[bytes]:
            """Over those that are left, none of which is empty."""
            ...

        def close(self) -> None:
            """Give up what is left."""
            ...

    class Ending(Protocol):
        """Who is told how the reading of a body went."""

        def failed(self, error: Exception) -> None:
            """A chunk could not be had."""
            ...

        def end(self, cut_short: bool) -> None:
            """The server has closed the body, before its end or after it: close the chunks."""
            ...


# PEP 3333 "Other HTTP Features": these belong to the connection, which is the server's own. The
# names are those of RFC 2616 section 13.5.1, to which the PEP refers.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)

# The statuses with which `wsgiref.validate` refuses a Content-Type.
NO_CONTENT = frozenset({204, 304})


class _StatusLines(dict[int, str]):
    """`"200 OK"`: PEP 3333 wants a reason phrase, which no client reads (RFC 9112 section 4)."""

    def __missing__(self, status: int) -> str:
        line = self[status] = f"{status} {phrase(status) or 'Unknown'}"
        return line


STATUS_LINES: Final = _StatusLines()


def send_head(response: Response, start_response: StartResponse) -> None:
    """Give the server status and header fields, which it keeps until the first chunk (PEP 3333)."""
    headers = response.fields()
    # A plain answer with nothing added has a type and a length, and nothing else.
    if len(headers) != 2 or not response.is_plain:
        names = dict(headers)
        if not HOP_BY_HOP.isdisjoint(names):
            headers = [pair for pair in headers if pair[0] not in HOP_BY_HOP]
        if "content-type" not in names and response.status not in NO_CONTENT:
            # `wsgiref.validate` demands the field. This value says what its absence says (RFC 9110
            # section 8.3).
            headers.append(("content-type", "application/octet-stream"))
    start_response(STATUS_LINES[response.status], headers)


class Body:
    """The iterable of PEP 3333: one chunk each time that the server can send one, and `close()`."""

    __slots__ = ("_chunks", "_closed", "_ending", "_exhausted", "_reader")

    def __init__(self, chunks: Chunks, ending: Ending) -> None:
        self._chunks = chunks
        self._ending = ending
        self._exhausted = False
        self._closed = False
        self._reader: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        if self._reader is None:
            self._reader = self._read()
        return self._reader

    def __next__(self) -> bytes:
        return next(iter(self))

    def _read(self) -> Iterator[bytes]:
        try:
            # Not a loop with a `yield`, which would cost each chunk twice as much.
            yield from self._chunks
        except Exception as error:
            # It goes on to the server, who alone can break the connection off: an iterator that
            # merely ended would make half an answer look whole.
            self._exhausted = True
            self._ending.failed(error)
            raise
        self._exhausted = True

    def close(self) -> None:
        """Called by the server in every case (PEP 3333 "Specification Details"); once counts."""
        if not self._closed:
            self._closed = True
            self._ending.end(cut_short=not self._exhausted)


class StreamBody:
    """The same of a synchronous stream, which the server reads itself: nothing stands between."""

    __slots__ = ("_closed", "_ending", "_reader", "_stream")

    def __init__(self, stream: ByteStream, ending: Ending) -> None:
        self._stream = stream
        self._ending = ending
        self._closed = False
        self._reader: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        if self._reader is None:
            self._reader = self._stream.watched(self._ending.failed)
        return self._reader

    def __next__(self) -> bytes:
        return next(iter(self))

    def close(self) -> None:
        """As that of `Body`."""
        if not self._closed:
            self._closed = True
            self._ending.end(cut_short=not self._stream.has_ended)
