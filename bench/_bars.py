"""A chart of horizontal bars: a row for each contender, a column for each measure."""

from collections.abc import Mapping, Sequence
from math import ceil, exp, floor, log, log10
from typing import Final, NamedTuple

from bench._contenders import PORTICO
from bench._svg import LETTER, MARGIN, WIDTH, card, kind_of, line, rect, text
from bench._tables import number

_ROW: Final = 24
_HEAD: Final = 84
_FOOT: Final = 48
_VALUE: Final = 56  # pixels behind the longest bar of a column, for its number
_GAP: Final = 14  # and between two columns


class Column(NamedTuple):
    """One measure."""

    title: str
    note: str
    """What the numbers are ratios to, with its value."""
    values: Mapping[str, float]


def bars(heading: str, axis: str, columns: Sequence[Column], *, unit: str, is_more: bool) -> str:
    """Bars from zero, each column with a scale of its own, the best row first.

    Args:
        heading: what was measured.
        axis: what the numbers are.
        columns: the measures; a name that one of them lacks has no bar there.
        unit: it stands behind each number.
        is_more: whether more is better.

    Raises:
        ValueError: there is no value, or one is not above zero.
    """
    values = [value for column in columns for value in column.values.values()]
    if not values or min(values) <= 0:
        raise ValueError(f"A chart needs values above zero, and {heading!r} has {values!r}.")
    names = _ordered(columns, is_more)
    labels = MARGIN + LETTER * max(map(len, names)) + 10
    width = (WIDTH - MARGIN - labels) / len(columns)
    bottom = _HEAD + _ROW * len(names)
    parts = [_label(name, labels, _HEAD + _ROW * index) for index, name in enumerate(names)]
    for index, column in enumerate(columns):
        parts.append(_column(column, names, labels + width * index, width, unit))
    parts.append(text(labels, bottom + _FOOT - 10, axis, kind="soft"))
    return card(heading, bottom + _FOOT, "".join(parts))


def _ordered(columns: Sequence[Column], is_more: bool) -> list[str]:
    """The names by the geometric mean of their values, the best first."""
    logs: dict[str, list[float]] = {}
    for column in columns:
        for name, value in column.values.items():
            logs.setdefault(name, []).append(log(value))
    means = {name: exp(sum(each) / len(each)) for name, each in logs.items()}
    return sorted(means, key=lambda name: means[name], reverse=is_more)


def _label(name: str, right: float, top: float) -> str:
    is_marked = name == PORTICO
    band = rect(MARGIN / 2, top, WIDTH - MARGIN, _ROW, "band") if is_marked else ""
    weight = 600 if is_marked else 400
    return band + text(right - 10, top + _ROW * 0.68, name, anchor="end", weight=weight)


def _column(column: Column, names: Sequence[str], left: float, width: float, unit: str) -> str:
    longest = max(column.values.values(), default=1.0)
    scale = (width - _VALUE - _GAP) / longest
    bottom = _HEAD + _ROW * len(names)
    parts = [
        text(left, _HEAD - 34, column.title, weight=600),
        text(left, _HEAD - 17, column.note, kind="soft"),
    ]
    for tick in ticks(longest):
        x = left + tick * scale
        parts.append(line(x, _HEAD - 4, x, bottom + 4, "grid"))
        shown = f"{tick:g}{unit}" if tick else "0"
        parts.append(text(x, bottom + 17, shown, anchor="middle", kind="soft"))
    for index, name in enumerate(names):
        if name in column.values:
            parts.append(_bar(column.values[name], name, left, _HEAD + _ROW * index, scale, unit))
    return "".join(parts)


def _bar(value: float, name: str, left: float, top: float, scale: float, unit: str) -> str:
    length = max(value * scale, 1)
    weight = 600 if name == PORTICO else 400
    return rect(left, top + 4, length, _ROW - 8, kind_of(name)) + text(
        left + length + 6, top + _ROW * 0.68, f"{number(value)}{unit}", weight=weight
    )


def ticks(longest: float) -> list[float]:
    """Round numbers from zero, of which at most three are above it, none above the longest."""
    step = 10.0 ** floor(log10(longest / 3))
    step *= next(factor for factor in (1, 2, 5, 10) if longest / (step * factor) < 4)
    return [round(step * count, 10) for count in range(ceil(longest / step + 1e-9))]
