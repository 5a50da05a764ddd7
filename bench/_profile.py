"""Where the time of a request goes, by a sampling profiler that slows nothing down between samples.

    PYTHON -m bench._profile asgi bench.applications.portico_async json

A sample is taken at the first Python call or jump after the timer, so that what a C function takes
is counted for the Python function that is called next, inside the same caller: trust the inclusive
times more than those of single small functions.
"""

import signal
import sys
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Final

from bench._driver import Driver, drive
from bench._exchanges import by_name
from bench._tables import number, table

SECONDS: Final = 3.0
_INTERVAL: Final = 0.0007
_ROWS: Final = 30
_SHOWN: Final = ("portico", "applications")


class Sampler:
    """Counts, by function, in how many samples it was on the stack, and on top of it."""

    def __init__(self) -> None:
        self.total = 0
        self.inclusive: Counter[str] = Counter()
        self.on_top: Counter[str] = Counter()

    def take(self, signum: int, frame: FrameType | None) -> None:
        """One sample; what the timer calls."""
        names = [_name(one) for one in _stack(frame)]
        if names:
            self.total += 1
            self.on_top[names[0]] += 1
            self.inclusive.update(set(names))


def _stack(frame: FrameType | None) -> Sequence[FrameType]:
    frames: list[FrameType] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _name(frame: FrameType) -> str:
    folder, _, file = frame.f_code.co_filename.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{file}:{frame.f_code.co_qualname}"


def profile(driver: Driver, exchange: str, seconds: float = SECONDS) -> str:
    """A table of the functions that are on the stack the most."""
    chosen, sampler = by_name(exchange), Sampler()
    driver.nanoseconds(chosen, 500)
    each = driver.nanoseconds(chosen, 1000) / 1000
    previous = signal.signal(signal.SIGPROF, sampler.take)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    driver.nanoseconds(chosen, round(seconds * 1e9 / each))
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, previous)
    rows = [
        [
            name,
            number(count / sampler.total * each / 1000),
            number(sampler.on_top[name] / sampler.total * each / 1000),
        ]
        for name, count in sampler.inclusive.most_common()
        if name.startswith(_SHOWN)
    ]
    heading = f"{exchange}: {number(each / 1000)} µs, {sampler.total} samples\n\n"
    return heading + table(["", "inclusive, µs", "itself, µs"], rows[:_ROWS])


def main(interface: str, module: str, *exchanges: str) -> None:
    """Print a table for each exchange."""
    driver = drive(import_module(module).app, interface)
    for exchange in exchanges or ("hello", "json", "params", "hooks"):
        print(profile(driver, exchange))
    driver.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
