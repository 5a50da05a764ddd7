"""`Plugin`: what `use` was given, and how it joins an application."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from portico._errors import DefinitionError
from portico._lazy_plugin import LazyPlugin
from portico._pattern import Pattern, joined
from portico._signature import is_coroutine_function

if TYPE_CHECKING:
    from portico._registrar import Registrar


class Plugin:
    """One call of `use`.

    Args:
        given: an application, a function, or the name of one, `"module:attribute"`.
        where: file and line of the call.
        prefix: a path for its routes.
        lazy: whether to import it when it is first needed.

    Raises:
        DefinitionError: it is nothing of the kind.
    """

    __slots__ = ("_given", "_lazy", "_prefix", "_where")

    def __init__(self, given: Any, where: str, prefix: str, *, lazy: bool) -> None:
        if lazy and not (isinstance(given, str) and prefix):
            raise DefinitionError(
                f"use({given!r}) at {where} is lazy, for which it needs a name and a prefix: "
                "use('module:attribute', prefix='/path', lazy=True)."
            )
        if prefix:
            Pattern(prefix)
        self._given = given
        self._where = where
        self._prefix = prefix
        self._lazy = lazy

    def join(self, registrar: Registrar) -> None:
        """Join it to an application or group, now or when a request first asks for it."""
        if not self._lazy:
            self._join(registrar, named(self._given, self._where), self._prefix)
            return
        app = registrar._application()
        outer = registrar._prefix_path()
        path = joined(outer, self._prefix) if outer else self._prefix
        app._lazy.add([LazyPlugin(self._given, self._where, path, registrar._layers())])

    def _join(self, registrar: Registrar, plugin: Any, prefix: str) -> None:
        from portico._app import Portico

        if isinstance(plugin, Portico):
            if plugin is registrar._application():
                raise DefinitionError(
                    f"use() at {self._where} got the application that it is called on."
                )
            plugin._freeze(self._where)
            registrar._take(plugin, prefix)
            return
        self._check_function(plugin)
        group = registrar.group(prefix) if prefix else registrar
        made = plugin(group)
        if isinstance(made, Portico) and made is not registrar._application():
            self._join(group, made, "")

    def _check_function(self, plugin: Any) -> None:
        said = f"use() at {self._where} got {plugin!r}."
        if isinstance(plugin, type):
            raise DefinitionError(f"{said} Make an instance of it: a plugin is a `Portico`.")
        if is_coroutine_function(plugin):
            raise DefinitionError(
                f"{said} A plugin registers before there is an event loop, so its function is not "
                "`async`. What it has to await is a resource's: `@app.resource`."
            )
        if not callable(plugin):
            raise DefinitionError(
                f"{said} A plugin is a `Portico`, a function that takes one, or the name of "
                "either, 'module:attribute'."
            )


def named(given: Any, where: str) -> Any:
    """What `use` was given, imported where it is a name.

    Raises:
        DefinitionError: the name leads nowhere.
    """
    if not isinstance(given, str):
        return given
    module, colon, attribute = given.partition(":")
    if not (module and colon and attribute):
        raise DefinitionError(
            f"use({given!r}) at {where} names no plugin. Write 'module:attribute'."
        )
    found: Any = import_module(module)
    try:
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        raise DefinitionError(
            f"use({given!r}) at {where}: {error}. Write 'module:attribute'."
        ) from None
    return found
