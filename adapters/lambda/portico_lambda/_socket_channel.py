"""The `Channel` of one event of a connection that API Gateway holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico import CapabilityError, DisconnectError
from portico.contract import Closed
from portico_lambda._connections import GoneError

if TYPE_CHECKING:
    from portico_lambda._connections import Connection, Connections


class GatewayChannel:
    """What the handlers of one event receive and send.

    Args:
        connections: where to send.
        connection: whose event it is.
        arrived: the message, or how the connection ended; None for the handshake, which has not
            been answered yet.

    Attributes:
        closed: how it was closed from here, or None.
    """

    __slots__ = ("_arrived", "_connection", "_connections", "_is_accepted", "closed")

    def __init__(
        self, connections: Connections, connection: Connection, arrived: str | bytes | Closed | None
    ) -> None:
        self._connections = connections
        self._connection = connection
        self._arrived = arrived
        self._is_accepted = arrived is not None
        self.closed: Closed | None = None

    async def receive(self, timeout: float | None, /) -> str | bytes | Closed:
        """What the event has brought."""
        arrived = self._arrived
        if arrived is None:
            raise CapabilityError(
                "On Lambda each message of a WebSocket is an invocation of its own, so that there "
                "is none to wait for. Take it as the parameter `message` of a handler."
            )
        if not isinstance(arrived, Closed):
            self._arrived = None
        return arrived

    async def send(self, data: str | bytes, /) -> None:
        """Send a message, and wait until API Gateway has it."""
        if not self._is_accepted:
            raise CapabilityError(
                "On Lambda nothing can be sent before the handshake is answered, which is when the "
                "handler of `open` has returned. Send with the first message."
            )
        if isinstance(data, bytes):
            raise CapabilityError(
                "API Gateway sends text messages alone, not binary ones. Send text, such as base64."
            )
        if isinstance(self._arrived, Closed):
            raise _gone()
        try:
            self._connections.post(self._connection, data)
        except GoneError:
            raise _gone() from None

    async def close(self, code: int, reason: str, /) -> None:
        """End the connection; API Gateway takes neither a code nor a reason for the peer."""
        self.closed = Closed(code, reason)
        # First: the event that tells of the end must find that it was handled here.
        self._connections.delete(self._connection)
        if self._is_accepted:
            self._connections.close(self._connection)

    def post(self, data: str | bytes, /) -> None:
        """Send nothing: there are no topics here, so nobody has subscribed."""


def _gone() -> DisconnectError:
    return DisconnectError("The WebSocket is closed.")
