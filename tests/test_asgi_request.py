"""Scopes as servers really give them, read as requests."""

from collections.abc import Awaitable, Callable, Generator, MutableMapping
from functools import partial
from itertools import product
from typing import Any

import anyio
import pytest

from portico import BodyNotReadError, DisconnectError, FormData, PeerError, Portico
from portico.contract import Options
from portico_asgi import ASGI, AsgiPlatform, AsgiRequest
from portico_asgi._loop import current_loop, tasks_of
from portico_asgi._receive import Inbox
from portico_asgi._request import may_have_body, read_root_path, read_target
from portico_asgi._threads import in_worker_thread

Message = MutableMapping[str, Any]
Header = tuple[bytes, bytes] | list[bytes]

pytestmark = pytest.mark.anyio


def scope_of(*headers: Header, **members: Any) -> Message:
    scope: Message = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": list(headers),
    }
    return {**scope, **members}


async def never() -> Message:
    raise AssertionError("receive() was called for nothing")


async def unheard(message: Message) -> None:
    raise AssertionError(message)


def receives(*messages: Message) -> Callable[[], Awaitable[Message]]:
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    return receive


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def request_of(
    scope: Message, *messages: Message, options: Options | None = None
) -> AsgiRequest:
    receive = receives(*messages) if messages else never
    tasks = tasks_of(current_loop())
    return AsgiRequest(scope, AsgiPlatform(options or Options(), scope, receive, unheard, tasks))


TARGETS: list[tuple[str, bytes | None, str, str]] = [
    ("/a b", b"/a%20b", "", "/a%20b"),
    ("/a/b", b"/a%2Fb", "", "/a%2Fb"),
    ("/é", b"/\xc3\xa9", "", "/%C3%A9"),
    ("/%zz", b"/%zz", "", "/%zz"),
    # `raw_path` missing or None: the decoded path, encoded again.
    ("/a b/é?#%", None, "", "/a%20b/%C3%A9%3F%23%25"),
    ("/a:@!$&'()*+,;=-._~", None, "", "/a:@!$&'()*+,;=-._~"),
    ("/\udcff", None, "", "/%FF"),
    # The root path ends where a segment ends.
    ("/api/x", b"/api/x", "/api", "/x"),
    ("/api", b"/api", "/api", "/"),
    ("/api/", b"/api/", "/api", "/"),
    ("/apis/x", b"/apis/x", "/api", "/apis/x"),
    ("/x", b"/x", "/api", "/x"),
    ("/api/api/x", b"/api/api/x", "/api", "/api/x"),
    ("/api//x", b"/api//x", "/api", "//x"),
    ("/api/x", b"/%61pi/x", "/api", "/x"),
    ("/api/x", None, "/api", "/x"),
    ("/é/b/x", b"/%c3%a9/b/x", "/%C3%A9/b", "/x"),
    ("http://h/api/x", b"http://h/api/x", "/api", "/x"),
    ("*", b"*", "", "*"),
]


@pytest.mark.parametrize(("path", "raw", "root", "expected"), TARGETS)
def test_the_target_is_the_raw_path_below_the_root_path(
    path: str, raw: bytes | None, root: str, expected: str
) -> None:
    scope = scope_of(path=path, raw_path=raw)

    assert read_target(scope, root) == expected


@pytest.mark.parametrize(
    ("given", "option", "expected"),
    [
        (None, None, ""),
        ("", None, ""),
        ("/", None, ""),
        ("/api/", None, "/api"),
        ("/a b", None, "/a%20b"),
        ("/api", "/other", "/other"),
        ("/api", "", ""),
    ],
)
def test_the_root_path_is_the_servers_unless_the_option_says(
    given: str | None, option: str | None, expected: str
) -> None:
    scope = scope_of() if given is None else scope_of(root_path=given)

    assert read_root_path(scope, Options(root_path=option)) == expected


@pytest.mark.parametrize(
    ("version", "headers", "expected"),
    [
        ("1.1", [], False),
        ("1.0", [], False),
        ("1.1", [(b"content-length", b"0")], False),
        ("1.1", [(b"content-length", b"1")], True),
        ("1.1", [[b"Content-Length", b"1"]], True),
        ("1.1", [(b"content-length", b"x")], True),
        ("1.1", [(b"transfer-encoding", b"chunked")], True),
        ("1.1", [(b"transfer-encoding", b"chunked"), (b"content-length", b"0")], True),
        # HTTP/2 frames a body without a field, and servers do not tell; GET has one if it says so.
        ("2", [], False),
        ("3", [], False),
        ("2", [(b"Content-Type", b"text/plain")], True),
        ("2", [(b"content-length", b"1")], True),
        ("2", [(b"content-length", b"0")], False),
        ("2", [(b"content-type", b"text/plain"), (b"content-length", b"0")], False),
    ],
)
def test_the_framing_says_whether_a_body_may_follow(
    version: str, headers: list[Header], expected: bool
) -> None:
    assert may_have_body(scope_of(*headers, http_version=version)) is expected


@pytest.mark.parametrize(("method", "expected"), [("HEAD", False), ("POST", True), ("PUT", True)])
def test_the_method_says_whether_http_2_may_have_a_body(method: str, expected: bool) -> None:
    assert may_have_body(scope_of(http_version="2", method=method)) is expected


async def test_a_request_without_a_body_is_read_without_asking_the_server() -> None:
    request = await request_of(scope_of())

    assert not request.has_body
    assert await request.bytes() == b""


@pytest.mark.parametrize(
    ("members", "headers", "expected"),
    [
        ({}, [(b"host", b"a.test:81")], "http://a.test:81/x?q=1"),
        ({"scheme": "https"}, [(b"Host", b"a.test")], "https://a.test/x?q=1"),
        ({"server": ("127.0.0.1", 8000)}, [], "http://127.0.0.1:8000/x?q=1"),
        ({"server": ["127.0.0.1", 80]}, [(b"host", b"")], "http://127.0.0.1/x?q=1"),
        ({"server": ("::1", 8000)}, [], "http://[::1]:8000/x?q=1"),
        ({"server": ("h", 443), "scheme": "https"}, [], "https://h/x?q=1"),
        ({"server": ["/run/a.sock", None]}, [], "http://localhost/x?q=1"),
        ({"server": None}, [], "http://localhost/x?q=1"),
        ({"root_path": "/a"}, [(b"host", b"h")], "http://h/a/x?q=1"),
    ],
)
async def test_the_url_is_what_the_peer_asked_for(
    members: Message, headers: list[Header], expected: str
) -> None:
    scope = scope_of(*headers, path="/x", raw_path=b"/x", query_string=b"q=1", **members)

    request = await request_of(scope)

    assert str(request.url) == expected


async def test_cookie_fields_that_http_2_split_are_one_again() -> None:
    request = await request_of(
        scope_of((b"cookie", b"a=1"), (b"x", b"1"), (b"cookie", b"b=2"), (b"X", b"\xff"))
    )

    assert request.headers.items() == [("cookie", "a=1; b=2"), ("x", "1"), ("x", "\xff")]


CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([part(b"", more=False)], b""),
        ([{"type": "http.request"}], b""),
        ([part(b"a"), part(b""), part(b"b", more=False)], b"ab"),
        ([part(b"a"), {"type": "http.request"}], b"a"),
        ([{"type": "http.request", "more_body": True}, part(b"a", more=False)], b"a"),
    ],
)
async def test_a_body_goes_on_until_the_server_says_that_there_is_no_more(
    messages: list[Message], expected: bytes
) -> None:
    request = await request_of(scope_of(CHUNKED), *messages)

    assert await request.bytes() == expected


async def test_a_body_of_one_byte_chunks_arrives_chunk_by_chunk() -> None:
    text = "naïve".encode()
    messages = [part(bytes([byte])) for byte in text] + [part(b"", more=False)]
    request = await request_of(scope_of(CHUNKED), *messages)

    assert [chunk async for chunk in request.stream()] == [bytes([byte]) for byte in text]


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.disconnect"}],
        [part(b"a"), {"type": "http.disconnect"}],
    ],
)
async def test_a_peer_that_leaves_before_the_end_of_its_body_has_sent_no_body(
    messages: list[Message],
) -> None:
    request = await request_of(scope_of(CHUNKED), *messages)

    with pytest.raises(DisconnectError):
        await request.bytes()


async def test_a_worker_thread_reads_the_body_as_it_arrives() -> None:
    request = await request_of(scope_of(CHUNKED), part(b"a"), part(b"b", more=False))

    chunks = await in_worker_thread(lambda: list(request.sync.stream()))

    assert chunks == [b"a", b"b"]


async def test_an_error_of_the_body_reaches_the_worker_thread() -> None:
    request = await request_of(scope_of(CHUNKED), {"type": "http.disconnect"})

    with pytest.raises(DisconnectError):
        await in_worker_thread(request.sync.bytes)


async def test_the_body_cannot_be_read_synchronously_on_the_event_loop() -> None:
    request = await request_of(scope_of(CHUNKED), part(b"a", more=False))

    with pytest.raises(BodyNotReadError, match="Await it"):
        request.sync.bytes()


LENGTH = (b"content-length", b"2")
ARRIVALS: dict[str, tuple[list[Message], tuple[Header, ...]]] = {
    "all of it": ([part(b"ab", more=False)], (LENGTH,)),
    "all of it, without a length": ([part(b"ab", more=False)], (CHUNKED,)),
    "nothing": ([part(b"", more=False)], (CHUNKED,)),
    "nothing of a length": ([part(b"", more=False)], (LENGTH,)),
    "a message without members": ([{"type": "http.request"}], (CHUNKED,)),
    "in two": ([part(b"a"), part(b"b", more=False)], (LENGTH,)),
    "in two, the last empty": ([part(b"ab"), part(b"", more=False)], (LENGTH,)),
    "in two, the first empty": ([part(b""), part(b"ab", more=False)], (LENGTH,)),
    "too little": ([part(b"a", more=False)], (LENGTH,)),
    "too much": ([part(b"abc", more=False)], (LENGTH,)),
    "over the limit": ([part(b"abcde", more=False)], (CHUNKED,)),
    "a length over the limit": ([part(b"ab", more=False)], ((b"content-length", b"5"),)),
    "a malformed length": ([part(b"ab", more=False)], ((b"content-length", b"+2"),)),
    "a coding": ([part(b"ab", more=False)], (LENGTH, (b"content-encoding", b"gzip"))),
    "a peer that leaves": ([{"type": "http.disconnect"}], (LENGTH,)),
    "a peer that leaves later": ([part(b"a"), {"type": "http.disconnect"}], (LENGTH,)),
    "another message first": ([{"type": "http.other"}, part(b"ab", more=False)], (LENGTH,)),
}
FORM = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--'
FORM_ARRIVALS: dict[str, list[Message]] = {
    "a form": [part(FORM, more=False)],
    "a form in two": [part(FORM[:9]), part(FORM[9:], more=False)],
    "a form that is cut short": [part(FORM[:-2], more=False)],
    "a form that is none": [part(b"--c", more=False)],
    "a form over the limit": [part(FORM + b" " * 99, more=False)],
}
SERVERS: dict[str, Callable[[Callable[[], Awaitable[Message]]], Callable[[], Any]]] = {
    "at once": lambda receive: receive,
    "after a while": lambda receive: partial(_waiting, receive),
    "as another awaitable": lambda receive: lambda: _Awaitable(receive()),
}


async def _waiting(receive: Callable[[], Awaitable[Message]]) -> Message:
    await anyio.sleep(0)
    message = await receive()
    await anyio.sleep(0)
    return message


class _Awaitable:
    def __init__(self, awaited: Awaitable[Message]) -> None:
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Message]:
        return self._awaited.__await__()


async def _outcome(request: AsgiRequest, *, load: bool) -> object:
    kind = request.headers.get("content-type")
    try:
        if load:
            waits = request.load() if kind is None else request.load_form(kind)
            if waits is not None:
                await waits
        read = await request.bytes() if kind is None else (await request.form_data()).items()
    except PeerError as error:
        return type(error), error.status, error.detail, request.body_used
    return read, request.body_used


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("arrival", [*ARRIVALS, *FORM_ARRIVALS])
async def test_a_body_that_is_there_at_once_is_read_as_any_other(arrival: str, server: str) -> None:
    form = (b"content-type", b"multipart/form-data; boundary=b"), CHUNKED
    messages, fields = ARRIVALS.get(arrival) or (FORM_ARRIVALS[arrival], form)
    options = Options(max_body_size=4, max_form_size=100)
    outcomes: list[object] = []
    for load, is_watched in [(False, True), (False, False), (True, True), (True, False)]:
        receive = SERVERS[server](receives(*messages, {"type": "http.disconnect"}))
        tasks = tasks_of(current_loop())
        platform = AsgiPlatform(options, scope_of(*fields), receive, unheard, tasks)
        request = AsgiRequest(scope_of(*fields), platform)
        if is_watched:
            assert platform.inbox is not None  # somebody may wait for messages: the general way
        outcomes.append(await _outcome(request, load=load))

    assert outcomes == [outcomes[0]] * 4


@pytest.mark.parametrize("error", [OSError("gone"), LookupError("broken")])
async def test_what_a_server_raises_for_its_first_message_is_as_for_any_other(
    error: Exception,
) -> None:
    async def receive() -> Message:
        raise error

    outcomes: list[object] = []
    for is_watched in (True, False):
        tasks = tasks_of(current_loop())
        platform = AsgiPlatform(Options(), scope_of(LENGTH), receive, unheard, tasks)
        request = AsgiRequest(scope_of(LENGTH), platform)
        if is_watched:
            assert platform.inbox is not None
        with pytest.raises((DisconnectError, LookupError)) as caught:
            await (request.load() or request.bytes())
        outcomes.append((type(caught.value), request.body_used, platform.inbox.gone))

    assert outcomes == [outcomes[0]] * 2


async def test_nothing_is_received_in_a_worker_thread() -> None:
    receive = receives(part(b"ab", more=False))
    tasks = tasks_of(current_loop())
    platform = AsgiPlatform(Options(), scope_of(LENGTH), receive, unheard, tasks)
    request = AsgiRequest(scope_of(LENGTH), platform)

    waits = await in_worker_thread(request.load)

    assert waits is not None
    assert await waits == b"ab"


async def test_nothing_is_left_of_a_body_that_was_there_at_once() -> None:
    tasks = tasks_of(current_loop())
    receive = receives(part(b"ab", more=False))
    platform = AsgiPlatform(Options(), scope_of(LENGTH), receive, unheard, tasks)
    request = AsgiRequest(scope_of(LENGTH), platform)

    waits = request.load()

    # On trio the scope that bounds the wait comes first.
    assert (waits is None) != tasks.must_enter_first
    if waits is not None:
        await waits
    assert platform.ends_quietly()
    assert platform.inbox.is_quiet


@pytest.mark.parametrize("waits", [False, True])
async def test_a_reader_that_is_cancelled_leaves_the_message_to_nobody_else(waits: bool) -> None:
    ended: list[str] = []

    async def receive() -> Message:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("ended")
        raise AssertionError

    tasks = tasks_of(current_loop())
    platform = AsgiPlatform(Options(), scope_of(LENGTH), receive, unheard, tasks)
    request = AsgiRequest(scope_of(LENGTH), platform)
    with anyio.CancelScope() as scope:
        reading = request.load() if waits else None
        scope.cancel()
        await (reading or request.bytes())

    assert scope.cancelled_caught
    assert ended == ["ended"]


@pytest.mark.parametrize("is_stubborn", [False, True])
async def test_what_was_asked_for_and_nobody_awaits_is_given_up(is_stubborn: bool) -> None:
    ended: list[str] = []

    async def receive() -> Message:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("ended")
            if is_stubborn:
                await anyio.sleep(0)
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    app = Portico()

    @app.post("/")
    async def handler(body: FormData) -> None: ...

    # A type without a boundary is refused before anything is read.
    fields = (b"host", b"h"), (b"content-type", b"multipart/form-data"), CHUNKED

    await ASGI(app)(scope_of(*fields, method="POST"), receive, send)

    assert sent[0]["status"] == 400
    # On trio nothing is asked for ahead of the scope that bounds the wait.
    assert ended == ([] if tasks_of(current_loop()).must_enter_first else ["ended"])


async def test_fields_that_are_read_alone_are_as_among_all_of_them() -> None:
    names = (b"content-type", b"Content-Type", b"cookie", b"Cookie", b"x")
    values = (b"application/json", b" text/plain\t", b"a=1; b=\xe9", b"")
    host = (b"host", b"h")
    for fields in [
        *([host, (name, value)] for name, value in product(names, values)),
        [(b"content-type", b"text/plain")],
        [host, (b"cookie", b"a=1"), (b"cookie", b"b=2")],
        [host],
    ]:
        alone: Any = await request_of(scope_of(*fields))
        headers = (await request_of(scope_of(*fields))).headers

        assert alone._content_type() == headers.get("content-type")
        assert alone._cookie_field() == headers.get("cookie")

        for name in ("content-type", "cookie"):
            alone.headers.set(name, "changed/by=hand")
        assert alone._content_type() == alone._cookie_field() == "changed/by=hand"


async def test_the_watcher_and_the_reader_never_receive_at_once() -> None:
    waiting = [part(b"a"), part(b"b"), part(b"c", more=False), {"type": "http.disconnect"}]
    receivers = 0

    async def receive() -> Message:
        nonlocal receivers
        receivers += 1
        assert receivers == 1
        await anyio.sleep(0)
        receivers -= 1
        return waiting.pop(0)

    inbox = Inbox(receive, tasks_of(current_loop()))
    inbox.watch()
    chunks: list[bytes] = []
    while (chunk := await inbox.chunk()) is not None:
        chunks.append(chunk)
        await anyio.sleep(0)
    await inbox.signal.wait()
    await inbox.unwatch()

    assert (chunks, waiting) == ([b"a", b"b", b"c"], [])


async def test_a_watcher_takes_one_chunk_of_a_body_that_nobody_reads() -> None:
    waiting = [part(b"a"), part(b"b"), part(b"c", more=False)]
    taken = anyio.Event()

    async def receive() -> Message:
        taken.set()
        return waiting.pop(0)

    inbox = Inbox(receive, tasks_of(current_loop()))
    inbox.watch()
    await taken.wait()
    await anyio.wait_all_tasks_blocked()

    assert len(waiting) == 2
    await inbox.unwatch()
    assert await inbox.chunk() == b"a"
