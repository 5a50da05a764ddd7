"""Several runtimes at once: started side by side, asked side by side, stopped together.

Each has a thread of its own, which enters the runtime's block, sends the requests and leaves the
block when it is told to. So a slow start holds up nobody, and the thread that entered a block is
the one that leaves it. What happens goes into one queue, which the caller's thread reads.
"""

import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

from portico_cli._column import Answer, Column
from portico_cli._demo_requests import Call
from portico_cli._demo_runtimes import Runtime
from portico_conformance.runtimes import (
    NoAnswerError,
    RuntimeMissingError,
    RuntimeStartError,
    ask,
)


class Progress(NamedTuple):
    """One runtime has come to the end of a step, `seconds` after the start of it all."""

    name: str
    step: str
    seconds: float


Say = Callable[[Progress], None]


@contextmanager
def fleet(runtimes: Sequence[Runtime], calls: Sequence[Call], say: Say) -> Generator[list[Column]]:
    """Start every runtime and send it the calls; all serve until the block ends.

    Gives a column for each, in their order. `say` is called as things happen, in this thread.
    """
    reports: SimpleQueue[Progress | Column] = SimpleQueue()
    stopping = Event()
    ships = [_Ship(runtime, calls, reports, stopping) for runtime in runtimes]
    threads = [Thread(target=ship.sail, name=ship.runtime.name) for ship in ships]
    try:
        for thread in threads:
            thread.start()
        yield _columns(runtimes, reports, say)
    finally:
        stopping.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


def _columns(
    runtimes: Sequence[Runtime], reports: "SimpleQueue[Progress | Column]", say: Say
) -> list[Column]:
    columns: dict[str, Column] = {}
    while len(columns) < len(runtimes):
        report = reports.get()
        if isinstance(report, Column):
            columns[report.name] = report
        else:
            say(report)
    return [columns[runtime.name] for runtime in runtimes]


class _Ship:
    """One runtime and the thread it lives in."""

    __slots__ = ("_calls", "_reports", "_started", "_stopping", "runtime")

    def __init__(
        self,
        runtime: Runtime,
        calls: Sequence[Call],
        reports: "SimpleQueue[Progress | Column]",
        stopping: Event,
    ) -> None:
        self.runtime = runtime
        self._calls = calls
        self._reports = reports
        self._stopping = stopping
        self._started = monotonic()

    def sail(self) -> None:
        """Start, ask, report, and stay until it is time to stop. Reports exactly one column."""
        try:
            with self.runtime.open() as port:
                self._tell("started")
                answers = self._answers(port)
                self._tell("has answered")
                self._report(answers=answers, port=port)
                self._stopping.wait()
        except RuntimeMissingError as error:
            self._tell("is missing")
            self._report(missing=str(error))
        except RuntimeStartError as error:
            self._tell("did not start")
            self._report(failure=str(error))
        except Exception:  # noqa: BLE001 - the caller waits for a report and prints this one
            self._tell("failed")
            self._report(failure=traceback.format_exc().strip())

    def _answers(self, port: int) -> list[Answer]:
        answers: list[Answer] = []
        for call in self._calls:
            if self._stopping.is_set():
                break
            try:
                answers.append(ask(port, call.request))
            except NoAnswerError as error:
                answers.append(str(error))
        return answers

    def _tell(self, step: str) -> None:
        self._reports.put(Progress(self.runtime.name, step, monotonic() - self._started))

    def _report(
        self, *, answers: Sequence[Answer] = (), port: int = 0, missing: str = "", failure: str = ""
    ) -> None:
        name, interface = self.runtime.name, self.runtime.interface
        self._reports.put(
            Column(
                name=name,
                interface=interface,
                answers=answers,
                port=port,
                missing=missing,
                failure=failure,
            )
        )
