"""Brokers: who gets what is published on a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from portico._errors import PorticoError

Deliver: TypeAlias = Callable[[str | bytes], None]
"""Takes a message for one connection, without waiting and without raising."""


class BrokerError(PorticoError):
    """A message was not handed on, or a topic not subscribed to: the text says what is known."""


class Broker(Protocol):
    """Hands messages from publishers to the connections that have subscribed to a topic.

    One serves a `Running`, on one event loop. One that several processes share hands on what other
    processes publish too. Messages of one topic arrive in the order in which they were published.
    `subscribe` and `publish` raise `BrokerError` where what is behind a broker is away.
    """

    async def subscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Let a connection have what is published from now on; a second time changes nothing."""
        ...

    async def unsubscribe(self, topic: str, deliver: Deliver, /) -> None:
        """End that; nothing happens where it is not subscribed. It never raises."""
        ...

    async def publish(
        self, topic: str, data: str | bytes, /, *, but: Deliver | None = None
    ) -> None:
        """Hand a message, text or binary, to all subscribers of a topic, but one.

        It is on its way when this returns: nobody waits until a connection has it.
        """
        ...


class LocalBroker:
    """A broker for the connections of one process."""

    __slots__ = ("_topics",)

    def __init__(self) -> None:
        # Dictionaries are sets that keep their order.
        self._topics: dict[str, dict[Deliver, None]] = {}

    async def subscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Let a connection have what is published from now on."""
        self._topics.setdefault(topic, {})[deliver] = None

    async def unsubscribe(self, topic: str, deliver: Deliver, /) -> None:
        """End that; a topic without subscribers is forgotten."""
        subscribers = self._topics.get(topic)
        if subscribers is not None:
            subscribers.pop(deliver, None)
            if not subscribers:
                del self._topics[topic]

    async def publish(
        self, topic: str, data: str | bytes, /, *, but: Deliver | None = None
    ) -> None:
        """Hand a message to all subscribers of a topic, but one."""
        for deliver in list(self._topics.get(topic, ())):
            if deliver != but:
                deliver(data)
