"""A client on the wire: raw requests to a server on a socket, over connections that are kept.

It sends what it is told and repairs nothing; `_raw_client` speaks the protocol. A connection is not
used again where the server may be about to close it (RFC 9112 section 9.3.1): when nothing was said
on it for a while, or when it carried so large a body that a server rather drops it than reads it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from time import monotonic

from portico_conformance._case import (
    Exchange,
    IncompleteAnswerError,
    NoAnswerError,
    Row,
    SocketExchange,
)
from portico_conformance._raw_client import IncompleteResponseError, NoResponseError, RawClient
from portico_conformance._socket_wire import WireSocket
from portico_conformance._wire import WireRequest, WireResponse

TIMEOUT = 10.0  # seconds
_FRESH = 0.5  # seconds for which a kept connection is taken to be open still
_READ_ANYWAY = 1 << 14  # bytes of a body that every server reads before it answers, or after


class WireClient:
    """A client of a server at `host` and `port`.

    Args:
        row: whose client it is.
        host: the address to connect to.
        port: its port.
        authority: the Host of requests that have none; by default the address and port.
        timeout: seconds that any single step may take.
    """

    def __init__(
        self,
        row: Row,
        host: str,
        port: int,
        authority: str | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.row = row
        self._timeout = timeout
        self._host = host
        self._port = port
        self._added = [] if authority is None else [("Host", authority)]
        self._lock = Lock()
        self._kept: list[tuple[float, RawClient]] = []

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
        headers = self._with_host(request.headers)
        whole = WireRequest(request.method, request.target, headers, request.body)
        raw = self._take()
        try:
            with _in_terms_of_cases():
                answer = raw.request(whole, self._timeout)
        except BaseException:
            raw.close()
            raise
        if raw.keeps and len(request.body) <= _READ_ANYWAY:
            self._keep(raw)
        else:
            raw.close()
        return answer

    @contextmanager
    def open(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> Generator[Exchange]:
        """Begin a request whose body is sent in parts."""
        sized = any(name.lower() == "content-length" for name, _ in headers)
        raw = self._fresh()
        try:
            with _in_terms_of_cases():
                raw.start(method, target, self._with_host(headers))
            yield _WireExchange(raw, sized)
        finally:
            raw.close()

    @contextmanager
    def connect(
        self, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> Generator[SocketExchange]:
        """Ask for a WebSocket, on a connection of its own."""
        raw = self._fresh()
        try:
            with _in_terms_of_cases():
                exchange = WireSocket(raw, target, self._with_host(headers))
            yield exchange
        finally:
            raw.close()

    @contextmanager
    def patience(self, seconds: float) -> Generator[None]:
        """Wait no longer than this in the `with` block."""
        usual, self._timeout = self._timeout, seconds
        self.close()
        try:
            yield
        finally:
            self._timeout = usual
            self.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            for _, raw in self._kept:
                raw.close()
            self._kept.clear()

    def _with_host(self, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        given = any(name.lower() == "host" for name, _ in headers)
        return [*headers] if given else [*self._added, *headers]

    def _keep(self, raw: RawClient) -> None:
        with self._lock:
            self._kept.append((monotonic(), raw))

    def _take(self) -> RawClient:
        with self._lock:
            while self._kept:
                since, raw = self._kept.pop()
                if monotonic() - since < _FRESH:
                    return raw
                raw.close()
        return self._fresh()

    def _fresh(self) -> RawClient:
        return RawClient(self._host, self._port, self._timeout)


class _WireExchange:
    """One exchange on a connection of its own."""

    def __init__(self, raw: RawClient, sized: bool) -> None:
        self._raw = raw
        self._sized = sized
        self._head: WireResponse | None = None
        self._body = bytearray()

    def send(self, data: bytes) -> None:
        # A server may answer before it has read everything and close; the answer tells.
        with suppress(ConnectionError):
            self._raw.send_raw(data) if self._sized else self._raw.send_chunk(data)

    def end(self) -> None:
        if not self._sized:
            with suppress(ConnectionError):
                self._raw.end_chunks()

    def head(self) -> WireResponse:
        if self._head is None:
            with _in_terms_of_cases():
                self._head = self._raw.read_head()
        return self._head

    def receive(self) -> bytes:
        head = self.head()
        try:
            piece = self._raw.read_some()
        except IncompleteResponseError:
            partial = WireResponse(head.status, head.headers, bytes(self._body))
            raise IncompleteAnswerError(partial) from None
        self._body += piece
        return piece

    def disconnect(self) -> None:
        self._raw.abort()


@contextmanager
def _in_terms_of_cases() -> Generator[None]:
    try:
        yield
    except IncompleteResponseError as error:
        raise IncompleteAnswerError(error.partial) from error
    except (NoResponseError, ConnectionError) as error:
        raise NoAnswerError(str(error)) from error
