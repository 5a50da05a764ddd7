"""A server is told to end (SIGTERM) while requests are inside, and answers them all before."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from chaos.gate import Gate
from chaos.servers import PATIENCE, changed, end_of, open_files, serve, wait_for_log
from portico_conformance._raw_client import RawClient
from portico_conformance._servers import Server


class Case(NamedTuple):
    """One server, how long it waits for requests, what it says when it was told, and how many."""

    row: str
    options: Sequence[str]
    told: str = ""
    requests: int = 8


CASES = [
    Case("uvicorn-h11", [], "Waiting for connections to close"),
    Case("uvicorn-httptools", [], "Waiting for connections to close"),
    Case("hypercorn-asyncio", ["--graceful-timeout=20"]),
    # Only its worker processes heed the signal under trio.
    Case("hypercorn-trio", ["--workers=1", "--graceful-timeout=20"]),
    Case("granian-asgi", [], "Stopping worker"),
    Case("granian-wsgi", ["--blocking-threads=8"], "Stopping worker"),
    Case("gunicorn-asgi", [], "Handling signal: term"),
    Case("gunicorn-gthread", ["--threads=8"], "Handling signal: term"),
    Case("gunicorn-sync", ["--workers=4"], "Handling signal: term", 4),
]
PATHS = ["/await", "/wait", "/half", "/ahalf"]
ANSWERS = [b"waited", b"waited", b"first,last", b"first,last"]
FORM = ("Content-Type", "multipart/form-data; boundary=b")
HALF = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 100_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_no_request_is_lost_that_is_inside_when_the_server_is_told_to_end(case: Case) -> None:
    with ExitStack() as stack:
        gate = stack.enter_context(Gate())
        server = stack.enter_context(serve(changed(case.row, *case.options), gate.environment))
        clients = [stack.enter_context(client_of(server)) for _ in range(case.requests)]
        for number, client in enumerate(clients):
            client.start("GET", PATHS[number % 4], [("Content-Length", "0")])
        visitors = [gate.next() for _ in clients]
        tell(server, case, visitors[0].pid)
        for visitor in visitors:
            visitor.let_go()
        answers = [whole(client) for client in clients]
        status = end_of(server)

    assert answers == [(200, ANSWERS[number % 4]) for number in range(case.requests)]
    assert status in {0, -15}  # uvicorn ends by the signal that it was sent


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_form_is_read_to_its_end_that_arrives_when_the_server_is_told_to_end(case: Case) -> None:
    with Gate() as gate, serve(changed(case.row, *case.options), gate.environment) as server:
        with client_of(server) as client:
            client.start("POST", "/gated", [FORM])
            client.send_chunk(HALF)
            visitor = gate.next()
            tell(server, case, visitor.pid)
            visitor.let_go()
            client.send_chunk(HALF[-100_000:] + b"\r\n--b--\r\n")
            client.end_chunks()
            answer = whole(client)
        status = end_of(server)

    assert answer == (200, b"200000")
    assert status in {0, -15}


def client_of(server: Server) -> RawClient:
    return RawClient(server.host, server.port, PATIENCE)


def whole(client: RawClient) -> tuple[int, bytes]:
    """The answer to the request that was begun; an error where it is cut short."""
    status, pieces = client.read_head().status, list[bytes]()
    while piece := client.read_some():
        pieces.append(piece)
    return status, b"".join(pieces)


def tell(server: Server, case: Case, worker: int) -> None:
    """Send the signal, and wait until the server shows that it has heard it."""
    server.terminate()
    if case.told:
        wait_for_log(server, case.told)
        return
    end = time.monotonic() + PATIENCE
    while listens(worker, server.port):
        assert time.monotonic() < end, "The server goes on to accept connections."
        time.sleep(0.01)


def listens(pid: int, port: int) -> bool:
    """Whether a process holds the socket that listens on a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()]
    listening = {
        f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"
    }
    return bool(listening & set(open_files(pid)))
