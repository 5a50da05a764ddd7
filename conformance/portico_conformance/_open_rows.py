"""The rows of one run, each opened once, and what came of their cases.

A row in process runs a case when its test asks. A row on the wire takes a second or two to start,
and who talks to a server waits most of the time; so a few threads start those rows, one after the
other, and run their cases at once, while pytest is busy with the rows in process. A test of a row
on the wire then only says what came of its case.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Self

from portico_conformance._case import Case, Client, Row

_AT_ONCE = 3  # rows on the wire that start or run at the same time
_SHORT = 0.5  # seconds to wait for what is known not to come


@dataclass(frozen=True, slots=True)
class Task:
    """A case to run.

    Attributes:
        case: the case.
        hangs: whether it is known to come out as silence.
    """

    case: Case
    hangs: bool = False

    def run_on(self, client: Client) -> None:
        """Run the case, without much patience where that is of no use."""
        from portico_conformance._on_wire import WireClient

        if self.hangs and isinstance(client, WireClient):
            with client.patience(_SHORT):
                self.case.run_on(client)
        else:
            self.case.run_on(client)


class OpenRows:
    """The clients of some rows, as a context manager around their use.

    While it is entered, `PORTICO_CONFORMANCE_DIR` names a folder through which a case and the
    application can signal to each other where requests cannot, and the variable of `ENVIRONMENT` is
    set, for servers to inherit.

    Args:
        plan: the rows, and what will be asked of each.
    """

    def __init__(self, plan: Sequence[tuple[Row, Sequence[Task]]]) -> None:
        self._plan = plan
        self._in_process: dict[str, _Opened] = {}
        self._on_wire: dict[str, _RunAhead] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="rows")

    def __enter__(self) -> Self:
        from portico_conformance.application import ENVIRONMENT

        self._folder = tempfile.TemporaryDirectory(prefix="portico-conformance-")
        self._variables = {"PORTICO_CONFORMANCE_DIR": self._folder.name, **dict([ENVIRONMENT])}
        os.environ.update(self._variables)
        for row, tasks in self._plan:
            if row.on_wire:
                self._on_wire[row.id] = ahead = _RunAhead(row, tasks)
                self._threads.submit(ahead.go)
        return self

    def __exit__(self, *_: object) -> None:
        for ahead in self._on_wire.values():
            ahead.stopping = True
        self._threads.shutdown(cancel_futures=True)
        opened: list[_Opened | _RunAhead] = [*self._in_process.values(), *self._on_wire.values()]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            ends = [threads.submit(row.close) for row in opened]
        self._folder.cleanup()
        for name in self._variables:
            del os.environ[name]
        for end in ends:
            end.result()

    def client(self, row: Row) -> Client:
        """The client of a row; of one on the wire when its tasks are done.

        Raises:
            Exception: what went wrong when the row was opened, each time.
        """
        if row.on_wire:
            return self._on_wire[row.id].client()
        if row.id not in self._in_process:
            self._in_process[row.id] = _Opened(row)
        return self._in_process[row.id].client()

    def run(self, row: Row, task: Task) -> None:
        """Run a task, or say what came of it.

        Raises:
            BaseException: what the case raised, or the opening of the row.
        """
        if row.on_wire:
            self._on_wire[row.id].outcome(task)
        else:
            task.run_on(self.client(row))


class _Opened:
    """A row that is opened by the first who asks, and closed once."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._exits = ExitStack()
        self._client: Client | None = None
        self._error: Exception | None = None

    def client(self) -> Client:
        """The client.

        Raises:
            Exception: what went wrong when the row was opened, each time.
        """
        if self._error is not None:
            raise self._error
        if self._client is None:
            try:
                self._client = self._exits.enter_context(self._row.open())
            except Exception as error:
                self._error = error
                raise
        return self._client

    def close(self) -> None:
        """Close it, if it is open."""
        self._exits.close()


class _RunAhead:
    """A row on the wire whose tasks run in a thread of their own."""

    def __init__(self, row: Row, tasks: Sequence[Task]) -> None:
        self.stopping = False
        self._row = _Opened(row)
        self._outcomes: dict[str, Future[None]] = {task.case.name: Future() for task in tasks}
        self._tasks = tasks
        self._through = Event()

    def go(self) -> None:
        """Open the row, and run the tasks in their order."""
        for task in self._tasks:
            if self.stopping:
                break
            outcome = self._outcomes[task.case.name]
            try:
                task.run_on(self._row.client())
            except BaseException as error:  # noqa: BLE001 - raised by `outcome`
                outcome.set_exception(error)
            else:
                outcome.set_result(None)
        self._through.set()

    def outcome(self, task: Task) -> None:
        """Raise what the task raised, when it has run."""
        self._outcomes[task.case.name].result()

    def client(self) -> Client:
        """The client, when the tasks have run."""
        self._through.wait()
        return self._row.client()

    def close(self) -> None:
        """Close the row."""
        self._row.close()
