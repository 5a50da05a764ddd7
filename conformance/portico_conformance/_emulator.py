"""AWS's own Lambda Runtime Interface Emulator around a Python handler.

The emulator is a program: it offers an invocation endpoint and the Runtime
API, and runs `python -m awslambdaric module.attribute`, AWS's runtime client,
which polls that API and calls the handler. So a handler runs here with the
context, the JSON and the errors of the real thing.

What it needs from whoever drives it, each learned from a run that went wrong:
both addresses (its default is 0.0.0.0:8080), one invocation at a time, a limit
on every call, and an end to the Python it started, which sits in a process
group of its own.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from ._lambda_events import Event
from ._lambda_stream import streamed_result

INVOCATIONS = "/2015-03-31/functions/function/invocations"
START_SECONDS = 10.0
STOP_SECONDS = 3.0
ATTEMPTS = 3


class EmulatorError(Exception):
    """The emulator did not start, did not answer, or ended: with the end of its log."""


class FunctionError(Exception):
    """The handler raised, or the runtime could not load it.

    `type` and `message` are the exception's, as the runtime client reports
    them; `trace` is its stack trace, line by line.
    """

    def __init__(self, type: str, message: str, trace: Sequence[str]) -> None:
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message
        self.trace = tuple(trace)


class Emulator:
    """A running emulator with one function in it, as a context manager.

        with Emulator(rie, "handler.handler", directory=folder) as emulator:
            answer = emulator.invoke({"version": "2.0", ...})

    `binary` is `aws-lambda-rie` for this machine. `handler` is
    `module.attribute`, imported with `directory` as the working directory and
    `python_path` in front of the module path. `env` is added to this process's
    environment. `function_timeout` (seconds, whole) is the function's own; the
    runtime is started anew after it. `runtime` is the module that is run: AWS's own,
    or `portico_lambda`, whose streamed results are given as if they were not. `python` needs it.
    """

    def __init__(
        self,
        binary: Path,
        handler: str,
        *,
        directory: Path,
        python_path: Sequence[Path] = (),
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
        function_timeout: int = 30,
        runtime: str = "awslambdaric",
    ) -> None:
        self._command = [python, "-m", runtime, handler]
        self._binary = binary
        self._directory = directory
        self._env = {
            **os.environ,
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function_timeout),
            "AWS_REGION": "eu-west-1",
            "PYTHONPATH": os.pathsep.join([*map(str, python_path), *_inherited_path()]),
            **(env or {}),
        }
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="portico-emulator-")
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def invoke(self, event: Event, timeout: float = 35.0) -> object:
        """What the handler returns for `event`, after a trip through JSON both ways.

        Waits its turn behind other threads, then at most `timeout` seconds.
        Raises `FunctionError` where the handler raised, `EmulatorError` where
        no result came.
        """
        payload = json.dumps(event).encode("utf-8")
        with self._one_at_a_time:
            status, text = self._post(payload, timeout)
        try:
            result = streamed_result(text) or _raised_or(json.loads(text))
        except ValueError:
            # A function that ran out of time is reported in plain text, status 200.
            raise self._failure(f"no result: {text[:200]!r}") from None
        if status != 200:
            raise self._failure(f"it answered {status}: {text[:200]!r}")
        return result

    def log(self, lines: int = 20) -> str:
        """The last lines that the emulator and the function wrote."""
        if self._folder is None:
            return ""
        text = self._log_path().read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def close(self) -> None:
        """End the emulator and every process it started; more than once is fine."""
        process, self._process = self._process, None
        if process is not None:
            _end_session(process)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _start(self) -> None:
        # A port that was free may be taken by the time the emulator asks for it.
        for _ in range(ATTEMPTS):
            self.port, runtime_port = _free_ports()
            self._process = self._launch(runtime_port)
            if self._answers():
                return
            _end_session(self._process)
        raise self._failure(f"it did not start, {ATTEMPTS} attempts were made")

    def _launch(self, runtime_port: int) -> subprocess.Popen[bytes]:
        addresses = [
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
            *("--log-level", "warn"),
        ]
        with self._log_path().open("ab") as log:
            return subprocess.Popen(
                [str(self._binary), *addresses, *self._command],
                cwd=self._directory,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # The session is how its children are found again: each is in
                # a process group of its own.
                start_new_session=True,
            )

    def _answers(self) -> bool:
        """Whether the invocation endpoint accepts connections before the start limit."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._running().poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
                return True
            time.sleep(0.01)
        return False

    def _post(self, payload: bytes, timeout: float) -> tuple[int, bytes]:
        self._running()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", INVOCATIONS, payload)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._failure(f"no answer: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmulatorError("The emulator is not running. Use it as a context manager.")
        return self._process

    def _failure(self, what: str) -> EmulatorError:
        command = " ".join(self._command)
        return EmulatorError(f"Emulator around `{command}`: {what}. Its log ends:\n{self.log()}")

    def _log_path(self) -> Path:
        return Path(cast("tempfile.TemporaryDirectory[str]", self._folder).name, "emulator.log")


def _raised_or(result: object) -> object:
    """`result`, unless it is a report of an exception.

    The emulator answers 200 for both (502 where the handler could not be
    loaded) and sends no X-Amz-Function-Error, by which AWS's services tell them
    apart; so the fields have to.
    """
    if not isinstance(result, dict):
        return result
    fields = cast("dict[str, object]", result)
    if "errorMessage" not in fields or "statusCode" in fields or "status" in fields:
        return fields
    trace = fields.get("stackTrace")
    lines = [str(line) for line in cast("list[object]", trace)] if isinstance(trace, list) else []
    raise FunctionError(str(fields.get("errorType")), str(fields["errorMessage"]), lines)


def _inherited_path() -> list[str]:
    inherited = os.environ.get("PYTHONPATH")
    return [inherited] if inherited else []


def _free_ports() -> tuple[int, int]:
    """Two loopback ports that nobody listens on now."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return int(one.getsockname()[1]), int(two.getsockname()[1])


def _end_session(leader: subprocess.Popen[bytes]) -> None:
    """End `leader` and all that is left of the session it leads."""
    leader.terminate()
    with suppress(subprocess.TimeoutExpired):
        leader.wait(STOP_SECONDS)
    # Asked nicely, the emulator mostly takes its children along. What is left
    # keeps the number of the session from being given to anyone else.
    end = time.monotonic() + STOP_SECONDS
    while (members := _session_members(leader.pid)) and time.monotonic() < end:
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    leader.wait()


def _session_members(session: int) -> list[int]:
    """The processes of a session that still run (`proc_pid_stat(5)`: state, then 6, session)."""
    members: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name, in parentheses, may hold spaces and parentheses itself.
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if fields[0] != "Z" and int(fields[3]) == session:
                    members.append(int(entry.name))
    return members
