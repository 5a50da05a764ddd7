"""The mode `memory`: what a request takes while it lasts, and what it leaves behind."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench._contenders import INTERFACES, Contender, title
from bench._environments import Environments
from bench._exchanges import TIMED
from bench._fleet import WorkerError, workers
from bench._memory import KEPT, PEAK
from bench._settings import Settings
from bench._tables import kibibytes, number, table

Result = dict[str, Any]


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By interface and name, the bytes of `of_requests`."""
    result: Result = {}
    for interface in INTERFACES:
        by_name: dict[str, Any] = {}
        for contender in contenders:
            if contender.interface != interface:
                continue
            with workers([contender], environments, logs) as hands:
                for hand in hands:
                    try:
                        taken = hand.order("memory", requests=settings.memory_requests)
                        by_name[contender.name] = taken
                    except WorkerError as error:
                        print(f"left out: {error}", file=sys.stderr)
        result[interface] = by_name
    return result


def tables(result: Result) -> str:
    """The mode's part of the report."""
    parts = [
        "## Memory of a request\n",
        "What Python's allocators give out, as `tracemalloc` counts it. The request that the",
        "driver makes and the answer that it keeps are in it.\n",
    ]
    for interface in INTERFACES:
        by_name: Mapping[str, Mapping[str, float]] = result.get(interface, {})
        if by_name:
            parts += [
                f"### {title(interface)}\n",
                "At the peak, in KiB:\n",
                _table(by_name, PEAK),
                "Left behind by each, in bytes:\n",
                _table(by_name, KEPT),
            ]
    return "\n".join(parts)


def _table(by_name: Mapping[str, Mapping[str, float]], what: str) -> str:
    form = kibibytes if what == PEAK else number
    rows = [
        [name, *(form(found.get(f"{what} {exchange}")) for exchange in TIMED)]
        for name, found in by_name.items()
    ]
    return table(["", *TIMED], rows)
