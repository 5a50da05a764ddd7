"""`Group`: routes of an application that have a prefix, hooks or schemas in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from portico._errors import DefinitionError
from portico._hook import Hook, Scope
from portico._pattern import joined
from portico._registrar import Layers, Registrar

if TYPE_CHECKING:
    from types import TracebackType

    from portico._app import Portico
    from portico._hook_options import GuardOptions


class Group(Registrar):
    """What `app.group(prefix)` and `app.guard(...)` return; it registers as an application does.

    Hooks and keys that are registered on it reach its own routes, those that come after them; so
    they have no scope.
    """

    __slots__ = ("_blocking", "_hooks", "_known_layers", "_outer", "_prefix")

    def __init__(
        self, outer: Registrar, prefix: str, hooks: tuple[Hook, ...], options: GuardOptions
    ) -> None:
        self._outer = outer
        self._prefix = prefix
        self._hooks = hooks
        self._known_layers: Layers = ()
        self._blocking = options.get("blocking", outer._blocking)
        self._application()._groups.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        return None

    def _application(self) -> Portico:
        return self._outer._application()

    def _layers(self) -> Layers:
        outer = self._outer._layers()
        if not self._hooks:
            return outer
        known = self._known_layers  # see `Portico._layers`
        if known[:-1] != outer or known[-1] is not self._hooks:
            known = self._known_layers = (*outer, self._hooks)
        return known

    def _prefix_path(self) -> str:
        outer = self._outer._prefix_path()
        return joined(outer, self._prefix) if outer and self._prefix else outer or self._prefix

    def _check_scope(self, scope: Scope, what: str) -> None:
        if scope != "local":
            raise DefinitionError(
                f"{what} has the scope {scope!r}, and is registered on a group, which keeps its "
                "hooks to its own routes. Register it on the application."
            )
