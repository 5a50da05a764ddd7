"""The mode `wire`: real servers on loopback, asked by `wrk`.

The load generator, the server and whatever else runs share the machine's cores, so that the numbers
say which application leaves its server more, and not what a server can do.
"""

import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple

from bench import _wrk
from bench._contenders import PORTICO, Contender
from bench._exchanges import by_name, faults
from bench._ratios import middle, ratio
from bench._rounds import in_rounds
from bench._run import Result, Run
from bench._settings import Settings
from bench._tables import MISSING, microseconds, number, table, times
from bench._wire_server import BESIDE, SERVERS, Served, ServerError, ask, serving


class Sample(NamedTuple):
    """One run of `wrk`."""

    rate: float
    """Requests in a second."""
    slow: float
    """Seconds within which 99 of 100 were answered."""
    cost: float
    """Nanoseconds of the processor that the server's processes took for one."""


def measure(run: Run) -> Result:
    """By server and exchange, the fields of `Sample` of each contender, one of each round."""
    if not _wrk.is_there():
        run.leave_out("wire", _wrk.MISSING)
        return {}
    result: Result = {}
    for server in run.settings.wire_servers or SERVERS:
        with ExitStack() as exits:
            folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            running = _running(server, run, exits)
            result[server] = {
                exchange: _rounds(server, exchange, running, run, folder)
                for exchange in run.settings.wire_exchanges
            }
        print(f"wire, {server}: {len(running)} applications", file=sys.stderr)
    return result


def _running(server: str, run: Run, exits: ExitStack) -> dict[str, Served]:
    """Those that are served and answer rightly."""
    running: dict[str, Served] = {}
    for contender in _chosen(server, run):
        python = run.environments.python(contender.environment)
        if python is None:
            continue
        log = run.logs / f"{server}-{contender.name}.log".replace(" ", "-")
        try:
            served = exits.enter_context(serving(server, contender, python, log))
            wrong = _wrong(served.port, run.settings)
        except (ServerError, OSError, HTTPException) as error:
            wrong = [str(error)]
        else:
            running[contender.name] = served
        if wrong:
            run.leave_out(f"{server}, {contender.name}", "\n".join(wrong))
            running.pop(contender.name, None)
    return running


def _chosen(server: str, run: Run) -> list[Contender]:
    """Who is served by a server, and who stands beside it."""
    found = run.behind(SERVERS[server][0])
    if server == BESIDE:
        found += run.behind("own")
    return [one for one in found if run.settings.takes_on_wire(one.name)]


def _wrong(port: int, settings: Settings) -> list[str]:
    return [
        f"{name}: {fault}"
        for name in settings.wire_exchanges
        for fault in faults(by_name(name).expected, ask(port, by_name(name)))
    ]


def _rounds(
    server: str, exchange: str, running: Mapping[str, Served], run: Run, folder: Path
) -> dict[str, dict[str, list[float]]]:
    def take(name: str) -> dict[str, float] | None:
        try:
            return _sample(running[name], exchange, run.settings, folder)._asdict()
        except _wrk.WrkError as error:
            run.leave_out(f"{server}, {name}, {exchange}", str(error))
            return None

    return in_rounds([*running], run.settings.wire_rounds, take)


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
    parts = [
        "## Over the wire\n",
        "Requests in a second, by `wrk` on the same machine, one process for each server; how many",
        "times as many as Portico's; and the processor time of a request, the server's included.\n",
    ]
    for server, samples in result.items():
        names = list(dict.fromkeys(one for by in samples.values() for one in by.get("rate", ())))
        head = [""]
        for exchange in samples:
            head += [f"{exchange}, 1/s", "/ Portico", "µs"]
        rows = [[name, *_cells(samples, name)] for name in names]
        parts += [f"### {server}\n", table(head, rows)]
    return "\n".join(parts)


def _cells(samples: Mapping[str, Any], name: str) -> list[str]:
    cells: list[str] = []
    for by_measure in samples.values():
        rates = by_measure.get("rate", {})
        found = ratio(rates, name, PORTICO)
        cells += [
            number(middle(rates, name)),
            MISSING if found is None else times(found.median),
            microseconds(middle(by_measure.get("cost", {}), name)),
        ]
    return cells
