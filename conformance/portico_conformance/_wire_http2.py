"""A client on the wire that speaks HTTP/2 without TLS, with prior knowledge (RFC 9113 section 3.3).

Each request has a connection of its own. What arrives is acknowledged when the case takes it, so
that a case which does not read holds the server up, as flow control has it.
"""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from portico_conformance._case import NoAnswerError
from portico_conformance._in_process import BrokenAnswerError, InProcessClient
from portico_conformance._wire import WireRequest, WireResponse

if TYPE_CHECKING:
    from h2.connection import H2Connection
    from h2.events import Event

    from portico_conformance._case import Client, Row

# RFC 9113 section 8.2.2: they concern a connection of HTTP/1.
_NOT_SENT: Final = frozenset(
    {"connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
)


def http2_client(row: Row, host: str, port: int, timeout: float) -> Client:
    """A client of a server at `host` and `port`; each step waits for `timeout` seconds at most."""

    def begin(request: WireRequest, more: bool) -> Http2Call:
        return Http2Call(socket.create_connection((host, port), timeout), request, more)

    return InProcessClient(row, begin)


class Http2Call:
    """One request on a connection of its own.

    Args:
        connection: to the server; closed with the call.
        request: head, and what there is of the body.
        more: whether more of the body follows.
    """

    def __init__(self, connection: socket.socket, request: WireRequest, more: bool) -> None:
        self._socket = connection
        self._protocol = _new_protocol()
        self._stream = self._protocol.get_next_available_stream_id()
        self._head: WireResponse | None = None
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._has_ended = False
        self._broken = ""
        # A server that refuses a body may close before it has read it all: what it had said before
        # that is still there to be read.
        self._is_deaf = False
        self._protocol.initiate_connection()
        self._is_sent = not more and not request.body
        self._protocol.send_headers(self._stream, _head_of(request), end_stream=self._is_sent)
        self._flush()
        if request.body:
            self.feed(request.body)
        if not more:
            self.end()

    def feed(self, data: bytes) -> None:
        """Send a part of the body, as far as the server still wants it."""
        rest = memoryview(data)
        while rest and not (self._has_ended or self._broken or self._is_deaf):
            size = min(
                self._protocol.local_flow_control_window(self._stream),
                self._protocol.max_outbound_frame_size,
            )
            if size > 0:
                self._protocol.send_data(self._stream, bytes(rest[:size]))
                rest = rest[size:]
                self._flush()
            else:
                self._receive()

    def end(self) -> None:
        """The body is complete."""
        if not (self._is_sent or self._has_ended or self._broken or self._is_deaf):
            self._is_sent = True
            self._protocol.end_stream(self._stream)
            self._flush()

    def head(self) -> WireResponse:
        """Status and headers."""
        while self._head is None:
            if self._broken:
                raise NoAnswerError(self._broken)
            self._receive()
        return self._head

    def piece(self) -> bytes:
        """The next part of the answer's body, empty at its end."""
        while not self._pieces:
            if self._has_ended:
                return b""
            if self._broken:
                raise BrokenAnswerError(self._broken)
            self._receive()
        data, size = self._pieces.popleft()
        if not self._has_ended and not self._broken:
            self._protocol.acknowledge_received_data(size, self._stream)
            self._flush()
        return data or self.piece()

    def disconnect(self) -> None:
        """Reset the stream, and drop the connection."""
        if not self._has_ended and not self._broken:
            self._broken = "the client itself has disconnected"
            self._protocol.reset_stream(self._stream, error_code=8)  # CANCEL, section 7
            self._flush()
        self._socket.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _flush(self) -> None:
        try:
            self._socket.sendall(self._protocol.data_to_send())
        except ConnectionError:
            self._is_deaf = True

    def _receive(self) -> None:
        from h2.exceptions import ProtocolError

        try:
            data = self._socket.recv(1 << 16)
            events = self._protocol.receive_data(data) if data else None
        except (ConnectionError, ProtocolError) as error:
            self._broken = self._broken or str(error)
            return
        if events is None:
            self._broken = self._broken or "the connection was closed"
            return
        for event in events:
            self._take(event)
        self._flush()

    def _take(self, event: Event) -> None:
        from h2 import events

        if isinstance(event, events.ResponseReceived):
            fields = [(_text(name), _text(value)) for name, value in event.headers]
            status = int(next(value for name, value in fields if name == ":status"))
            self._head = WireResponse(status, [pair for pair in fields if pair[0][0] != ":"])
        elif isinstance(event, events.TrailersReceived) and self._head is not None:
            self._head.trailers.extend((_text(name), _text(value)) for name, value in event.headers)
        elif isinstance(event, events.DataReceived):
            self._pieces.append((event.data, event.flow_controlled_length))
        elif isinstance(event, events.StreamEnded):
            self._has_ended = True
        elif isinstance(event, events.StreamReset | events.ConnectionTerminated):
            self._broken = self._broken or f"the server has sent {event!r}"


def _new_protocol() -> H2Connection:
    from h2.config import H2Configuration
    from h2.connection import H2Connection

    # It sends what the case tells it, and repairs nothing.
    return H2Connection(
        H2Configuration(
            client_side=True,
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
    )


def _head_of(request: WireRequest) -> list[tuple[bytes, bytes]]:
    """The fields, with those that HTTP/2 has in the place of a request line (section 8.3.1)."""
    pairs = [
        (":method", request.method),
        (":scheme", "http"),
        (":authority", request.get("host") or ""),
        (":path", request.target),
    ]
    pairs += [(name.lower(), value) for name, value in request.headers]
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in pairs
        if name not in _NOT_SENT
    ]


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
