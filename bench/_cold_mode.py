"""The mode `cold-start`: from nothing to the first answer, in a new process each time."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final, cast

from bench._contenders import INTERFACES, PORTICO, Contender, title
from bench._environments import Environments
from bench._fleet import child_environment
from bench._ratios import in_turn, middle, ratio
from bench._settings import Settings
from bench._tables import milliseconds, number, table, times

Result = dict[str, Any]

_SECONDS: Final = 60.0
_MEBIBYTE: Final = 1024 * 1024

MEASURES: Final = ("import_cpu", "first_cpu", "validated_cpu", "first_wall", "resident")


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By interface and measure, the samples of each contender."""
    result: Result = {}
    for interface in INTERFACES:
        samples: dict[str, dict[str, list[float]]] = {name: {} for name in MEASURES}
        chosen = {one.name: one for one in contenders if one.interface == interface}
        able = [name for name in chosen if _start(chosen[name], environments) is not None]
        # That first start of each has also written the compiled modules.
        for round_number in range(settings.cold_rounds):
            for name in in_turn(able, round_number):
                found = _start(chosen[name], environments) or {}
                for what in MEASURES:
                    samples[what].setdefault(name, []).append(found[what])
        result[interface] = samples
    return result


def _start(contender: Contender, environments: Environments) -> dict[str, float] | None:
    """One start; None, with the reason printed, where it failed."""
    python = environments.python(contender.environment)
    if python is None:
        return None
    arguments = [contender.module, contender.interface, contender.event]
    begin = monotonic()
    done = subprocess.run(
        [str(python), "-m", "bench._first_answer", *arguments],
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        print(f"left out: {contender.key}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    found = cast("dict[str, float]", json.loads(done.stdout.splitlines()[-1]))
    return {**found, "first_wall": found["first_at"] - begin}


def tables(result: Result) -> str:
    """The mode's part of the report."""
    parts = [
        "## Cold start\n",
        "A new process: the import of the application, the first answer (`hello`) and the first",
        "validated one (`create`), in processor time since the process began; the first answer on",
        "the clock; and the memory that is resident after them. Compiled modules are there.\n",
    ]
    for interface in INTERFACES:
        samples: Mapping[str, Mapping[str, Sequence[float]]] = result.get(interface, {})
        names = list(samples.get("first_cpu", ()))
        if names:
            head = ["", "import, ms", "first answer, ms", "validated answer, ms"]
            head += ["first answer on the clock, ms", "resident, MiB", "first answer / Portico's"]
            parts += [
                f"### {title(interface)}\n",
                table(head, [_cells(samples, one) for one in names]),
            ]
    return "\n".join(parts)


def _cells(samples: Mapping[str, Mapping[str, Sequence[float]]], name: str) -> list[str]:
    resident = middle(samples["resident"], name)
    found = ratio(samples["first_cpu"], name, PORTICO)
    return [
        name,
        *(milliseconds(middle(samples[what], name)) for what in MEASURES[:4]),
        number(None if resident is None else resident / _MEBIBYTE),
        times(None if found is None else found.median),
    ]
