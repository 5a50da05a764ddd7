"""What the adapter asks of an event loop, whichever it is; for checkers alone, so never loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context
    from types import TracebackType
    from typing import Self

    from portico_asgi._receive import Send

T = TypeVar("T")

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


class TimeLimit(Protocol):
    """A stretch of one task that ends early when a wait takes too long, as if it had ended.

    Attributes:
        is_over: whether it did; to be asked for behind it.
    """

    @property
    def is_over(self) -> bool: ...

    def bounds(self, work: Coroutine[Any, Any, T], /) -> Awaitable[T]:
        """What does the work, and may wait for so long; to be awaited at once."""
        ...

    def again(self) -> None:
        """Let the time of another wait run, from now on."""
        ...

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

    def limit(self, seconds: float, /) -> TimeLimit:
        """One for waits of so many seconds at most; to be entered at once."""
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
