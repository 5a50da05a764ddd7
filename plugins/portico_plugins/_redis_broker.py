"""`RedisBroker`: hands on what is published among the processes that share a Redis.

All of it goes over one connection of the process, so that messages have one order for everybody:
what is published here comes back like that of other processes, and is given to the subscribers
then. Tasks only say what they want; one task sends it, several commands at a time, and waits for
the answers before it sends more. So no cancelled request leaves half a command behind.

::

    connecting > serving > lost > connecting (at once) > away > connecting (later and later) ...

While Redis is away, who publishes or subscribes hears of it at once, and the connections of this
process keep their subscriptions for when it is back.
"""

from __future__ import annotations

import os
import random
from collections import deque
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from anyio import TASK_STATUS_IGNORED, Event, create_task_group, fail_after, move_on_after, sleep

from portico import BrokerError
from portico_plugins._redis_link import LinkLostError, LinkRefusedError
from portico_plugins._redis_message import packed, unpacked
from portico_plugins._redis_topics import Message, Topic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from anyio.abc import TaskStatus

    from portico import Deliver
    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import Command, Link, MakeLink, Reporter

T = TypeVar("T")

_AT_ONCE: Final = 256
"""Commands that are sent before their answers are waited for."""

_BYTES_AT_ONCE: Final = 1 << 20
"""No more messages are added to as many bytes of them."""

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
        self._topics: dict[bytes, Topic] = {}
        self._changed: set[bytes] = set()  # topics to ask for, or to leave
        self._waiting: deque[Message] = deque()
        self._wake = Event()
        self._is_closed = False
        # When this connection began to serve; since when there is none; and why Redis is away,
        # once it could not be connected to again.
        self._serves_since: float | None = None
        self._lost_at: float | None = None
        self._away: Exception | None = None

    # What applications do

    async def subscribe(self, topic: str, deliver: Deliver, /) -> None:
        """Let a connection have what is published from now on.

        Raises:
            BrokerError: Redis is away, does not allow it, or does not answer.
        """
        self._must_serve()
        channel = self._channel(topic)
        entry = self._topics.setdefault(channel, Topic())
        is_new = deliver not in entry.subscribers
        entry.subscribers[deliver] = None
        if entry.answer.is_success:
            return
        self._changed.add(channel)
        self._wake.set()
        try:
            with fail_after(self._timeout):
                await entry.answer.wait()
        except BaseException as error:
            if is_new:
                self._drop(channel, deliver)
            if isinstance(error, TimeoutError):
                raise self._no_answer(f"a subscription to {topic!r} was not made") from None
            raise

    async def unsubscribe(self, topic: str, deliver: Deliver, /) -> None:
        """End that; a topic without subscribers is left."""
        self._drop(self._channel(topic), deliver)

    async def publish(
        self, topic: str, data: str | bytes, /, *, but: Deliver | None = None
    ) -> None:
        """Hand a message to all subscribers of a topic, in every process, but one.

        Raises:
            BrokerError: Redis is away, does not allow it, or does not answer; the text says whether
                the message may have arrived all the same.
        """
        self._must_serve()
        if len(self._waiting) >= _WAITING:
            raise BrokerError(
                f"{_WAITING} messages wait for Redis at {self._address}, so this one was not "
                "published. More is published than Redis takes: publish less, or wait."
            )
        channel = self._channel(topic)
        entry = self._topics.get(channel) if but is not None else None
        number = entry.hold(but) if entry is not None and but is not None else 0
        message = Message(channel, packed(data, self._origin, number))
        self._waiting.append(message)
        self._wake.set()
        try:
            with fail_after(self._timeout):
                await message.answer.wait()
        except TimeoutError:
            raise self._no_answer(_fate(message)) from None
        finally:
            message.is_given_up = True
            if entry is not None and not message.is_sent:
                entry.release(number)

    # One connection after the other

    async def run(self, *, task_status: TaskStatus[Exception | None] = TASK_STATUS_IGNORED) -> None:
        """Keep a connection until it is cancelled.

        It counts as started with the first attempt: with None, or with why Redis refuses to serve
        this process at all; then it ends.
        """
        is_first = True
        pause = _FIRST_PAUSE
        try:
            while True:
                self._serves_since = None
                error = await self._attempt(task_status if is_first else TASK_STATUS_IGNORED)
                served = self._serves_since is not None
                if is_first and not served:
                    refusal = error if isinstance(error, LinkRefusedError) else None
                    task_status.started(refusal)
                    if refusal is not None:
                        return
                is_first = False
                if self._lost(error):
                    pause = _FIRST_PAUSE
                    continue
                await sleep(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            self._is_closed = True
            self._fail_all("The application stops", None)

    async def _attempt(self, task_status: TaskStatus[Exception | None]) -> Exception:
        """Connect, and serve for as long as the connection lasts; why it did not or ended."""
        error: Exception = LinkLostError("Redis has closed the connection.")
        link = self._make_link(self._address, self._receive)
        try:
            async with create_task_group() as tasks:
                await self._in_time(link.open(tasks))
                tasks.start_soon(link.listen)
                self._begin()
                task_status.started(None)
                await self._serve(link)
        except* Exception as group:
            error = _first(group)
        finally:
            await link.close()
        return error

    def _begin(self) -> None:
        """There is a new connection, which nothing was asked for yet."""
        now = self._platform.monotonic()
        self._serves_since = now
        self._away = None
        for entry in self._topics.values():
            entry.disconnect()
        self._changed = set(self._topics)
        if self._lost_at is not None:
            gap, self._lost_at = now - self._lost_at, None
            self._platform.report(
                BrokerError(
                    f"Redis at {self._address} was away for {gap:.1f} s. What other processes have "
                    f"published meanwhile did not reach the {len(self._topics)} topics of this one."
                ),
                "Redis is back",
            )

    def _lost(self, error: Exception) -> bool:
        """There is no connection any more, or still none; whether to try again at once."""
        now = self._platform.monotonic()
        for entry in self._topics.values():
            entry.disconnect()
        if self._lost_at is None:
            self._lost_at = now
            self._platform.report(
                error, f"there is no connection to Redis at {self._address}; it is tried again"
            )
        if self._serves_since is None:
            self._away = error
            self._fail_all(f"Redis at {self._address} is away ({error})", error)
        # One that is lost as soon as it is made would else be made without a pause.
        return self._serves_since is not None and now - self._serves_since > _LONGEST_PAUSE

    def _fail_all(self, why: str, cause: Exception | None) -> None:
        for message in self._waiting:
            message.answer.fail(f"{why}, so the message was not published.", cause)
        self._waiting.clear()
        for entry in self._topics.values():
            entry.answer.fail(f"{why}, so the subscription was not made.", cause)

    # What goes over a connection

    async def _serve(self, link: Link) -> NoReturn:
        while True:
            self._wake = Event()  # before anything is looked at, so that nothing is missed
            has_changed = await self._change(link)
            has_sent = await self._send(link)
            if has_changed or has_sent:
                continue
            with move_on_after(self._heartbeat) as scope:
                await self._wake.wait()
            if scope.cancelled_caught:
                # A server that has stopped, or a network that forgets, is told by nothing else.
                await self._in_time(link.call([(b"PING",)]))

    async def _change(self, link: Link) -> bool:
        """Ask for topics, and leave others; whether there were any."""
        some = [self._changed.pop() for _ in range(min(len(self._changed), _AT_ONCE))]
        asked: list[tuple[bytes, Topic]] = []
        left: list[Command] = []
        for channel in some:
            entry = self._topics.get(channel)
            if entry is None:
                continue
            if not entry.subscribers:
                del self._topics[channel]
                if entry.is_asked:
                    left.append((b"UNSUBSCRIBE", channel))
            elif not entry.is_asked:
                entry.is_asked = True
                asked.append((channel, entry))
        if left:
            await self._in_time(link.call(left))
        if asked:
            await self._ask(link, asked)
        return bool(some)

    async def _ask(self, link: Link, asked: Sequence[tuple[bytes, Topic]]) -> None:
        commands: list[Command] = [(b"SUBSCRIBE", channel) for channel, _ in asked]
        refusals = await self._in_time(link.call(commands))
        for (channel, entry), refusal in zip(asked, refusals, strict=True):
            if refusal is None:
                entry.has_served = True
                entry.answer.succeed()
                continue
            what = f"Redis at {self._address} refuses a subscription to {channel!r}: {refusal}"
            entry.answer.fail(what, refusal)
            if entry.has_served:
                self._platform.report(refusal, f"{what}; it has subscribers")

    async def _send(self, link: Link) -> bool:
        """Publish what waits; whether there was anything."""
        batch: list[Message] = []
        size = 0
        while self._waiting and len(batch) < _AT_ONCE and size < _BYTES_AT_ONCE:
            message = self._waiting.popleft()
            if not message.is_given_up:
                batch.append(message)
                size += len(message.content)
        if not batch:
            return False
        commands: list[Command] = [(b"PUBLISH", each.channel, each.content) for each in batch]
        for message in batch:
            message.is_sent = True
        try:
            refusals = await self._in_time(link.call(commands))
        except BaseException as error:
            cause = error if isinstance(error, Exception) else None
            for message in batch:
                message.answer.fail(f"Redis at {self._address} was lost: {_fate(message)}.", cause)
            raise
        for message, refusal in zip(batch, refusals, strict=True):
            if refusal is None:
                message.answer.succeed()
            else:
                message.is_sent = False
                what = f"Redis at {self._address} refuses {message.channel!r}: {refusal}"
                message.answer.fail(f"{what}. {_fate(message).capitalize()}.", refusal)
        return True

    async def _in_time(self, work: Awaitable[T]) -> T:
        try:
            with fail_after(self._timeout):
                return await work
        except TimeoutError:
            raise LinkLostError(f"No answer for {self._timeout:g} s.") from None

    def _receive(self, channel: bytes, content: bytes) -> None:
        """Give a message to those who want it; it may be one too many for a topic that was left."""
        entry = self._topics.get(channel)
        if entry is None:
            return
        published = unpacked(content)
        if published is None:
            self._platform.report(
                BrokerError(
                    f"A message of {len(content)} bytes on {channel!r} comes from another program, "
                    "and nobody gets it. Give channels of your own another prefix."
                ),
                "a message could not be handed on",
            )
            return
        is_own = published.origin == self._origin
        publisher = entry.release(published.number) if is_own else None
        for deliver in list(entry.subscribers):
            if deliver != publisher:
                self._deliver(deliver, published.data)

    def _deliver(self, deliver: Deliver, data: str | bytes) -> None:
        try:
            deliver(data)
        except Exception as error:  # noqa: BLE001 - reported; the others get it all the same
            self._platform.report(error, "a subscriber did not take a message")

    # Small things

    def _channel(self, topic: str) -> bytes:
        return self._prefix + topic.encode("utf-8", "surrogatepass")

    def _drop(self, channel: bytes, deliver: Deliver) -> None:
        entry = self._topics.get(channel)
        if entry is not None:
            entry.subscribers.pop(deliver, None)
            if not entry.subscribers:
                self._changed.add(channel)
                self._wake.set()

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


def _fate(message: Message) -> str:
    if message.is_sent:
        return "it is not known whether the message was published"
    return "the message was not published"


def _first(error: BaseException) -> Exception:
    """The first of what went wrong together; the rest follows from it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else LinkLostError(repr(error))
