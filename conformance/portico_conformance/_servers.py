"""Start a real server on loopback, wait until it answers, and leave nothing behind.

A server that can inherit a socket gets one that already listens: its port is
known before it starts and nobody can take it. The others get the number of a
port that is reserved for them, bound but not listening, for as long as they
run; on systems where that would stop them from binding it themselves, the
number is free when they start, and they start again if it no longer is.

Readiness is asked of the server alone. An inherited socket accepts connections
before its server runs, so a connection proves nothing; a connection opened and
at once half-closed, without a byte sent, is closed by a server that runs, and
the application never hears of it.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from types import TracebackType
from typing import IO, Self

from portico_conformance._server_rows import SERVERS, ServerRow

__all__ = [
    "SERVERS",
    "Server",
    "ServerMissingError",
    "ServerRow",
    "ServerStartError",
    "start_all",
    "stop_all",
]

HOST = "127.0.0.1"
_POLL = 0.005  # seconds between two looks at a server that is starting
_ATTEMPTS = 3  # ports tried, where a port can be lost to somebody else
_BACKLOG = 128


class ServerMissingError(Exception):
    """A row's server is not installed; the message holds the command that installs it."""


class ServerStartError(Exception):
    """A server was not ready in time, or ended before; the message holds the end of its log."""


class Server:
    """One application behind one server: a context manager, ready inside its block.

    `app` is `"module:attribute"`, looked up with the folder `path` as working
    directory and at the front of the module search path. `env` is added to this
    process's environment. `startup` and `grace` are seconds: how long the
    server may take until it is ready, and to end after it was told to.

    Raises `ServerMissingError` and `ServerStartError` on entry.
    """

    def __init__(
        self,
        row: ServerRow,
        app: str,
        *,
        path: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        startup: float = 20.0,
        grace: float = 5.0,
    ) -> None:
        self.row = row
        self.host = HOST
        self.port = 0
        self._app = app
        self._path = os.fspath(path)
        self._env = dict(env or {})
        self._startup = startup
        self._grace = grace
        self._deadline = 0.0
        self._attempts = 0
        self._log: IO[bytes] | None = None
        self._last_log = ""
        self._told = False
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._at_exit: weakref.finalize[[int], Server] | None = None

    def __enter__(self) -> Self:
        self.launch()
        self.wait_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The id of the process, which leads its own group; None before and after it runs."""
        return None if self._process is None else self._process.pid

    def log(self) -> str:
        """Everything the server has written to its output and its errors, kept after its end."""
        if self._log is None:
            return self._last_log
        # The file's position belongs to the server as well, so it is not moved.
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode("utf-8", "replace")

    def launch(self) -> None:
        """Start the process and return at once; `wait_ready` says how it went."""
        if self._process is not None:
            raise RuntimeError(f"{self.row.id} is running already. Stop it first.")
        _check_installed(self.row)
        self._deadline = time.monotonic() + self._startup
        self._attempts = 0
        self._spawn()

    def wait_ready(self) -> None:
        """Return when the server answers; else stop it and raise `ServerStartError`."""
        try:
            while not self._is_ready():
                self._check_alive()
                if time.monotonic() > self._deadline:
                    raise self._start_error(f"is not ready after {self._startup:g} s")
                time.sleep(_POLL)
            self._check_alive()
        except BaseException:
            self.stop()
            raise

    def terminate(self) -> None:
        """Tell the server to stop and return at once; `stop` waits for its end."""
        if self._process is not None and not self._told:
            self._told = True
            with suppress(ProcessLookupError):
                self._process.send_signal(self.row.stop_signal)

    def stop(self) -> None:
        """End the server and all it started. Ending twice is fine."""
        self.terminate()
        self._reap()

    def _spawn(self) -> None:
        self._attempts += 1
        self._told = False
        # A new file each time: what a lost port wrote is of no interest.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (kept open for `log`)
        listener = _bind(listen=self.row.listens == "fd")
        self.port = listener.getsockname()[1]
        inherited = [listener.fileno()] if self.row.listens == "fd" else []
        if not inherited and sys.platform != "linux":
            listener.close()
        self._process = subprocess.Popen(
            self.row.command_line(self._app, *(inherited or [self.port])),
            cwd=self._path,
            env=self._environment(),
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._at_exit = weakref.finalize(self, _kill_group, self._process.pid)
        if inherited:
            # Or connections would wait here for a server that is gone.
            listener.close()
        self._socket = listener

    def _environment(self) -> dict[str, str]:
        search = [self._path, *filter(None, [os.environ.get("PYTHONPATH")])]
        paths = {"PYTHONPATH": os.pathsep.join(search), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **paths, **self._env}

    def _is_ready(self) -> bool:
        if self.row.logs_ready:
            return self.row.logs_ready in self.log()
        return _closes_an_empty_connection(self.port)

    def _check_alive(self) -> None:
        """Raise if the process has ended, unless its port was taken and another may be tried."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return
        if "in use" in self.log().lower() and self._attempts < _ATTEMPTS:
            self._reap()
            self._spawn()
            return
        raise self._start_error(f"ended with code {code} before it was ready")

    def _start_error(self, what: str) -> ServerStartError:
        return ServerStartError(
            f"{self.row.id} {what}, serving {self._app!r} on {self.host}:{self.port}. "
            f"The end of its log:\n{self.log()[-2000:]}"
        )

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._grace)
        # The leader has ended or has had its time; so has whatever it started.
        _kill_group(process.pid)
        process.wait()
        if self._at_exit is not None:
            self._at_exit.detach()
        if self._socket is not None:
            self._socket.close()
        if self._log is not None:
            self._last_log = self.log()
            self._log.close()
            self._log = None


def start_all(servers: Iterable[Server]) -> None:
    """Start the servers side by side; when one fails, stop them all and raise its error."""
    started: list[Server] = []
    try:
        for server in servers:
            server.launch()
            started.append(server)
        for server in started:
            server.wait_ready()
    except BaseException:
        stop_all(started)
        raise


def stop_all(servers: Iterable[Server]) -> None:
    """Tell every server to stop before waiting for any."""
    stopping = list(servers)
    for server in stopping:
        server.terminate()
    for server in stopping:
        server.stop()


def _check_installed(row: ServerRow) -> None:
    missing = [name for module, name in row.requires.items() if find_spec(module) is None]
    if missing:
        names = " ".join(missing)
        raise ServerMissingError(
            f"{row.id} needs {names}, which this Python does not have. "
            f"Run: {sys.executable} -m pip install {names}"
        )


def _bind(*, listen: bool) -> socket.socket:
    """A socket on a port of its own: one that listens, or one that keeps the port for another."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if not listen and sys.platform == "linux":
        # Two sockets may be bound to a port that none listens on, if both say so.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((HOST, 0))
    if listen:
        # Connections inherit it. A server sets it only on a socket it made itself.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.listen(_BACKLOG)
    return bound


def _closes_an_empty_connection(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.settimeout(1.0)
        probe.connect((HOST, port))
        probe.shutdown(socket.SHUT_WR)
        return probe.recv(1) == b""
    return False


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
