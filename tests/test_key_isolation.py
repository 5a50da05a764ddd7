"""No request sees what belongs to another: barriers let them overlap, not sleeps."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar, copy_context
from threading import Barrier, Thread
from types import MappingProxyType
from typing import Any, TypeVar

import anyio
import pytest

from portico import Context, CookieOptions, Key, Portico, Request, Response, use
from portico._running import AppRunning
from portico.contract import NATIVE, Capability, Platform, Runtime

T = TypeVar("T")

REQUESTS = 50

variable: ContextVar[str] = ContextVar("variable", default="nobody's")


class LoopPlatform(Platform):
    """A runtime with an event loop and threads."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await anyio.to_thread.run_sync(fn, limiter=_limiter())


class ThreadPlatform(Platform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")
    capabilities = LoopPlatform.capabilities


_limiters: dict[object, anyio.CapacityLimiter] = {}


def _limiter() -> anyio.CapacityLimiter:
    """As many threads as there are requests, so that all of them reach the barrier."""
    token = anyio.lowlevel.current_token()
    if token not in _limiters:
        _limiters[token] = anyio.CapacityLimiter(REQUESTS + 1)
    return _limiters[token]


def application(meet: Callable[[], Any], *, is_async: bool) -> Portico:
    """An application whose requests all meet, each holding values of every kind."""
    app = Portico(cookies=CookieOptions())
    shared = app.resource(lambda: object())

    @app.derive
    def derived(ctx: Context) -> str:
        variable.set(f"variable {ctx.params['name']}")
        return f"derived {ctx.params['name']}"

    def expect(ctx: Context, name: str, before: str) -> None:
        assert ctx.params["name"] == name
        assert before == f"derived {name}"
        assert variable.get() == f"variable {name}"

    async def async_generator(
        ctx: Context, name: str, before: str = use(derived)
    ) -> AsyncIterator[str]:
        yield f"resolved {name}"
        expect(ctx, name, before)

    def generator(ctx: Context, name: str, before: str = use(derived)) -> Iterator[str]:
        yield f"resolved {name}"
        expect(ctx, name, before)

    resolved: Key[str] = app.resolve(async_generator) if is_async else app.resolve(generator)

    @app.resolve(lazy=True)
    async def asked(ctx: Context) -> str:
        return f"asked {ctx.params['name']}"

    def note(ctx: Context, name: str) -> None:
        ctx.set.headers["x-name"] = name
        ctx.set.status = 200 + len(name)
        ctx.cookies["name"].value = name

    def seen(ctx: Context, held: object) -> list[Any]:
        return [
            ctx.params["name"],
            ctx.query.get("q"),
            ctx.headers.get("x-sent"),
            ctx[derived],
            ctx[resolved],
            variable.get(),
            held is ctx[shared],
        ]

    @app.get("/async/{name}")
    async def show_async(ctx: Context, name: str, held: object = use(shared)) -> list[Any]:
        note(ctx, name)
        await meet()
        return [*seen(ctx, held), await ctx.get(asked)]

    @app.get("/sync/{name}")
    def show_sync(ctx: Context, name: str, held: object = use(shared)) -> list[Any]:
        note(ctx, name)
        meet()
        return [*seen(ctx, held), f"asked {name}"]

    return app


def request(number: int, colour: str) -> tuple[str, Request]:
    name = f"n{number}"
    target = f"http://app.test/{colour}/{name}?q=query+{name}"
    return name, Request(target, headers={"x-sent": f"header {name}"})


def check(name: str, response: Response) -> None:
    body = response.sync.json()
    assert body == [
        name,
        f"query {name}",
        f"header {name}",
        f"derived {name}",
        f"resolved {name}",
        f"variable {name}",
        True,
        f"asked {name}",
    ]
    assert response.status == 200 + len(name)
    assert response.headers.get("x-name") == name
    assert response.headers.get_set_cookie()[0].startswith(f"name={name};")


class Meeting:
    """An asynchronous barrier."""

    def __init__(self, parties: int) -> None:
        self._missing = parties
        self._all_there = anyio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._all_there.set()
        await self._all_there.wait()


def overlap(app: Portico, backend: str, colour: str) -> None:
    """Answer all requests at once on one event loop, each in a task of its own."""

    async def answer(number: int, running: AppRunning) -> None:
        name, sent = request(number, colour)
        made = app.handle(sent, LoopPlatform(), running)
        check(name, made if isinstance(made, Response) else await made)

    async def run() -> None:
        async with app.start(LoopPlatform()) as running, anyio.create_task_group() as group:
            for number in range(REQUESTS):
                group.start_soon(answer, number, running)

    with anyio.from_thread.start_blocking_portal(backend) as portal:
        portal.call(run)
    assert variable.get() == "nobody's"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("is_async", [True, False])
def test_overlapping_requests_on_a_loop_keep_their_own(backend: str, is_async: bool) -> None:
    meetings: list[Meeting] = []

    async def meet() -> None:
        if not meetings:
            meetings.append(Meeting(REQUESTS))
        await meetings[0].wait()

    overlap(application(meet, is_async=is_async), backend, "async")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("is_async", [True, False])
def test_overlapping_requests_in_worker_threads_keep_their_own(
    backend: str, is_async: bool
) -> None:
    barrier = Barrier(REQUESTS, timeout=30)

    overlap(application(barrier.wait, is_async=is_async), backend, "sync")


def test_overlapping_requests_on_threads_keep_their_own() -> None:
    barrier = Barrier(REQUESTS, timeout=30)
    app = application(barrier.wait, is_async=False)
    failures: list[BaseException] = []
    running = app.start(ThreadPlatform())

    def answer(number: int) -> None:
        name, sent = request(number, "sync")
        try:
            made = copy_context().run(app.handle, sent, ThreadPlatform(), running)
            assert isinstance(made, Response)
            check(name, made)
            assert variable.get() == "nobody's"
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    with running:
        threads = [Thread(target=answer, args=(number,)) for number in range(REQUESTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []
