"""One measure of growing sizes, taken as long as the next is expected to be quick enough.

The rule is the same for everyone: what the last size took grows in proportion to the size, or as
steeply as it grew between the last two, whichever is more.
"""

from collections.abc import Callable, Mapping, Sequence
from math import log

from bench._fleet import WorkerError

SECONDS = "seconds"
"""What a measurement calls the processor time that it took."""


class Climb:
    """Measures one size after the other, each larger than the one before.

    Args:
        take: measures a size; the result has `SECONDS`.
        patience: the seconds that a size may be expected to take.

    Attributes:
        reason: why the last size was not measured; empty where it was. No larger one is then tried.
    """

    def __init__(self, take: Callable[[int], Mapping[str, float]], patience: float) -> None:
        self._take = take
        self._patience = patience
        self._taken: list[tuple[int, float]] = []
        self.reason = ""

    def at(self, size: int) -> Mapping[str, float]:
        """What is measured at a size; nothing, and a reason, where it is not."""
        seconds = expected(self._taken, size)
        if not self.reason and seconds > self._patience:
            last, taken = self._taken[-1]
            self.reason = (
                f"not measured: {last:,} routes took {taken:.2g} s, expected: {seconds:.0f} s"
            )
        if self.reason:
            return {}
        try:
            found = self._take(size)
        except WorkerError as error:
            first = str(error).splitlines()[0]
            self.reason = f"not measured: at {size:,} routes, {first[0].lower()}{first[1:]}"
            return {}
        self._taken.append((size, found[SECONDS]))
        return found


def expected(taken: Sequence[tuple[int, float]], size: int) -> float:
    """Seconds that a size will take, from the smaller ones and what they took; 0 without any."""
    if not taken:
        return 0.0
    last, seconds = taken[-1]
    steepness = 1.0
    if len(taken) > 1 and taken[-2][1] > 0 < seconds:
        before, less = taken[-2]
        steepness = max(1.0, log(seconds / less) / log(last / before))
    return float(seconds * (size / last) ** steepness)
