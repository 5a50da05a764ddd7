"""`Watch`: a task of the loop beside that of the request, which can be ended."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from anyio import CancelScope, Event, current_time

if TYPE_CHECKING:
    from portico_asgi._loop_types import Tasks, Work


class Watch:
    """Some work in a task of its own, which begins with the loop's next turn.

    Args:
        tasks: those of the event loop.
        work: what to do.
        seconds: how long at most.
    """

    __slots__ = ("_ended", "_failure", "_scope")

    def __init__(self, tasks: Tasks, work: Work, seconds: float = inf) -> None:
        self._scope = CancelScope(deadline=current_time() + seconds)
        self._ended = Event()
        self._failure: Exception | None = None
        tasks.spawn(partial(self._run, work), copy_context())

    async def end(self) -> None:
        """Cancel the work, and wait for its end.

        Raises:
            Exception: what it has raised.
        """
        self._scope.cancel()
        with CancelScope(shield=True):
            await self._ended.wait()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _run(self, work: Work) -> None:
        try:
            with self._scope:
                # A `send()` that did not wait is over before the loop comes to this task.
                if not self._scope.cancel_called:
                    await work()
        except Exception as error:  # noqa: BLE001 - raised by `end`
            self._failure = error
        finally:
            self._ended.set()
