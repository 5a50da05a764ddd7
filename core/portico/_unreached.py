"""Hooks that reach no route: what `check()` warns of, and which scope would reach one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._hook import APPLICATION_KINDS, Hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portico._app import Portico

# They run for what no route answers too, where they stand on the application that serves.
_ALSO_WITHOUT_ROUTE: Final = frozenset({"error", "map_response", "after_response", "trace"})


class UnreachedHookWarning(UserWarning):
    """A hook, key or schema reaches no route, so it never runs."""


def warn_of_unreached(app: Portico) -> None:
    """Warn of each hook of the application and of its plugins that no route has."""
    from warnings import warn

    reached = {hook.source for route in app._routes for layer in route.layers for hook in layer}
    # A key runs where it is bound too, whatever its scope.
    reached |= {key.hook.source for route in app._routes for key in route.made_keys()}
    identities = {hook.identity for hook in reached if hook.identity is not None}
    for hook, owner in _registered(app):
        if hook in reached or hook.identity in identities or hook.kind in APPLICATION_KINDS:
            continue
        if owner is app and hook.kind in _ALSO_WITHOUT_ROUTE:
            continue
        if hook.kind not in ("schema", "describe") and not hook.lazy:
            warn(_words(hook, owner, app), UnreachedHookWarning, stacklevel=2)


def _registered(app: Portico) -> Iterator[tuple[Hook, Portico]]:
    seen: set[int] = set()
    waiting = [app]
    while waiting:
        owner = waiting.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        for hook in owner._hooks:
            if hook.source is hook or hook.source.owner == owner.name:
                yield hook.source, owner
        waiting += owner._plugins


def _words(hook: Hook, owner: Portico, app: Portico) -> str:
    name = getattr(hook.target, "name", None) or getattr(hook.target, "__name__", repr(hook.target))
    said = f"The {hook.kind} {name} ({hook.where}) reaches no route, so it never runs."
    if owner is app or hook.scope == "global":
        return f"{said} A hook reaches the routes and plugins that are registered after it."
    wider = (
        "'scoped' would reach those of the application that uses it"
        if hook.scope == "local"
        else "'global' would reach those of every application around it"
    )
    return f"{said} Its scope is {hook.scope!r}; {wider}, if they are registered after that."
