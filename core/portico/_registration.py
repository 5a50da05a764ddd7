"""Registration: a method for every HTTP method, as a decorator or as a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

if TYPE_CHECKING:
    from collections.abc import Collection

    from portico._runtime import Capability

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V")


class RouteOptions(TypedDict, total=False):
    """What a registration may say about its route.

    Attributes:
        blocking: whether its synchronous functions may block; False keeps them on the event loop.
        needs: capabilities without which the route makes no sense; an adapter of a runtime that
            lacks one refuses the application when it is constructed.
    """

    blocking: bool
    needs: Collection[Capability]


class Registration:
    """The methods by which routes are registered; what they share is `_register`."""

    @overload
    def get(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def get(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def get(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer GET, and HEAD, on a path.

        Without a handler it is a decorator, which returns the function unchanged. A handler that
        is not callable is a value: its response is built once.
        """
        return self._register("GET", path, handler, options)

    @overload
    def post(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def post(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def post(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer POST on a path; see `get`."""
        return self._register("POST", path, handler, options)

    @overload
    def put(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def put(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def put(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer PUT on a path; see `get`."""
        return self._register("PUT", path, handler, options)

    @overload
    def patch(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def patch(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def patch(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer PATCH on a path; see `get`."""
        return self._register("PATCH", path, handler, options)

    @overload
    def delete(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def delete(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def delete(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer DELETE on a path; see `get`."""
        return self._register("DELETE", path, handler, options)

    @overload
    def head(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def head(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def head(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer HEAD on a path in another way than GET does; see `get`."""
        return self._register("HEAD", path, handler, options)

    @overload
    def options(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def options(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def options(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer OPTIONS on a path in another way than by `Allow`; see `get`."""
        return self._register("OPTIONS", path, handler, options)

    @overload
    def all(self, path: str, /, **options: Unpack[RouteOptions]) -> Callable[[F], F]: ...
    @overload
    def all(self, path: str, handler: V, /, **options: Unpack[RouteOptions]) -> V: ...
    def all(self, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]) -> Any:
        """Answer every method that the path has no handler of its own for; see `get`."""
        return self._register("*", path, handler, options)

    @overload
    def route(
        self, method: str, path: str, /, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]: ...
    @overload
    def route(
        self, method: str, path: str, handler: V, /, **options: Unpack[RouteOptions]
    ) -> V: ...
    def route(
        self, method: str, path: str, handler: Any = ..., /, **options: Unpack[RouteOptions]
    ) -> Any:
        """Answer any method, such as `"PURGE"`, on a path; see `get`."""
        return self._register(method, path, handler, options)

    def _register(self, method: str, path: str, handler: Any, options: RouteOptions) -> Any:
        raise NotImplementedError
