"""`SocketDispatcher`: from a request that asks for a WebSocket to what answers it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from portico._dispatch import Dispatcher
from portico._errors import PeerError
from portico._mount import Mount
from portico._router import Router
from portico._socket_route import SocketRoute, way_to_mounted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portico._chain import Surroundings
    from portico._context import Context
    from portico._engine import Colour
    from portico._hook import Hook
    from portico._response import Response
    from portico._route import Route
    from portico._route_table import LazyPlugins


class SocketDispatcher(Dispatcher):
    """Answers with `Upgrade`, or with the response that refuses; its routes are all of GET."""

    __slots__ = ()

    def __init__(
        self,
        routes: Iterable[Route],
        hooks: tuple[Hook, ...],
        surroundings: Surroundings,
        lazy: LazyPlugins,
        *,
        strict: bool,
    ) -> None:
        super().__init__(Router(strict=strict), hooks, surroundings, lazy)
        for route in routes:
            self.add(route)

    def add(self, route: Route) -> None:
        """Take a route of the application; those of HTTP alone are left out."""
        if isinstance(route, SocketRoute):
            self._router.add("GET", route.pattern, route)
        elif isinstance(route.target, Mount) and route.target.connects:
            self._router.add("*", route.pattern, way_to_mounted(route))

    def _unrouted(
        self, ctx: Context, colour: Colour, allowed: frozenset[str]
    ) -> Response | Awaitable[Response]:
        return self._pipeline(colour).failed(PeerError(self._missing(ctx._path), status=404), ctx)

    def _missing(self, path: str) -> str:
        return f"There is no WebSocket at {path!r}."
