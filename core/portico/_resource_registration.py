"""Registration of app-lived values: `resource`, as a decorator or as a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

from portico._errors import DefinitionError
from portico._key import Key, ResourceKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractContextManager

    from portico._app import Portico

    # A file is an iterator of its lines too, but nobody means those.
    M = TypeVar("M", bound=AbstractContextManager[Any])

P = ParamSpec("P")
T = TypeVar("T")


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


class ResourceRegistration:
    """The method by which app-lived values are registered."""

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
