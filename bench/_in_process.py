"""The mode `in-process`: each application alone with a driver, without a socket."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench._contenders import INTERFACES, LIMIT, PORTICO, Contender, Interface, title
from bench._environments import Environments
from bench._exchanges import TIMED
from bench._fleet import Hand, checked, workers
from bench._ratios import in_turn, middle, ratio
from bench._settings import Settings
from bench._tables import MISSING, microseconds, table, times

Result = dict[str, Any]


def measure(
    contenders: Sequence[Contender], environments: Environments, settings: Settings, logs: Path
) -> Result:
    """By interface: `samples` (by exchange and name, nanoseconds by round) and `left_out`."""
    result: Result = {}
    for interface in INTERFACES:
        chosen = [one for one in contenders if one.interface == interface]
        with workers(chosen, environments, logs) as hands:
            right, left_out = checked(hands)
            samples = _rounds(interface, right, left_out, settings)
        result[interface] = {"samples": samples, "left_out": left_out}
    return result


def _rounds(
    interface: Interface,
    hands: Sequence[Hand],
    left_out: dict[str, dict[str, str]],
    settings: Settings,
) -> dict[str, dict[str, list[float]]]:
    by_name = {hand.contender.name: hand for hand in hands}
    samples: dict[str, dict[str, list[float]]] = {name: {} for name in TIMED}
    for exchange in TIMED:
        able = [
            name for name, hand in by_name.items() if exchange not in left_out[hand.contender.key]
        ]
        for name in able:  # The first, which also finds how many requests a sample takes.
            by_name[name].order("time", exchange=exchange, seconds=settings.seconds)
        for number in range(settings.rounds):
            for name in in_turn(able, number):
                taken = by_name[name].order("time", exchange=exchange, seconds=settings.seconds)
                samples[exchange].setdefault(name, []).append(taken)
    print(f"in process, {interface}: {settings.rounds} rounds of {len(hands)}", file=sys.stderr)
    return samples


def tables(result: Result) -> str:
    """The mode's part of the report."""
    parts = [
        "## In process\n",
        "Requests one after the other, without a socket: processor time of the whole process.",
        "A number is a median over the rounds; a ratio is formed within each round.\n",
    ]
    for interface in INTERFACES:
        samples = result[interface]["samples"]
        names = list(dict.fromkeys(name for by_name in samples.values() for name in by_name))
        if not names:
            continue
        parts += [
            f"### {title(interface)}\n",
            f"How many times as long as {LIMIT} (whose row is in microseconds):\n",
            _against(samples, names, LIMIT),
            "How many times as long as Portico (whose row is in microseconds):\n",
            _against(samples, [name for name in names if name != LIMIT], PORTICO),
            *_reasons(result[interface]["left_out"]),
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


def _reasons(left_out: dict[str, dict[str, str]]) -> list[str]:
    lines = [
        f"- {key.partition('/')[2]}{'' if exchange == '*' else f', {exchange}'}: {reason}"
        for key, reasons in left_out.items()
        for exchange, reason in reasons.items()
    ]
    return ["Left out:\n", "\n".join(lines) + "\n"] if lines else []
