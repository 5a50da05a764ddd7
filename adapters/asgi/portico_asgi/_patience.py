"""`Patience`: how long readers wait for the next of a body, which a peer may never send; asyncio.

A timer for each wait would cost more than most waits. But all that have the same patience wait for
the same time, so that whoever began first is the first whose time is over: they stand in order, and
one timer, for the first of them, serves them all. When it goes off, those whose time is over are
interrupted, and it is set for the one that is first then; with nobody in line it is not set again.
To wait is then to stand in line, and to leave it.
"""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

# Seconds that a timer may be early: those of uvloop count whole milliseconds.
_EARLY: Final = 0.001


class Patience:
    """The waits of one event loop that may take so many seconds each.

    Attributes:
        is_timed: whether the timer is set.
        now: the loop's clock.
        since: who waits, the oldest first, and since when.
    """

    __slots__ = ("_context", "_loop", "_seconds", "is_timed", "now", "since")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        # Not that of the request which is first: a timer holds its context until it goes off.
        self._context = Context()
        self.is_timed: bool = False
        self.now = loop.time
        self.since: dict[AsyncioLimit, float] = {}

    def set_timer(self, since: float) -> None:
        """Look again when who waits since then has waited for long enough."""
        self.is_timed = True
        self._loop.call_at(since + self._seconds, self._look, context=self._context)

    def _look(self) -> None:
        self.is_timed = False
        over: list[AsyncioLimit] = []
        longest = self.now() - self._seconds + _EARLY
        for limit, since in self.since.items():
            if since > longest:
                self.set_timer(since)
                break
            over.append(limit)
        for limit in over:
            del self.since[limit]
            limit.interrupt()


class AsyncioLimit:
    """A stretch of a task whose waits are interrupted when they take too long.

    Args:
        patience: of those that wait for as long.
        task: the one that is running.

    Attributes:
        is_over: whether the stretch ended since a wait took too long.
    """

    __slots__ = ("_before", "_interruptions", "_patience", "_task", "is_over")

    def __init__(self, patience: Patience, task: asyncio.Task[Any]) -> None:
        self._patience = patience
        self._task = task
        self._before = task.cancelling()
        self._interruptions = 0
        self.is_over: bool = False

    def again(self) -> None:
        """Let the time of the next wait run."""
        patience = self._patience
        if patience.since.pop(self, None) is None:  # interrupted, and yet it goes on
            self.__enter__()
        else:
            patience.since[self] = patience.now()

    def bounds(self, work: Coroutine[Any, Any, T], /) -> Coroutine[Any, Any, T]:
        """The work, whose time runs whether it waits or not: that costs less than to find out."""
        return work

    def interrupt(self) -> None:
        """Cancel the task."""
        self._interruptions += 1
        self._task.cancel()

    def __enter__(self) -> Self:
        patience = self._patience
        patience.since[self] = now = patience.now()
        if not patience.is_timed:
            patience.set_timer(now)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool:
        self._patience.since.pop(self, None)
        if self._interruptions:
            from asyncio import CancelledError

            # As in `asyncio.timeout`: a cancellation by somebody else as well goes on.
            for _ in range(self._interruptions):
                self._task.uncancel()
            others = self._task.cancelling() > self._before
            self.is_over = not others and isinstance(error, CancelledError)
        return self.is_over
