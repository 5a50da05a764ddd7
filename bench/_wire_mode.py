"""The mode `wire`: real servers on loopback, asked by `wrk`.

The load generator, the server and whatever else runs share the machine's cores, so that the numbers
say which application leaves its server more, and not what a server can do.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import _wrk
from bench._contenders import PORTICO, Contender
from bench._environments import Environments
from bench._exchanges import by_name, faults
from bench._ratios import in_turn, middle, ratio
from bench._settings import Settings
from bench._tables import MISSING, milliseconds, number, table, times
from bench._wire_server import SERVERS, ServerError, ask, serving

Result = dict[str, Any]


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By server and exchange, `rate` and `slow` of each contender, one of each round."""
    if not _wrk.is_there():
        print(f"left out: {_wrk.MISSING}", file=sys.stderr)
        return {"missing": _wrk.MISSING}
    result: Result = {}
    for server, (interface, _) in SERVERS.items():
        chosen = [
            one
            for one in contenders
            if one.interface == interface and settings.takes_on_wire(one.name)
        ]
        with ExitStack() as exits:
            folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            ports = _ports(server, chosen, environments, settings, logs, exits)
            result[server] = _rounds(ports, settings, folder)
        print(f"wire, {server}: {len(ports)} applications", file=sys.stderr)
    return result


def _ports(
    server: str,
    chosen: Sequence[Contender],
    environments: Environments,
    settings: Settings,
    logs: Path,
    exits: ExitStack,
) -> dict[str, int]:
    """The ports of those that are served and answer rightly."""
    ports: dict[str, int] = {}
    for contender in chosen:
        python = environments.python(contender.environment)
        if python is None:
            continue
        log = logs / f"{server}-{contender.name}.log".replace(" ", "-")
        try:
            port = exits.enter_context(serving(server, contender, python, log))
            wrong = _wrong(port, settings)
        except (ServerError, OSError) as error:
            wrong = [str(error)]
            port = 0
        if wrong:
            print(f"left out: {server}, {contender.name}: {wrong[0]}", file=sys.stderr)
        else:
            ports[contender.name] = port
    return ports


def _wrong(port: int, settings: Settings) -> list[str]:
    return [
        f"{name}: {fault}"
        for name in settings.wire_exchanges
        for fault in faults(by_name(name).expected, ask(port, by_name(name)))
    ]


def _rounds(ports: Mapping[str, int], settings: Settings, folder: Path) -> Result:
    samples: Result = {}
    for exchange in settings.wire_exchanges:
        loads: dict[str, list[_wrk.Load]] = {}
        failed: set[str] = set()
        for round_number in range(settings.wire_rounds):
            for name in in_turn([*ports], round_number):
                if name in failed:
                    continue
                try:
                    load = _wrk.run(
                        ports[name],
                        by_name(exchange),
                        seconds=settings.wire_seconds,
                        connections=settings.connections,
                        folder=folder,
                    )
                    loads.setdefault(name, []).append(load)
                except _wrk.WrkError as error:
                    failed.add(name)
                    loads.pop(name, None)
                    print(f"left out: {name}, {exchange}: {error}", file=sys.stderr)
        samples[exchange] = {
            "rate": {name: [load.rate for load in taken] for name, taken in loads.items()},
            "slow": {name: [load.slow for load in taken] for name, taken in loads.items()},
        }
    return samples


def tables(result: Result) -> str:
    """The mode's part of the report."""
    if "missing" in result:
        return f"## Over the wire\n\nLeft out. {result['missing']}\n"
    parts = [
        "## Over the wire\n",
        "Requests in a second, by `wrk` on the same machine, one process for each server; how many",
        "times as many as Portico's, and the time within which 99 of 100 were answered.\n",
    ]
    for server, samples in result.items():
        names = list(dict.fromkeys(one for by in samples.values() for one in by["rate"]))
        head = [""]
        for exchange in samples:
            head += [f"{exchange}, 1/s", "/ Portico", "99 %, ms"]
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
            milliseconds(middle(by_measure["slow"], name)),
        ]
    return cells
