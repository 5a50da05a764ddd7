"""Hooks that reach no route: what `check()` warns of, and which scope would reach one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from portico._hook import APPLICATION_KINDS, Hook
from portico._key import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portico._app import Portico
    from portico._chain import Chain

# They run for what no route answers too, where they stand on the application that serves.
_ALSO_WITHOUT_ROUTE: Final = frozenset({"error", "map_response", "after_response", "trace"})


class UnreachedHookWarning(UserWarning):
    """A hook, key or schema reaches no route, so it never runs."""


class _Registered(NamedTuple):
    """A hook as it was registered, and where.

    Attributes:
        hook: the hook, in the scope that it has there in the end (`as_`).
        place: `"group"`, `"plugin"`, or `"application"` for the one that serves.
    """

    hook: Hook
    place: str


def warn_of_unreached(app: Portico) -> None:
    """Warn of each hook of the application, of its groups and plugins that no route has."""
    from warnings import warn

    registered: dict[Hook, _Registered] = {}
    _register(app, "application", registered, set())
    reached = {hook.source for route in app._routes for layer in route.layers for hook in layer}
    reached |= {hook.source for hook in app._hooks if hook.kind in _ALSO_WITHOUT_ROUTE}
    identities = {hook.identity for hook in reached if hook.identity is not None}
    keys: set[Key[Any]] | None = None
    for source, each in registered.items():
        if source in reached or source.identity in identities or _is_silent(source):
            continue
        if isinstance(source.target, Key):
            # What asks for a key runs it, whatever its scope says.
            keys = _asked(app) if keys is None else keys
            if app._keys.get(source.target, source.target) in keys:
                continue
        warn(_words(each), UnreachedHookWarning, stacklevel=2)


def _register(
    owner: Portico, place: str, found: dict[Hook, _Registered], seen: set[Portico]
) -> None:
    """Every hook of an application and its plugins, each once, where it was registered first."""
    seen.add(owner)
    for plugin in owner._plugins:
        if plugin not in seen:
            _register(plugin, "plugin", found, seen)
    for group in owner._groups:
        for hook in group._hooks:
            found.setdefault(hook.source, _Registered(hook, "group"))
    for hook in owner._hooks:
        found.setdefault(hook.source, _Registered(hook, place))


def _is_silent(hook: Hook) -> bool:
    """Whether it is no mistake that a hook reaches nothing."""
    return hook.kind in APPLICATION_KINDS or hook.kind == "describe" or hook.lazy


def _asked(app: Portico) -> set[Key[Any]]:
    """Every key that some function binds or names."""
    surroundings = app._surroundings()
    found: set[Key[Any]] = set()
    for route in app._routes:
        found.update(_asked_in(route.chain(surroundings)))
    return found


def _asked_in(chain: Chain) -> Iterator[Key[Any]]:
    for link in chain.links():
        # A link that makes a value asks for others, not for its own.
        for key in {*link.bound_keys(), *link.named_keys()} - {link.key}:
            yield chain.known(key) or key


def _words(registered: _Registered) -> str:
    hook, place = registered
    name = getattr(hook.target, "name", None) or getattr(hook.target, "__name__", repr(hook.target))
    what, never = f"{hook.kind} {name}", "it never runs"
    if hook.kind == "schema":
        part = hook.matches[0] if isinstance(hook.matches, tuple) else hook.matches
        what, never = f"schema of the {part}, {name},", "nothing is held to it"
    said = f"The {what} ({hook.where}) reaches no route, so {never}."
    if place == "group":
        return f"{said} A group's hook reaches the routes of the group that come after it."
    if place == "application" or hook.scope == "global":
        return f"{said} A hook reaches the routes and plugins that are registered after it."
    wider = (
        "'scoped' would reach those of the application that uses it"
        if hook.scope == "local"
        else "'global' would reach those of every application around it"
    )
    return f"{said} Its scope is {hook.scope!r}; {wider}, if they are registered after that."
