"""Whatever a server, a gateway or a runtime hands over: an answer below 500, and no report.

Each adapter is called as its platform calls it, in this process, with what is of the types that its
interface says (an event is JSON and may be anything), and is otherwise as wrong as it can be.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzz_application import application
from fuzzing import FIELD_TEXT, JSON, fuzz, made_of, mutants
from portico_asgi import ASGI
from portico_conformance._fake_js import Context as JsContext
from portico_conformance._fake_js import JsObject, Uint8Array, installed
from portico_conformance._fake_js_fetch import arrived
from portico_conformance._fake_js_streams import Controller, ReadableStream
from portico_conformance._lambda_events import SHAPES, RequestRefused, to_event
from portico_conformance._wire import WireRequest
from portico_lambda import EventError, Lambda
from portico_wsgi import WSGI

LIMITS: Any = {"max_body_size": 4096, "max_form_size": 8192}
BEHIND: Any = {
    **LIMITS,
    "trust": ["10.0.0.0/8", "1.2.3.4", "::1"],
    "trust_headers": ["x-forwarded-for", "x-forwarded-host", "x-forwarded-port"],
    "root_path": "/seen",
}
METHODS = st.sampled_from(
    [*("GET", "POST") * 4, "HEAD", "OPTIONS", "PUT", "get", "CONNECT", "TRACE", "X!"]
)
ODD = [
    *("/", "//", ".", "..", "%2e", "%2F", "%", "%00", "%FF", "%C3%A9", "\\", "\0", "\xff", "\xe9"),
    *(
        "?",
        "#",
        ":",
        "@",
        "*",
        "http://h",
        " ",
        "a",
        "1",
        "9" * 400,
        "2024-01-01",
        "a" * 300,
        "LICENSE",
    ),
]
ROUTES = [
    *(
        "/seen/",
        "/later/",
        "/file",
        "/files/",
        "/static/",
        "/static/LICENSE.md",
        "/scalars",
        "/in/",
        "/parts",
    ),
    *(
        f"/body/{name}"
        for name in ["form_of", "json_of", "streamed", "pulled", "form", "item", "items"]
    ),
    *(f"/body/{name}" for name in ["any_json", "raw", "text", "filled", "typed"]),
]
PATHS = st.sampled_from(ROUTES) | st.tuples(st.sampled_from(ROUTES), made_of(ODD, size=5)).map(
    "".join
)
QUERIES = st.just("") | made_of(
    [
        "a",
        "=",
        "&",
        "number=",
        "several=",
        "1",
        "+",
        "%",
        "%FF",
        "\xff",
        "?",
        "#",
        "price=1E9",
        "9" * 30,
    ],
    ["key=", "day=2024-02-30", "at=", "took=P9999999999D", "ratio=nan", "ratio=1e999", "kind=a"],
    size=10,
)
NAMES = st.sampled_from(
    [
        "accept",
        "accept-encoding",
        "authorization",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "last-event-id",
        "origin",
        "range",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-any",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-http-method-override",
        "x-number",
    ]
)
VALUES = FIELD_TEXT | made_of(
    [
        "a",
        "=",
        ";",
        ",",
        " ",
        '"',
        "\\",
        "bytes=",
        "0-1",
        "-",
        "9" * 25,
        "W/",
        "*",
        "/",
        "gzip",
        "q=",
        "0",
    ],
    ["Mon, 01 Jan 2024 00:00:00 GMT", "Thu, 01 Jan 0001 00:00:00 +2359", "99999", "-1", "chunked"],
    [
        "for=",
        "[::1]:1",
        "1.2.3.4:" + "9" * 4400,
        "%",
        "%FF",
        "\xe9",
        "\xa0",
        "\x85",
        "charset=",
        "utf-7",
    ],
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
TYPES = st.sampled_from(
    [
        *(
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain",
            "text/plain;charset=x",
        ),
        *(
            "multipart/form-data; boundary=b",
            "multipart/form-data",
            "multipart/form-data;boundary=\xe9",
        ),
        *("application/json;charset=utf-16", "image/png", "", "/", "a", "application/problem+json"),
    ]
)
JSON_TEXT = made_of(
    [
        "{",
        "}",
        "[",
        "]",
        '"name"',
        ":",
        ",",
        '"partList"',
        '"byName"',
        "1",
        "-",
        "1e999",
        "9" * 400,
    ],
    [
        '"a"',
        "null",
        '"\\ud800"',
        '"price"',
        '"forTime"',
        '"P1D"',
        '"at"',
        "NaN",
        "\xe9",
        " ",
        "\ufeff",
    ],
    size=24,
).map(str.encode)
FORM_TEXT = made_of(
    [
        "name",
        "=",
        "&",
        "%",
        "%41",
        "%FF",
        "+",
        "number=1",
        "several=",
        "several=1",
        "upload=",
        "\xff",
    ]
).map(lambda text: text.encode("latin-1"))
PARTS = made_of(
    [
        "--b",
        "--b--",
        "--",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "b",
        "Content-Disposition: form-data",
        "; name=",
    ],
    [
        '"name"',
        '"upload"; filename="a"',
        "; filename*=x",
        "Content-Type: text/plain",
        ":",
        '"',
        "\xff",
    ],
    ["Content-Transfer-Encoding: base64", "x" * 400],
    size=24,
).map(lambda text: text.encode("latin-1"))
DEEP = st.sampled_from([b"[" * 3000, b'{"a":' * 700, b"[" * 900 + b"]" * 900, b"\xef\xbb\xbf{}"])
BODIES = st.binary(max_size=60) | JSON_TEXT | FORM_TEXT | PARTS | DEEP | st.just(b"x" * 5000)


def is_good(status: int) -> bool:
    """Whether a status tells the peer that it is at fault, if anybody is."""
    hypothesis.event(f"status {status}")
    return 200 <= status < 500


@pytest.fixture(autouse=True)
def silence(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No exception was reported: every fault was the peer's."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() + str(record.exc_info) for record in caplog.records] == []


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


# WSGI


@pytest.fixture(scope="module")
def wsgi() -> Iterator[list[WSGI]]:
    served = [WSGI(application(), **options) for options in (LIMITS, BEHIND)]
    yield served
    for each in served:
        each.close()


def wsgi_status(app: WSGI, environ: dict[str, Any]) -> int:
    seen: list[str] = []
    answer = app(environ, lambda status, headers, exc_info=None: seen.append(status))  # type: ignore[arg-type]
    try:
        for chunk in answer:
            assert isinstance(chunk, bytes)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    (status,) = seen
    return int(status[:3])


NATIVE = st.text(st.characters(max_codepoint=255), max_size=20)
ENVIRON: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "REQUEST_METHOD": METHODS,
        "PATH_INFO": PATHS | NATIVE,
        "SERVER_NAME": st.sampled_from(["localhost", "::1", "", "a b", "\xff"]),
        "SERVER_PORT": st.sampled_from(["80", "", "x", "9" * 30]),
        "SERVER_PROTOCOL": st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2", "", "x"]),
        "wsgi.url_scheme": st.sampled_from(["http", "https"]),
        "HTTP_HOST": st.sampled_from([*["h.example"] * 8, "", "a b", "h:99999", "[::1]", "\xff"]),
    },
    optional={
        "SCRIPT_NAME": st.sampled_from(["", "/", "/seen", "/a%2Fb", "\xff", "a"]),
        "QUERY_STRING": QUERIES | NATIVE,
        "CONTENT_TYPE": TYPES | NATIVE,
        "CONTENT_LENGTH": st.sampled_from(
            ["", "0", "5", "99999", "-1", "x", "9" * 5000, "\xb2", " 5"]
        ),
        "REQUEST_URI": PATHS | NATIVE,
        "RAW_URI": PATHS | NATIVE,
        "REMOTE_ADDR": st.sampled_from(["127.0.0.1", "", "unix:", "\xff"]),
        "REMOTE_PORT": st.sampled_from(["1", "", "x", "9" * 5000, "\xb2"]),
        "wsgi.input_terminated": st.booleans(),
    },
)

USUAL = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/seen/a",
    "SERVER_NAME": "h",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
}


@fuzz(400)
@example({**USUAL, "REMOTE_ADDR": "h", "REMOTE_PORT": "9" * 5000}, [], b"", False)
@given(ENVIRON, FIELDS, BODIES, st.booleans())
def test_an_environ_may_say_anything(
    wsgi: list[WSGI],
    environ: dict[str, Any],
    fields: list[tuple[str, str]],
    body: bytes,
    is_behind: bool,
) -> None:
    environ = {**environ}
    for name, value in fields:
        if name not in ("content-type", "content-length"):
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
    environ |= {
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    assert is_good(wsgi_status(wsgi[is_behind], environ))


# ASGI


@pytest.fixture(scope="module")
def asgi(loop: asyncio.AbstractEventLoop) -> list[ASGI]:
    return [ASGI(application(), **options) for options in (LIMITS, BEHIND)]


async def asgi_status(app: ASGI, scope: dict[str, Any], messages: list[dict[str, Any]]) -> int:
    """The status, or 0 where nothing was sent because the peer was gone."""
    statuses: list[int] = []
    left = iter(messages)
    is_over = asyncio.Event()

    async def receive() -> dict[str, Any]:
        message = next(left, None)
        if message is None:
            await is_over.wait()
            return {"type": "http.disconnect"}
        await asyncio.sleep(0)
        return message

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
            for name, value in message["headers"]:
                assert isinstance(name, bytes)
                assert isinstance(value, bytes)
        elif not message.get("more_body"):
            is_over.set()

    await app(scope, receive, send)
    return statuses[0] if statuses else 0


RAW = st.binary(max_size=20)
GET = {"method": "GET", "query_string": b"", "http_version": "1.1"}
WIRE = PATHS.map(lambda text: text.encode("latin-1"))
SCOPE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "method": METHODS,
        "path": PATHS | st.text(max_size=20),
        "query_string": QUERIES.map(lambda text: text.encode("latin-1")) | RAW,
        "http_version": st.sampled_from(["1.1", "1.0", "2", "3", ""]),
    },
    optional={
        "raw_path": WIRE | RAW | st.none(),
        "root_path": st.sampled_from(["", "/", "/seen", "/%", "\udcff", "a"]),
        "scheme": st.sampled_from(["http", "https", ""]),
        "client": st.sampled_from([None, ("1.2.3.4", 1), ["", 0], ("unix:", None)]),
        "server": st.sampled_from([None, ("h", 80), ["/run/s", None], ("::1", 1), ("\xff", 1)]),
        "state": st.just({}),
    },
)
WIRE_NAMES = NAMES.map(str.encode) | st.sampled_from(
    [b"", b"X-Any", b"Host", b"a b", b"\xff", b":a"]
)
WIRE_FIELDS = st.lists(
    st.tuples(WIRE_NAMES, VALUES.map(lambda text: text.encode("latin-1"))), max_size=6
)
TYPE_OF_MESSAGE: dict[str, st.SearchStrategy[Any]] = {"type": st.just("http.request")}
PARTS_OF_MESSAGE: dict[str, st.SearchStrategy[Any]] = {
    "body": BODIES | st.just(b""),
    "more_body": st.booleans(),
}
MESSAGES: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        TYPE_OF_MESSAGE,
        optional=PARTS_OF_MESSAGE,
    ),
    max_size=4,
)


TWO_COOKIES = [(b"cookie", b"a=1\x1f"), (b"cookie", b"b=\xff")]


@fuzz(400)
@example({**GET, "path": "/seen/a"}, TWO_COOKIES, "", [], False, False).via("a control character")
@given(SCOPE, WIRE_FIELDS, TYPES, MESSAGES, st.booleans(), st.booleans())
def test_a_scope_and_its_messages_may_say_anything(
    loop: asyncio.AbstractEventLoop,
    asgi: list[ASGI],
    scope: dict[str, Any],
    fields: list[tuple[bytes, bytes]],
    content_type: str,
    messages: list[dict[str, Any]],
    leaves: bool,
    is_behind: bool,
) -> None:
    scope = {**scope, "type": "http", "asgi": {"version": "3.0"}}
    scope["headers"] = [
        (b"host", b"h.example"),
        *fields,
        (b"content-type", content_type.encode("latin-1")),
    ]
    end = {"type": "http.disconnect"} if leaves else {"type": "http.request"}

    status = loop.run_until_complete(
        asyncio.wait_for(asgi_status(asgi[is_behind], scope, [*messages, end]), 20)
    )

    assert is_good(status) or (status == 0 and leaves)


# Lambda


@pytest.fixture(scope="module")
def functions() -> Iterator[list[Lambda]]:
    handlers = [Lambda(application(), **options) for options in (LIMITS, BEHIND)]
    yield handlers
    for handler in handlers:
        handler.close()


REQUESTS = [
    WireRequest(
        method,
        target,
        [
            *[("Host", "shop.example"), ("Cookie", "a=1; session=2"), ("X-A", "1"), ("X-A", "2")],
            *[("X-Forwarded-For", "1.2.3.4, 5.6.7.8:99"), ("Content-Type", content_type)],
        ],
        body,
    )
    for method, target, content_type, body in [
        ("GET", "/seen/a%20b?x=1&x=%2B", "text/plain", b""),
        ("POST", "/later/\xc3\xa9", "text/plain", b"\xff\x00"),
        ("POST", "/body/item", "application/json", b'{"name": "a", "partList": []}'),
        ("POST", "/body/typed", "application/x-www-form-urlencoded", b"name=a&several=1"),
        ("GET", "/files/LICENSE.md?a", "", b""),
    ]
]
EVENTS: list[Any] = [to_event(shape, request) for shape in SHAPES for request in REQUESTS]


def lambda_status(handler: Lambda, event: object) -> int:
    """The status, or 400 where the event is refused as none of HTTP."""
    try:
        result = handler(event, None)
    except EventError:
        return 400
    json.dumps(result, allow_nan=False)
    status: Any = result.get("statusCode", result.get("status"))
    return int(status)


def with_port(size: int) -> Any:
    event: Any = to_event("alb", REQUESTS[0])
    event["headers"]["x-forwarded-for"] = f"1.2.3.4:{'9' * size}"
    return event


@fuzz(600)
@example(with_port(5000)).via("a port that int() does not take")
@given(mutants(EVENTS) | JSON)
def test_an_event_may_be_any_json(functions: list[Lambda], event: Any) -> None:
    for function in functions:
        assert is_good(lambda_status(function, event))


@fuzz(300)
@given(st.sampled_from(SHAPES), METHODS, PATHS, QUERIES, FIELDS, TYPES, BODIES)
def test_an_event_may_be_of_any_request(
    functions: list[Lambda],
    shape: Any,
    method: str,
    path: str,
    query: str,
    fields: list[tuple[str, str]],
    content_type: str,
    body: bytes,
) -> None:
    headers = [("Host", "h.example"), *fields, ("Content-Type", content_type)]
    try:  # the service itself may refuse it
        event = to_event(shape, WireRequest(method, f"{path}?{query}", headers, body))
    except (RequestRefused, ValueError):
        return
    for function in functions:
        assert is_good(lambda_status(function, event))


# Workers


@pytest.fixture(scope="module")
def workers() -> Iterator[list[Any]]:
    with installed() as world:
        from portico_cloudflare import Worker

        yield [
            Worker(application(), **options)(JsContext(), world.env) for options in (LIMITS, BEHIND)
        ]


def stream_of(body: bytes, pieces: int) -> ReadableStream:
    size = max(1, len(body) // pieces)
    left = [body[at : at + size] for at in range(0, len(body), size)]

    def pull(controller: Controller) -> None:
        if left:
            controller.enqueue(Uint8Array(left.pop(0)))
        else:
            controller.close()

    return ReadableStream(JsObject(pull=pull), 0)


async def worker_status(worker: Any, native: Any) -> int:
    response = await worker.fetch(native)
    if isinstance(response.payload, ReadableStream):
        reader: Any = response.payload.getReader()
        while not (await reader.read()).done:
            pass
    return int(response.status)


# Where the runtime cannot set a stack aside, a stream cannot be read by synchronous code.
OF_WORKERS = PATHS.filter(lambda path: not path.startswith("/body/pulled"))


@fuzz(300)
@given(
    METHODS,
    OF_WORKERS,
    QUERIES,
    FIELDS,
    TYPES,
    st.none() | BODIES,
    st.integers(1, 4),
    st.booleans(),
)
def test_a_request_of_workers_may_say_anything(
    loop: asyncio.AbstractEventLoop,
    workers: list[Any],
    method: str,
    path: str,
    query: str,
    fields: list[tuple[str, str]],
    content_type: str,
    body: bytes | None,
    pieces: int,
    is_behind: bool,
) -> None:
    headers = [("host", "h.example"), *fields, ("content-type", content_type)]

    async def tried() -> int:
        stream = None if body is None or method in ("GET", "HEAD") else stream_of(body, pieces)
        native = arrived(method, f"{path}?{query}", headers, stream)
        return await worker_status(workers[is_behind], native)

    assert is_good(loop.run_until_complete(asyncio.wait_for(tried(), 20)))
