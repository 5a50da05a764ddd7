"""`RouteTable`: the routes of an application in their order, those of its plugins among them.

A plugin's routes are registered anew by whoever uses it. Where plugins use plugins, each level
would copy all routes of those below; so what a table takes is a note of which routes come there,
and the copies are made when somebody first asks for the routes, each once. Plugins that are not
even imported yet wait in `LazyPlugins`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from portico._pattern import joined
from portico._route import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from portico._app import Portico
    from portico._hook import Hook
    from portico._lazy_plugin import LazyPlugin

    Layers: TypeAlias = tuple[tuple[Hook, ...], ...]


class _Taken:
    """The first routes of another table, to be copied behind a prefix and layers."""

    __slots__ = ("count", "entries", "layers", "prefix")

    def __init__(self, entries: list[Route | _Taken], prefix: str, layers: Layers) -> None:
        self.entries = entries
        self.count = len(entries)
        self.prefix = prefix
        self.layers = layers


class RouteTable:
    """Routes in the order of their registration."""

    __slots__ = ("_entries", "_routes", "_seen")

    def __init__(self) -> None:
        self._entries: list[Route | _Taken] = []
        # Of so many entries the routes are here.
        self._routes: list[Route] = []
        self._seen = 0

    def add(self, route: Route) -> None:
        """Add a route."""
        if self._seen == len(self._entries):
            # In this order: who asks for the routes in another thread finds nothing left to do.
            self._routes.append(route)
            self._seen += 1
        self._entries.append(route)

    def take(self, other: RouteTable, prefix: str, layers: Layers) -> None:
        """Add a copy of each route that another table has now.

        Raises:
            DefinitionError: a route's path does not go together with the prefix.
        """
        if "{" not in prefix:
            self._entries.append(_Taken(other._entries, prefix, layers))
            return
        # What may be wrong is said where the plugin is used, and not later.
        for route in other.routes():
            self.add(route.under(route.pattern.under(prefix), layers))

    def routes(self) -> list[Route]:
        """The routes, in order; the list is the table's own."""
        entries = self._entries
        while self._seen < len(entries):
            entry = entries[self._seen]
            if isinstance(entry, Route):
                self._routes.append(entry)
            else:
                self._routes += _copies(entry, "", ())
            self._seen += 1
        return self._routes


def _copies(taken: _Taken, prefix: str, layers: Layers) -> list[Route]:
    """The routes of another table, behind what is around those that took it, too."""
    prefix = joined(prefix, taken.prefix) if taken.prefix else prefix
    layers = (*layers, *taken.layers)
    found: list[Route] = []
    # Routes that have the same layers go on to share them. The key is the identity: to compare them
    # would take longer than to make them.
    shared: dict[int, Layers] = {}
    for entry in taken.entries[: taken.count]:
        if isinstance(entry, Route):
            own = shared.get(id(entry.layers))
            if own is None:
                own = shared[id(entry.layers)] = (*layers, *entry.layers)
            found.append(entry.copy(entry.pattern.under(prefix), own, entry.shown))
        else:
            found += _copies(entry, prefix, layers)
    return found


class LazyPlugins:
    """The plugins of an application that are not imported yet; several threads may ask at once.

    Attributes:
        waiting: they, in order.
    """

    __slots__ = ("_app", "_lock", "waiting")

    def __init__(self, app: Portico) -> None:
        self.waiting: list[LazyPlugin] = []
        self._app = app
        self._lock: AbstractContextManager[object] | None = None

    def add(self, plugins: Iterable[LazyPlugin]) -> None:
        """Wait for the first requests for these too."""
        self.waiting += plugins
        if self.waiting and self._lock is None:
            from threading import RLock

            self._lock = RLock()

    def wanted(self, path: str) -> bool:
        """Whether a plugin has to be imported to know what a path leads to."""
        # A copy: another thread may take one out meanwhile, and the loop would miss its neighbour.
        return bool(self.waiting) and any(lazy.covers(path) for lazy in tuple(self.waiting))

    def load(self, path: str) -> None:
        """Import those that a path leads to, and those that they bring."""
        self._load(lambda lazy: lazy.covers(path))

    def load_all(self) -> None:
        """Import all of them, and those that they bring."""
        self._load(lambda lazy: True)

    def _load(self, is_wanted: Callable[[LazyPlugin], bool]) -> None:
        if self._lock is None:
            return
        with self._lock:
            while wanted := [lazy for lazy in self.waiting if is_wanted(lazy)]:
                wanted[0].load(self._app)
                self.waiting.remove(wanted[0])
