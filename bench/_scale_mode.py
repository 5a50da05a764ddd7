"""The mode `scale`: many routes, in a process of its own for each number of them.

Memory is counted in another process than the times, since counting slows everything down. Neither
is taken at a size where it would take too long (`_climb.py`); the table then has the reason.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from bench._climb import Climb
from bench._contenders import INTERFACES, Contender, title
from bench._fleet import WorkerError, workers
from bench._run import Result, Run
from bench._settings import NESTED
from bench._tables import MISSING, kibibytes, microseconds, milliseconds, table

FEW: Final = 10

NO_SUCH: Final = "its file has no application of many routes"

Row = dict[str, Any]


def measure(run: Run) -> Result:
    """By interface: `rows`, one for each application, depth and number of routes."""
    result: Result = {}
    for interface in INTERFACES:
        rows: list[Row] = []
        for contender in run.behind(interface):
            rows += _rows(contender, run)
        result[interface] = {"rows": rows}
        print(f"scale, {interface}: {len(rows)} rows", file=sys.stderr)
    return result


def _rows(contender: Contender, run: Run) -> list[Row]:
    """All of a contender; none where it takes no part."""
    if run.environments.python(contender.environment) is None:
        return []
    rows: list[Row] = []
    try:
        for depth in run.settings.depths:
            rows += _of_depth(contender, depth, run)
    except WorkerError as error:
        run.leave_out(contender.key, str(error))
    return rows


def _of_depth(contender: Contender, depth: int, run: Run) -> list[Row]:
    def alone(do: str, **arguments: object) -> Callable[[int], Mapping[str, float]]:
        def take(routes: int) -> Mapping[str, float]:
            return _alone(contender, run, do, routes=routes, depth=depth, **arguments)

        return take

    # Of a few routes, it is what is imported and built once.
    few = alone("scale_memory")(FEW)["held"]
    times = Climb(alone("scale", seconds=run.settings.seconds), run.settings.patience)
    memory = Climb(alone("scale_memory"), run.settings.patience)
    rows: list[Row] = []
    for routes in run.settings.scales:
        row: Row = {"name": contender.name, "routes": routes, "depth": depth, **times.at(routes)}
        held = memory.at(routes).get("held")
        if held is not None:
            row["memory"] = (held - few) / (routes - FEW)
        rows.append({**row, "no_times": times.reason, "no_memory": memory.reason})
    return rows


def _alone(contender: Contender, run: Run, do: str, **arguments: object) -> Mapping[str, float]:
    """The result of one order to a new worker.

    Raises:
        WorkerError: it failed, took too long, or has no such applications.
    """
    with workers([contender], run) as hands:
        found: Mapping[str, float] | None = hands[0].order(
            do, within=run.settings.scale_seconds, **arguments
        )
    if found is None:
        raise WorkerError(NO_SUCH)
    return found


def tables(result: Result) -> str:
    """The mode's part of the report."""
    parts = [
        "## Scale\n",
        f"Applications of many routes, flat and in plugins that are nested {NESTED} deep:",
        "processor time to register them, to the first answer, and of a request to the first and",
        "to the last route, and the memory of a route.\n",
    ]
    for interface in INTERFACES:
        rows: list[Mapping[str, Any]] = result.get(interface, {}).get("rows", [])
        if rows:
            head = ["", "routes", "nested", "register, ms", "first answer, ms"]
            head += ["first route, µs", "last route, µs", "memory of a route, KiB"]
            parts += [f"### {title(interface)}\n", table(head, [_cells(row) for row in rows])]
    return "\n".join(parts)


def _cells(row: Mapping[str, Any]) -> list[str]:
    cells = [row["name"], str(row["routes"]), str(row["depth"])]
    if row["no_times"]:
        cells += [row["no_times"], *[MISSING] * 3]
    else:
        cells += [
            milliseconds(row["register"]),
            milliseconds(row["first_answer"]),
            microseconds(row["first"]),
            microseconds(row["last"]),
        ]
    return [*cells, row["no_memory"] or kibibytes(row["memory"])]
