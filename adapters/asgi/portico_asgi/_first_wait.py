"""`FirstWait`: a coroutine that says when it is about to wait for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


class FirstWait(Generic[T]):
    """Awaited once: runs the coroutine, and calls `before` when it suspends its task at first.

    What only matters to a task that waits, such as another one that watches for it, need not be
    there for one that never does.

    Args:
        coroutine: what to run.
        before: called in the same task; it must not raise.
    """

    __slots__ = ("_before", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, T], before: Callable[[], object]) -> None:
        self._coroutine = coroutine
        self._before = before

    def __await__(self) -> Generator[Any, Any, T]:
        coroutine = self._coroutine
        try:
            awaited = coroutine.send(None)
            self._before()
            value: Any = None
            while True:
                try:
                    value = yield awaited
                except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
                    awaited = coroutine.throw(error)
                else:
                    awaited = coroutine.send(value)
                finally:
                    # trio sends an error as a value, and its traceback has this frame, which must
                    # not hold it in turn.
                    value = None
        except StopIteration as end:
            result: T = end.value
            return result
