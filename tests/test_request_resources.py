"""Resources where requests may not share what does I/O: each request enters its own."""

from collections.abc import AsyncIterator, Callable, Iterator
from types import MappingProxyType
from typing import Any, TypeVar

import anyio
import pytest

from portico import Context, DefinitionError, HTTPError, Key, Portico, Request, Response, use
from portico._stream import ByteStream
from portico.contract import ABSENT, NATIVE, Capability, Platform, Runtime

T = TypeVar("T")


class Isolate(Platform):
    """A runtime with an event loop whose requests share nothing that does I/O."""

    runtime = Runtime("isolate", "loop")
    capabilities = MappingProxyType(
        {**Platform.capabilities, Capability.SHARED_RESOURCES: ABSENT, Capability.THREADS: ABSENT}
    )

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name
        self.reports: list[str] = []

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(repr(error))


class Shared(Isolate):
    """The same whose requests share everything."""

    capabilities = MappingProxyType({**Platform.capabilities, Capability.SHARED_RESOURCES: NATIVE})


class Served:
    """An application whose resources write what happens into one log."""

    def __init__(self) -> None:
        self.app = Portico()
        self.log: list[str] = []

    def resource(self, name: str, *, is_async: bool = True, **options: Any) -> Key[str]:
        def sync() -> Iterator[str]:
            self.log.append(f"{name} entered")
            yield name
            self.log.append(f"{name} left")

        async def asynchronous() -> AsyncIterator[str]:
            async with anyio.create_task_group():
                await anyio.sleep(0)
                self.log.append(f"{name} entered")
                yield name
                await anyio.sleep(0)
            self.log.append(f"{name} left")

        register = self.app.resource(**options) if options else self.app.resource
        return register(asynchronous) if is_async else register(sync)

    def run(
        self, *paths: str, kind: type[Isolate] = Isolate, backend: str = "asyncio"
    ) -> list[str]:
        """Answer requests one after the other, each in a task of its own; the reports."""
        reports: list[str] = []

        async def answer(path: str, running: Any) -> None:
            platform = kind(path)
            request = Request(f"http://app.test{path}")
            made = self.app.handle(request, platform, running)
            response = made if isinstance(made, Response) else await made
            content = response.content
            if isinstance(content, ByteStream):
                async for chunk in content:
                    self.log.append(f"sent {chunk.decode()}")
                await content.aclose()
            else:
                self.log.append(f"{response.status} {content.decode()}")
            if platform.needs_loop:
                await platform.afinish()
            platform.finish()
            reports.extend(platform.reports)

        async def run() -> None:
            async with self.app.start(kind("start")) as running:
                self.log.append("started")
                for path in paths or ("/",):
                    async with anyio.create_task_group() as group:
                        group.start_soon(answer, path, running)
            self.log.append("stopped")

        anyio.run(run, backend=backend)
        return reports


on_each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])
in_each_colour = pytest.mark.parametrize("is_async", [True, False])


def bind(served: Served, key: Key[str]) -> None:
    @served.app.get("/")
    def show(value: str = use(key)) -> str:
        return value


def name_it(served: Served, key: Key[str]) -> None:
    @served.app.get("/")
    def show(ctx: Context) -> str:
        return ctx[key]


def name_it_async(served: Served, key: Key[str]) -> None:
    @served.app.get("/")
    async def show(ctx: Context) -> str:
        return ctx[key]


def ask_for_it(served: Served, key: Key[str]) -> None:
    @served.app.get("/")
    async def show(ctx: Context) -> str:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ctx.get, key)
        return await ctx.get(key)


def hand_context_on(served: Served, key: Key[str]) -> None:
    def read(ctx: Context) -> str:
        return ctx[key]

    @served.app.get("/")
    async def show(ctx: Context) -> str:
        return read(ctx)


def read_in_a_hook(served: Served, key: Key[str]) -> None:
    @served.app.map_response
    def add(ctx: Context, value: object) -> str:
        return ctx[key]

    served.app.get("/", lambda: "a")


def read_before_routing(served: Served, key: Key[str]) -> None:
    @served.app.request
    def answer(ctx: Context) -> str:
        return ctx[key]


def read_for_an_error(served: Served, key: Key[str]) -> None:
    @served.app.error(HTTPError)
    def answer(ctx: Context, error: HTTPError) -> Any:
        return Response(ctx[key])

    @served.app.get("/")
    def show() -> str:
        raise HTTPError(401)


def bind_in_a_key(served: Served, key: Key[str]) -> None:
    @served.app.resolve
    def session(value: str = use(key)) -> Iterator[str]:
        yield value
        served.log.append("session left")

    bind(served, session)


READERS = [
    bind,
    name_it,
    name_it_async,
    ask_for_it,
    hand_context_on,
    read_in_a_hook,
    read_before_routing,
    read_for_an_error,
    bind_in_a_key,
]


@on_each_backend
@in_each_colour
@pytest.mark.parametrize("reader", READERS)
def test_each_request_enters_a_resource_and_leaves_it_behind_its_answer(
    reader: Callable[[Served, Key[str]], None], is_async: bool, backend: str
) -> None:
    served = Served()
    reader(served, served.resource("db", is_async=is_async))

    reports = served.run("/", "/", backend=backend)

    once = ["db entered", "200 db", "db left"]
    if reader is bind_in_a_key:
        once.insert(1, "session left")
    assert served.log == ["started", *once, *once, "stopped"]
    assert reports == []


@in_each_colour
@pytest.mark.parametrize("reader", READERS)
def test_elsewhere_the_same_application_enters_it_once(
    reader: Callable[[Served, Key[str]], None], is_async: bool
) -> None:
    served = Served()
    reader(served, served.resource("db", is_async=is_async))

    served.run("/", "/", kind=Shared)

    assert served.log[:2] == ["db entered", "started"]
    assert served.log[-2:] == ["db left", "stopped"]
    assert served.log.count("db entered") == 1


@in_each_colour
def test_a_resource_without_io_lives_as_long_as_the_isolate(is_async: bool) -> None:
    served = Served()
    bind(served, served.resource("cache", is_async=is_async, io=False))

    served.run("/", "/")

    assert served.log == [
        "cache entered",
        "started",
        "200 cache",
        "200 cache",
        "cache left",
        "stopped",
    ]


@in_each_colour
def test_a_request_that_asks_for_nothing_enters_nothing(is_async: bool) -> None:
    served = Served()
    served.resource("db", is_async=is_async)
    served.app.get("/", lambda: "a")

    @served.app.get("/ctx")
    async def show(ctx: Context) -> str:
        return ctx.path

    served.run("/", "/ctx", "/not-there")

    assert [word for word in served.log if word.startswith("db")] == []


@on_each_backend
def test_resources_are_entered_in_order_and_left_in_reverse_each_with_what_it_binds(
    backend: str,
) -> None:
    served = Served()
    first = served.resource("first")
    served.resource("unused")

    @served.app.resource
    def second(it: str = use(first)) -> Iterator[str]:
        served.log.append("second entered")
        yield f"second of {it}"
        served.log.append("second left")

    @served.app.resource
    async def third(it: str = use(second)) -> str:
        return f"third of {it}"

    bind(served, third)

    served.run(backend=backend)

    assert served.log == [
        *("started", "first entered", "second entered", "200 third of second of first"),
        *("second left", "first left", "stopped"),
    ]


def test_a_resource_that_is_asked_for_brings_what_it_binds() -> None:
    served = Served()
    first = served.resource("first")

    @served.app.resource
    async def second(it: str = use(first)) -> str:
        return f"second of {it}"

    keys = [second]

    @served.app.get("/")
    async def show(ctx: Context) -> str:
        return await ctx.get(keys[0])

    served.run()

    assert "200 second of first" in served.log


def test_a_resource_has_the_platform_of_its_request() -> None:
    served = Served()

    @served.app.resource
    def where(platform: Isolate) -> str:
        return platform.name

    @served.app.resource(io=False)
    def started(platform: Isolate) -> str:
        return platform.name

    @served.app.get("/{name}")
    def show(name: str, here: str = use(where), there: str = use(started)) -> str:
        return f"{here} {there}"

    served.run("/a", "/b")

    assert served.log == ["started", "200 /a start", "200 /b start", "stopped"]


@on_each_backend
def test_a_resource_is_left_behind_the_stream_and_all_work(backend: str) -> None:
    served = Served()
    key = served.resource("db")

    @served.app.get("/")
    async def show(ctx: Context) -> AsyncIterator[str]:
        ctx.wait_until(lambda: work(ctx))
        yield ctx[key]
        yield "b"

    def work(ctx: Context) -> None:
        served.log.append(f"work with {ctx[key]}")
        ctx.wait_until(lambda: served.log.append("more work"))

    served.run(backend=backend)

    assert served.log == [
        *("started", "db entered", "sent db", "sent b"),
        *("work with db", "more work", "db left", "stopped"),
    ]


@in_each_colour
def test_a_resource_that_fails_to_enter_is_an_error_of_the_request(is_async: bool) -> None:
    served = Served()
    served.resource("first", is_async=is_async)

    def fail() -> str:
        raise OSError("no connection")

    async def fail_async() -> str:
        raise OSError("no connection")

    key: Any = served.app.resource(fail_async) if is_async else served.app.resource(fail)

    @served.app.error(OSError)
    def late(ctx: Context, error: OSError) -> Any:
        return Response(str(error), status=503)

    bind(served, key)

    reports = served.run("/", "/")

    assert served.log == ["started", "503 no connection", "503 no connection", "stopped"]
    assert reports == ["OSError('no connection')"] * 2


def test_a_resource_that_fails_to_leave_is_reported_and_the_others_are_left() -> None:
    served = Served()
    first = served.resource("first")

    @served.app.resource
    async def failing(it: str = use(first)) -> AsyncIterator[str]:
        yield it
        raise OSError("cannot close")

    bind(served, failing)

    assert served.run() == ["OSError('cannot close')"]
    assert served.log == ["started", "first entered", "200 first", "first left", "stopped"]


def test_a_resource_that_a_function_reads_unseen_is_there_where_its_context_escapes() -> None:
    served = Served()
    keys = [served.resource("db")]

    class Handler:
        """A handler that reads a key through names of its own."""

        def __init__(self) -> None:
            self.contexts: list[Context] = []

        async def __call__(self, ctx: Context) -> str:
            self.contexts.append(ctx)
            return self.contexts[0][keys[0]]

    served.app.get("/", Handler())

    assert served.run() == []
    assert "200 db" in served.log


def test_a_read_that_nobody_could_foresee_says_what_to_do() -> None:
    served = Served()
    keys = [served.resource("db")]

    @served.app.get("/")
    async def show(ctx: Context) -> str:
        return ctx.__getitem__(keys[0])

    (report,) = served.run()

    assert "lives as long as a request on the runtime 'isolate'" in report
    assert "await ctx.get(asynchronous)" in report


@in_each_colour
@pytest.mark.parametrize("hook_is_async", [True, False])
def test_a_hook_of_start_has_what_it_binds_for_its_call(
    is_async: bool, hook_is_async: bool
) -> None:
    served = Served()
    key = served.resource("db", is_async=is_async)

    def begin(db: str = use(key)) -> None:
        served.log.append(f"began with {db}")

    async def begin_async(db: str = use(key)) -> None:
        begin(db)

    served.app.on_start(begin_async if hook_is_async else begin)
    served.app.get("/", lambda: "a")

    served.run()

    assert served.log[:4] == ["db entered", "began with db", "db left", "started"]


def test_a_start_needs_no_loop_for_what_requests_enter() -> None:
    served = Served()
    served.resource("db")

    assert not served.app.start(Isolate()).is_async
    assert served.app.start(Shared()).is_async


def test_states_and_constants_are_shared_as_everywhere() -> None:
    served = Served()
    state = served.app.state([0])
    constant = served.app.decorate("c")

    @served.app.get("/")
    def count(ctx: Context) -> str:
        ctx[state][0] += 1
        return f"{ctx[state][0]}{ctx[constant]}"

    served.run("/", "/")

    assert served.log == ["started", "200 1c", "200 2c", "stopped"]


def test_an_overridden_resource_is_never_entered() -> None:
    served = Served()
    key = served.resource("db")
    bind(served, key)
    served.app = served.app.override(key, "fake")

    served.run()

    assert served.log == ["started", "200 fake", "stopped"]


def test_a_resource_without_io_does_not_use_one_with_it() -> None:
    served = Served()
    key = served.resource("db")

    @served.app.resource(io=False)
    def cache(it: str = use(key)) -> str:
        return it

    with pytest.raises(DefinitionError, match=r"cache\(\).*`io=False` and uses <key .*>"):
        served.app.check()


def test_requests_at_the_same_time_enter_their_own() -> None:
    served, numbers = Served(), iter(range(100))

    @served.app.resource
    async def own() -> AsyncIterator[int]:
        yield next(numbers)

    meeting: list[int] = []
    all_there = anyio.Event()

    @served.app.get("/")
    async def show(ctx: Context, number: int = use(own)) -> str:
        meeting.append(number)
        if len(meeting) == 50:
            all_there.set()
        await all_there.wait()
        return f"{number} {ctx[own]}"

    seen: list[str] = []

    async def answer(running: Any) -> None:
        platform = Isolate()
        made = served.app.handle(Request("http://app.test/"), platform, running)
        response = made if isinstance(made, Response) else await made
        assert isinstance(response.content, bytes)
        seen.append(response.content.decode())
        await platform.afinish()

    async def run() -> None:
        async with served.app.start(Isolate()) as running, anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(answer, running)

    anyio.run(run)

    assert sorted(seen) == sorted(f"{number} {number}" for number in range(50))


@on_each_backend
def test_a_mounted_application_has_resources_of_each_request_too(backend: str) -> None:
    inner, served = Served(), Served()
    inner.log = served.log
    bind(inner, inner.resource("inner"))
    outer = served.resource("outer")

    @served.app.after_handle
    def watch(ctx: Context, value: object) -> None:
        served.log.append(f"outer has {ctx[outer]}")

    served.app.mount("/watched", inner.app)

    assert served.run("/watched/", backend=backend) == []

    assert served.log == [
        *("started", "outer entered", "inner entered", "outer has outer", "200 inner"),
        *("inner left", "outer left", "stopped"),
    ]
