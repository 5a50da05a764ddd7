"""Mounts: another application's life, streams, request and platform inside of those around it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import nullcontext
from types import FunctionType, MappingProxyType
from typing import Any, TypeVar

import pytest

from portico import (
    AbortController,
    AbortSignal,
    BodyLimits,
    BodyUsedError,
    CapabilityError,
    Context,
    DefinitionError,
    Headers,
    Portico,
    Request,
    Response,
    UnreachedHookWarning,
    use,
)
from portico._mounted_platform import MountedPlatform, mounted_platform
from portico._mounted_request import MountedRequest
from portico.contract import (
    ABSENT,
    NATIVE,
    ByteStream,
    Capabilities,
    Capability,
    NativeRequest,
    Options,
    Peer,
    Platform,
    Runtime,
)

T = TypeVar("T")


class LoopPlatform(Platform):
    """A runtime with an event loop and threads, and something of its own."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self, options: Options | None = None, root_path: str = "") -> None:
        super().__init__(options, Peer("::1", 1, "socket"), root_path)
        self.reports: list[tuple[BaseException, str]] = []
        self.controller = AbortController()

    @property
    def signal(self) -> AbortSignal:
        return self.controller.signal

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await asyncio.to_thread(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append((error, where))


class ThreadPlatform(LoopPlatform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


on_each_platform = pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])


async def respond(app: Portico, platform: Platform, request: Request) -> Response:
    running = app.start(platform)

    async def run() -> Response:
        answer = app.handle(request, platform, running)
        return answer if isinstance(answer, Response) else await answer

    if running.is_async:
        async with running:
            return await run()
    with running:
        return await run()


def ask(app: Portico, target: str, platform: Platform | None = None, **of: Any) -> tuple[int, Any]:
    async def run() -> tuple[int, bytes]:
        request = Request(f"http://app.test{target}", **of)
        response = await respond(app, platform or ThreadPlatform(), request)
        content = response.content
        if isinstance(content, bytes):
            return response.status, content
        if content.is_async:
            return response.status, b"".join([chunk async for chunk in content])
        return response.status, b"".join(content)

    return asyncio.run(run())


# The life of a mounted application


def living(events: list[str], name: str, *, is_async: bool = False) -> Portico:
    app = Portico(name=name)

    if is_async:

        @app.resource
        async def lives_async() -> AsyncIterator[str]:
            events.append(f"{name} enters")
            await asyncio.sleep(0)
            yield name
            events.append(f"{name} leaves")
    else:

        @app.resource
        def lives() -> Iterator[str]:
            events.append(f"{name} enters")
            yield name
            events.append(f"{name} leaves")

    app.get("/", name)
    return app


@pytest.mark.parametrize("is_async", [False, True])
def test_a_mounted_application_lives_as_long_as_the_one_around_it(is_async: bool) -> None:
    events: list[str] = []
    outer = living(events, "outer")
    outer.mount("/m", living(events, "inner", is_async=is_async))

    assert outer.start(Platform()).is_async is is_async
    assert ask(outer, "/m") == (200, b"inner")
    assert events == ["outer enters", "inner enters", "inner leaves", "outer leaves"]


def test_an_application_that_is_mounted_in_several_places_lives_once() -> None:
    events: list[str] = []
    outer, plugin, inner = Portico(), Portico(), living(events, "inner")
    plugin.mount("/p", inner)
    outer.mount("/a", inner).mount("/b", inner).use(plugin)
    outer.group("/g").mount("/c", inner)

    for path in ("/a", "/b", "/p", "/g/c"):
        events.clear()
        assert ask(outer, path) == (200, b"inner")
        assert events == ["inner enters", "inner leaves"]


def test_each_start_has_a_life_of_the_mounted_application_of_its_own() -> None:
    inner = Portico()
    made = inner.resource(object)
    inner.get("/", lambda value=use(made): str(id(value)))
    outer = Portico().mount("/m", inner)

    first, second = outer.start(Platform()), outer.start(Platform())
    with first, second:
        answers = [
            outer.handle(Request("http://app.test/m"), Platform(), running)
            for running in (first, second, first)
        ]
    one, other, again = (answer.content for answer in answers if isinstance(answer, Response))

    assert one == again != other


def test_a_mounted_application_that_does_not_start_stops_what_did() -> None:
    events: list[str] = []
    outer, inner = living(events, "outer"), Portico()

    @inner.resource
    def fails() -> object:
        raise ValueError("it does not start")

    outer.mount("/m", inner)

    with pytest.raises(ValueError, match="does not start"):
        ask(outer, "/")
    assert events == ["outer enters", "outer leaves"]


def test_a_mounted_application_starts_in_the_order_of_registration() -> None:
    events: list[str] = []
    outer = Portico()
    outer.mount("/a", living(events, "a", is_async=True))
    outer.on_start(lambda: events.append("starts"))
    outer.mount("/b", living(events, "b"))
    ask(outer, "/a")

    assert events == ["a enters", "b enters", "starts", "b leaves", "a leaves"]


def test_mounts_are_kept_where_a_key_is_overridden() -> None:
    outer = Portico()
    key = outer.decorate(1)
    outer.mount("/m", living([], "inner"))

    assert ask(outer.override(key, 2), "/m") == (200, b"inner")


def test_two_mounted_applications_share_neither_keys_nor_hooks_nor_cookies() -> None:
    outer, one, other = Portico(), Portico(), Portico()
    state = one.state(1)
    one.before_handle(lambda ctx: ctx.set.headers.set("x-one", "1"), scope="global")
    one.get("/", "one")

    @other.get("/")
    def reads(ctx: Context) -> int:
        return ctx[state]

    outer.mount("/one", one).mount("/other", other)
    platform = ThreadPlatform()

    assert ask(outer, "/one") == (200, b"one")
    assert ask(outer, "/other", platform)[0] == 500
    assert isinstance(platform.reports[0][0], DefinitionError)


# Checking


def test_a_mounted_application_is_checked_with_the_same_capabilities() -> None:
    inner = Portico()
    inner.get("/live", "x", needs=[Capability.WEBSOCKET])
    outer = Portico().mount("/m", Portico().mount("/n", inner))
    without = {**Platform.capabilities, Capability.WEBSOCKET: ABSENT}

    outer.check()
    with pytest.raises(CapabilityError, match=r"GET /live .*'websocket'.*'plain'"):
        outer.check(without, "plain")


def test_a_mounted_application_warns_of_its_own_hooks() -> None:
    inner = Portico()
    inner.get("/", "x")
    inner.before_handle(lambda ctx: None)

    with pytest.warns(UnreachedHookWarning, match="reaches no route"):
        Portico().mount("/m", inner).check()


def test_a_mounted_application_registers_nothing_any_more() -> None:
    inner = Portico()
    Portico().mount("/m", inner)

    with pytest.raises(DefinitionError, match=r"in use since .*test_mount\.py:\d+"):
        inner.get("/late", "x")


def test_a_mount_is_explained_as_what_it_is() -> None:
    outer = Portico()
    outer.before_handle(lambda ctx: None)
    outer.mount("/m", Portico(name="inner"))

    below, exact = outer.explain()

    assert (below.path, exact.path) == ("/m/{mounted_path:path}", "/m")
    assert below.handler == "<mount of <Portico 'inner'>>"
    assert [link.event for link in below.links] == ["before_handle", "handle"]
    assert "is mounted" in below.links[1].reason
    assert below.inputs == ()
    assert below.body == "nothing beforehand: it is read as it arrives"


# Where it runs


@pytest.mark.parametrize("hook_is_async", [False, True])
@pytest.mark.parametrize("inner_is_async", [False, True])
@on_each_platform
def test_code_of_a_mounted_application_blocks_only_where_it_may(
    kind: type[LoopPlatform], inner_is_async: bool, hook_is_async: bool
) -> None:
    outer, inner, threads = Portico(), Portico(), list[int]()

    async def hook(ctx: Context) -> None:
        await asyncio.sleep(0)

    async def handler_async() -> None:
        threads.append(threading.get_ident())

    def handler() -> None:
        threads.append(threading.get_ident())

    if hook_is_async:
        outer.before_handle(hook)
    inner.get("/", handler_async if inner_is_async else handler)
    outer.mount("/m", inner)

    assert ask(outer, "/m", kind())[0] == 204
    on_a_loop = kind is LoopPlatform or hook_is_async
    assert (threads[0] != threading.get_ident()) is (on_a_loop and not inner_is_async)


def test_a_synchronous_mount_needs_no_loop_where_it_may_block() -> None:
    outer = Portico()
    outer.before_handle(lambda ctx: None)
    outer.mount("/m", living([], "inner"))
    platform = ThreadPlatform()
    with outer.start(platform) as running:
        answer = outer.handle(Request("http://app.test/m"), platform, running)

    assert isinstance(answer, Response)


# What can be mounted


class Bare:
    """An application that answers as it is told."""

    def __init__(self, answer: Callable[[Request, Platform], Any]) -> None:
        self.answer = answer
        self.checked: list[object] = []

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        self.checked.append((capabilities, runtime))

    def start(self, platform: Platform) -> Any:
        return BareRunning()

    def handle(self, request: Request, platform: Platform, running: Any) -> Any:
        assert isinstance(running, BareRunning)
        return self.answer(request, platform)


class BareRunning(nullcontext[None]):
    """Its life."""

    is_async = False


@on_each_platform
@pytest.mark.parametrize("later", [False, True])
def test_whatever_keeps_the_contract_can_be_mounted(kind: type[LoopPlatform], later: bool) -> None:
    async def wait(response: Response) -> Response:
        await asyncio.sleep(0)
        return response

    def answer(request: Request, platform: Platform) -> Response | Awaitable[Response]:
        response = Response(request.raw_path)
        return wait(response) if later else response

    bare = Bare(answer)
    outer = Portico().mount("/m", bare)
    outer.check({}, "plain")

    assert ask(outer, "/m/a%2Fb", kind()) == (200, b"/a%2Fb")
    assert bare.checked == [({}, "plain")]


@on_each_platform
@pytest.mark.parametrize("answer", [None, "text", 7])
def test_an_answer_that_breaks_the_contract_is_a_500_with_a_report(
    kind: type[LoopPlatform], answer: object
) -> None:
    platform = kind()
    outer = Portico().mount("/m", Bare(lambda request, platform: answer))

    assert ask(outer, "/m", platform)[0] == 500
    [(error, _)] = platform.reports
    assert re_matches(rf"answered with {answer!r}. `handle` returns a `Response`", error)


def re_matches(pattern: str, error: BaseException) -> bool:
    return isinstance(error, DefinitionError) and pattern in str(error)


# Hooks around it


@on_each_platform
def test_hooks_get_the_response_and_may_change_it(kind: type[LoopPlatform]) -> None:
    outer = Portico()
    seen: list[object] = []

    @outer.after_handle
    def taken(ctx: Context, value: object) -> None:
        seen.append(type(value))
        assert isinstance(value, Response)
        value.headers.set("x-taken", "yes")

    @outer.map_response
    def mapped(ctx: Context, value: Response) -> Response:
        return Response(b"more", status=value.status, headers=value.headers)

    outer.mount("/m", living([], "inner"))

    response = asyncio.run(respond(outer, kind(), Request("http://app.test/m")))

    assert seen == [Response]
    assert response.headers.get("x-taken") == "yes"
    assert (response.content, response.headers.get("content-length")) == (b"more", "4")


class Source:
    """A stream that tells how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.closed:
            raise StopIteration
        return b"chunk"

    def close(self) -> None:
        self.closed += 1


class AsyncSource(Source):
    """The same for a loop."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return b"chunk"

    async def aclose(self) -> None:
        self.closed += 1


def fails(ctx: Context, value: object) -> object:
    raise ValueError("a hook fails")


ENDS: dict[str, Callable[[Portico], object]] = {
    "replaced": lambda app: app.map_response(lambda ctx, value: "replaced"),
    "taken": lambda app: app.after_handle(lambda ctx, value: "taken"),
    "fails": lambda app: app.after_handle(fails),
    "fails late": lambda app: app.map_response(fails),
    "untouched": lambda app: None,
}


@pytest.mark.parametrize("source", [Source, AsyncSource])
@pytest.mark.parametrize("end", ENDS)
@on_each_platform
def test_the_stream_of_a_mounted_application_is_closed_once_whatever_is_sent(
    kind: type[LoopPlatform], end: str, source: type[Source]
) -> None:
    made = source()
    outer = Portico()
    ENDS[end](outer)
    outer.mount(
        "/m", Bare(lambda request, platform: Response.ready(200, Headers(), ByteStream(made)))
    )

    async def run() -> None:
        response = await respond(outer, kind(), Request("http://app.test/m"))
        if isinstance(response.content, ByteStream):
            assert end == "untouched"
            assert made.closed == 0
            await response.content.aclose()
            await response.content.aclose()

    asyncio.run(run())

    assert made.closed == 1


class Failing(Source):
    """A stream that does not close."""

    def close(self) -> None:
        raise ValueError("it does not close")


def test_a_stream_that_does_not_close_is_reported_and_changes_nothing() -> None:
    platform = ThreadPlatform()
    outer = Portico()
    outer.map_response(lambda ctx, value: "replaced")
    content = ByteStream(Failing())
    outer.mount("/m", Bare(lambda request, platform: Response.ready(200, Headers(), content)))

    assert ask(outer, "/m", platform) == (200, b"replaced")
    assert [str(error) for error, _ in platform.reports] == ["it does not close"]


def test_a_head_request_closes_the_stream_of_a_mounted_application() -> None:
    made = AsyncSource()
    outer = Portico()
    outer.mount(
        "/m", Bare(lambda request, platform: Response.ready(200, Headers(), ByteStream(made)))
    )

    assert ask(outer, "/m", LoopPlatform(), method="HEAD") == (200, b"")
    assert made.closed == 1


def test_generators_around_a_mount_end_with_its_stream() -> None:
    outer, inner, events = Portico(), Portico(), list[str]()

    @outer.derive
    def around() -> Iterator[None]:
        yield
        events.append("around ends")

    @inner.get("/")
    def stream() -> Iterator[bytes]:
        yield b"a"
        events.append("stream ends")

    outer.mount("/m", inner)

    assert ask(outer, "/m") == (200, b"a")
    assert events == ["stream ends", "around ends"]


@on_each_platform
def test_work_of_a_mounted_application_is_the_platforms(kind: type[LoopPlatform]) -> None:
    outer, inner, events = Portico(), Portico(), list[str]()
    inner.after_response(lambda ctx, response: events.append("inner"))
    outer.after_response(lambda ctx, response: events.append("outer"))

    @inner.get("/")
    def handler(ctx: Context) -> str:
        return ctx.wait_until(lambda: events.append("work")).value

    outer.mount("/m", inner)
    platform = kind()

    assert ask(outer, "/m", platform)[0] == 200
    assert platform.has_work
    asyncio.run(platform.afinish())
    assert events == ["work", "inner", "outer"]


# The request


class Pulled(NativeRequest):
    """A request whose body counts how often it was asked for."""

    __slots__ = ("pulls",)

    def __init__(self, chunks: list[bytes], limits: BodyLimits | None = None) -> None:
        self.pulls = 0
        fields = limits or BodyLimits(100, 100, None)
        super().__init__("POST", "/m/x", "q=1", self._chunks(chunks), fields)

    async def _chunks(self, chunks: list[bytes]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            self.pulls += 1
            yield chunk

    def _read_headers(self) -> Headers:
        return Headers({"content-type": "application/json", "cookie": "a=1"})

    def _read_host(self) -> str:
        return "app.test:8080"

    def _read_scheme(self) -> str:
        return "https"

    def _read_root_path(self) -> str:
        return "/root"


def test_the_body_is_not_touched_before_the_mounted_application_asks() -> None:
    outer, inner, pulls = Portico(), Portico(), list[int]()
    request = Pulled([b"one", b"two"])
    outer.parse(lambda ctx, content_type: pytest.fail("a mount's body is not parsed"))
    outer.before_handle(lambda ctx: pulls.append(request.pulls))

    @inner.post("/x")
    async def handler(ctx: Context, body: AsyncIterator[bytes]) -> str:
        pulls.append(request.pulls)
        chunks = [chunk async for chunk in body]
        return b" ".join(chunks).decode()

    outer.mount("/m", inner)

    response = asyncio.run(respond(outer, LoopPlatform(), request))

    assert (response.status, response.content) == (200, b"one two")
    assert pulls == [0, 0]


def test_what_was_read_around_a_mount_is_there_inside_and_the_other_way_round() -> None:
    outer, inner = Portico(), Portico()

    @outer.before_handle
    async def before(ctx: Context) -> None:
        assert await ctx.request.json() == {"a": 1}

    @outer.after_handle
    async def after(ctx: Context, value: object) -> None:
        form: bytes = await ctx.request.bytes()
        ctx.set.headers.set("x-after", form.decode())

    @inner.post("/x")
    async def handler(body: dict[str, int]) -> dict[str, int]:
        return body

    outer.mount("/m", inner)

    response = asyncio.run(respond(outer, LoopPlatform(), Pulled([b'{"a"', b":1}"])))

    assert response.content == b'{"a":1}'
    assert response.headers.get("x-after") == '{"a":1}'


def test_a_body_that_was_consumed_inside_is_consumed_outside() -> None:
    async def run() -> None:
        outer = Pulled([b"one"])
        inner = MountedRequest(outer, "/x")
        used = [inner.body_used, outer.body_used]
        assert [chunk async for chunk in inner.stream()] == [b"one"]
        assert [*used, inner.body_used, outer.body_used] == [False, False, True, True]
        with pytest.raises(BodyUsedError):
            await outer.bytes()

    asyncio.run(run())


def test_a_clone_of_a_mounted_request_reads_the_same_body() -> None:
    async def run() -> None:
        outer = Pulled([b"one", b"two"])
        inner = MountedRequest(outer, "/x")
        copy = inner.clone()
        assert (copy.raw_path, str(copy.url)) == ("/x", "https://app.test:8080/root/m/x?q=1")
        assert await copy.bytes() == await outer.bytes() == await inner.bytes() == b"onetwo"
        assert outer.pulls == 2

    asyncio.run(run())


def test_a_mounted_request_is_the_request_with_another_path() -> None:
    outer = Pulled([])
    inner = MountedRequest(MountedRequest(outer, "/y/x"), "/x")

    assert inner.raw_path == "/x"
    assert (inner.method, inner.raw_query) == ("POST", "q=1")
    assert (inner.host, inner.checked_host(), inner.scheme) == ("app.test:8080",) * 2 + ("https",)
    assert str(inner.url) == "https://app.test:8080/root/m/x?q=1"
    assert inner.url is outer.url
    assert inner.headers is outer.headers
    assert inner.cookies == {"a": "1"}
    assert inner.limits is outer.limits
    assert inner.has_body
    assert repr(inner) == "<MountedRequest POST /x>"


# The platform


def test_a_mounted_platform_leaves_everything_to_the_one_around_it() -> None:
    def members(kind: type) -> set[str]:
        found = vars(kind).items()
        return {name for name, value in found if isinstance(value, FunctionType | property)}

    # It depends on others alone.
    own = {"__init__", "has_threads", "root_path", "_read_root_path"}
    own |= {"_read_peer", "_read_fields", "_forwarded_by_platform", "_take_trailers"}

    assert members(Platform) - own == members(MountedPlatform) - own - {"__getattr__"}


def test_a_mounted_platform_is_the_platform_with_another_root_path() -> None:
    outer = LoopPlatform(Options(hosts=["app.test"]), "/root")
    inner = mounted_platform(mounted_platform(outer, "/root/a"), "/root/a/b")

    assert (outer.root_path, inner.root_path) == ("/root", "/root/a/b")
    assert (inner.options, inner.peer) == (outer.options, outer.peer)
    assert (inner.runtime, inner.capabilities) == (outer.runtime, outer.capabilities)
    assert (inner.promise, inner.has_threads) == (outer.promise, True)
    assert inner.signal is outer.signal
    assert inner.env is outer.env
    assert inner.bindings is outer.bindings
    assert inner.controller is outer.controller  # type: ignore[attr-defined] # of this runtime alone
    with pytest.raises(AttributeError, match="nothing_like_that"):
        inner.nothing_like_that  # type: ignore[attr-defined] # noqa: B018 - it raises
    with pytest.raises(CapabilityError, match="LoopPlatform was asked for"):
        inner.raw(LoopPlatform)


def test_the_signal_of_a_request_inside_is_the_peers() -> None:
    outer, inner, signals = Portico(), Portico(), list[AbortSignal]()

    @inner.get("/")
    def handler(ctx: Context) -> None:
        signals.extend((ctx.request.signal, ctx.platform.signal))

    platform = ThreadPlatform()
    ask(outer.mount("/m", inner), "/m", platform)

    assert signals == [platform.signal] * 2


# Paths


@pytest.mark.parametrize(
    ("prefix", "raw", "root", "rest"),
    [
        ("", "/", "", "/"),
        ("/", "/a/b", "", "/a/b"),
        ("/m", "/m", "/m", "/"),
        ("/m", "/m/", "/m", "/"),
        ("/m", "/m//", "/m", "//"),
        ("/m", "/m//a", "/m", "//a"),
        ("/m/", "/m/a/", "/m", "/a/"),
        ("/m", "/%6D/%61", "/%6D", "/%61"),
        ("/é", "/%C3%A9/%C3%BC", "/%C3%A9", "/%C3%BC"),
        ("/m", "/m/%2F", "/m", "/%2F"),
        ("/m", "/m/a%2Fb/c", "/m", "/a%2Fb/c"),
        ("/m", "/m/%252e", "/m", "/%252e"),
        ("/m", "/m/./a", "/m", "/a"),
        ("/m", "/x/../m/a/..", "/m", "/"),
        ("/m", "/x/%2E%2e/m/b", "/m", "/b"),
        ("/{t}", "/one%20two/a", "/one%20two", "/a"),
        ("/{t}/m/{u}", "/1/m/2", "/1/m/2", "/"),
        ("/{t?}/m", "/1/m/a", "/1/m", "/a"),
        ("/{t?}/m", "/m/a", "/m", "/a"),
        ("/{t?}", "/1/a", "/1", "/a"),
    ],
)
def test_a_prefix_ends_where_a_segment_does_and_escapes_stay(
    prefix: str, raw: str, root: str, rest: str
) -> None:
    def answer(request: Request, platform: Platform) -> Response:
        return Response(f"{platform.root_path} {request.raw_path}")

    for strict in (False, True):
        outer = Portico(strict_path=strict).mount(prefix, Bare(answer))
        platform = ThreadPlatform(root_path="/root")
        request = Request("http://app.test/")
        request.raw_path = raw

        response = asyncio.run(respond(outer, platform, request))

        assert (response.status, response.content) == (200, f"/root{root} {rest}".encode())


@pytest.mark.parametrize("raw", ["/", "/mm", "/m%2Fa", "/../x", "/m/..", "/%6Dm"])
def test_what_is_not_below_the_prefix_does_not_reach_the_mount(raw: str) -> None:
    outer = Portico().mount("/m", Bare(lambda request, platform: Response("reached")))
    request = Request("http://app.test/")
    request.raw_path = raw

    assert asyncio.run(respond(outer, ThreadPlatform(), request)).status == 404
