"""What the core and an adapter owe each other for a WebSocket: `Upgrade` and `Channel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

from portico._response import Response
from portico._stream import ByteStream

if TYPE_CHECKING:
    from portico._conversation import Conversation
    from portico._headers import Headers

Data: TypeAlias = str | bytes
"""One message: text, or binary data."""

SocketEvent: TypeAlias = Literal["open", "message", "close"]
"""A part of a conversation that is a call of its own, where the runtime gives each event alone."""

POSTED_LIMIT: Final = 1024
"""How many messages of `Channel.post` wait for a peer before it counts as too slow."""


class Closed(NamedTuple):
    """How a connection ended (RFC 6455 section 7.1.5 and 7.1.6).

    Attributes:
        code: 1005 where the peer gave none, 1006 where the connection was lost.
        reason: what the one who closed said; mostly empty.
    """

    code: int
    reason: str = ""


class Channel(Protocol):
    """An accepted connection, which an adapter gives to `Upgrade.run`.

    `receive`, `send` and `close` are called in the task of `run`, one after the other.
    """

    async def receive(self, timeout: float | None, /) -> Data | Closed:
        """The next message, or how the connection ended; also after it has.

        Raises:
            TimeoutError: nothing came for so many seconds.
        """
        ...

    async def send(self, data: Data, /) -> None:
        """Send a message; it waits as long as the peer takes no more.

        Raises:
            DisconnectError: the peer is gone.
        """
        ...

    async def close(self, code: int, reason: str, /) -> None:
        """Send a close frame; nothing happens where the peer is gone."""
        ...

    def post(self, data: Data, /) -> None:
        """Send a message when its turn comes, without waiting; never raises.

        It is called from other tasks of the same event loop. Where `POSTED_LIMIT` messages wait
        already the peer does not keep up: the connection is closed with 1013 ("try again later"),
        and `receive` tells so.
        """
        ...


class Upgrade(Response):
    """The answer of `connect` that accepts: the handshake's header fields, and what comes then.

    Its status is 101, and its content, which nobody else reads, is the conversation: request-lived
    generators live as long as it. Call `run` or `refuse`, once.

    Attributes:
        subprotocol: the one that was chosen of those that the peer offers, or None.
    """

    __slots__ = ("_conversation", "subprotocol")

    subprotocol: str | None
    _conversation: Conversation

    @classmethod
    def to(cls, conversation: Conversation, headers: Headers, subprotocol: str | None) -> Upgrade:
        """The upgrade to a conversation."""
        upgrade = cls.__new__(cls)
        upgrade.status = 101
        upgrade._set(headers, ByteStream(conversation.frames()))
        upgrade.subprotocol = subprotocol
        upgrade._conversation = conversation
        return upgrade

    async def run(self, channel: Channel, event: SocketEvent | None = None) -> None:
        """Serve the accepted connection to its end; it raises nothing but for cancellation.

        Where the runtime gives one event at a time, `event` says which one this is: nothing but its
        handlers are called, then, and those of the end where the connection ended with it. The
        answer of `connect` to the same request stands for the connection each time. `receive` gives
        the message, or how the connection was closed.
        """
        conversation = self._conversation
        conversation.channel = channel
        conversation.event = event
        try:
            async for _ in self._stream():
                pass  # there are none: what is read is the life of the connection
        except Exception as error:  # noqa: BLE001 - nobody is left to answer
            if error is not conversation.failure:
                conversation.report(error)

    async def refuse(self) -> None:
        """Give up what was prepared, where the peer is gone before it was accepted."""
        await self._stream().aclose()

    def _stream(self) -> ByteStream:
        content = self.content
        return ByteStream([]) if isinstance(content, bytes) else content
