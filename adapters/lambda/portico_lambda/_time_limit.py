"""The time that an invocation has: when it is given up, so that the peer has an answer after all.

Lambda ends an invocation at its deadline, the environment with it, and the service in front answers
502 or 504 of its own. So before that comes a margin, and in it:

- at its beginning the request is given up, and answered with 504;
- at its half the work of `wait_until` is;
- in its last quarter the work that cannot be stopped is reported, before it is lost.

Asynchronous code is cancelled. Synchronous code cannot be, so that it is left behind in a thread of
its own, where the option `deadline_margin` has it run in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico import PorticoError

if TYPE_CHECKING:
    from portico_lambda._platform import LambdaPlatform

# Seconds, where the option does not say.
MARGIN: Final = 0.5


class OutOfTimeError(PorticoError):
    """A request was given up, since Lambda was about to end its invocation."""

    def __init__(self) -> None:
        super().__init__(
            "The request was given up shortly before the function's timeout. Give the function "
            "more time, or let what it waits for have a timeout of its own."
        )


class TimeLimit:
    """What an invocation has left, in seconds.

    Args:
        platform: that of the invocation.
        deadline: when Lambda ends it.
    """

    __slots__ = ("_deadline", "_margin", "_platform")

    def __init__(self, platform: LambdaPlatform, deadline: float) -> None:
        self._platform = platform
        self._deadline = deadline
        option = platform.options.deadline_margin
        # A function with hardly any time is not to answer 504 to everything.
        half = (deadline - platform.monotonic()) / 2
        self._margin = max(min(MARGIN if option is None else option, half), 0.0)

    def for_request(self) -> float:
        """Until the request is given up."""
        return self._until(1)

    def for_work(self) -> float:
        """Until its work is."""
        return self._until(0.5)

    def for_report(self) -> float:
        """Until what is not done is reported, whatever it is."""
        return self._until(0.25)

    def _until(self, share: float) -> float:
        left = self._deadline - self._margin * share - self._platform.monotonic()
        return max(left, 0.0)


def time_limit(platform: LambdaPlatform) -> TimeLimit | None:
    """That of an invocation; None where its context does not say."""
    deadline = platform.deadline
    return None if deadline is None else TimeLimit(platform, deadline)
