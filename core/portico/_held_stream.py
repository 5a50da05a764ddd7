"""Streams and awaitables whose values are held to a declaration as they come.

Loaded with the first of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from portico._sse import AsyncEventStream, EventStream

if TYPE_CHECKING:
    from portico._slot import Slot

Hold: TypeAlias = Callable[[Any], Any]
"""The value to send in the place of another; it raises for one that may not leave."""


Rest: TypeAlias = tuple[Any, Any, Hold, frozenset[type]]
"""How to go on without an iterator that wraps another, once an item was taken.

What is closed; the values to take; what makes an item of one, but of None, which is no item; and
the classes of values, by exactly which they are items already.
"""


def held(source: Any, item: Slot, hold: Hold, hold_end: Hold) -> Any:
    """A stream each of whose items is held to its declaration.

    Args:
        source: an iterator, synchronous or not.
        item: what an item is held to.
        hold: of an item.
        hold_end: of what a generator returns that yielded nothing: it is the answer.
    """
    if isinstance(source, EventStream | AsyncEventStream):
        if not item.is_open:
            source.hold(hold)
        return source
    if hasattr(source, "__anext__"):
        return source if item.is_open else HeldAsyncIterator(source, hold, item.classes)
    # Of open items only what a generator returns is left to hold.
    is_plain = item.is_open and not hasattr(source, "send")
    return source if is_plain else HeldIterator(source, hold, item.classes, hold_end)


class HeldIterator:
    """An iterator each of whose items is held to a type, when it is asked for.

    An item that may not leave closes the source before its error is raised, since nobody reads on.
    None is no item: it sends nothing.

    Args:
        source: the handler's iterator.
        hold: of an item.
        classes: an item of exactly one of these passes `hold` as it is.
        hold_end: of what a generator returns that yielded nothing: it is the answer.
    """

    __slots__ = ("_classes", "_has_items", "_hold", "_hold_end", "_source")

    def __init__(
        self, source: Iterator[Any], hold: Hold, classes: frozenset[type], hold_end: Hold
    ) -> None:
        self._source = source
        self._hold = hold
        self._classes = classes
        self._hold_end = hold_end
        self._has_items = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._held(lambda: next(self._source))

    def rest(self) -> Rest:
        """How to go on without this; see `Rest`."""
        return self._source, self._source, self._hold, self._classes

    def throw(self, error: BaseException) -> Any:
        """Raise an error inside the source; where it has no such way, close it and raise here."""
        throw = getattr(self._source, "throw", None)
        if throw is None:
            self.close()
            raise error
        return self._held(lambda: throw(error))

    def close(self) -> None:
        """Close the source."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def _held(self, step: Callable[[], Any]) -> Any:
        try:
            item = step()
        except StopIteration as end:
            value = end.value
            raise StopIteration(value if self._has_items else self._hold_end(value)) from None
        self._has_items = True
        if item is None:
            return None
        try:
            return self._hold(item)
        except BaseException:
            self.close()
            raise


class HeldAsyncIterator:
    """The same for an asynchronous iterator, which ends without a value."""

    __slots__ = ("_classes", "_hold", "_source")

    def __init__(self, source: AsyncIterator[Any], hold: Hold, classes: frozenset[type]) -> None:
        self._source = source
        self._hold = hold
        self._classes = classes

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return await self._held(await anext(self._source))

    def rest(self) -> Rest:
        """How to go on without this; see `Rest`."""
        return self._source, self._source, self._hold, self._classes

    async def athrow(self, error: BaseException) -> Any:
        """Raise an error inside the source; where it has no such way, close it and raise here."""
        athrow = getattr(self._source, "athrow", None)
        if athrow is None:
            await self.aclose()
            raise error
        return await self._held(await athrow(error))

    async def aclose(self) -> None:
        """Close the source."""
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()

    async def _held(self, item: Any) -> Any:
        if item is None:
            return None
        try:
            return self._hold(item)
        except BaseException:
            await self.aclose()
            raise


class HeldAwaitable:
    """An awaitable whose result is held to a declaration."""

    __slots__ = ("_hold", "_source")

    def __init__(self, source: Awaitable[Any], hold: Hold) -> None:
        self._source = source
        self._hold = hold

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._hold((yield from self._source.__await__()))

    def close(self) -> None:
        """Close a coroutine that nobody awaits."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
