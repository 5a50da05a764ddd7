"""Sockets of different processes that hear of each other, through Redis: real servers."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from portico_conformance._raw_client import RawClient
from portico_conformance._require_component import components_required
from portico_conformance._servers import SERVERS, Server
from portico_conformance._socket_wire import WireSocket
from portico_conformance._wire import WireRequest
from redis_server import RedisServer

APPLICATION = """
from portico import Context, Portico, WebSocket
from portico_asgi import ASGI
from portico_plugins import redis_broker

app = Portico()
app.broker(app.resource(redis_broker()))
chat = app.ws("/chat/{room}")


@chat.open
async def join(ws: WebSocket, room: str) -> str:
    await ws.subscribe(room)
    return "joined"


@chat.message
async def say(ws: WebSocket, message: str | bytes, room: str) -> None:
    await ws.publish(room, message)


@app.post("/chat/{room}")
async def announce(ctx: Context, room: str, body: str) -> str:
    await ctx.publish(room, {"announced": body})
    return "sent"


application = ASGI(app)
"""


@contextmanager
def joined(server: Server, room: str) -> Generator[WireSocket]:
    with RawClient(server.host, server.port) as raw:
        one = WireSocket(raw, f"/chat/{room}", [("Host", "app.test")])
        assert one.receive() == "joined"
        yield one


@pytest.mark.parametrize(
    "rows",
    [("uvicorn-h11", "uvicorn-httptools"), ("uvicorn-h11", "hypercorn-trio")],
    ids=["asyncio", "asyncio and trio"],
)
def test_a_client_of_one_process_gets_what_is_published_in_another(
    rows: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "chat.py").write_text(APPLICATION)
    with RedisServer(tmp_path) as redis, components_required(), ExitStack() as stack:
        environment = {"REDIS_URL": redis.url}
        servers = [
            stack.enter_context(
                Server(SERVERS[row], "chat:application", path=tmp_path, env=environment)
            )
            for row in rows
        ]
        ada, bob, eve = (
            stack.enter_context(joined(server, room))
            for server, room in ((servers[0], "tea"), (servers[1], "tea"), (servers[1], "milk"))
        )

        ada.send("hé")
        ada.send(b"\xff")
        assert [bob.receive(), bob.receive()] == ["hé", b"\xff"]
        bob.send("to ada")
        assert ada.receive() == "to ada"
        with RawClient(servers[1].host, servers[1].port) as client:
            request = WireRequest("POST", "/chat/tea", [("Content-Type", "text/plain")], b"all")
            assert client.request(request).body == b"sent"
        assert [ada.receive(), bob.receive()] == ['{"announced":"all"}'] * 2
        eve.send("nobody else is here")
        bob.send("end")
        assert ada.receive() == "end"
