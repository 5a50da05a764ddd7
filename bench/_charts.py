"""Which charts a run has: ratios to the callable by hand, and how many routes change the times."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench._bars import Column, bars
from bench._contenders import BARE, INTERFACES, LIMIT, title
from bench._lines import Points, lines
from bench._summary import Summary
from bench._tables import number

IN_PROCESS: Final = ("json", "params", "create", "hooks")
"""The exchanges that have a column in the charts of `in-process`."""

_TIMES: Final = "times as long as by hand; shorter is better"
_APART: Final = "; each column has its own scale"
_COLD: Final = (
    ("first_cpu", "first answer", 1e-3, "ms"),
    ("validated_cpu", "first validated answer", 1e-3, "ms"),
    ("resident", "resident memory", 2**20, "MiB"),
)
_RUNTIMES: Final = {
    "lambda": ("A Lambda environment under AWS's emulator", "by hand", ("first", "params")),
    "worker": ("A Python Worker in workerd", "the bare Worker", ("first", "hello")),
}
_FIRST: Final = {"first": "start to first answer"}


def charts(summary: Summary) -> dict[str, str]:
    """The charts of a run by file name, of the modes that were run."""
    found: dict[str, str] = {}
    for interface in INTERFACES:
        found |= _in_process(summary, interface) | _cold(summary, interface)
        found |= _scale(summary, interface)
    for server, by_exchange in summary.get("wire", {}).items():
        found |= _wire(server, by_exchange)
    for runtime in _RUNTIMES:
        found |= _runtime(summary, runtime)
    return found


def _in_process(summary: Summary, interface: str) -> dict[str, str]:
    by_exchange = summary.get("in-process", {}).get(interface, {})
    columns = [
        _column(name, by_exchange[name], 1000, "µs") for name in IN_PROCESS if name in by_exchange
    ]
    heading = f"{title(interface)} in process: processor time of a request"
    return _bars(f"in-process-{interface}", heading, _TIMES, columns)


def _cold(summary: Summary, interface: str) -> dict[str, str]:
    by_measure = summary.get("cold-start", {}).get(interface, {})
    columns = [
        _column(name, by_measure[measure], size, unit)
        for measure, name, size, unit in _COLD
        if measure in by_measure
    ]
    heading = f"{title(interface)}: a new process, processor time to its answers, and its memory"
    axis = "times as much as by hand; less is better"
    return _bars(f"cold-start-{interface}", heading, axis, columns)


def _wire(server: str, by_exchange: Mapping[str, Any]) -> dict[str, str]:
    columns = [
        _column(name, found["rate"], 1, "/s") for name, found in by_exchange.items() if found
    ]
    heading = f"{server}: requests in a second, over loopback"
    axis = "times as many as by hand; longer is better"
    return _bars(f"wire-{server.replace(' ', '-')}", heading, axis, columns, is_more=True)


def _runtime(summary: Summary, runtime: str) -> dict[str, str]:
    by_measure = summary.get("runtimes", {}).get(runtime, {})
    name, limit, measures = _RUNTIMES[runtime]
    columns = [
        _column(_FIRST.get(one, f"then {one}"), by_measure[one], 1e-3, "ms")
        for one in measures
        if one in by_measure
    ]
    axis = f"times as long as {limit}; shorter is better"
    return _bars(f"start-{runtime}", f"{name}: time on the clock", axis, columns)


def _column(
    name: str, figures: Mapping[str, Sequence[float | None]], size: float, unit: str
) -> Column:
    """A measure's ratios; the note has what one is, in a unit of that size."""
    ratios = {who: each[1] for who, each in figures.items() if each[1] is not None}
    limit = BARE if BARE in figures else LIMIT
    least = figures[limit][0] if limit in figures else None
    return Column(name, f"{limit}: {number(least and least / size)} {unit}", ratios)


def _bars(
    file: str, heading: str, axis: str, columns: Sequence[Column], *, is_more: bool = False
) -> dict[str, str]:
    shown = [column for column in columns if column.values]
    if not shown:
        return {}
    axis += _APART if len(shown) > 1 else ""
    return {f"{file}.svg": bars(heading, axis, shown, unit="x", is_more=is_more)}


def _scale(summary: Summary, interface: str) -> dict[str, str]:
    """With how many routes: the time of a request to the last one, and that of registration."""
    rows: list[Mapping[str, Any]] = summary.get("scale", {}).get(interface, {}).get("rows", [])
    last, built = dict[str, list[tuple[float, float]]](), dict[str, list[tuple[float, float]]]()
    for row in rows:
        if row["depth"] == 0 and "last" in row:
            last.setdefault(row["name"], []).append((row["routes"], row["last"] * 1e-9))
            seconds = row["register"] + row["first_answer"]
            built.setdefault(row["name"], []).append((row["routes"], seconds))
    request = f"{title(interface)}: a request to the last of many routes"
    start = f"{title(interface)}: registering many routes, with the first answer"
    return _lines(f"scale-{interface}", request, last) | _lines(
        f"register-{interface}", start, built
    )


def _lines(file: str, heading: str, series: Mapping[str, Points]) -> dict[str, str]:
    if max(map(len, series.values()), default=0) < 2:
        return {}
    return {f"{file}.svg": lines(heading, "routes", "processor time", series)}
