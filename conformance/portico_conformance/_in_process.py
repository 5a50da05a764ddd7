"""What every driver in process has in common: a client, and an exchange that counts.

A driver begins a `Call`, which does what the native side of an adapter does. Around it stand the
parts that a server and a client have on the wire: a Host and the framing are added to a request, an
answer is held to its Content-Length, and one that broke off is told from one that ended.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from portico_conformance._case import Exchange, IncompleteAnswerError, Row, SocketExchange
from portico_conformance._socket_wire import HANDSHAKE, Unsupported
from portico_conformance._wire import WireRequest, WireResponse

HOST = "conformance.test"
TIMEOUT = 10.0  # seconds that any single step may take

_FRAMING = {"content-length", "transfer-encoding"}
_BODILESS = {204, 304}


class BrokenAnswerError(Exception):
    """What a `Call` raises where a server would drop the connection inside the answer."""


class Call(Protocol):
    """One request under way; each step waits at most `TIMEOUT` and raises `TimeoutError`."""

    def feed(self, data: bytes) -> None:
        """Hand over a part of the body, at least a byte."""
        ...

    def end(self) -> None:
        """The body is complete."""
        ...

    def head(self) -> WireResponse:
        """Status and headers, with an empty body.

        Raises:
            NoAnswerError: there will be none.
        """
        ...

    def piece(self) -> bytes:
        """The next part of the answer's body, empty at its end.

        Raises:
            BrokenAnswerError: the answer ends before it is complete.
        """
        ...

    def disconnect(self) -> None:
        """The client is gone. Once more does no harm."""
        ...

    def close(self) -> None:
        """The client has what it wanted. What is left of the answer is not."""
        ...


class InProcessClient:
    """A client of an adapter in this process.

    Args:
        row: whose client it is.
        begin: starts a call with a request whose head is complete. What it has of the body is
            there from the start; the second argument says whether more follows.
        settle: called after each exchange; raises for what went wrong unseen by the client.
        socket: asks for a WebSocket; None where the adapter has none.
    """

    def __init__(
        self,
        row: Row,
        begin: Callable[[WireRequest, bool], Call],
        settle: Callable[[], None] = lambda: None,
        socket: Callable[[WireRequest], SocketExchange] | None = None,
    ) -> None:
        self._socket = socket
        self.row = row
        self._begin = begin
        self._settle = settle

    def request(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> WireResponse:
        """Send a request and wait for the whole answer."""
        return self.send(WireRequest(method, target, list(headers), body))

    def send(self, request: WireRequest) -> WireResponse:
        """The same with a `WireRequest`."""
        length = [("Content-Length", str(len(request.body)))] if request.body else []
        with self._exchange(_completed(request, length), False) as exchange:
            head = exchange.head()
            body = b"".join(iter(exchange.receive, b""))
        return WireResponse(head.status, head.headers, body, head.trailers)

    def open(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[Exchange]:
        """Begin a request whose body is sent in parts."""
        request = WireRequest(method, target, list(headers))
        whole = _completed(request, [("Transfer-Encoding", "chunked")])
        return self._exchange(whole, _length(whole.headers) != 0)

    @contextmanager
    def connect(
        self, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> Generator[SocketExchange]:
        """Ask for a WebSocket."""
        asks = [*HANDSHAKE, *headers]
        if self._socket is None:
            yield Unsupported(self.request("GET", target, asks))
            return
        exchange = self._socket(_completed(WireRequest("GET", target, asks), []))
        try:
            yield exchange
        finally:
            exchange.disconnect()
            self._settle()

    @contextmanager
    def _exchange(self, request: WireRequest, more: bool) -> Generator[Exchange]:
        call = self._begin(request, more)
        try:
            yield _CountedExchange(call, request, more)
        finally:
            call.close()
            self._settle()


class _CountedExchange:
    """An exchange that holds the answer to what its head declares."""

    def __init__(self, call: Call, request: WireRequest, more: bool) -> None:
        self._call = call
        self._method = request.method
        self._unsent = _length(request.headers) if more else None
        self._head: WireResponse | None = None
        self._body = bytearray()
        self._ended = False

    def send(self, data: bytes) -> None:
        if self._unsent is not None:
            # What is beyond the declared length is not this request's.
            data = data[: self._unsent]
            self._unsent -= len(data)
        if data:
            self._call.feed(data)
        if self._unsent == 0:
            self._call.end()

    def end(self) -> None:
        if not self._unsent:
            self._call.end()

    def head(self) -> WireResponse:
        if self._head is None:
            self._head = self._call.head()
        return self._head

    def receive(self) -> bytes:
        head = self.head()
        if self._ended:
            return b""
        try:
            piece = self._call.piece()
        except BrokenAnswerError as error:
            raise IncompleteAnswerError(self._partial(head)) from error
        self._body += piece
        self._check(head, complete=not piece)
        return piece

    def disconnect(self) -> None:
        self._call.disconnect()

    def _check(self, head: WireResponse, *, complete: bool) -> None:
        if self._method == "HEAD" or head.status in _BODILESS:
            assert not self._body, f"an answer to {self._method} has the body {self._body!r}"
            self._ended = True
            return
        declared = _length(head.headers)
        if declared is not None:
            assert len(self._body) <= declared, f"a body is longer than its length, {declared}"
            if complete and len(self._body) < declared:
                raise IncompleteAnswerError(self._partial(head))
        self._ended = complete

    def _partial(self, head: WireResponse) -> WireResponse:
        return WireResponse(head.status, head.headers, bytes(self._body))


def _completed(request: WireRequest, framing: list[tuple[str, str]]) -> WireRequest:
    """The request with a Host, and with `framing` unless its headers frame it."""
    # No server hands on the blanks around a value (RFC 9110 section 5.5).
    headers = [(name, value.strip(" \t")) for name, value in request.headers]
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        headers.insert(0, ("Host", HOST))
    if not names & _FRAMING:
        headers += framing
    for name, value in headers:
        if any(character in name + value for character in "\r\n\0"):
            raise ValueError(f"The header {name!r} is {value!r}, which no client can send.")
    return WireRequest(request.method, request.target, headers, request.body)


def _length(headers: list[tuple[str, str]]) -> int | None:
    """The Content-Length, where it is one number."""
    values = {value for name, value in headers if name.lower() == "content-length"}
    value = values.pop() if len(values) == 1 else ""
    return int(value) if value.isascii() and value.isdigit() else None
