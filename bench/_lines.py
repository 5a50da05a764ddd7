"""A chart of lines on two logarithmic axes: how a measure grows with the number of routes."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import Final

from bench._contenders import PORTICO
from bench._svg import LETTER, MARGIN, WIDTH, card, kind_of, line, text

_TOP: Final = 66
_HEIGHT: Final = 300
_LEFT: Final = 84
_FOOT: Final = 52
_GAP: Final = 16  # pixels from one label to the next

Points = Sequence[tuple[float, float]]
"""Sizes, ascending, and what was measured at each."""


def lines(heading: str, across: str, up: str, series: Mapping[str, Points]) -> str:
    """A line for each contender, named at its right end.

    Args:
        heading: what was measured.
        across: the name of the axis of sizes.
        up: the name of the axis of what was measured, in seconds.
        series: by name, the points; none of a value that is not above zero.

    Raises:
        ValueError: there is no point, or one is not above zero.
    """
    points = [point for each in series.values() for point in each]
    if not points or min(min(point) for point in points) <= 0:
        raise ValueError(f"A chart needs points above zero, and {heading!r} has {points!r}.")
    plot = _Plot(points, WIDTH - MARGIN - LETTER * max(map(len, series)) - 34)
    # The marked one is drawn last, so that it is above the others.
    order = sorted(series, key=lambda name: name == PORTICO)
    parts = [plot.grid(across, up), *(plot.drawn(name, series[name]) for name in order)]
    parts.append(plot.labels({name: each[-1] for name, each in series.items() if each}))
    return card(heading, _TOP + _HEIGHT + _FOOT, "".join(parts))


class _Plot:
    """The area between the axes."""

    def __init__(self, points: Points, right: float) -> None:
        sizes, values = zip(*points, strict=True)
        self._right = right
        self._sizes = sorted(set(sizes))
        self._low = floor(log10(min(values)))
        self._high = max(ceil(log10(max(values))), self._low + 1)

    def grid(self, across: str, up: str) -> str:
        """Lines at each size and at each power of ten, and the names of the axes."""
        bottom = _TOP + _HEIGHT
        parts = [text(MARGIN, _TOP - 16, up, kind="soft")]
        for size in self._sizes:
            x = self._x(size)
            parts.append(line(x, _TOP, x, bottom, "grid"))
            parts.append(text(x, bottom + 17, f"{size:,.0f}", anchor="middle", kind="soft"))
        for power in range(self._low, self._high + 1):
            y = self._y(10.0**power)
            parts.append(line(_LEFT, y, self._right, y, "grid"))
            parts.append(text(_LEFT - 8, y + 4, clock(power), anchor="end", kind="soft"))
        middle = (_LEFT + self._right) / 2
        parts.append(text(middle, bottom + 38, across, anchor="middle", kind="soft"))
        return "".join(parts)

    def drawn(self, name: str, points: Points) -> str:
        """The line of one contender, with a dot at each point."""
        kind, width = kind_of(name), 3 if name == PORTICO else 1.5
        at = [(self._x(size), self._y(value)) for size, value in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        dots = "".join(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in at)
        style = f'style="fill: none; stroke-width: {width}"'
        return f'<polyline class="{kind}" points="{path}" {style}/>\n{dots}\n'

    def labels(self, ends: Mapping[str, tuple[float, float]]) -> str:
        """The names at the right, each joined to the end of its line, none above another."""
        names = sorted(ends, key=lambda name: (self._y(ends[name][1]), name))
        places = apart([self._y(ends[name][1]) for name in names], _GAP, _TOP, _TOP + _HEIGHT)
        parts: list[str] = []
        for name, y in zip(names, places, strict=True):
            size, value = ends[name]
            weight = 600 if name == PORTICO else 400
            dashes = ' stroke-dasharray="2 3"'
            parts.append(
                line(self._x(size) + 5, self._y(value), self._right + 20, y, "peer", dashes)
            )
            parts.append(text(self._right + 25, y + 4, name, weight=weight))
        return "".join(parts)

    def _x(self, size: float) -> float:
        low, high = log10(self._sizes[0]), log10(self._sizes[-1])
        share = (log10(size) - low) / (high - low) if high > low else 0.5
        return _LEFT + 12 + share * (self._right - _LEFT - 24)

    def _y(self, value: float) -> float:
        share = (log10(value) - self._low) / (self._high - self._low)
        return _TOP + _HEIGHT * (1 - share)


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Ascending places, moved as little as makes them so far apart, between two bounds.

    Where they have no room, they go below the lower bound.
    """
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + gap if found else low))
    limit = high
    for index in reversed(range(len(found))):
        found[index] = min(found[index], limit)
        limit = found[index] - gap
    return found


def clock(power: int) -> str:
    """A power of ten of seconds: `10 µs`."""
    for unit, least in (("s", 0), ("ms", -3), ("µs", -6), ("ns", -9)):
        if power >= least:
            return f"{10 ** (power - least):,} {unit}"
    return f"1e{power} s"
