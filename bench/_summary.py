"""What a run found, without its samples: small enough to be kept beside the page that shows it."""

import json
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any, Final, TypeAlias

from bench._contenders import BARE, LIMIT
from bench._memory import PEAK
from bench._ratios import Ratio, Samples, middle, ratio

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | None"
Summary = dict[str, Any]

_ABOUT: Final = ("machine", "missing", "packages", "seconds", "left_out")
_SAMPLED: Final = ("in-process", "cold-start", "wire", "runtimes")
_UNSHOWN: Final = frozenset({"slow", "import_cpu"})
_DIGITS: Final = 4


def summarised(results: Mapping[str, Any]) -> Summary:
    """The summary of a run.

    In place of the samples of a contender stand `[median, ratio]`: the median of the samples, and
    that of the rounds' ratios to the callable by hand (of a Worker, to the bare one), or None.
    `spread` has, by mode, how far the middle half of a ratio's rounds lies apart, in parts of the
    ratio: `[median, largest]` of all its ratios.
    """
    found: Summary = {name: results[name] for name in _ABOUT if name in results}
    found["spread"] = {}
    for mode in _SAMPLED:
        if mode in results:
            found[mode] = _condensed(results[mode])
            spreads = [_spread(one) for one in _ratios(results[mode])]
            if spreads:
                found["spread"][mode] = [_rounded(median(spreads)), _rounded(max(spreads))]
    if "scale" in results:
        found["scale"] = _rounded(results["scale"])
    if "memory" in results:
        found["memory"] = {
            interface: {name: _peaks(taken) for name, taken in by_name.items()}
            for interface, by_name in results["memory"].items()
        }
    return found


def _condensed(tree: Mapping[str, Any]) -> dict[str, Any]:
    if not _is_samples(tree):
        return {name: _condensed(part) for name, part in tree.items() if name not in _UNSHOWN}
    limit = _limit(tree)
    found: dict[str, Any] = {}
    for name in tree:
        to_limit = ratio(tree, name, limit)
        found[name] = _rounded([middle(tree, name), to_limit and to_limit.median])
    return found


def _ratios(tree: Mapping[str, Any]) -> Iterator[Ratio]:
    """The ratios to the limit, without its own."""
    if not _is_samples(tree):
        for name, part in tree.items():
            if name not in _UNSHOWN:
                yield from _ratios(part)
        return
    limit = _limit(tree)
    for name in tree:
        found = ratio(tree, name, limit) if name != limit else None
        if found is not None:
            yield found


def _limit(samples: Samples) -> str:
    return BARE if BARE in samples else LIMIT


def _spread(found: Ratio) -> float:
    return (found.high - found.low) / found.median


def _is_samples(tree: Mapping[str, Any]) -> bool:
    return any(isinstance(part, list) for part in tree.values())


def _peaks(taken: Mapping[str, float]) -> dict[str, float]:
    peaks = {
        name.removeprefix(f"{PEAK} "): value
        for name, value in taken.items()
        if name.startswith(PEAK)
    }
    return {name: _rounded(value) for name, value in peaks.items()}


def _rounded(value: Json) -> Any:
    """The same with floats of four significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def written(value: Json, indent: str = "") -> str:
    """A summary as JSON, a line for each object or list that has no object in it."""
    inner = indent + " "
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        lines = [f"{inner}{written(part, inner)}" for part in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    if isinstance(value, dict) and any(isinstance(part, dict) for part in value.values()):
        lines = [f"{inner}{json.dumps(n)}: {written(part, inner)}" for n, part in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return json.dumps(value, ensure_ascii=False)
