"""Bar charts as SVG, for the documentation: light and dark alike, with nothing to load."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from bench._contenders import INTERFACES, PORTICO, title
from bench._ratios import middle
from bench._tables import number

_WIDTH: Final = 720
_LABELS: Final = 190  # pixels in front of the bars
_VALUES: Final = 90  # and behind them
_ROW: Final = 26
_HEAD: Final = 44
_FONT: Final = "ui-sans-serif, system-ui, sans-serif"

IN_PROCESS: Final = ("json", "params", "create", "hooks", "list")
"""The exchanges that have a chart."""

Bars = Sequence[tuple[str, float]]


def bars(heading: str, unit: str, values: Bars, *, marked: str = PORTICO) -> str:
    """A horizontal bar for each value, from zero, the shortest first; one label is marked.

    Raises:
        ValueError: there is no value, or one is below zero.
    """
    if not values or min(value for _, value in values) < 0:
        raise ValueError(f"A chart needs values of zero or more, and {heading!r} has {values!r}.")
    ordered = sorted(values, key=lambda pair: pair[1])
    longest = ordered[-1][1] or 1.0
    scale = (_WIDTH - _LABELS - _VALUES) / longest
    height = _HEAD + _ROW * len(ordered) + 10
    rows = [
        _row(label, value, f"{number(value)} {unit}", index, value * scale, label == marked)
        for index, (label, value) in enumerate(ordered)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="{_FONT}" font-size="13" role="img">\n'
        f"<title>{escape(heading)}</title>\n"
        "<style>text { fill: #24292f } .bar { fill: #9aa7b4 } .marked { fill: #2f6fde }"
        " @media (prefers-color-scheme: dark) { text { fill: #d7dde3 } }</style>\n"
        f'<text x="10" y="24" font-size="15" font-weight="600">{escape(heading)}</text>\n'
        + "".join(rows)
        + "</svg>\n"
    )


def _row(label: str, value: float, shown: str, index: int, length: float, marked: bool) -> str:
    top = _HEAD + _ROW * index
    middle_line = top + _ROW * 0.62
    kind = "marked" if marked else "bar"
    weight = ' font-weight="600"' if marked else ""
    return (
        f'<text x="{_LABELS - 10}" y="{middle_line:.1f}" text-anchor="end"{weight}>'
        f"{escape(label)}</text>\n"
        f'<rect class="{kind}" x="{_LABELS}" y="{top + 3}" width="{max(length, 1):.1f}" '
        f'height="{_ROW - 8}" rx="2"/>\n'
        f'<text x="{_LABELS + max(length, 1) + 8:.1f}" y="{middle_line:.1f}"{weight}>'
        f"{escape(shown)}</text>\n"
    )


def charts(results: Mapping[str, Any]) -> dict[str, str]:
    """The charts of a run by file name, of the modes that were run."""
    found: dict[str, str] = {}
    for interface in INTERFACES:
        samples = results.get("in-process", {}).get(interface, {}).get("samples", {})
        for exchange in IN_PROCESS:
            heading = f"{title(interface)}, {exchange}: processor time of a request"
            values = _middles(samples.get(exchange, {}), 1000)
            _add(found, f"in-process-{interface}-{exchange}", heading, "µs", values)
        cold = results.get("cold-start", {}).get(interface, {}).get("first_cpu", {})
        heading = f"{title(interface)}: a new process to its first answer, processor time"
        _add(found, f"cold-start-{interface}", heading, "ms", _middles(cold, 0.001))
        rows = results.get("scale", {}).get(interface, {}).get("rows", [])
        _add_scale(found, interface, rows)
    for runtime, heading in (("lambda", "Lambda environment"), ("worker", "Python Worker")):
        first = results.get("runtimes", {}).get(runtime, {}).get("first", {})
        heading = f"{heading}: start to first answer, on the clock"
        _add(found, f"start-{runtime}", heading, "ms", _middles(first, 0.001))
    return found


def _add_scale(found: dict[str, str], interface: str, rows: Sequence[Mapping[str, Any]]) -> None:
    flat = [row for row in rows if row["depth"] == 0 and "last" in row]
    if flat:
        most = max(row["routes"] for row in flat)
        values = [(row["name"], row["last"] / 1000) for row in flat if row["routes"] == most]
        heading = f"{title(interface)}: a request to the last of {most} routes, processor time"
        _add(found, f"scale-{interface}", heading, "µs", values)


def _middles(samples: Mapping[str, Sequence[float]], unit: float) -> Bars:
    middles = ((name, middle(samples, name)) for name in samples)
    return [(name, value / unit) for name, value in middles if value is not None]


def _add(found: dict[str, str], name: str, heading: str, unit: str, values: Bars) -> None:
    if values:
        found[f"{name}.svg"] = bars(heading, unit, values)
