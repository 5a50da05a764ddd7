"""Answers as messages: whole ones, and streams that end with their peer."""

import sys
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    MutableMapping,
)
from typing import Any

import anyio
import pytest

from portico import DisconnectError, Headers
from portico.contract import ByteStream, Options, Response
from portico_asgi import AsgiPlatform
from portico_asgi._loop import current_loop, tasks_of
from portico_asgi._response import StreamWriter, write_whole

Message = MutableMapping[str, Any]

pytestmark = pytest.mark.anyio


async def reached(event: anyio.Event) -> None:
    """Wait for it, but not for ever."""
    with anyio.fail_after(10):
        await event.wait()


class Server:
    """The server's side of one call: takes every message at once, unless it is told to wait."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.peer_left = anyio.Event()
        self.receiving = 0
        self.before_send: Callable[[Message], Awaitable[None]] | None = None

    async def receive(self) -> Message:
        self.receiving += 1
        try:
            await self.peer_left.wait()
        finally:
            self.receiving -= 1
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.before_send is not None:
            await self.before_send(message)
        self.sent.append(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.sent[1:]]

    async def write(
        self, source: AsyncIterable[str] | Iterable[str], length: int | None = None
    ) -> AsgiPlatform:
        """Send a stream, as the handler does."""
        tasks = tasks_of(current_loop())
        platform = AsgiPlatform(Options(), {}, self.receive, self.send, tasks)
        stream = ByteStream(source)
        if length is not None:
            stream.expect(length)
        response = Response.ready(200, Headers(), stream)
        with tasks.interruption() as stretch:
            await StreamWriter(response, platform, tasks, stretch).write()
        assert self.receiving == 0
        return platform


class Source:
    """A stream that counts how often it was closed."""

    def __init__(self, *chunks: str, wait_after: int | None = None) -> None:
        self.chunks = list(chunks)
        self.given = 0
        self.closed = 0
        self.waits = anyio.Event()
        self.wait_after = wait_after

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self.given == self.wait_after:
            self.waits.set()
            await anyio.sleep_forever()
        if not self.chunks:
            raise StopAsyncIteration
        self.given += 1
        return self.chunks.pop(0)

    async def aclose(self) -> None:
        self.closed += 1


async def generated(source: Source) -> AsyncIterator[str]:
    """The same as a generator."""
    try:
        async for chunk in source:
            yield chunk
    finally:
        await source.aclose()


def as_it_is(source: Source) -> AsyncIterator[str]:
    return source


Kind = Callable[[Source], AsyncIterator[str]]
of_each_kind = pytest.mark.parametrize("kind", [as_it_is, generated])


async def test_a_whole_answer_is_one_start_and_one_body() -> None:
    server = Server()
    tasks = tasks_of(current_loop())
    platform = AsgiPlatform(Options(), {}, server.receive, server.send, tasks)
    headers = Headers([("Set-Cookie", "a=1"), ("X-Name", "\xff"), ("set-cookie", "b=2")])

    await write_whole(Response.ready(201, headers, b"hi"), b"hi", platform)

    pairs = [(b"set-cookie", b"a=1"), (b"x-name", b"\xff"), (b"set-cookie", b"b=2")]
    assert server.sent == [
        {"type": "http.response.start", "status": 201, "headers": pairs},
        {"type": "http.response.body", "body": b"hi"},
    ]


@of_each_kind
async def test_a_stream_starts_with_its_first_chunk_and_ends_with_an_empty_message(
    kind: Kind,
) -> None:
    server, source = Server(), Source("a", "", "b")

    await server.write(kind(source))

    assert [message["type"] for message in server.sent] == [
        "http.response.start",
        "http.response.body",
        "http.response.body",
        "http.response.body",
    ]
    assert server.bodies == [b"a", b"b", b""]
    assert [message["more_body"] for message in server.sent[1:]] == [True, True, False]
    assert source.closed == 1


@of_each_kind
async def test_chunks_of_every_kind_are_sent_as_bytes_and_empty_ones_not_at_all(kind: Kind) -> None:
    server, source = Server(), Source("é", "", "a")
    others: list[Any] = [b"", b"b", bytearray(b"c"), "", memoryview(b"d"), b"e", "f"]
    source.chunks += others

    await server.write(kind(source))

    assert server.bodies == ["é".encode(), *(bytes([each]) for each in b"abcdef"), b""]


async def test_a_synchronous_stream_is_sent_too() -> None:
    server = Server()

    await server.write(["a", "", "b", "c"])

    assert server.bodies == [b"a", b"b", b"c", b""]


async def test_an_empty_stream_is_a_start_and_an_empty_body() -> None:
    server = Server()

    await server.write(Source())

    assert server.bodies == [b""]


@of_each_kind
async def test_a_stream_never_runs_ahead_of_the_server(kind: Kind) -> None:
    server, source = Server(), Source("a", "b", "c")
    given_at_send: list[int] = []

    async def slow(message: Message) -> None:
        await anyio.sleep(0)
        await anyio.sleep(0)
        if message.get("body"):
            given_at_send.append(source.given)

    server.before_send = slow
    await server.write(kind(source))

    assert given_at_send == [1, 2, 3]


@of_each_kind
@pytest.mark.parametrize("count", [0, 1, 2, 3])
async def test_a_peer_that_leaves_ends_a_stream_that_waits_for_its_next_chunk(
    count: int, kind: Kind
) -> None:
    server, source = Server(), Source("a", "b", "c", wait_after=count)
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, kind(source))
        await reached(source.waits)
        server.peer_left.set()

    assert (server.bodies, source.closed) == ([b"a", b"b", b"c"][:count], 1)


@of_each_kind
@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_peer_that_leaves_ends_a_stream_that_waits_for_the_server(
    count: int, kind: Kind
) -> None:
    server, source = Server(), Source("a", "b", "c")
    blocked = anyio.Event()

    async def block(message: Message) -> None:
        if message.get("body") == [b"a", b"b", b"c"][count]:
            blocked.set()
            await anyio.sleep_forever()

    server.before_send = block
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, kind(source))
        await reached(blocked)
        server.peer_left.set()

    assert (server.bodies, source.closed) == ([b"a", b"b"][:count], 1)


@of_each_kind
async def test_a_peer_that_leaves_while_the_start_is_sent_gets_nothing_more(kind: Kind) -> None:
    server, source = Server(), Source("a", "b")
    blocked = anyio.Event()

    async def block(message: Message) -> None:
        if message["type"] == "http.response.start":
            blocked.set()
            await anyio.sleep_forever()

    server.before_send = block
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, kind(source))
        await reached(blocked)
        server.peer_left.set()

    assert (server.sent, source.closed) == ([], 1)


async def test_a_stream_that_waited_for_the_server_cleans_up_in_peace() -> None:
    server = Server()
    blocked = anyio.Event()
    cleaned: list[str] = []

    async def stream() -> AsyncIterator[str]:
        try:
            yield "a"
        finally:
            await anyio.sleep(0)
            await anyio.sleep(0.001)
            cleaned.append("up")

    async def block(message: Message) -> None:
        if message.get("body"):
            blocked.set()
            await anyio.sleep_forever()

    server.before_send = block
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, stream())
        await reached(blocked)
        server.peer_left.set()

    assert cleaned == ["up"]


async def test_a_stream_and_a_server_that_never_wait_leave_the_others_their_turn() -> None:
    server = Server()
    closed: list[str] = []

    async def stream() -> AsyncIterator[str]:
        try:
            while True:
                yield "a"
        finally:
            closed.append("stream")

    async with anyio.create_task_group() as group:
        group.start_soon(server.write, stream())
        while len(server.sent) < 3:
            await anyio.sleep(0)
        server.peer_left.set()

    assert closed == ["stream"]


async def test_a_stream_that_never_waits_is_sent_without_a_watcher() -> None:
    server, source = Server(), Source("a", "b", "c")
    received: list[int] = []

    async def count(_: Message) -> None:
        received.append(server.receiving)

    server.before_send = count
    await server.write(source)

    assert (server.bodies, set(received)) == ([b"a", b"b", b"c", b""], {0})


@pytest.mark.parametrize("place", ["chunk", "send"])
def test_the_task_that_sent_to_a_peer_that_left_is_not_left_cancelled(place: str) -> None:
    import asyncio

    async def main() -> int:
        server = Server()
        source = Source("a", "b", wait_after=1 if place == "chunk" else None)

        async def block(message: Message) -> None:
            if message.get("body") == b"b":
                source.waits.set()
                await anyio.sleep_forever()

        async def leave() -> None:
            await source.waits.wait()
            server.peer_left.set()

        server.before_send = block
        leaving = asyncio.create_task(leave())
        await server.write(source)
        await leaving
        await asyncio.sleep(0)
        assert (server.bodies, source.closed) == ([b"a"], 1)
        task = asyncio.current_task()
        return task.cancelling() if task else -1

    assert asyncio.run(main()) == 0


async def test_a_stream_that_takes_the_end_for_nothing_is_not_read_on() -> None:
    server = Server()
    waits = anyio.Event()
    steps: list[str] = []

    async def stream() -> AsyncIterator[str]:
        yield "a"
        try:
            waits.set()
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            steps.append("told")
        yield "b"
        steps.append("read on")

    async with anyio.create_task_group() as group:
        group.start_soon(server.write, stream())
        await reached(waits)
        server.peer_left.set()

    assert (server.bodies, steps) == ([b"a"], ["told"])


async def test_an_error_of_a_stream_is_not_taken_for_one_of_the_server() -> None:
    server = Server()

    async def stream() -> AsyncIterator[str]:
        yield "a"
        yield "b"
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await server.write(stream())

    assert [message.get("more_body") for message in server.sent] == [None, True, True]


@of_each_kind
async def test_a_send_that_raises_oserror_ends_the_stream_like_a_disconnect(kind: Kind) -> None:
    server, source = Server(), Source("a", "b", "c")

    async def broken(message: Message) -> None:
        if message.get("body") == b"b":
            raise BrokenPipeError

    server.before_send = broken
    platform = await server.write(kind(source))

    assert (platform.inbox.gone, server.bodies, source.closed) == (True, [b"a"], 1)


async def test_a_stream_that_raises_is_closed_and_never_completed() -> None:
    server = Server()

    async def stream() -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await server.write(stream())

    assert [message.get("more_body") for message in server.sent] == [None, True]


@of_each_kind
@pytest.mark.parametrize(("length", "sent"), [(1, 1), (3, 2), (9, 3)])
async def test_a_stream_of_another_length_than_announced_is_never_completed(
    length: int, sent: int, kind: Kind
) -> None:
    server, source = Server(), Source("a", "bb", "ccc")

    with pytest.raises(ValueError, match="Content-Length"):
        await server.write(kind(source), length)

    assert [message.get("more_body") for message in server.sent] == [None, *[True] * sent]
    assert source.closed == 1


async def test_a_stream_may_hold_a_task_group_open_across_its_chunks() -> None:
    server = Server()

    async def stream() -> AsyncIterator[str]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            yield "a"
            yield "b"
            group.cancel_scope.cancel()

    await server.write(stream())

    assert server.bodies == [b"a", b"b", b""]


@pytest.mark.parametrize("place", ["chunk", "send"])
async def test_a_peer_that_leaves_ends_the_task_group_of_a_stream(place: str) -> None:
    server = Server()
    waits = anyio.Event()
    ended: list[str] = []

    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("child")

    async def stream() -> AsyncIterator[str]:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(child)
                yield "a"
                if place == "chunk":
                    waits.set()
                    await anyio.sleep_forever()
                yield "b"
        finally:
            ended.append("stream")

    async def block(message: Message) -> None:
        if message.get("body") == b"b":
            waits.set()
            await anyio.sleep_forever()

    server.before_send = block
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, stream())
        await reached(waits)
        server.peer_left.set()

    assert (server.bodies, ended) == ([b"a"], ["child", "stream"])


@of_each_kind
@pytest.mark.parametrize("place", ["chunk", "send"])
async def test_a_cancelled_stream_is_closed_once(place: str, kind: Kind) -> None:
    server = Server()
    source = Source("a", "b", wait_after=1 if place == "chunk" else None)

    async def block(message: Message) -> None:
        if message.get("body") == b"b":
            source.waits.set()
            await anyio.sleep_forever()

    server.before_send = block
    async with anyio.create_task_group() as group:
        group.start_soon(server.write, kind(source))
        await reached(source.waits)
        group.cancel_scope.cancel()

    assert (server.bodies, source.closed, server.receiving) == ([b"a"], 1, 0)


def test_a_stream_that_asyncio_cancels_is_closed_and_the_cancellation_goes_on() -> None:
    import asyncio

    async def main() -> None:
        server = Server()
        cleaned: list[str] = []
        waits = asyncio.Event()

        async def stream() -> AsyncIterator[str]:
            try:
                yield "a"
                waits.set()
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                cleaned.append("up")

        task = asyncio.create_task(server.write(stream()))
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (cleaned, server.receiving) == (["up"], 0)

    asyncio.run(main())


def test_a_disconnect_and_a_cancellation_at_once_end_as_a_cancellation() -> None:
    import asyncio

    async def main() -> None:
        server, source = Server(), Source("a", wait_after=1)
        task = asyncio.create_task(server.write(source))
        await source.waits.wait()
        server.peer_left.set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.closed == 1

    asyncio.run(main())


async def test_the_signal_is_aborted_when_the_peer_leaves_a_stream() -> None:
    server, source = Server(), Source("a", wait_after=1)
    platforms: list[AsgiPlatform] = []

    async def write() -> None:
        platforms.append(await server.write(source))

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        await source.waits.wait()
        server.peer_left.set()

    assert platforms[0].signal.aborted
    assert sys.exc_info() == (None, None, None)


BODY_MESSAGE: Message = {"type": "http.request", "body": b"x", "more_body": True}


class FullServer:
    """hypercorn's side of an upload: an answer ends behind a body that fills the queue of ten."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.put, self.queue = anyio.create_memory_object_stream[Message](10)
        for _ in range(10):
            self.put.send_nowait(dict(BODY_MESSAGE))

    async def send(self, message: Message) -> None:
        if not message.get("more_body", True) or message["type"] == "http.response.start":
            with anyio.fail_after(10):
                await self.put.send(dict(BODY_MESSAGE))
        self.sent.append(message)

    def platform(self) -> AsgiPlatform:
        tasks = tasks_of(current_loop())
        platform = AsgiPlatform(Options(), {}, self.queue.receive, self.send, tasks)
        platform.has_body = True
        return platform

    def close(self) -> None:
        self.put.close()
        self.queue.close()


@pytest.fixture
async def full_server() -> AsyncIterator[FullServer]:
    server = FullServer()
    yield server
    server.close()


async def write_hello(platform: AsgiPlatform) -> None:
    await write_whole(Response.ready(413, Headers(), b"hello"), b"hello", platform)
    await platform.inbox.unwatch()


async def stream_hello(platform: AsgiPlatform) -> None:
    tasks = tasks_of(current_loop())
    response = Response.ready(413, Headers(), ByteStream(Source()))
    with tasks.interruption() as stretch:
        await StreamWriter(response, platform, tasks, stretch).write()
    await platform.inbox.unwatch()


@pytest.mark.parametrize("write", [write_hello, stream_hello])
async def test_an_answer_ends_though_the_server_is_full_of_a_body_that_nobody_reads(
    full_server: FullServer, write: Callable[[AsgiPlatform], Awaitable[None]]
) -> None:
    await write(full_server.platform())

    assert [message["type"] for message in full_server.sent] == [
        "http.response.start",
        "http.response.body",
    ]


async def test_nothing_is_received_once_the_answer_is_sent(full_server: FullServer) -> None:
    await write_hello(full_server.platform())

    left = full_server.put.statistics().current_buffer_used
    await anyio.wait_all_tasks_blocked()

    assert 0 < left == full_server.put.statistics().current_buffer_used


async def test_a_body_that_was_dropped_is_not_taken_for_a_whole_one(
    full_server: FullServer,
) -> None:
    platform = full_server.platform()

    await write_hello(platform)

    with pytest.raises(DisconnectError):
        await platform.inbox.chunk()
    assert not platform.signal.aborted


async def test_a_send_that_does_not_wait_leaves_the_body_alone() -> None:
    server = Server()
    tasks = tasks_of(current_loop())
    platform = AsgiPlatform(Options(), {}, server.receive, server.send, tasks)
    platform.has_body = True
    received: list[int] = []

    async def count(_: Message) -> None:
        received.append(server.receiving)

    server.before_send = count
    await write_hello(platform)

    assert received == [0, 0]
    assert server.receiving == 0
