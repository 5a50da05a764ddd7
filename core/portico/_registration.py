"""Registration of routes: a method for every HTTP method, as a decorator or as a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

if TYPE_CHECKING:
    from typing import TypeVar

    from portico._hook import Hooks
    from portico._hook_options import RouteOptions
    from portico._registrar import Registrar
    from portico._socket import Socket, SocketOptions

    F = TypeVar("F", bound=Callable[..., Any])
    V = TypeVar("V")


class RouteRegistration:
    """The methods by which routes are registered; what they share is `_register`."""

    @overload
    def get(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def get(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def get(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer GET, and HEAD, on a path.

        Without a handler it is a decorator, which returns the function unchanged. A handler that
        is not callable is a value: its response is built once. `Hooks` come after either.
        """
        return self._register("GET", path, given, options)

    @overload
    def post(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def post(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def post(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer POST on a path; see `get`."""
        return self._register("POST", path, given, options)

    @overload
    def put(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def put(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def put(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer PUT on a path; see `get`."""
        return self._register("PUT", path, given, options)

    @overload
    def patch(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def patch(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def patch(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer PATCH on a path; see `get`."""
        return self._register("PATCH", path, given, options)

    @overload
    def delete(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def delete(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def delete(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer DELETE on a path; see `get`."""
        return self._register("DELETE", path, given, options)

    @overload
    def head(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def head(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def head(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer HEAD on a path in another way than GET does; see `get`."""
        return self._register("HEAD", path, given, options)

    @overload
    def options(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def options(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def options(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer OPTIONS on a path in another way than by `Allow`; see `get`."""
        return self._register("OPTIONS", path, given, options)

    @overload
    def all(
        self, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def all(
        self, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def all(self, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer every method that the path has no handler of its own for; see `get`."""
        return self._register("*", path, given, options)

    @overload
    def route(
        self, method: str, path: str, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def route(
        self, method: str, path: str, handler: V, /, *hooks: Hooks, **options: Unpack[RouteOptions]
    ) -> V: ...
    def route(self, method: str, path: str, /, *given: Any, **options: Unpack[RouteOptions]) -> Any:
        """Answer any method, such as `"PURGE"`, on a path; see `get`."""
        return self._register(method, path, given, options)

    def ws(self, path: str, /, *hooks: Hooks, **options: Unpack[SocketOptions]) -> Socket:
        """Accept WebSockets on a path.

        What it returns takes the handlers, each by a decorator: `open`, `message`, `close` and
        `error`. It is a decorator too: of a function with a parameter `message`, which is called
        with every message, or of one without, which has the connection for as long as it runs. A
        value that any of them returns is sent, and so is each that it yields.

        Every hook and key that reaches the route runs on the request, before the connection is
        accepted, and its generators are left when the connection ends; an early answer or an error
        refuses it. GET on the same path can have a handler of its own.
        """
        from portico._socket import register

        return register(cast("Registrar", self), path, hooks, options)

    def _register(
        self, method: str, path: str, given: tuple[Any, ...], options: RouteOptions
    ) -> Any:
        raise NotImplementedError
