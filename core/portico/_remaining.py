"""What a loop goes through, of an iterator that was begun already.

A loop asks for an iterator once more. A generator gives itself; others may begin anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from itertools import repeat
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from contextvars import Context

_END: Final[Any] = object()


def each_of(values: Iterator[Any]) -> Iterator[Any]:
    """The values that are left."""
    kind: object = type(values)
    return values if kind is GeneratorType else map(next, repeat(values))


def each_of_async(
    values: Iterator[Any] | AsyncIterator[Any], context: Context | None
) -> AsyncIterator[Any]:
    """The same for an asynchronous loop; those of a synchronous iterator are taken in a context."""
    if context is not None:
        return _BlockingSteps(cast("Iterator[Any]", values), context)
    steps = cast("AsyncIterator[Any]", values)
    kind: object = type(steps)
    return steps if kind is AsyncGeneratorType else _Steps(steps)


class _Steps:
    __slots__ = ("_values",)

    def __init__(self, values: AsyncIterator[Any]) -> None:
        self._values = values

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return self._values.__anext__()


class _BlockingSteps:
    """The values of a synchronous iterator for an asynchronous loop, taken in a context."""

    __slots__ = ("_context", "_values")

    def __init__(self, values: Iterator[Any], context: Context) -> None:
        self._values = values
        self._context = context

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        value = self._context.run(next, self._values, _END)
        if value is _END:
            raise StopAsyncIteration
        return value
