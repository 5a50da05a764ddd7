"""`AppRunning`: an application between start and stop, and the values that live as long."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, Self, TypeVar

from portico._errors import DefinitionError, PorticoError
from portico._key import ConstantKey, Key, RequestKey, StateKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from types import TracebackType

    from portico._cookie_options import CookieOptions
    from portico.contract import Capabilities, Platform

T = TypeVar("T")


class Resource:
    """How an app-lived value is made and left.

    Attributes:
        key: whose value it is.
        bind: works out where its parameters come from, given the keys that stand before it.
        is_async: whether it needs an event loop.
        call: makes the generator or the value; gets the values that were made before.
        is_generator: whether there is anything to leave.
    """

    __slots__ = ("bind", "call", "is_async", "is_generator", "key")

    def __init__(
        self,
        key: Key[Any],
        bind: Callable[[Collection[Key[Any]] | None], None],
        call: Callable[[AppRunning], Any],
        *,
        is_async: bool,
        is_generator: bool,
    ) -> None:
        self.key = key
        self.bind = bind
        self.call = call
        self.is_async = is_async
        self.is_generator = is_generator

    def at(self, platform: Platform) -> Resource:
        """The resource for a start on a platform."""
        return self

    def check(self, capabilities: Capabilities | None, runtime: str) -> None:
        """Raise what is wrong with it beside its parameters; see `Portico.check`."""


class AppRunning:
    """Owns every app-lived value: enters them in the order of registration, leaves in reverse.

    A value that fails to start leaves those that were started. Values are left even when one of
    them fails; the last error is raised at the end, with those before it as its context.
    """

    __slots__ = (
        "_keys",
        "_resources",
        "_stack",
        "_values",
        "cookies",
        "entered",
        "is_async",
        "platform",
    )

    def __init__(
        self,
        platform: Platform,
        resources: Sequence[Resource],
        keys: Mapping[Key[Any], Key[Any]],
        values: Mapping[Key[Any], Any],
        cookies: CookieOptions | None = None,
    ) -> None:
        self.platform: Platform = platform
        self.cookies: CookieOptions | None = cookies and cookies.resolved(platform.env)
        self.is_async: bool = any(resource.is_async for resource in resources)
        self.entered: bool = False
        self._keys = keys
        self._resources = resources
        self._values: dict[Key[Any], Any] = dict(values)
        self._stack: ExitStack | AsyncExitStack | None = None

    def value(self, key: Key[T], values: Mapping[Key[Any], Any] | None = None) -> T:
        """The value of a key.

        Args:
            key: the key, or that of another copy of its plugin.
            values: those of the request, where there is one.

        Raises:
            DefinitionError: no application that serves has the key, or it has no value now.
        """
        if key in self._values:
            value: T = self._values[key]
            return value
        known: Key[T] | None = self._keys.get(key)
        if known is not None and known is not key:
            if values is not None and known in values:
                of_request: T = values[known]
                return of_request
            return self.value(known, values)
        if known is not None and isinstance(key, ConstantKey | StateKey):
            late: T = self._late(key)
            return late
        raise DefinitionError(_no_value(key, is_known=known is not None))

    def _late(self, key: ConstantKey[Any] | StateKey[Any]) -> Any:
        """The value of a key that came with a lazy plugin, after the start."""
        from portico._state import initial_value

        return self._values.setdefault(key, initial_value(key))

    def set_value(self, key: Key[T], value: T) -> None:
        """Set the value of a state.

        Raises:
            DefinitionError: the key is not that of a state, or its application does not serve.
        """
        known: Key[T] = self._keys.get(key, key)
        if not isinstance(known, StateKey) or known not in self._keys:
            raise DefinitionError(
                f"{key!r} cannot be set: it is no state of the application that serves. "
                "`app.state(initial)` makes one."
            )
        self._values[known] = value

    def __enter__(self) -> Self:
        self._must_be_new()
        if self.is_async:
            raise PorticoError("This application has asynchronous resources: use `async with`.")
        with ExitStack() as stack:
            for resource in self._resources:
                made = resource.call(self)
                if resource.is_generator:
                    made = stack.enter_context(_Generator(made, resource.key))
                self._values[resource.key] = made
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        stack, self._stack = self._stack, None
        if isinstance(stack, ExitStack):
            stack.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        self._must_be_new()
        async with AsyncExitStack() as stack:
            for resource in self._resources:
                self._values[resource.key] = await self._enter(resource, stack)
            self._stack = stack.pop_all()
        return self

    async def _enter(self, resource: Resource, stack: AsyncExitStack) -> Any:
        made = resource.call(self)
        if not resource.is_generator:
            return await made if resource.is_async else made
        if resource.is_async:
            return await stack.enter_async_context(_AsyncGenerator(made, resource.key))
        return stack.enter_context(_Generator(made, resource.key))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        stack, self._stack = self._stack, None
        if isinstance(stack, AsyncExitStack):
            await stack.__aexit__(None, None, None)

    def _must_be_new(self) -> None:
        if self.entered:
            raise PorticoError("A Running is entered once. Call `app.start()` for another.")
        self.entered = True


def _no_value(key: Key[Any], *, is_known: bool) -> str:
    if isinstance(key, RequestKey) and is_known:
        if key.hook.lazy:
            return (
                f"{key!r} is lazy, and nothing on this route has asked for it. Bind it with "
                f"`use({key.name})`, name it in the handler itself, or `await ctx.get({key.name})`."
            )
        return (
            f"{key!r} has no value yet, or does not reach this route by its scope. Bind it with "
            f"`use({key.name})`, or `await ctx.get({key.name})`."
        )
    return (
        f"{key!r} has no value here. Its application is not part of the one that serves, or the "
        "one that serves was not started."
    )


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
