"""A function behind real HTTP: the front that AWS would put before it, on loopback.

    with Gateway("rest", emulator.invoke) as gateway:
        ...                                  # raw requests to 127.0.0.1:gateway.port

One thread for each connection. The target and the headers reach `to_event` as
they came on the wire; what HTTP/1.1 forbids (RFC 9112) is answered here with a
4xx and never invokes the function, as every AWS front does.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from types import TracebackType
from typing import Literal, Self

from ._http_front import linger, read_request, send_response, shut
from ._lambda_arrival import EdgeEvent, RequestRefused
from ._lambda_events import Event, Shape, to_event
from ._lambda_results import GatewayError, from_result
from ._wire import WireRequest, WireResponse

IDLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the front is set up; the options of `to_event` and `from_result`."""

    stage: str | None = None
    source_ip: str | None = None
    scheme: Literal["https", "http"] = "https"
    domain: str | None = None
    binary: bool = True
    edge_event: EdgeEvent = "origin-request"


class Gateway:
    """HTTP on a free loopback port in front of `invoke(event) -> result`.

    `invoke` is called from one thread for each connection, possibly at once;
    what it raises is a 502 to the client, as is a result that the service does
    not accept. `failures` holds those, oldest first, for a test to look at.
    The client's address in events is `settings.source_ip`, else the peer's.

    Leaving the context closes every connection and ends every thread.
    """

    def __init__(
        self, shape: Shape, invoke: Callable[[Event], object], settings: Settings | None = None
    ) -> None:
        self.shape: Shape = shape
        self.failures: list[Exception] = []
        self._invoke = invoke
        self._settings = settings or Settings()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._closing = False
        self._acceptor = threading.Thread(target=self._accept, name=f"gateway-{shape}")

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closing = True
            connections = list(self._open.items())
        # A blocked accept() is not ended by close() everywhere; a connection is.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._acceptor.join()
        self._listener.close()
        for connection, _ in connections:
            shut(connection, socket.SHUT_RDWR)
        for _, thread in connections:
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, address = self._listener.accept()
            thread = threading.Thread(target=self._serve, args=(connection, address[0]))
            with self._lock:
                if self._closing:
                    connection.close()
                    return
                self._open[connection] = thread
                thread.start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(IDLE_SECONDS)
                while self._exchange(connection, stream, peer):
                    pass
        except OSError:
            pass  # the client left; there is nobody to tell
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def _exchange(self, connection: socket.socket, stream: BufferedReader, peer: str) -> bool:
        """Serve one request; False when the connection is to be closed."""
        try:
            taken = read_request(connection, stream)
        except RequestRefused as refusal:
            send_response(connection, _refusal(refusal), close=True)
            linger(connection)
            return False
        if taken is None:
            return False
        request, keep = taken
        send_response(connection, self._answer(request, peer), close=not keep)
        return keep

    def _answer(self, request: WireRequest, peer: str) -> WireResponse:
        settings = self._settings
        try:
            event = to_event(
                self.shape,
                request,
                stage=settings.stage,
                source_ip=settings.source_ip or peer,
                scheme=settings.scheme,
                domain=settings.domain,
                binary=settings.binary,
                edge_event=settings.edge_event,
            )
            result = self._invoke(event)
            return from_result(
                self.shape,
                result,
                request,
                binary=settings.binary,
                edge_event=settings.edge_event,
            )
        except RequestRefused as refusal:
            return _refusal(refusal, head=request.method == "HEAD")
        except Exception as error:  # noqa: BLE001 - whatever the function did is a 502
            self.failures.append(error)
            status = error.status if isinstance(error, GatewayError) else 502
            return _plain(status, f"{type(error).__name__}: {error}", request.method == "HEAD")


def _refusal(refusal: RequestRefused, *, head: bool = False) -> WireResponse:
    return _plain(refusal.status, refusal.reason, head)


def _plain(status: int, text: str, head: bool) -> WireResponse:
    body = text.encode("utf-8")
    headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))]
    return WireResponse(status, headers, b"" if head else body)
