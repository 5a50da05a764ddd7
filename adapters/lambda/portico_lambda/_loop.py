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
        task = loop.create_task(work, context=context)
        if limits is not None:
            return _run_in_time(loop, task, limits)
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError as error:
            raise RuntimeError("The task was cancelled before it had an answer.") from error

    def close(self) -> None:
        """Cancel what still runs, and end the loop."""
        self._runner.close()


def _run_in_time(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T], limits: Limits) -> T:
    is_late = False

    def cancel() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    timers = [loop.call_later(limits[0], cancel), loop.call_later(limits[1], loop.stop)]
    try:
        return loop.run_until_complete(task)
    except asyncio.CancelledError as error:
        if is_late:
            raise OutOfTimeError from error
        raise RuntimeError("The task was cancelled before it had an answer.") from error
    except RuntimeError as error:
        if is_late and not task.done():  # the loop was stopped
            raise OutOfTimeError from error
        raise
    finally:
        for timer in timers:
            timer.cancel()


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


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
