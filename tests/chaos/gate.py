"""A barrier between a test and the requests inside of a server's processes.

A handler that comes to the gate connects to it, says in which process it is, and waits until the
test lets it go. So a test knows that a request is inside, where, and whether it is still there.
"""

import os
import signal
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PORT = "CHAOS_GATE"
"""The variable of the environment that tells a server's processes where the gate is."""

_PATIENCE = 30.0  # seconds, for any one step


class Visitor:
    """One request that waits at the gate."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(_PATIENCE)
        self.pid = int(self._connection.recv(32))

    def let_go(self) -> None:
        """Let the request go on."""
        self._connection.sendall(b".")
        self._connection.close()

    def kill(self) -> None:
        """Kill the process that the request is in, and wait until it holds nothing any more."""
        os.kill(self.pid, signal.SIGKILL)
        end = time.monotonic() + _PATIENCE
        while _runs(self.pid):
            assert time.monotonic() < end, f"The process {self.pid} does not end."
            time.sleep(0.002)
        self._connection.close()

    def wait_until_gone(self) -> None:
        """Wait until the request gives up waiting, or its process has ended."""
        try:
            left = self._connection.recv(1)
        except ConnectionResetError:
            left = b""
        assert left == b""
        self._connection.close()


class Gate:
    """The test's side of the barrier: a context manager that listens on loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.settimeout(_PATIENCE)
        self.environment = {PORT: str(self._listener.getsockname()[1])}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def next(self) -> Visitor:
        """Wait for the next request that arrives."""
        return Visitor(self._listener.accept()[0])


def pass_gate() -> None:
    """Wait until the test lets this request go; for synchronous code."""
    address = ("127.0.0.1", int(os.environ[PORT]))
    with socket.create_connection(address, _PATIENCE) as connection:
        connection.sendall(str(os.getpid()).encode())
        _check(connection.recv(1))


async def apass_gate() -> None:
    """Wait until the test lets this request go; on asyncio and trio."""
    from anyio import connect_tcp, fail_after

    with fail_after(_PATIENCE):
        async with await connect_tcp("127.0.0.1", int(os.environ[PORT])) as connection:
            await connection.send(str(os.getpid()).encode())
            _check(await connection.receive(1))


def _runs(pid: int) -> bool:
    """Whether a process has not ended; one that waits to be reaped has."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _check(answer: bytes) -> None:
    if answer != b".":
        raise RuntimeError("The test has closed the gate without letting this request go.")
