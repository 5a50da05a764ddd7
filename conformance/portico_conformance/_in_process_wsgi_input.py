"""`wsgi.input` of a server without HTTP: fed by the client's thread, read by the application's."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic

from portico_conformance._in_process import TIMEOUT

_AHEAD = 1 << 18  # bytes of a request's body that wait for the application before `feed` does


class ClientBody:
    """What the client has sent, in the order and with the waits of a socket.

    Args:
        start: what is there from the start.
        more: whether more follows.
        sized: whether the length was announced. Of a body that is cut short, servers then give what
            there is; of a chunked one they know that it broke off.
    """

    def __init__(self, start: bytes, *, more: bool, sized: bool) -> None:
        self._sized = sized
        self._parts = deque([start] if start else [])
        self._size = len(start)
        self._changed = threading.Condition()
        self._ended = not more
        self._cut = False

    # The client's side.

    def feed(self, data: bytes, nobody_reads: Callable[[], bool]) -> None:
        """Hand over a part, when not too much waits already or nobody will read it."""
        deadline = monotonic() + TIMEOUT
        with self._changed:
            while self._size > _AHEAD and not nobody_reads():
                if monotonic() > deadline:
                    raise TimeoutError(f"nobody read the body for {TIMEOUT} seconds")
                self._changed.wait(0.05)
            self._parts.append(data)
            self._size += len(data)
            self._changed.notify_all()

    def end(self) -> None:
        """The body is complete."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def cut(self) -> None:
        """The client is gone."""
        with self._changed:
            self._cut = not (self._ended or self._sized)
            self._ended = True
            self._changed.notify_all()

    # The application's side (PEP 3333, "Input and Error Streams").

    def read(self, size: int = -1) -> bytes:
        """Waits until all of it is there, or the end."""
        found = bytearray()
        while size < 0 or len(found) < size:
            part = self._next(size - len(found) if size >= 0 else -1)
            if not part:
                break
            found += part
        return bytes(found)

    def readline(self, size: int = -1) -> bytes:
        """Up to a line feed, the size, or the end."""
        found = bytearray()
        while (size < 0 or len(found) < size) and not found.endswith(b"\n"):
            byte = self._next(1)
            if not byte:
                break
            found += byte
        return bytes(found)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """All lines."""
        del hint
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _next(self, size: int) -> bytes:
        with self._changed:
            # The client's side of each wait is bounded; this thread ends with the exchange.
            self._changed.wait_for(lambda: self._parts or self._ended)
            if not self._parts:
                if self._cut:
                    raise ConnectionResetError("the client has disconnected inside its body")
                return b""
            part = self._parts.popleft()
            if 0 <= size < len(part):
                self._parts.appendleft(part[size:])
                part = part[:size]
            self._size -= len(part)
            self._changed.notify_all()
            return part
