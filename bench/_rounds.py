"""Samples that are taken in rounds, each of which measures everyone once."""

from collections.abc import Callable, Mapping, Sequence


def in_rounds(
    names: Sequence[str],
    rounds: int,
    take: Callable[[str], Mapping[str, float] | None],
    *,
    unkept: int = 0,
) -> dict[str, dict[str, list[float]]]:
    """By measure and name, one sample of each round.

    `take` measures one; who gives None is not asked again and has no samples. What the first
    `unkept` rounds give is thrown away.
    """
    kept: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
    for number in range(-unkept, rounds):
        for name in in_turn([*kept], max(number, 0)):
            found = take(name)
            if found is None:
                del kept[name]
            elif number >= 0:
                kept[name].append(found)
    samples: dict[str, dict[str, list[float]]] = {}
    for name, each in kept.items():
        for found in each:
            for measure, value in found.items():
                samples.setdefault(measure, {}).setdefault(name, []).append(value)
    return samples


def in_turn(names: Sequence[str], round_number: int) -> list[str]:
    """The names, begun with another one in each round, so that none is always first."""
    start = round_number % len(names) if names else 0
    return [*names[start:], *names[:start]]
