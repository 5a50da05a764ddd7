"""WebSocket APIs of API Gateway: each event of a connection is an invocation of its own.

The events have the fields of AWS's documentation ("Integrations for WebSocket APIs in API Gateway",
"WebSocket API mapping template reference"), with values as an API sends them.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import hypothesis
import pytest
from msgspec import Struct

from fuzzing import fuzz, mutants
from portico import CapabilityError, Context, DefinitionError, HTTPError, Portico, WebSocket, use
from portico.contract import Capability, Platform
from portico_lambda import (
    SOCKET_CAPABILITIES,
    Connection,
    EventError,
    Lambda,
    LambdaPlatform,
    LambdaRaw,
    MemoryConnections,
    OutOfTimeError,
)

ID = "X1y2Zabc_DoCJ3w="
DOMAIN = "abc123.execute-api.eu-west-1.amazonaws.com"


def event(kind: str, route: str, **context: object) -> dict[str, Any]:
    return {
        "requestContext": {
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": "XfGLwFTktjMFsLg=",
            "requestTime": "13/Dec/2020:10:17:47 +0000",
            "messageDirection": "IN",
            "stage": "prod",
            "connectedAt": 1607854667185,
            "requestTimeEpoch": 1607854667186,
            "identity": {"userAgent": "ws", "sourceIp": "203.0.113.7"},
            "requestId": "XfGLwFTktjMFsLg=",
            "domainName": DOMAIN,
            "connectionId": ID,
            "apiId": "abc123",
            **context,
        },
        "isBase64Encoded": False,
    }


def connect(query: dict[str, str] | None = None, **headers: str) -> dict[str, Any]:
    fields = {
        "Host": DOMAIN,
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Key": "X/MA+DSRXZ8WnITjBpxm3g==",
        "Sec-WebSocket-Version": "13",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    found = event("CONNECT", "$connect", disconnectStatusCode=None, messageId=None)
    found |= {
        "headers": fields,
        "multiValueHeaders": {name: [value] for name, value in fields.items()},
    }
    if query is not None:
        found["queryStringParameters"] = query
        found["multiValueQueryStringParameters"] = {name: [x] for name, x in query.items()}
    return found


def message(body: str, route: str = "$default", *, is_base64: bool = False) -> dict[str, Any]:
    return {
        **event("MESSAGE", route, messageId="XfGMkfxgDoECF1A="),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def disconnect(code: int | None = 1001, reason: str | None = "Going away") -> dict[str, Any]:
    return event("DISCONNECT", "$disconnect", disconnectStatusCode=code, disconnectReason=reason)


class Said(Struct):
    text: str


class Served:
    """A function with its connections, and what was reported."""

    def __init__(self, app: Portico, **options: Any) -> None:
        self.connections = MemoryConnections()
        self.handler = Lambda(app, connections=self.connections, **options)
        FUNCTIONS.append(self.handler)

    def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
        # What Lambda gives and takes is JSON.
        result: dict[str, Any] = json.loads(json.dumps(self.handler(json.loads(json.dumps(given)))))
        return result

    def sent(self) -> list[str]:
        return self.connections.sent.get(ID, [])

    @property
    def reported(self) -> list[BaseException]:
        return REPORTED


REPORTED: list[BaseException] = []
FUNCTIONS: list[Lambda] = []


@pytest.fixture(autouse=True)
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def keep(platform: LambdaPlatform, error: BaseException, where: str) -> None:
        REPORTED.append(error)

    REPORTED.clear()
    monkeypatch.setattr(LambdaPlatform, "report", keep)
    yield
    while FUNCTIONS:
        FUNCTIONS.pop().close()


def chat() -> tuple[Portico, list[object]]:
    app = Portico()
    seen: list[object] = []
    socket = app.ws("/", subprotocols=["chat.v2", "chat.v1"])

    @socket.open
    async def joined(user: str = "somebody") -> None:
        seen.append(f"open {user}")

    @socket.message
    async def said(ws: WebSocket, message: Said, user: str = "somebody") -> Said:
        if message.text == "bye":
            await ws.close(4000, "see you")
        return Said(f"{user}: {message.text}")

    @socket.close
    def left(code: int, reason: str, user: str = "somebody") -> None:
        seen.append((user, code, reason))

    @socket.error
    def failed(error: Exception) -> str | None:
        return "what?" if isinstance(error, HTTPError) else None

    return app, seen


def test_a_conversation_is_one_invocation_for_each_event() -> None:
    app, seen = chat()
    served = Served(app)

    assert served(connect({"user": "Ada"}))["statusCode"] == 200
    assert served(message('{"text": "hi"}')) == {"statusCode": 200}
    assert served(message('{"text": "you"}', route="say")) == {"statusCode": 200}
    assert served(disconnect()) == {"statusCode": 200}

    assert served.sent() == ['{"text":"Ada: hi"}', '{"text":"Ada: you"}']
    assert seen == ["open Ada", ("Ada", 1001, "Going away")]
    assert served.connections.handshakes == {}
    assert served.reported == []


def test_each_event_may_come_to_another_environment() -> None:
    app, seen = chat()
    first = Served(app)
    first(connect({"user": "Grace"}))
    other_app, other_seen = chat()
    other = Served(other_app)
    other.connections.handshakes = first.connections.handshakes

    other(message('{"text": "hi"}'))
    other(disconnect(1000, ""))

    assert (other.sent(), seen, other_seen) == (
        ['{"text":"Grace: hi"}'],
        ["open Grace"],
        [("Grace", 1000, "")],
    )


def test_the_short_form_takes_messages() -> None:
    app = Portico()

    @app.ws("/")
    def shout(message: str) -> str:
        return message.upper()

    served = Served(app)
    served(connect())
    served(message("hé"))

    assert served.sent() == ["HÉ"]


def test_several_values_are_several_messages_in_their_order() -> None:
    app = Portico()

    @app.ws("/")
    async def count(message: int) -> AsyncIterator[int]:
        for number in range(message):
            yield number

    served = Served(app)
    served(connect())
    served(message("3"))

    assert served.sent() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [("chat.v1", "chat.v1"), ("other, chat.v1, chat.v2", "chat.v2"), ("other", None)],
)
def test_the_subprotocol_is_in_the_answer_to_the_handshake(
    offered: str, chosen: str | None
) -> None:
    app, _ = chat()

    result = Served(app)(connect(Sec_WebSocket_Protocol=offered))

    assert result["headers"].get("sec-websocket-protocol") == chosen


def guarded(seen: list[str] | None = None) -> Portico:
    app = Portico()

    @app.derive(lazy=True)
    def user(ctx: Context) -> str:
        if seen is not None:
            seen.append("derived")
        name = ctx.headers.get("x-user")
        if name is None:
            raise HTTPError(401, "Who is there?")
        return name

    @app.ws("/")
    async def private(message: str, name: str = use(user)) -> str:
        return f"{name}: {message}"

    return app


def test_a_refusal_is_the_answer_to_the_handshake_and_nothing_is_kept() -> None:
    served = Served(guarded())

    result = served(connect())

    assert result["statusCode"] == 401
    assert json.loads(result["body"])["detail"] == "Who is there?"
    assert served.connections.handshakes == {}


def test_keys_and_headers_of_the_handshake_are_there_with_each_message() -> None:
    seen: list[str] = []
    served = Served(guarded(seen))

    served(connect(X_User="ada"))
    served(message("hi"))
    served(message("ho"))

    assert served.sent() == ["ada: hi", "ada: ho"]
    assert seen == ["derived"] * 3


def test_a_hook_that_refuses_later_ends_the_connection() -> None:
    app = Portico()
    expired: list[bool] = []

    @app.before_handle
    def check(ctx: Context) -> None:
        if expired:
            raise HTTPError(401, "expired")

    @app.ws("/")
    async def say(message: str) -> str:
        return message

    served = Served(app)
    served(connect())
    expired.append(True)

    assert served(message("hi")) == {"statusCode": 401}
    assert (served.sent(), served.connections.closed) == ([], {ID})
    assert served.connections.handshakes == {}


def test_closing_ends_the_connection_and_the_end_is_handled_once() -> None:
    app, seen = chat()
    served = Served(app)
    served(connect())

    served(message('{"text": "bye"}'))
    served(disconnect(1000, "Closed by server"))

    assert served.connections.closed == {ID}
    assert seen == ["open somebody", ("somebody", 4000, "see you")]


def test_a_message_that_is_wrong_goes_to_the_error_handler() -> None:
    app, _ = chat()
    served = Served(app)
    served(connect())

    assert served(message('{"text": 5}')) == {"statusCode": 200}
    assert served.sent() == ["what?"]
    assert served.connections.closed == set()


@pytest.mark.parametrize(
    ("body", "code"),
    [("{", 1007), ('"x"', 1008), ("5" * 40, 1009)],
)
def test_without_an_error_handler_it_closes_the_connection(body: str, code: int) -> None:
    app = Portico()
    seen: list[int] = []
    socket = app.ws("/", max_message_size=32)

    @socket.message
    async def take(message: int) -> None:
        raise AssertionError(message)

    @socket.close
    async def left(code: int) -> None:
        seen.append(code)

    served = Served(app)
    served(connect())
    served(message(body))

    assert (seen, served.connections.closed) == ([code], {ID})
    assert served.reported == []


def test_an_error_of_a_handler_is_reported_and_closes_the_connection() -> None:
    app = Portico()

    @app.ws("/")
    async def fail(message: str) -> None:
        raise RuntimeError("secret")

    served = Served(app)
    served(connect())

    assert served(message("x")) == {"statusCode": 200}
    assert served.connections.closed == {ID}
    assert [str(error) for error in served.reported] == ["secret"]


def test_who_is_gone_counts_as_closed_and_the_end_comes_as_an_event() -> None:
    app = Portico()
    seen: list[object] = []
    socket = app.ws("/")

    @socket.message
    async def say(ws: WebSocket, message: str) -> str:
        try:
            await ws.send("one")
        finally:
            seen.append(ws.closed)
        return "two"

    @socket.close
    async def left(code: int) -> None:
        seen.append(code)

    served = Served(app)
    served(connect())
    served.connections.gone.add(ID)

    assert served(message("hi")) == {"statusCode": 200}
    assert seen == [(1006, "")]
    served(disconnect(1001))
    assert seen == [(1006, ""), 1001]
    assert (served.connections.closed, served.reported) == (set(), [])


@pytest.mark.parametrize(
    ("code", "seen"), [(None, 1005), (1000, 1000), (4001, 4001), (-1, 1006), (0, 1006)]
)
def test_the_close_code_is_that_of_the_event(code: int | None, seen: int) -> None:
    app, told = chat()
    served = Served(app)
    served(connect())

    served(disconnect(code, None))

    assert told[-1] == ("somebody", seen, "")


def test_nothing_can_be_sent_in_the_close_handler() -> None:
    app = Portico()
    socket = app.ws("/")

    @socket.close
    async def left() -> str:
        return "bye"

    served = Served(app)
    served(connect())

    assert served(disconnect()) == {"statusCode": 200}
    assert (served.sent(), served.reported) == ([], [])


def test_a_binary_message_is_what_the_gateway_has_decoded() -> None:
    app = Portico()

    @app.ws("/")
    async def size(message: bytes) -> int:
        return len(message)

    served = Served(app)
    served(connect())
    served(message(base64.b64encode(b"\x00\xff\x00").decode(), is_base64=True))

    assert served.sent() == ["3"]


def test_sending_binary_data_is_an_error_that_says_so() -> None:
    app = Portico()

    @app.ws("/")
    async def say(message: str) -> bytes:
        return message.encode()

    served = Served(app)
    served(connect())
    served(message("x"))

    (error,) = served.reported
    assert isinstance(error, CapabilityError)
    assert "text messages alone" in str(error)
    assert served.connections.closed == {ID}


def test_sending_before_the_handshake_is_answered_refuses_it() -> None:
    app = Portico()
    socket = app.ws("/")

    @socket.open
    async def greet() -> str:
        return "welcome"

    served = Served(app)

    assert served(connect())["statusCode"] == 500
    assert isinstance(served.reported[0], CapabilityError)
    assert served.connections.handshakes == {}


def test_closing_in_the_open_handler_refuses_the_handshake() -> None:
    app = Portico()
    socket = app.ws("/")

    @socket.open
    async def refuse(ws: WebSocket) -> None:
        await ws.close(4003, "not today")

    served = Served(app)
    result = served(connect())

    assert (result["statusCode"], json.loads(result["body"])["detail"]) == (403, "not today")
    assert (served.connections.handshakes, served.connections.closed) == ({}, set())


def test_waiting_for_another_message_is_an_error_that_says_so() -> None:
    app = Portico()

    @app.ws("/")
    async def ask(ws: WebSocket, message: str) -> None:
        await ws.receive()

    served = Served(app)
    served(connect())
    served(message("x"))

    assert "an invocation of its own" in str(served.reported[0])


@pytest.mark.parametrize("call", ["subscribe", "publish"])
def test_topics_are_an_error_that_says_so(call: str) -> None:
    app = Portico()

    @app.ws("/")
    async def use_topic(ws: WebSocket, message: str) -> None:
        await (ws.subscribe("tea") if call == "subscribe" else ws.publish("tea", message))

    served = Served(app)
    served(connect())
    served(message("x"))

    (error,) = served.reported
    assert isinstance(error, CapabilityError)
    assert "Topics" in str(error)


def test_a_message_of_an_unknown_connection_is_reported_and_closes_it() -> None:
    app, _ = chat()
    served = Served(app)

    assert served(message("x")) == {"statusCode": 410}
    assert served.connections.closed == {ID}
    assert "has no handshake" in str(served.reported[0])
    assert served(disconnect()) == {"statusCode": 200}


class BrokenStore(MemoryConnections):
    def put(self, connection: Connection, handshake: str, /) -> None:
        raise OSError("no table")


def test_a_store_that_fails_is_reported_and_refuses() -> None:
    app, seen = chat()
    handler = Lambda(app, connections=BrokenStore())
    FUNCTIONS.append(handler)

    assert handler(connect())["statusCode"] == 500
    assert [str(error) for error in REPORTED] == ["no table"]
    assert seen == []


@pytest.mark.parametrize(
    "broken",
    [
        {"domainName": None},
        {"stage": ""},
        {"connectionId": 5},
        {"domainName": "chat.example", "apiId": None},
    ],
)
def test_a_malformed_event_is_refused(broken: dict[str, object]) -> None:
    app, _ = chat()
    given = connect()
    given["requestContext"] |= broken

    assert Served(app)(given)["statusCode"] == 400


@pytest.mark.parametrize(
    "given", [message("?", is_base64=True), message("\ud800"), {**message(""), "body": 5}]
)
def test_a_message_that_is_no_text_is_refused(given: dict[str, Any]) -> None:
    app, _ = chat()
    served = Served(app)
    served(connect())

    assert served(given)["statusCode"] == 400


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Lambda]:
    app, _ = chat()
    handler = Lambda(app, connections=MemoryConnections())
    yield handler
    handler.close()


DOCUMENTS: list[Any] = [connect({"user": "Ada"}), message('{"text": "hi"}'), disconnect()]


@fuzz(150)
@hypothesis.given(mutants(DOCUMENTS))
def test_whatever_an_event_has_it_gets_a_status_and_nothing_unexpected_goes_wrong(
    fuzzed: Lambda, document: Any
) -> None:
    REPORTED.clear()
    fuzzed(connect())
    try:
        result = fuzzed(document)
    except EventError:
        return  # it is none of a WebSocket any more

    assert isinstance(result["statusCode"], int)
    json.dumps(result)
    # A connection of another id, whose handshake is not there, and nothing else.
    assert [error for error in REPORTED if type(error) is not LookupError] == []


def test_the_request_is_that_of_the_handshake() -> None:
    app = Portico()
    seen: list[object] = []

    @app.ws("/rooms/{room}")
    async def look(ws: WebSocket, message: str, room: str, q: list[str]) -> None:
        ctx = ws.ctx
        platform = ctx.platform
        seen.extend([room, q, str(ctx.request.url), platform.peer.address, platform.root_path])
        seen.append(platform.raw(Connection))
        seen.append(platform.raw(LambdaRaw).event["body"])
        seen.append(platform.capabilities[Capability.WEBSOCKET].value)

    given = connect()
    given["multiValueQueryStringParameters"] = {"q": ["a b", "ü&"]}
    served = Served(app, socket_path="/rooms/tea")
    served(given)
    served(message("x"))

    assert served.reported == []
    assert seen[0:2] == ["tea", ["a b", "ü&"]]
    assert str(seen[2]).startswith(f"https://{DOMAIN}/prod/rooms/tea?q=a")
    assert seen[3:5] == ["203.0.113.7", "/prod"]
    assert seen[5] == (ID, f"https://{DOMAIN}/prod")
    assert seen[6:] == ["x", "emulated"]


def test_behind_a_custom_domain_name_what_is_sent_goes_to_the_default_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    app = Portico()
    seen: list[Connection] = []

    @app.ws("/")
    def look(ctx: Context, message: str) -> None:
        seen.append(ctx.platform.raw(Connection))

    served = Served(app)
    for given in (connect(), message("x")):
        given["requestContext"]["domainName"] = "chat.example"
        served(given)

    assert seen == [(ID, f"https://{DOMAIN}/prod")]


def test_proxies_before_the_service_are_believed_where_they_are_trusted() -> None:
    app = Portico()
    seen: list[str | None] = []

    @app.ws("/")
    def look(ctx: Context, message: str) -> None:
        seen.append(ctx.platform.peer.address)

    served = Served(app, trust=1)
    served(connect(X_Forwarded_For="198.51.100.9, 203.0.113.7"))
    served(message("x"))

    assert (seen, served.reported) == (["198.51.100.9"], [])


def test_a_mounted_application_is_served_too() -> None:
    inner, app = Portico(), Portico()
    seen: list[object] = []
    socket = inner.ws("/chat")

    @socket.message
    async def echo(ctx: Context, message: str) -> str:
        seen.append(ctx.platform.raw(Connection).id)
        return message

    @socket.close
    def left(code: int) -> None:
        seen.append(code)

    app.mount("/inner", inner)
    served = Served(app, socket_path="/inner/chat")
    served(connect())
    served(message("x"))
    served(disconnect(1000, ""))

    assert (served.sent(), seen, served.reported) == (["x"], [ID, 1000], [])


def test_header_fields_and_a_cookie_go_with_the_handshake() -> None:
    app = Portico()

    @app.before_handle
    def mark(ctx: Context) -> None:
        ctx.set.headers.append("x-mark", "1")
        ctx.set.headers.append("x-mark", "2")
        ctx.set.headers.append("set-cookie", "a=1")

    @app.ws("/")
    def take(message: str) -> None: ...

    result = Served(app)(connect())

    assert result == {"statusCode": 200, "headers": {"x-mark": "1, 2", "set-cookie": "a=1"}}


def test_several_cookies_are_an_error_where_the_options_are_strict() -> None:
    app = Portico()

    @app.before_handle
    def mark(ctx: Context) -> None:
        ctx.set.headers.append("set-cookie", "a=1")
        ctx.set.headers.append("set-cookie", "b=2")

    @app.ws("/")
    def take(message: str) -> None: ...

    served = Served(app, strict=True)

    assert served(connect())["statusCode"] == 500
    assert served.connections.handshakes == {}


def test_an_application_that_cannot_start_keeps_the_end_for_later() -> None:
    app, seen = chat()
    working = Served(app)
    working(connect())
    broken, _ = chat()

    @broken.resource
    def fail() -> int:
        raise RuntimeError("no database")

    served = Served(broken)
    served.connections.handshakes = working.connections.handshakes

    assert served(disconnect())["statusCode"] == 500
    assert working(disconnect())["statusCode"] == 200
    assert seen == ["open somebody", ("somebody", 1001, "Going away")]


def test_work_is_done_before_the_invocation_ends() -> None:
    app = Portico()
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    @app.ws("/")
    async def take(ctx: Context, message: str) -> None:
        ctx.wait_until(work())

    served = Served(app)
    served(connect())
    served(message("x"))

    assert done == ["done"]


class Hurried:
    """The runtime's context object of a function that has hardly any time."""

    def get_remaining_time_in_millis(self) -> int:
        return 100


@pytest.mark.parametrize("event_of", ["open", "message"])
def test_an_event_that_takes_too_long_is_given_up_in_time(event_of: str) -> None:
    app = Portico()
    socket = app.ws("/")
    seen: list[object] = []

    async def hang(ctx: Context) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("left")

    @socket.open
    async def joined(ctx: Context) -> None:
        if event_of == "open":
            await hang(ctx)

    @socket.message
    async def said(ctx: Context, message: str) -> None:
        await hang(ctx)

    served = Served(app)
    if event_of == "message":
        served(connect())
    given = connect() if event_of == "open" else message("x")

    assert served.handler(given, Hurried())["statusCode"] == 504
    assert (seen, [type(error) for error in served.reported]) == (["left"], [OutOfTimeError])
    assert list(served.connections.handshakes) == ([] if event_of == "open" else [ID])


def test_requests_are_answered_beside() -> None:
    app, _ = chat()
    app.get("/hello", "hi")
    served = Served(app)
    request: dict[str, Any] = {"httpMethod": "GET", "path": "/hello", "requestContext": {}}

    assert served(request)["body"] == "hi"
    assert served({**request, "path": "/"})["statusCode"] == 426


def test_another_path_than_that_of_the_socket_is_not_found() -> None:
    app, _ = chat()

    assert Served(app, socket_path="/elsewhere")(connect())["statusCode"] == 404


@pytest.mark.parametrize("path", ["chat", "", "/{room}", "/?room=tea"])
def test_the_path_of_the_socket_is_that_of_a_request(path: str) -> None:
    app, _ = chat()

    with pytest.raises(DefinitionError, match="socket_path"):
        Lambda(app, connections=MemoryConnections(), socket_path=path)


# What needs the connection in memory


def a_loop(app: Portico) -> None:
    @app.ws("/")
    async def loop(ws: WebSocket) -> None:
        async for _ in ws:
            pass


def an_idle_timeout(app: Portico) -> None:
    @app.ws("/", idle_timeout=5)
    async def take(message: str) -> None: ...


def a_generator(app: Portico) -> None:
    @app.resolve
    def present() -> Iterator[int]:
        yield 1

    @app.ws("/")
    async def take(message: str) -> None: ...


def a_lazy_generator(app: Portico) -> None:
    @app.derive(lazy=True)
    async def present() -> AsyncIterator[int]:
        yield 1

    @app.ws("/")
    async def take(message: str, number: int = use(present)) -> None: ...


def a_generator_that_is_asked_for(app: Portico) -> None:
    @app.derive(lazy=True)
    async def present() -> AsyncIterator[int]:
        yield 1

    @app.ws("/")
    async def take(ctx: Context, message: str) -> None:
        await ctx.get(present)


def a_mounted_loop(app: Portico) -> None:
    inner = Portico()
    a_loop(inner)
    app.mount("/inner", inner)


@pytest.mark.parametrize(
    ("register", "said"),
    [
        (a_loop, "for as long as it runs"),
        (an_idle_timeout, "idle_timeout=5"),
        (a_generator, "is a generator"),
        (a_lazy_generator, "is a generator"),
        (a_generator_that_is_asked_for, "is a generator"),
        (a_mounted_loop, "for as long as it runs"),
    ],
)
def test_what_needs_the_connection_in_memory_is_refused_when_the_function_is_made(
    register: Callable[[Portico], None], said: str
) -> None:
    app = Portico()
    register(app)

    with pytest.raises(CapabilityError, match=said):
        Lambda(app, connections=MemoryConnections())


def an_optional_loop(app: Portico) -> None:
    @app.ws("/", optional=True)
    async def loop(ws: WebSocket) -> None:
        raise AssertionError


def an_optional_one_with_a_generator(app: Portico) -> None:
    @app.resolve
    def present() -> Iterator[int]:
        yield 1

    @app.ws("/", optional=True)
    async def take(message: str) -> None: ...


@pytest.mark.parametrize("register", [an_optional_loop, an_optional_one_with_a_generator])
def test_an_optional_socket_of_that_kind_is_refused_when_it_is_asked_for(
    register: Callable[[Portico], None],
) -> None:
    app = Portico()
    register(app)
    served = Served(app)

    assert served(connect())["statusCode"] == 500
    assert "call of its own" in str(served.reported[0])


def test_a_runtime_that_keeps_connections_takes_all_of_it() -> None:
    app = Portico()
    a_loop(app)

    app.check(Platform.capabilities, "there")


def test_without_connections_a_websocket_is_refused() -> None:
    app, _ = chat()

    with pytest.raises(CapabilityError, match="websocket"):
        Lambda(app)


def test_without_connections_an_event_says_what_is_missing() -> None:
    with pytest.raises(EventError, match=r"Lambda\(app, connections=\.\.\.\)"):
        Lambda(Portico())(connect())


def test_an_authorizer_is_no_event_of_a_connection() -> None:
    app, _ = chat()
    given = {**connect(), "type": "REQUEST", "methodArn": "arn:aws:execute-api:x/$connect"}

    with pytest.raises(EventError):
        Served(app)(given)


def test_all_capabilities_are_declared() -> None:
    assert set(SOCKET_CAPABILITIES) == set(Capability)
