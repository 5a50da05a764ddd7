"""Several runtimes at once: started side by side, asked side by side, stopped together.

Each has a thread of its own, which enters the runtime's block, sends the requests and leaves the
block when it is told to. So a slow start holds up nobody, and the thread that entered a block is
the one that leaves it. Each thread puts exactly one column into a queue, for the caller to read.
"""

import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic

from portico_cli._column import Answer, Column
from portico_cli._demo_requests import Call
from portico_cli._demo_runtimes import Runtime
from portico_conformance.runtimes import (
    NoAnswerError,
    RuntimeMissingError,
    RuntimeStartError,
    ask,
)


@contextmanager
def fleet(
    runtimes: Sequence[Runtime], calls: Sequence[Call], tell: Callable[[Column], None]
) -> Generator[list[Column]]:
    """Start every runtime and send it the calls; those that started serve until the block ends.

    Gives a column for each, in their order. `tell` gets each as soon as there is one, in this
    thread.
    """
    columns: SimpleQueue[Column] = SimpleQueue()
    stopping = Event()

    def run(runtime: Runtime) -> None:
        _run(runtime, calls, columns.put, stopping)

    threads = [Thread(target=run, args=[runtime], name=runtime.name) for runtime in runtimes]
    try:
        for thread in threads:
            thread.start()
        found: dict[str, Column] = {}
        while len(found) < len(runtimes):
            column = columns.get()
            found[column.name] = column
            tell(column)
        yield [found[runtime.name] for runtime in runtimes]
    finally:
        stopping.set()
        for thread in threads:
            if thread.ident is not None:  # an interrupt may come before all are started
                thread.join()


def _run(
    runtime: Runtime, calls: Sequence[Call], put: Callable[[Column], None], stopping: Event
) -> None:
    """Start one runtime, ask it, put its column, and stay until it is time to stop."""
    name, interface = runtime.name, runtime.interface
    begun = monotonic()
    try:
        with runtime.open() as port:
            ready = monotonic()
            answers = [_answer(port, call) for call in calls if not stopping.is_set()]
            put(
                Column(
                    name=name,
                    interface=interface,
                    answers=answers,
                    port=port,
                    start=ready - begun,
                    work=monotonic() - ready,
                )
            )
            stopping.wait()
    except RuntimeMissingError as error:
        put(Column(name=name, interface=interface, missing=str(error)))
    except RuntimeStartError as error:
        put(Column(name=name, interface=interface, failure=str(error)))
    except Exception:  # noqa: BLE001 - the caller waits for a column, and shows this one's failure
        put(Column(name=name, interface=interface, failure=traceback.format_exc().strip()))


def _answer(port: int, call: Call) -> Answer:
    try:
        return ask(port, call.request)
    except NoAnswerError as error:
        return str(error)
