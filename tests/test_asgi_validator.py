from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any

import anyio
import pytest

from portico_conformance._asgi_validator import AsgiViolation, ValidatedApp, validate

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[object]]

ASGI = {"version": "3.0", "spec_version": "2.5"}
HTTP: Message = {
    "type": "http",
    "asgi": ASGI,
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/a b",
    "raw_path": b"/a%20b",
    "query_string": b"c=d",
    "root_path": "",
    "headers": [(b"host", b"a.test"), (b"X-Case", b"\xff")],
    "client": ("127.0.0.1", 5),
    "server": ["/run/a.sock", None],
    "state": {},
    "extensions": None,
}
WEBSOCKET: Message = {
    "type": "websocket",
    "asgi": ASGI,
    "path": "/",
    "headers": [],
    "subprotocols": ["chat"],
}
LIFESPAN: Message = {"type": "lifespan", "asgi": ASGI, "state": {}}

REQUEST: Message = {"type": "http.request", "body": b"hi", "more_body": False}
GONE: Message = {"type": "http.disconnect"}
START: Message = {"type": "http.response.start", "status": 200}
BODY: Message = {"type": "http.response.body", "body": b"hello"}
MORE: Message = {**BODY, "more_body": True}
CONNECT: Message = {"type": "websocket.connect"}
ACCEPT: Message = {"type": "websocket.accept"}
TEXT: Message = {"type": "websocket.send", "text": "hello"}
CLOSE: Message = {"type": "websocket.close"}
STARTUP: Message = {"type": "lifespan.startup"}
SHUTDOWN: Message = {"type": "lifespan.shutdown"}
STARTED: Message = {"type": "lifespan.startup.complete"}
STOPPED: Message = {"type": "lifespan.shutdown.complete"}
DENIAL_START: Message = {"type": "websocket.http.response.start", "status": 401}
DENIAL_BODY: Message = {"type": "websocket.http.response.body", "body": b"no"}


def extended(scope: Message, *extensions: str) -> Message:
    return {**scope, "extensions": {name: {} for name in extensions}}


def start(*headers: object, **keys: object) -> Message:
    return {**START, "headers": list(headers), **keys}


def length(size: bytes) -> tuple[bytes, bytes]:
    return (b"content-length", size)


def drive(app: App, scope: Message, *events: Message) -> list[Message]:
    """Call an application that need not wait; return what it sent."""
    waiting, sent = list(events), list[Message]()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await app(scope, receive, send)

    try:
        call().send(None)
    except StopIteration:
        return sent
    raise AssertionError("The application waits for something that will not come.")


def plays(*steps: Message | None) -> App:
    """An application that sends these messages, and receives one for each None."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        for step in steps:
            await (receive() if step is None else send(step))

    return app


RIGHT: dict[str, tuple[Message, list[Message | None], list[Message]]] = {
    "a response": (HTTP, [START, BODY], []),
    "a request read first": (
        HTTP,
        [None, None, START, BODY],
        [{**REQUEST, "more_body": True}, REQUEST],
    ),
    "every key": (
        HTTP,
        [
            start((b"x", b"\xe9"), [b"y", b""], length(b"5"), trailers=False),
            {**BODY, "more_body": False},
        ],
        [],
    ),
    "a stream": (HTTP, [START, MORE, MORE, {"type": "http.response.body"}], []),
    "a stream of the declared length": (HTTP, [start(length(b"10")), MORE, BODY], []),
    "HEAD": ({**HTTP, "method": "HEAD"}, [start(length(b"5")), {**BODY, "body": b""}], []),
    "204": (HTTP, [start(status=204), {**BODY, "body": b""}], []),
    "304 with a length": (HTTP, [start(length(b"5"), status=304), {**BODY, "body": b""}], []),
    "a client that left": (HTTP, [None, START, MORE, None], [REQUEST, GONE]),
    "a client that left early": (HTTP, [None], [GONE]),
    "a disconnect told twice": (HTTP, [None, None], [GONE, GONE]),
    "an early hint": (
        extended(HTTP, "http.response.early_hint"),
        [START, {"type": "http.response.early_hint", "links": [b"</a>"]}, BODY],
        [],
    ),
    "an early hint before the answer": (
        extended(HTTP, "http.response.early_hint"),
        [{"type": "http.response.early_hint", "links": [b"</a>"]}, START, BODY],
        [],
    ),
    "trailers": (
        extended(HTTP, "http.response.trailers"),
        [
            start(trailers=True),
            BODY,
            {"type": "http.response.trailers", "headers": [], "more_trailers": True},
            {"type": "http.response.trailers", "headers": [(b"a", b"b")]},
        ],
        [],
    ),
    "pathsend": (
        extended(HTTP, "http.response.pathsend"),
        [start(length(b"5")), {"type": "http.response.pathsend", "path": "/a"}],
        [],
    ),
    "zerocopysend": (
        extended(HTTP, "http.response.zerocopysend"),
        [
            start(length(b"8")),
            MORE,
            {"type": "http.response.zerocopysend", "file": 3, "offset": 0, "count": 3},
        ],
        [],
    ),
    "debug": (
        extended(HTTP, "http.response.debug"),
        [{"type": "http.response.debug", "info": {}}, START, BODY],
        [],
    ),
    "a WebSocket": (
        WEBSOCKET,
        [
            None,
            {**ACCEPT, "subprotocol": "chat", "headers": [(b"a", b"b")]},
            None,
            {**TEXT, "bytes": None},
            {"type": "websocket.send", "bytes": b""},
            {**CLOSE, "code": 4000, "reason": "done"},
        ],
        [CONNECT, {"type": "websocket.receive", "text": "a", "bytes": None}],
    ),
    "a WebSocket that the client leaves": (
        WEBSOCKET,
        [None, ACCEPT, None],
        [CONNECT, {"type": "websocket.disconnect", "code": 1005}],
    ),
    "a WebSocket refused": (WEBSOCKET, [None, CLOSE], [CONNECT]),
    "a WebSocket denied": (
        extended(WEBSOCKET, "websocket.http.response"),
        [None, DENIAL_START, {**DENIAL_BODY, "more_body": True}, DENIAL_BODY],
        [CONNECT],
    ),
    "a lifespan": (LIFESPAN, [None, STARTED, None, STOPPED], [STARTUP, SHUTDOWN]),
    "a failed startup": (
        LIFESPAN,
        [None, {"type": "lifespan.startup.failed", "message": "no"}],
        [STARTUP],
    ),
}


@pytest.mark.parametrize(("scope", "steps", "events"), RIGHT.values(), ids=RIGHT)
def test_what_the_specification_allows_passes_unchanged(
    scope: Message, steps: list[Message | None], events: list[Message]
) -> None:
    app = validate(plays(*steps))

    assert drive(app, scope, *events) == [step for step in steps if step is not None]
    assert app.violations == []


HINT: Message = {"type": "http.response.early_hint", "links": []}
PATH: Message = {"type": "http.response.pathsend", "path": "/a"}
TRAILERS: Message = {"type": "http.response.trailers"}
DEBUG: Message = {"type": "http.response.debug", "info": {}}
OLD = {"version": "3.0"}

WRONG: dict[str, tuple[Message, list[Message | None], str]] = {
    # The shape of a message.
    "no type": (HTTP, [{"status": 200}], "must have a type"),
    "an unknown type": (HTTP, [{"type": "http.response.begin"}], "must have a type"),
    "a server's type": (HTTP, [REQUEST], "must have a type that the application sends"),
    "another scope's type": (HTTP, [ACCEPT], "must belong to the http scope"),
    "no status": (HTTP, [{"type": "http.response.start"}], 'must have the key "status"'),
    "a status in text": (HTTP, [start(status="200")], "must be an int"),
    "a bool for a status": (HTTP, [start(status=True)], "must be an int"),
    "a status too low": (HTTP, [start(status=199)], "status of 200 to 599"),
    "a status too high": (HTTP, [start(status=600)], "status of 200 to 599"),
    "a body of str": (HTTP, [START, {**BODY, "body": "hello"}], "must be bytes"),
    "a body of bytearray": (HTTP, [START, {**BODY, "body": bytearray()}], "must be bytes"),
    "a body of None": (HTTP, [START, {**BODY, "body": None}], "must be bytes"),
    "more_body of int": (HTTP, [START, {**BODY, "more_body": 1}], "must be a bool"),
    "a misspelt key": (HTTP, [START, {**BODY, "more-body": True}], "no keys but its own"),
    # Headers.
    "headers in a dict": (HTTP, [{**START, "headers": {b"a": b"b"}}], "must be a pair"),
    "headers in bytes": (HTTP, [{**START, "headers": b"ab"}], "an iterable of pairs"),
    "headers of None": (HTTP, [{**START, "headers": None}], "an iterable of pairs"),
    "three parts": (HTTP, [start((b"a", b"b", b"c"))], "must be a pair"),
    "a name in str": (HTTP, [start(("a", b"b"))], "must be bytes"),
    "a value in str": (HTTP, [start((b"a", "b"))], "must be bytes"),
    "an upper-case name": (HTTP, [start((b"Ab", b""))], "lower-case token"),
    "an empty name": (HTTP, [start((b"", b""))], "lower-case token"),
    "a name with a space": (HTTP, [start((b"a b", b""))], "lower-case token"),
    "a pseudo header": (HTTP, [start((b":status", b"200"))], "lower-case token"),
    "a value with CR": (HTTP, [start((b"a", b"b\rc"))], "CR, LF or NUL"),
    "a value with LF": (HTTP, [start((b"a", b"b\nc"))], "CR, LF or NUL"),
    "a value with NUL": (HTTP, [start((b"a", b"\0"))], "CR, LF or NUL"),
    "a blank start": (HTTP, [start((b"a", b" b"))], "start or end blank"),
    "transfer-encoding": (
        HTTP,
        [start((b"transfer-encoding", b"chunked"))],
        "left to the server",
    ),
    # The order of a response.
    "nothing": (HTTP, [], "before the end of its response. Got 'http.response.start'"),
    "no body": (HTTP, [START], "Got 'http.response.body'"),
    "no last body": (HTTP, [START, MORE], "Got 'http.response.body'"),
    "body first": (HTTP, [BODY], "must come after http.response.start"),
    "two starts": (HTTP, [START, START], "must be sent once"),
    "a start after the end": (HTTP, [START, BODY, START], "after a complete response"),
    "a body after the last": (HTTP, [START, BODY, BODY], "after a complete response"),
    # Its length.
    "too short": (
        HTTP,
        [start(length(b"6")), BODY],
        "as long as content-length. Got '5 bytes of 6'",
    ),
    "too long": (
        HTTP,
        [start(length(b"4")), BODY],
        "longer than content-length. Got '5 bytes of 4'",
    ),
    "too long half way": (HTTP, [start(length(b"9")), MORE, MORE], "'10 bytes of 9'"),
    "a length in words": (HTTP, [start(length(b"five"))], "one number in digits"),
    "two lengths": (HTTP, [start(length(b"5"), length(b"5"))], "one number in digits"),
    "a body to HEAD": ({**HTTP, "method": "HEAD"}, [START, BODY], "must have no body"),
    "a body of 204": (HTTP, [start(status=204), BODY], "must have no body"),
    "a body of 304": (HTTP, [start(status=304), BODY], "must have no body"),
    "a length of 204": (HTTP, [start(length(b"0"), status=204)], "no content-length"),
    # Extensions.
    "a hint not advertised": (HTTP, [START, HINT], "not advertised"),
    "a path not advertised": (HTTP, [START, PATH], "not advertised"),
    "a denial not advertised": (WEBSOCKET, [None, DENIAL_START], "not advertised"),
    "a push too early": (
        extended(HTTP, "http.response.push"),
        [{"type": "http.response.push", "path": "/a", "headers": []}],
        "must come after http.response.start",
    ),
    "a hint of str": (
        extended(HTTP, "http.response.early_hint"),
        [START, {**HINT, "links": ["</a>"]}],
        "must be bytes",
    ),
    "a path and a body": (
        extended(HTTP, "http.response.pathsend"),
        [START, MORE, PATH],
        "must be the whole body",
    ),
    "trailers not promised": (
        extended(HTTP, "http.response.trailers"),
        [START, MORE, TRAILERS],
        "promised by the start",
    ),
    "trailers too early": (
        extended(HTTP, "http.response.trailers"),
        [start(trailers=True), TRAILERS],
        "follow the body",
    ),
    "trailers forgotten": (
        extended(HTTP, "http.response.trailers"),
        [start(trailers=True), BODY],
        "Got 'http.response.trailers'",
    ),
    "a hint between body and trailers": (
        extended(HTTP, "http.response.early_hint", "http.response.trailers"),
        [start(trailers=True), BODY, HINT],
        "must come before the body's end",
    ),
    "debug twice": (extended(HTTP, "http.response.debug"), [DEBUG, DEBUG], "sent once"),
    # WebSocket.
    "accepted unasked": (WEBSOCKET, [ACCEPT], "before websocket.connect is received"),
    "not answered": (WEBSOCKET, [None], "must answer websocket.connect"),
    "accepted twice": (WEBSOCKET, [None, ACCEPT, ACCEPT], "the first answer, and once"),
    "sent before accepted": (WEBSOCKET, [None, TEXT], "must come after websocket.accept"),
    "sent after closed": (WEBSOCKET, [None, ACCEPT, CLOSE, TEXT], "after the WebSocket was closed"),
    "closed twice": (WEBSOCKET, [None, CLOSE, CLOSE], "after the WebSocket was closed"),
    "neither text nor bytes": (
        WEBSOCKET,
        [None, ACCEPT, {"type": "websocket.send", "text": None}],
        "exactly one of bytes and text",
    ),
    "text and bytes": (WEBSOCKET, [None, ACCEPT, {**TEXT, "bytes": b""}], "exactly one of"),
    "text of bytes": (WEBSOCKET, [None, ACCEPT, {**TEXT, "text": b""}], "must be a str or None"),
    "a subprotocol not offered": (
        WEBSOCKET,
        [None, {**ACCEPT, "subprotocol": "mqtt"}],
        "one that the client offered",
    ),
    "a subprotocol in a header": (
        WEBSOCKET,
        [None, {**ACCEPT, "headers": [(b"sec-websocket-protocol", b"chat")]}],
        "given by its key",
    ),
    "headers before 2.1": (
        {**WEBSOCKET, "asgi": OLD},
        [None, {**ACCEPT, "headers": [(b"a", b"b")]}],
        "before spec version 2.1",
    ),
    "a reason before 2.3": (
        {**WEBSOCKET, "asgi": OLD},
        [None, {**CLOSE, "reason": "no"}],
        "before spec version 2.3",
    ),
    "a reserved code": (WEBSOCKET, [None, {**CLOSE, "code": 1006}], "one that may be sent"),
    "a code too high": (WEBSOCKET, [None, {**CLOSE, "code": 5000}], "one that may be sent"),
    "a long reason": (WEBSOCKET, [None, {**CLOSE, "reason": "é" * 62}], "at most 123 bytes"),
    "a denial after accept": (
        extended(WEBSOCKET, "websocket.http.response"),
        [None, ACCEPT, DENIAL_START],
        "in place of websocket.accept",
    ),
    "a denial cut short": (
        extended(WEBSOCKET, "websocket.http.response"),
        [None, DENIAL_START],
        "must answer websocket.connect",
    ),
    "closed after a denial began": (
        extended(WEBSOCKET, "websocket.http.response"),
        [None, DENIAL_START, CLOSE],
        "must not follow a denial",
    ),
    "accepted after a denial": (
        extended(WEBSOCKET, "websocket.http.response"),
        [None, DENIAL_START, ACCEPT],
        "the first answer",
    ),
    # Lifespan.
    "started unasked": (LIFESPAN, [STARTED], "must answer lifespan.startup, once"),
    "started twice": (LIFESPAN, [None, STARTED, STARTED], "must answer lifespan.startup, once"),
    "stopped unasked": (LIFESPAN, [None, STARTED, STOPPED], "must answer lifespan.shutdown, once"),
    "lifespan ignored": (LIFESPAN, [], "to its end"),
    "left after startup": (LIFESPAN, [None, STARTED], "to its end"),
    "shutdown not answered": (LIFESPAN, [None, STARTED, None], "to its end"),
    "a message of bytes": (
        LIFESPAN,
        [None, {"type": "lifespan.startup.failed", "message": b"no"}],
        "must be a str",
    ),
    # A scope that nobody knows.
    "an unknown scope served": ({"type": "mqtt"}, [], "must raise for a type of scope"),
}


EVENTS = {"http": [REQUEST], "websocket": [CONNECT], "lifespan": [STARTUP, SHUTDOWN], "mqtt": []}


def caught(app: ValidatedApp, scope: Message, *events: Message) -> AsgiViolation:
    """The one violation that a call raises, and records."""
    with pytest.raises(AsgiViolation) as raised:
        drive(app, scope, *events)
    assert app.violations == [raised.value]
    return raised.value


@pytest.mark.parametrize(("scope", "steps", "says"), WRONG.values(), ids=WRONG)
def test_an_application_that_breaks_a_rule_is_told_which(
    scope: Message, steps: list[Message | None], says: str
) -> None:
    app = validate(plays(*steps))

    violation = caught(app, scope, *EVENTS[scope["type"]])

    assert violation.side == "application"
    assert says in str(violation)


def without(scope: Message, key: str) -> Message:
    return {name: value for name, value in scope.items() if name != key}


SERVERS: dict[str, tuple[Message, list[Message], str]] = {
    "no path": (without(HTTP, "path"), [], 'must have the key "path"'),
    "a path of bytes": ({**HTTP, "path": b"/"}, [], "must be a str"),
    "a query of str": ({**HTTP, "query_string": ""}, [], "must be bytes"),
    "a query in raw_path": ({**HTTP, "raw_path": b"/?a"}, [], "without a query"),
    "a lower-case method": ({**HTTP, "method": "get"}, [], "upper-case"),
    "an empty scheme": ({**HTTP, "scheme": ""}, [], "not empty"),
    "headers of str": ({**HTTP, "headers": [("a", "b")]}, [], "must be bytes"),
    "a port of str": ({**HTTP, "client": ("127.0.0.1", "5")}, [], "a str and an int"),
    "no asgi": (without(HTTP, "asgi"), [], 'must have the key "asgi"'),
    "a version in numbers": ({**HTTP, "asgi": {"version": 3}}, [], "must be a str"),
    "an unknown message": (HTTP, [{"type": "http.begin"}], "that the server sends"),
    "a message of the application": (HTTP, [START], "that the server sends"),
    "a body of str": (HTTP, [{**REQUEST, "body": ""}], "must be bytes"),
    "a request after the last": (HTTP, [REQUEST, REQUEST], "after the last"),
    "a request after the disconnect": (HTTP, [GONE, REQUEST], "after the last"),
    "no connect": (WEBSOCKET, [{"type": "websocket.receive", "text": ""}], "must come first"),
    "two connects": (WEBSOCKET, [CONNECT, CONNECT], "and once"),
    "data before accept": (
        WEBSOCKET,
        [CONNECT, {"type": "websocket.receive", "text": ""}],
        "between websocket.accept and",
    ),
    "a disconnect without code": (
        WEBSOCKET,
        [CONNECT, {"type": "websocket.disconnect"}],
        'must have the key "code"',
    ),
    "a shutdown first": (LIFESPAN, [SHUTDOWN], "must come first"),
    "two startups": (LIFESPAN, [STARTUP, STARTUP], "must come first"),
    "a shutdown too early": (LIFESPAN, [STARTUP, SHUTDOWN], "after it is complete"),
}


@pytest.mark.parametrize(("scope", "events", "says"), SERVERS.values(), ids=SERVERS)
def test_a_server_that_breaks_a_rule_is_told_which(
    scope: Message, events: list[Message], says: str
) -> None:
    app = validate(plays(*(None for _ in events)))

    violation = caught(app, scope, *events)

    assert violation.side == "server"
    assert says in str(violation)


def test_only_the_application_is_held_to_the_rules_if_asked() -> None:
    app = validate(plays(None, START, {**BODY, "body": ""}), server=False)

    violation = caught(app, {**HTTP, "client": ("a", "5")}, {**REQUEST, "body": ""})

    assert violation.side == "application"


def test_a_violation_that_is_swallowed_is_still_on_record() -> None:
    seen: list[AsgiViolation] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await send(BODY)
        except Exception:  # noqa: BLE001 (what an application's last resort does)
            await plays(START, BODY)(scope, receive, send)

    watched = validate(app, report=seen.append)

    assert drive(watched, HTTP) == [START, BODY]
    assert [violation.value for violation in watched.violations] == [BODY]
    assert seen == watched.violations


def test_a_wrong_message_does_not_reach_the_server() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return REQUEST

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(AsgiViolation):
        validate(plays(START, {**BODY, "body": "hello"}))(HTTP, receive, send).__await__().send(
            None
        )

    assert sent == [START]


def test_an_exception_is_an_answer_and_stays_what_it_is() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(START)
        raise LookupError("the application's own")

    watched = validate(app)

    with pytest.raises(LookupError):
        drive(watched, HTTP)
    assert watched.violations == []


def test_an_application_may_raise_for_lifespan_or_an_unknown_scope() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        raise NotImplementedError(scope["type"])

    for scope in (LIFESPAN, {"type": "mqtt"}):
        with pytest.raises(NotImplementedError):
            drive(validate(app), scope)


def test_a_send_that_fails_excuses_from_the_rest() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await send(START)
        except OSError:
            return

    async def broken(message: Message) -> None:
        raise BrokenPipeError

    async def receive() -> Message:
        return REQUEST

    watched = validate(app)
    with pytest.raises(StopIteration):
        watched(HTTP, receive, broken).__await__().send(None)
    assert watched.violations == []


def test_headers_that_can_be_read_only_once_arrive() -> None:
    message = {**START, "headers": (pair for pair in [(b"a", b"b")])}

    assert drive(validate(plays(message, BODY)), HTTP)[0]["headers"] == [(b"a", b"b")]


def changing(change: Callable[[Message], object]) -> App:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        change(scope)
        await plays(START, BODY)(scope, receive, send)

    return app


CHANGES: dict[str, tuple[Callable[[Message], object], str]] = {
    "a key added": (lambda scope: scope.update(user="me"), "{'user': 'me'}"),
    "a key removed": (lambda scope: scope.pop("root_path"), "{'root_path': None}"),
    "a value replaced": (lambda scope: scope.update(path="/b"), "{'path': '/b'}"),
    "a header added": (lambda scope: scope["headers"].append((b"a", b"b")), "b'a', b'b'"),
    "a version changed": (lambda scope: scope["asgi"].update(version="4"), "'version': '4'"),
    "the state replaced": (lambda scope: scope.update(state={}), "'state'"),
}


@pytest.mark.parametrize(("change", "says"), CHANGES.values(), ids=CHANGES)
def test_a_changed_scope_is_told(change: Callable[[Message], object], says: str) -> None:
    scope = {**HTTP, "headers": list(HTTP["headers"]), "asgi": dict(ASGI)}

    violation = caught(validate(changing(change)), scope)

    assert violation.rule == "a scope must not be changed"
    assert says in str(violation)


def test_the_state_is_the_applications_to_fill() -> None:
    app = validate(changing(lambda scope: scope["state"].update(pool=1)))

    drive(app, {**HTTP, "state": {}})

    assert app.violations == []


def test_an_application_must_return_nothing() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> str:
        await plays(START, BODY)(scope, receive, send)
        return "done"

    assert caught(validate(app), HTTP).value == "done"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_two_receives_at_once_are_told(backend: str) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await plays(START, BODY)(scope, receive, send)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, receive)
            await anyio.lowlevel.checkpoint()
            try:
                await receive()
            finally:
                tasks.cancel_scope.cancel()

    watched = validate(app)
    with pytest.raises(ExceptionGroup):
        anyio.run(serve, watched, backend=backend)

    assert [str(violation.rule) for violation in watched.violations] == [
        "receive() must not be called while another receive() waits"
    ]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_watcher_that_is_cancelled_is_no_violation(backend: str) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, receive)
            await anyio.lowlevel.checkpoint()
            await plays(START, BODY)(scope, receive, send)
            tasks.cancel_scope.cancel()

    watched = validate(app)
    anyio.run(serve, watched, backend=backend)

    assert watched.violations == []


def test_a_receive_that_is_left_waiting_is_told() -> None:
    class Never:
        def __await__(self) -> Generator[None, None, Message]:
            yield
            raise AssertionError("not reached")

    left: list[Generator[Any, Any, object]] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        left.append(receive().__await__())
        next(left[0])
        await plays(START, BODY)(scope, receive, send)

    async def send(message: Message) -> None:
        pass

    watched = validate(app)
    with pytest.raises(AsgiViolation, match="must not return while its receive"):
        watched(HTTP, Never, send).__await__().send(None)
    left[0].close()


async def watch(receive: Receive) -> None:
    await receive()


async def serve(app: ValidatedApp) -> None:
    """Call an application whose client sends nothing and stays."""

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError("not reached")

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()

    await app(HTTP, receive, send)


LATE: dict[str, tuple[Callable[[Receive, Send], Awaitable[object]], str]] = {
    "send": (lambda receive, send: send(BODY), "send() must not be called after"),
    "receive": (lambda receive, send: receive(), "receive() must not be called after"),
}


@pytest.mark.parametrize(("use", "says"), LATE.values(), ids=LATE)
def test_what_is_left_running_after_the_return_is_told(
    use: Callable[[Receive, Send], Awaitable[object]], says: str
) -> None:
    kept: list[tuple[Receive, Send]] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        kept.append((receive, send))
        await plays(START, BODY)(scope, receive, send)

    watched = validate(app)
    drive(watched, HTTP)

    with pytest.raises(AsgiViolation, match=says.replace("(", r"\(").replace(")", r"\)")):
        use(*kept[0]).__await__().__next__()
    assert len(watched.violations) == 1
