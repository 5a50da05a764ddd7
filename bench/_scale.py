"""What an application costs that has many routes.

A module that takes part has `scaled(routes, depth)`, which makes an application (or handler) with
the routes `/r0/{id}` to `/rN/{id}`, each of which answers the text `OK`; with a depth, in
the innermost of so many plugins (routers, blueprints, mounts) one in the other, each with the
prefix `/p`.
"""

import gc
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any, Final

from bench._driver import drive, load
from bench._exchanges import Exchange, Expected, faults
from bench._timing import calibrated, fastest

_OK: Final = Expected(body=b"OK")


def measure(
    make: Callable[[int, int], Any],
    interface: str,
    event: str,
    routes: int,
    depth: int,
    seconds: float,
) -> dict[str, float]:
    """Register and answer.

    Returns:
        `register` (seconds), `first_answer` (seconds, of the first route, with whatever is built
        then), `seconds` (both), and `first` and `last` (nanoseconds of a request to the first and
        the last route).
    """
    load(interface)
    gc.collect()
    begin = process_time()
    driver = drive(make(routes, depth), interface, event)
    registered = process_time()
    try:
        ends = [_exchange(number, depth) for number in (0, routes - 1)]
        found = [faults(_OK, driver.answer(end)) for end in ends[:1]]
        answered = process_time()
        found += [faults(_OK, driver.answer(end)) for end in ends[1:]]
        if any(found):
            raise RuntimeError(f"An application of {routes} routes answers wrongly: {found}")
        first, last = (fastest(driver, end, calibrated(driver, end, seconds)) for end in ends)
    finally:
        driver.close()
    return {
        "register": registered - begin,
        "first_answer": answered - registered,
        "seconds": answered - begin,
        "first": first,
        "last": last,
    }


def _exchange(number: int, depth: int) -> Exchange:
    return Exchange(f"route {number}", "GET", f"{'/p' * depth}/r{number}/1", _OK)


def memory(
    make: Callable[[int, int], Any], interface: str, event: str, routes: int, depth: int
) -> dict[str, float]:
    """Register and answer once, counting what Python allocates, which takes several times as long.

    Returns:
        `held` (bytes more than before) and `seconds` (that it took).
    """
    load(interface)
    gc.collect()
    begin = process_time()
    tracemalloc.start()
    app = make(routes, depth)
    driver = drive(app, interface, event)
    driver.answer(_exchange(0, depth))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    driver.close()
    return {"held": held, "seconds": process_time() - begin}
