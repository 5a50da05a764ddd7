"""Whole calls through `ASGI`, under the strict validator, on asyncio and trio."""

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeAlias

import anyio
import pytest

from portico import Context, Headers, Portico
from portico.contract import ByteStream, Capabilities, Idle, Platform, Promise, Request, Response
from portico_asgi import ASGI, CAPABILITIES, AsgiRaw
from portico_conformance._asgi_validator import validate

Message = MutableMapping[str, Any]
Answer: TypeAlias = "Response | Awaitable[Response]"
Handler: TypeAlias = "Callable[[Request, Platform], Answer]"

pytestmark = pytest.mark.anyio

GONE: Message = {"type": "http.disconnect"}
CHUNKED = (b"transfer-encoding", b"chunked")

number: ContextVar[int] = ContextVar("number", default=0)


async def reached(event: anyio.Event) -> None:
    """Wait for it, but not for ever."""
    with anyio.fail_after(10):
        await event.wait()


class Nothing:
    """A `Running` without resources."""

    is_async = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Nothing to leave."""

    async def __aenter__(self) -> Self:
        raise AssertionError("a synchronous Running was entered as an asynchronous one")

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        raise AssertionError("a synchronous Running was left as an asynchronous one")


class App:
    """An application of one function."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.checks: list[tuple[Capabilities | None, str]] = []

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        self.checks.append((capabilities, runtime))

    def start(self, platform: Platform) -> Nothing:
        return Nothing()

    def handle(self, request: Request, platform: Platform, running: object) -> Answer:
        return self.handler(request, platform)


class Call:
    """One call, seen from the server: what it gave, and what it got."""

    def __init__(self, *messages: Message) -> None:
        self.waiting = list(messages or [{"type": "http.request"}])
        self.sent: list[Message] = []
        self.left = anyio.Event()
        self.received = 0

    async def receive(self) -> Message:
        self.received += 1
        if self.waiting:
            return self.waiting.pop(0)
        await self.left.wait()
        return GONE

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        self.sent.append(message)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    async def make(
        self,
        app: ASGI,
        *headers: tuple[bytes, bytes],
        method: str = "GET",
        path: str = "/",
        **members: Any,
    ) -> Self:
        """Let the application serve it, watched for what ASGI forbids."""
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"a.test"), *headers],
            **members,
        }
        watched = validate(app)
        try:
            await watched(scope, self.receive, self.send)
        finally:
            assert watched.violations == []
        return self


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def ready(content: bytes | ByteStream) -> Response:
    return Response.ready(200, Headers(), content)


async def text(request: Request, platform: Platform) -> Response:
    return ready(await request.bytes())


def test_the_application_is_checked_when_the_adapter_is_constructed_or_never() -> None:
    app = App(text)

    ASGI(app)
    ASGI(app, check="deferred")

    assert app.checks == [(CAPABILITIES, "asgi")]


async def test_an_unknown_scope_is_refused_with_an_exception() -> None:
    call = Call()

    with pytest.raises(ValueError, match="'mqtt'"):
        await ASGI(App(text))({"type": "mqtt"}, call.receive, call.send)


async def test_a_websocket_is_closed_before_it_was_accepted() -> None:
    call = Call({"type": "websocket.connect"})
    scope: Message = {"type": "websocket", "asgi": {"version": "3.0"}, "path": "/", "headers": []}

    watched = validate(ASGI(App(text)))
    await watched(scope, call.receive, call.send)

    assert (call.sent, watched.violations) == ([{"type": "websocket.close", "code": 1000}], [])


async def test_an_answer_that_is_ready_takes_no_message_of_the_server() -> None:
    call = await Call().make(ASGI(App(lambda request, platform: ready(b"hi"))))

    assert (call.body, call.received) == (b"hi", 0)


async def test_a_body_arrives_in_one_byte_chunks() -> None:
    parts = [part(b"h"), part(b"i"), part(b"", more=False)]

    call = await Call(*parts).make(ASGI(App(text)), CHUNKED, method="POST")

    assert call.body == b"hi"


async def test_a_peer_that_leaves_before_its_body_gets_no_answer() -> None:
    async def late(request: Request, platform: Platform) -> Response:
        with contextlib.suppress(Exception):
            await request.bytes()
        return ready(b"too late")

    call = await Call(part(b"a"), GONE).make(ASGI(App(late)), CHUNKED, method="POST")

    assert call.sent == []


async def test_an_exception_that_escapes_is_a_500_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(request: Request, platform: Platform) -> Response:
        raise ZeroDivisionError("secret")

    call = await Call().make(ASGI(App(broken)))

    assert (call.status, b"secret" in call.body) == (500, False)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_a_stream_that_fails_midway_is_reported_and_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def stream() -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError

    call = Call()
    with pytest.raises(ZeroDivisionError):
        await call.make(ASGI(App(lambda request, platform: ready(ByteStream(stream())))))

    assert [message.get("more_body") for message in call.sent] == [None, True]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("idle", [None, Idle(0.001, b".")], ids=["still", "filled"])
async def test_what_fails_while_the_stream_of_a_peer_that_left_is_closed_is_reported_once(
    idle: Idle | None, caplog: pytest.LogCaptureFixture
) -> None:
    waits, call = anyio.Event(), Call()

    async def stream() -> AsyncIterator[str]:
        try:
            yield "a"
            waits.set()
            await anyio.sleep_forever()
        finally:
            raise LookupError("flush")

    app = ASGI(App(lambda request, platform: ready(ByteStream(stream(), idle=idle))))
    async with anyio.create_task_group() as group:
        group.start_soon(call.make, app)
        await reached(waits)
        call.left.set()

    errors = [record.exc_info and record.exc_info[1] for record in caplog.records]
    assert [str(error) for error in errors] == ["flush"]


async def test_a_stream_that_fails_before_its_first_chunk_is_a_500() -> None:
    async def stream() -> AsyncIterator[Any]:
        yield object()

    call = await Call().make(ASGI(App(lambda request, platform: ready(ByteStream(stream())))))

    assert call.status == 500


async def test_a_stream_may_read_the_body_that_still_arrives() -> None:
    async def stream(request: Request) -> AsyncIterator[bytes]:
        async for chunk in request.stream():
            yield chunk.upper()

    parts = [part(b"a"), part(b"b"), part(b"c", more=False)]
    app = App(lambda request, platform: ready(ByteStream(stream(request))))
    call = await Call(*parts).make(ASGI(app), CHUNKED, method="POST")

    assert call.body == b"ABC"


async def test_the_signal_tells_a_handler_that_its_peer_left() -> None:
    async def wait(request: Request, platform: Platform) -> Response:
        waits.set()
        await platform.signal.wait()
        return ready(b"nobody reads this")

    waits, call = anyio.Event(), Call()
    async with anyio.create_task_group() as group:
        group.start_soon(call.make, ASGI(App(wait)))
        await reached(waits)
        call.left.set()

    assert call.sent == []


async def test_the_signal_of_an_answered_request_is_never_aborted() -> None:
    async def ask(request: Request, platform: Platform) -> Response:
        platform.wait_until(lambda: aborted.append(platform.signal.aborted))
        assert not platform.signal.aborted
        return ready(b"hi")

    aborted: list[bool] = []
    call = await Call().make(ASGI(App(ask)))

    assert (call.body, aborted) == (b"hi", [False])


async def test_work_runs_after_the_answer_in_order_and_its_errors_are_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[object] = []
    call = Call()

    async def work() -> None:
        seen.append(call.sent[-1])

    def give(request: Request, platform: Platform) -> Response:
        promise = platform.wait_until(work())
        platform.wait_until(lambda: 1 // 0)
        platform.wait_until(lambda: seen.append(promise))
        return ready(b"hi")

    await call.make(ASGI(App(give)))

    assert seen == [{"type": "http.response.body", "body": b"hi"}, Promise.AFTER_RESPONSE]
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_work_is_done_though_the_stream_failed() -> None:
    done = anyio.Event()

    async def work() -> None:
        done.set()

    async def stream() -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError

    def give(request: Request, platform: Platform) -> Response:
        platform.wait_until(work())
        return ready(ByteStream(stream()))

    with pytest.raises(ZeroDivisionError):
        await Call().make(ASGI(App(give)))
    await reached(done)


async def test_a_cancelled_request_leaves_no_receive_behind_and_keeps_its_promise() -> None:
    waits = anyio.Event()
    done: list[str] = []

    async def work() -> None:
        await anyio.lowlevel.checkpoint()
        done.append("work")

    async def wait(request: Request, platform: Platform) -> Response:
        platform.wait_until(work())
        assert not platform.signal.aborted
        waits.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with anyio.create_task_group() as group:
        group.start_soon(Call().make, ASGI(App(wait)))
        await reached(waits)
        group.cancel_scope.cancel()

    assert done == ["work"]


async def test_what_a_request_sets_in_its_context_stays_there() -> None:
    seen: list[int] = []

    async def step(request: Request, platform: Platform) -> Response:
        seen.append(number.get())
        number.set(1)
        await anyio.lowlevel.checkpoint()
        seen.append(number.get())
        return ready(b"")

    app = ASGI(App(step))
    await Call().make(app)
    await Call().make(app)

    assert (seen, number.get()) == ([0, 1, 0, 1], 0)


async def test_a_stream_sees_the_context_of_its_handler() -> None:
    async def stream() -> AsyncIterator[str]:
        yield str(number.get())

    async def handler(request: Request, platform: Platform) -> Response:
        number.set(7)
        await anyio.lowlevel.checkpoint()
        return ready(ByteStream(stream()))

    assert (await Call().make(ASGI(App(handler)))).body == b"7"


async def test_the_native_call_is_the_servers() -> None:
    def raw(request: Request, platform: Platform) -> Response:
        return ready(platform.raw(AsgiRaw).scope["path"].encode())

    assert (await Call().make(ASGI(App(raw)), path="/x")).body == b"/x"


app = Portico()
closed: list[str] = []


@app.get("/thread")
def in_a_thread(ctx: Context) -> str:
    seen = number.get()
    number.set(2)
    return f"{seen}"


@app.post("/sync")
def read_in_a_thread(ctx: Context) -> bytes:
    return ctx.request.sync.bytes()


@app.get("/lines")
def lines() -> Iterator[str]:
    try:
        for index in range(3):
            yield f"{index}\n"
    finally:
        closed.append("lines")


@app.get("/endless")
async def endless() -> AsyncIterator[str]:
    try:
        while True:
            yield "tick\n"
            await anyio.sleep(0)
    finally:
        closed.append("endless")


@pytest.fixture
def closings() -> list[str]:
    closed.clear()
    return closed


async def test_synchronous_handlers_run_in_a_thread_with_the_requests_context() -> None:
    number.set(1)
    asgi = ASGI(app)

    assert (await Call().make(asgi, path="/thread")).body == b"1"
    assert (await Call().make(asgi, path="/thread")).body == b"1"


async def test_synchronous_handlers_read_the_body() -> None:
    call = Call(part(b"h"), part(b"i", more=False))
    await call.make(ASGI(app), CHUNKED, method="POST", path="/sync")

    assert call.body == b"hi"


async def test_a_synchronous_generator_is_streamed_and_closed_once(closings: list[str]) -> None:
    call = await Call().make(ASGI(app), path="/lines")

    assert (call.body, closings) == (b"0\n1\n2\n", ["lines"])


@pytest.mark.parametrize("path", ["/lines", "/endless"])
async def test_a_head_request_closes_the_stream_once(path: str, closings: list[str]) -> None:
    call = await Call().make(ASGI(app), method="HEAD", path=path)

    assert (call.status, call.body, closings) == (200, b"", [path[1:]])


async def test_an_endless_stream_ends_with_its_peer(closings: list[str]) -> None:
    call = Call()
    async with anyio.create_task_group() as group:

        async def make() -> None:
            await call.make(ASGI(app), path="/endless")

        group.start_soon(make)
        while len(call.sent) < 3:
            await anyio.sleep(0)
        call.left.set()

    assert closings == ["endless"]
    assert call.sent[-1]["more_body"]


async def test_the_root_path_is_not_a_part_of_the_path_that_is_routed() -> None:
    asgi = ASGI(app)

    inside = await Call().make(asgi, path="/api/thread", root_path="/api")
    outside = await Call().make(asgi, path="/apis/thread", root_path="/api")

    assert (inside.status, outside.status) == (200, 404)
