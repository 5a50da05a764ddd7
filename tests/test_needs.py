"""What routes need of a runtime: declared, inferred from their code, and met at construction."""

from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from capability_table import PAGE, written
from portico import CapabilityError, Context, Portico, Request, Response, WebSocket, file, use
from portico.contract import ABSENT, EMULATED, NATIVE, Capabilities, Capability, Support
from portico.needs import MEANINGS, RouteNeeds
from portico_cli._targets import TARGETS, Target, judged

ADAPTERS: list[tuple[str, str]] = [
    ("asgi", "ASGI"),
    ("wsgi", "WSGI"),
    ("lambda", "Lambda"),
    ("cloudflare", "Worker"),
]


def needed(app: Portico) -> set[str]:
    """The capabilities of the one route of an application."""
    (route,) = [route for route in app.needs if route.method]
    return {need.capability.value for need in route.needs}


def route_of(fn: Callable[..., Any], **options: Any) -> RouteNeeds:
    app = Portico()
    app.post("/x", fn, **options)
    (route,) = app.needs
    return route


printed: Any = None


async def stream() -> AsyncIterator[str]:
    yield "a"


def sync_stream() -> Iterator[str]:
    yield "a"


def handed_on_stream() -> AsyncIterator[str]:
    return stream()


def stream_or_none() -> Iterator[bytes] | None:
    return None


def values() -> list[str]:
    return []


async def upload(body: AsyncIterator[bytes]) -> None:
    pass


def sync_upload(body: Iterator[bytes]) -> None:
    pass


def stream_of_a_stream(body: AsyncIterator[bytes] | None) -> AsyncIterator[bytes] | None:
    return body


async def publishing(ctx: Context) -> None:
    await ctx.publish("topic", "text")


async def publishing_elsewhere(ctx: Context) -> str:
    publish: Any = printed.publish
    publish("topic", "text")
    return ctx.path


async def read_stream(ctx: Context) -> None:
    async for _ in ctx.request.stream():
        pass


def whole(body: bytes) -> None:
    pass


def background(ctx: Context) -> None:
    ctx.wait_until(lambda: None)


def in_a_function_of_its_own(ctx: Context) -> None:
    def later() -> None:
        ctx.wait_until(lambda: None)

    later()


def deadline(ctx: Context) -> float | None:
    return ctx.deadline


def signal(ctx: Context) -> bool:
    return ctx.request.signal.aborted


async def hints(ctx: Context) -> bool:
    return await ctx.platform.early_hints([])


def trailing(ctx: Context) -> bool:
    return ctx.platform.send_trailers({})


async def blocking(ctx: Context) -> None:
    await ctx.platform.run_blocking(lambda: None)


def raw(ctx: Context) -> str:
    return ctx.request.raw_path


def with_file() -> object:
    return file("x")


def opening() -> str:
    with open("x") as opened:
        return opened.read()


class Order:
    deadline = 1.0


def of_another_object() -> float:
    return Order().deadline


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (stream, {"stream_response"}),
        (sync_stream, {"stream_response"}),
        (handed_on_stream, {"stream_response"}),
        (stream_or_none, {"stream_response"}),
        (values, set[str]()),
        (upload, {"stream_request"}),
        (sync_upload, {"stream_request", "threads"}),
        (stream_of_a_stream, {"stream_request", "stream_response"}),
        (publishing, {"topics"}),
        (publishing_elsewhere, set[str]()),
        (read_stream, {"stream_request"}),
        (whole, set[str]()),
        (background, {"background"}),
        (in_a_function_of_its_own, {"background"}),
        (deadline, {"deadline"}),
        (signal, {"disconnect"}),
        (hints, {"early_hints"}),
        (trailing, {"trailers"}),
        (blocking, {"threads"}),
        (raw, {"raw_path"}),
        (with_file, {"filesystem"}),
        (opening, {"filesystem"}),
        (of_another_object, set[str]()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_a_handler_does_is_what_its_route_needs(
    fn: Callable[..., Any], expected: set[str]
) -> None:
    route = route_of(fn)

    assert {need.capability.value for need in route.needs} == expected
    assert not any(need.is_declared for need in route.needs)
    assert all(fn.__name__ in need.why for need in route.needs)


@pytest.mark.parametrize("second", ["publish", "subscribe"])
def test_every_handler_of_a_websocket_counts(second: str) -> None:
    app = Portico()
    socket = app.ws("/x")

    @socket.open
    def greet(ws: WebSocket) -> str:
        return "hello"

    @socket.message
    async def use_topic(ws: WebSocket, message: str) -> None:
        await (ws.publish("a", message) if second == "publish" else ws.subscribe("a"))

    (route,) = app.needs
    found = {need.capability.value: need for need in route.needs}

    assert found.keys() == {"websocket", "topics"}
    assert not found["topics"].is_declared
    assert "use_topic" in found["topics"].why


def test_values_that_a_websocket_sends_are_no_stream_of_an_answer() -> None:
    app = Portico()

    @app.ws("/x")
    async def count(ws: WebSocket) -> AsyncIterator[int]:
        yield 1

    assert needed(app) == {"websocket"}


def test_a_file_as_a_value_needs_a_file_system() -> None:
    app = Portico()
    app.get("/x", file("x"))

    assert needed(app) == {"filesystem"}


def test_hooks_and_keys_count_as_their_routes_do() -> None:
    app = Portico()

    @app.resource
    def pool() -> Iterator[int]:
        yield 1

    @app.derive
    def when(ctx: Context) -> float | None:
        return ctx.deadline

    @app.after_response
    def log(ctx: Context, response: Response) -> None:
        pass

    @app.get("/x")
    def handler(number: int = use(pool)) -> int:
        return number

    assert needed(app) == {"background", "deadline", "shared_resources"}


def test_a_hook_that_runs_before_routing_is_a_matter_of_the_whole() -> None:
    app = Portico()

    @app.request
    def watch(ctx: Context) -> None:
        ctx.wait_until(lambda: None)

    app.get("/x", "text")
    whole, route = app.needs

    assert ([need.capability for need in whole.needs], route.needs) == ([Capability.BACKGROUND], ())


def test_a_resource_without_io_is_no_matter_of_sharing() -> None:
    app = Portico()

    @app.resource(io=False)
    def table() -> dict[str, str]:
        return {}

    @app.get("/x")
    def handler(found: dict[str, str] = use(table)) -> int:
        return len(found)

    assert needed(app) == set()


def test_the_life_of_the_application_is_no_routes_need() -> None:
    app = Portico()

    @app.resource
    def pool() -> Iterator[int]:
        yield 1

    app.get("/x", "text")
    life, route = app.needs

    assert (life.method, life.path, route.needs) == ("", "", ())
    assert [need.capability for need in life.needs] == [Capability.STARTUP, Capability.SHUTDOWN]


def test_a_context_that_is_handed_on_is_told_of() -> None:
    def elsewhere(ctx: Context) -> str:
        return repr(ctx)

    assert route_of(elsewhere).is_open
    assert not route_of(deadline).is_open


def test_routes_of_a_mounted_application_are_there_once_with_what_is_around_them() -> None:
    inner, outer = Portico(), Portico()
    inner.get("/i", deadline)

    @outer.before_handle
    def watch(ctx: Context) -> None:
        ctx.wait_until(lambda: None)

    outer.mount("/m", inner)
    (route,) = [route for route in outer.needs if route.method]

    assert (route.method, route.path) == ("GET", "/m/i")
    assert {need.capability.value for need in route.needs} == {"background", "deadline"}


def test_a_mount_of_another_kind_needs_nothing_that_is_known() -> None:
    class Other:
        def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None: ...
        def start(self, platform: Any) -> Any: ...
        def handle(self, request: Request, platform: Any, running: Any) -> Response:
            return Response()

    app = Portico()
    app.mount("/m", Other())

    assert {need for route in app.needs for need in route.needs} == set()


def test_what_is_declared_is_not_inferred_again() -> None:
    route = route_of(deadline, needs=[Capability.DEADLINE, Capability.SOCKETS])

    assert [(need.capability, need.is_declared) for need in route.needs] == [
        (Capability.SOCKETS, True),
        (Capability.DEADLINE, True),
    ]


# Met at construction


@pytest.mark.parametrize(("name", "adapter"), ADAPTERS)
@pytest.mark.parametrize("capability", Capability, ids=lambda each: each.value)
def test_an_adapter_refuses_what_it_declares_absent_and_nothing_else(
    capability: Capability, name: str, adapter: str
) -> None:
    module = import_module(f"portico_{name}")
    app = Portico()
    app.get("/x", values, needs=[capability])
    construct = getattr(module, adapter)

    if module.CAPABILITIES[capability] is ABSENT:
        with pytest.raises(CapabilityError, match=rf"GET /x .*{capability.value!r}.*{name!r}"):
            construct(app)
    else:
        construct(app)


@pytest.mark.parametrize(("name", "adapter"), ADAPTERS)
def test_an_adapter_takes_what_is_inferred(name: str, adapter: str) -> None:
    app = Portico()
    for fn in (stream, upload, background, deadline, signal, hints, blocking, raw, with_file):
        app.post(f"/{fn.__name__}", fn)

    getattr(import_module(f"portico_{name}"), adapter)(app)


# As data


@pytest.mark.parametrize("name", TARGETS)
def test_an_adapter_says_what_it_does_in_place_of_what_it_has_not(name: str) -> None:
    target = Target.of(name)
    less = {each for each, support in target.capabilities.items() if support is not NATIVE}

    assert set(target.capabilities) == set(Capability)
    assert less <= set(target.degradations)
    for sentence in target.degradations.values():
        assert sentence == sentence.strip(" .")


def test_every_capability_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Capability)


@pytest.mark.parametrize(
    ("support", "declared", "verdict"),
    [
        (NATIVE, True, "works"),
        (EMULATED, True, "degrades"),
        (ABSENT, True, "fails"),
        (NATIVE, False, "works"),
        (EMULATED, False, "degrades"),
        (ABSENT, False, "degrades"),
    ],
)
def test_a_route_fails_where_what_it_declares_is_absent(
    support: Support, declared: bool, verdict: str
) -> None:
    app = Portico()
    app.get("/x", deadline, needs=[Capability.DEADLINE] if declared else [])
    table = dict.fromkeys(Capability, NATIVE) | {Capability.DEADLINE: support}

    (route,) = judged(app, Target("test", table, {Capability.DEADLINE: "it is None"}))

    assert route.verdict == verdict


def test_the_page_has_the_tables_of_the_data() -> None:
    page = PAGE.read_text("utf-8")

    assert written(page) == page, "Run: python tests/capability_table.py"
