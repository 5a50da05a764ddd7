"""A `WebSocketPair` of the runtime as the `Channel` of a connection.

One end goes to the peer with the answer 101, the other one is accepted here. What arrives is kept
until the application asks for it: the runtime has no way to make the peer wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from portico import DisconnectError
from portico.contract import Closed
from portico_cloudflare._response import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico.contract import Upgrade
    from portico_cloudflare._javascript import JavaScript
    from portico_cloudflare._platform import WorkerPlatform

_NO_STATUS: Final = 1005
_ABNORMAL: Final = 1006


class WorkerChannel:
    """One accepted connection; see `Channel`.

    Attributes:
        client: the end that goes with the answer.
    """

    __slots__ = ("_arrived", "_closed", "_javascript", "_proxies", "_server", "_waiting", "client")

    def __init__(self, javascript: JavaScript) -> None:
        self.client, self._server = javascript.js.WebSocketPair.new().object_values()
        self._javascript = javascript
        self._arrived: deque[str | bytes | Closed] = deque()
        self._closed: Closed | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._proxies: list[tuple[str, Any]] = []
        self._server.accept()
        self._server.binaryType = "arraybuffer"
        self._listen("message", self._on_message)
        self._listen("close", self._on_close)
        self._listen("error", self._on_error)

    def _listen(self, event: str, listener: Callable[[Any], None]) -> None:
        proxy = self._javascript.create_proxy(listener)
        self._proxies.append((event, proxy))
        self._server.addEventListener(event, proxy)

    def _on_message(self, event: Any) -> None:
        data = event.data
        self._put(data if isinstance(data, str) else bytes(data.to_bytes()))

    def _on_close(self, event: Any) -> None:
        self._put(Closed(int(event.code) or _NO_STATUS, str(event.reason or "")))

    def _on_error(self, event: Any) -> None:
        self._put(Closed(_ABNORMAL))

    def _put(self, data: str | bytes | Closed) -> None:
        self._arrived.append(data)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def receive(self, timeout: float | None, /) -> str | bytes | Closed:
        """The next message, or how the connection ended."""
        if self._closed is not None:
            return self._closed
        if not self._arrived:
            self._waiting = asyncio.Future(loop=asyncio.get_running_loop())
            await asyncio.wait_for(self._waiting, timeout)
        data = self._arrived.popleft()
        if isinstance(data, Closed):
            self._closed = data
            # The peer's close is answered with the same (RFC 6455 section 5.5.1).
            self._close_native(*((data.code,) if data.code not in (_NO_STATUS, _ABNORMAL) else ()))
        return data

    async def send(self, data: str | bytes, /) -> None:
        """Send a message; the runtime keeps what the peer does not take."""
        if self._closed is not None:
            raise _gone()
        try:
            self._server.send(data if isinstance(data, str) else self._javascript.to_js(data))
        except self._javascript.error:
            self._closed = Closed(_ABNORMAL)
            raise _gone() from None

    async def close(self, code: int, reason: str, /) -> None:
        """Send a close frame."""
        if self._closed is None:
            self._closed = Closed(code, reason)
            self._close_native(code, reason)

    def post(self, data: str | bytes, /) -> None:
        """Send nothing: here no request may send for another one, so nobody has subscribed."""

    def _close_native(self, *arguments: Any) -> None:
        with suppress(self._javascript.error):  # it is closed already
            self._server.close(*arguments)

    def finish(self) -> None:
        """Let go of the runtime's objects, once the conversation is over."""
        if self._closed is None:
            self._closed = Closed(_ABNORMAL)
            self._close_native(1011)
        for event, proxy in self._proxies:
            self._server.removeEventListener(event, proxy)
            proxy.destroy()
        self._proxies.clear()


def accepted(upgrade: Upgrade, channel: WorkerChannel, javascript: JavaScript) -> Any:
    """The `Response` of JavaScript that accepts, with the peer's end of the pair."""
    headers = javascript.make_headers()
    for name, value in upgrade.headers:
        headers.append(name, as_text(value))
    if upgrade.subprotocol is not None:
        headers.append("sec-websocket-protocol", upgrade.subprotocol)
    return javascript.make_response(None, status=101, headers=headers, webSocket=channel.client)


async def converse(upgrade: Upgrade, channel: WorkerChannel, platform: WorkerPlatform) -> None:
    """Serve the connection to its end."""
    try:
        await upgrade.run(channel)
    finally:
        channel.finish()
        platform.abort()


def _gone() -> DisconnectError:
    return DisconnectError("The WebSocket is closed.")
