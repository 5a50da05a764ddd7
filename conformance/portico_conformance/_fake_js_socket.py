"""`WebSocketPair` and `WebSocket` of workerd, for `_fake_js`.

What one end sends the other one gets as an event, in the next turn of the loop. An end that was not
accepted gets none, and cannot send.
"""

# ruff: noqa: N802 - the names are JavaScript's

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from portico_conformance._fake_js import JsArray, JsException, JsObject, JsProxy, Uint8Array

__all__ = ["WebSocket", "WebSocketPair"]


class WebSocket(JsProxy):
    """One end of a pair."""

    def __init__(self) -> None:
        self.peer: WebSocket = self
        self.binaryType = "blob"
        self._accepted = False
        self._has_closed = False
        self._waiting: list[tuple[str, JsObject]] = []
        self._listeners: dict[str, list[Callable[[Any], Any]]] = {}

    def accept(self) -> None:
        """Begin to get events, those that wait first."""
        self._accepted = True
        waiting, self._waiting = self._waiting, []
        for event, members in waiting:
            self.dispatch(event, members)

    def addEventListener(self, event: str, listener: Callable[[Any], Any]) -> None:
        """Call a function with each event of a name."""
        self._listeners.setdefault(event, []).append(listener)

    def removeEventListener(self, event: str, listener: Callable[[Any], Any]) -> None:
        """Do not call it any more."""
        self._listeners[event].remove(listener)

    def send(self, data: str | Uint8Array) -> None:
        """Send a message."""
        self._must_be_accepted("send()")
        if self._has_closed:
            raise JsException("TypeError", "Can't call WebSocket send() after close().")
        if isinstance(data, Uint8Array) and self.peer.binaryType != "arraybuffer":
            raise JsException("TypeError", "The fake runtime has no Blob.")
        self._tell("message", JsObject(data=data))

    def close(self, code: int | None = None, reason: str = "") -> None:
        """Send a close frame; the second one is ignored."""
        self._must_be_accepted("close()")
        if code is not None and code != 1000 and not 3000 <= code <= 4999:
            is_sent = 1001 <= code <= 1014 and code not in (1004, 1005, 1006)
            if not is_sent:
                raise JsException("TypeError", f"Invalid WebSocket close code: {code}.")
        if not self._has_closed:
            self._has_closed = True
            self._tell("close", JsObject(code=1005 if code is None else code, reason=reason))

    def lose(self) -> None:
        """The connection of this end breaks."""
        if not self._has_closed:
            self._has_closed = True
            self._tell("close", JsObject(code=1006, reason=""))

    def dispatch(self, event: str, members: JsObject) -> None:
        """Give an event to the listeners, or keep it until it is accepted."""
        if not self._accepted:
            self._waiting.append((event, members))
            return
        for listener in list(self._listeners.get(event, ())):
            listener(members)

    def _tell(self, event: str, members: JsObject) -> None:
        asyncio.get_running_loop().call_soon(self.peer.dispatch, event, members)

    def _must_be_accepted(self, what: str) -> None:
        if not self._accepted:
            raise JsException("TypeError", f"You must call accept() before {what}.")


class WebSocketPair(JsProxy):
    """Two ends."""

    def __init__(self) -> None:
        first, second = WebSocket(), WebSocket()
        first.peer, second.peer = second, first
        self._ends = [first, second]

    @classmethod
    def new(cls) -> WebSocketPair:
        """The constructor."""
        return cls()

    def object_values(self) -> JsArray:
        """The two ends: one for the peer, one for the Worker."""
        return JsArray(list(self._ends))
