"""Bare routes: what is answered without a context is answered as with one."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from inspect import isasyncgenfunction, iscoroutinefunction
from types import MappingProxyType
from typing import Any

import pytest
from msgspec import Struct

from portico import Context, HTTPError, Portico, Request, Response, status
from portico._stream import ByteStream
from portico.contract import NATIVE, Capability, Platform, Runtime


class LoopPlatform(Platform):
    """A runtime with an event loop, which keeps its reports."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[tuple[str, str]] = []

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append((repr(error), re.sub("[0-9a-f]{16}", "ID", where)))


class ThreadPlatform(LoopPlatform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


class Item(Struct):
    id: int


class Unencodable:
    pass


def text() -> str:
    return "a"


def item() -> Item:
    return Item(1)


def mapping() -> dict[str, int]:
    return {"a": 1}


def nothing() -> None:
    return None


def reply() -> Any:
    return status(201, Item(1))


def refusal() -> Any:
    return status(404, "gone")


def response() -> Response:
    return Response("a", status=202, headers={"x-a": "1"})


def chunks() -> Iterator[str]:
    yield "a"
    yield "b"


def failing() -> str:
    raise ValueError("a secret")


def denying() -> str:
    raise HTTPError(403, "no")


def unencodable() -> Any:
    return {"a": Unencodable()}


def texts(a: int, b: str, c: int = 5) -> dict[str, Any]:
    return {"a": a, "b": b, "c": c}


def keyword(a: int, *, b: str, c: int = 5) -> dict[str, Any]:
    return {"a": a, "b": b, "c": c}


async def later() -> str:
    await asyncio.sleep(0)
    return "a"


async def at_once() -> Item:
    return Item(1)


async def failing_later() -> str:
    await asyncio.sleep(0)
    raise ValueError("a secret")


async def denying_at_once() -> str:
    raise HTTPError(403, "no")


async def texts_later(a: int, b: str) -> list[Any]:
    await asyncio.sleep(0)
    return [a, b]


async def chunks_later() -> AsyncIterator[str]:
    yield "a"
    yield "b"


def awaitable() -> Awaitable[str]:
    return later()


async def awaitable_at_once() -> Awaitable[str]:
    return later()


ALONE: list[Any] = [
    "a text",
    {"a": 1},
    Response("a", headers={"set-cookie": "a=1"}),
    text,
    item,
    mapping,
    nothing,
    reply,
    refusal,
    response,
    chunks,
    failing,
    denying,
    unencodable,
    later,
    at_once,
    failing_later,
    denying_at_once,
    chunks_later,
    awaitable,
    awaitable_at_once,
]
TEXTS: list[Callable[..., Any]] = [texts, keyword, texts_later]
QUERIES = ["b=x", "b=x&c=2", "", "b=", "b=x&c=y", "b=%20&c=0", "c=1", "b=x&b=y"]
PATHS = ["/1", "/0", "/x", "/-1", "/%31", "/9999999999999999999999"]


class Seen(Struct):
    """What a client and the operator see of one request."""

    status: int
    fields: list[tuple[str, str]]
    content: bytes
    reports: list[tuple[str, str]]


def see(app: Portico, platform: LoopPlatform, method: str, target: str) -> Seen:
    async def run() -> Seen:
        request = Request(f"http://app.test{target}", method=method)
        answer = app.handle(request, platform, app.start(platform))
        found = answer if isinstance(answer, Response) else await answer
        content = found.content
        if isinstance(content, ByteStream):
            parts = [part async for part in content] if content.is_async else [*content]
            content = b"".join(parts)
        # A failure has an id, by which its report is found.
        content = re.sub(rb"[0-9a-f]{16}", b"ID", content)
        return Seen(found.status, found.headers.items(), content, platform.reports)

    return asyncio.run(run())


def application(target: Any, path: str, *, bare: bool) -> Portico:
    app = Portico(blocking=False)
    if not bare:

        @app.before_handle
        def look_on(ctx: Context) -> None:
            return None

    app.get(path, target)
    return app


def is_bare(app: Portico, kind: type[LoopPlatform], target: str) -> bool:
    dispatcher = app._dispatcher  # pyright: ignore[reportPrivateUsage]
    assert dispatcher is not None
    router = dispatcher._router  # pyright: ignore[reportPrivateUsage]
    match = router.find("GET", target)
    assert isinstance(match, tuple)
    return match[0].pipelines["loop" if kind.on_loop else "thread"].bare is not None


def is_async(target: object) -> bool:
    return iscoroutinefunction(target) or isasyncgenfunction(target)


def name(value: object) -> str:
    return getattr(value, "__name__", repr(value))


on_each_platform = pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])


@on_each_platform
@pytest.mark.parametrize("target", ALONE, ids=name)
def test_what_a_handler_alone_gives_is_answered_as_with_a_context(
    kind: type[LoopPlatform], target: Any
) -> None:
    bare, other = (application(target, "/a", bare=each) for each in (True, False))

    for method in ("GET", "GET", "HEAD", "GET"):  # the first of a class is answered another way
        assert see(bare, kind(), method, "/a") == see(other, kind(), method, "/a")

    assert is_bare(bare, kind, "/a") or (is_async(target) and not kind.on_loop)
    assert not is_bare(other, kind, "/a")


@on_each_platform
@pytest.mark.parametrize("target", TEXTS, ids=name)
def test_a_handler_that_takes_texts_is_called_as_with_a_context(
    kind: type[LoopPlatform], target: Any
) -> None:
    bare, other = (application(target, "/{a}", bare=each) for each in (True, False))

    for path in PATHS:
        for query in QUERIES:
            asked = f"{path}?{query}"
            assert see(bare, kind(), "GET", asked) == see(other, kind(), "GET", asked), asked

    assert is_bare(bare, kind, "/1") or (is_async(target) and not kind.on_loop)


@on_each_platform
def test_what_a_request_hook_set_is_on_the_answer_of_a_bare_route(
    kind: type[LoopPlatform],
) -> None:
    app = application(text, "/a", bare=True)
    app.get("/b", "b")

    @app.request
    def sign(ctx: Context) -> None:
        ctx.set.headers["x-a"] = "1"

    for path in ("/a", "/b"):
        assert dict(see(app, kind(), "GET", path).fields)["x-a"] == "1"


def look_on(ctx: Context, what: object = None) -> None:
    return None


def beside_after_handle(app: Portico) -> None:
    app.after_handle(look_on)


def beside_map_response(app: Portico) -> None:
    app.map_response(look_on)


def beside_after_response(app: Portico) -> None:
    app.after_response(look_on)


def beside_trace(app: Portico) -> None:
    app.trace(look_on)


def beside_derive(app: Portico) -> None:
    app.derive(one)


def one() -> int:
    return 1


@pytest.mark.parametrize(
    "add",
    [
        beside_after_handle,
        beside_map_response,
        beside_after_response,
        beside_trace,
        beside_derive,
    ],
)
def test_a_route_with_anything_beside_its_handler_is_not_bare(
    add: Callable[[Portico], None],
) -> None:
    app = Portico()
    add(app)
    app.get("/a", text)

    assert see(app, ThreadPlatform(), "GET", "/a").content == b"a"
    assert not is_bare(app, ThreadPlatform, "/a")


def test_nobody_can_change_the_answer_of_a_value_for_the_next_request() -> None:
    app = application("a", "/a", bare=True)
    platform = ThreadPlatform()
    running = app.start(platform)

    for _ in range(3):
        answer = app.handle(Request("http://app.test/a"), platform, running)
        assert isinstance(answer, Response)
        assert (answer.content, answer.headers.get("x-a")) == (b"a", None)
        answer.headers["x-a"] = "1"
        answer.content = b"b"
