"""What asyncio and trio do differently: a loop's name, tasks of its own, and interrupting a task.

A task is interrupted without entering a cancel scope on asyncio: the application may hold scopes
open from the handler into its stream, and scopes must nest. On trio there is no other way, so there
the scope is entered before the handler is called.
"""

from __future__ import annotations

import sys
from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from contextvars import Context
    from types import TracebackType
    from typing import Self

    from portico_asgi._loop_types import (
        Event,
        Interruption,
        Sending,
        Tasks,
        TaskScope,
        TimeLimit,
        Work,
    )
    from portico_asgi._patience import AsyncioLimit, Patience
    from portico_asgi._receive import Send

T = TypeVar("T")


def current_loop() -> object:
    """The event loop that runs this task: asyncio's loop, or trio's token.

    Raises:
        RuntimeError: no loop runs.
    """
    asyncio: Any = sys.modules.get("asyncio")
    loop: object = None if asyncio is None else asyncio._get_running_loop()
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        token: object = trio.lowlevel.current_trio_token()
        return token
    if loop is None:
        raise RuntimeError("An ASGI application was called without an event loop.")
    return loop


def asyncio_loop() -> Callable[[], object]:
    """The quickest way to asyncio's running loop; where none runs, it gives None."""
    asyncio: Any = sys.modules.get("asyncio")
    found: Callable[[], object] = current_loop if asyncio is None else asyncio._get_running_loop
    return found


def is_closed(loop: object) -> bool:
    """Whether a loop that `current_loop` named will never run again, as far as it tells."""
    closed: Callable[[], bool] | None = getattr(loop, "is_closed", None)
    return closed is not None and closed()


def tasks_of(loop: object) -> Tasks:
    """The tasks of the running loop that `current_loop` named."""
    if hasattr(loop, "create_task"):
        return AsyncioTasks(loop)
    from portico_asgi._trio_loop import TrioTasks

    return TrioTasks()


class AsyncioTasks:
    """asyncio: the loop keeps weak references only, so the tasks are kept here until they end."""

    __slots__ = (
        "_asyncio",
        "_loop",
        "_new_limit",
        "_patience",
        "_tasks",
        "must_enter_first",
        "thread",
    )

    # Made with the first `Patience`.
    _new_limit: type[AsyncioLimit]

    def __init__(self, loop: Any) -> None:
        import asyncio

        self._asyncio = asyncio  # an import for each request is not free
        self._loop: asyncio.AbstractEventLoop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self._patience: dict[float, Patience] = {}
        self.thread: int = get_ident()
        self.must_enter_first: bool = False

    def spawn(self, work: Work, context: Context) -> None:
        """Run it in a task of its own, which `asyncio.run` cancels at its end."""
        task = self._loop.create_task(work(), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def interruption(self) -> Interruption:
        """What `asyncio.timeout` is, without a time."""
        return AsyncioInterruption(self._asyncio.current_task(self._loop))

    def sending(self, send: Send, /) -> Sending:
        """One interruption for the whole stream: it is no scope, so nothing nests in it."""
        return AsyncioSending(self._asyncio.current_task(self._loop), send)

    def limit(self, seconds: float, /) -> TimeLimit:
        """One of those that share a timer; none where no task runs, since nothing waits there."""
        task = None if seconds == inf else self._asyncio.current_task(self._loop)
        if task is None:
            return NO_LIMIT
        patience = self._patience.get(seconds)
        if patience is None:
            patience = self._new_patience(seconds)
        return self._new_limit(patience, task)

    def _new_patience(self, seconds: float) -> Patience:
        from portico_asgi._patience import AsyncioLimit, Patience

        self._new_limit = AsyncioLimit
        patience = self._patience[seconds] = Patience(self._loop, seconds)
        return patience

    async def checkpoint(self) -> None:
        """Let the other tasks have a turn."""
        await self._asyncio.sleep(0)

    def event(self) -> Event:
        """asyncio's."""
        return self._asyncio.Event()

    def scope(self) -> TaskScope:
        """anyio's, where somebody has loaded it: without it nobody around us has such a scope.

        A task that asyncio cancels is cancelled once, so that what follows needs no shield. To load
        anyio takes a third of the start of a small application.
        """
        if "anyio" not in sys.modules:
            return _NoScope()
        from anyio import CancelScope

        return CancelScope()


class _NoScope:
    """A scope around a task that nobody cancels by scopes."""

    __slots__ = ("shield",)

    def __init__(self) -> None:
        self.shield: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        pass


class NoLimit:
    """The waits of a stretch that may take as long as they like."""

    __slots__ = ("is_over",)

    def __init__(self) -> None:
        self.is_over: bool = False

    def again(self) -> None:
        """Do nothing."""

    def bounds(self, work: Coroutine[Any, Any, T], /) -> Coroutine[Any, Any, T]:
        """The work."""
        return work

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        pass


NO_LIMIT: Final = NoLimit()


class AsyncioInterruption:
    """Cancels its task once, and takes that one cancellation back at the end.

    Args:
        task: the one that is running.

    Raises:
        RuntimeError: no task is running.
    """

    __slots__ = ("_before", "_interrupted", "_task")

    def __init__(self, task: asyncio.Task[Any] | None) -> None:
        if task is None:
            raise RuntimeError("An ASGI application is called in a task. Await it in one.")
        self._interrupted = False
        self._task = task
        self._before = task.cancelling()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool:
        if not self._interrupted:
            return False
        from asyncio import CancelledError

        # As in `asyncio.timeout`: a cancellation by somebody else as well goes on.
        others = self._task.uncancel() > self._before
        return not others and isinstance(error, CancelledError)

    def interrupt(self) -> None:
        """Cancel the task."""
        if not self._interrupted:
            self._interrupted = True
            self._task.cancel()

    def shield(self, up: bool, /) -> None:
        """Do nothing: asyncio cancels once, so that what follows is left alone."""


class AsyncioSending(AsyncioInterruption):
    """An interruption that is entered for all messages, and ends the one that is being sent."""

    __slots__ = ("_send",)

    def __init__(self, task: asyncio.Task[Any] | None, send: Send) -> None:
        super().__init__(task)
        self._send = send

    @property
    def send(self) -> Send:
        """The server's own."""
        return self._send
