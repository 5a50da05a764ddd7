"""A client of WebSockets on a bare connection (RFC 6455), which hides nothing.

It answers no ping and no close by itself, and holds the server to the handshake and to frames: none
is masked, control frames are short and whole, and text is UTF-8.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from typing import Final

from portico_conformance._case import SocketEnd
from portico_conformance._raw_client import RawClient
from portico_conformance._wire import WireResponse

_KEY: Final = b64encode(b"a key of 16 byte").decode()
_ACCEPTED: Final = b64encode(
    sha1(f"{_KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
).decode()

HANDSHAKE: Final = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", _KEY),
)
"""The fields of a request for a WebSocket (section 4.1)."""

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING = 0x0, 0x1, 0x2, 0x8, 0x9
_MASK: Final = b"\x12\x34\x56\x78"


class Unsupported:
    """What a client has that asked a server without WebSockets for one."""

    def __init__(self, answer: WireResponse) -> None:
        self.answer = answer

    def send(self, data: str | bytes) -> None:
        raise AssertionError(f"there is no WebSocket to send on: {self.answer}")

    def receive(self) -> str | bytes | SocketEnd:
        raise AssertionError(f"there is no WebSocket to receive from: {self.answer}")

    def close(self, code: int = 1000, reason: str = "") -> None:
        raise AssertionError(f"there is no WebSocket to close: {self.answer}")

    def disconnect(self) -> None:
        """There is nothing to drop."""


class WireSocket:
    """One WebSocket, or the answer that refused it."""

    def __init__(self, raw: RawClient, target: str, headers: list[tuple[str, str]]) -> None:
        self._raw = raw
        self._rest = b""
        raw.start("GET", target, [*HANDSHAKE, *headers, ("Content-Length", "0")])
        head = raw.read_head()
        if head.status == 101:
            assert head.get("sec-websocket-accept") == _ACCEPTED, head
            assert (head.get("upgrade") or "").lower() == "websocket", head
            self.answer = head
        else:
            body = b"".join(iter(raw.read_some, b""))
            self.answer = WireResponse(head.status, head.headers, body)

    def send(self, data: str | bytes) -> None:
        """Send a message in one frame."""
        if isinstance(data, str):
            self._send(_TEXT, data.encode())
        else:
            self._send(_BINARY, data)

    def receive(self) -> str | bytes | SocketEnd:
        """The next message, put together of its frames, or how it ended."""
        kind, whole = 0, b""
        while True:
            frame = self._frame()
            if frame is None:
                return SocketEnd(1006)
            final, opcode, payload = frame
            if opcode == _CLOSE:
                if len(payload) < 2:
                    return SocketEnd(1005)
                return SocketEnd(int.from_bytes(payload[:2], "big"), payload[2:].decode())
            if opcode >= _CLOSE:
                continue  # a ping, or a pong that nobody asked for
            assert (opcode == _CONTINUATION) == bool(kind), f"the frame {frame} is out of order"
            kind, whole = kind or opcode, whole + payload
            if final:
                return whole.decode() if kind == _TEXT else whole

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame."""
        self._send(_CLOSE, code.to_bytes(2, "big") + reason.encode())

    def disconnect(self) -> None:
        """Reset the connection."""
        self._raw.abort()

    def _send(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 1 << 16:
            length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
        else:
            length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
        key = (_MASK * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
        self._raw.send_raw(bytes([0x80 | opcode]) + length + _MASK + masked)

    def _frame(self) -> tuple[bool, int, bytes] | None:
        head = self._read(2)
        if len(head) < 2:
            return None
        final, reserved, opcode = bool(head[0] & 0x80), head[0] & 0x70, head[0] & 0x0F
        assert not reserved, f"a frame has reserved bits: {head!r}"
        assert not head[1] & 0x80, "a server masks no frame (section 5.1)"
        size = head[1]
        if opcode >= _CLOSE:
            assert (final, size <= 125) == (True, True), f"not short and whole: {head!r}"
        if size >= 126:
            size = int.from_bytes(self._read(2 if size == 126 else 8), "big")
        return final, opcode, self._read(size)

    def _read(self, size: int) -> bytes:
        """So many bytes; fewer where the server has closed the connection."""
        while len(self._rest) < size:
            piece = self._raw.read_raw()
            if not piece:
                break
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
