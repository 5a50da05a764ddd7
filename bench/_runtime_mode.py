"""The mode `runtimes`: the start of a Lambda environment under AWS's emulator, and of a Worker.

Both come from the conformance suite, which says what this machine lacks for them.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench._contenders import OWN, PORTICO
from bench._fleet import child_environment
from bench._ratios import middle, ratio
from bench._rounds import in_rounds
from bench._run import Result, Run, last_line
from bench._runtime_start import ASKED, WORKERS
from bench._tables import milliseconds, table, times

_SECONDS: Final = 120.0
_FASTAPI: Final = "workers.asgi + fastapi"

MEASURES: Final = ("first", *ASKED)


def measure(run: Run) -> Result:
    """By runtime and measure, the samples of each contender, in seconds."""
    python = run.environments.python(OWN)
    if python is None:
        return {}
    return {
        "lambda": _rounds(python, "lambda", _functions(run), run),
        "worker": _rounds(python, "worker", _workers(run), run),
    }


def _functions(run: Run) -> dict[str, list[str]]:
    """By name, the arguments that start a Lambda environment."""
    found: dict[str, list[str]] = {}
    for one in run.behind("lambda"):
        python = run.environments.python(one.environment)
        if python is not None:
            found[one.name] = [one.module, one.event, str(python)]
    return found


def _workers(run: Run) -> dict[str, list[str]]:
    """By name, the arguments that start a Worker."""
    found = {name: [name] for name in WORKERS if run.settings.takes_worker(name)}
    if _FASTAPI in found:
        folder = run.environments.worker_packages("worker_fastapi")
        if folder is None:
            del found[_FASTAPI]
        else:
            found[_FASTAPI].append(str(folder))
    return found


def _rounds(
    python: Path, runtime: str, chosen: Mapping[str, Sequence[str]], run: Run
) -> dict[str, dict[str, list[float]]]:
    def take(name: str) -> dict[str, float] | None:
        found = _start(python, [runtime, *chosen[name]])
        if isinstance(found, str):
            run.leave_out(f"{runtime}, {name}", found)
            return None
        return found

    return in_rounds([*chosen], run.settings.runtime_rounds, take)


def _start(python: Path, arguments: Sequence[str]) -> dict[str, float] | str:
    """One start, by measure; where it failed, the reason."""
    command = [str(python), "-m", "bench._runtime_start", *arguments]
    environment = child_environment()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it had no result after {_SECONDS:.0f} seconds"
    lines = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {"error": last_line(done.stderr)}
    return str(found["error"]) if "error" in found else found


def tables(result: Result) -> str:
    """The mode's part of the report."""
    titles = {
        "lambda": "A Lambda environment, under AWS's Runtime Interface Emulator",
        "worker": "A Python Worker in `workerd`, from the snapshot of its memory",
    }
    parts = [
        "## Lambda and Workers\n",
        "On the clock: from the start of the environment (or of `workerd`) to the first answer,",
        "and the requests after it, one after the other, with what the runtime itself takes.\n",
    ]
    for runtime, title in titles.items():
        samples = result.get(runtime, {})
        names = list(samples.get("first", ()))
        if names:
            head = ["", "first answer, ms", "/ Portico", *(f"then {one}, ms" for one in ASKED)]
            parts += [f"### {title}\n", table(head, [_cells(samples, name) for name in names])]
    return "\n".join(parts)


def _cells(samples: Mapping[str, Mapping[str, Sequence[float]]], name: str) -> list[str]:
    found = ratio(samples["first"], name, PORTICO)
    return [
        name,
        milliseconds(middle(samples["first"], name)),
        times(None if found is None else found.median),
        *(milliseconds(middle(samples.get(one, {}), name)) for one in ASKED),
    ]
