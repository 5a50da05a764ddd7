"""The tables that stand between the sentences of the page, one function for each block.

Each returns Markdown that ends with a line break, or nothing where the run did not measure it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bench._contenders import BARE, CONTENDERS, INTERFACES, LIMIT, OWN, PORTICO, title
from bench._exchanges import TIMED
from bench._settings import NESTED
from bench._summary import Summary
from bench._tables import MISSING, kibibytes, microseconds, milliseconds, number, table, times

_SERVERS: Final = ("uvicorn", "httptools", "hypercorn", "granian", "gunicorn", "awslambdaric")
_FEATURES: Final = ("date", "Python", "system", "processor", "cores", "memory", "load")

Figures = Mapping[str, Sequence[float | None]]
"""By contender, the median and its ratio to the limit."""


class Measure(NamedTuple):
    """A column of ratios."""

    head: str
    figures: Figures
    shown: Callable[[float | None], str]
    """How the limit's own value is written."""
    unit: str


def machine(summary: Summary) -> str:
    """The machine, and how long the run took."""
    about: Mapping[str, str] = summary["machine"]
    rows = [[name, about[name]] for name in _FEATURES if name in about]
    seconds: Mapping[str, float] = summary.get("seconds", {})
    if seconds:
        each = ", ".join(f"{name} {taken:.0f} s" for name, taken in seconds.items())
        rows.append(["time of the run", f"{sum(seconds.values()) / 60:.0f} min ({each})"])
    return table(["machine", "of the run"], rows, are_texts=True)


def contenders(summary: Summary) -> str:
    """Who was measured, behind what, in which version and with what beside it."""
    packages: Mapping[str, Mapping[str, str]] = summary.get("packages", {})
    behind: dict[str, list[str]] = {}
    for one in CONTENDERS:
        if one.environment != OWN and one.environment in packages:
            behind.setdefault(one.environment, []).append(_named(one.interface, one.name))
    rows = [_versions(OWN, packages[OWN], "ASGI, WSGI, Lambda, Workers")] if OWN in packages else []
    for environment, places in behind.items():
        rows.append(_versions(environment, packages[environment], ", ".join(places)))
    servers = ", ".join(_shown(packages.get(OWN, {}), _SERVERS))
    peers = table(["", "behind", "version", "with"], rows, are_texts=True)
    return peers + f"\nServers: {servers}.\n"


def _named(interface: str, name: str) -> str:
    """Where a peer stands; what it is wrapped with, or that it is its own server."""
    if interface == "own":
        return "its own server"
    wrapper, _, wrapped = name.partition(" + ")
    return f"{title(interface)} by {wrapper}" if wrapped else title(interface)


def _versions(environment: str, versions: Mapping[str, str], places: str) -> list[str]:
    first, *others = [name for name in versions if name not in _SERVERS] or [environment]
    beside = ", ".join(_shown(versions, others))
    return [first, places, versions.get(first, MISSING), beside or MISSING]


def _shown(versions: Mapping[str, str], names: Sequence[str]) -> list[str]:
    return [f"{name} {versions[name]}" for name in names if name in versions]


def in_process(summary: Summary) -> str:
    """For each interface the ratios of the exchanges."""
    parts: list[str] = []
    for interface in INTERFACES:
        by_exchange: Mapping[str, Figures] = summary.get("in-process", {}).get(interface, {})
        measures = [
            Measure(name, figures, microseconds, "µs")
            for name, figures in by_exchange.items()
            if figures
        ]
        parts += _part(title(interface), measures)
    return "\n".join(parts)


def cold_start(summary: Summary) -> str:
    """For each interface the ratios of times and memory."""
    columns: Sequence[tuple[str, str, Callable[[float | None], str], str]] = (
        ("first_cpu", "first answer", milliseconds, "ms"),
        ("validated_cpu", "first validated answer", milliseconds, "ms"),
        ("first_wall", "first answer, on the clock", milliseconds, "ms"),
        ("resident", "resident memory", _mebibytes, "MiB"),
    )
    parts: list[str] = []
    found: Mapping[str, Any] = summary.get("cold-start", {})
    if beyond := found.get("import", {}).get("beyond"):
        taken = milliseconds(beyond[PORTICO][0])
        parts.append(f"`import portico` takes {taken} ms beyond `typing` and msgspec.\n")
    for interface in INTERFACES:
        by_measure: Mapping[str, Figures] = found.get(interface, {})
        measures = [
            Measure(head, by_measure[name], shown, unit)
            for name, head, shown, unit in columns
            if by_measure.get(name)
        ]
        parts += _part(title(interface), measures)
    return "\n".join(parts)


def wire(summary: Summary) -> str:
    """For each server the ratios of rates and of the processor time of a request."""
    parts: list[str] = []
    for server, by_exchange in summary.get("wire", {}).items():
        measures = [
            Measure(f"{exchange}, rate", found["rate"], number, "/s")
            for exchange, found in by_exchange.items()
            if found
        ]
        measures += [
            Measure(f"{exchange}, processor", found["cost"], microseconds, "µs")
            for exchange, found in by_exchange.items()
            if found
        ]
        parts += _part(server, measures)
    return "\n".join(parts)


def runtimes(summary: Summary) -> str:
    """The starts of Lambda environments and of Workers, and the requests after them."""
    heads = {"lambda": "A Lambda environment", "worker": "A Python Worker"}
    parts: list[str] = []
    for runtime, head in heads.items():
        by_measure: Mapping[str, Figures] = summary.get("runtimes", {}).get(runtime, {})
        measures = [
            Measure(f"{'' if name == 'first' else 'then '}{name}", figures, milliseconds, "ms")
            for name, figures in sorted(by_measure.items(), key=lambda pair: pair[0] != "first")
            if figures
        ]
        parts += _part(head, measures)
    return "\n".join(parts)


def memory(summary: Summary) -> str:
    """For each interface the bytes at the peak of a request."""
    parts: list[str] = []
    for interface in INTERFACES:
        by_name: Mapping[str, Mapping[str, float]] = summary.get("memory", {}).get(interface, {})
        if by_name:
            rows = [
                [name, *(kibibytes(peaks.get(exchange)) for exchange in TIMED)]
                for name, peaks in by_name.items()
            ]
            parts += [f"### {title(interface)}: KiB\n", table(["", *TIMED], rows)]
    return "\n".join(parts)


def scale(summary: Summary) -> str:
    """For each interface how many routes change registration, requests and memory."""
    parts: list[str] = []
    for interface in INTERFACES:
        rows: list[Mapping[str, Any]] = summary.get("scale", {}).get(interface, {}).get("rows", [])
        for depth in dict.fromkeys(row["depth"] for row in rows):
            where = f"in plugins nested {NESTED} deep" if depth else "flat"
            parts.append(f"### {title(interface)}, {where}\n")
            parts.append(_grown([row for row in rows if row["depth"] == depth]))
    return "\n".join(parts)


def _grown(rows: Sequence[Mapping[str, Any]]) -> str:
    sizes = list(dict.fromkeys(row["routes"] for row in rows))
    head = [""]
    for size in sizes:
        head += [f"{size:,} routes: registered, ms", "the last, µs"]
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    cells = [[name, *_row(each)] for name, each in by_name.items()]
    return table([*head, "memory of a route, KiB"], cells)


def _row(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    held = None
    for row in rows:
        held = row.get("memory", held)
        if row["no_times"]:
            yield from (row["no_times"], MISSING)
        else:
            yield milliseconds(row["register"] + row["first_answer"])
            yield microseconds(row["last"])
    yield kibibytes(held)


def spread(summary: Summary) -> str:
    """How far apart the rounds of a ratio are, by mode."""
    found: Mapping[str, Sequence[float]] = summary.get("spread", {})
    rows = [[name, *(f"{value:.1%}" for value in each)] for name, each in found.items()]
    return table(["", "of the ratios' middle one", "of the widest"], rows) if rows else ""


def left_out(summary: Summary) -> str:
    """What the run has left out and why."""
    missing: Mapping[str, str] = summary.get("missing", {})
    lines = [f"- {name}: it could not be installed ({reason})" for name, reason in missing.items()]
    by_mode: Mapping[str, Mapping[str, str]] = summary.get("left_out", {})
    for mode, reasons in by_mode.items():
        lines += [f"- `{mode}`, {what}: {reason}" for what, reason in reasons.items()]
    return "\n".join(lines or ["Nothing."]) + "\n"


def _part(head: str, measures: Sequence[Measure]) -> list[str]:
    return [f"### {head}\n", _ratios(measures)] if measures else []


def _ratios(measures: Sequence[Measure]) -> str:
    """A row for each contender: ratios to the limit, and values of itself and where it has none."""
    names = dict.fromkeys(name for measure in measures for name in measure.figures)

    def cell(name: str, measure: Measure) -> str:
        median, to_limit = measure.figures.get(name, (None, None))
        if median is None:
            return MISSING
        is_limit = to_limit is None or name in (LIMIT, BARE)
        return f"{measure.shown(median)} {measure.unit}" if is_limit else times(to_limit)

    rows = [[name, *(cell(name, measure) for measure in measures)] for name in names]
    return table(["", *(measure.head for measure in measures)], rows)


def _mebibytes(count: float | None) -> str:
    return number(None if count is None else count / 2**20)
