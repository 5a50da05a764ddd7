"""`portico demo` with real runtimes."""

import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from portico_cli import main
from portico_cli._column import Column
from portico_cli._demo_requests import CALLS
from portico_cli._demo_runtimes import RUNTIMES, Runtime
from portico_cli._fleet import fleet
from portico_conformance._require_component import require_component
from portico_conformance.components import (
    ensure_emulator,
    ensure_worker_packages,
    ensure_workerd,
)
from portico_conformance.runtimes import RuntimeMissingError, RuntimeStartError

DEMO = [sys.executable, "-m", "portico_cli", "demo"]


def ports_open(ports: list[int]) -> list[int]:
    found: list[int] = []
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(port)
    return found


@contextmanager
def leaving_no_process(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """What the block starts is found by a variable that it inherits (where there is /proc)."""
    mark = f"PORTICO_MARK={uuid4()}"
    monkeypatch.setenv(*mark.split("="))
    yield mark
    assert running_with(mark) == []


def running_with(mark: str) -> list[str]:
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may have ended, or be somebody else's
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().decode("utf-8", "replace"))
    return found


def test_two_servers_give_the_same_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "uvicorn", "gunicorn"]) == 0

    out = capsys.readouterr().out
    assert out.endswith(f"{len(CALLS)} requests, 2 runtimes: all answers are the same.\n")


def test_every_runtime_gives_the_same_answers_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for find in (ensure_emulator, ensure_workerd, ensure_worker_packages):
        require_component(find)

    with leaving_no_process(monkeypatch):
        assert main(["demo"]) == 0, capsys.readouterr().out

    out = capsys.readouterr().out
    assert out.endswith(f"{len(CALLS)} requests, 4 runtimes: all answers are the same.\n")


def test_the_requests_reach_every_answer_of_the_application() -> None:
    with fleet([RUNTIMES["gunicorn"]], CALLS, lambda _: None) as [column]:
        statuses = [getattr(answer, "status", column) for answer in column.answers]

    assert statuses == [200, 200, 200, 422, 200, 404, 201, 422, 400, 200, 200, 404, 405]


def test_a_component_that_is_missing_is_named_with_its_command_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)

    assert main(["demo", "gunicorn", "workerd"]) == 0

    out = capsys.readouterr().out
    assert "workerd is missing." in out
    assert "python -m portico_conformance.components workerd" in out
    assert out.endswith(" answers with. Missing: workerd.\n")


@contextmanager
def refusing(error: Exception | None) -> Generator[int]:
    """A runtime that does not start, for this reason; without one, nobody listens on its port."""
    with socket.socket() as bound:
        if error is not None:
            raise error
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])


def test_each_runtime_that_gives_no_answers_says_why() -> None:
    errors = {
        "lacking": RuntimeMissingError("Run: get-it"),
        "failing": RuntimeStartError("the end of its log"),
        "crashing": ValueError("a mistake of ours"),
        "silent": None,
    }
    runtimes = [Runtime(name, "none", partial(refusing, error)) for name, error in errors.items()]
    told: list[Column] = []

    with fleet(runtimes, CALLS[:1], told.append) as columns:
        lack, failure, crash, silence = columns

    assert lack.missing == "Run: get-it"
    assert failure.failure == "the end of its log"
    assert crash.failure.endswith("ValueError: a mistake of ours")
    assert silence.ran
    assert str(silence.answers[0]).startswith("ConnectionRefusedError")
    assert sorted(column.name for column in told) == sorted(errors)


def test_a_fleet_serves_until_its_block_ends_and_then_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        leaving_no_process(monkeypatch) as mark,
        fleet([RUNTIMES["uvicorn"], RUNTIMES["gunicorn"]], CALLS[:1], lambda _: None) as columns,
    ):
        ports = [column.port for column in columns]
        assert ports_open(ports) == ports
        assert bool(running_with(mark)) == Path("/proc").is_dir()

    assert ports_open(ports) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_kept_serves_until_a_signal_and_then_stops_everything(
    number: signal.Signals,
) -> None:
    with subprocess.Popen(
        [*DEMO, "uvicorn", "gunicorn", "--keep"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = list(iter(process.stdout.readline, "Serving until Ctrl-C.\n"))
        urls = [line.split()[-1] for line in lines if "http://" in line]
        ports = [int(url.rstrip("/").rpartition(":")[2]) for url in urls]
        served = ports_open(ports)
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)

    assert len(ports) == 2
    assert served == ports
    assert (process.returncode, rest) == (0, "Stopping.\n"), "".join(lines)
    assert ports_open(ports) == []


def test_a_demo_that_is_interrupted_stops_what_it_started_and_says_so_in_its_status() -> None:
    with subprocess.Popen(
        [*DEMO, "uvicorn"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (130, "")
