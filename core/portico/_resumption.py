"""Coroutines that need no event loop until they do.

The engine is written once, as coroutines. Where every function of a chain is synchronous they never
wait, and `begin` runs them to their end where it is called, with no event loop anywhere. One that
meets something to await says so with `enter_loop`; what `begin` returns then is an awaitable, which
goes on from there on the loop that awaits it. What may block is taken off that loop by `offload`.
"""

from __future__ import annotations

from contextvars import Context as Variables
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from portico._context import Context
    from portico.contract import Platform

T = TypeVar("T")

_UNSET: Final[Any] = object()


class _Suspension:
    """Awaited once, by a coroutine that is about to await something real."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield None


_SUSPENSION: Final = _Suspension()


async def enter_loop(ctx: Context) -> None:
    """See to it that what comes next runs on an event loop."""
    if not ctx._on_loop:
        ctx._on_loop = True
        await _SUSPENSION


async def need_loop() -> None:
    """The same for a coroutine that awaits another one which has entered the loop for itself."""
    await _SUSPENSION


class Resumed(Generic[T]):
    """The rest of a coroutine that `begin` began: awaitable once, or closed."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        return self._coroutine.__await__()

    def close(self) -> None:
        """Give it up."""
        self._coroutine.close()


def begin(coroutine: Coroutine[Any, Any, T]) -> T | Resumed[T]:
    """Run a coroutine to its end, or up to where it needs an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    return Resumed(coroutine)


class Begun(Generic[T]):
    """The rest of a coroutine that has begun on an event loop, and waits for something there.

    It is awaited in the task in which it has begun, before anything else is.

    Attributes:
        coroutine: what has begun.
        waits_for: what it has given to the loop.
    """

    __slots__ = ("coroutine", "waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self.coroutine: Coroutine[Any, Any, T] = coroutine
        self.waits_for: Any = waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        coroutine, waits_for = self.coroutine, self.waits_for
        while True:
            value, thrown = None, None
            try:
                value = yield waits_for
            except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
                thrown = error
            try:
                waits_for = coroutine.send(value) if thrown is None else coroutine.throw(thrown)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                # Of an error, which trio sends as a value, the traceback has this frame, which must
                # not hold it in turn.
                value = thrown = None

    def close(self) -> None:
        """Give it up."""
        self.coroutine.close()


def begin_on_loop(coroutine: Coroutine[Any, Any, T]) -> T | Begun[T]:
    """Run a coroutine to its end, or up to where it waits for the event loop that runs this."""
    try:
        waits_for = coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    return Begun(coroutine, waits_for)


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that is known to wait for nothing.

    Raises:
        RuntimeError: it does wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("Synchronous code waited for an event loop.")


def carry(variables: Variables) -> None:
    """Set the context variables here that were set there."""
    for variable, value in variables.items():
        if variable.get(_UNSET) is not value:
            variable.set(value)


async def offload(platform: Platform, fn: Callable[[], T]) -> T:
    """Call `fn` where it may block. Context variables that it sets are set here afterwards."""
    context = copy_context()

    def call() -> tuple[T | None, StopIteration | None]:
        try:
            return fn(), None
        except StopIteration as end:  # which no future can carry
            return None, end

    try:
        value, end = await platform.run_blocking(lambda: context.run(call))
    finally:
        carry(context)
    if end is not None:
        raise end
    return value  # type: ignore[return-value] # None only where that is what `fn` returned
