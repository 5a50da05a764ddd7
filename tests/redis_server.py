"""A Redis server of a test's own, and questions to it that no broker knows of."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from portico_conformance._require_component import require_component
from portico_conformance.components import ensure_redis_server

PATIENCE = 20.0
"""Seconds that anything may take before a test fails."""


class RedisServer:
    """A context manager; `kill` and `start` again keep the port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._executable = require_component(ensure_redis_server)
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        # The port may be somebody else's before Redis has it.
        for _ in range(5):
            self.port = free_port()
            self._launch()
            if self._is_ready():
                return self
            self.kill()
        raise AssertionError("Redis does not start.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self, *options: str) -> None:
        """Start it where it was, with other options."""
        self._options = options
        self._launch()
        assert self._is_ready(), "Redis does not start again."

    def kill(self) -> None:
        """End it as a crash does; connections are reset."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def freeze(self) -> None:
        """Let it stand still; the system goes on to accept connections for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> Any:
        """The answer to a command, on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            parts = b"".join(
                b"$%d\r\n%b\r\n" % (len(each), each) for each in map(str.encode, words)
            )
            connection.sendall(b"*%d\r\n%b" % (len(words), parts))
            with connection.makefile("rb") as answer:
                return _read(answer)

    @contextmanager
    def hear(self, channel: str) -> Generator[Callable[[], str]]:
        """Subscribe by hand, and wait for the next message, as it goes through Redis."""
        with (
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection,
            connection.makefile("rb") as answers,
        ):
            connection.sendall(b"SUBSCRIBE %b\r\n" % channel.encode())
            assert _read(answers)[0] == "subscribe"
            yield lambda: _read(answers)[2]

    def subscriptions(self, channel: str) -> int:
        """How many connections have subscribed to a channel."""
        count: int = self.ask("PUBSUB", "NUMSUB", channel)[1]
        return count

    def connections(self) -> int:
        """How many there are, but that of the question."""
        return len(self.ask("CLIENT", "LIST").splitlines()) - 1

    def wait_for_connections(self, count: int) -> None:
        wait_until(lambda: self.connections() == count, f"there are not {count} connections")

    def _launch(self) -> None:
        self._process = subprocess.Popen(
            [
                str(self._executable),
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _is_ready(self) -> bool:
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            try:
                answer = self.ask("INFO", "server")
            except OSError:
                time.sleep(0.005)
            else:
                # Where it wants a password, another server would hardly want one as well.
                return "NOAUTH" in answer or f"process_id:{self._process.pid}\r" in answer
        return False


def free_port() -> int:
    """A port of this machine's that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Any, what: str) -> None:
    """Wait for what another process does and tells nobody of."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def _read(answer: Any) -> Any:
    """One value of RESP2, an error as its text."""
    line = answer.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"$":
        return answer.read(int(rest) + 2)[:-2].decode("utf-8", "replace")
    if kind == b"*":
        return [_read(answer) for _ in range(int(rest))]
    return int(rest) if kind == b":" else rest.decode()
