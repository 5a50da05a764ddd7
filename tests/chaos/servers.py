"""The servers of the suite, with two workers where it matters, and their end as they choose it."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from signal import SIGTERM

from portico_conformance._servers import SERVERS, Server, ServerRow

PATIENCE = 30.0
"""Seconds that anything may take before a test fails."""

QUICK = {"uvicorn-h11", "uvicorn-httptools", "gunicorn-gthread"}
"""The servers that must do where `PORTICO_ROWS=quick` asks for a choice."""

_FOLDER = Path(__file__).parent.parent


def serve(row: ServerRow, environment: Mapping[str, str] | None = None, app: str = "") -> Server:
    """A server, not yet started, of one of the suite's applications."""
    target = app or f"chaos.application:{row.interface}"
    return Server(row, target, path=_FOLDER, env=environment, startup=2 * PATIENCE, grace=PATIENCE)


def changed(name: str, *options: str) -> ServerRow:
    """The row of a server with more options, told to end as an operator would."""
    row = SERVERS[name]

    def command(app: str, address: int) -> list[str]:
        return [*row.command(app, address), *options]

    return replace(row, command=command, stop_signal=SIGTERM)


def chosen(names: Iterable[str]) -> list[str]:
    """Those of the servers that this run is about."""
    is_quick = os.environ.get("PORTICO_ROWS") == "quick"
    return [name for name in names if name in QUICK or not is_quick]


def end_of(server: Server) -> int:
    """Wait until the server has ended by itself; its exit status, or minus the signal's number."""
    assert server.pid is not None
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        # The child is left to be reaped by who has started it.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        found = os.waitid(os.P_PID, server.pid, flags)
        if found is not None:
            return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        time.sleep(0.01)
    raise AssertionError(f"{server.row.id} still runs after {PATIENCE:g} s:\n{server.log()}")


def wait_for_log(server: Server, text: str, times: int = 1) -> None:
    """Wait until the server has written a text to its log so many times."""
    end = time.monotonic() + PATIENCE
    while server.log().count(text) < times:
        assert time.monotonic() < end, f"{text!r} is not {times} times in:\n{server.log()}"
        time.sleep(0.01)


def open_files(pid: int) -> list[str]:
    """What the file descriptors of a process lead to."""
    targets: list[str] = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            targets.append(str(link.readlink()))
    return targets
