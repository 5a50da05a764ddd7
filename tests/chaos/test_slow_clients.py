"""Clients that dawdle, stop half way or vanish hold up nobody else, and nothing is kept of them."""

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext

import pytest

from chaos.servers import PATIENCE, changed, chosen, serve
from chaos.watch import Watch
from portico_asgi import CAPABILITIES
from portico_conformance._case import Row
from portico_conformance._raw_client import RawClient
from portico_conformance._servers import Server
from portico_conformance._wire import WireRequest
from portico_conformance._wire_http2 import http2_client

# A server that lends a thread to each body has as many as there are slow clients, and one more.
SLOW = 20
SERVERS = {
    "uvicorn-httptools": ["--timeout-keep-alive=1"],
    "hypercorn-asyncio": ["--keep-alive=1", "--read-timeout=60"],
    "hypercorn-trio": ["--keep-alive=1", "--read-timeout=60"],
    "granian-asgi": [],
    "gunicorn-asgi": ["--keep-alive=1"],
    "gunicorn-gthread": [f"--threads={SLOW + 1}", "--keep-alive=1"],
    "granian-wsgi": [f"--blocking-threads={SLOW + 1}"],
}
FORM = ("Content-Type", "multipart/form-data; boundary=b")
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


@pytest.fixture(scope="module", params=chosen(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serve(changed(request.param, *SERVERS[request.param])) as server:
        ask(server, "/thread")
        yield server


def client_of(server: Server) -> RawClient:
    return RawClient(server.host, server.port, PATIENCE)


def ask(server: Server, path: str) -> bytes:
    with client_of(server) as client:
        return client.request(WireRequest("GET", path)).body


@pytest.mark.parametrize("paths", [("/body",), ("/upload",), ("/body", "/upload")])
def test_others_are_answered_while_bodies_dribble_and_those_are_read_to_their_end(
    server: Server, paths: tuple[str, ...]
) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(client_of(server)) for _ in range(SLOW)]
        for number, client in enumerate(slow):
            client.start("POST", paths[number % len(paths)], [FORM])
        answers: list[bytes] = []
        for piece in (HEAD, b"x" * 1000, b"y" * 1000):
            for client in slow:
                client.send_chunk(piece)
            answers.append(ask(server, "/hello"))
        for client in slow:
            client.send_chunk(b"\r\n--b--\r\n")
            client.end_chunks()
        sizes = {(client.read_head().status, client.read_some()) for client in slow}

    assert answers == [b"hello"] * 3
    size = {"/body": b"%d" % (len(HEAD) + 2009), "/upload": b"2000"}
    assert sizes == {(200, size[path]) for path in paths}


@pytest.mark.parametrize("vanish", [RawClient.abort, RawClient.close, RawClient.half_close])
def test_nothing_is_kept_of_clients_that_leave_in_the_middle_of_a_body(
    server: Server, vanish: object
) -> None:
    assert callable(vanish)
    with Watch(server) as watch, ExitStack() as stack:
        before = watch.look()
        slow = [stack.enter_context(client_of(server)) for _ in range(SLOW)]
        for client in slow:
            client.start("POST", "/upload", [FORM])
            client.send_chunk(HEAD + b"x" * 100_000)
        for client in slow:
            vanish(client)
        after = watch.wait_until_idle(before)
        answer = ask(server, "/hello")

    assert (after.tasks <= before.tasks, after.files <= before.files) == (True, True)
    assert answer == b"hello"


IMPATIENT = [
    "uvicorn-httptools",
    "uvicorn-h11",
    "hypercorn-asyncio",
    "hypercorn-trio",
    "granian-asgi",
    "gunicorn-asgi",
]


@pytest.mark.parametrize("row", chosen(IMPATIENT))
def test_bodies_that_stop_are_answered_with_408_and_their_connections_closed(row: str) -> None:
    with (
        serve(changed(row), app="chaos.application:impatient") as server,
        Watch(server) as watch,
        ExitStack() as stack,
    ):
        before = watch.look()
        slow = [stack.enter_context(client_of(server)) for _ in range(SLOW)]
        for number, client in enumerate(slow):
            client.start("POST", ("/body", "/upload")[number % 2], [FORM])
            if number % 4 > 1:
                client.send_chunk(HEAD + b"x" * 100_000)
        answers: list[tuple[int, str | None, bool]] = []
        for client in slow:
            head = client.read_head()
            while client.read_some():
                pass
            answers.append((head.status, head.get("connection"), client.keeps))
            assert client.read_until_closed() == b""
        after = watch.wait_until_idle(before)

    assert set(answers) == {(408, "close", False)}
    assert (after.tasks <= before.tasks, after.files <= before.files) == (True, True)


@pytest.mark.parametrize("row", chosen(["hypercorn-http2", "granian-http2"]))
def test_a_body_that_stops_on_one_stream_of_http_2_is_answered_with_408(row: str) -> None:
    with serve(changed(row), app="chaos.application:impatient") as server:
        known = Row(row, "asgi", True, CAPABILITIES, lambda: nullcontext(client))
        client = http2_client(known, server.host, server.port, PATIENCE)
        with client.open("POST", "/body") as exchange:
            exchange.send(b"half")
            head = exchange.head()
            while exchange.receive():
                pass
        answer = client.request("GET", "/hello")

    assert (head.status, head.get("connection")) == (408, None)
    assert answer.body == b"hello"
