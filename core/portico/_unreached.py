"""Hooks that reach no route: what `check()` warns of, and which scope would reach one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._hook import APPLICATION_KINDS, Hook
from portico._route import unlike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portico._app import Portico
    from portico._chain import Chain
    from portico._key import Key

# They run for what no route answers too, where they stand on the application that serves.
_ALSO_WITHOUT_ROUTE: Final = frozenset({"error", "map_response", "after_response", "trace"})

# They run nothing, or run for every request.
_NEVER_ALONE: Final = frozenset({"schema", "describe"}) | APPLICATION_KINDS


class UnreachedHookWarning(UserWarning):
    """A hook or key reaches no route, so it never runs."""


def warn_of_unreached(app: Portico) -> None:
    """Warn of each hook of the application, of its groups and plugins that no route has."""
    from warnings import warn

    # Routes share layers; see `Portico._layers`.
    layered = {id(route.layers): route.layers for route in app._routes}
    reached = {hook.source for layers in layered.values() for layer in layers for hook in layer}
    identities = {hook.identity for hook in reached if hook.identity is not None}
    arrived = {hook.source for hook in app._hooks}
    reached |= {source for source in arrived if source.kind in _ALSO_WITHOUT_ROUTE}
    groups: set[Hook] = set()
    registered: dict[Hook, Hook] = {}
    _register(app, registered, groups, set())
    asked: set[Key[Any]] | None = None
    for source, hook in registered.items():
        if source in reached or hook.identity in identities:
            continue
        if hook.kind in _NEVER_ALONE or hook.lazy:
            continue
        if hook.kind in ("derive", "resolve"):
            # What asks for a key runs it, whatever its scope says.
            key: Key[Any] = hook.target
            asked = _asked(app) if asked is None else asked
            if app._keys.get(key, key) in asked:
                continue
        said = _words(hook, arrived=source in arrived, in_group=source in groups)
        warn(said, UnreachedHookWarning, stacklevel=2)


def _register(
    owner: Portico, found: dict[Hook, Hook], groups: set[Hook], seen: set[Portico]
) -> None:
    """Every hook of an application and its plugins, by its source, as its own application has it.

    Args:
        owner: the application.
        found: gets the hooks.
        groups: gets the sources of those of groups.
        seen: the applications that were looked at.
    """
    seen.add(owner)
    for plugin in owner._plugins:
        if plugin not in seen:
            _register(plugin, found, groups, seen)
    for group in owner._groups:
        for hook in group._hooks:
            if found.setdefault(hook.source, hook) is hook:
                groups.add(hook.source)
    for hook in owner._hooks:
        found.setdefault(hook.source, hook)


def _asked(app: Portico) -> set[Key[Any]]:
    """Every key that some function binds or names."""
    surroundings = app._surroundings()
    found: set[Key[Any]] = set()
    for route in unlike(app._routes):
        found.update(_asked_in(route.chain(surroundings)))
    return found


def _asked_in(chain: Chain) -> Iterator[Key[Any]]:
    for link in chain.links():
        # A link that makes a value asks for others, not for its own.
        for key in {*link.bound_keys(), *link.named_keys(), *link.asked_keys()} - {link.key}:
            yield chain.known(key) or key


def _words(hook: Hook, *, arrived: bool, in_group: bool) -> str:
    """What to tell of a hook.

    Args:
        hook: as its own application has it.
        arrived: whether the application that serves has it too.
        in_group: whether it is a group's.
    """
    name = getattr(hook.target, "name", None) or getattr(hook.target, "__name__", repr(hook.target))
    said = f"The {hook.kind} {name} ({hook.where}) reaches no route, so it never runs."
    if in_group:
        return f"{said} A group's hook reaches the routes of the group that come after it."
    if arrived or hook.declared == "global":
        return f"{said} A hook reaches the routes and plugins that are registered after it."
    wider = (
        "'scoped' would reach those of the application that uses it"
        if hook.declared == "local"
        else "'global' would reach those of every application around it"
    )
    return f"{said} Its scope is {hook.declared!r}; {wider}, if they are registered after that."
