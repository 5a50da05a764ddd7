"""The mode `in-process`: each application alone with a driver, without a socket."""

import sys
from collections.abc import Sequence

from bench._contenders import INTERFACES, LIMIT, PORTICO, title
from bench._fleet import Hand, WorkerError, checked, workers
from bench._ratios import middle, ratio
from bench._rounds import in_rounds
from bench._run import Result, Run
from bench._tables import MISSING, microseconds, table, times


def measure(run: Run) -> Result:
    """By interface, exchange and name: nanoseconds, one sample of each round."""
    result: Result = {}
    for interface in INTERFACES:
        with workers(run.behind(interface), run) as hands:
            able = checked(hands, run)
            result[interface] = {name: _rounds(name, able[name], run) for name in able}
        print(f"in process, {interface}: {len(hands)} applications", file=sys.stderr)
    return result


def _rounds(exchange: str, hands: Sequence[Hand], run: Run) -> dict[str, list[float]]:
    able = {hand.contender.name: hand for hand in hands}

    def take(name: str) -> dict[str, float] | None:
        try:
            taken = able[name].order("time", exchange=exchange, seconds=run.settings.seconds)
        except WorkerError as error:
            run.leave_out(f"{able[name].contender.key}, {exchange}", str(error))
            return None
        return {exchange: taken}

    # The first sample also finds how many requests one takes.
    return in_rounds([*able], run.settings.rounds, take, unkept=1).get(exchange, {})


def tables(result: Result) -> str:
    """The mode's part of the report."""
    parts = [
        "## In process\n",
        "Requests one after the other, without a socket: processor time of the whole process.",
        "A number is a median over the rounds; a ratio is formed within each round.\n",
    ]
    for interface in INTERFACES:
        samples = result[interface]
        names = list(dict.fromkeys(name for by_name in samples.values() for name in by_name))
        if not names:
            continue
        parts += [
            f"### {title(interface)}\n",
            f"How many times as long as {LIMIT} (whose row is in microseconds):\n",
            _against(samples, names, LIMIT),
            "How many times as long as Portico (whose row is in microseconds):\n",
            _against(samples, [name for name in names if name != LIMIT], PORTICO),
        ]
    return "\n".join(parts)


def _against(
    samples: dict[str, dict[str, list[float]]], names: Sequence[str], reference: str
) -> str:
    def cell(name: str, exchange: str) -> str:
        if name == reference:
            return f"{microseconds(middle(samples[exchange], name))} µs"
        found = ratio(samples[exchange], name, reference)
        return MISSING if found is None else times(found.median)

    head = ["", *samples]
    return table(head, [[name, *(cell(name, exchange) for exchange in samples)] for name in names])
