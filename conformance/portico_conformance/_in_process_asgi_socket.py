"""A WebSocket without a wire: the messages of ASGI's WebSocket scope, as a strict server has them.

A `send` returns when the client has taken the message, so that back-pressure is real; after the
client has gone it raises `OSError` (ASGI 2.4).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from portico_conformance._case import NoAnswerError, SocketEnd
from portico_conformance._in_process import TIMEOUT
from portico_conformance._wire import WireResponse

T = TypeVar("T")
Message = MutableMapping[str, Any]

_AHEAD = 16  # messages of the client that wait for the application before `send` does
_DENIAL = "websocket.http.response"


class AsgiSocket:
    """One call with a WebSocket scope; made on the loop, and used from the client's thread."""

    def __init__(self, portal: BlockingPortal) -> None:
        self.answer = WireResponse(0)
        self.failure: Exception | None = None
        self._portal = portal
        self._to_app, self._app_receives = anyio.create_memory_object_stream[Message](_AHEAD)
        self._app_sends, self._from_app = anyio.create_memory_object_stream[Message](0)
        self._to_app.send_nowait({"type": "websocket.connect"})
        self._ended: Message | None = None

    # The application's side, on the loop.

    async def receive_message(self) -> Message:
        if self._ended is not None:
            return self._ended
        message = await self._app_receives.receive()
        if message["type"] == "websocket.disconnect":
            self._ended = message
            self._from_app.close()
        return message

    async def send_message(self, message: Message) -> None:
        try:
            await self._app_sends.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise OSError("the client has disconnected") from None

    def over(self) -> None:
        """The application has returned or raised."""
        self._app_sends.close()
        self._app_receives.close()

    # The client's side, in its own thread.

    def wait_for_answer(self) -> None:
        """Wait until the application has accepted or refused."""
        self.answer = self._step(self._answer)

    def send(self, data: str | bytes) -> None:
        """Send a message."""
        kind, other = ("text", "bytes") if isinstance(data, str) else ("bytes", "text")
        self._put({"type": "websocket.receive", kind: data, other: None})

    def receive(self) -> str | bytes | SocketEnd:
        """The next message, or how it ended."""
        message = self._step(self._next)
        if message is None:
            # What a server sends for an application that returns, or raises (ASGI says neither).
            return SocketEnd(1000 if self.failure is None else 1011)
        if message["type"] == "websocket.close":
            return SocketEnd(message.get("code", 1000), message.get("reason") or "")
        text: str | None = message.get("text")
        return bytes(message["bytes"]) if text is None else text

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame."""
        self._put({"type": "websocket.disconnect", "code": code, "reason": reason})

    def disconnect(self) -> None:
        """The client is gone. Once more does no harm."""
        self._portal.call(self._disconnect)

    async def _answer(self) -> WireResponse:
        message = await self._next()
        if message is None:
            raise NoAnswerError("the application did not answer") from self.failure
        if message["type"] == "websocket.accept":
            fields = _fields(message)
            chosen: str | None = message.get("subprotocol")
            if chosen is not None:
                fields.append(("sec-websocket-protocol", chosen))
            return WireResponse(101, fields)
        if message["type"] == "websocket.close":
            return WireResponse(403)
        body = b""
        while (part := await self._next()) is not None:
            body += part.get("body", b"")
        return WireResponse(message["status"], _fields(message), body)

    async def _next(self) -> Message | None:
        try:
            return await self._from_app.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return None

    async def _disconnect(self) -> None:
        self._from_app.close()
        with suppress(anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._to_app.send_nowait({"type": "websocket.disconnect", "code": 1006})
        self._to_app.close()

    def _put(self, message: Message) -> None:
        async def put() -> None:
            # Where nobody receives any more, a server throws it away.
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._to_app.send(message)

        self._step(put)

    def _step(self, step: Callable[[], Awaitable[T]]) -> T:
        async def bounded() -> T:
            with anyio.fail_after(TIMEOUT):
                return await step()

        return self._portal.call(bounded)


def _fields(message: Message) -> list[tuple[str, str]]:
    return [(n.decode("latin-1"), v.decode("latin-1")) for n, v in message.get("headers", ())]
