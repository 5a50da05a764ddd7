"""`LazyPlugin`: an application that is imported when the first request under its prefix comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._errors import DefinitionError

if TYPE_CHECKING:
    from portico._app import Portico
    from portico._hook import Hook


class LazyPlugin:
    """One `use(name, prefix=..., lazy=True)`.

    Args:
        name: `"module:attribute"`.
        where: file and line of the call.
        path: the prefix of its routes.
        layers: the hooks that reach them, as they were at `use`.
    """

    __slots__ = ("_layers", "_name", "_where", "path")

    def __init__(
        self, name: str, where: str, path: str, layers: tuple[tuple[Hook, ...], ...]
    ) -> None:
        self._name = name
        self._where = where
        self._layers = layers
        self.path = path

    def under(self, prefix: str, layers: tuple[tuple[Hook, ...], ...]) -> LazyPlugin:
        """The same plugin in an application around the one that it was registered on."""
        from portico._pattern import joined

        path = joined(prefix, self.path) if prefix else self.path
        return LazyPlugin(self._name, self._where, path, (*layers, *self._layers))

    def covers(self, path: str) -> bool:
        """Whether a canonical path is under the prefix."""
        return path == self.path or path.startswith(self.path + "/")

    def load(self, app: Portico) -> None:
        """Import the plugin, and register its routes on the application that serves.

        Raises:
            DefinitionError: it is no application, or one that cannot be loaded so late.
        """
        from portico._app import Portico
        from portico._pattern import Pattern, joined
        from portico._plugin import named

        plugin = named(self._name, self._where)
        if not isinstance(plugin, Portico):
            raise DefinitionError(
                f"use({self._name!r}, lazy=True) at {self._where} leads to {plugin!r}. A lazy "
                "plugin is a `Portico`."
            )
        plugin._freeze(self._where)
        if plugin._resources or plugin._life_hooks or plugin._receives_requests():
            raise DefinitionError(
                f"use({self._name!r}, lazy=True) at {self._where}: a lazy plugin comes after the "
                "start, so it has no resources and no hooks of start, stop and request. Register "
                "them on the application, or use the plugin without `lazy`."
            )
        app._take_keys(plugin)
        for route in plugin._routes:
            pattern = Pattern(joined(self.path, route.pattern.text))
            app._add_route(route.under(pattern, self._layers))
        app._lazy += [lazy.under(self.path, self._layers) for lazy in plugin._lazy]


class LazyPlugins:
    """The plugins of an application that are not imported yet; several threads may ask at once."""

    __slots__ = ("_app", "_lock", "_waiting")

    def __init__(self, waiting: list[LazyPlugin], app: Portico) -> None:
        from threading import RLock

        self._waiting = waiting
        self._app = app
        self._lock = RLock()

    def wanted(self, path: str) -> bool:
        """Whether a plugin has to be imported to know what a path leads to."""
        return bool(self._waiting) and any(lazy.covers(path) for lazy in self._waiting)

    def load(self, path: str) -> None:
        """Import those that a path leads to."""
        with self._lock:
            for lazy in [lazy for lazy in self._waiting if lazy.covers(path)]:
                lazy.load(self._app)
                self._waiting.remove(lazy)

    def load_all(self) -> None:
        """Import all of them, and those that they bring."""
        with self._lock:
            while self._waiting:
                self._waiting[0].load(self._app)
                self._waiting.pop(0)
