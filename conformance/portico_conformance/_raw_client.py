"""An HTTP/1.1 client on a bare socket, which sends what it is told and hides nothing.

Client libraries repair requests, follow redirects, skip interim responses and
take a closed connection for the end of a body. This one sends any bytes, and
tells a response that ended from one that was cut off.

`request` does a whole exchange. A test that has to stop half way takes the
steps itself:

    client.start("POST", "/echo")      the head, with chunked framing
    client.send_chunk(b"one")
    head = client.read_head()          the response may start before the request ends
    assert client.read_chunk() == b"one"
    client.end_chunks()
    assert client.read_chunk() == b""  the end of the body, properly framed
"""

import selectors
import socket
import struct
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from portico_conformance._response_framing import (
    Body,
    ConnectionCutError,
    MalformedResponseError,
    RawHeaders,
    WireBuffer,
    body_of,
    keeps_alive,
    read_fields,
    read_status_line,
)
from portico_conformance._wire import WireRequest, WireResponse

__all__ = [
    "IncompleteResponseError",
    "MalformedResponseError",
    "NoResponseError",
    "RawClient",
]

_RECEIVE = 1 << 16  # bytes asked of the socket at once
_FRAMING = {"content-length", "transfer-encoding"}


class NoResponseError(Exception):
    """The connection ended before a whole head had come; `received` is what had."""

    def __init__(self, received: bytes) -> None:
        super().__init__(f"The connection ended before a response; received {received!r}.")
        self.received = received


class IncompleteResponseError(Exception):
    """The connection ended inside a body; `partial` is the response up to there.

    From `request`, `partial.body` is all of the body that came. From a single
    step it is empty: the steps before have returned it.
    """

    def __init__(self, partial: WireResponse) -> None:
        super().__init__(
            f"The connection ended inside a body, after {len(partial.body)} bytes "
            f"of a response with status {partial.status} and headers {partial.headers}."
        )
        self.partial = partial


class RawClient:
    """One client of one server; its connection is opened by the first use and kept while it may be.

    `timeout` is seconds for each step, or for all of one `request`; running out
    of it is a `TimeoutError`. Headers are sent as given, before the ones added.

    After a head was read, these describe it: `status_line` and `raw_headers`
    (bytes as they came), `interim` (the 1xx responses before it) and, after its
    body, `trailers`. `connections` counts the connections opened so far.
    """

    def __init__(self, host: str, port: int, timeout: float = 10.0) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout
        self.connections = 0
        self.status_line = b""
        self.raw_headers: RawHeaders = []
        self.trailers: RawHeaders = []
        self.interim: list[WireResponse] = []
        self._deadline = 0.0
        self._method = ""
        self._head: WireResponse | None = None
        self._body: Body | None = None
        self._keep = False
        self._socket: socket.socket | None = None
        self._buffer = WireBuffer(self._receive)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def keeps(self) -> bool:
        """Whether the last response, read to its end, lets the connection be used again."""
        return self._keep and self._body is None

    def request(self, request: WireRequest, timeout: float | None = None) -> WireResponse:
        """Send a request and read its whole response, both ways at once.

        Adds Host, and Content-Length where there is a body, unless `request`
        has them (or a Transfer-Encoding: then `body` is sent as it is).

        Raises `NoResponseError`, `IncompleteResponseError`,
        `MalformedResponseError` and `TimeoutError`.
        """
        self._set_deadline(timeout)
        framing = [("Content-Length", str(len(request.body)))] if request.body else []
        head = self._open(request.method, request.target, request.headers, framing)
        self._send_while_receiving(head + request.body)
        response = self._read_head()
        pieces: list[bytes] = []
        try:
            while piece := self._read_body(chunk=False):
                pieces.append(piece)
        except IncompleteResponseError:
            raise IncompleteResponseError(_with_body(response, pieces)) from None
        return _with_body(response, pieces)

    def start(self, method: str, target: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Send a request's head; adds Host, and chunked framing unless `headers` frame a body."""
        self._set_deadline()
        framing = [("Transfer-Encoding", "chunked")]
        self._send(self._open(method, target, headers, framing))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, on a new connection if none is open."""
        self._set_deadline()
        if self._socket is None:
            self._connect()
        self._send(data)

    def send_chunk(self, data: bytes) -> None:
        """Send one chunk; it must not be empty, as that would end the body."""
        if not data:
            raise ValueError("An empty chunk would end the body. Use end_chunks() for that.")
        self.send_raw(b"%x\r\n%b\r\n" % (len(data), data))

    def end_chunks(self, trailers: Sequence[tuple[str, str]] = ()) -> None:
        """Send the last chunk and the trailers."""
        self.send_raw(b"0\r\n" + _field_lines(trailers) + b"\r\n")

    def read_head(self) -> WireResponse:
        """Read the next final head; the response's body is empty as yet.

        Raises `NoResponseError` when the connection ends before it.
        """
        self._set_deadline()
        return self._read_head()

    def read_some(self) -> bytes:
        """Return what is there next of the body, at least a byte; nothing at its proper end.

        Raises `IncompleteResponseError` when the connection ends inside it.
        """
        self._set_deadline()
        return self._read_body(chunk=False)

    def read_chunk(self) -> bytes:
        """As `read_some`, but a whole chunk of a chunked body, as the server made it."""
        self._set_deadline()
        return self._read_body(chunk=True)

    def read_until_closed(self) -> bytes:
        """Return every byte until the server closes the connection or resets it, unparsed."""
        self._set_deadline()
        pieces: list[bytes] = []
        while not self._buffer.at_end():
            pieces.append(self._buffer.drain())
        return b"".join(pieces)

    def read_raw(self) -> bytes:
        """Return what comes next, unparsed; nothing once the server has closed the connection."""
        self._set_deadline()
        return b"" if self._buffer.at_end() else self._buffer.drain()

    def half_close(self) -> None:
        """Tell the server that nothing more is sent; it can still answer."""
        self._connected().shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection. The next use opens another; closing twice is fine."""
        if self._socket is not None:
            self._socket.close()
        self._socket = self._body = None

    def abort(self) -> None:
        """Reset the connection, as a client does that vanishes."""
        if self._socket is not None:
            # With a linger of zero seconds, close() sends RST in place of FIN.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _open(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        framing: Sequence[tuple[str, str]],
    ) -> bytes:
        """Make the connection ready for a request and return its head."""
        if not self._reusable():
            self._connect()
        self._method = method
        self._head = self._body = None
        given = {name.lower() for name, _ in headers}
        added = [] if "host" in given else [("Host", f"{self.host}:{self.port}")]
        if not given & _FRAMING:
            added += framing
        line = f"{method} {target} HTTP/1.1\r\n".encode("latin-1")
        return line + _field_lines([*headers, *added]) + b"\r\n"

    def _reusable(self) -> bool:
        """Whether the connection is open and at the start of a message.

        A server may close it between two requests (RFC 9112 section 9.3.1), but
        may not send what nobody asked for.
        """
        if self._socket is None or not self._keep or self._body is not None:
            return False
        self._socket.settimeout(0)
        try:
            self._buffer.feed(self._socket.recv(_RECEIVE))
        except BlockingIOError:
            pass
        except OSError:
            return False
        if surplus := self._buffer.drain():
            raise MalformedResponseError(f"After the end of a response came {surplus!r}.")
        return not self._buffer.ended

    def _connect(self) -> None:
        self.close()
        self._socket = socket.create_connection((self.host, self.port), self._remaining())
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = WireBuffer(self._receive)
        self.connections += 1
        self._keep = False

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise RuntimeError("No connection is open. Send something first.")
        return self._socket

    def _send(self, data: bytes) -> None:
        connection = self._connected()
        connection.settimeout(self._remaining())
        connection.sendall(data)

    def _send_while_receiving(self, data: bytes) -> None:
        """Send all of it, unless the server stops listening: its answer says why.

        An echo that fills both directions would stand still if one waited.
        """
        connection, rest = self._connected(), memoryview(data)
        connection.settimeout(0)
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while rest and not self._buffer.ended:
                ready = 0
                for _, events in selector.select(self._remaining()):
                    ready |= events
                if ready & selectors.EVENT_READ:
                    self._buffer.feed(self._receive_now(connection))
                if ready & selectors.EVENT_WRITE:
                    rest = rest[_send_now(connection, rest) :]

    def _receive(self) -> bytes:
        connection = self._connected()
        connection.settimeout(self._remaining())
        return self._receive_now(connection)

    def _receive_now(self, connection: socket.socket) -> bytes:
        try:
            return connection.recv(_RECEIVE)
        except ConnectionError:
            self._buffer.reset = True
            return b""

    def _read_head(self) -> WireResponse:
        self.interim = []
        while True:
            response = self._read_one_head()
            # 101 is final: what follows it is another protocol.
            if response.status >= 200 or response.status == 101:
                self._head = response
                return response
            self.interim.append(response)

    def _read_one_head(self) -> WireResponse:
        self.raw_headers, self.trailers = [], []
        try:
            self._buffer.wait_for_head()
        except ConnectionCutError:
            raise NoResponseError(self._buffer.drain()) from None
        self.status_line, version, status = read_status_line(self._buffer)
        read_fields(self._buffer, self.raw_headers)
        self._body = body_of(self._buffer, self._method, status, self.raw_headers)
        self._keep = self._body.persistent and keeps_alive(version, self.raw_headers)
        return WireResponse(status, [_text(field) for field in self.raw_headers], b"")

    def _read_body(self, *, chunk: bool) -> bytes:
        if self._head is None:
            raise RuntimeError("No response has started. Call read_head() first.")
        if self._body is None:
            return b""
        try:
            piece = self._body.read_chunk() if chunk else self._body.read_some()
        except ConnectionCutError:
            raise IncompleteResponseError(self._head) from None
        if not piece:
            self.trailers, self._body = self._body.trailers, None
        return piece

    def _set_deadline(self, timeout: float | None = None) -> None:
        self._deadline = time.monotonic() + (self.timeout if timeout is None else timeout)

    def _remaining(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{self.host}:{self.port} took longer than the time it was given.")
        return left


def _send_now(connection: socket.socket, data: memoryview) -> int:
    """How much was taken; all of it, when the server will take no more."""
    try:
        return connection.send(data)
    except BlockingIOError:
        return 0
    except ConnectionError:
        return len(data)


def _field_lines(headers: Sequence[tuple[str, str]]) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers)


def _text(field: tuple[bytes, bytes]) -> tuple[str, str]:
    return field[0].decode("latin-1").lower(), field[1].decode("latin-1")


def _with_body(head: WireResponse, pieces: list[bytes]) -> WireResponse:
    return WireResponse(head.status, head.headers, b"".join(pieces))
