"""`portico routes`: what an application answers, and how each route is answered."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeGuard

from portico import CapabilityError, DefinitionError, RouteInfo
from portico.explanation import RouteExplanation
from portico_cli._application import ApplicationError, load_application
from portico_cli._chain_text import chain_text
from portico_cli._place import handler_name
from portico_cli._routes_table import routes_table
from portico_cli._terminal import Terminal
from portico_cli._unreached import unreached


class Wanted(NamedTuple):
    """What is to be shown of an application.

    Attributes:
        explain: whether to explain each route.
        route: a path, or a method and a path; empty for all routes.
        as_json: whether a tool reads it.
    """

    explain: bool = False
    route: Sequence[str] = ()
    as_json: bool = False


def routes(where: str, wanted: Wanted) -> int:
    """Print the routes of the application at `"module:attribute"`; returns the exit status.

    Hooks that reach no route, and mistakes, are told on the standard error stream.
    """
    try:
        app = load_application(where)
        if not wanted.explain:
            _show(app.routes, wanted, where)
        warned = unreached(app)
        if wanted.explain:
            _show(app.explain(), wanted, where)
    except ApplicationError as error:
        print(f"portico routes: {error}", file=sys.stderr)
        return 2
    except (CapabilityError, DefinitionError) as error:
        print(f"{where}: {error}", file=sys.stderr)
        return 1
    sys.stdout.flush()  # so that warnings stand below, where both go to one place
    for text in warned:
        print(f"{where}: warning: {text}", file=sys.stderr)
    return 0


def _show(found: Sequence[RouteInfo | RouteExplanation], wanted: Wanted, where: str) -> None:
    found = _chosen(found, wanted.route, where)
    if wanted.as_json:
        print(json.dumps([_plain(route) for route in found], indent=2))
    elif not found:
        print(f"{where} has no routes.")
    else:
        for line in _lines(found, Terminal.of(sys.stdout)):
            print(line)


def _lines(found: Sequence[RouteInfo | RouteExplanation], terminal: Terminal) -> Iterable[str]:
    explained = [route for route in found if isinstance(route, RouteExplanation)]
    if explained:
        return chain.from_iterable(chain_text(route, terminal) for route in explained)
    return routes_table([route for route in found if isinstance(route, RouteInfo)], terminal)


def _chosen(
    found: Sequence[RouteInfo | RouteExplanation], route: Sequence[str], where: str
) -> Sequence[RouteInfo | RouteExplanation]:
    """The routes of a path, or of a method and a path.

    Raises:
        ApplicationError: there are none.
    """
    if not route:
        return found
    *methods, path = route
    method = methods[0].upper() if methods else None
    chosen = [each for each in found if each.path == path and method in (None, each.method)]
    if not chosen:
        known = ", ".join(f"{each.method} {each.path}" for each in found) or "none"
        raise ApplicationError(f"{where} has no route {' '.join(route)!r}. There are: {known}.")
    return chosen


def _plain(value: Any) -> Any:
    """The same in the types of JSON."""
    if isinstance(value, RouteInfo):
        value = value._replace(handler=handler_name(value.handler))
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if _is_mapping(value):
        return {str(name): _plain(member) for name, member in value.items()}
    return [_plain(item) for item in value] if _is_tuple(value) else value


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_tuple(value: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)
