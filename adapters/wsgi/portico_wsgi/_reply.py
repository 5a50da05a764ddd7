"""`Reply`: what a server's thread waits for, and code on the event loop gives once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Reply:
    """A result or an exception.

    It is a future with one who waits, at most: those of `concurrent.futures` may have many, and
    for a chunk of a stream their locks cost as much as the event loop.

    Args:
        wake: called when there is one or the other, on the loop.
    """

    __slots__ = ("_done", "_error", "_value", "_wake")

    def __init__(self, wake: Callable[[], object] | None = None) -> None:
        self._wake = wake
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Whether it was given."""
        return self._done

    def set_result(self, value: Any) -> None:
        """Give a result."""
        self._give(value, None)

    def set_exception(self, error: BaseException) -> None:
        """Give an exception."""
        self._give(None, error)

    def _give(self, value: Any, error: BaseException | None) -> None:
        if self._done:
            raise RuntimeError("A reply was given a second time.")
        self._value, self._error, self._done = value, error, True
        if self._wake is not None:
            self._wake()

    def exception(self) -> BaseException | None:
        """The exception, where one was given."""
        return self._error

    def result(self) -> Any:
        """What was given; an exception is raised.

        Raises:
            BaseException: the one that was given.
        """
        if self._error is None:
            return self._value
        try:
            raise self._error
        finally:
            # The traceback has this frame, and would hold itself by way of `self`.
            del self
