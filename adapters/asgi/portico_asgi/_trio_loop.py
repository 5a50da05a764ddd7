"""trio: tasks of its own, and interrupting one; see `_loop`."""

from __future__ import annotations

from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from portico_asgi._first_wait import FirstWait
from portico_asgi._loop import NO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from contextvars import Context
    from types import TracebackType
    from typing import Self

    import trio

    from portico_asgi._loop_types import Event, Interruption, Sending, TaskScope, TimeLimit, Work
    from portico_asgi._receive import Message, Send

T = TypeVar("T")


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

    def limit(self, seconds: float, /) -> TimeLimit:
        """A cancel scope that gets a deadline."""
        return NO_LIMIT if seconds == inf else TrioLimit(seconds)

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


class TrioLimit(TrioInterruption):
    """An interruption that comes by itself, so many seconds after a wait has begun.

    Until then its scope has no deadline: trio keeps those of scopes that were left for a while.
    """

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    @property
    def is_over(self) -> bool:
        """Whether it came."""
        return self._scope.cancelled_caught

    def again(self) -> None:
        """Let the time of a wait run."""
        from trio import current_time

        self._scope.deadline = current_time() + self._seconds

    def bounds(self, work: Coroutine[Any, Any, T], /) -> Awaitable[T]:
        """The work; its time runs from its first wait on."""
        return FirstWait(work, self.again)


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
        """Send one message, or nothing of it.

        Raises:
            OSError: it was interrupted; so nobody is there to take it.
        """
        with self._new_scope() as self._scope:
            await self._send(message)
            return
        raise ConnectionAbortedError("The peer is gone.")

    def interrupt(self) -> None:
        """Cancel the scope; one that was left is past that."""
        if self._scope is not None:
            self._scope.cancel()
