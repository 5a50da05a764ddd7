"""`Resource`: how an app-lived value is made, entered and left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from portico._errors import DefinitionError
from portico._key import is_resource_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AsyncExitStack, ExitStack

    from portico._key import Key
    from portico.contract import Capabilities, Platform

T = TypeVar("T")


class Lived(Protocol):
    """What a resource is made of: a `Running`, or one request where it lives as long as that.

    Attributes:
        platform: that of the process, or of the request.
    """

    @property
    def platform(self) -> Platform: ...

    def value(self, key: Key[T], /) -> T:
        """The value of an app-lived key."""
        ...


class Resource:
    """How an app-lived value is made and left.

    Attributes:
        key: whose value it is.
        bind: works out where its parameters come from, given the keys that stand before it.
        is_async: whether it needs an event loop.
        call: makes the generator or the value; gets the values that were made before.
        is_generator: whether there is anything to leave.
        needs: the keys that it binds.
    """

    __slots__ = ("bind", "call", "is_async", "is_generator", "key", "needs")

    def __init__(
        self,
        key: Key[Any],
        bind: Callable[[Collection[Key[Any]] | None], None],
        call: Callable[[Lived], Any],
        *,
        is_async: bool,
        is_generator: bool,
        needs: tuple[Key[Any], ...] = (),
    ) -> None:
        self.key: Key[Any] = key
        self.bind: Callable[[Collection[Key[Any]] | None], None] = bind
        self.call: Callable[[Lived], Any] = call
        self.is_async: bool = is_async
        self.is_generator: bool = is_generator
        self.needs: tuple[Key[Any], ...] = needs

    def at(self, platform: Platform) -> Resource:
        """The resource for a start on a platform."""
        return self

    def check(self, capabilities: Capabilities | None, runtime: str) -> None:
        """Raise what is wrong with it beside its parameters; see `Portico.check`."""

    @property
    def does_io(self) -> bool:
        """Whether requests must not share its value where they cannot share what does I/O."""
        return is_resource_key(self.key) and self.key.io


def enter_on(stack: ExitStack | AsyncExitStack, resource: Resource, source: Lived) -> Any:
    """The value of a synchronous resource, which is left with the stack."""
    made = resource.call(source)
    if resource.is_generator:
        made = stack.enter_context(_Generator(made, resource.key))
    return made


async def enter_async_on(stack: AsyncExitStack, resource: Resource, source: Lived) -> Any:
    """The value of any resource, which is left with the stack."""
    if not resource.is_async:
        return enter_on(stack, resource, source)
    made = resource.call(source)
    if not resource.is_generator:
        return await made
    return await stack.enter_async_context(_AsyncGenerator(made, resource.key))


_END: Any = object()


class _Generator:
    """A generator as a context manager: the code before its one `yield`, and the code after."""

    __slots__ = ("_generator", "_key")

    def __init__(self, generator: Any, key: Key[Any]) -> None:
        self._generator = generator
        self._key = key

    def __enter__(self) -> Any:
        value = next(self._generator, _END)
        return _yielded(value, self._key)

    def __exit__(self, kind: object, earlier: BaseException | None, traceback: object) -> None:
        try:
            if next(self._generator, _END) is not _END:
                self._generator.close()
                raise _yielded_twice(self._key)
        except BaseException as error:
            _keep(earlier, error)
            raise


class _AsyncGenerator:
    __slots__ = ("_generator", "_key")

    def __init__(self, generator: Any, key: Key[Any]) -> None:
        self._generator = generator
        self._key = key

    async def __aenter__(self) -> Any:
        value = await anext(self._generator, _END)
        return _yielded(value, self._key)

    async def __aexit__(
        self, kind: object, earlier: BaseException | None, traceback: object
    ) -> None:
        try:
            if await anext(self._generator, _END) is not _END:
                await self._generator.aclose()
                raise _yielded_twice(self._key)
        except BaseException as error:
            _keep(earlier, error)
            raise


def _keep(earlier: BaseException | None, error: BaseException) -> None:
    """Hang what failed before on what fails now, as nested `with` blocks do; a stack would not."""
    last = error
    while last.__context__ is not None and last.__context__ is not earlier:
        last = last.__context__
    last.__context__ = earlier


def _yielded(value: Any, key: Key[Any]) -> Any:
    if value is _END:
        raise DefinitionError(
            f"The resource {key.name!r} ended without a `yield`. Yield the value once; what "
            "stands after the `yield` runs at stop."
        )
    return value


def _yielded_twice(key: Key[Any]) -> DefinitionError:
    return DefinitionError(f"The resource {key.name!r} yielded twice. Yield the value once.")
