"""A process that imports an application, answers, and says when.

    python -m bench._first_answer module interface event

It prints one line of JSON. Times are seconds: `import_cpu` and `import_wall` of the application's
module, and the processor's since the process began at its first and at its first validated answer.
The time on the clock is the system's monotonic one, so that the parent can subtract its own.
"""

import sys
from importlib import import_module
from time import monotonic, process_time


def main(module: str, interface: str, event: str) -> None:
    """Measure and print."""
    cpu, wall = process_time(), monotonic()
    app = import_module(module).app
    found = {"import_cpu": process_time() - cpu, "import_wall": monotonic() - wall}
    # What the driver imports comes after the application, which may need the same.
    from bench._driver import drive
    from bench._exchanges import by_name, faults

    driver = drive(app, interface, event)
    for step, name in (("first", "hello"), ("validated", "create")):
        exchange = by_name(name)
        wrong = faults(exchange.expected, driver.answer(exchange))
        if wrong:
            sys.exit(f"{module}: {name}: {wrong}")
        found |= {f"{step}_cpu": process_time(), f"{step}_at": monotonic()}
    found["resident"] = resident()
    import json

    print(json.dumps(found), flush=True)


def resident() -> int:
    """Bytes of this process that are in memory; 0 where the system does not say."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
    except OSError:
        return 0
    return int(lines["VmRSS"].split()[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Threads and loops that a framework has left must not keep the process.
    import os

    os._exit(0)
