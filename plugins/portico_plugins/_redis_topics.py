"""What the tasks of one process want of Redis: topics, and messages to publish.

Tasks write it down here and wait for an `Answer`; whoever has a connection reads it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from anyio import Event

from portico import BrokerError

if TYPE_CHECKING:
    from portico import Deliver

_AT_ONCE: Final = 256
"""Commands that are sent before their answers are waited for."""

_BYTES_AT_ONCE: Final = 1 << 20
"""To as many bytes of messages no more are added."""

_HELD: Final = 1024
"""Messages of one topic on their way, whose publishers do not want them back."""


class Answer:
    """What Redis says, once: tasks wait for it.

    Attributes:
        is_settled: whether it has come.
    """

    __slots__ = ("_cause", "_event", "_failure")

    def __init__(self) -> None:
        self._event = Event()
        self._failure = ""
        self._cause: BaseException | None = None

    @property
    def is_settled(self) -> bool:
        return self._event.is_set()

    @property
    def is_success(self) -> bool:
        """Whether it has come, and was good."""
        return self.is_settled and not self._failure

    def succeed(self) -> None:
        """It has come."""
        self._event.set()

    def fail(self, failure: str, cause: BaseException | None = None) -> None:
        """It will not come, or is a refusal."""
        if not self.is_settled:
            self._failure, self._cause = failure, cause
            self._event.set()

    async def wait(self) -> None:
        """Wait for it.

        Raises:
            BrokerError: it was a refusal, or will not come.
        """
        await self._event.wait()
        if self._failure:
            # One for each who waits: an exception that several raise collects their tracebacks.
            raise BrokerError(self._failure) from self._cause


class Message:
    """One message to publish.

    Attributes:
        channel: where.
        content: as it goes through Redis.
        answer: whether Redis has taken it.
        is_sent: whether it may have arrived.
        is_given_up: whether nobody waits for it any more; then it is not sent.
    """

    __slots__ = ("answer", "channel", "content", "is_given_up", "is_sent")

    def __init__(self, channel: bytes, content: bytes) -> None:
        self.channel = channel
        self.content = content
        self.answer = Answer()
        self.is_sent = False
        self.is_given_up = False

    @property
    def fate(self) -> str:
        """What is known of one that has failed."""
        if self.is_sent:
            return "it is not known whether the message was published"
        return "the message was not published"


class Topic:
    """One topic, for as long as a connection of this process wants it.

    Attributes:
        subscribers: in order.
        answer: that of Redis to the subscription, on the connection of now.
        is_asked: whether Redis was asked, on that connection.
        has_served: whether Redis has ever allowed it.
    """

    __slots__ = ("_held", "_number", "answer", "has_served", "is_asked", "subscribers")

    def __init__(self) -> None:
        self.subscribers: dict[Deliver, None] = {}
        self.answer = Answer()
        self.is_asked = False
        self.has_served = False
        self._held: dict[int, Deliver] = {}
        self._number = 0

    def hold(self, publisher: Deliver) -> int:
        """A number for a message that its publisher does not want back."""
        self._number += 1
        self._held[self._number] = publisher
        if len(self._held) > _HELD:
            # What never came back: Redis was lost in between.
            del self._held[next(iter(self._held))]
        return self._number

    def release(self, number: int) -> Deliver | None:
        """Whose number it was; the message is back, or was never sent."""
        return self._held.pop(number, None)

    def disconnect(self) -> None:
        """Redis knows nothing of it any more."""
        self.is_asked = False
        if self.answer.is_settled:
            self.answer = Answer()


class Wanted:
    """All that is wanted; one for each broker.

    Attributes:
        topics: by channel, those that are subscribed to, or were until a moment ago.
        waiting: messages, in the order in which they are published.
        wake: set when there is more to do.
    """

    __slots__ = ("_changed", "topics", "waiting", "wake")

    def __init__(self) -> None:
        self.topics: dict[bytes, Topic] = {}
        self.waiting: deque[Message] = deque()
        self.wake = Event()
        self._changed: set[bytes] = set()

    def join(self, channel: bytes, deliver: Deliver) -> Topic:
        """Note a subscriber of a topic."""
        topic = self.topics.setdefault(channel, Topic())
        topic.subscribers[deliver] = None
        if not topic.answer.is_success:
            self._change(channel)
        return topic

    def leave(self, channel: bytes, deliver: Deliver) -> None:
        """Note that it is none any more."""
        topic = self.topics.get(channel)
        if topic is not None:
            topic.subscribers.pop(deliver, None)
            if not topic.subscribers:
                self._change(channel)

    def put(self, message: Message) -> None:
        """Note a message to publish."""
        self.waiting.append(message)
        self.wake.set()

    def _change(self, channel: bytes) -> None:
        self._changed.add(channel)
        self.wake.set()

    def begin(self) -> None:
        """There is a new connection: nothing was asked for yet."""
        self.disconnect()
        self._changed = set(self.topics)

    def disconnect(self) -> None:
        """There is no connection any more."""
        for topic in self.topics.values():
            topic.disconnect()

    def fail(self, why: str, cause: Exception | None) -> None:
        """Tell everybody who waits that it will not be."""
        for message in self.waiting:
            message.answer.fail(f"{why}, so the message was not published.", cause)
        self.waiting.clear()
        for topic in self.topics.values():
            topic.answer.fail(f"{why}, so the subscription was not made.", cause)

    def changes(self) -> tuple[dict[bytes, Topic], list[bytes]]:
        """Some topics to ask for, and some channels to leave, which are forgotten now."""
        asked: dict[bytes, Topic] = {}
        left: list[bytes] = []
        while self._changed and len(asked) + len(left) < _AT_ONCE:
            channel = self._changed.pop()
            topic = self.topics.get(channel)
            if topic is None:
                continue
            if not topic.subscribers:
                del self.topics[channel]
                if topic.is_asked:
                    left.append(channel)
            elif not topic.is_asked:
                topic.is_asked = True
                asked[channel] = topic
        return asked, left

    def batch(self) -> list[Message]:
        """Some messages that somebody still waits for, which count as sent now."""
        batch: list[Message] = []
        size = 0
        while self.waiting and len(batch) < _AT_ONCE and size < _BYTES_AT_ONCE:
            message = self.waiting.popleft()
            if not message.is_given_up:
                message.is_sent = True
                batch.append(message)
                size += len(message.content)
        return batch
