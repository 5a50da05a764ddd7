"""The mode `scale`: many routes, in a process of its own for each number of them."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench._contenders import INTERFACES, Contender, title
from bench._environments import Environments
from bench._fleet import WorkerError, workers
from bench._settings import NESTED, Settings
from bench._tables import kibibytes, microseconds, milliseconds, table

FEW: Final = 10

Result = dict[str, Any]


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By interface: `rows`, one for each application, depth and number of routes."""
    result: Result = {}
    for interface in INTERFACES:
        rows: list[dict[str, Any]] = []
        for contender in contenders:
            if contender.interface == interface:
                rows += _rows(contender, environments, settings, logs)
        result[interface] = {"rows": rows}
        print(f"scale, {interface}: {len(rows)} rows", file=sys.stderr)
    return result


def _rows(
    contender: Contender, environments: Environments, settings: Settings, logs: Path
) -> list[dict[str, Any]]:
    def alone(do: str, **arguments: object) -> Any:
        return _alone(contender, environments, logs, do, **arguments)

    rows: list[dict[str, Any]] = []
    for depth in settings.depths:
        for routes in settings.scales:
            size = {"routes": routes, "depth": depth}
            row: dict[str, Any] = {"name": contender.name, **size}
            try:
                found = alone("scale", **size, seconds=settings.seconds)
                if found is None:
                    return rows
                # Of a few routes, it is what is imported and built once.
                few = alone("scale_memory", routes=FEW, depth=depth)
                held = alone("scale_memory", **size)
                rows.append({**row, **found, "memory": (held - few) / (routes - FEW)})
            except WorkerError as error:
                rows.append({**row, "error": str(error).splitlines()[0]})
                print(f"left out: {error}", file=sys.stderr)
                break  # With more routes it would take longer still.
    return rows


def _alone(
    contender: Contender, environments: Environments, logs: Path, do: str, **arguments: object
) -> Any:
    """The result of one order to a new worker; None where there is no environment."""
    with workers([contender], environments, logs) as hands:
        return hands[0].order(do, **arguments) if hands else None


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
            parts += [_failures(rows)]
    return "\n".join(parts)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["name"],
        str(row["routes"]),
        str(row["depth"]),
        milliseconds(row.get("register")),
        milliseconds(row.get("first_answer")),
        microseconds(row.get("first")),
        microseconds(row.get("last")),
        kibibytes(row.get("memory")),
    ]


def _failures(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"- {row['routes']} routes: {row['error']}\n" for row in rows if "error" in row]
    return "".join(lines)
