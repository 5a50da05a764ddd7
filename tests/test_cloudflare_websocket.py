"""WebSockets of a Worker, in the fake runtime: what is held, let go of, and refused."""

import pytest
from anyio.from_thread import start_blocking_portal

from portico import Context, Portico
from portico_cloudflare import Worker
from portico_conformance._case import SocketEnd
from portico_conformance._fake_js import World, installed
from portico_conformance._in_process_worker_socket import WorkerSocket
from portico_conformance._socket_wire import HANDSHAKE
from portico_conformance._wire import WireRequest


def connected(app: Portico, path: str, talk: list[str]) -> tuple[World, list[object]]:
    """What a connection answers to each message; and the isolate, once the connection is over."""
    with installed() as world, start_blocking_portal("asyncio") as portal:
        fields = [("Host", "app.test"), *HANDSHAKE]
        socket = WorkerSocket(portal, world, Worker(app), WireRequest("GET", path, fields))
        found: list[object] = [socket.answer.status]
        for message in talk:
            socket.send(message)
            found.append(socket.receive())
        if socket.answer.status == 101:
            socket.close()
            found.append(socket.receive())
        socket.disconnect()
    return world, found


async def echo(message: str) -> str:
    return message


def test_a_connection_leaves_no_proxy_behind() -> None:
    app = Portico()
    app.ws("/a")(echo)

    world, found = connected(app, "/a", ["x", "y"])

    assert found == [101, "x", "y", SocketEnd(1000)]
    assert len(world.proxies) == 3
    assert world.living_proxies == 0


def test_a_connection_that_is_lost_is_over() -> None:
    app, ends = Portico(), list[int]()
    socket = app.ws("/a")
    socket(echo)

    @socket.close
    def end(code: int) -> None:
        ends.append(code)

    with installed() as world, start_blocking_portal("asyncio") as portal:
        request = WireRequest("GET", "/a", [("Host", "app.test"), *HANDSHAKE])
        WorkerSocket(portal, world, Worker(app), request).disconnect()

    assert ends == [1006]
    assert world.living_proxies == 0


def test_an_idle_connection_is_closed() -> None:
    app = Portico()
    app.ws("/a", idle_timeout=0.01)(echo)

    with installed() as world, start_blocking_portal("asyncio") as portal:
        request = WireRequest("GET", "/a", [("Host", "app.test"), *HANDSHAKE])
        socket = WorkerSocket(portal, world, Worker(app), request)
        assert socket.receive() == SocketEnd(1001, "idle")
        socket.disconnect()

    assert world.living_proxies == 0


@pytest.mark.parametrize("path", ["/nowhere", "/plain"])
def test_a_path_without_a_websocket_refuses(path: str) -> None:
    app = Portico()
    app.ws("/a")(echo)
    app.get("/plain", "plain")

    assert connected(app, path, [])[1] == [404]


def test_an_application_without_websockets_answers_the_request_over_http() -> None:
    app = Portico()
    app.get("/plain", "plain")

    assert connected(app, "/plain", [])[1] == [200]


def test_the_fields_of_an_accepted_handshake_are_the_text_of_their_bytes() -> None:
    app = Portico()

    @app.ws("/a")
    async def hear(ctx: Context, message: str) -> None: ...

    @app.request
    def name(ctx: Context) -> None:
        ctx.set.headers["x-name"] = "é".encode().decode("latin-1")

    with installed() as world, start_blocking_portal("asyncio") as portal:
        request = WireRequest("GET", "/a", [("Host", "app.test"), *HANDSHAKE])
        socket = WorkerSocket(portal, world, Worker(app), request)
        # In the text of JavaScript, which the runtime sends as UTF-8.
        assert socket.answer.get("x-name") == "é"
        socket.disconnect()
