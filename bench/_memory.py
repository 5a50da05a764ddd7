"""The memory of requests: what Python's allocators give out, as `tracemalloc` counts it.

Extension modules that allocate by themselves are not seen, in any of the applications.
"""

import gc
import tracemalloc
from collections.abc import Mapping
from typing import Final

from bench._driver import Driver
from bench._exchanges import EXCHANGES, Exchange

PEAK: Final = "peak"
KEPT: Final = "kept"

_PEAKS: Final = 2


def of_requests(driver: Driver, without: Mapping[str, str], requests: int) -> dict[str, float]:
    """By `"peak NAME"` and `"kept NAME"`: bytes at the peak of one request, and left per request.

    The request, the driver's record of the answer and the answer itself are counted with the rest:
    the callable by hand says how much that is.
    """
    found: dict[str, float] = {}
    for exchange in EXCHANGES:
        if not exchange.timed or exchange.name in without:
            continue
        tracemalloc.start()
        # Under tracing as well, since what is made once may be made by a request that takes long.
        driver.nanoseconds(exchange, requests)
        peak = min(_peak(driver, exchange) for _ in range(_PEAKS))
        gc.collect()
        start, _ = tracemalloc.get_traced_memory()
        driver.nanoseconds(exchange, requests)
        gc.collect()
        end, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        found[f"{PEAK} {exchange.name}"] = peak
        found[f"{KEPT} {exchange.name}"] = (end - start) / requests
    return found


def _peak(driver: Driver, exchange: Exchange) -> int:
    """Bytes at the peak of one request, above those before it."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    driver.nanoseconds(exchange, 1)
    _, peak = tracemalloc.get_traced_memory()
    return peak - before
