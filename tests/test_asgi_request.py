"""Scopes as servers really give them, read as requests."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import pytest

from portico import BodyNotReadError, DisconnectError
from portico.contract import Options
from portico_asgi import AsgiPlatform, AsgiRequest
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
