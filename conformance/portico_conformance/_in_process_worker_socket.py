"""The client's end of a `WebSocketPair` of the fake runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from portico_conformance._case import SocketEnd
from portico_conformance._fake_js import Context, Uint8Array, World
from portico_conformance._fake_js_fetch import Response, arrived
from portico_conformance._fake_js_socket import WebSocket
from portico_conformance._in_process import TIMEOUT
from portico_conformance._wire import WireRequest, WireResponse

T = TypeVar("T")


class WorkerSocket:
    """One request for a WebSocket; used from the client's thread."""

    def __init__(
        self,
        portal: BlockingPortal,
        world: World,
        entrypoint: Callable[[Any, Any], Any],
        request: WireRequest,
    ) -> None:
        self._portal = portal
        self._end: WebSocket | None = None
        self._context = Context()
        self._arrived: asyncio.Queue[str | bytes | SocketEnd] | None = None
        self.answer = self._step(lambda: self._ask(world, entrypoint, request))

    def send(self, data: str | bytes) -> None:
        """Send a message."""
        self._do(lambda end: end.send(data if isinstance(data, str) else Uint8Array(data)))

    def receive(self) -> str | bytes | SocketEnd:
        """The next message, or how it ended."""
        arrived = self._arrived
        assert arrived is not None, f"there is no WebSocket: {self.answer}"
        return self._step(arrived.get)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame."""
        self._do(lambda end: end.close(code, reason))

    def disconnect(self) -> None:
        """The client is gone. Once more does no harm."""
        if self._end is not None:
            self._do(lambda end: end.lose())
            self._step(self._context.settle)

    async def _ask(
        self, world: World, entrypoint: Callable[[Any, Any], Any], request: WireRequest
    ) -> WireResponse:
        native = arrived(request.method, request.target, request.headers, None)
        response: Response = await entrypoint(self._context, world.env).fetch(native)
        fields = [(name.lower(), value) for name, value in response.headers.fields]
        if response.socket is None:
            return WireResponse(response.status, fields, (await response.arrayBuffer()).to_bytes())
        end: WebSocket = response.socket
        self._end, self._arrived = end, asyncio.Queue()
        end.binaryType = "arraybuffer"
        end.addEventListener("message", self._on_message)
        end.addEventListener("close", self._on_close)
        end.accept()
        return WireResponse(response.status, fields)

    def _on_message(self, event: Any) -> None:
        data = event.data
        self._put(data if isinstance(data, str) else data.to_bytes())

    def _on_close(self, event: Any) -> None:
        self._put(SocketEnd(event.code, event.reason))

    def _put(self, data: str | bytes | SocketEnd) -> None:
        assert self._arrived is not None
        self._arrived.put_nowait(data)

    def _do(self, act: Callable[[WebSocket], object]) -> None:
        async def now() -> None:
            assert self._end is not None, f"there is no WebSocket: {self.answer}"
            act(self._end)

        self._step(now)

    def _step(self, step: Callable[[], Awaitable[T]]) -> T:
        async def bounded() -> T:
            with anyio.fail_after(TIMEOUT):
                return await step()

        return self._portal.call(bounded)
