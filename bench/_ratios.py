"""Statistics of samples that were taken in interleaved rounds.

Of one round, two samples were taken within seconds of each other, on a machine in the same mood. So
a ratio is formed within each round, and the median of the rounds' ratios is what counts.
"""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

Samples = Mapping[str, Sequence[float]]
"""By contender, one sample of each round, in order."""


class Ratio(NamedTuple):
    """The median of the rounds' ratios, and the quartiles, between which half of them are."""

    median: float
    low: float
    high: float


def ratio(samples: Samples, of: str, to: str) -> Ratio | None:
    """How many times `to` is in `of`; None where one of them was not measured.

    Raises:
        ValueError: the two were not measured in the same rounds, or a sample of `to` is not above
            zero.
    """
    if not samples.get(of) or not samples.get(to):
        return None
    if min(samples[to]) <= 0:
        raise ValueError(
            f"A sample of {to!r} is {min(samples[to])}, and nothing is so many times that."
        )
    ratios = [one / other for one, other in zip(samples[of], samples[to], strict=True)]
    if len(ratios) == 1:
        return Ratio(ratios[0], ratios[0], ratios[0])
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return Ratio(median(ratios), low, high)


def middle(samples: Samples, of: str) -> float | None:
    """The median of a contender's samples; None where it was not measured."""
    return median(samples[of]) if samples.get(of) else None
