"""The mode `wire`: real servers on loopback, asked by `wrk`.

The load generator, the server and whatever else runs share the machine's cores, so that the numbers
say which application leaves its server more, and not what a server can do.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple

from bench import _wrk
from bench._contenders import PORTICO, Contender
from bench._environments import Environments
from bench._exchanges import by_name, faults
from bench._ratios import in_turn, middle, ratio
from bench._settings import Settings
from bench._tables import MISSING, microseconds, number, table, times
from bench._wire_server import BESIDE, SERVERS, Served, ServerError, ask, serving

Result = dict[str, Any]


class Sample(NamedTuple):
    """One run of `wrk`."""

    rate: float
    """Requests in a second."""
    slow: float
    """Seconds within which 99 of 100 were answered."""
    cost: float
    """Nanoseconds of the processor that the server's processes took for one."""


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By server and exchange, `rate` and `slow` of each contender, one of each round."""
    if not _wrk.is_there():
        print(f"left out: {_wrk.MISSING}", file=sys.stderr)
        return {"missing": _wrk.MISSING}
    result: Result = {}
    for server in settings.wire_servers or SERVERS:
        interface = SERVERS[server][0]
        interfaces = {interface, "own"} if server == BESIDE else {interface}
        chosen = [
            one
            for one in contenders
            if one.interface in interfaces and settings.takes_on_wire(one.name)
        ]
        with ExitStack() as exits:
            folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            running = _running(server, chosen, environments, settings, logs, exits)
            result[server] = _rounds(running, settings, folder)
        print(f"wire, {server}: {len(running)} applications", file=sys.stderr)
    return result


def _running(
    server: str,
    chosen: Sequence[Contender],
    environments: Environments,
    settings: Settings,
    logs: Path,
    exits: ExitStack,
) -> dict[str, Served]:
    """Those that are served and answer rightly."""
    running: dict[str, Served] = {}
    for contender in chosen:
        python = environments.python(contender.environment)
        if python is None:
            continue
        log = logs / f"{server}-{contender.name}.log".replace(" ", "-")
        try:
            served = exits.enter_context(serving(server, contender, python, log))
            wrong = _wrong(served.port, settings)
        except (ServerError, OSError, HTTPException) as error:
            print(f"left out: {server}, {contender.name}: {error}", file=sys.stderr)
            continue
        if wrong:
            print(f"left out: {server}, {contender.name}: {wrong[0]}", file=sys.stderr)
        else:
            running[contender.name] = served
    return running


def _wrong(port: int, settings: Settings) -> list[str]:
    return [
        f"{name}: {fault}"
        for name in settings.wire_exchanges
        for fault in faults(by_name(name).expected, ask(port, by_name(name)))
    ]


def _rounds(running: Mapping[str, Served], settings: Settings, folder: Path) -> Result:
    samples: Result = {}
    for exchange in settings.wire_exchanges:
        taken: dict[str, list[Sample]] = {}
        failed: set[str] = set()
        for round_number in range(settings.wire_rounds):
            for name in in_turn([*running], round_number):
                if name in failed:
                    continue
                try:
                    sample = _sample(running[name], exchange, settings, folder)
                    taken.setdefault(name, []).append(sample)
                except _wrk.WrkError as error:
                    failed.add(name)
                    taken.pop(name, None)
                    print(f"left out: {name}, {exchange}: {error}", file=sys.stderr)
        samples[exchange] = {
            measure: {name: [one[index] for one in each] for name, each in taken.items()}
            for index, measure in enumerate(Sample._fields)
        }
    return samples


def _sample(served: Served, exchange: str, settings: Settings, folder: Path) -> Sample:
    before = served.processor_seconds()
    load = _wrk.run(
        served.port,
        by_name(exchange),
        seconds=settings.wire_seconds,
        connections=settings.connections,
        folder=folder,
    )
    used = served.processor_seconds() - before
    return Sample(load.rate, load.slow, used / load.requests * 1e9)


def tables(result: Result) -> str:
    """The mode's part of the report."""
    if "missing" in result:
        return f"## Over the wire\n\nLeft out. {result['missing']}\n"
    parts = [
        "## Over the wire\n",
        "Requests in a second, by `wrk` on the same machine, one process for each server; how many",
        "times as many as Portico's; and the processor time of a request, the server's included.\n",
    ]
    for server, samples in result.items():
        names = list(dict.fromkeys(one for by in samples.values() for one in by["rate"]))
        head = [""]
        for exchange in samples:
            head += [f"{exchange}, 1/s", "/ Portico", "µs"]
        rows = [[name, *_cells(samples, name)] for name in names]
        parts += [f"### {server}\n", table(head, rows)]
    return "\n".join(parts)


def _cells(samples: Mapping[str, Any], name: str) -> list[str]:
    cells: list[str] = []
    for by_measure in samples.values():
        found = ratio(by_measure["rate"], name, PORTICO)
        rate = middle(by_measure["rate"], name)
        cells += [
            number(rate),
            MISSING if found is None else times(found.median),
            microseconds(middle(by_measure["cost"], name)),
        ]
    return cells
