"""`portico demo`: one application behind every runtime at once, asked the same, side by side."""

import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType

from portico_cli._column import Column
from portico_cli._comparison import differences
from portico_cli._demo_requests import CALLS
from portico_cli._demo_runtimes import Runtime
from portico_cli._fleet import fleet
from portico_cli._table import summary, table
from portico_cli._terminal import Terminal


def demo(runtimes: Sequence[Runtime], *, keep: bool = False) -> int:
    """Run it and return the exit status.

    0: every runtime that ran gave the same answers. 1: some differ, one did not start, or none ran;
    with `CI=true` in the environment also where one is missing. With `keep` everything serves on
    until SIGINT or SIGTERM, after which the status is the same.

    Raises:
        KeyboardInterrupt: SIGINT or SIGTERM came earlier than that. Everything is stopped.
    """
    with _sigterm_interrupts():
        _print(f"One application behind {', '.join(runtime.name for runtime in runtimes)}.")
        _print(f"Starting them side by side, and sending each the same {len(CALLS)} requests:")
        with fleet(runtimes, CALLS, _tell) as columns:
            status = verdict(columns, ci=os.environ.get("CI", "").lower() == "true")
            _show(columns, status)
            if keep:
                _serve_on(columns)
    return status


def verdict(columns: Sequence[Column], *, ci: bool) -> int:
    """The exit status that these columns deserve."""
    ran = [column for column in columns if column.ran]
    if not ran or any(column.failure or (ci and column.missing) for column in columns):
        return 1
    return int(any(differences(columns, row) for row in range(len(ran[0].answers))))


def _tell(column: Column) -> None:
    if column.ran:
        times = f"started in {column.start:.1f} s, answered in {column.work:.1f} s"
    else:
        times = "is missing" if column.missing else "did not start"
    _print(f"  {column.name:<10}{times}")


def _show(columns: Sequence[Column], status: int) -> None:
    terminal = Terminal.of(sys.stdout)
    labels = [call.label for call in CALLS]
    _print()
    for line in table(columns, labels, terminal):
        _print(line)
    for column in columns:
        _explain(column, terminal)
    _print(terminal.paint(summary(columns, labels), "red" if status else "green"))


def _explain(column: Column, terminal: Terminal) -> None:
    if column.missing:
        _print(f"{terminal.paint(column.name, 'bold')} is missing. {column.missing}")
    if column.failure:
        _print(f"{terminal.paint(column.name, 'red')} did not start. {column.failure}")


def _serve_on(columns: Sequence[Column]) -> None:
    """Print where each runtime serves, and return when a signal says that it is enough."""
    try:
        for column in columns:
            if column.ran:
                _print(f"  {column.name:<10}http://127.0.0.1:{column.port}/")
        _print("Serving until Ctrl-C.")
        Event().wait()
    except KeyboardInterrupt:
        _print("Stopping.")


@contextmanager
def _sigterm_interrupts() -> Generator[None]:
    """SIGTERM raises what SIGINT raises, so that everything is stopped in the same way."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(line: str = "") -> None:
    """Print a line at once: who watches wants to see it happen."""
    print(line, flush=True)
