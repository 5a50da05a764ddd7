"""Runtimes that keep what is reported and count what is offloaded, and a way to ask on them."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

import anyio
import anyio.to_thread
import pytest

from portico import Context, Headers, Portico, Request, Response
from portico.contract import NATIVE, Capability, Platform, Runtime

T = TypeVar("T")

Colour = Literal["async", "sync"]


class LoopPlatform(Platform):
    """A runtime with an event loop and threads."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[BaseException] = []
        self.offloaded = 0

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        self.offloaded += 1
        return await anyio.to_thread.run_sync(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(error)


class ThreadPlatform(LoopPlatform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


class Setting(NamedTuple):
    """Where an application runs, and what its synchronous functions are declared to do."""

    kind: type[LoopPlatform]
    backend: str
    blocking: bool

    def app(self, **options: Any) -> Portico:
        """A new application."""
        return Portico(blocking=self.blocking, **options)

    def ask(self, app: Portico, request: Request | None = None) -> Answer:
        """The answer to a request, on a platform of its own."""
        return ask(app, self.kind(), request, backend=self.backend)


SETTINGS = [
    Setting(kind, backend, blocking)
    for kind in (ThreadPlatform, LoopPlatform)
    for backend in ("asyncio", "trio")
    for blocking in (True, False)
]
in_each_setting = pytest.mark.parametrize(
    "setting",
    SETTINGS,
    ids=lambda s: f"{s.kind.runtime.concurrency}-{s.backend}{'' if s.blocking else '-quick'}",
)
in_each_colour = pytest.mark.parametrize("colour", ["async", "sync"])


class Answer(NamedTuple):
    """What came of a request, when everything was done that it left to do."""

    status: int
    body: bytes
    headers: Headers
    reports: list[BaseException]
    offloaded: int


def ask(
    app: Portico,
    platform: LoopPlatform,
    request: Request | None = None,
    *,
    backend: str = "asyncio",
) -> Answer:
    """The answer to one request, its stream read to the end and its background work done."""

    async def run() -> Answer:
        with anyio.fail_after(20):
            running = app.start(platform)
            answer = app.handle(request or Request("http://app.test/"), platform, running)
            response = answer if isinstance(answer, Response) else await answer
            content = response.content
            body = (
                content
                if isinstance(content, bytes)
                else b"".join([chunk async for chunk in content])
            )
            await platform.afinish()
        return Answer(response.status, body, response.headers, platform.reports, platform.offloaded)

    return anyio.run(run, backend=backend)


def coloured(colour: Colour, call: Callable[[Context], Any]) -> Callable[[Context], Any]:
    """A function of the context, in a colour."""

    async def run_async(ctx: Context) -> Any:
        await anyio.sleep(0)
        return call(ctx)

    def run(ctx: Context) -> Any:
        return call(ctx)

    return run_async if colour == "async" else run


def coloured_with_value(
    colour: Colour, call: Callable[[Context, Any], Any]
) -> Callable[[Context, Any], Any]:
    """A function of the context and a value, in a colour."""

    async def run_async(ctx: Context, value: Any) -> Any:
        await anyio.sleep(0)
        return call(ctx, value)

    def run(ctx: Context, value: Any) -> Any:
        return call(ctx, value)

    return run_async if colour == "async" else run
