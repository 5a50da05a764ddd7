"""The topics that the connections of one process have subscribed to, and what they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anyio import Event

from portico import BrokerError

if TYPE_CHECKING:
    from portico import Deliver

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
