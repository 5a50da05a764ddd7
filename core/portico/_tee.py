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
    if isinstance(source, AsyncIterable) and getattr(source, "is_async", True):
        pull = _Pull(aiter(source))
        return _AsyncBranch(pull, left, right), _AsyncBranch(pull, right, left)
    pull = _Pull(iter(source))  # type: ignore[arg-type] # a synchronous `ByteStream` is iterable
    return _Branch(pull, left, right), _Branch(pull, right, left)


class _Pull:
    """The source that two branches share."""

    __slots__ = ("ended", "open", "source")

    def __init__(self, source: Any) -> None:
        self.source = source
        self.ended = False
        self.open = 2


class _Branch:
    """The branch that is behind reads what the other left; else it pulls for both."""

    __slots__ = ("_mine", "_pull", "_theirs")

    def __init__(self, pull: _Pull, mine: deque[bytes], theirs: deque[bytes]) -> None:
        self._pull = pull
        self._mine = mine
        self._theirs = theirs

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._mine:
            return self._mine.popleft()
        if self._pull.ended:
            raise StopIteration
        chunk = next(self._pull.source, _END)
        if chunk is _END:
            self._pull.ended = True
            raise StopIteration
        self._theirs.append(chunk)
        return bytes(chunk)

    def close(self) -> None:
        self._pull.open -= 1
        close = getattr(self._pull.source, "close", None)
        if self._pull.open == 0 and close is not None:
            close()


class _AsyncBranch:
    __slots__ = ("_mine", "_pull", "_theirs")

    def __init__(self, pull: _Pull, mine: deque[bytes], theirs: deque[bytes]) -> None:
        self._pull = pull
        self._mine = mine
        self._theirs = theirs

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._mine:
            return self._mine.popleft()
        if self._pull.ended:
            raise StopAsyncIteration
        chunk = await anext(self._pull.source, _END)
        if chunk is _END:
            self._pull.ended = True
            raise StopAsyncIteration
        self._theirs.append(chunk)
        return bytes(chunk)

    async def aclose(self) -> None:
        self._pull.open -= 1
        aclose = getattr(self._pull.source, "aclose", None)
        if self._pull.open == 0 and aclose is not None:
            await aclose()
