"""WebSocket scopes through `ASGI`, under the strict validator, on asyncio and trio."""

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import anyio
import pytest

from portico import Context, Portico, WebSocket
from portico.contract import POSTED_LIMIT, Platform
from portico_asgi import ASGI, AsgiRaw
from portico_conformance._asgi_validator import validate

Message = MutableMapping[str, Any]

pytestmark = pytest.mark.anyio

CLOSED: Message = {"type": "websocket.disconnect", "code": 1000, "reason": ""}


def scope_of(path: str = "/a", **members: Any) -> Message:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"app.test")],
        "subprotocols": [],
        "client": ("192.0.2.1", 5000),
        "server": ("192.0.2.2", 80),
        **members,
    }


def text(data: str) -> Message:
    return {"type": "websocket.receive", "text": data}


class Server:
    """A server whose client has said all that it says; what is sent is kept."""

    def __init__(self, *messages: Message) -> None:
        self.messages = [{"type": "websocket.connect"}, *messages]
        self.sent: list[Message] = []
        self.has_more = anyio.Event()
        self.failure: Exception | None = None

    async def receive(self) -> Message:
        await anyio.lowlevel.checkpoint()
        if not self.messages:
            await self.has_more.wait()
        return self.messages.pop(0)

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)

    async def serve(self, app: Portico, scope: Message, **options: Any) -> list[Message]:
        watched = validate(ASGI(app, **options))
        with anyio.fail_after(10):
            await watched(scope, self.receive, self.send)
        assert watched.violations == []
        return self.sent


async def echo(message: str) -> str:
    return message


def echoing(**options: Any) -> Portico:
    app = Portico()

    @app.ws("/a", **options)
    async def echo(message: str | bytes) -> str | bytes:
        return message

    return app


async def test_a_message_has_one_of_text_and_bytes_whatever_stands_beside_it() -> None:
    server = Server(
        {"type": "websocket.receive", "text": "", "bytes": None},
        {"type": "websocket.receive", "bytes": b"b", "text": None},
        {"type": "websocket.receive", "bytes": b""},
        CLOSED,
    )

    accept, *sent = await server.serve(echoing(), scope_of())

    assert accept == {"type": "websocket.accept", "subprotocol": None}
    assert [message.get("text", message.get("bytes")) for message in sent] == ["", b"b", b""]


async def test_the_request_is_one_over_http_without_a_body() -> None:
    app, seen = Portico(), list[object]()

    @app.ws("/a")
    async def loop(ctx: Context, ws: WebSocket) -> None:
        request = ctx.request
        seen.extend([request.method, request.url, request.has_body, ctx.platform.peer.address])
        seen.append(ctx.platform.raw(AsgiRaw).scope["type"])
        assert not ctx.platform.signal.aborted
        assert [message async for message in ws] == []
        assert ctx.platform.signal.aborted

    headers = [(b"host", b"app.test"), (b"content-length", b"5")]
    await Server(CLOSED).serve(app, scope_of(scheme="wss", http_version="2", headers=headers))

    assert [str(each) for each in seen] == [
        "GET",
        "https://app.test/a",
        "False",
        "192.0.2.1",
        "websocket",
    ]


async def test_a_subprotocol_is_chosen_of_those_that_the_scope_alone_has() -> None:
    app = echoing(subprotocols=["b", "a"])

    (accept,) = await Server(CLOSED).serve(app, scope_of(subprotocols=["a", "b"]))

    assert accept["subprotocol"] == "b"


async def test_a_server_of_an_old_version_gets_no_reason() -> None:
    app = Portico()

    @app.ws("/a")
    async def leave(ws: WebSocket) -> None:
        await ws.close(4000, "a reason")

    sent = await Server().serve(app, scope_of(asgi={"version": "3.0"}))

    assert sent[-1] == {"type": "websocket.close", "code": 4000}


@pytest.mark.parametrize("strict", [False, True])
async def test_fields_that_a_server_cannot_send_are_told_of(
    strict: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def dress(ctx: Context) -> None:
        ctx.set.headers.set("x-field", "value")

    app = echoing(before_handle=dress)
    extensions: Message = {"websocket.http.response": {}}
    scope = scope_of(asgi={"version": "3.0"}, extensions=extensions)

    first, *_ = await Server(CLOSED).serve(app, scope, strict=strict)

    assert "x-field" in caplog.text
    assert first.get("status") == (500 if strict else None)


async def test_a_refusal_is_a_response_where_the_server_can_and_a_close_where_not() -> None:
    app = echoing()
    plain = await Server().serve(app, scope_of("/nowhere"))
    start, body = await Server().serve(
        app, scope_of("/nowhere", extensions={"websocket.http.response": {}})
    )

    assert plain == [{"type": "websocket.close", "code": 1000}]
    assert (start["status"], body["more_body"]) == (404, False)
    assert b"no WebSocket" in body["body"]


async def test_a_refusal_that_is_a_stream_is_sent_and_closed() -> None:
    closed: list[bool] = []

    async def reasons() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    app = Portico()
    app.ws("/a", before_handle=lambda ctx: reasons())(echo)
    sent = await Server().serve(app, scope_of(extensions={"websocket.http.response": {}}))
    await Server().serve(app, scope_of())

    assert b"".join(message.get("body", b"") for message in sent) == b"ab"
    assert closed == [True, True]


async def test_a_client_that_is_gone_before_the_accept_leaves_what_was_entered() -> None:
    app, left = Portico(), list[str]()

    @app.resolve
    async def kept(ctx: Context) -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            left.append("left")

    app.ws("/a")(echo)
    server = Server()
    server.failure = OSError("gone")
    await server.serve(app, scope_of())

    assert left == ["left"]


async def test_an_application_that_cannot_start_refuses(caplog: pytest.LogCaptureFixture) -> None:
    app = echoing()

    @app.resource
    def broken(platform: Platform) -> str:
        raise OSError("no database")

    start, _ = await Server().serve(app, scope_of(extensions={"websocket.http.response": {}}))

    assert start["status"] == 500


async def test_a_connection_without_messages_is_closed_when_it_has_been_idle() -> None:
    sent = await Server().serve(echoing(idle_timeout=0.01), scope_of())

    assert sent[-1] == {"type": "websocket.close", "code": 1001, "reason": "idle"}


async def test_a_subscriber_that_does_not_keep_up_is_closed_and_others_are_not_held_up() -> None:
    app = Portico()
    socket = app.ws("/a")
    ready, published = anyio.Event(), anyio.Event()
    ends: list[int] = []

    @socket.open
    async def join(ws: WebSocket) -> None:
        await ws.subscribe("news")
        ready.set()

    @socket.close
    async def end(code: int) -> None:
        ends.append(code)

    @app.post("/news")
    async def spread(ctx: Context) -> str:
        for number in range(POSTED_LIMIT + 10):
            await ctx.publish("news", number)
        published.set()
        return "done"

    asgi = ASGI(app)
    slow, fine = Server(), list[Message]()

    async def stuck(message: Message) -> None:
        if message["type"] == "websocket.send":
            await published.wait()
        slow.sent.append(message)

    async def subscribe() -> None:
        await asgi(scope_of(), slow.receive, stuck)

    async def answered(message: Message) -> None:
        fine.append(message)

    async def asked() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(subscribe)
            await ready.wait()
            await asgi({**scope_of("/news"), "type": "http", "method": "POST"}, asked, answered)

    assert fine[0]["status"] == 200
    assert ends == [1013]
    assert slow.sent[-1] == {"type": "websocket.close", "code": 1013, "reason": "too slow"}


async def test_an_application_without_websockets_refuses_each() -> None:
    (start, _) = await Server().serve(
        Portico(), scope_of(extensions={"websocket.http.response": {}})
    )

    assert start["status"] == 404
