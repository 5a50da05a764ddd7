"""`RedisSender`: publishes where nobody can subscribe, behind WSGI and on Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import create_task_group, fail_after

from portico import BrokerError, CapabilityError
from portico_plugins._redis_link import LinkLostError, LinkRefusedError
from portico_plugins._redis_message import packed

if TYPE_CHECKING:
    from portico import Deliver
    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import Link, MakeLink


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
        link = self._make_link(self._address, _ignore)
        error: BaseException | None = None
        try:
            with fail_after(self._timeout):
                await self._publish(link, channel, packed(data, bytes(8), 0))
        except* (LinkLostError, LinkRefusedError, TimeoutError) as group:
            error = group.exceptions[0]
        if error is not None:
            why = str(error) or f"no answer for {self._timeout:g} s"
            raise BrokerError(
                f"Redis at {self._address} did not take a message ({why}). It is not known whether "
                "it was published."
            ) from error

    async def _publish(self, link: Link, channel: bytes, content: bytes) -> None:
        try:
            async with create_task_group() as tasks:
                await link.open(tasks)
                tasks.start_soon(link.listen)
                refusals = await link.call([(b"PUBLISH", channel, content)])
                if refusals[0] is not None:
                    raise refusals[0]
                tasks.cancel_scope.cancel()
        finally:
            await link.close()


def _ignore(channel: bytes, content: bytes) -> None:
    """Nothing is subscribed to."""
