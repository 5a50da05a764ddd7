"""The command: which modes are run with whom, and where the results go."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from bench import _cold_mode, _in_process, _memory_mode, _runtime_mode, _scale_mode, _wire_mode
from bench._charts import charts
from bench._contenders import CONTENDERS, INTERFACES, OWN, Contender, Interface, chosen
from bench._environments import HERE, ROOT, Environments
from bench._machine import described
from bench._page import publish
from bench._run import Result, Run
from bench._settings import FULL, QUICK
from bench._summary import summarised


class Mode(NamedTuple):
    """One way to measure, and to write down what was measured."""

    measure: Callable[[Run], Result]
    tables: Callable[[Result], str]


MODES: Final[dict[str, Mode]] = {
    "in-process": Mode(_in_process.measure, _in_process.tables),
    "cold-start": Mode(_cold_mode.measure, _cold_mode.tables),
    "scale": Mode(_scale_mode.measure, _scale_mode.tables),
    "memory": Mode(_memory_mode.measure, _memory_mode.tables),
    "wire": Mode(_wire_mode.measure, _wire_mode.tables),
    "runtimes": Mode(_runtime_mode.measure, _runtime_mode.tables),
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables and write them down; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = [name for name in options.modes if name not in MODES]
    if unknown:
        parser.error(f"There is no mode {unknown[0]!r}. There are: {', '.join(MODES)}.")
    names = dict.fromkeys(contender.name for contender in CONTENDERS)
    strangers = [name for name in options.only if name not in names]
    if strangers:
        parser.error(f"There is no peer {strangers[0]!r}. There are: {', '.join(names)}.")
    if options.tables is not None:
        print(report(json.loads(options.tables.read_text("utf-8"))))
        return 0
    if options.docs is not None:
        publish(json.loads(options.docs.read_text("utf-8")), ROOT / "docs")
        return 0
    out: Path = options.out
    logs = out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    contenders = _contenders(options.interfaces, options.only)
    environments = Environments()
    needed = list(dict.fromkeys([OWN, *(contender.environment for contender in contenders)]))
    environments.ensure(needed)
    results: Result = {
        "machine": described(),
        "missing": environments.missing,
        "packages": {name: environments.packages(name) for name in needed},
        "seconds": {},
        "left_out": {},
    }
    settings = QUICK if options.quick else FULL
    for name in options.modes or MODES:
        run = Run(contenders, environments, settings, logs)
        begin = monotonic()
        results[name] = MODES[name].measure(run)
        results["left_out"][name] = run.left_out
        results["seconds"][name] = round(monotonic() - begin)
        print(f"{name}: {results['seconds'][name]} seconds", file=sys.stderr)
        # After each mode, so that a run that is broken off has written what it has.
        _write(out, results)
    print(report(results))
    return 0


def _contenders(interfaces: Sequence[Interface], names: Sequence[str]) -> list[Contender]:
    """Those behind these interfaces; who is a server of its own stands beside ASGI's."""
    own: list[Interface] = ["own"] if "asgi" in interfaces else []
    return [one for interface in (*interfaces, *own) for one in chosen(interface, names)]


def report(results: Result) -> str:
    """All tables, as Markdown."""
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    parts = [f"# Benchmark\n\n{machine}\n"]
    for name, reason in results["missing"].items():
        parts.append(f"Left out, since it could not be installed: {name} ({reason})\n")
    for name, mode in MODES.items():
        if name in results:
            parts += [mode.tables(results[name]), *_reasons(results["left_out"].get(name, {}))]
    return "\n".join(parts)


def _reasons(left_out: Mapping[str, str]) -> list[str]:
    lines = [f"- {what}: {reason}\n" for what, reason in left_out.items()]
    return ["Left out:\n", "".join(lines)] if lines else []


def _write(out: Path, results: Result) -> None:
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (out / "results.md").write_text(report(results), "utf-8")
    for name, chart in charts(summarised(results)).items():
        (out / name).write_text(chart, "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Portico beside its peers.")
    add = parser.add_argument
    add("modes", nargs="*", metavar="mode", help=f"of {', '.join(MODES)}; else all of them")
    add("--quick", action="store_true", help="fewer and shorter rounds: under two minutes")
    add("--only", action="append", default=[], metavar="NAME", help="one peer; several times")
    add("--interfaces", nargs="+", choices=INTERFACES, default=[*INTERFACES])
    add("--out", type=Path, default=HERE / "results", help="the folder of the results")
    add("--tables", type=Path, metavar="JSON", help="print the tables of an earlier run")
    add("--docs", type=Path, metavar="JSON", help="write docs/performance.md from an earlier run")
    return parser
