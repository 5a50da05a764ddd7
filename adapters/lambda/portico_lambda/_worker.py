"""`Worker`: a thread for synchronous code, which an invocation need not see the end of."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from portico_lambda._time_limit import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Worker:
    """A thread that makes one call after the other, until one of them takes too long."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call[object] | None] = SimpleQueue()
        self.is_left_behind: bool = False
        # A daemon: what was left behind must not hold up the end of the interpreter.
        Thread(target=self._work, name="portico-lambda-worker", daemon=True).start()

    def call(
        self, fn: Callable[[], T], seconds: float, too_late: Callable[[T | BaseException], object]
    ) -> T:
        """Call it there, and wait for what it returns.

        Args:
            fn: the call.
            seconds: how long to wait.
            too_late: is given what it returns or raises to nobody, in its thread.

        Raises:
            OutOfTimeError: it takes longer. It goes on, and the worker is of no use any more.
            BaseException: what it raised.
        """
        call = Call(fn, too_late)
        self._calls.put(call)  # type: ignore[arg-type] # a queue of calls of every type
        if not call.wait(seconds):
            self.is_left_behind = True
            self.end()
            raise OutOfTimeError
        return call.result()

    def end(self) -> None:
        """End the thread once its call has ended."""
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call.make()


class Call(Generic[T]):
    """A call, and what comes of it: that is taken once, by the caller or by `too_late`."""

    __slots__ = ("_claim", "_ended", "_error", "_fn", "_too_late", "_value")

    _value: T

    def __init__(
        self, fn: Callable[[], T], too_late: Callable[[T | BaseException], object]
    ) -> None:
        self._fn = fn
        self._too_late = too_late
        self._error: BaseException | None = None
        self._ended, self._claim = Lock(), Lock()
        self._ended.acquire()

    def make(self) -> None:
        """Make it; called in the worker."""
        try:
            self._value = self._fn()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error
        if self._claim.acquire(blocking=False):
            self._ended.release()
        else:
            self._too_late(self._value if self._error is None else self._error)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False says that nobody waits for it any more."""
        if self._ended.acquire(timeout=seconds):
            return True
        # It may have ended at this very moment: whoever is first has it.
        return not self._claim.acquire(blocking=False)

    def result(self) -> T:
        """What it returned."""
        if self._error is not None:
            raise self._error
        return self._value
