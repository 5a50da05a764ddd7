"""`SocketRoute`: a route that leads to a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._chain import Chain
from portico._errors import CapabilityError
from portico._mount import Mount
from portico._route import Route
from portico._router import UPGRADE_ONLY
from portico._socket_link import SocketLink
from portico._socket_pipeline import SocketPipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico._chain import Surroundings
    from portico._engine import Colour, Pipeline
    from portico._hook import Hook
    from portico._key import Key
    from portico._link import Link
    from portico._pattern import Pattern
    from portico.contract import Capabilities

SOCKET: Final = "WS"
"""What stands in the place of a method, for people."""


class SocketRoute(Route):
    """A registration of `Portico.ws`, or the way to those of a mounted application."""

    __slots__ = ()

    def copy(
        self,
        pattern: Pattern,
        layers: tuple[tuple[Hook, ...], ...],
        shown: frozenset[Key[Any]],
    ) -> Route:
        """The same target behind another pattern and other layers."""
        return SocketRoute(
            self.method,
            pattern,
            self.target,
            layers,
            blocking=self.blocking,
            needs=self.needs,
            where=self.where,
            shown=shown,
        )

    @property
    def connects(self) -> bool:
        """Whether it may lead to a WebSocket."""
        return True

    @property
    def routed_as(self) -> str:
        """What the router for HTTP has it under, to tell that the path is there."""
        return UPGRADE_ONLY

    def leads_to(self, handler: Callable[..., Any]) -> bool:
        """Whether it is the one of a handler."""
        return self.target is handler or any(fn == handler for fn, _ in self._functions())

    def _functions(self) -> list[tuple[Callable[..., Any], bool]]:
        return [] if isinstance(self.target, Mount) else list(self.target.functions.values())

    def _linked(self, surroundings: Surroundings) -> Chain:
        names = self.pattern.names
        link: Link
        if isinstance(self.target, Mount):
            link = self.target.link(names, connects=True)
        else:
            where = f"{self.name} ({self.where})"
            link = SocketLink(self.target, names, where, validates=surroundings.validates)
        chain = Chain(self.layers, link, names, self.name, surroundings, self.shown)
        # There is no body, whatever a guard of other routes says of theirs.
        chain.parse = []
        chain.schemas = [hook for hook in chain.schemas if hook.matches != "body"]
        return chain

    def compile(self, colour: Colour, surroundings: Surroundings) -> Pipeline:
        """What answers on a colour; made once."""
        pipeline = self.pipelines.get(colour)
        if pipeline is None:
            pipeline = self.pipelines[colour] = SocketPipeline(self.chain(surroundings), colour)
        return pipeline

    def check_needs(self, capabilities: Capabilities | None, runtime: str) -> None:
        """Raise which of its needs a runtime does not have."""
        try:
            super().check_needs(capabilities, runtime)
        except CapabilityError as error:
            raise CapabilityError(
                f"{error} A WebSocket with `optional=True` answers 426 there instead."
            ) from None


def way_to_mounted(route: Route) -> SocketRoute:
    """The route that lets a mounted application accept WebSockets."""
    return SocketRoute(
        SOCKET,
        route.pattern,
        route.target,
        route.layers,
        blocking=route.blocking,
        needs=(),
        where=route.where,
        shown=route.shown,
    )
