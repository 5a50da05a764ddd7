"""A worker is killed (SIGKILL) while it answers, and while a form arrives, and others go on."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from chaos.gate import Gate
from chaos.servers import PATIENCE, changed, chosen, open_files, serve, wait_for_log
from portico_conformance._raw_client import IncompleteResponseError, NoResponseError, RawClient
from portico_conformance._servers import Server
from portico_conformance._wire import WireRequest

# What each server writes when a worker is there. A test begins with two.
STARTED = {
    "uvicorn-h11": "Application startup complete",
    "granian-asgi": "Started worker",
    "granian-wsgi": "Started worker",
    "gunicorn-asgi": "Booting worker",
    "gunicorn-sync": "Booting worker",
    "gunicorn-gthread": "Booting worker",
}
OPTIONS = {row: ["--respawn-failed-workers"] for row in ("granian-asgi", "granian-wsgi")}
HALF = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 300_000
FORM = ("Content-Type", "multipart/form-data; boundary=b")


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    with Gate() as gate:
        yield gate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers put temporary files."""
    return tmp_path_factory.mktemp("temporary")


# A server for each test: some give up when workers die again and again.
@pytest.fixture(params=chosen(STARTED))
def server(request: pytest.FixtureRequest, gate: Gate, folder: Path) -> Iterator[Server]:
    row = changed(request.param, "--workers=2", *OPTIONS.get(request.param, []))
    with serve(row, {**gate.environment, "TMPDIR": str(folder)}) as server:
        wait_for_log(server, STARTED[row.id], 2)
        yield server


def client_of(server: Server) -> RawClient:
    return RawClient(server.host, server.port, PATIENCE)


def answer(server: Server) -> tuple[int, bytes]:
    """What a new client is answered.

    Each of granian's workers has a queue of connections of its own, which dies with it: who comes
    before the next worker is there may be refused.
    """
    if "granian" in server.row.id:
        wait_for_log(server, STARTED[server.row.id], 3)
    with client_of(server) as client:
        response = client.request(WireRequest("GET", "/hello"))
    return response.status, response.body


@pytest.mark.parametrize("path", ["/half", "/ahalf"])
def test_an_answer_that_a_dead_worker_began_is_never_taken_for_a_whole_one(
    server: Server, gate: Gate, path: str
) -> None:
    with client_of(server) as client:
        client.start("GET", path, [("Content-Length", "0")])
        status = client.read_head().status
        worker = gate.next()
        begun = client.read_some()
        worker.kill()
        with pytest.raises(IncompleteResponseError):
            client.read_some()

    assert (status, begun, answer(server)) == (200, b"first,", (200, b"hello"))


@pytest.mark.parametrize("path", ["/wait", "/await"])
def test_a_request_whose_worker_dies_before_the_answer_gets_none(
    server: Server, gate: Gate, path: str
) -> None:
    with client_of(server) as client:
        client.start("GET", path, [("Content-Length", "0")])
        gate.next().kill()
        with pytest.raises(NoResponseError) as caught:
            client.read_head()

    assert (caught.value.received, answer(server)) == (b"", (200, b"hello"))


def test_a_form_whose_worker_dies_while_it_arrives_leaves_no_file(
    server: Server, gate: Gate, folder: Path
) -> None:
    with client_of(server) as client:
        client.start("POST", "/gated", [FORM])
        client.send_chunk(HALF)
        worker = gate.next()
        worker.let_go()
        spools = wait_for_spool(worker.pid, folder)
        worker.kill()
        with pytest.raises(NoResponseError):
            client.read_head()

    assert (spools, list(folder.iterdir()), answer(server)) == (1, [], (200, b"hello"))


def wait_for_spool(pid: int, folder: Path) -> int:
    """Wait until the process has the file of a form open; how many it has."""
    end = monotonic() + PATIENCE
    while not (count := sum(name.startswith(f"{folder}/#") for name in open_files(pid))):
        assert monotonic() < end, "No temporary file was made."
        sleep(0.01)
    return count
