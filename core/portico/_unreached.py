"""Hooks that reach no route: what `check()` warns of, and which scope would reach one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._hook import APPLICATION_KINDS, Hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portico._app import Portico

# They run for what no route answers too, where they stand on the application that serves.
_ALSO_WITHOUT_ROUTE: Final = frozenset({"error", "map_response", "after_response", "trace"})

# They run nothing, or run for every request.
_NEVER_ALONE: Final = frozenset({"schema", "describe"}) | APPLICATION_KINDS


class UnreachedHookWarning(UserWarning):
    """A hook, key or schema reaches no route, so it never runs."""


def warn_of_unreached(app: Portico) -> None:
    """Warn of each hook of the application and of its plugins that no route has."""
    from warnings import warn

    reached = {hook.source for route in app._routes for layer in route.layers for hook in layer}
    identities = {hook.identity for hook in reached if hook.identity is not None}
    arrived = {hook.source for hook in app._hooks}
    for hook in _registered(app):
        if hook.source in reached or hook.identity in identities:
            continue
        if hook.kind in _ALSO_WITHOUT_ROUTE and hook.source in arrived:
            continue
        if hook.kind not in _NEVER_ALONE and not hook.lazy:
            said = _words(hook, arrived=hook.source in arrived)
            warn(said, UnreachedHookWarning, stacklevel=2)


def _registered(app: Portico) -> Iterator[Hook]:
    """The hooks of an application and of its plugins, each as its own application has it."""
    seen: set[int] = set()
    waiting = [app]
    while waiting:
        owner = waiting.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        taken = {hook.source for plugin in owner._plugins for hook in plugin._hooks}
        yield from (hook for hook in owner._hooks if hook.source not in taken)
        waiting += owner._plugins


def _words(hook: Hook, *, arrived: bool) -> str:
    """What to tell of a hook.

    Args:
        hook: as its own application has it.
        arrived: whether the application that serves has it too.
    """
    name = getattr(hook.target, "name", None) or getattr(hook.target, "__name__", repr(hook.target))
    said = f"The {hook.kind} {name} ({hook.where}) reaches no route, so it never runs."
    if arrived or hook.declared == "global":
        return f"{said} A hook reaches the routes and plugins that are registered after it."
    wider = (
        "'scoped' would reach those of the application that uses it"
        if hook.declared == "local"
        else "'global' would reach those of every application around it"
    )
    return f"{said} Its scope is {hook.declared!r}; {wider}, if they are registered after that."
