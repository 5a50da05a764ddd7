"""The answers side by side, as lines of text."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from portico_cli._column import Answer, Column
from portico_cli._comparison import Difference, differences
from portico_cli._terminal import Terminal
from portico_conformance.runtimes import WireResponse

WIDE = 100
"""Terminals of fewer characters get one block for each request instead of a table."""

_GAP = "  "
_LAST = 18  # characters of the last column, where it has a difference to tell


def table(columns: Sequence[Column], labels: Sequence[str], terminal: Terminal) -> Iterator[str]:
    """Lines: a row for each request, a column for each runtime, and whether all say the same."""
    rows = [differences(columns, row) for row in range(len(labels))]
    draw = _wide if terminal.width >= WIDE else _stacked
    yield from draw(columns, labels, rows, terminal)
    for label, row in zip(labels, rows, strict=True):
        for difference in _telling(row):
            yield from _details(label, difference, terminal)


def summary(columns: Sequence[Column], labels: Sequence[str]) -> str:
    """One line: `13 requests, 4 runtimes: all answers are the same.`"""
    ran = [column for column in columns if column.ran]
    if not ran:
        return "No runtime answered."
    uneven = sum(bool(differences(columns, row)) for row in range(len(labels)))
    verdict = (
        f"{uneven} of them answered differently"
        if uneven
        else "all answers are the same"
        if len(ran) > 1
        else "nothing to compare the answers with"
    )
    missing = [column.name for column in columns if column.missing]
    failed = [column.name for column in columns if column.failure]
    absent = (f" Missing: {', '.join(missing)}." if missing else "") + (
        f" Did not start: {', '.join(failed)}." if failed else ""
    )
    return f"{_count(labels, 'request')}, {_count(ran, 'runtime')}: {verdict}.{absent}"


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


# --- Wide: one table ------------------------------------------------------------------------------


def _wide(
    columns: Sequence[Column],
    labels: Sequence[str],
    rows: Sequence[Sequence[Difference]],
    terminal: Terminal,
) -> Iterator[str]:
    first = max(map(len, labels))
    last = _LAST if any(rows) else len("same")
    gaps = len(_GAP) * (len(columns) + 1)
    cell = _cell_width(columns, terminal.width - first - last - gaps, terminal)
    width = first + last + cell * len(columns) + gaps

    def line(head: str, cells: Sequence[str]) -> str:
        return _GAP.join(
            [head.ljust(first), *(terminal.cut(text, cell).ljust(cell) for text in cells)]
        )

    yield terminal.paint(line("", [column.interface for column in columns]).rstrip(), "dim")
    yield terminal.paint(line("", [column.name for column in columns]) + f"{_GAP}same", "bold")
    yield terminal.paint(terminal.rule(width), "dim")
    for index, (label, row) in enumerate(zip(labels, rows, strict=True)):
        cells = [_cell(column, index) for column in columns]
        yield f"{line(label, cells)}{_GAP}{_verdict(row, terminal, last)}"
    yield terminal.paint(terminal.rule(width), "dim")


def _cell_width(columns: Sequence[Column], room: int, terminal: Terminal) -> int:
    """The same for all, and no more than the longest answer needs."""
    widest = max(
        len(terminal.shown(_cell(column, row)))
        for column in columns
        for row in range(max(len(column.answers), 1))
    )
    heading = max(max(len(column.name), len(column.interface)) for column in columns)
    return max(heading, min(widest, room // len(columns)))


# --- Narrow: a block for each request -------------------------------------------------------------


def _stacked(
    columns: Sequence[Column],
    labels: Sequence[str],
    rows: Sequence[Sequence[Difference]],
    terminal: Terminal,
) -> Iterator[str]:
    first = max(len(column.name) for column in columns)
    for index, (label, row) in enumerate(zip(labels, rows, strict=True)):
        yield terminal.paint(label, "bold")
        for column in columns:
            cell = terminal.cut(_cell(column, index), terminal.width - first - 2 * len(_GAP))
            yield f"{_GAP}{column.name.ljust(first)}{_GAP}{cell}"
        verdict = _verdict(row, terminal, terminal.width - first - 2 * len(_GAP))
        yield f"{_GAP}{'same'.ljust(first)}{_GAP}{verdict}"
        yield ""


# --- Both -----------------------------------------------------------------------------------------


def _cell(column: Column, row: int) -> str:
    if not column.ran:
        return "missing" if column.missing else "did not start"
    answer: Answer = column.answers[row]
    if isinstance(answer, str):
        return "no answer"
    return f"{answer.status} {_words(answer)}".rstrip()


def _words(answer: WireResponse) -> str:
    """What a body says: all of it, or of a problem (RFC 9457) the detail, which tells most."""
    if answer.get("content-type") == "application/problem+json":
        with suppress(ValueError, KeyError, TypeError):
            return str(json.loads(answer.body)["detail"])
    return answer.body.decode("utf-8", "backslashreplace")


def _verdict(row: Sequence[Difference], terminal: Terminal, width: int) -> str:
    if not row:
        return terminal.paint("yes", "green")
    return terminal.paint(terminal.cut(f"NO, {row[0]}", width), "red")


def _telling(row: Sequence[Difference]) -> Sequence[Difference]:
    """Those worth their lines: of answers of different status, fields say nothing more."""
    if row and row[0].what == "status":
        return [difference for difference in row if difference.what in {"status", "body"}]
    return row


def _details(label: str, difference: Difference, terminal: Terminal) -> Iterator[str]:
    """Every runtime's own words, since a cell shows only the first of them."""
    yield terminal.paint(f"{label}: the {difference.what} differs", "red")
    first = max(map(len, difference.found))
    for name, value in difference.found.items():
        yield f"{_GAP}{name.ljust(first)}{_GAP}{terminal.shown(value)}"
