"""The suite on adapters that are not ours, and on what is deployed."""

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from portico import Portico
from portico.contract import ABSENT, Capability
from portico_asgi import ASGI
from portico_conformance._case import Client, Exchange, Row, SocketExchange
from portico_conformance._tls_tunnel import tls_tunnel
from portico_conformance._wire import WireRequest, WireResponse
from portico_conformance.adapted import Served, adapted_row, deployed_row
from portico_wsgi import WSGI


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def server(app: Portico, **options: Any) -> Generator[str]:
    with make_server("127.0.0.1", 0, WSGI(app, **options), handler_class=QuietHandler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


class Hello:
    """A client that needs no application."""

    row: Row

    def request(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> WireResponse:
        return self.send(WireRequest(method, target, list(headers), body))

    def send(self, request: WireRequest) -> WireResponse:
        return WireResponse(200, [], b"Hello, World!")

    def open(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[Exchange]:
        raise NotImplementedError

    def connect(
        self, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[SocketExchange]:
        raise NotImplementedError


def asgi(app: Portico, **options: Any) -> Served:
    return ASGI(app, **options)


def asgi_itself(app: Portico, **options: Any) -> Served:
    return app.__call__


def wsgi(app: Portico, **options: Any) -> Served:
    return WSGI(app, **options)


def client(app: Portico, **options: Any) -> Served:
    return Hello()


@contextmanager
def in_a_block(app: Portico, **options: Any) -> Generator[Served]:
    yield WSGI(app, **options)


@pytest.mark.parametrize(
    "factory", ["asgi", "asgi_itself", "wsgi", "client", "in_a_block", "server"]
)
def test_whatever_serves_the_application_has_a_client(factory: str) -> None:
    row = adapted_row(f"{__name__}:{factory}")

    with row.open() as found:
        answer = found.request("GET", "/text")

        assert (answer.status, answer.body) == (200, b"Hello, World!")
        assert found.row is row


def nothing(app: Portico, **options: Any) -> object:
    return 42


def test_what_serves_nothing_is_refused() -> None:
    row = adapted_row(f"{__name__}:nothing")

    with pytest.raises(TypeError, match=r"nothing gave 42\. It gives"), row.open():
        pass


def test_an_adapter_without_a_table_is_held_to_every_capability() -> None:
    assert all(map(adapted_row(f"{__name__}:wsgi").has, Capability))


def test_an_adapter_may_say_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    table = dict.fromkeys(Capability, ABSENT)
    monkeypatch.setattr(wsgi, "capabilities", table, raising=False)
    monkeypatch.setattr(wsgi, "concurrent", False, raising=False)

    row = adapted_row(f"{__name__}:wsgi")

    assert not any(map(row.has, Capability))
    assert not row.concurrent


@pytest.mark.parametrize("name", ["nowhere:factory", "portico:nothing", "portico", ""])
def test_an_adapter_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"--adapter is '{name}', which cannot be found"):
        adapted_row(name)


@pytest.mark.parametrize("url", ["example.com", "ftp://example.com", "http://", "http://a/b"])
def test_a_host_that_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no base URL"):
        deployed_row(url)


def test_a_deployed_application_says_what_it_can() -> None:
    from portico_conformance.application import OPTIONS, app

    with server(app, **OPTIONS) as url, deployed_row(url).open() as found:
        assert found.row.has(Capability.STREAM_RESPONSE)
        assert not found.row.has(Capability.DEADLINE)
        assert found.request("GET", "/text").body == b"Hello, World!"


def test_what_is_deployed_must_be_the_conformance_application() -> None:
    app = Portico()

    with (
        server(app) as url,
        pytest.raises(ValueError, match=r"GET /platform was answered with status 404"),
        deployed_row(url).open(),
    ):
        pass


def anonymous(context: ssl.SSLContext) -> ssl.SSLContext:
    """TLS without certificates, which nothing but a test accepts."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


def test_a_tunnel_leads_through_tls(client_of_tunnel: Client) -> None:
    for _ in range(2):
        answer = client_of_tunnel.request("POST", "/sync/bytes", body=b"x" * 100_000)

        assert answer.body == b"x" * 100_000


@pytest.fixture
def client_of_tunnel() -> Generator[Client]:
    from portico_conformance._on_wire import WireClient
    from portico_conformance.application import OPTIONS, app

    row = deployed_row("http://127.0.0.1")
    with make_server("127.0.0.1", 0, WSGI(app, **OPTIONS), handler_class=QuietHandler) as serving:
        secure = anonymous(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        serving.socket = secure.wrap_socket(serving.socket, server_side=True)
        thread = threading.Thread(target=serving.serve_forever, args=[0.01])
        thread.start()
        trusted = anonymous(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        with tls_tunnel("127.0.0.1", serving.server_port, trusted) as port:
            yield WireClient(row, "127.0.0.1", port)
        serving.shutdown()
        thread.join()


HELLO_FOR_ALL = """
async def serve(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    headers = [
        (b"content-type", b"text/plain;charset=UTF-8"),
        (b"content-length", b"13"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"Hello, World!"})

def adapter(app, **options):
    return serve
"""


def test_a_run_on_an_adapter_that_is_wrong_fails(tmp_path: Path) -> None:
    (tmp_path / "somebodys.py").write_text(HELLO_FOR_ALL)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [
        *(sys.executable, "-m", "pytest", "--pyargs", "portico_conformance"),
        *("--adapter", "somebodys:adapter", "-q", "-p", "no:cacheprovider"),
        *("-k", "a_get_is_answered or head_answer_of_json or canary"),
    ]

    run = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert run.returncode == 1, run.stdout
    # The canary and the plain GET are right, HEAD is not.
    assert "a_head_answer_of_json_has_its_length" in run.stdout
    assert "1 failed, 2 passed" in run.stdout
