"""The routes of an application as lines of text."""

from collections.abc import Iterator, Sequence
from typing import Final

from portico import RouteInfo
from portico_cli._place import handler_name, shown_place
from portico_cli._terminal import Terminal

_HEADS: Final = ("method", "path", "handler", "tags", "where")
_GAP: Final = "  "
_WIDEST: Final = 40  # characters of a handler that is a value


def routes_table(routes: Sequence[RouteInfo], terminal: Terminal) -> Iterator[str]:
    """Lines: a row for each route; two where the terminal is too narrow for one.

    Methods, paths and places are never cut, because one copies them.
    """
    rows = [_cells(route, terminal) for route in routes]
    used = [index for index in range(len(_HEADS)) if any(row[index] for row in rows)]
    widths = [max(len(row[index]) for row in [_HEADS, *rows]) for index in range(len(_HEADS))]
    total = sum(widths[index] for index in used) + len(_GAP) * (len(used) - 1)
    if total > terminal.width:
        for row in rows:
            yield from _stacked(row, terminal)
        return

    def line(cells: Sequence[str]) -> str:
        return _GAP.join(cells[index].ljust(widths[index]) for index in used).rstrip()

    yield terminal.paint(line(_HEADS), "bold")
    yield terminal.paint(terminal.rule(total), "dim")
    yield from (line(row) for row in rows)


def _cells(route: RouteInfo, terminal: Terminal) -> tuple[str, ...]:
    return (
        terminal.shown(route.method),
        terminal.shown(route.path),
        terminal.cut(handler_name(route.handler), _WIDEST),
        terminal.shown(", ".join(route.tags)),
        terminal.shown(shown_place(route.where)),
    )


def _stacked(row: Sequence[str], terminal: Terminal) -> Iterator[str]:
    method, path, handler, tags, where = row
    yield terminal.paint(f"{method} {path}", "bold")
    yield f"{_GAP}{handler}{_GAP}{where}"
    if tags:
        yield f"{_GAP}{tags}"
