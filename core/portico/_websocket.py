"""`WebSocket`: an accepted connection, as handlers have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from portico._close_code import NORMAL, checked_close
from portico._errors import DisconnectError
from portico._message import check_size, decoder_of, encoded
from portico._upgrade import Closed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from portico._context import Context
    from portico._conversation import Conversation
    from portico._upgrade import Data

T = TypeVar("T")


class WebSocket:
    """One connection: what its handlers send, close and subscribe to.

    It belongs to the event loop that serves it, and its handlers run one after the other.

    Attributes:
        ctx: the request that it began with: `ws.ctx[key]`, `ws.ctx.params`, `ws.ctx.headers`. What
            `ctx.set` says after the connection was accepted goes nowhere.
        subprotocol: the one that was chosen (RFC 6455 section 1.9), or None.
    """

    __slots__ = ("_conversation", "ctx", "subprotocol")

    def __init__(self, conversation: Conversation, subprotocol: str | None) -> None:
        self._conversation = conversation
        self.ctx: Context = conversation.ctx
        self.subprotocol: str | None = subprotocol

    @property
    def closed(self) -> Closed | None:
        """The code and the reason with which either side has closed; None while it is open."""
        return self._conversation.closed

    @property
    def subscriptions(self) -> frozenset[str]:
        """The topics that it is subscribed to."""
        return frozenset(self._conversation.topics)

    async def send(self, value: object, /) -> None:
        """Send a message: text and bytes as they are, anything else as JSON in a text message.

        It waits as long as the peer takes no more.

        Raises:
            DisconnectError: the connection is closed.
            UnencodableError: the value has no form in JSON.
        """
        data = encoded(value)
        self._must_be_open()
        try:
            await self._conversation.channel.send(data)
        except DisconnectError:
            self._conversation.lost()
            raise

    async def receive(self) -> Data:
        """The next message as it is, for handlers that ask for it themselves.

        Raises:
            DisconnectError: the connection is closed, or was now, since nothing came for
                `idle_timeout` seconds; `closed` tells how.
            BodyTooLargeError: the message is larger than `max_message_size`.
        """
        self._must_be_open()
        data = await self._conversation.next()
        if isinstance(data, Closed):
            raise _gone()
        check_size(data, self._conversation.socket.max_message_size)
        return data

    def messages(self, kind: type[T], /) -> Messages[T]:
        """The messages as values of a type, to be iterated over.

        What is no such value raises as a message handler's would, and the next one can be asked for
        all the same.
        """
        return Messages(self, decoder_of(kind, "messages()"))

    def __aiter__(self) -> AsyncIterator[Data]:
        return Messages[Any](self, _unchanged)

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the connection; nothing happens where it is closed already.

        Args:
            code: 1000, or what else RFC 6455 section 7.4 lets an endpoint send; your own are 3000
                to 4999.
            reason: for the peer, at most 123 bytes of UTF-8.

        Raises:
            ValueError: no close frame can have this code or reason.
        """
        checked_close(code, reason)
        await self._conversation.close(code, reason)

    async def subscribe(self, topic: str, /) -> None:
        """Send on, from now, what is published on a topic; it ends with the connection.

        Raises:
            CapabilityError: on this runtime, connections cannot reach each other.
        """
        self._must_be_open()
        await self._conversation.subscribe(topic)

    async def unsubscribe(self, topic: str, /) -> None:
        """End a subscription."""
        await self._conversation.unsubscribe(topic)

    def is_subscribed(self, topic: str, /) -> bool:
        """Whether it is subscribed to a topic."""
        return topic in self._conversation.topics

    async def publish(self, topic: str, value: object, /) -> None:
        """Send a value to every other connection that has subscribed to a topic.

        It does not wait until they have it: one that does not keep up is closed (1013).
        `ctx.publish` is for what no connection publishes.

        Raises:
            CapabilityError: on this runtime, connections cannot reach each other.
        """
        from portico._publishing import publish

        await publish(self.ctx, topic, value, but=self._conversation.deliver)

    def _must_be_open(self) -> None:
        if self.closed is not None:
            raise _gone()


class Messages(Generic[T]):
    """The messages of a connection, up to its end."""

    __slots__ = ("_decode", "_socket")

    def __init__(self, socket: WebSocket, decode: Callable[[Data], T]) -> None:
        self._socket = socket
        self._decode = decode

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            data = await self._socket.receive()
        except DisconnectError:
            raise StopAsyncIteration from None
        return self._decode(data)


def _unchanged(data: Data) -> Data:
    return data


def _gone() -> DisconnectError:
    return DisconnectError("The WebSocket is closed.")
