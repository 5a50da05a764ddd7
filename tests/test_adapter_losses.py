"""Nothing is dropped silently: what the adapters end or leave out is listed, and shown."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from email.message import Message as MimeMessage
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from portico import Context, DisconnectError, Portico, WebSocket, file
from portico_asgi import ASGI
from portico_asgi._loop import current_loop, tasks_of
from portico_asgi._receive import Inbox
from portico_lambda import EventError
from portico_lambda._runtime_context import InvocationContext
from portico_lambda._service_events import read_service_event
from service_events import dynamodb, kinesis
from swallowed import swallowed

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "decisions" / "042-what-adapters-drop.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def test_every_exception_that_an_adapter_ends_is_listed_with_its_reason() -> None:
    listed = [row[0].strip(" `") for row in ROWS if ".py " in row[0]]

    assert sorted(listed) == sorted(swallowed())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip(" `"))
def test_every_loss_that_is_listed_is_shown_by_a_test_or_a_case(row: list[str]) -> None:
    sources = [*ROOT.glob("tests/test_*.py"), *ROOT.glob("conformance/*/cases/*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    names = re.findall(r"`(\w+)`", row[-1])

    assert names
    assert [name for name in names if f"def {name}(" not in text] == []


def receives(*messages: Message | Exception) -> Receive:
    """A server's `receive()`, which then never returns."""
    waiting = list(messages)

    async def receive() -> Message:
        if not waiting:
            await anyio.sleep_forever()
        message = waiting.pop(0)
        if isinstance(message, Exception):
            raise message
        return message

    return receive


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def scope_of(path: str, method: str = "GET", **members: Any) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"h.example"), (b"content-length", b"9")],
        **members,
    }


async def read_whole(inbox: Inbox) -> bytes:
    return b"".join(await inbox.rest(bytes))


async def read_by_chunks(inbox: Inbox) -> bytes:
    found = b""
    while (chunk := await inbox.chunk()) is not None:
        found += chunk
    return found


READERS = [read_whole, read_by_chunks]


@pytest.mark.anyio
@pytest.mark.parametrize("read", READERS)
async def test_a_message_that_nobody_knows_does_not_end_the_body(
    read: Callable[[Inbox], Awaitable[bytes]],
) -> None:
    receive = receives(part(b"a"), {"type": "http.news"}, part(b"b", more=False))

    assert await read(Inbox(receive, tasks_of(current_loop()), has_body=True)) == b"ab"


@pytest.mark.anyio
@pytest.mark.parametrize("read", READERS)
async def test_a_receive_that_fails_is_a_peer_that_left(
    read: Callable[[Inbox], Awaitable[bytes]],
) -> None:
    inbox = Inbox(receives(part(b"a"), OSError()), tasks_of(current_loop()), has_body=True)

    with pytest.raises(DisconnectError):
        await read(inbox)
    assert inbox.gone


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Portico:
    large = tmp_path / "large"
    large.write_bytes(bytes(1 << 17))
    app = Portico()
    app.all("/", "hello")
    app.get("/file", lambda: file(large))
    return app


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_answer_to_a_peer_that_is_gone_is_no_error(
    app: Portico, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []

    async def send(message: Message) -> None:
        sent.append(message["type"])
        raise BrokenPipeError

    scope = scope_of("/", method)
    if method == "GET":
        scope["headers"] = scope["headers"][:1]
    await ASGI(app)(scope, receives(), send)

    assert sent == ["http.response.start"]
    assert caplog.records == []


@pytest.mark.anyio
async def test_a_body_that_nobody_reads_and_that_breaks_off_leaves_the_answer_alone(
    app: Portico, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await anyio.wait_all_tasks_blocked()
        sent.append(message)

    await ASGI(app)(scope_of("/", "POST"), receives(part(b"a"), LookupError("broken")), send)

    assert [message.get("body") for message in sent] == [None, b"hello"]
    assert caplog.records == []


@pytest.mark.anyio
async def test_a_file_that_the_server_cannot_open_is_no_peer_that_left(
    app: Portico, caplog: pytest.LogCaptureFixture
) -> None:
    async def send(message: Message) -> None:
        if message["type"] == "http.response.pathsend":
            raise FileNotFoundError(2, "No such file", message["path"])

    scope = scope_of("/file", extensions={"http.response.pathsend": {}})
    scope["headers"] = scope["headers"][:1]
    with pytest.raises(FileNotFoundError):
        await ASGI(app)(scope, receives(), send)

    assert len(caplog.records) == 1


@pytest.mark.anyio
async def test_a_second_server_is_told_of_a_start_that_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    both_wait = anyio.Event()
    app = Portico()

    @app.resource
    async def broken() -> AsyncIterator[None]:  # pyright: ignore[reportUnusedFunction]
        await both_wait.wait()
        if both_wait.is_set():
            raise ConnectionError("no database")
        yield

    adapter, answers = ASGI(app), list[str]()

    async def serve() -> None:
        async def send(message: Message) -> None:
            answers.append(message["type"])

        await adapter({"type": "lifespan"}, receives({"type": "lifespan.startup"}), send)

    async with anyio.create_task_group() as servers:
        servers.start_soon(serve)
        servers.start_soon(serve)
        await anyio.wait_all_tasks_blocked()
        both_wait.set()

    assert answers == ["lifespan.startup.failed"] * 2
    assert len(caplog.records) == 1


def socket_scope() -> Message:
    return scope_of("/ws", type="websocket", subprotocols=[], asgi={"spec_version": "2.5"})


@pytest.mark.anyio
async def test_a_close_that_nobody_takes_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    app = Portico()

    @app.ws("/ws").message
    async def close(ws: WebSocket, message: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await ws.close(4000)

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            raise RuntimeError("Unexpected ASGI message 'websocket.close'")

    said = {"type": "websocket.receive", "text": "a"}
    await ASGI(app)(socket_scope(), receives({"type": "websocket.connect"}, said), send)

    assert caplog.records == []


@pytest.mark.anyio
async def test_what_is_published_to_a_peer_that_has_left_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, joined = Portico(), anyio.Event()
    socket = app.ws("/ws")

    @socket.open
    async def join(ws: WebSocket) -> None:  # pyright: ignore[reportUnusedFunction]
        await ws.subscribe("news")
        joined.set()

    @app.get("/")
    async def publish(ctx: Context) -> None:  # pyright: ignore[reportUnusedFunction]
        await ctx.publish("news", "text")

    adapter, tried = ASGI(app), anyio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            tried.set()
            raise BrokenPipeError

    async def take(message: Message) -> None:
        await anyio.lowlevel.checkpoint()

    scope = scope_of("/")
    scope["headers"] = scope["headers"][:1]
    with anyio.fail_after(10):
        async with anyio.create_task_group() as connections:
            connections.start_soon(
                adapter, socket_scope(), receives({"type": "websocket.connect"}), send
            )
            await joined.wait()
            await adapter(scope, receives(), take)
            await tried.wait()
            await anyio.wait_all_tasks_blocked()
            connections.cancel_scope.cancel()

    assert caplog.records == []


@pytest.mark.parametrize("text", ["{", "[]", "1", ""])
def test_a_client_context_that_is_no_object_is_none(text: str) -> None:
    headers = MimeMessage()
    headers["Lambda-Runtime-Client-Context"] = text
    context = InvocationContext(headers)

    assert context.client_context is None


BROKEN_BASE64 = "!!!!"  # what a decoder that skips what it does not know takes for nothing


def test_a_record_that_is_no_base64_is_refused() -> None:
    event = kinesis(b"a")
    event["Records"][0]["kinesis"]["data"] = BROKEN_BASE64

    with pytest.raises(EventError, match="base64"):
        read_service_event(event)


@pytest.mark.parametrize("value", [{"B": BROKEN_BASE64}, {"BS": [BROKEN_BASE64]}])
def test_an_attribute_that_is_no_base64_is_refused(value: object) -> None:
    with pytest.raises(EventError, match="attribute value"):
        read_service_event(dynamodb({"id": value}))
