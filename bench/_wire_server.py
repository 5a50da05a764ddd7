"""A contender behind a real server on loopback, in its own environment and session."""

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final, NamedTuple

from bench._contenders import Contender, Interface
from bench._exchanges import Answer, Exchange
from bench._fleet import child_environment

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 10.0

Arguments = Callable[[str, str], list[str]]


class ServerError(Exception):
    """A server did not start; the text ends with its log."""


def _uvicorn(app: str, port: str) -> list[str]:
    options = ["--host", _HOST, "--port", port, "--no-access-log", "--log-level", "warning"]
    return ["-m", "uvicorn", app, *options, "--loop", "asyncio"]


def _hypercorn(app: str, port: str) -> list[str]:
    return ["-m", "hypercorn", app, "--bind", f"{_HOST}:{port}"]


def _gunicorn(app: str, port: str) -> list[str]:
    options = ["--worker-class", "gthread", "--threads", "4", "--bind", f"{_HOST}:{port}"]
    return ["-m", "gunicorn", app, *options, "--log-level", "warning"]


def _granian(interface: str) -> Arguments:
    def arguments(app: str, port: str) -> list[str]:
        options = ["--interface", interface, "--host", _HOST, "--port", port]
        return ["-m", "granian", app, *options, "--log-level", "warning", "--loop", "asyncio"]

    return arguments


def _itself(module: str, port: str) -> list[str]:
    return ["-m", module.partition(":")[0], port]


SERVERS: Final[dict[str, tuple[Interface, Arguments]]] = {
    "uvicorn": ("asgi", _uvicorn),
    "granian": ("asgi", _granian("asgi")),
    "hypercorn": ("asgi", _hypercorn),
    "gunicorn": ("wsgi", _gunicorn),
    "granian wsgi": ("wsgi", _granian("wsgi")),
}
"""One process each, all with asyncio's own event loop, so that the applications alone differ."""

BESIDE: Final = "granian"
"""The server that those are compared to which are their own: its HTTP is in Rust, as Robyn's is."""


class Served(NamedTuple):
    """A running server."""

    port: int
    session: int
    """The id of the session that all of its processes are in."""

    def processor_seconds(self) -> float:
        """What its processes have used by now (`proc_pid_stat(5)`: utime and stime)."""
        ticks = 0
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if entry.name.isdigit() and int(fields[3]) == self.session:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(server: str, contender: Contender, python: Path, log: Path) -> Generator[Served]:
    """Serve a contender while the block lasts; gives where.

    Raises:
        ServerError: it does not start.
    """
    port = _free_port()
    command = _itself if contender.interface == "own" else SERVERS[server][1]
    arguments = command(f"{contender.module}:app", str(port))
    with log.open("w+") as output:
        process = subprocess.Popen(
            [str(python), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=child_environment(),
            start_new_session=True,
        )
        try:
            _wait(process, port, log)
            yield Served(port, process.pid)
        finally:
            _stop(process)


def ask(port: int, exchange: Exchange) -> Answer:
    """The answer to one exchange on a connection of its own."""
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    connection = http.client.HTTPConnection(_HOST, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(exchange.method, target, exchange.body or None, dict(exchange.headers))
        response = connection.getresponse()
        fields = tuple((name.lower(), value) for name, value in response.getheaders())
        return Answer(response.status, fields, response.read())
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as free:
        return int(free.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = monotonic() + _START_SECONDS
    while monotonic() < end and process.poll() is None:
        with suppress(OSError):
            socket.create_connection((_HOST, port), timeout=1.0).close()
            return
        sleep(0.05)
    raise ServerError(f"it did not start; its log ends: {log.read_text('utf-8')[-500:]!r}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it has started: all of its session's process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
