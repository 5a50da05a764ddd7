"""`Link`: one connection to Redis, whichever library has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from portico_plugins._redis_address import RedisAddress

Command: TypeAlias = tuple[bytes, ...]
"""A command and its arguments, `(b"PUBLISH", b"channel", b"message")`."""

Receive: TypeAlias = Callable[[bytes, bytes], None]
"""Takes the channel and the content of a message, without waiting."""


class LinkLostError(Exception):
    """There is no connection, or none any more."""


class LinkRefusedError(Exception):
    """Redis is there, and does not do what was asked."""


def first_of(error: Any) -> Exception:
    """The first of what went wrong together; the rest follows from it."""
    while inner := getattr(error, "exceptions", None):
        error = inner[0]
    found: Exception = error
    return found


def words(error: object) -> str:
    """What an error says, for the middle of a sentence."""
    return str(error).rstrip(".") or type(error).__name__


class Link(Protocol):
    """One connection that publishes and subscribes (RESP3, which Redis has from 6.0).

    It is opened once, and used by one task at a time beside the one that listens.
    """

    async def open(self, tasks: TaskGroup, /) -> None:
        """Connect; what the connection has to do meanwhile goes into the task group.

        Raises:
            LinkLostError: nobody answers.
            LinkRefusedError: the password is wrong, or the server too old.
        """
        ...

    async def listen(self) -> None:
        """Give away what arrives until the connection ends.

        Raises:
            LinkLostError: it has ended.
        """
        ...

    async def call(self, commands: Sequence[Command], /) -> list[Exception | None]:
        """Send commands of one kind, and wait for the answers: what was refused, and why.

        Raises:
            LinkLostError: not all of them were answered.
        """
        ...

    async def close(self) -> None:
        """Close it. Nothing happens where it is closed."""
        ...


MakeLink: TypeAlias = Callable[["RedisAddress", Receive], Link]


class Reporter(Protocol):
    """What a broker has of the platform that it was started on."""

    def report(self, error: BaseException, where: str, /) -> None:
        """Log an exception that nobody else will see."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...
