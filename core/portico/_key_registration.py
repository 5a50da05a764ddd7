"""Registration of request-lived keys: `derive` and `resolve`, as a decorator or as a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Literal, ParamSpec, Protocol, TypedDict, TypeVar, Unpack

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


class KeyRegistration:
    """The methods by which request-lived keys are registered; what they share is `_key`.

    The function binds its parameters as a handler does, and returns the value or yields it once;
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
