"""`SocketPipeline`: the pipeline of a WebSocket, whose last link begins a conversation.

Up to there it is that of any route. An early answer, or an error, is the answer to the request: the
peer is not let in. Else the answer is an `Upgrade`, which no hook of `after_handle` and
`map_response` sees, because there is nothing yet; and what is left with other answers, the
generators of the request, is left at the end of the conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._conversation import Conversation
from portico._engine import Pipeline
from portico._framing import settle
from portico._headers import Headers
from portico._request_life import leave_with_stream
from portico._units import first
from portico._upgrade import Upgrade

if TYPE_CHECKING:
    from portico._chain import Chain
    from portico._context import Context
    from portico._engine import Colour
    from portico._response import Response
    from portico._straight import Straight
    from portico._units import Step


class SocketPipeline(Pipeline):
    """A chain whose handler gives a `Conversation`, or the `Upgrade` of a mounted application."""

    __slots__ = ()

    def __init__(self, chain: Chain, colour: Colour) -> None:
        super().__init__(chain, colour)
        self._needs_loop = True
        # Always: what a handler hands its context to may enter generators.
        self._may_enter = self._shields = True

    def _straight(self, chain: Chain, front: list[Step], *, on_loop: bool) -> Straight | None:
        return None

    async def _answered(self, ctx: Context) -> Response:
        value, link = await first(self._front, ctx)
        if isinstance(value, Conversation | Upgrade):
            return self._upgrade(value, ctx)
        return await self.finish(value, link, ctx)

    def _upgrade(self, value: Conversation | Upgrade, ctx: Context) -> Upgrade:
        if ctx._tracing is not None:
            ctx._tracing.leave(None)
        upgrade = value if isinstance(value, Upgrade) else _accepting(value)
        settle(upgrade, ctx)
        _leave_to_server(upgrade.headers)
        leave_with_stream(upgrade, ctx, None)
        return upgrade


def _accepting(conversation: Conversation) -> Upgrade:
    return Upgrade.to(conversation, Headers(), conversation.subprotocol)


def _leave_to_server(headers: Headers) -> None:
    """Take the fields of the handshake away, which are the server's to write."""
    for name in {name for name, _ in headers if name.startswith("sec-websocket-")}:
        headers.delete(name)
