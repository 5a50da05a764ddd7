"""The rows of one run: opened side by side, shared by all cases, closed together.

A row on the wire takes a second or two to start, a Worker more. They start in the background when
the run does, a few at a time, while the cases of the rows in process already run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Self

from portico_conformance._case import Client, Row

_AT_ONCE = 4  # rows that start, or stop, at the same time


class OpenRows:
    """The clients of some rows, as a context manager around their use.

    While it is entered, `PORTICO_CONFORMANCE_DIR` names a folder through which a case and the
    application can signal to each other where requests cannot, and the variable of `ENVIRONMENT` is
    set, for servers to inherit.

    Args:
        rows: those that will be asked for.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="rows")
        self._starting: dict[str, Future[Client]] = {}
        self._open: list[AbstractContextManager[Client]] = []

    def __enter__(self) -> Self:
        from portico_conformance.application import ENVIRONMENT

        self._folder = tempfile.TemporaryDirectory(prefix="portico-conformance-")
        self._variables = {"PORTICO_CONFORMANCE_DIR": self._folder.name, **dict([ENVIRONMENT])}
        os.environ.update(self._variables)
        # The slowest to start stand last in the table.
        for row in reversed([row for row in self._rows if row.on_wire]):
            self._starting[row.id] = self._workers.submit(self._start, row)
        return self

    def __exit__(self, *_: object) -> None:
        with self._workers:
            for future in self._starting.values():
                future.cancel()
            for future in self._starting.values():
                if not future.cancelled():
                    future.exception()
            stopping = [self._workers.submit(row.__exit__, None, None, None) for row in self._open]
        self._folder.cleanup()
        for name in self._variables:
            del os.environ[name]
        errors = [error for future in stopping if (error := future.exception()) is not None]
        if errors:
            raise errors[0]

    def client(self, row: Row) -> Client:
        """The client of a row, when it is ready.

        Raises:
            Exception: what went wrong when the row was opened, each time.
        """
        if row.id not in self._starting:
            future: Future[Client] = Future()
            self._starting[row.id] = future
            try:
                future.set_result(self._start(row))
            except Exception as error:  # noqa: BLE001 - raised by `result`, now and later
                future.set_exception(error)
        return self._starting[row.id].result()

    def _start(self, row: Row) -> Client:
        opened = row.open()
        client = opened.__enter__()
        self._open.append(opened)
        return client
