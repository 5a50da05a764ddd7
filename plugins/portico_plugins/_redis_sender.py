"""Where nobody can subscribe: `RedisSender` behind WSGI and on Lambda, `NoRedis` on Workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import create_task_group, fail_after

from portico import BrokerError, CapabilityError
from portico_plugins._redis_link import LinkLostError, LinkRefusedError, first_of
from portico_plugins._redis_message import packed
from portico_plugins._redis_topics import Message

if TYPE_CHECKING:
    from portico import Deliver
    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import MakeLink


class RedisSender:
    """See `Broker`. There is no task between requests there, and so no connection that lasts."""

    def __init__(
        self, address: RedisAddress, make_link: MakeLink, *, prefix: str, timeout: float
    ) -> None:
        self._address = address
        self._make_link = make_link
        self._prefix = prefix.encode()
        self._timeout = timeout

    async def subscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Refuse: no connection stays in memory here.

        Raises:
            CapabilityError: always.
        """
        raise CapabilityError(
            f"Nobody can subscribe to {topic!r} here: there are no WebSockets that stay in memory. "
            "Publish only, and subscribe in processes behind ASGI."
        )

    async def unsubscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Nobody is subscribed."""

    async def publish(
        self, topic: str, data: str | bytes, /, *, but: Deliver | None = None
    ) -> None:
        """Hand a message to all subscribers of a topic, in every process.

        Raises:
            BrokerError: Redis is away, refuses it or does not answer.
        """
        channel = self._prefix + topic.encode("utf-8", "surrogatepass")
        message = Message(channel, packed(data, bytes(8), 0))
        error: BaseException | None = None
        try:
            with fail_after(self._timeout):
                await self._publish(message)
        except* (LinkLostError, LinkRefusedError, TimeoutError) as group:
            error = first_of(group)
        if error is not None:
            why = str(error) or f"no answer for {self._timeout:g} s"
            raise BrokerError(
                f"Redis at {self._address} did not take a message ({why}): {message.fate}."
            ) from error

    async def _publish(self, message: Message) -> None:
        link = self._make_link(self._address, _ignore)
        try:
            async with create_task_group() as tasks:
                await link.open(tasks)
                tasks.start_soon(link.listen)
                message.is_sent = True
                (refusal,) = await link.call([(b"PUBLISH", message.channel, message.content)])
                if refusal is not None:
                    message.is_sent = False
                    raise refusal
                tasks.cancel_scope.cancel()
        finally:
            await link.close()


class NoRedis:
    """See `Broker`. A connection would end with its request here, and nobody subscribes to it."""

    def __init__(self, runtime: str) -> None:
        self._runtime = runtime

    async def subscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Refuse.

        Raises:
            CapabilityError: always.
        """
        raise self._absent(topic)

    async def unsubscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Nobody is subscribed."""

    async def publish(
        self, topic: str, data: str | bytes, /, *, but: Deliver | None = None
    ) -> None:
        """Refuse.

        Raises:
            CapabilityError: always.
        """
        raise self._absent(topic)

    def _absent(self, topic: str) -> CapabilityError:
        return CapabilityError(
            f"The topic {topic!r} cannot be reached: redis_broker needs 'shared_resources', which "
            f"the runtime {self._runtime!r} does not have. Look at `ctx.platform.capabilities` "
            "first."
        )


def _ignore(channel: bytes, content: bytes) -> None:
    """Nothing is subscribed to."""
