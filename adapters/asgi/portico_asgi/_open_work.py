"""`OpenWork`: the background work of one event loop, which the end of the application waits for.

The work of a request runs in a task of the loop, so that it goes on whatever the server does with
the task of the request: some cancel that when the peer leaves, or when they stop. The request's
task waits for it all the same, since a server that stops waits for its requests.

A server without a lifespan tells nobody that it stops, and may leave its loop with tasks pending.
There the work ends with the task of its request, which such a server cancels.
"""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from anyio import CancelScope, Event

    from portico.contract import Platform
    from portico_asgi._loop_types import Tasks

# Seconds for work that was cancelled to end in.
_LAST_WORDS: Final = 1.0


class OpenWork:
    """The work that is under way.

    Args:
        tasks: those of the loop.
        grace: seconds that work gets once others wait for its end.

    Attributes:
        is_alone: whether there is no lifespan.
    """

    __slots__ = ("_changed", "_grace", "_open", "_stopped", "_tasks", "is_alone")

    def __init__(self, tasks: Tasks, grace: float) -> None:
        self._tasks = tasks
        self._grace = grace
        self._open: dict[CancelScope, Platform] = {}
        self._changed: Event | None = None
        self._stopped = False
        self.is_alone = False

    def begin(self, platform: Platform) -> Event:
        """Do the work of a request; the event is set at its end."""
        from anyio import CancelScope, Event

        scope, ended = CancelScope(), Event()
        if self._stopped:
            platform.give_up("the application has stopped")
        self._open[scope] = platform
        self._tasks.spawn(partial(self._run, platform, scope, ended), copy_context())
        return ended

    async def finish(self, platform: Platform) -> None:
        """Do the work of a request, and wait for it, though the task is cancelled.

        After the grace it goes on alone.
        """
        from anyio import CancelScope, move_on_after

        if self.is_alone:
            with CancelScope(shield=True):
                await platform.afinish()
            return
        ended = self.begin(platform)
        with move_on_after(self._grace, shield=True):
            await ended.wait()

    async def finish_own(self, platform: Platform) -> None:
        """Do the work of the application's own start and stop, for as long as the grace."""
        if not platform.end():
            from anyio import move_on_after

            with move_on_after(self._grace):
                await platform.afinish()

    async def drain(self) -> None:
        """Wait for all of it; what is not done after the grace is cancelled, and reported."""
        if not self._open:
            self._stopped = True
            return
        from anyio import move_on_after

        with move_on_after(self._grace):
            await self._all_ended()
        for scope in list(self._open):
            scope.cancel()
        with move_on_after(_LAST_WORDS):
            await self._all_ended()
        self._stopped = True
        for platform in self._open.values():
            platform.give_up(f"the application has stopped, and waited {self._grace} s for it")

    async def _run(self, platform: Platform, scope: CancelScope, ended: Event) -> None:
        try:
            with scope:
                await platform.afinish()
        finally:
            del self._open[scope]
            ended.set()
            if self._changed is not None:
                self._changed.set()

    async def _all_ended(self) -> None:
        from anyio import Event

        while self._open:
            self._changed = Event()
            await self._changed.wait()
