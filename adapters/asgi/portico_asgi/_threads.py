"""Calls from the event loop to a worker thread, and back."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


async def in_worker_thread(fn: Callable[[], T], *, shield: bool = False) -> T:
    """Call `fn` in a worker thread of anyio's default limiter, and wait for its end.

    A cancellation of asyncio ends the wait but not the thread, which may be inside a generator that
    the caller closes next. So a cancelled call waits for a thread that has begun; one that has not
    begun never does.

    Args:
        fn: what may block.
        shield: whether it is called though the task is cancelled already.
    """
    from anyio import CancelScope, get_cancelled_exc_class, to_thread

    call = _Call(fn)
    with CancelScope(shield=shield):
        try:
            await to_thread.run_sync(call)
        except get_cancelled_exc_class():
            while not call.give_up():
                with suppress(get_cancelled_exc_class()), CancelScope(shield=True):
                    await to_thread.run_sync(call.join)
            raise
    return call.result


def from_worker_thread(fn: Callable[[], Awaitable[T]]) -> T:
    """Await `fn()` on the event loop that started this worker thread.

    Raises:
        BodyNotReadError: this is not such a thread.
    """
    from anyio import from_thread

    reached = False

    async def reach() -> T:
        nonlocal reached
        reached = True
        return await fn()

    try:
        return from_thread.run(reach)
    except RuntimeError as error:
        if reached:
            raise
        from portico import BodyNotReadError

        raise BodyNotReadError(
            "The body of this request arrives on the event loop, and was asked for synchronously "
            "outside of its worker threads. Await it in an `async` handler, or declare `body` as a "
            "parameter of the handler, which has it read before."
        ) from error


class _Call(Generic[T]):
    """A call that begins once at most, and whose end another thread can wait for.

    Attributes:
        result: what it returned.
    """

    __slots__ = ("_begun", "_fn", "_running", "result")

    result: T

    def __init__(self, fn: Callable[[], T]) -> None:
        self._fn = fn
        self._begun = Lock()
        self._running = Lock()
        self._running.acquire()

    def __call__(self) -> None:
        if not self._begun.acquire(blocking=False):
            return
        try:
            self.result = self._fn()
        finally:
            self._running.release()

    def give_up(self) -> bool:
        """Whether the call does not run: it has ended, or never begins now."""
        return not self._running.locked() or self._begun.acquire(blocking=False)

    def join(self) -> None:
        """Wait for its end."""
        with self._running:
            pass
