"""`LazyPlugin`: an application that is imported when the first request under its prefix comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._errors import DefinitionError
from portico._pattern import Form, Pattern, joined

if TYPE_CHECKING:
    from portico._app import Portico
    from portico._hook import Hook
    from portico._key import Key


class LazyPlugin:
    """One `use(name, prefix=..., lazy=True)`.

    Args:
        name: `"module:attribute"`.
        where: file and line of the call.
        path: the prefix of its routes.
        layers: the hooks that reach them, as they were at `use`.
        shown: the keys of the lazy plugins around it.
    """

    __slots__ = ("_forms", "_layers", "_name", "_path", "_shown", "_where")

    def __init__(
        self,
        name: str,
        where: str,
        path: str,
        layers: tuple[tuple[Hook, ...], ...],
        shown: frozenset[Key[Any]] = frozenset(),
    ) -> None:
        self._shown = shown
        self._name = name
        self._where = where
        self._layers = layers
        self._path = path
        self._forms = [form[:-1] if form[-1:] == ("",) else form for form in Pattern(path).forms]

    def under(
        self,
        prefix: str,
        layers: tuple[tuple[Hook, ...], ...],
        shown: frozenset[Key[Any]] = frozenset(),
    ) -> LazyPlugin:
        """The same plugin in an application around the one that it was registered on."""
        path = joined(prefix, self._path) if prefix else self._path
        all_layers = (*layers, *self._layers)
        return LazyPlugin(self._name, self._where, path, all_layers, self._shown | shown)

    def covers(self, path: str) -> bool:
        """Whether a canonical path is under the prefix."""
        segments = path[1:].split("/")
        return any(_begins(segments, form) for form in self._forms)

    def load(self, app: Portico) -> None:
        """Import the plugin, and register its routes on the application that serves.

        Nothing is registered where anything is wrong, so that it can be tried again.

        Raises:
            DefinitionError: it is no application, or one that cannot be loaded so late.
        """
        plugin = self._imported()
        shown = self._shown | plugin._keys.keys()
        routes = [
            route.under(route.pattern.under(self._path), self._layers, shown)
            for route in plugin._routes
        ]
        others = app._keys.keys() - app._hidden
        app._take_keys(plugin)
        app._hidden |= plugin._keys.keys() - others
        for route in routes:
            app._add_route(route)
        for lazy in plugin._lazy.waiting:
            app._lazy.add([lazy.under(self._path, self._layers, shown)])

    def _imported(self) -> Portico:
        from portico._app import Portico
        from portico._plugin import named

        plugin = named(self._name, self._where)
        if not isinstance(plugin, Portico):
            raise DefinitionError(
                f"use({self._name!r}, lazy=True) at {self._where} leads to {plugin!r}. A lazy "
                "plugin is a `Portico`."
            )
        plugin._freeze(self._where)
        if plugin._resources or plugin._life_hooks or plugin._events or plugin._receives_requests():
            raise DefinitionError(
                f"use({self._name!r}, lazy=True) at {self._where}: a lazy plugin comes after the "
                "start, so it has no resources, mounts, handlers of events, and hooks of start, "
                "stop and request. "
                "Register them on the application, or use the plugin without `lazy`."
            )
        return plugin


def _begins(segments: list[str], form: Form) -> bool:
    """Whether the segments of a path begin with those of a pattern."""
    return len(segments) >= len(form) and all(
        segment == part if isinstance(part, str) else bool(segment)
        for segment, part in zip(segments, form, strict=False)
    )
