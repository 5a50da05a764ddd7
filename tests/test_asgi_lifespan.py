"""The application's life on an event loop: with the lifespan protocol, and without one."""

import asyncio
import logging
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    MutableMapping,
)
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, cast

import anyio
import pytest

from portico import Headers, Portico, Response
from portico.contract import Capabilities, Platform, Request
from portico_asgi import ASGI
from portico_conformance._asgi_validator import validate

Message = MutableMapping[str, Any]

pytestmark = pytest.mark.anyio

STARTUP: Message = {"type": "lifespan.startup"}
SHUTDOWN: Message = {"type": "lifespan.shutdown"}
SCOPE: Message = {"type": "lifespan", "asgi": {"version": "3.0"}}
HTTP: Message = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [],
}

color: ContextVar[str] = ContextVar("color", default="none")


async def reached(event: anyio.Event) -> None:
    """Wait for it, but not for ever."""
    with anyio.fail_after(10):
        await event.wait()


class Life:
    """A `Running` that writes down what happens to it, and in which task."""

    def __init__(self, log: list[str], *, is_async: bool, fails_at: str = "") -> None:
        self.log = log
        self.is_async = is_async
        self.fails_at = fails_at
        self.slow = anyio.Event()
        self.slow.set()
        self._stack = AsyncExitStack()
        self._sync_stack = ExitStack()

    @contextmanager
    def _life(self) -> Generator[None, None, None]:
        if self.fails_at == "start":
            raise ConnectionError("no database")
        self.log.append(f"start {color.get()}")
        try:
            yield
        finally:
            self.log.append("stop")
        if self.fails_at == "stop":
            raise ConnectionError("lost database")

    @asynccontextmanager
    async def _async_life(self) -> AsyncGenerator[None, None]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            await self.slow.wait()
            try:
                with self._life():
                    yield
            finally:
                group.cancel_scope.cancel()

    def __enter__(self) -> Self:
        self._sync_stack.enter_context(self._life())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._sync_stack.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._async_life())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        await self._stack.__aexit__(None, None, None)


class App:
    """An application that answers with its log so far."""

    def __init__(self, *, is_async: bool, fails_at: str = "") -> None:
        self.log: list[str] = []
        self.is_async = is_async
        self.fails_at = fails_at
        self.lives: list[Life] = []
        self.life = Life
        self.prepare: Callable[[Life], None] | None = None

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """Nothing is wrong with it."""

    def start(self, platform: Platform) -> Life:
        life = self.life(self.log, is_async=self.is_async, fails_at=self.fails_at)
        if self.prepare is not None:
            self.prepare(life)
        self.lives.append(life)
        return life

    def handle(self, request: Request, platform: Platform, running: object) -> Response:
        assert running is self.lives[-1]
        self.log.append("answer")
        return Response.ready(200, Headers())


class Server:
    """The server's side of one lifespan."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[object]]) -> None:
        self.app = validate(app)
        self.sent: list[Message] = []
        self.started = anyio.Event()
        self.may_stop = anyio.Event()
        self._given = 0

    async def receive(self) -> Message:
        self._given += 1
        if self._given == 1:
            return STARTUP
        await self.may_stop.wait()
        return SHUTDOWN

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.started.set()

    async def run(self, **members: object) -> None:
        try:
            await self.app({**SCOPE, **members}, self.receive, self.send)
        finally:
            assert self.app.violations == []

    @property
    def answers(self) -> list[str]:
        return [message["type"].removeprefix("lifespan.") for message in self.sent]


async def request(app: ASGI) -> int:
    """Make one request; returns the status."""
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    watched = validate(app)
    await watched(HTTP, receive, send)
    return cast("int", sent[0]["status"])


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("members", [{}, {"state": {}}])
async def test_the_application_lives_from_startup_to_shutdown(
    is_async: bool, members: dict[str, object]
) -> None:
    app = App(is_async=is_async)
    asgi = ASGI(app)
    server = Server(asgi)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: server.run(**members))
        await reached(server.started)
        assert server.answers == ["startup.complete"]
        assert [await request(asgi), await request(asgi)] == [200, 200]
        server.may_stop.set()

    assert server.answers == ["startup.complete", "shutdown.complete"]
    assert app.log == ["start none", "answer", "answer", "stop"]
    assert members in ({}, {"state": {}})


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_failed_start_is_told_with_its_message(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(ASGI(App(is_async=is_async, fails_at="start")))

    await server.run()

    assert server.answers == ["startup.failed"]
    assert "no database" in caplog.text
    assert len(caplog.records) == 1
    if not is_async:
        assert server.sent[0]["message"] == "ConnectionError: no database"


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_failed_stop_is_told_with_its_message(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(ASGI(App(is_async=is_async, fails_at="stop")))
    server.may_stop.set()

    await server.run()

    assert server.answers == ["startup.complete", "shutdown.failed"]
    assert "lost database" in caplog.text


async def test_a_life_that_breaks_down_while_it_serves_is_raised() -> None:
    app = App(is_async=True)

    class Broken(Life):
        @asynccontextmanager
        async def _async_life(self) -> AsyncGenerator[None, None]:
            async def crash() -> None:
                await reached(server.started)
                raise ConnectionError("gone")

            async with anyio.create_task_group() as group:
                group.start_soon(crash)
                yield

    app.life = Broken
    server = Server(ASGI(app))

    with pytest.raises(BaseExceptionGroup):
        await server.run()
    assert server.answers == ["startup.complete"]


async def test_concurrent_first_requests_start_the_application_once() -> None:
    app = App(is_async=True)
    may_start = anyio.Event()

    def hold(life: Life) -> None:
        life.slow = may_start

    app.prepare = hold
    asgi = ASGI(app)
    statuses: list[int] = []

    async def ask() -> None:
        statuses.append(await request(asgi))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        assert (app.log, statuses) == ([], [])
        may_start.set()

    assert (statuses, app.log) == ([200] * 5, ["start none"] + ["answer"] * 5)


async def test_a_start_that_fails_at_a_request_is_a_500_and_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = App(is_async=True, fails_at="start")
    asgi = ASGI(app)

    assert await request(asgi) == 500
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    app.fails_at = ""
    assert await request(asgi) == 200


async def test_a_start_at_a_request_does_not_see_the_requests_context() -> None:
    app = App(is_async=True)
    asgi = ASGI(app)
    color.set("red")

    await request(asgi)

    assert app.log == ["start none", "answer"]


async def test_a_second_server_on_the_loop_shares_the_application() -> None:
    app = App(is_async=True)
    asgi = ASGI(app)
    first, second = Server(asgi), Server(asgi)
    async with anyio.create_task_group() as group:
        group.start_soon(first.run)
        await reached(first.started)
        group.start_soon(second.run)
        await reached(second.started)
        second.may_stop.set()
        first.may_stop.set()

    assert first.answers == second.answers == ["startup.complete", "shutdown.complete"]
    assert app.log == ["start none", "stop"]


async def test_a_cancelled_lifespan_leaves_the_application_in_peace() -> None:
    app = Portico()
    log: list[str] = []

    @app.resource
    async def pool() -> AsyncIterator[int]:
        yield 1
        await anyio.sleep(0.001)
        log.append("stop")

    server = Server(ASGI(app))
    async with anyio.create_task_group() as group:
        group.start_soon(server.run)
        await reached(server.started)
        group.cancel_scope.cancel()

    assert log == ["stop"]


async def test_work_that_a_start_hands_over_is_done() -> None:
    done: list[str] = []
    app = Portico()

    @app.resource
    async def pool(platform: Platform) -> AsyncIterator[int]:
        platform.wait_until(lambda: done.append("work"))
        yield 1

    server = Server(ASGI(app))
    server.may_stop.set()
    await server.run()

    assert done == ["work"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("is_async", [False, True])
def test_without_a_lifespan_the_application_lives_until_the_loop_ends(
    backend: str, is_async: bool
) -> None:
    app = App(is_async=is_async)
    asgi = ASGI(app)

    anyio.run(request, asgi, backend=backend)
    assert app.log == ["start none", "answer", "stop"]
    anyio.run(request, asgi, backend=backend)

    assert app.log == ["start none", "answer", "stop"] * 2


def test_each_event_loop_has_a_life_of_its_own() -> None:
    app = Portico()
    threads = set[int]()
    both = threading.Barrier(2)

    @app.resource
    async def thread() -> AsyncIterator[int]:
        threads.add(threading.get_ident())
        yield 1

    @app.get("/")
    async def index() -> str:
        return "hi"

    asgi = ASGI(app)

    async def serve() -> None:
        assert await request(asgi) == 200
        both.wait(10)

    workers = [threading.Thread(target=asyncio.run, args=[serve()]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(threads) == 2
