"""The event loop that an environment keeps. Nothing here is imported before one is needed.

The thread of the runtime runs it while it waits for an answer; in between it stands still, as the
whole environment does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeAlias, TypeVar

from portico.contract import Running
from portico_lambda._time_limit import OutOfTimeError

T = TypeVar("T")
Limits: TypeAlias = "tuple[float, float]"


class Loop:
    """An event loop that synchronous code runs for as long as it waits."""

    def __init__(self) -> None:
        # The factory keeps `Runner` from making this the thread's current loop.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._waits = False

    def run(
        self, work: Coroutine[Any, Any, T], context: Context, limits: Limits | None = None
    ) -> T:
        """Run a coroutine to its end, in one task and in this context.

        Args:
            work: the coroutine.
            context: the variables.
            limits: in how many seconds it is cancelled, and in how many it is left behind, if it
                goes on for all that.

        Raises:
            RuntimeError: the caller is inside an event loop, or the task was cancelled.
            OutOfTimeError: it took too long.
        """
        if _loop_runs_here():
            work.close()
            raise RuntimeError(
                "The handler was called by code that runs on an event loop, which would have to "
                "wait for itself. Call it in a thread: `await asyncio.to_thread(handler, ...)`."
            )
        loop = self._runner.get_loop()
        task = loop.create_task(self._stopping(work), context=context)
        expiry = None if limits is None else _Expiry(loop, task, limits)
        try:
            # `run_until_complete` takes a turn of the loop more, which asks the kernel. Others may
            # stop the loop as well: a handler, or what an interrupted invocation has left.
            self._waits = True
            while not task.done() and not (expiry is not None and expiry.is_over):
                loop.run_forever()
        except BaseException:
            if task.done() and not task.cancelled():
                task.exception()  # it is the one that is raised, so that nobody needs to warn of it
            raise
        finally:
            self._waits = False
            if expiry is not None:
                expiry.close()
        if expiry is not None and expiry.is_late and (not task.done() or task.cancelled()):
            raise OutOfTimeError
        try:
            return task.result()
        except asyncio.CancelledError as error:
            raise RuntimeError("The task was cancelled before it had an answer.") from error

    async def _stopping(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        finally:
            # What was left behind may end when nobody waits but `close`, which has to go on.
            if self._waits:
                self._runner.get_loop().stop()

    def close(self) -> None:
        """Cancel what still runs, and end the loop."""
        self._runner.close()


class _Expiry:
    """Ends a task that takes too long, or else the wait for it."""

    __slots__ = ("_loop", "_task", "_timers", "is_late", "is_over")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any], limits: Limits
    ) -> None:
        self._loop = loop
        self._task = task
        self.is_late = self.is_over = False
        self._timers = [
            loop.call_later(limits[0], self._cancel),
            loop.call_later(limits[1], self._leave_behind),
        ]

    def _cancel(self) -> None:
        self.is_late = True
        self._task.cancel()

    def _leave_behind(self) -> None:
        self.is_over = True
        self._loop.stop()

    def close(self) -> None:
        """Let the task alone."""
        for timer in self._timers:
            timer.cancel()


def _loop_runs_here() -> bool:
    # `get_running_loop` would raise, nearly each time.
    return asyncio._get_running_loop() is not None


class Host:
    """The task in which a `Running` is entered and left, because cancel scopes demand one.

    Args:
        loop: where it lives.
        running: what it enters, before the constructor returns.
        crashed: is given what the `Running` raises later, when nobody waits for it.

    Raises:
        Exception: whatever entering raises.
    """

    def __init__(
        self, loop: Loop, running: Running, crashed: Callable[[BaseException], object]
    ) -> None:
        self._loop = loop
        self._running = running
        self._crashed = crashed
        loop.run(self._start(), copy_context())

    @property
    def ended(self) -> bool:
        """Whether the `Running` was left by itself: a task group of a resource has failed."""
        return self._task.done()

    def leave(self) -> None:
        """Leave the `Running` and wait for it."""
        self._loop.run(self._end(), copy_context())

    async def _start(self) -> None:
        self._left = asyncio.Event()
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(entered))
        await entered

    async def _end(self) -> None:
        self._left.set()
        await asyncio.wait([self._task])

    async def _live(self, entered: asyncio.Future[None]) -> None:
        try:
            async with self._running:
                entered.set_result(None)
                await self._left.wait()
        except BaseException as error:  # noqa: BLE001 - raised again by `_start`, or reported
            if entered.done():
                self._crashed(error)
            else:
                entered.set_exception(_as_exception(error))


def _as_exception(error: BaseException) -> BaseException:
    if not isinstance(error, asyncio.CancelledError):
        return error
    # It would cancel who waits as well.
    failure = RuntimeError("The application was cancelled while it started.")
    failure.__cause__ = error
    return failure
