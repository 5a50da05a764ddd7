"""Background work and the ends of things: of its request, of its server, of the peer's patience."""

import asyncio
import threading
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress
from typing import Any, cast

import anyio
import pytest

from portico import Context, Portico, use
from portico_asgi import ASGI, _open_work

Message = MutableMapping[str, Any]

pytestmark = pytest.mark.anyio


async def reached(event: anyio.Event) -> None:
    """Wait for it, but not for ever."""
    with anyio.fail_after(10):
        await event.wait()


class Call:
    """One request, from a peer that may leave."""

    def __init__(self, path: str = "/") -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [],
        }
        self.first: list[Message] = [{"type": "http.request"}]
        self.sent: list[Message] = []
        self.answered = anyio.Event()
        self.ended = anyio.Event()
        self.leave = anyio.Event()

    async def receive(self) -> Message:
        if self.first:
            return self.first.pop()
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.answered.set()

    async def make(self, asgi: ASGI) -> None:
        try:
            await asgi(self.scope, self.receive, self.send)
        finally:
            self.ended.set()

    @property
    def body(self) -> bytes:
        return b"".join(m["body"] for m in self.sent if m["type"] == "http.response.body")


class Server:
    """A server with a lifespan."""

    def __init__(self, asgi: ASGI) -> None:
        self.asgi = asgi
        self.started = anyio.Event()
        self.may_stop = anyio.Event()
        self.ended = anyio.Event()
        self.stopped = False
        self._first = True

    async def receive(self) -> Message:
        if self._first:
            self._first = False
            return {"type": "lifespan.startup"}
        await self.may_stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            self.started.set()
        else:
            self.stopped = message["type"] == "lifespan.shutdown.complete"

    async def run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        await self.asgi(scope, self.receive, self.send)
        self.ended.set()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


class Waiting:
    """An application whose work waits, and whose resource tells when it is closed."""

    def __init__(self) -> None:
        self.app = app = Portico()
        self.log: list[str] = []
        self.begun = anyio.Event()
        self.release = anyio.Event()

        @app.resource
        async def pool() -> AsyncIterator[str]:
            yield "pool"
            self.log.append("closed")

        @app.get("/")
        async def give(ctx: Context, name: str = use(pool)) -> str:
            ctx.wait_until(self.work)
            ctx.wait_until(self.next_work)
            return name

    async def work(self) -> None:
        self.begun.set()
        await self.release.wait()
        self.log.append("work")

    async def next_work(self) -> None:
        self.log.append("next work")


async def test_a_stop_waits_for_work_and_then_closes_what_it_uses() -> None:
    waiting = Waiting()
    server, call = Server(ASGI(waiting.app)), Call()
    async with anyio.create_task_group() as group:
        group.start_soon(server.run)
        await reached(server.started)
        group.start_soon(call.make, server.asgi)
        await reached(waiting.begun)
        assert call.answered.is_set()
        server.may_stop.set()
        await anyio.wait_all_tasks_blocked()
        assert (waiting.log, server.stopped) == ([], False)
        waiting.release.set()

    assert waiting.log == ["work", "next work", "closed"]
    assert server.stopped


async def test_after_the_grace_work_is_cancelled_and_reported_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waiting = Waiting()
    server, call = Server(ASGI(waiting.app, shutdown_grace=0)), Call()
    async with anyio.create_task_group() as group:
        group.start_soon(server.run)
        await reached(server.started)
        group.start_soon(call.make, server.asgi)
        await reached(waiting.begun)
        await reached(call.ended)
        server.may_stop.set()

    assert waiting.log == ["closed"]
    assert server.stopped
    assert said(caplog) == [
        "background work was given up: Waiting.work",
        "background work was given up: Waiting.next_work",
    ]


async def test_work_in_a_thread_is_not_waited_for_for_ever(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_open_work, "_LAST_WORDS", 0)
    app, begun, release = Portico(), anyio.Event(), threading.Event()

    @app.get("/")
    async def give(ctx: Context) -> str:
        def block() -> None:
            anyio.from_thread.run_sync(begun.set)
            release.wait(10)

        ctx.wait_until(block)
        ctx.wait_until(lambda: None)
        return "given"

    server, call = Server(ASGI(app, shutdown_grace=0)), Call()
    async with anyio.create_task_group() as group:
        group.start_soon(server.run)
        await reached(server.started)
        group.start_soon(call.make, server.asgi)
        await reached(begun)
        server.may_stop.set()
        await reached(server.ended)
        assert server.stopped
        assert said(caplog) == [
            "background work was given up: block",
            "background work was given up: <lambda>",
        ]
        release.set()


@pytest.mark.parametrize("times", [1, 2])
def test_a_request_that_its_server_cancels_leaves_its_work_alone(times: int) -> None:
    waiting = Waiting()

    async def serve() -> None:
        server, call = Server(ASGI(waiting.app)), Call()
        life = asyncio.create_task(server.run())
        await reached(server.started)
        request = asyncio.create_task(call.make(server.asgi))
        await reached(waiting.begun)
        for _ in range(times):
            request.cancel()
            await anyio.wait_all_tasks_blocked()
        waiting.release.set()
        server.may_stop.set()
        await life
        await asyncio.wait([request])

    asyncio.run(serve())

    assert waiting.log == ["work", "next work", "closed"]


def test_a_loop_that_cancels_everything_has_the_work_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waiting = Waiting()

    async def serve() -> None:
        asgi = ASGI(waiting.app, shutdown_grace=0)
        task = asyncio.create_task(Call().make(asgi))
        await reached(waiting.begun)
        assert not task.done()

    asyncio.run(serve())

    assert said(caplog) == [
        "background work was given up: Waiting.work",
        "background work was given up: Waiting.next_work",
    ]


async def test_work_that_is_given_while_the_application_stops_is_done() -> None:
    waiting = Waiting()

    @waiting.app.get("/more")
    async def more(ctx: Context) -> None:
        async def give_more() -> None:
            await waiting.release.wait()
            ctx.wait_until(lambda: waiting.log.append("more"))

        ctx.wait_until(give_more)
        ctx.wait_until(waiting.work)

    server, call = Server(ASGI(waiting.app)), Call("/more")
    async with anyio.create_task_group() as group:
        group.start_soon(server.run)
        await reached(server.started)
        group.start_soon(call.make, server.asgi)
        await reached(call.answered)
        server.may_stop.set()
        await anyio.wait_all_tasks_blocked()
        waiting.release.set()

    assert waiting.log == ["work", "more", "closed"]


def test_a_handler_that_ends_the_process_has_its_work_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Portico()

    @app.get("/", blocking=False)
    def leave(ctx: Context) -> str:
        ctx.wait_until(lambda: None)
        raise SystemExit

    with pytest.raises(SystemExit):
        asyncio.run(Call().make(ASGI(app)))
    assert said(caplog) == ["background work was given up: <lambda>"]


# Peers that leave


class Leaving:
    """An application whose handlers wait for ever, and say how they ended."""

    def __init__(self) -> None:
        self.app = app = Portico()
        self.log: list[str] = []
        self.begun = anyio.Event()

        @app.derive
        async def session() -> AsyncIterator[str]:
            try:
                yield "session"
            except BaseException as error:
                self.log.append(f"session sees {type(error).__name__}")
                await anyio.lowlevel.checkpoint()
                self.log.append("session left")
                raise

        @app.get("/cancel", on_disconnect="cancel")
        async def cancel() -> str:
            return await self.wait()

        @app.get("/signal", on_disconnect="signal")
        async def signal(ctx: Context) -> str:
            self.begun.set()
            await ctx.request.signal.wait()
            self.log.append("signal")
            return "nobody reads this"

        @app.get("/by-adapter")
        async def by_adapter() -> str:
            return await self.wait()

        @app.get("/in-a-thread", on_disconnect="cancel")
        def in_a_thread(ctx: Context) -> str:
            anyio.from_thread.run_sync(self.begun.set)
            anyio.from_thread.run(ctx.request.signal.wait)
            self.log.append("thread ended")
            return "nobody reads this"

        @app.get("/answers", on_disconnect="cancel")
        async def answers(ctx: Context) -> str:
            await anyio.lowlevel.checkpoint()
            ctx.wait_until(lambda: self.log.append("work"))
            return "answer"

    async def wait(self) -> str:
        self.begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.log.append("cancelled")
        return "never"


async def leave(leaving: Leaving, asgi: ASGI, path: str) -> Call:
    call = Call(path)
    async with anyio.create_task_group() as group:
        group.start_soon(call.make, asgi)
        await reached(leaving.begun)
        call.leave.set()
    return call


async def test_a_route_may_have_its_handler_cancelled_when_the_peer_leaves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    leaving = Leaving()

    call = await leave(leaving, ASGI(leaving.app), "/cancel")

    assert leaving.log[0] == "cancelled"
    assert leaving.log[1].startswith("session sees Cancelled")
    assert leaving.log[2:] == ["session left"]
    assert (call.sent, said(caplog)) == ([], [])


async def test_the_adapter_may_have_every_handler_cancelled() -> None:
    leaving = Leaving()

    call = await leave(leaving, ASGI(leaving.app, on_disconnect="cancel"), "/by-adapter")

    assert leaving.log[0] == "cancelled"
    assert call.sent == []


async def test_a_route_that_wants_the_signal_alone_is_not_cancelled_by_the_adapter() -> None:
    leaving = Leaving()

    call = await leave(leaving, ASGI(leaving.app, on_disconnect="cancel"), "/signal")

    assert leaving.log == ["signal"]
    assert call.sent == []


async def test_a_handler_in_a_thread_ends_by_its_signal_and_nothing_follows() -> None:
    leaving = Leaving()

    call = await leave(leaving, ASGI(leaving.app), "/in-a-thread")

    assert "thread ended" in leaving.log
    assert call.sent == []


async def test_a_handler_that_may_be_cancelled_is_answered_as_any_other() -> None:
    leaving, call = Leaving(), Call("/answers")

    await call.make(ASGI(leaving.app))

    assert (call.body, leaving.log) == (b"answer", ["work"])


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("goes_on", [False, True])
async def test_the_task_of_a_server_is_cancelled_no_more_once_its_handler_was(
    goes_on: bool,
) -> None:
    leaving, left = Leaving(), list[int]()

    @leaving.app.get("/goes-on", on_disconnect="cancel")
    async def go_on() -> str:
        with suppress(asyncio.CancelledError):
            await leaving.wait()
        return "nobody reads this"

    served = ASGI(leaving.app)

    async def kept(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        await served(scope, receive, send)
        left.append(task.cancelling())

    call = Call("/goes-on" if goes_on else "/cancel")
    async with anyio.create_task_group() as group:
        group.start_soon(call.make, cast("ASGI", kept))
        await reached(leaving.begun)
        call.leave.set()

    assert leaving.log[0] == "cancelled"
    assert (left, call.sent) == ([0], [])


async def test_a_mounted_application_is_cancelled_too() -> None:
    leaving, outer = Leaving(), Portico()
    outer.mount("/inner", leaving.app)

    await leave(leaving, ASGI(outer), "/inner/cancel")

    assert leaving.log[0] == "cancelled"


async def test_a_request_hook_that_waits_does_not_hide_what_its_route_says() -> None:
    leaving = Leaving()
    app = Portico()

    @app.request
    async def look(ctx: Context) -> None:
        await anyio.lowlevel.checkpoint()

    app.use(leaving.app)

    await leave(leaving, ASGI(app), "/cancel")

    assert leaving.log[0] == "cancelled"


async def test_no_watcher_runs_for_a_handler_that_does_not_ask() -> None:
    app, begun, release = Portico(), anyio.Event(), anyio.Event()

    @app.get("/")
    async def wait() -> str:
        begun.set()
        await release.wait()
        return "answer"

    call = Call()
    async with anyio.create_task_group() as group:
        group.start_soon(call.make, ASGI(app))
        await reached(begun)
        await anyio.wait_all_tasks_blocked()
        assert call.first  # nothing was received
        release.set()

    assert call.body == b"answer"


def test_the_option_of_a_route_has_two_values() -> None:
    app = Portico()

    with pytest.raises(Exception, match="'signal' or 'cancel'"):
        app.get("/", "text", on_disconnect="abort")  # type: ignore[call-overload] # a typo
