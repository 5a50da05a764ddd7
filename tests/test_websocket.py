"""WebSockets in the core: registration, the request, the conversation, and how it is left."""

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from types import MappingProxyType
from typing import Annotated, Any, cast

import anyio
import pytest
from msgspec import Meta, Struct

from portico import (
    CapabilityError,
    Context,
    DefinitionError,
    DisconnectError,
    Hooks,
    HTTPError,
    LocalBroker,
    Portico,
    Request,
    WebSocket,
    status,
    use,
)
from portico.contract import (
    ABSENT,
    NATIVE,
    Capability,
    Closed,
    Platform,
    Response,
    Runtime,
    Upgrade,
)
from portico_asgi import CAPABILITIES as ASGI_CAPABILITIES
from portico_lambda import CAPABILITIES as LAMBDA_CAPABILITIES
from portico_wsgi import CAPABILITIES as WSGI_CAPABILITIES
from portico_wsgi import WSGI

pytestmark = pytest.mark.anyio

Data = str | bytes | Closed | BaseException


class Said(Struct):
    text: str


class Told(Struct):
    text: str


async def echo(message: str) -> str:
    return message


class LoopPlatform(Platform):
    """A runtime with an event loop and threads, which keeps its reports."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[BaseException] = []

    async def run_blocking(self, fn: Any, /) -> Any:
        return await anyio.to_thread.run_sync(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(error)


class ScriptedChannel:
    """A channel whose peer says what a test has written down."""

    def __init__(self, *script: Data) -> None:
        self.script = list(script)
        self.sent: list[str | bytes] = []
        self.closed: Closed | None = None
        self.is_gone = False

    async def receive(self, timeout: float | None, /) -> str | bytes | Closed:
        await anyio.lowlevel.checkpoint()
        data = self.script.pop(0) if self.script else Closed(1000)
        if isinstance(data, BaseException):
            raise data
        return data

    async def send(self, data: str | bytes, /) -> None:
        if self.is_gone:
            raise DisconnectError("gone")
        self.sent.append(data)

    async def close(self, code: int, reason: str, /) -> None:
        self.closed = Closed(code, reason)

    def post(self, data: str | bytes, /) -> None:
        self.sent.append(data)


class Talk:
    """One connection, from its request to its end."""

    def __init__(self, app: Portico) -> None:
        self.app = app
        self.platform = LoopPlatform()
        self.running = app.start(self.platform)

    async def ask(self, path: str, headers: dict[str, str] | None = None) -> Response:
        request = Request(f"http://app.test{path}", headers=headers)
        answer = self.app.connect(request, self.platform, self.running)
        return answer if isinstance(answer, Response) else await answer

    async def run(self, path: str, *script: Data) -> ScriptedChannel:
        upgrade = await self.ask(path)
        assert isinstance(upgrade, Upgrade)
        channel = ScriptedChannel(*script)
        await upgrade.run(channel)
        await self.platform.afinish()
        return channel


async def talk(app: Portico, path: str, *script: Data) -> ScriptedChannel:
    return await Talk(app).run(path, *script)


# Registration


def test_a_socket_without_a_handler_is_a_mistake() -> None:
    app = Portico()
    app.ws("/a")

    with pytest.raises(DefinitionError, match=r"WS /a .* has no handler"):
        app.check()


def test_a_second_handler_of_an_event_is_a_mistake() -> None:
    socket = Portico().ws("/a")

    @socket
    async def loop(ws: WebSocket) -> None: ...

    with pytest.raises(DefinitionError, match=r"is a second one: .*loop\(\)"):

        @socket.message
        async def message(message: str) -> None: ...


def test_a_handler_of_messages_takes_a_message() -> None:
    with pytest.raises(DefinitionError, match="without a parameter `message`"):

        @Portico().ws("/a").message
        async def message(ws: WebSocket) -> None: ...


def test_a_handler_is_a_function() -> None:
    wrong: Any = "no function"
    with pytest.raises(DefinitionError, match="It takes a function"):
        Portico().ws("/a").open(wrong)


def test_handlers_come_before_the_first_use() -> None:
    app = Portico()
    socket = app.ws("/a")
    socket(echo)
    app.start(LoopPlatform())

    with pytest.raises(DefinitionError, match="in use since"):
        socket.open(lambda: None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_message_size": 0}, "a number of bytes, from 1"),
        ({"max_message_size": True}, "a number of bytes, from 1"),
        ({"idle_timeout": -1}, "a number of seconds above 0"),
        ({"subprotocols": "v1"}, "a list of names"),
        ({"subprotocols": ["a b"]}, "a list of names"),
        ({"subprotocols": [""]}, "a list of names"),
        ({"origins": "https://app.example"}, "a list of origins"),
        ({"origins": ["https://app.example/"]}, "a list of origins"),
        ({"origins": ["app.example"]}, "a list of origins"),
        ({"optional": 1}, "True or False"),
        ({"body": Said}, "unknown option 'body'"),
        ({"parse": "json"}, "unknown option 'parse'"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_mistake(options: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        Portico().ws("/a", **options)


async def takes_a_body(message: str, body: Said) -> None: ...
async def takes_the_unknown(message: str, thing: Platform) -> None: ...
async def takes_either(message: Said | Told) -> None: ...


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (takes_a_body, "takes a body, which the request of a WebSocket does not have"),
        (takes_the_unknown, "'thing' is taken for a query parameter"),
        (takes_either, "the message cannot be validated"),
    ],
)
def test_what_no_handler_can_bind_is_found_by_check(handler: Any, said: str) -> None:
    app = Portico()
    app.ws("/a")(handler)

    with pytest.raises(DefinitionError, match=said):
        app.check()


def test_a_path_parameter_named_like_what_an_event_brings_is_a_mistake() -> None:
    app = Portico()
    app.ws("/a/{message}")(echo)

    with pytest.raises(DefinitionError, match="a parameter of the path too"):
        app.check()


@pytest.mark.parametrize("capabilities", [WSGI_CAPABILITIES, LAMBDA_CAPABILITIES])
def test_a_socket_is_refused_at_construction_where_there_are_none(capabilities: Any) -> None:
    app = Portico()
    app.ws("/a")(echo)

    app.check(ASGI_CAPABILITIES, "asgi")
    with pytest.raises(CapabilityError, match=r"WS /a .*'websocket'.*optional=True"):
        app.check(capabilities, "there")


def test_an_optional_socket_is_let_pass_at_construction() -> None:
    app = Portico()
    app.ws("/a", optional=True)(echo)

    WSGI(app)


def test_a_socket_is_among_the_routes_and_explained_and_has_a_url() -> None:
    app = Portico(prefix="/v1")

    @app.ws("/rooms/{room}", tags=["chat"], before_handle=lambda ctx: None)
    async def talk(message: str, room: str, loud: bool = False) -> str:
        return message

    (route,) = app.routes
    assert (route.method, route.path, route.tags) == ("WS", "/v1/rooms/{room}", ("chat",))
    assert app.url(talk, room="a b") == app.url(route.handler, room="a b") == "/v1/rooms/a%20b"
    (explained,) = app.explain()
    assert (explained.method, explained.handler) == ("WS", "talk")
    assert explained.needs == ("websocket",)
    assert [link.event for link in explained.links] == ["before_handle", "ws.message"]
    assert [(each.part, each.name) for each in explained.inputs] == [
        ("path", "room"),
        ("query", "loud"),
    ]
    app.compile()


# The request


async def test_hooks_and_keys_run_in_the_order_of_any_route_and_only_once() -> None:
    app, order = Portico(), list[str]()

    def note(name: str) -> Any:
        def hook(ctx: Context) -> None:
            order.append(name)

        return hook

    app.request(note("request"))
    app.before_parse(note("before_parse"))
    app.transform(note("transform"))
    app.before_handle(note("before_handle"))
    app.after_handle(lambda ctx, value: order.append("after_handle"))
    app.map_response(lambda ctx, value: order.append("map_response"))
    app.after_response(lambda ctx, response: order.append(f"after_response {response.status}"))

    @app.derive
    def derived(ctx: Context) -> str:
        order.append("derive")
        return "d"

    @app.resolve
    def resolved(ctx: Context, value: str = use(derived)) -> str:
        order.append("resolve")
        return f"{value}r"

    @app.ws("/a")
    async def say(ws: WebSocket, message: str, value: str = use(resolved)) -> str:
        order.append("message")
        return f"{message} {value} {ws.ctx[derived]}"

    channel = await talk(app, "/a", "1", "2")

    assert channel.sent == ["1 dr d", "2 dr d"]
    first = ["request", "before_parse", "transform", "derive", "before_handle", "resolve"]
    assert order == [*first, "message", "message", "after_response 101"]


async def test_what_refuses_goes_through_the_hooks_of_answers() -> None:
    app = Portico()
    app.map_response(lambda ctx, value: f"mapped {value}")
    app.ws("/a", before_handle=lambda ctx: "no")(echo)

    answer = await Talk(app).ask("/a")

    assert (answer.status, answer.content) == (200, b"mapped no")


async def test_error_hooks_answer_for_a_request_that_fails() -> None:
    app = Portico()

    @app.error(HTTPError)
    def handled(ctx: Context, error: HTTPError) -> object:
        return status(418, "handled")

    @app.ws("/a", before_handle=lambda ctx: status(403))
    async def say(message: str) -> str:
        return message

    @app.derive(lazy=True)
    def failing(ctx: Context) -> str:
        raise HTTPError(402)

    @app.ws("/b")
    async def need(message: str, value: str = use(failing)) -> str:
        return value

    assert (await Talk(app).ask("/b")).status == 418
    assert (await Talk(app).ask("/nowhere")).status == 418
    assert (await Talk(app).ask("/a")).status == 403


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, 101),
        ("https://app.example", 101),
        ("https://evil.example", 403),
        ("http://app.example", 403),
        ("https://app.example.evil", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_pages_of_other_origins_are_not_let_in(origin: str | None, expected: int) -> None:
    app = Portico()
    app.ws("/a", origins=["https://app.example"])(echo)

    answer = await Talk(app).ask("/a", {} if origin is None else {"origin": origin})

    assert answer.status == expected


async def test_a_guard_for_bodies_does_not_concern_a_socket() -> None:
    app = Portico()
    with app.guard(body=Said, standalone=True, headers=Told) as guarded:
        guarded.ws("/a")(echo)

    assert (await Talk(app).ask("/a", {"text": "a"})).status == 101
    assert (await Talk(app).ask("/a")).status == 422


async def test_groups_plugins_and_lazy_plugins_bring_their_sockets() -> None:
    plugin = Portico(name="plugin", prefix="/plugin")
    seen: list[str] = []
    plugin.before_handle(lambda ctx: seen.append(ctx.route))
    with plugin.group("/group", Hooks(before_handle=lambda ctx: seen.append("group"))) as group:

        @group.ws("/{name}")
        async def named(message: str, name: str) -> str:
            return f"{name} {message}"

    app = Portico()
    app.use(plugin, prefix="/v1")

    assert (await talk(app, "/v1/plugin/group/ann", "hi")).sent == ["ann hi"]
    assert seen == ["/v1/plugin/group/{name}", "group"]


lazy_plugin = Portico(name="lazy")


@lazy_plugin.ws("/late")
async def late(message: str) -> str:
    return f"late {message}"


async def test_a_lazy_plugin_is_imported_for_its_sockets() -> None:
    import sys

    module = type(sys)("lazy_sockets")
    vars(module)["plugin"] = lazy_plugin
    sys.modules["lazy_sockets"] = module
    app = Portico()
    app.use("lazy_sockets:plugin", prefix="/lazy", lazy=True)
    assert app.accepts_websockets()

    assert (await talk(app, "/lazy/late", "a")).sent == ["late a"]
    del sys.modules["lazy_sockets"]


async def test_a_mounted_application_and_the_one_around_it_both_leave_what_they_entered() -> None:
    app, inner, left = Portico(), Portico(), list[str]()

    def keeper(name: str) -> Any:
        async def keep(ctx: Context) -> AsyncIterator[str]:
            yield name
            left.append(name)

        return keep

    app.resolve(keeper("outer"))
    inner.resolve(keeper("inner"))

    @inner.ws("/a")
    async def say(message: str) -> str:
        assert left == []
        return message

    app.mount("/in", inner)
    around = Talk(app)
    with around.running:
        channel = await around.run("/in/a", "hi")

    assert channel.sent == ["hi"]
    assert left == ["inner", "outer"]


async def test_a_method_that_only_the_router_knows_opens_nothing() -> None:
    app = Portico()
    app.ws("/a", before_handle=[])(echo)
    request = Request("http://app.test/a")
    request.method = "(websocket)"  # what no server lets through

    platform = LoopPlatform()
    answer = app.handle(request, platform, app.start(platform))
    response = answer if isinstance(answer, Response) else await answer

    assert response.status == 404


async def test_an_upgrade_that_is_given_up_leaves_its_generators() -> None:
    app, left = Portico(), list[BaseException]()

    @app.resolve
    async def kept(ctx: Context) -> AsyncIterator[int]:
        try:
            yield 1
        except BaseException as error:
            left.append(error)
            raise

    app.ws("/a")(echo)
    upgrade = await Talk(app).ask("/a")
    assert isinstance(upgrade, Upgrade)
    await upgrade.refuse()

    assert [type(error) for error in left] == [DisconnectError]


# The conversation


async def test_synchronous_handlers_leave_the_loop_and_keep_their_order() -> None:
    app, threads = Portico(), set[int]()

    @app.ws("/a")
    def count(message: int) -> Iterator[int]:
        threads.add(threading.get_ident())
        yield from range(message)

    @app.ws("/quick", blocking=False)
    def quick(message: int) -> int:
        threads.add(threading.get_ident())
        return message

    assert (await talk(app, "/a", "2", "1")).sent == ["0", "1", "0"]
    assert threading.get_ident() not in threads
    assert (await talk(app, "/quick", "2")).sent == ["2"]
    assert threading.get_ident() in threads


async def test_nothing_is_sent_for_none_and_falsy_values_are_values() -> None:
    app = Portico()
    answers: list[Any] = [None, 0, False, "", b"", [], {}]

    @app.ws("/a")
    async def pop(message: str) -> Any:
        return answers.pop(0)

    channel = await talk(app, "/a", *["next"] * 7)

    assert channel.sent == ["0", "false", "", b"", "[]", "{}"]


async def test_what_is_not_declared_is_not_sent() -> None:
    app = Portico()

    @app.ws("/a")
    async def tell(message: str) -> Told:
        return cast("Told", {"secret": message})

    around = Talk(app)
    channel = await around.run("/a", "hush")

    assert (channel.sent, channel.closed) == ([], Closed(1011))
    assert "hush" not in repr(around.platform.reports)


async def test_an_answer_of_http_is_too_late() -> None:
    app = Portico()

    @app.ws("/a")
    async def tell(message: str) -> Any:
        return status(404)

    around = Talk(app)

    assert (await around.run("/a", "a")).closed == Closed(1011)
    assert "there is no status any more" in str(around.platform.reports[0])


async def test_an_http_error_closes_with_its_detail_and_is_no_surprise() -> None:
    app = Portico()

    @app.ws("/a")
    async def refuse(message: str) -> None:
        raise HTTPError(403, "ü" * 100)

    around = Talk(app)
    channel = await around.run("/a", "a")

    assert channel.closed == Closed(1008, "ü" * 61)  # 123 bytes, and no half of a character
    assert around.platform.reports == []


async def test_messages_of_a_type_can_be_iterated_over_and_a_bad_one_passed() -> None:
    app = Portico()

    @app.ws("/a")
    async def listen(ws: WebSocket) -> AsyncIterator[str]:
        messages = ws.messages(Said)
        while ws.closed is None:
            try:
                async for said in messages:
                    yield said.text
            except HTTPError as error:
                yield str(error.status)

    channel = await talk(app, "/a", '{"text": "a"}', "{", "{}", b"{}", '{"text": "b"}')

    assert channel.sent == ["a", "400", "422", "415", "b"]


@pytest.mark.parametrize("code", [999, 1004, 1005, 1006, 1010, 1015, 1016, 2999, 5000, -1])
async def test_a_code_that_no_frame_may_have_is_a_mistake(code: int) -> None:
    app, raised = Portico(), list[str]()

    @app.ws("/a")
    async def leave(ws: WebSocket, message: str) -> None:
        try:
            await ws.close(code)
        except ValueError as error:
            raised.append(str(error))

    channel = await talk(app, "/a", "a")

    assert "RFC 6455 section 7.4" in raised[0]
    assert channel.closed is None


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1009, 1011, 1014, 3000, 4999])
async def test_a_code_that_may_be_sent_is_sent_once(code: int) -> None:
    app = Portico()

    @app.ws("/a")
    async def leave(ws: WebSocket, message: str) -> None:
        await ws.close(code, "first")
        await ws.close(1000, "second")

    assert (await talk(app, "/a", "a", "b")).closed == Closed(code, "first")


async def test_a_reason_has_123_bytes_at_most() -> None:
    app = Portico()

    @app.ws("/a")
    async def leave(ws: WebSocket, message: str) -> None:
        with pytest.raises(ValueError, match="124 bytes"):
            await ws.close(1000, "ü" * 62)
        await ws.close(1000, "x" * 123)

    assert (await talk(app, "/a", "a")).closed == Closed(1000, "x" * 123)


async def test_whoever_sends_to_a_peer_that_is_gone_is_told_and_nobody_is_alarmed() -> None:
    app, order = Portico(), list[object]()
    socket = app.ws("/a")

    @socket.message
    async def flood(ws: WebSocket, message: str) -> AsyncIterator[str]:
        try:
            while True:
                yield "more"
                channel.is_gone = True
        finally:
            order.append("left")

    @socket.error
    async def never(error: Exception) -> None:
        order.append(error)

    @socket.close
    async def closed(ws: WebSocket, code: int) -> str:
        order.append(code)
        return "too late"

    around = Talk(app)
    upgrade = await around.ask("/a")
    assert isinstance(upgrade, Upgrade)
    channel = ScriptedChannel("go")
    await upgrade.run(channel)

    assert order == ["left", 1006]
    assert (channel.sent, around.platform.reports) == (["more"], [])


async def test_an_error_handler_that_fails_closes_and_both_errors_are_known() -> None:
    app = Portico()
    socket = app.ws("/a")

    @socket.message
    async def fail(message: str) -> None:
        raise ValueError("first")

    @socket.error
    async def fail_too(error: Exception) -> None:
        raise KeyError("second")

    around = Talk(app)

    assert (await around.run("/a", "a")).closed == Closed(1011)
    (reported,) = around.platform.reports
    assert isinstance(reported, KeyError)
    assert isinstance(reported.__context__, ValueError)


async def test_what_arrives_is_dropped_where_nothing_takes_messages() -> None:
    app = Portico()

    @app.ws("/a").open
    async def hello() -> str:
        return "hello"

    assert (await talk(app, "/a", "a", b"b")).sent == ["hello"]


async def test_what_a_text_is_annotated_with_is_held_to() -> None:
    app = Portico()

    @app.ws("/text")
    async def short(message: Annotated[str, Meta(max_length=3)]) -> str:
        return message

    @app.ws("/data")
    async def few(message: Annotated[bytes, Meta(max_length=3)]) -> bytes:
        return message

    channel = await talk(app, "/text", "abc", "abcd")
    assert (channel.sent, channel.closed and channel.closed.code) == (["abc"], 1008)
    channel = await talk(app, "/data", b"abc", b"abcd")
    assert (channel.sent, channel.closed and channel.closed.code) == ([b"abc"], 1008)


async def test_an_idle_connection_is_closed() -> None:
    app, ended = Portico(), list[tuple[int, str]]()
    socket = app.ws("/a", idle_timeout=60)

    @socket.message
    async def say(message: str) -> str:
        return message

    @socket.close
    def end(code: int, reason: str) -> None:
        ended.append((code, reason))

    around = Talk(app)
    channel = await around.run("/a", "a", TimeoutError())

    assert (channel.sent, channel.closed) == (["a"], Closed(1001, "idle"))
    assert (ended, around.platform.reports) == ([(1001, "idle")], [])


# The end


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([Closed(1000)], None),
        ([Closed(1001)], None),
        ([Closed(1005)], None),
        ([Closed(4000, "own")], None),
        ([Closed(1006)], DisconnectError),
        ([Closed(1011)], DisconnectError),
        (["leave"], None),
        (["fail"], RuntimeError),
        (["{"], HTTPError),
    ],
)
async def test_generators_live_as_long_as_the_connection_and_see_its_end(
    script: list[Data], expected: type[Exception] | None
) -> None:
    app, ends = Portico(), list[object]()
    socket = app.ws("/a")

    @app.derive(lazy=True)
    async def kept(ctx: Context) -> AsyncIterator[str]:
        try:
            async with anyio.create_task_group():
                yield "kept"
        except* Exception as group:  # noqa: BLE001
            ends.append(type(group.exceptions[0]))
        else:
            ends.append(None)

    @socket.message
    async def say(ws: WebSocket, message: str, key: str = use(kept)) -> None:
        if message == "leave":
            await ws.close(1011)
        if message == "fail":
            raise RuntimeError
        if message == "{":
            raise HTTPError(400)

    @socket.close
    async def closed(key: str = use(kept)) -> None:
        ends.append(key)

    await talk(app, "/a", *script)

    assert len(ends) == 2
    assert ends[0] == "kept"
    assert ends[1] is expected or issubclass(expected or int, ends[1])  # type: ignore[arg-type]


async def test_a_commit_that_fails_at_the_end_is_reported() -> None:
    app = Portico()

    @app.resolve
    async def transaction(ctx: Context) -> AsyncIterator[int]:
        yield 1
        raise OSError("cannot commit")

    app.ws("/a")(echo)
    around = Talk(app)
    await around.run("/a")

    assert [str(error) for error in around.platform.reports] == ["cannot commit"]


async def test_a_cancelled_connection_calls_close_and_leaves_its_generators() -> None:
    app, ends = Portico(), list[object]()
    started = anyio.Event()

    @app.resolve
    async def kept(ctx: Context) -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await anyio.lowlevel.checkpoint()
            ends.append("left")

    socket = app.ws("/a")

    @socket
    async def wait(ws: WebSocket) -> None:
        started.set()
        await anyio.sleep_forever()

    @socket.close
    async def closed(code: int) -> None:
        await anyio.lowlevel.checkpoint()
        ends.append(code)

    async def run() -> None:
        await talk(app, "/a")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await started.wait()
        tasks.cancel_scope.cancel()

    assert ends == [1006, "left"]


async def test_a_close_handler_that_fails_is_reported_and_the_rest_is_left_all_the_same() -> None:
    app, ends = Portico(), list[object]()

    @app.resolve
    async def kept(ctx: Context) -> AsyncIterator[int]:
        yield 1
        ends.append("left")

    socket = app.ws("/a")

    @socket.message
    async def say(message: str) -> str:
        return message

    @socket.close
    async def fail() -> None:
        raise RuntimeError("at the end")

    around = Talk(app)
    await around.run("/a", "a")

    assert [str(error) for error in around.platform.reports] == ["at the end"]
    assert ends == ["left"]


async def test_a_trace_sees_the_request_and_ends_before_the_conversation() -> None:
    app, events = Portico(), list[str]()

    def traced(ctx: Context, span: Any) -> None:
        def end(*ended: object) -> None:
            events.append(f"end {span.name}")

        span.on_end(end)

    app.trace(traced)

    @app.ws("/a")
    async def say(message: str) -> str:
        events.append("message")
        return message

    await talk(app, "/a", "a")

    assert events[-1] == "message"
    assert len(events) > 1


# Topics


async def test_a_connection_that_ends_is_no_subscriber_any_more() -> None:
    app = Portico()
    socket = app.ws("/{topic}")

    @socket.open
    async def join(ws: WebSocket, topic: str) -> None:
        await ws.subscribe(topic)
        await ws.subscribe(topic)
        assert ws.subscriptions == {topic}
        await ws.publish(topic, "to others")
        await ws.ctx.publish(topic, "to all")

    around = Talk(app)

    assert (await around.run("/a")).sent == ["to all"]
    assert (await around.run("/a")).sent == ["to all"]


class Recording(LocalBroker):
    """A broker that keeps what it was asked, as one that others share would send it to them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str | bytes]] = []

    async def publish(self, topic: str, data: str | bytes, /, *, but: Any = None) -> None:
        self.asked.append((topic, data))
        await super().publish(topic, data, but=but)


async def test_a_broker_of_the_applications_own_hands_on_what_is_published() -> None:
    app, left = Portico(), list[str]()

    @app.resource
    async def shared() -> AsyncIterator[Recording]:
        yield Recording()
        left.append("left")

    app.broker(shared)

    @app.ws("/a")
    async def spread(ws: WebSocket, message: str) -> None:
        await ws.subscribe("news")
        await ws.ctx.publish("news", {"said": message})
        assert ws.ctx[shared].asked == [("news", '{"said":"hi"}')]

    around = Talk(app)
    async with around.running:
        channel = await around.run("/a", "hi")

    assert channel.sent == ['{"said":"hi"}']
    assert left == ["left"]


def test_a_broker_is_an_app_lived_key_of_the_application() -> None:
    app, other = Portico(), Portico()
    elsewhere = other.decorate(LocalBroker())

    @app.resolve
    def per_request(ctx: Context) -> LocalBroker:
        return LocalBroker()

    for key in (elsewhere, per_request):
        with pytest.raises(DefinitionError, match="no app-lived key of this application"):
            app.broker(key)


class Alone(LoopPlatform):
    capabilities = MappingProxyType(
        {**LoopPlatform.capabilities, Capability.SHARED_RESOURCES: ABSENT}
    )


async def test_topics_say_where_connections_cannot_reach_each_other() -> None:
    app, raised = Portico(), list[str]()

    @app.ws("/a").open
    async def join(ws: WebSocket) -> None:
        try:
            await ws.subscribe("topic")
        except CapabilityError as error:
            raised.append(str(error))

    around = Talk(app)
    around.platform = Alone()
    await around.run("/a")

    assert "'shared_resources'" in raised[0]


async def test_a_broker_that_lives_as_long_as_a_request_is_made_to_publish() -> None:
    app, made = Portico(), list[Recording]()

    @app.resource
    async def shared() -> AsyncIterator[Recording]:
        made.append(Recording())
        yield made[-1]

    app.broker(shared)

    @app.get("/a")
    async def announce(ctx: Context) -> str:
        await ctx.publish("news", "hi")
        return "sent"

    platform = Alone()
    async with app.start(platform) as running:
        answer = app.handle(Request("http://app.test/a"), platform, running)
        assert (answer if isinstance(answer, Response) else await answer).status == 200

    assert [each.asked for each in made] == [[("news", "hi")]]


async def test_a_stream_that_is_closed_early_leaves_no_handler_open() -> None:
    app, order = Portico(), list[str]()

    async def numbers() -> AsyncGenerator[int]:
        try:
            yield 1
            yield 2
        finally:
            order.append("closed")

    @app.ws("/a")
    async def count(ws: WebSocket, message: str) -> AsyncIterator[int]:
        async with aclosing(numbers()) as some:
            async for number in some:
                yield number
                await ws.close()

    channel = await talk(app, "/a", "a")

    assert (channel.sent, order) == (["1"], ["closed"])
