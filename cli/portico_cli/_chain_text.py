"""The explanation of a route as lines of text."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from portico.explanation import (
    InputExplanation,
    LinkExplanation,
    RouteExplanation,
    UnitExplanation,
)
from portico_cli._place import shown_place
from portico_cli._terminal import Terminal

_AFTER_VALIDATION: Final = frozenset({"before_handle", "resolve", "handle"})
_INDENT: Final = "  "
_HEAD: Final = 16  # characters of the column in which events stand
_LEAST: Final = 40  # what a narrow terminal gets at least


def chain_text(route: RouteExplanation, terminal: Terminal) -> Iterator[str]:
    """Lines: the route, its links in order with validation among them, and what holds for all."""
    yield terminal.paint(terminal.shown(f"{route.method} {route.path}"), "bold")
    yield from _entry("registered", [_registered(route)], terminal)
    checks = [each for each in route.inputs if each.event == "validation"]
    for link in route.links:
        if checks and link.event in _AFTER_VALIDATION:
            yield from _entry("validation", [_check(each) for each in checks], terminal)
            checks = []
        yield from _entry(link.event, list(_link(link)), terminal)
    yield from _entry("answers", [_answers(route)], terminal)
    yield from _entry("body", [route.body], terminal)
    yield from _entry("on a loop", list(_units(route.on_loop, "on the loop")), terminal)
    yield from _entry("on threads", list(_on_threads(route)), terminal)
    yield ""


def _entry(head: str, texts: Sequence[str], terminal: Terminal) -> Iterator[str]:
    """A head, and beside it texts, each wrapped."""
    room = max(terminal.width - len(_INDENT) - _HEAD, _LEAST)
    lines = [line for text in texts for line in _wrapped(terminal.shown(text), room)]
    first = terminal.paint(head.ljust(_HEAD), "dim")
    for index, line in enumerate(lines):
        yield f"{_INDENT}{' ' * _HEAD if index else first}{line}"


def _wrapped(text: str, room: int) -> list[str]:
    # Places are copied, so they stay in one piece.
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def _registered(route: RouteExplanation) -> str:
    parts = [shown_place(route.where)]
    if route.tags:
        parts.append(f"tags: {', '.join(route.tags)}")
    if route.needs:
        parts.append(f"needs: {', '.join(route.needs)}")
    return "; ".join(parts)


def _link(link: LinkExplanation) -> Iterator[str]:
    matches = f" for {link.matches}" if link.matches else ""
    place = f" ({shown_place(link.function)})" if link.function else ""
    yield f"{link.name}{matches}{place}"
    if link.scope:
        owner = f" of {link.owner}" if link.owner else ""
        elsewhere = link.where != link.function
        place = f", registered at {shown_place(link.where)}" if elsewhere else ""
        yield f"{link.scope}{owner}{place}"
    yield f"{'may block' if link.may_block else 'does not block'}: {link.reason}"
    if link.reads:
        yield f"reads {', '.join(link.reads)}"
    if link.keys:
        yield f"keys: {', '.join(link.keys)}"


def _check(check: InputExplanation) -> str:
    what = f"{check.part} {check.name}".rstrip()
    return f"{what}: {check.type} ({check.by}, {shown_place(check.where)})"


def _answers(route: RouteExplanation) -> str:
    declared = [f"{code}: {tp}" for code, tp in route.answers.items() if tp != "Any"]
    if route.is_open:
        declared.append("anything else" if declared else "anything: nothing is declared")
    return "; ".join(declared) or "none but a Response"


def _units(units: Sequence[UnitExplanation], place: str) -> Iterator[str]:
    for unit in units:
        where = "in a worker thread" if unit.in_thread else place
        yield f"{where}: {', '.join(unit.links)}"


def _on_threads(route: RouteExplanation) -> Iterator[str]:
    if not route.starts_loop:
        yield from _units(route.on_threads, "in place, without an event loop")
        return
    yield "in an event loop, because something asynchronous may wait"
    yield from _units(route.on_threads, "on the loop")
