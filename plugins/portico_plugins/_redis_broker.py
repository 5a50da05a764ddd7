"""`RedisBroker`: hands on what is published among the processes that share a Redis.

All of it goes over one connection of the process, so that messages have one order for everybody:
what is published here comes back like that of other processes, and is given to the subscribers
then. Tasks only say what they want; one task sends it, and waits for the answers before it sends
more. So no cancelled request leaves half a command behind.

::

    connecting > serving > lost > connecting (at once) > away > connecting (later and later) ...

While Redis is away, who publishes or subscribes hears of it at once, and the connections of this
process keep their subscriptions for when it is back.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final

from anyio import TASK_STATUS_IGNORED, fail_after, sleep

from portico import BrokerError
from portico_plugins._redis_link import LinkLostError, LinkRefusedError, first_of
from portico_plugins._redis_message import packed, unpacked
from portico_plugins._redis_session import Session
from portico_plugins._redis_topics import Message, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskStatus

    from portico import Deliver
    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import MakeLink, Reporter

_WAITING: Final = 4096
"""Messages that may wait to be sent; more are refused."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0  # seconds between attempts, doubled each time


class RedisBroker:
    """See `Broker`; `run` has to run meanwhile."""

    def __init__(
        self,
        address: RedisAddress,
        make_link: MakeLink,
        platform: Reporter,
        *,
        prefix: str,
        timeout: float,
        heartbeat: float,
    ) -> None:
        self._address = address
        self._make_link = make_link
        self._platform = platform
        self._prefix = prefix.encode()
        self._timeout = timeout
        self._heartbeat = heartbeat
        self._origin = os.urandom(8)
        self._wanted = Wanted()
        self._is_closed = False
        # When this connection began to serve; since when there is none; and why Redis is away,
        # once it could not be connected to again.
        self._serves_since: float | None = None
        self._lost_at: float | None = None
        self._away: Exception | None = None
        self._reported: type[Exception] | None = None

    # What applications do

    async def subscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Let a connection have what is published from now on.

        Raises:
            BrokerError: Redis is away, does not allow it, or does not answer.
        """
        self._must_serve()
        channel = self._channel(topic)
        known = self._wanted.topics.get(channel)
        is_new = known is None or deliver not in known.subscribers
        answer = self._wanted.join(channel, deliver).answer
        if answer.is_success:
            return
        try:
            with fail_after(self._timeout):
                await answer.wait()
        except BaseException as error:
            if is_new:
                self._wanted.leave(channel, deliver)
            if isinstance(error, TimeoutError):
                raise self._no_answer(f"the subscription to {topic!r} was not made") from None
            raise

    async def unsubscribe(self, topic: str, deliver: Deliver, /) -> None:
        """End that; a topic without subscribers is left."""
        self._wanted.leave(self._channel(topic), deliver)

    async def publish(
        self, topic: str, data: str | bytes, /, *, but: Deliver | None = None
    ) -> None:
        """Hand a message to all subscribers of a topic, in every process, but one.

        Raises:
            BrokerError: Redis is away, does not allow it, or does not answer; the text says whether
                the message may have arrived all the same.
        """
        self._must_serve()
        if len(self._wanted.waiting) >= _WAITING:
            raise BrokerError(
                f"{_WAITING} messages wait for Redis at {self._address}, so this one was not "
                "published. More is published than Redis takes: publish less, or wait."
            )
        channel = self._channel(topic)
        own = self._wanted.topics.get(channel)
        number = own.hold(but) if own is not None and but is not None else 0
        message = Message(channel, packed(data, self._origin, number))
        self._wanted.put(message)
        try:
            with fail_after(self._timeout):
                await message.answer.wait()
        except TimeoutError:
            raise self._no_answer(message.fate) from None
        finally:
            message.is_given_up = True
            if own is not None and not message.is_sent:
                own.release(number)

    # One connection after the other

    async def run(self, *, task_status: TaskStatus[Exception | None] = TASK_STATUS_IGNORED) -> None:
        """Keep a connection until it is cancelled.

        It counts as started after the first attempt: with None, or with why Redis refuses to serve
        this process at all; then it ends.
        """

        def begin_first() -> None:
            self._begin()
            task_status.started(None)

        pause = _FIRST_PAUSE
        try:
            error = await self._session(begin_first)
            if self._serves_since is None:
                is_refused = isinstance(error, LinkRefusedError)
                task_status.started(error if is_refused else None)
                if is_refused:
                    return
            while True:
                if self._lost(error):
                    pause = _FIRST_PAUSE
                else:
                    await sleep(pause * random.uniform(0.5, 1.0))
                    pause = min(2 * pause, _LONGEST_PAUSE)
                error = await self._session(self._begin)
        finally:
            self._is_closed = True
            self._wanted.fail("The application stops", None)

    async def _session(self, begin: Callable[[], None]) -> Exception:
        """Connect, and serve for as long as the connection lasts; why it did not, or ended."""
        self._serves_since = None
        session = Session(
            self._make_link(self._address, self._receive),
            self._wanted,
            self._platform,
            str(self._address),
            timeout=self._timeout,
            heartbeat=self._heartbeat,
        )
        error: Exception = LinkLostError("Redis has closed the connection")
        try:
            await session.run(begin)
        except* Exception as group:  # noqa: BLE001 - reported, whatever it is, and tried again
            error = first_of(group)
        return error

    def _begin(self) -> None:
        """There is a new connection."""
        now = self._platform.monotonic()
        self._serves_since = now
        self._away = self._reported = None
        self._wanted.begin()
        if self._lost_at is not None:
            gap, self._lost_at = now - self._lost_at, None
            self._platform.report(
                BrokerError(
                    f"Redis at {self._address} was away for {gap:.1f} s. What other processes have "
                    f"published meanwhile did not reach the {len(self._wanted.topics)} topics of "
                    "this one."
                ),
                "Redis is back",
            )

    def _lost(self, error: Exception) -> bool:
        """There is no connection any more, or still none; whether to try again at once."""
        now = self._platform.monotonic()
        self._wanted.disconnect()
        if self._lost_at is None:
            self._lost_at = now
        if type(error) is not self._reported:
            # Once for each way in which it fails, and not for each attempt.
            self._reported = type(error)
            self._platform.report(
                error, f"there is no connection to Redis at {self._address}; it is tried again"
            )
        if self._serves_since is None:
            self._away = error
            self._wanted.fail(f"Redis at {self._address} is away ({error})", error)
            return False
        # One that is lost as soon as it is made must not be made without a pause.
        return now - self._serves_since > _LONGEST_PAUSE

    # What arrives

    def _receive(self, channel: bytes, content: bytes) -> None:
        """Give a message to those who want it; one may be late, for a topic that was left."""
        topic = self._wanted.topics.get(channel)
        if topic is None:
            return
        published = unpacked(content)
        if published is None:
            self._platform.report(
                BrokerError(
                    f"A message of {len(content)} bytes on {channel!r} comes from another program, "
                    "and nobody gets it. Give each program a prefix of its own."
                ),
                "a message could not be handed on",
            )
            return
        is_own = published.origin == self._origin
        publisher = topic.release(published.number) if is_own else None
        for deliver in list(topic.subscribers):
            if deliver != publisher:
                self._deliver(deliver, published.data)

    def _deliver(self, deliver: Deliver, data: str | bytes) -> None:
        try:
            deliver(data)
        except Exception as error:  # noqa: BLE001 - reported; the others get it all the same
            self._platform.report(error, "a subscriber did not take a message")

    # Words

    def _channel(self, topic: str) -> bytes:
        return self._prefix + topic.encode("utf-8", "surrogatepass")

    def _must_serve(self) -> None:
        if self._is_closed:
            raise BrokerError("The application stops, and its connection to Redis is closed.")
        if self._away is not None:
            raise BrokerError(
                f"Redis at {self._address} is away ({self._away}). It is tried again meanwhile."
            ) from self._away

    def _no_answer(self, what: str) -> BrokerError:
        return BrokerError(
            f"Redis at {self._address} did not answer for {self._timeout:g} s: {what}."
        )
