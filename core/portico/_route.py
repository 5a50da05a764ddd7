"""`Route`: a method, a pattern, and the chain that answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from portico._errors import CapabilityError, DefinitionError
from portico._hook import flattened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from portico._chain import Chain, Surroundings
    from portico._engine import Colour, Pipeline
    from portico._hook import Hook
    from portico._key import Key
    from portico._pattern import Pattern
    from portico._route_info import RouteInfo
    from portico.contract import Capabilities, Capability


class Route:
    """One registration.

    Attributes:
        method: `"*"` stands for every method.
        pattern: the path.
        target: the handler, or the value, that was registered.
        layers: the hooks that reach it: those of each application and group around it as they were
            when it was registered, the outermost first, and its own.
        blocking: whether the handler may block; None where its code says it.
        needs: the capabilities without which it makes no sense.
        on_disconnect: what happens to it when its peer leaves; None leaves it to the adapter.
        where: file and line of the registration.
        pipelines: what answers, by colour; compiled when it is first hit.
        shown: the keys of the lazy plugin that it came with.
    """

    __slots__ = (
        "_chain",
        "blocking",
        "layers",
        "method",
        "needs",
        "on_disconnect",
        "pattern",
        "pipelines",
        "shown",
        "target",
        "where",
    )

    def __init__(
        self,
        method: str,
        pattern: Pattern,
        target: Any,
        layers: tuple[tuple[Hook, ...], ...],
        *,
        blocking: bool | None,
        needs: Collection[Capability],
        where: str,
        shown: frozenset[Key[Any]] = frozenset(),
        on_disconnect: Literal["signal", "cancel"] | None = None,
    ) -> None:
        self.shown = shown
        self.on_disconnect: Literal["signal", "cancel"] | None = on_disconnect
        self.method = method
        self.pattern = pattern
        self.target = target
        self.layers = layers
        self.blocking = blocking
        self.needs = tuple(needs)
        self.where = where
        self._chain: Chain | None = None
        self.pipelines: dict[str, Pipeline] = {}

    def under(
        self,
        pattern: Pattern,
        layers: tuple[tuple[Hook, ...], ...],
        shown: frozenset[Key[Any]] = frozenset(),
    ) -> Route:
        """The same route in an application around this one."""
        return self.copy(pattern, (*layers, *self.layers), self.shown | shown)

    def copy(
        self,
        pattern: Pattern,
        layers: tuple[tuple[Hook, ...], ...],
        shown: frozenset[Key[Any]],
    ) -> Route:
        """The same target behind another pattern and other layers."""
        return Route(
            self.method,
            pattern,
            self.target,
            layers,
            blocking=self.blocking,
            needs=self.needs,
            where=self.where,
            shown=shown,
            on_disconnect=self.on_disconnect,
        )

    @property
    def connects(self) -> bool:
        """Whether it may lead to a WebSocket."""
        accepts = getattr(getattr(self.target, "application", None), "accepts_websockets", None)
        return accepts is not None and bool(accepts())

    @property
    def routed_as(self) -> str:
        """What the router has it under."""
        return self.method

    def leads_to(self, handler: Callable[..., Any]) -> bool:
        """Whether it is the one of a handler."""
        # Equality and not identity: a bound method is a new object each time that it is looked up.
        return self.target is handler or (callable(self.target) and self.target == handler)

    @property
    def name(self) -> str:
        """Method and pattern, for reports."""
        return f"{self.method} {self.pattern.text}"

    def info(self) -> RouteInfo:
        """What is registered, for people and tools."""
        from types import MappingProxyType

        from portico._mount import Mount
        from portico._route_info import RouteInfo

        said = [hook.target for hook in flattened(self.layers) if hook.kind == "describe"]
        tags = [tag for each in said for tag in each.get("tags", ())]
        detail: dict[str, Any] = {}
        for each in said:
            detail.update(each.get("detail", ()))
        return RouteInfo(
            self.method,
            self.pattern.text,
            self.target.application if isinstance(self.target, Mount) else self.target,
            self.where,
            tuple(dict.fromkeys(tags)),
            MappingProxyType(detail),
        )

    def chain(self, surroundings: Surroundings) -> Chain:
        """The links, made when they are first wanted, and kept."""
        if self._chain is None:
            self._chain = self._linked(surroundings)
        return self._chain

    def _linked(self, surroundings: Surroundings) -> Chain:
        # What a request needs is loaded with the first one, or with `check`.
        from portico._chain import Chain
        from portico._constant import handler_of

        names = self.pattern.names
        where = f"{self.name} ({self.where})"
        handler = handler_of(self.target, names, where, blocking=self.blocking)
        return Chain(self.layers, handler, names, self.name, surroundings, self.shown)

    def compile(self, colour: Colour, surroundings: Surroundings) -> Pipeline:
        """What answers on a colour; made once."""
        pipeline = self.pipelines.get(colour)
        if pipeline is None:
            from portico._engine import Pipeline

            chain, how = self.chain(surroundings), self.on_disconnect
            pipeline = self.pipelines[colour] = Pipeline(chain, colour, on_disconnect=how)
        return pipeline

    def check(self, surroundings: Surroundings) -> None:
        """Raise what is wrong with the functions of this route; see `Portico.check`."""
        # Not kept: most routes are not hit soon, and to keep thousands of chains takes as long as
        # to make them.
        chain = self._chain or self._linked(surroundings)
        for link in chain.links():
            link.check()
            if link.needs_keys():
                from portico._key_check import wanted_keys

                wanted_keys(link, chain)
        if chain.declared is not None:
            chain.declared.check()

    def build(self, surroundings: Surroundings) -> None:
        """Build what its first answer would else wait for; see `Portico.compile`."""
        declared = self.chain(surroundings).declared
        if declared is not None:
            declared.build()

    def check_needs(self, capabilities: Capabilities | None, runtime: str) -> None:
        """Raise which of its needs a runtime does not have; see `Portico.check`."""
        for capability in self.needs:
            self._check_need(capability, capabilities, runtime)

    def _check_need(
        self, capability: Capability, capabilities: Capabilities | None, runtime: str
    ) -> None:
        from portico.contract import ABSENT, Capability

        if not isinstance(capability, Capability):  # pyright: ignore[reportUnnecessaryIsInstance] # what a user without a type checker wrote
            raise DefinitionError(
                f"{self.name} ({self.where}) needs {capability!r}, which is no capability. "
                "Take the members of `portico.contract.Capability`."
            )
        if capabilities is not None and capabilities[capability] is ABSENT:
            raise CapabilityError(
                f"{self.name} ({self.where}) needs {capability.value!r}, which the "
                f"runtime {runtime!r} does not have. Serve it elsewhere, or leave the route "
                "out of the application for this runtime."
            )


def unlike(routes: Iterable[Route]) -> Iterable[Route]:
    """Of routes that differ in nothing but method, path and needs the first alone.

    What is wrong with the functions of one, or asked for by them, is so with those of the others:
    their chains are made of the same target, layers and names of parameters.
    """
    found: dict[object, Route] = {}
    for route in routes:
        # By identity: what is equal may yet be of other types, and a target need not have a hash.
        alike = (
            id(route.target),
            id(route.layers),
            route.pattern.names,
            route.blocking,
            route.shown,
        )
        if alike not in found:
            found[alike] = route
    return found.values()
