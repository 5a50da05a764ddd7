"""How a driver is timed: so many requests that they take a while, and the fastest of a few batches.

What is timed is the processor's time of the whole process, threads included: what a request costs.
The time on the clock would count the turns of other processes, which on a busy machine are longer
than the requests. The fastest batch is the one that they have disturbed the least.
"""

from typing import Final

from bench._driver import Driver
from bench._exchanges import Exchange

BATCHES: Final = 3


def calibrated(driver: Driver, exchange: Exchange, seconds: float) -> int:
    """How many requests take this long in batches: at least one in each."""
    count, wanted = 1, seconds / BATCHES * 1e9
    while True:
        elapsed = driver.nanoseconds(exchange, count)
        if elapsed * 2 > wanted:
            return max(1, round(count * wanted / max(elapsed, 1)))
        count *= 2


def fastest(driver: Driver, exchange: Exchange, count: int) -> float:
    """Nanoseconds of one request, in the fastest of the batches of so many."""
    return min(driver.nanoseconds(exchange, count) for _ in range(BATCHES)) / count
