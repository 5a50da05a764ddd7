import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portico_conformance._raw_client import RawClient
from portico_conformance._server_rows import Command
from portico_conformance._servers import (
    SERVERS,
    Server,
    ServerMissingError,
    ServerRow,
    ServerStartError,
    start_all,
    stop_all,
)
from portico_conformance._wire import WireRequest

HELLO = """
import os

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            print("seen", message["type"])
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    fields = {name.lower(): value for name, value in scope["headers"]}
    proxy = fields.get(b"x-forwarded-proto", b"").decode()
    body = answer(scope["path"], scope["scheme"], scope["client"][0], proxy)
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ, start_response):
    proxy = environ.get("HTTP_X_FORWARDED_PROTO", "")
    scheme, client = environ["wsgi.url_scheme"], environ["REMOTE_ADDR"]
    body = answer(environ["PATH_INFO"], scheme, client, proxy)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def answer(path, *facts):
    return (" ".join(facts) if path == "/facts" else os.environ["HELLO"]).encode()
"""

BROKEN = """
raise RuntimeError("the broken application says so")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("applications")
    (path / "hello_app.py").write_text(HELLO)
    (path / "broken_app.py").write_text(BROKEN)
    return path


def running(program: str) -> Command:
    """The command of a server that is a few lines of Python."""
    return lambda app, address: ["-c", program, str(address)]


def hello(row: ServerRow, folder: Path) -> Server:
    return Server(row, f"hello_app:{row.interface}", path=folder, env={"HELLO": "hello"})


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[dict[str, Server]]:
    every = {row.id: hello(row, folder) for row in SERVERS.values()}
    start_all(every.values())
    yield every
    stop_all(every.values())


@pytest.mark.parametrize("row", SERVERS)
def test_a_server_answers_as_soon_as_it_has_started(servers: dict[str, Server], row: str) -> None:
    server = servers[row]

    with RawClient(server.host, server.port) as client:
        response = client.request(WireRequest("GET", "/", [], b""))

    assert (response.status, response.body) == (200, b"hello")


@pytest.mark.parametrize("row", SERVERS)
def test_a_server_passes_proxy_fields_on_and_does_not_act_on_them(
    servers: dict[str, Server], row: str
) -> None:
    server = servers[row]
    fields = [("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.1")]

    with RawClient(server.host, server.port) as client:
        response = client.request(WireRequest("GET", "/facts", fields))

    assert response.body == b"http 127.0.0.1 https"


def test_an_asgi_server_is_ready_only_after_the_application_started(folder: Path) -> None:
    with hello(SERVERS["uvicorn-h11"], folder) as server:
        assert "seen lifespan.startup" in server.log()


def test_stopping_lets_the_application_shut_down(folder: Path) -> None:
    with hello(SERVERS["uvicorn-h11"], folder) as server:
        pass

    assert "seen lifespan.shutdown" in server.log()


@pytest.mark.parametrize("row", ["gunicorn-sync", "granian-asgi", "waitress"])
def test_stopping_leaves_no_process_and_no_listener(folder: Path, row: str) -> None:
    with hello(SERVERS[row], folder) as server:
        leader = server.pid
        assert leader is not None

    with pytest.raises(ProcessLookupError):
        os.killpg(leader, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), 1)


@pytest.mark.parametrize("row", ["uvicorn-h11", "gunicorn-sync", "granian-wsgi", "wsgiref"])
def test_an_application_that_cannot_be_imported_fails_with_the_servers_log(
    folder: Path, row: str
) -> None:
    server = Server(SERVERS[row], "broken_app:app", path=folder)

    with pytest.raises(ServerStartError, match="the broken application says so"), server:
        pass

    assert server.pid is None


def test_a_server_that_ignores_the_signal_is_killed_after_its_grace(folder: Path) -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(60)"
    deaf = replace(SERVERS["wsgiref"], command=running(program), logs_ready="up")
    server = Server(deaf, "none:none", path=folder, grace=0.05)

    with server:
        started = time.monotonic()

    assert time.monotonic() - started < 5


def test_a_server_that_never_gets_ready_is_stopped_after_its_time(folder: Path) -> None:
    program = "import time; time.sleep(60)"
    silent = replace(SERVERS["wsgiref"], command=running(program), logs_ready="never")
    server = Server(silent, "none:none", path=folder, startup=0.05)

    with pytest.raises(ServerStartError, match=r"wsgiref is not ready after 0\.05 s"), server:
        pass

    assert server.pid is None


def test_a_lost_port_is_replaced_by_another(folder: Path, tmp_path: Path) -> None:
    once = tmp_path / "once"
    program = (
        "import pathlib, sys\n"
        f"once = pathlib.Path({str(once)!r})\n"
        "if not once.exists():\n"
        "    once.touch()\n"
        "    sys.exit('Address already in use')\n"
        "import runpy\n"
        "sys.argv[1:] = ['--bind=127.0.0.1:' + sys.argv[1], 'hello_app:wsgi']\n"
        "runpy.run_module('cheroot', run_name='__main__')\n"
    )
    unlucky = replace(SERVERS["cheroot"], command=running(program))

    with (
        Server(unlucky, "hello_app:wsgi", path=folder, env={"HELLO": "again"}) as server,
        RawClient(server.host, server.port) as client,
    ):
        assert client.request(WireRequest("GET", "/", [], b"")).body == b"again"


def test_a_server_that_is_not_installed_is_named_with_its_command(folder: Path) -> None:
    absent = replace(SERVERS["daphne"], requires={"no_such_server": "no-such-server"})

    with pytest.raises(ServerMissingError, match=r"-m pip install no-such-server"):
        Server(absent, "hello_app:asgi", path=folder).launch()


def test_a_server_is_not_started_twice(servers: dict[str, Server]) -> None:
    with pytest.raises(RuntimeError, match="wsgiref is running already"):
        servers["wsgiref"].launch()


def test_when_one_of_many_fails_none_is_left_running(folder: Path) -> None:
    good = hello(SERVERS["wsgiref"], folder)
    bad = Server(SERVERS["wsgiref"], "broken_app:app", path=folder)

    with pytest.raises(ServerStartError):
        start_all([good, bad])

    assert (good.pid, bad.pid) == (None, None)
