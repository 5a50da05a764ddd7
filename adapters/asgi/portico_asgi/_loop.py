"""What asyncio and trio do differently: a loop's name, tasks of its own, and interrupting a task.

A task is interrupted without entering a cancel scope on asyncio: the application may hold scopes
open from the handler into its stream, and scopes must nest. On trio there is no other way, so there
the scope is entered before the handler is called.
"""

from __future__ import annotations

import sys
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from contextvars import Context
    from types import TracebackType
    from typing import Self

    import trio

    from portico_asgi._receive import Message, Send

Work: TypeAlias = "Callable[[], Coroutine[Any, Any, None]]"


class Interruption(Protocol):
    """A stretch of one task that another task may end early, as if it had come to its end."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool: ...

    def interrupt(self) -> None:
        """Cancel what the task waits for; called from another task of the same loop."""
        ...

    def shield(self, up: bool, /) -> None:
        """While it is up, the stretch goes on though others cancel the task."""
        ...


class Sending(Protocol):
    """What sends a stream: another task may end the message that is being sent.

    It is entered once for the stream. Scopes that the stream holds open from one chunk to the next
    do not nest in it.
    """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None: ...

    @property
    def send(self) -> Send:
        """The server's own, or what does the same."""
        ...

    def interrupt(self) -> None:
        """End what is being sent; then who awaits it goes on, or is at the end of the `with`."""
        ...


class Event(Protocol):
    """What is set once, and waited for."""

    def set(self) -> object:
        """Let those go on who wait."""
        ...

    async def wait(self) -> object:
        """Wait until it is set."""
        ...


class TaskScope(Protocol):
    """A cancel scope."""

    @property
    def shield(self) -> bool:
        """Whether a cancellation from outside stays outside."""
        ...

    @shield.setter
    def shield(self, up: bool, /) -> None: ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None: ...


class Tasks(Protocol):
    """The tasks of one event loop.

    Attributes:
        thread: that of the loop.
        must_enter_first: whether an interruption must be entered before the application is called.
    """

    thread: int
    must_enter_first: bool

    def spawn(self, work: Work, context: Context) -> None:
        """Run `work` in a task that belongs to the loop; it must not raise an `Exception`."""
        ...

    def interruption(self) -> Interruption:
        """A new one, not yet entered."""
        ...

    def sending(self, send: Send, /) -> Sending:
        """A new one, not yet entered."""
        ...

    async def checkpoint(self) -> None:
        """Let the other tasks have a turn."""
        ...

    def event(self) -> Event:
        """A new one."""
        ...

    def scope(self) -> TaskScope:
        """A new cancel scope, for the task that runs."""
        ...


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
    return AsyncioTasks(loop) if hasattr(loop, "create_task") else TrioTasks()


class AsyncioTasks:
    """asyncio: the loop keeps weak references only, so the tasks are kept here until they end."""

    __slots__ = ("_asyncio", "_loop", "_tasks", "must_enter_first", "thread")

    def __init__(self, loop: Any) -> None:
        import asyncio

        self._asyncio = asyncio  # an import for each request is not free
        self._loop: asyncio.AbstractEventLoop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self.thread: int = get_ident()
        self.must_enter_first: bool = False

    def spawn(self, work: Work, context: Context) -> None:
        """Run it in a task of its own, which `asyncio.run` cancels at its end."""
        task = self._loop.create_task(work(), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def interruption(self) -> Interruption:
        """What `asyncio.timeout` is, without a time."""
        return AsyncioInterruption(self._asyncio.current_task())

    def sending(self, send: Send, /) -> Sending:
        """One interruption for the whole stream: it is no scope, so nothing nests in it."""
        return AsyncioSending(self._asyncio.current_task(), send)

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


class TrioTasks:
    """trio: system tasks, which end with the run and must never raise."""

    __slots__ = ("must_enter_first", "thread")

    def __init__(self) -> None:
        self.thread: int = get_ident()
        self.must_enter_first: bool = True

    def spawn(self, work: Work, context: Context) -> None:
        """Run it in a system task."""
        from trio.lowlevel import spawn_system_task

        spawn_system_task(work, context=context)

    def interruption(self) -> Interruption:
        """A cancel scope."""
        return TrioInterruption()

    def sending(self, send: Send, /) -> Sending:
        """A cancel scope around each message."""
        return TrioSending(send)

    async def checkpoint(self) -> None:
        """Let the other tasks have a turn."""
        from trio.lowlevel import checkpoint

        await checkpoint()

    def event(self) -> Event:
        """trio's."""
        from trio import Event

        return Event()

    def scope(self) -> TaskScope:
        """trio's."""
        from trio import CancelScope

        return CancelScope()


class TrioInterruption:
    """A cancel scope whose shield can be put up from inside."""

    __slots__ = ("_scope",)

    def __init__(self) -> None:
        from trio import CancelScope

        self._scope: trio.CancelScope = CancelScope()

    def __enter__(self) -> Self:
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool:
        return bool(self._scope.__exit__(kind, error, traceback))

    def interrupt(self) -> None:
        """Cancel the scope."""
        self._scope.cancel()

    def shield(self, up: bool, /) -> None:
        """Shield the scope, or not."""
        self._scope.shield = up


class TrioSending:
    """Sends each message in a cancel scope of its own."""

    __slots__ = ("_new_scope", "_scope", "_send")

    def __init__(self, send: Send) -> None:
        from trio import CancelScope

        self._new_scope = CancelScope
        self._scope: trio.CancelScope | None = None
        self._send = send

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Do nothing: each message has left its scope."""

    async def send(self, message: Message, /) -> None:
        """Send one message, or nothing of it."""
        with self._new_scope() as self._scope:
            await self._send(message)

    def interrupt(self) -> None:
        """Cancel the scope; one that was left is past that."""
        if self._scope is not None:
            self._scope.cancel()
