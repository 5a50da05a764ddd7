"""The mode `runtimes`: the start of a Lambda environment under AWS's emulator, and of a Worker.

Both come from the conformance suite, which says what this machine lacks for them.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench._contenders import OWN, PORTICO, Contender
from bench._environments import Environments
from bench._fleet import child_environment
from bench._ratios import in_turn, middle, ratio
from bench._runtime_start import ASKED, WORKERS
from bench._settings import Settings
from bench._tables import milliseconds, table, times

Result = dict[str, Any]

_SECONDS: Final = 240.0
_FASTAPI: Final = "workers.asgi + fastapi"

MEASURES: Final = ("first", *ASKED)


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By runtime and measure, the samples of each contender, in seconds."""
    functions: dict[str, list[str]] = {}
    for one in contenders:
        python = environments.python(one.environment)
        if one.interface == "lambda" and python is not None:
            functions[one.name] = ["lambda", one.module, one.event, str(python)]
    workers = {name: ["worker", name] for name in WORKERS if settings.takes_worker(name)}
    if _FASTAPI in workers:
        folder = environments.worker_packages("worker_fastapi")
        if folder is None:
            del workers[_FASTAPI]
        else:
            workers[_FASTAPI].append(str(folder))
    python = environments.python(OWN)
    if python is None:
        return {}

    def start(arguments: Sequence[str]) -> dict[str, float] | None:
        return _start(python, arguments)

    return {
        "lambda": _rounds(functions, settings, start),
        "worker": _rounds(workers, settings, start),
    }


def _rounds(
    chosen: Mapping[str, Sequence[str]],
    settings: Settings,
    start: Callable[[Sequence[str]], dict[str, float] | None],
) -> dict[str, dict[str, list[float]]]:
    samples: dict[str, dict[str, list[float]]] = {name: {} for name in MEASURES}
    failed: set[str] = set()
    for round_number in range(settings.runtime_rounds):
        for name in in_turn([*chosen], round_number):
            found = None if name in failed else start(chosen[name])
            if found is None:
                failed.add(name)
                continue
            for what, value in found.items():
                samples[what].setdefault(name, []).append(value)
    return samples


def _start(python: Path, arguments: Sequence[str]) -> dict[str, float] | None:
    """One start; None, with the reason printed, where it failed."""
    command = [str(python), "-m", "bench._runtime_start", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=_SECONDS,
        check=False,
    )
    lines = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {"error": done.stderr[-500:]}
    if "error" in found:
        what = " ".join(arguments[:2])
        print(f"left out: {what}: {found['error'][-1500:]}", file=sys.stderr)
        return None
    return found


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
        *(milliseconds(middle(samples[one], name)) for one in ASKED),
    ]
