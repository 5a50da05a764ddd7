"""Registration of keys: `derive`, `resolve` and `resource`, as a decorator or as a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from portico._errors import DefinitionError
from portico._key import Key, ResourceKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Literal, ParamSpec, Protocol, TypedDict, TypeVar, Unpack

    from portico._app import Portico
    from portico._hook import Scope
    from portico._key import RequestKey

    P = ParamSpec("P")
    T = TypeVar("T")
    # A file is an iterator of its lines too, but nobody means those.
    M = TypeVar("M", bound=AbstractContextManager[Any])

    class KeyOptions(TypedDict, total=False):
        """How a key is registered; see `KeyRegistration`."""

        scope: Scope
        lazy: bool
        blocking: bool | None

    class KeyDecorator(Protocol):
        """What `app.derive(...)` and `app.resolve(...)` return that were given options alone."""

        @overload
        def __call__(self, fn: Callable[P, M], /) -> RequestKey[P, M, M]: ...
        @overload
        def __call__(
            self, fn: Callable[P, AsyncIterator[T]], /
        ) -> RequestKey[P, AsyncIterator[T], T]: ...
        @overload
        def __call__(self, fn: Callable[P, Iterator[T]], /) -> RequestKey[P, Iterator[T], T]: ...
        @overload
        def __call__(self, fn: Callable[P, Awaitable[T]], /) -> RequestKey[P, Awaitable[T], T]: ...
        @overload
        def __call__(self, fn: Callable[P, T], /) -> RequestKey[P, T, T]: ...

    class ResourceDecorator(Protocol):
        """What `app.resource(io=...)` returns."""

        @overload
        def __call__(self, fn: Callable[P, M], /) -> ResourceKey[P, M, M]: ...
        @overload
        def __call__(
            self, fn: Callable[P, AsyncIterator[T]], /
        ) -> ResourceKey[P, AsyncIterator[T], T]: ...
        @overload
        def __call__(self, fn: Callable[P, Iterator[T]], /) -> ResourceKey[P, Iterator[T], T]: ...
        @overload
        def __call__(self, fn: Callable[P, Awaitable[T]], /) -> ResourceKey[P, Awaitable[T], T]: ...
        @overload
        def __call__(self, fn: Callable[P, T], /) -> ResourceKey[P, T, T]: ...


class KeyRegistration:
    """The methods by which keys are registered; what `derive` and `resolve` share is `_key`.

    Their function binds its parameters as a handler does, and returns the value or yields it once;
    what stands after the `yield` runs when the answer is known (before it is sent, or at the end of
    a stream), with the error of the request raised at the `yield`. It answers the request by
    raising `HTTPError`.

    It runs on every route that its scope reaches, in order. With `lazy=True` it runs, once, on the
    routes that bind it with `use(key)` or whose own functions name it; elsewhere `await
    ctx.get(key)` asks for it.
    """

    @overload
    def derive(
        self, fn: Callable[P, M], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, M, M]: ...
    @overload
    def derive(
        self, fn: Callable[P, AsyncIterator[T]], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, AsyncIterator[T], T]: ...
    @overload
    def derive(
        self, fn: Callable[P, Iterator[T]], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, Iterator[T], T]: ...
    @overload
    def derive(
        self, fn: Callable[P, Awaitable[T]], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, Awaitable[T], T]: ...
    @overload
    def derive(
        self, fn: Callable[P, T], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, T, T]: ...
    @overload
    def derive(self, /, **options: Unpack[KeyOptions]) -> KeyDecorator: ...
    def derive(
        self,
        fn: Any = None,
        /,
        *,
        scope: Scope = "local",
        lazy: bool = False,
        blocking: bool | None = None,
    ) -> Any:
        """A value of each request, made before validation; see `KeyRegistration`."""
        return self._key("derive", fn, scope, lazy=lazy, blocking=blocking)

    @overload
    def resolve(
        self, fn: Callable[P, M], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, M, M]: ...
    @overload
    def resolve(
        self, fn: Callable[P, AsyncIterator[T]], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, AsyncIterator[T], T]: ...
    @overload
    def resolve(
        self, fn: Callable[P, Iterator[T]], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, Iterator[T], T]: ...
    @overload
    def resolve(
        self, fn: Callable[P, Awaitable[T]], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, Awaitable[T], T]: ...
    @overload
    def resolve(
        self, fn: Callable[P, T], /, **options: Unpack[KeyOptions]
    ) -> RequestKey[P, T, T]: ...
    @overload
    def resolve(self, /, **options: Unpack[KeyOptions]) -> KeyDecorator: ...
    def resolve(
        self,
        fn: Any = None,
        /,
        *,
        scope: Scope = "local",
        lazy: bool = False,
        blocking: bool | None = None,
    ) -> Any:
        """A value of each request, made after validation; see `KeyRegistration`."""
        return self._key("resolve", fn, scope, lazy=lazy, blocking=blocking)

    def _key(
        self,
        kind: Literal["derive", "resolve"],
        fn: Any,
        scope: Scope,
        *,
        lazy: bool,
        blocking: bool | None,
    ) -> Any:
        raise NotImplementedError

    @overload
    def resource(self, fn: Callable[P, M], /) -> ResourceKey[P, M, M]: ...
    @overload
    def resource(
        self, fn: Callable[P, AsyncIterator[T]], /
    ) -> ResourceKey[P, AsyncIterator[T], T]: ...
    @overload
    def resource(self, fn: Callable[P, Iterator[T]], /) -> ResourceKey[P, Iterator[T], T]: ...
    @overload
    def resource(self, fn: Callable[P, Awaitable[T]], /) -> ResourceKey[P, Awaitable[T], T]: ...
    @overload
    def resource(self, fn: Callable[P, T], /) -> ResourceKey[P, T, T]: ...
    @overload
    def resource(self, /, *, io: bool = ...) -> ResourceDecorator: ...
    def resource(self, fn: Any = None, /, *, io: bool = True) -> Any:
        """An app-lived value, made at start and left at stop, in one task.

        The function yields the value once (what follows the `yield` runs at stop), or returns it.
        It may bind `env` (a schema over the platform's environment), `platform` and, with
        `use(key)`, the values of resources that stand before it, constants and states. Read it as
        `ctx[key]` or `use(key)`.

        Where requests may not share what does I/O (the capability `SHARED_RESOURCES` is absent, as
        on Workers), a resource lives as long as a request: it is entered, in the request's own
        task, for the routes that bind or name it or hand their context on, or when `await
        ctx.get(key)` asks for it, and left behind the work of `wait_until`.

        Args:
            fn: the function.
            io: whether the value has anything to do with I/O, such as a connection. With False it
                is made at start on every runtime, of values that have nothing to do with it either.
        """

        def register(fn: Any) -> ResourceKey[Any, Any, Any]:
            from portico._resource import make_resource
            from portico._signature import describe

            app = self._application()
            app._must_be_open(f"The resource {describe(fn)}")
            if not callable(fn) or isinstance(fn, Key):
                raise DefinitionError(f"resource() got {fn!r}. It takes a function.")
            key: ResourceKey[Any, Any, Any] = ResourceKey(fn)
            key.io = io
            app._resources.append(make_resource(fn, key))
            app._add_key(key)
            return key

        return register if fn is None else register(fn)

    def _application(self) -> Portico:
        raise NotImplementedError
