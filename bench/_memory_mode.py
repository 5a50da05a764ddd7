"""The mode `memory`: what a request takes while it lasts, and what it leaves behind."""

from collections.abc import Mapping
from typing import Any

from bench._contenders import INTERFACES, title
from bench._exchanges import TIMED
from bench._fleet import WorkerError, workers
from bench._memory import KEPT, PEAK
from bench._run import Result, Run
from bench._tables import kibibytes, number, table


def measure(run: Run) -> Result:
    """By interface and name, the bytes of `of_requests`."""
    result: Result = {}
    for interface in INTERFACES:
        by_name: dict[str, Any] = {}
        for contender in run.behind(interface):
            with workers([contender], run) as hands:
                for hand in hands:
                    try:
                        taken = hand.order("memory", requests=run.settings.memory_requests)
                        by_name[contender.name] = taken
                    except WorkerError as error:
                        run.leave_out(contender.key, str(error))
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
