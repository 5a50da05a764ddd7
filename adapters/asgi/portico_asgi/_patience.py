"""`Patience`: how long a reader waits for the next of a body, which a peer may never send.

A body that is there costs nothing of this: on asyncio nobody bounds the first wait of a request
before it has begun, since what does not wait takes no time. Whoever learns that the request waits
(`Inbox.follow`, `Inbox.watch`) has the wait that is under way interrupted, from the same task. On
trio there is no such way in from outside, so that there each reading is in a scope, which has a
deadline once it waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico_asgi._first_wait import FirstWait

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from portico import BodyTimeoutError
    from portico_asgi._loop_types import Tasks, TimeLimit


class Patience:
    """Bounds the waits of one body.

    Args:
        seconds: how long each of them may take.
        tasks: those of the event loop.

    Attributes:
        is_over: whether one took longer, so that the rest of the body may come at any time.
    """

    __slots__ = ("_first", "_seconds", "_tasks", "is_over")

    def __init__(self, seconds: float, tasks: Tasks) -> None:
        self._seconds = seconds
        self._tasks = tasks
        self._first: TimeLimit | None = None
        self.is_over: bool = False

    def begin(self) -> None:
        """Bound the wait that this task has begun already, until `end`."""
        self._first = self._tasks.limit(self._seconds)
        self._first.__enter__()
        self._first.start()

    def end(self, error: BaseException | None = None) -> None:
        """Bound that wait no longer.

        Args:
            error: what it has raised.

        Raises:
            BodyTimeoutError: it was interrupted, since it took too long.
        """
        first, self._first = self._first, None
        kind = None if error is None else type(error)
        if first is not None and first.__exit__(kind, error, None):
            raise self._out_of_it() from None

    async def wait(self, work: Coroutine[Any, Any, None]) -> None:
        """See to the end of what waits for the body; the time runs from its first wait on.

        Raises:
            BodyTimeoutError: it takes too long.
        """
        limit = self._tasks.limit(self._seconds)
        with limit:
            await FirstWait(work, limit.start)
            return
        raise self._out_of_it()

    def _out_of_it(self) -> BodyTimeoutError:
        from portico import BodyTimeoutError

        self.is_over = True
        return BodyTimeoutError(self._seconds)
