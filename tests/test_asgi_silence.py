"""What an ASGI server is sent while a stream gives nothing, on asyncio and on trio."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextvars import ContextVar
from threading import Event as ThreadEvent
from typing import Any

import anyio
import pytest

from portico import Headers
from portico._offloaded_stream import offloaded
from portico.contract import ByteStream, Idle, Options, Platform, Response
from portico_asgi import AsgiPlatform
from portico_asgi._loop import current_loop, tasks_of
from portico_asgi._response import StreamWriter
from portico_asgi._silence import Silence

Message = MutableMapping[str, Any]

QUICKLY = 0.002
IDLE = b"."

pytestmark = pytest.mark.anyio

variable: ContextVar[str] = ContextVar("variable", default="none")


class Server:
    """The server's side of one call. It notes when two send at once."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.ended = False
        self.sending = 0
        self.crowded = False
        self.peer_left = anyio.Event()
        self.quiet = anyio.Event()
        self.before_send: Callable[[Message], Awaitable[None]] | None = None

    @property
    def idle_chunks(self) -> int:
        return self.sent.count(IDLE)

    async def receive(self) -> Message:
        await self.peer_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.crowded = self.crowded or self.sending > 0
        self.sending += 1
        try:
            if self.before_send is not None:
                await self.before_send(message)
            self.note(message)
        finally:
            self.sending -= 1

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.sent.append(message["body"])
            self.ended = not message["more_body"]
        if self.idle_chunks == 3:
            self.quiet.set()

    async def was_quiet(self) -> None:
        """Wait for the third idle chunk."""
        with anyio.fail_after(10):
            await self.quiet.wait()

    def stream(self, source: AsyncIterator[bytes]) -> ByteStream:
        return ByteStream(source, idle=Idle(QUICKLY, IDLE))

    async def write(self, content: ByteStream) -> None:
        """Send a stream, as the handler does."""
        tasks = tasks_of(current_loop())
        platform = AsgiPlatform(Options(), {}, self.receive, self.send, tasks)
        with tasks.interruption() as stretch:
            response = Response.ready(200, Headers(), content)
            await StreamWriter(response, platform, tasks, stretch).write()

    def fails_on(self, chunk: bytes, error: Exception) -> None:
        async def fail(message: Message) -> None:
            if message.get("body") == chunk:
                raise error

        self.before_send = fail


class Clock(Platform):
    """A clock that goes on when somebody sleeps by it."""

    __slots__ = ("time",)

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float, /) -> None:
        self.time += seconds
        await anyio.sleep(0)


async def test_a_silence_is_counted_from_what_was_sent_last() -> None:
    clock = Clock()
    times: list[float] = []
    over = anyio.Event()

    async def send(chunk: bytes) -> None:
        times.append(clock.time)
        if len(times) == 2:
            clock.time += 5  # the server takes its time
        if len(times) == 4:
            over.set()
            await anyio.sleep_forever()

    silence = Silence(Idle(15, IDLE), clock, send, lambda: None)
    async with anyio.create_task_group() as group:
        clock.time = 7
        silence.begin()
        group.start_soon(silence.run)
        with anyio.fail_after(10):
            await over.wait()
        await silence.stop()

    assert times == [22, 37, 57, 72]


async def test_a_silent_stream_is_filled_each_time_until_it_gives_something() -> None:
    server = Server()

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await server.was_quiet()
        yield b"b"

    await server.write(server.stream(source()))

    assert b"".join(server.sent).replace(IDLE, b"") == b"ab"
    assert server.sent[0] == b"a"
    assert server.sent[1:4] == [IDLE] * 3
    assert (server.ended, server.crowded) == (True, False)


async def test_a_stream_may_be_silent_from_its_beginning() -> None:
    server = Server()

    async def source() -> AsyncIterator[bytes]:
        await server.was_quiet()
        yield b"a"

    await server.write(server.stream(source()))

    assert server.sent[:3] == [IDLE] * 3
    assert server.ended


async def test_a_stream_that_is_not_silent_is_not_filled() -> None:
    server = Server()

    async def source() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"a"

    await server.write(ByteStream(source(), idle=Idle(3600, IDLE)))

    assert server.sent == [b"a"] * 50 + [b""]


async def test_every_step_of_the_source_runs_in_one_task_and_one_context() -> None:
    server = Server()
    tasks: set[int] = set()

    async def source() -> AsyncIterator[bytes]:
        token = variable.set("set")
        with anyio.move_on_after(3600):
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
                tasks.add(anyio.get_current_task().id)
                yield b"a"
                await server.was_quiet()
                tasks.add(anyio.get_current_task().id)
                yield b"b"
                group.cancel_scope.cancel()
        variable.reset(token)
        tasks.add(anyio.get_current_task().id)
        yield variable.get().encode()

    await server.write(server.stream(source()))

    assert b"".join(server.sent).replace(IDLE, b"") == b"abnone"
    assert tasks == {anyio.get_current_task().id}


async def test_nothing_is_filled_in_while_the_server_takes_a_chunk() -> None:
    server = Server()

    async def slow(message: Message) -> None:
        if message.get("body") == b"a":
            await anyio.sleep(QUICKLY * 5)

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"a"

    server.before_send = slow
    await server.write(server.stream(source()))

    assert (server.sent, server.crowded) == ([b"a", b"a", b""], False)


async def test_a_chunk_waits_for_the_idle_chunk_that_is_being_sent() -> None:
    server = Server()
    filling, given = anyio.Event(), anyio.Event()

    async def slow(message: Message) -> None:
        if message.get("body") == IDLE and not given.is_set():
            filling.set()
            await given.wait()
            await anyio.sleep(QUICKLY)

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await filling.wait()
        given.set()
        yield b"b"

    server.before_send = slow
    await server.write(server.stream(source()))

    assert (server.sent, server.crowded) == ([b"a", IDLE, b"b", b""], False)


async def test_a_peer_that_leaves_a_silent_stream_has_it_closed_once() -> None:
    server = Server()
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            closed.append("source")

    async with anyio.create_task_group() as group:
        group.start_soon(server.write, server.stream(source()))
        await server.was_quiet()
        server.peer_left.set()

    assert (closed, server.ended, server.sending) == (["source"], False, 0)


async def test_a_peer_that_leaves_while_an_idle_chunk_is_sent_has_the_stream_closed() -> None:
    server = Server()
    closed: list[str] = []
    stuck = anyio.Event()

    async def hang(message: Message) -> None:
        if message.get("body") == IDLE:
            stuck.set()
            await anyio.sleep_forever()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await stuck.wait()
            yield b"b"
        finally:
            closed.append("source")

    server.before_send = hang
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, server.stream(source()))
        with anyio.fail_after(10):
            await stuck.wait()
        server.peer_left.set()

    assert (closed, server.sent, server.sending) == (["source"], [b"a"], 0)


async def test_an_idle_chunk_that_cannot_be_sent_ends_the_stream_like_a_disconnect() -> None:
    server = Server()
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            closed.append("source")

    server.fails_on(IDLE, BrokenPipeError())
    with anyio.fail_after(10):
        await server.write(server.stream(source()))

    assert (server.sent, closed, server.ended) == ([b"a"], ["source"], False)


async def test_a_server_that_fails_on_an_idle_chunk_is_heard() -> None:
    server = Server()
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            closed.append("source")

    server.fails_on(IDLE, LookupError("server"))
    with anyio.move_on_after(10) as limit, pytest.raises(LookupError, match="server"):
        await server.write(server.stream(source()))

    assert not limit.cancel_called
    assert (server.sent, closed, server.ended) == ([b"a"], ["source"], False)


async def test_a_stream_that_raises_after_a_silence_is_never_completed() -> None:
    server = Server()

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await server.was_quiet()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await server.write(server.stream(source()))

    assert (server.ended, server.sending) == (False, 0)


async def test_a_silent_stream_whose_task_is_cancelled_is_closed_once() -> None:
    server = Server()
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            closed.append("source")

    async with anyio.create_task_group() as group:
        group.start_soon(server.write, server.stream(source()))
        await server.was_quiet()
        group.cancel_scope.cancel()

    assert (closed, server.ended, server.sending) == (["source"], False, 0)


async def test_a_synchronous_source_is_filled_too() -> None:
    server = Server()
    go = ThreadEvent()
    closed: list[str] = []

    def source() -> Iterator[bytes]:
        try:
            yield b"a"
            go.wait(10)
            yield b"b"
        finally:
            closed.append("source")

    tasks = tasks_of(current_loop())
    platform = AsgiPlatform(Options(), {}, server.receive, server.send, tasks)
    content = offloaded(ByteStream(source(), idle=Idle(QUICKLY, IDLE)), platform)
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, content)
        await server.was_quiet()
        go.set()

    assert b"".join(server.sent).replace(IDLE, b"") == b"ab"
    assert (server.ended, server.crowded, closed) == (True, False, ["source"])
