"""`Exit`: a generator that has yielded its value and is still to be left."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

from portico._errors import DefinitionError
from portico._resumption import carry, offload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context as Variables

    from portico._context import Context
    from portico._key import Key
    from portico.contract import Platform

T = TypeVar("T")

_END: Final[Any] = object()


class Exit:
    """The way out of one generator.

    A synchronous one runs in a context (`contextvars`) of its own that stands for the surrounding
    one, so that it can reset a variable that it has set, wherever its two halves run.

    Attributes:
        is_async: whether it is an asynchronous one.
        offloads: whether it is left off the event loop.
    """

    __slots__ = ("_generator", "_key", "_platform", "_variables", "is_async", "offloads")

    def __init__(
        self,
        generator: Any,
        key: Key[Any],
        platform: Platform,
        *,
        variables: Variables | None = None,
        offloads: bool = False,
    ) -> None:
        self._generator = generator
        self._key = key
        self._platform = platform
        self._variables = variables
        self.is_async = variables is None
        self.offloads = offloads

    def in_place(self) -> Exit:
        """The same, to be left where that is called."""
        self.offloads = False
        return self

    @property
    def needs_loop(self) -> bool:
        """Whether it can only be left on an event loop."""
        return self.is_async or self.offloads

    async def leave(self, error: BaseException | None) -> None:
        """Run the code after the `yield`, with the error raised there.

        Raises:
            Exception: another error than the one that was given.
        """
        if self._variables is None:
            await self._leave_async(error)
        elif self.offloads:
            variables = self._variables
            await offload(self._platform, lambda: _within(variables, lambda: self._leave(error)))
        else:
            _within(self._variables, lambda: self._leave(error))

    def _leave(self, error: BaseException | None) -> None:
        try:
            if error is None:
                more = next(self._generator, _END)
            else:
                more = self._generator.throw(error)
        except StopIteration:
            return
        except BaseException as raised:
            if _is_same(raised, error):
                return
            raise
        if more is not _END:
            self._generator.close()
            raise _yielded_twice(self._key)

    async def _leave_async(self, error: BaseException | None) -> None:
        try:
            if error is None:
                more = await anext(self._generator, _END)
            else:
                more = await self._generator.athrow(error)
        except StopAsyncIteration:
            return
        except BaseException as raised:
            if _is_same(raised, error):
                return
            raise
        if more is not _END:
            await self._generator.aclose()
            raise _yielded_twice(self._key)


def entered(
    generator: Any, key: Key[Any], platform: Platform, *, offloads: bool = False
) -> tuple[Any, Exit]:
    """The value of a synchronous generator, and the way out of it."""
    variables = copy_context()
    value = _within(variables, lambda: next(generator, _END))
    way_out = Exit(generator, key, platform, variables=variables, offloads=offloads)
    return _yielded(value, key), way_out


async def entered_async(generator: Any, key: Key[Any], platform: Platform) -> tuple[Any, Exit]:
    """The value of an asynchronous generator, and the way out of it."""
    value = await anext(generator, _END)
    return _yielded(value, key), Exit(generator, key, platform)


def enter(ctx: Context, key: Key[Any], generator: Any, *, offloads: bool) -> Any:
    """The value of a synchronous generator, which is left with the request."""
    value, way_out = entered(generator, key, ctx.platform, offloads=offloads)
    _remember(ctx, way_out)
    return value


async def enter_async(ctx: Context, key: Key[Any], generator: Any) -> Any:
    """The value of an asynchronous generator, which is left with the request."""
    value, way_out = await entered_async(generator, key, ctx.platform)
    _remember(ctx, way_out)
    return value


def _remember(ctx: Context, way_out: Exit) -> None:
    if ctx._is_left:
        ctx.platform._at_end(way_out)
    elif ctx._exits is None:
        ctx._exits = [way_out]
    else:
        ctx._exits.append(way_out)


def _within(variables: Variables, fn: Callable[[], T]) -> T:
    """Call in a context that has the variables of this one, and set here what is set there."""
    variables.run(carry, copy_context())
    try:
        return variables.run(fn)
    finally:
        carry(variables)


def _is_same(raised: BaseException, thrown: BaseException | None) -> bool:
    """Whether a generator only passed on what was thrown into it.

    The end of an iteration comes back as the cause of a RuntimeError (PEP 479), and a task group
    that is open across the `yield` gives back a group.
    """
    if all(each is thrown for each in _leaves(raised)):
        return thrown is not None
    is_end = isinstance(thrown, StopIteration | StopAsyncIteration)
    return is_end and isinstance(raised, RuntimeError) and raised.__cause__ is thrown


def _leaves(error: BaseException) -> Iterator[object]:
    inner: Any = getattr(error, "exceptions", None) if _is_group(error) else None
    if inner is None:
        yield error
    for each in inner or ():
        yield from _leaves(each)


def _is_group(error: object) -> bool:
    return isinstance(error, BaseExceptionGroup)


def _yielded_twice(key: Key[Any]) -> DefinitionError:
    return DefinitionError(f"{key!r} yielded twice. Yield the value once.")


def _yielded(value: Any, key: Key[Any]) -> Any:
    if value is _END:
        raise DefinitionError(
            f"{key!r} ended without a `yield`. Yield the value once; what stands after the `yield` "
            "runs when it is left. To answer instead of a value, raise `HTTPError`."
        )
    return value
