"""Two readers of one source of chunks (Fetch Standard `tee`): each gets all, in order, once."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, TypeAlias

Source: TypeAlias = "Iterable[bytes] | AsyncIterable[bytes]"

_END: Any = object()


def tee(source: Source) -> tuple[Source, Source]:
    """Split a source in two. A chunk that only one has read waits in memory for the other.

    The source is closed when both branches were closed.
    """
    left: deque[bytes] = deque()
    right: deque[bytes] = deque()
    is_async = isinstance(source, AsyncIterable) and getattr(source, "is_async", True)
    is_sync = isinstance(source, Iterable) and not getattr(source, "is_async", False)
    kind = _BothBranch if is_async and is_sync else _AsyncBranch if is_async else _Branch
    pull = _Pull(source, is_async=is_async, is_sync=is_sync)
    return kind(pull, left, right), kind(pull, right, left)


class _Pull:
    """The source that two branches share."""

    __slots__ = ("_error", "ended", "iterator", "open", "stream")

    def __init__(self, source: Any, *, is_async: bool, is_sync: bool) -> None:
        self.iterator: Any = iter(source) if is_sync else None
        self.stream: Any = aiter(source) if is_async else None
        self.ended = False
        self.open = 2
        self._error: Exception | None = None

    def is_over(self) -> bool:
        """Whether nothing is left to pull; raises what the source raised for the other branch.

        A generator that raised ends when it is asked again, as if it had been complete.
        """
        if self._error is not None:
            raise self._error
        return self.ended

    def fail(self, error: Exception) -> None:
        """Keep what the source raised."""
        self._error = error


class _Shared:
    """The branch that is behind reads what the other left; else it pulls for both."""

    __slots__ = ("_mine", "_pull", "_theirs")

    def __init__(self, pull: _Pull, mine: deque[bytes], theirs: deque[bytes]) -> None:
        self._pull = pull
        self._mine = mine
        self._theirs = theirs

    def _take(self, chunk: Any) -> bytes:
        self._theirs.append(chunk)
        return bytes(chunk)


class _Branch(_Shared):
    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._mine:
            return self._mine.popleft()
        if self._pull.is_over():
            raise StopIteration
        try:
            chunk = next(self._pull.iterator, _END)
        except Exception as error:
            self._pull.fail(error)
            raise
        if chunk is _END:
            self._pull.ended = True
            raise StopIteration
        return self._take(chunk)

    def close(self) -> None:
        self._pull.open -= 1
        close = getattr(self._pull.iterator, "close", None)
        if self._pull.open == 0 and close is not None:
            close()


class _AsyncBranch(_Shared):
    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._mine:
            return self._mine.popleft()
        if self._pull.is_over():
            raise StopAsyncIteration
        try:
            chunk = await anext(self._pull.stream, _END)
        except Exception as error:
            self._pull.fail(error)
            raise
        if chunk is _END:
            self._pull.ended = True
            raise StopAsyncIteration
        return self._take(chunk)

    async def aclose(self) -> None:
        self._pull.open -= 1
        aclose = getattr(self._pull.stream, "aclose", None)
        if self._pull.open == 0 and aclose is not None:
            await aclose()


class _BothBranch(_Branch, _AsyncBranch):
    """Of a source that can be read either way, as a WSGI server's input can."""

    __slots__ = ()
