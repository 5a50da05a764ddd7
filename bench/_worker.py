"""One application in a process of its own, which measures what it is told to.

    python -m bench._worker module interface event

Each line of its input is an order, and each line of its output the result, both JSON. It stands
still while the others measure. What the application prints goes to the standard error.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from bench import _memory, _scale
from bench._driver import Driver, check, drive, left_out
from bench._exchanges import by_name
from bench._timing import calibrated, fastest


class Worker:
    """What it knows of its application."""

    def __init__(self, module: str, interface: str, event: str) -> None:
        self._module = module
        self._interface = interface
        self._event = event
        self._driver: Driver | None = None
        self._counts: dict[str, int] = {}

    def check(self) -> dict[str, object]:
        """What is wrong with the answers, and what is left out with the reason."""
        without = left_out(self._module)
        return {"faults": check(self._entered(), without), "left_out": without}

    def time(self, exchange: str, seconds: float) -> float:
        """Nanoseconds of one request, from batches that take this long together."""
        driver, chosen = self._entered(), by_name(exchange)
        if exchange not in self._counts:
            self._counts[exchange] = calibrated(driver, chosen, seconds)
        gc.collect()
        return fastest(driver, chosen, self._counts[exchange])

    def memory(self, requests: int) -> dict[str, float]:
        """Bytes that a request takes at its peak and leaves behind, by exchange."""
        return _memory.of_requests(self._entered(), left_out(self._module), requests)

    def scale(self, routes: int, depth: int, seconds: float) -> dict[str, float] | None:
        """What an application with this many routes costs; None where the module has none."""
        make = self._scaled()
        return make and _scale.measure(make, self._interface, self._event, routes, depth, seconds)

    def scale_memory(self, routes: int, depth: int) -> dict[str, float] | None:
        """Bytes that such an application takes; None where the module has none."""
        make = self._scaled()
        return make and _scale.memory(make, self._interface, self._event, routes, depth)

    def _scaled(self) -> Any:
        return getattr(import_module(self._module), "scaled", None)

    def close(self) -> None:
        """End the application."""
        if self._driver is not None:
            self._driver.close()

    def _entered(self) -> Driver:
        if self._driver is None:
            app = import_module(self._module).app
            self._driver = drive(app, self._interface, self._event)
        return self._driver


def main(module: str, interface: str, event: str) -> None:
    """Do what the input says until it ends."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(module, interface, event)
    orders: Mapping[str, Callable[..., object]] = {
        "check": worker.check,
        "time": worker.time,
        "memory": worker.memory,
        "scale": worker.scale,
        "scale_memory": worker.scale_memory,
    }
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        try:
            result: dict[str, object] = {"result": orders[order.pop("do")](**order)}
        except Exception as error:  # noqa: BLE001 - the one who ordered says it
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), file=output, flush=True)
    worker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Threads that a framework has left must not keep the process.
    sys.stdout.flush()
    os._exit(0)
