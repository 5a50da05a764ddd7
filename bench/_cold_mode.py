"""The mode `cold-start`: from nothing to the first answer, in a new process each time."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final, cast

from bench._contenders import DEFERRED, INTERFACES, OWN, PORTICO, Contender, title
from bench._fleet import child_environment
from bench._ratios import middle, ratio
from bench._rounds import in_rounds
from bench._run import Result, Run, last_line
from bench._tables import milliseconds, number, table, times

_SECONDS: Final = 60.0
_MEBIBYTE: Final = 1024 * 1024

_IMPORT: Final = (
    "import typing, msgspec\n"
    "from time import process_time\n"
    "begin = process_time()\n"
    "import portico\n"
    "print(process_time() - begin)"
)

MEASURES: Final = ("import_cpu", "first_cpu", "validated_cpu", "first_wall", "resident")


def measure(run: Run) -> Result:
    """By interface and measure, the samples of each contender; those of `import portico`."""
    rounds = run.settings.cold_rounds
    result: Result = {}
    if any(one.name == PORTICO for one in run.contenders):
        result["import"] = in_rounds([PORTICO], rounds, lambda name: _import(run), unkept=1)
    for interface in INTERFACES:
        chosen = {one.name: one for one in run.behind(interface)}
        if PORTICO in chosen:
            chosen |= {one.name: one for one in DEFERRED if one.interface == interface}

        def take(name: str, among: Mapping[str, Contender] = chosen) -> dict[str, float] | None:
            return _start(among[name], run)

        # The first start has also to write the compiled modules.
        result[interface] = in_rounds([*chosen], rounds, take, unkept=1)
    return result


def _import(run: Run) -> dict[str, float] | None:
    """Seconds of the processor that `import portico` takes where `typing` and msgspec are there."""
    python = run.environments.python(OWN)
    if python is None:
        return None
    done = subprocess.run(
        [str(python), "-c", _IMPORT],
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=_SECONDS,
        check=True,
    )
    return {"beyond": float(done.stdout)}


def _start(contender: Contender, run: Run) -> dict[str, float] | None:
    """One start, by measure; None, and left out of the run, where it failed."""
    python = run.environments.python(contender.environment)
    if python is None:
        return None
    arguments = [contender.module, contender.interface, contender.event]
    begin = monotonic()
    try:
        done = subprocess.run(
            [str(python), "-m", "bench._first_answer", *arguments],
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        run.leave_out(contender.key, f"it had no answer after {_SECONDS:.0f} seconds")
        return None
    except subprocess.CalledProcessError as error:
        run.leave_out(contender.key, last_line(error.stderr))
        return None
    found = cast("dict[str, float]", json.loads(done.stdout.splitlines()[-1]))
    found["first_wall"] = found["first_at"] - begin
    return {measure: found[measure] for measure in MEASURES}


def tables(result: Result) -> str:
    """The mode's part of the report."""
    parts = [
        "## Cold start\n",
        "A new process: the import of the application, the first answer (`hello`) and the first",
        "validated one (`create`), in processor time since the process began; the first answer on",
        "the clock; and the memory that is resident after them. Compiled modules are there.\n",
    ]
    beyond = middle(result.get("import", {}).get("beyond", {}), PORTICO)
    if beyond is not None:
        parts.append(f"`import portico` beyond `typing` and msgspec: {milliseconds(beyond)} ms.\n")
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
