"""An ASGI server without HTTP: an event loop in a thread, the lifespan, and one task for each call.

The server is as strict as ASGI lets it be. A `send` returns when the client has taken what was
sent, so that back-pressure is real; after a disconnect it raises `OSError` (ASGI 2.4). The
application stands behind our validator, and whatever it reports fails the case.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, MutableMapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Literal, TypeVar
from urllib.parse import unquote_to_bytes

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from portico_conformance._asgi_validator import ValidatedApp, validate
from portico_conformance._case import Client, NoAnswerError, Row
from portico_conformance._in_process import TIMEOUT, BrokenAnswerError, InProcessClient
from portico_conformance._in_process_asgi_socket import AsgiSocket
from portico_conformance._wire import WireRequest, WireResponse

T = TypeVar("T")
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Any, Any, Any], Awaitable[object]]

_AHEAD = 16  # pieces of a request's body that wait for the application before `feed` does
_GRACE = 5.0  # seconds that calls get to end when the server stops


@contextmanager
def asgi_client(row: Row, app: AsgiApp, backend: Literal["asyncio", "trio"]) -> Generator[Client]:
    """A client of an ASGI application, started and, at the end, stopped."""
    with start_blocking_portal(backend) as portal:
        server = portal.call(_Server, validate(app), portal)
        serving, _ = portal.start_task(server.serve)
        try:
            yield InProcessClient(row, server.begin, server.settle, server.connect)
        finally:
            portal.call(server.stop)
            serving.result(TIMEOUT + _GRACE)
        server.settle()


class _Server:
    """One application on one loop, where it is made; `begin` and `settle` are for any thread."""

    def __init__(self, app: ValidatedApp, portal: BlockingPortal) -> None:
        self._app = app
        self._portal = portal
        self._state: Message = {}
        self._under_way = 0
        self._stopping = anyio.Event()
        self._idle = anyio.Event()

    def begin(self, request: WireRequest, more: bool) -> _AsgiCall:
        """Start a call."""
        return self._portal.call(self._begin, request, more)

    def connect(self, request: WireRequest) -> AsgiSocket:
        """Start a call for a WebSocket, and wait for the answer to its request."""
        socket = self._portal.call(self._connect, request)
        socket.wait_for_answer()
        return socket

    def settle(self) -> None:
        """Raise the first violation since the last time."""
        violations, self._app.violations[:] = list(self._app.violations), []
        if violations:
            raise AssertionError(f"the ASGI validator reports: {violations[0]}") from violations[0]

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Serve until `stop`, with the lifespan around it."""
        async with anyio.create_task_group() as self._calls:
            async with self._lifespan():
                task_status.started()
                await self._stopping.wait()
                await self._wait_until_idle()
            self._calls.cancel_scope.cancel()

    async def stop(self) -> None:
        """Let `serve` end."""
        self._stopping.set()

    @asynccontextmanager
    async def _lifespan(self) -> AsyncGenerator[None]:
        to_app, app_receives = anyio.create_memory_object_stream[Message](1)
        app_sends, from_app = anyio.create_memory_object_stream[Message](1)

        async def step(name: str) -> None:
            with anyio.fail_after(TIMEOUT):
                await to_app.send({"type": f"lifespan.{name}"})
                answer = await from_app.receive()
            assert answer["type"] == f"lifespan.{name}.complete", f"the {name} failed: {answer}"

        with to_app, app_receives, app_sends, from_app:
            async with anyio.create_task_group() as lifespan:
                scope = {"type": "lifespan", "asgi": dict(_ASGI), "state": self._state}
                lifespan.start_soon(self._app, scope, app_receives.receive, app_sends.send)
                await step("startup")
                yield
                await step("shutdown")

    async def _wait_until_idle(self) -> None:
        with anyio.move_on_after(_GRACE):
            while self._under_way:
                self._idle = anyio.Event()
                await self._idle.wait()

    async def _begin(self, request: WireRequest, more: bool) -> _AsgiCall:
        call = _AsgiCall(self._portal, request, more)
        self._under_way += 1
        self._calls.start_soon(self._run, call, _scope(request, self._state))
        return call

    async def _connect(self, request: WireRequest) -> AsgiSocket:
        socket = AsgiSocket(self._portal)
        self._under_way += 1
        self._calls.start_soon(self._run, socket, _socket_scope(request, self._state))
        return socket

    async def _run(self, call: _AsgiCall | AsgiSocket, scope: Message) -> None:
        try:
            await self._app(scope, call.receive_message, call.send_message)
        except Exception as error:  # noqa: BLE001 - a server outlives its application's mistakes
            call.failure = error
        finally:
            call.over()
            self._under_way -= 1
            self._idle.set()


class _AsgiCall:
    """One call: what the application receives and sends, and the client's steps."""

    def __init__(self, portal: BlockingPortal, request: WireRequest, more: bool) -> None:
        self.failure: Exception | None = None
        self._portal = portal
        self._parts = [request.body] if request.body else []
        self._feed, self._fed = anyio.create_memory_object_stream[bytes](_AHEAD)
        self._complete = False  # whether the last of the body was given to the application
        self._gone = anyio.Event()
        self._started = False
        self._ended = False
        self._trailers: list[tuple[str, str]] = []
        self._trailers_follow = False
        self._send, self._sent = anyio.create_memory_object_stream[Message](0)
        if not more:
            self._feed.close()

    # The application's side, on the loop.

    async def receive_message(self) -> Message:
        if self._complete or self._gone.is_set():
            await self._gone.wait()
            return {"type": "http.disconnect"}
        if self._parts:
            return self._request_message(self._parts.pop(0))
        try:
            return self._request_message(await self._fed.receive())
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            if self._gone.is_set():
                return {"type": "http.disconnect"}
            return self._request_message(b"", more=False)

    def _request_message(self, body: bytes, *, more: bool = True) -> Message:
        waiting = self._fed.statistics()
        last = not (waiting.open_send_streams or waiting.current_buffer_used or self._parts)
        self._complete = last or not more
        return {"type": "http.request", "body": body, "more_body": not self._complete}

    async def send_message(self, message: Message) -> None:
        if self._gone.is_set():
            raise OSError("the client has disconnected")
        if message["type"] == "http.response.start":
            self._started, self._trailers_follow = True, message.get("trailers", False)
        elif message["type"] == "http.response.trailers":
            self._trailers += _texts(message["headers"])
            self._ended = not message.get("more_trailers", False)
        elif not message.get("more_body", False):
            self._ended = not self._trailers_follow
        try:
            if message["type"] == "http.response.start" or message.get("body"):
                await self._send.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise OSError("the client has disconnected") from None
        if self._ended:
            self._leave()

    def over(self) -> None:
        """The application has returned or raised."""
        self._leave()

    def _leave(self) -> None:
        self._gone.set()
        self._send.close()
        self._feed.close()
        self._fed.close()

    # The client's side, in its own thread.

    def feed(self, data: bytes) -> None:
        async def put() -> None:
            # Where nobody reads it any more, a server throws it away.
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._feed.send(data)

        self._step(put)

    def end(self) -> None:
        self._portal.call(self._feed.close)

    def head(self) -> WireResponse:
        message = self._step(self._next)
        if message is None:
            return _server_error(self.failure)
        return WireResponse(message["status"], _texts(message["headers"]), b"", self._trailers)

    def piece(self) -> bytes:
        message = self._step(self._next)
        if message is not None:
            return bytes(message["body"])
        if not self._ended and self._started:
            raise BrokenAnswerError("the application did not finish its answer") from self.failure
        return b""

    def disconnect(self) -> None:
        self._portal.call(self._disconnect)

    def close(self) -> None:
        self._portal.call(self._disconnect)

    def _disconnect(self) -> None:
        self._gone.set()
        self._feed.close()
        self._sent.close()
        self._fed.close()

    async def _next(self) -> Message | None:
        try:
            return await self._sent.receive()
        except anyio.EndOfStream:
            return None
        except anyio.ClosedResourceError:
            raise NoAnswerError("the client itself has disconnected") from None

    def _step(self, step: Callable[[], Awaitable[T]]) -> T:
        async def bounded() -> T:
            with anyio.fail_after(TIMEOUT):
                return await step()

        return self._portal.call(bounded)


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


_ASGI = {"version": "3.0", "spec_version": "2.5"}


def _scope(request: WireRequest, state: Message) -> Message:
    raw_path, _, query = request.target.encode("latin-1").partition(b"?")
    return {
        "type": "http",
        "asgi": dict(_ASGI),
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": dict(state),
        "extensions": {"http.response.trailers": {}},
    }


def _socket_scope(request: WireRequest, state: Message) -> Message:
    scope = _scope(request, state)
    del scope["method"]
    offered = ",".join(request.get_all("sec-websocket-protocol"))
    return {
        **scope,
        "type": "websocket",
        "scheme": "ws",
        "subprotocols": [name.strip() for name in offered.split(",") if name.strip()],
        "extensions": {"websocket.http.response": {}},
    }


def _server_error(failure: Exception | None) -> WireResponse:
    """What a server answers for an application that did not."""
    return WireResponse(500, [("x-failure", repr(failure).encode("ascii", "replace").decode())])
