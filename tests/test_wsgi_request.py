"""environ to `Request`, without a server."""

import asyncio
from collections.abc import Callable
from functools import partial
from io import BytesIO
from itertools import product
from typing import Any, TypeVar

import pytest

from portico import BodyTooLargeError, DisconnectError, Headers, PeerError
from portico.contract import Options, Platform, path_of
from portico_wsgi import WsgiPlatform, WsgiRequest
from portico_wsgi._request import read_target

T = TypeVar("T")

CHUNK = 64 * 1024


def environ(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "server.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    return {**base, **{key.replace("wsgi_", "wsgi."): value for key, value in changes.items()}}


def request(options: Options | None = None, **changes: Any) -> WsgiRequest:
    env = environ(**changes)
    return WsgiRequest(env, WsgiPlatform(options or Options(), env))


# name: what the server says, and the path that it means
TARGETS: dict[str, tuple[dict[str, Any], str]] = {
    "a decoded path is quoted again": (
        {"PATH_INFO": "/a b/\xc3\xa9//x/../y"},
        "/a%20b/%C3%A9//x/../y",
    ),
    "a percent sign of the path is quoted": ({"PATH_INFO": "/100%/%2F"}, "/100%25/%252F"),
    "what RFC 3986 allows in a path stays": (
        {"PATH_INFO": "/-._~!$&'()*+,;=:@"},
        "/-._~!$&'()*+,;=:@",
    ),
    "RAW_URI keeps an encoded slash": (
        {"PATH_INFO": "/a/b", "RAW_URI": "/a%2Fb?q=/c"},
        "/a%2Fb",
    ),
    "REQUEST_URI keeps an encoded slash": (
        {"PATH_INFO": "/a/b", "REQUEST_URI": "/a%2fb"},
        "/a%2fb",
    ),
    "cheroot's half decoded path agrees": (
        {"PATH_INFO": "/a b%2Fc", "REQUEST_URI": "/a%20b%2Fc"},
        "/a%20b%2Fc",
    ),
    "a malformed escape stays for the core to refuse": (
        {"PATH_INFO": "/%zz", "RAW_URI": "/%zz"},
        "/%zz",
    ),
    "bytes that should have been escaped are": (
        {"PATH_INFO": "/\xc3\xa9", "REQUEST_URI": "/\xc3\xa9"},
        "/%C3%A9",
    ),
    "a path that middleware changed counts": (
        {"PATH_INFO": "/new path", "RAW_URI": "/old%2Fpath"},
        "/new%20path",
    ),
    "the absolute form is reduced to its path": (
        {"PATH_INFO": "/p/q", "RAW_URI": "http://other.test/p%2Fq?z"},
        "/p%2Fq",
    ),
    "an absolute form without a path is the root": (
        {"PATH_INFO": "/", "RAW_URI": "http://other.test"},
        "/",
    ),
    "wsgiref leaves the absolute form in PATH_INFO": (
        {"PATH_INFO": "http://other.test/p/q"},
        "/p/q",
    ),
    "the authority form is nobody's path": (
        {"PATH_INFO": "", "RAW_URI": "other.test:443"},
        "/",
    ),
    "the asterisk form stays": ({"PATH_INFO": "*", "RAW_URI": "*"}, "*"),
    "cheroot puts the asterisk below a slash": ({"PATH_INFO": "/*", "REQUEST_URI": "*"}, "*"),
    "two leading slashes are a path": (
        {"PATH_INFO": "//evil.example/x", "RAW_URI": "//evil.example/x"},
        "//evil.example/x",
    ),
    "an empty path is the root": ({"PATH_INFO": ""}, "/"),
    "the script name is not part of it": (
        {"SCRIPT_NAME": "/api", "PATH_INFO": "/a/b", "RAW_URI": "/api/a%2Fb"},
        "/a%2Fb",
    ),
    "a script name with an encoded slash is found": (
        {"SCRIPT_NAME": "/a/b", "PATH_INFO": "/c", "RAW_URI": "/a%2Fb/c"},
        "/c",
    ),
    "a script name ends where a segment ends": (
        {"SCRIPT_NAME": "/api", "PATH_INFO": "/api/x", "RAW_URI": "/api/api/x"},
        "/api/x",
    ),
    "a mount point alone is the root": (
        {"SCRIPT_NAME": "/api", "PATH_INFO": "", "RAW_URI": "/api"},
        "/",
    ),
    "a script name of one slash is none": ({"SCRIPT_NAME": "/", "PATH_INFO": "/x"}, "/x"),
}


@pytest.mark.parametrize(("given", "path"), TARGETS.values(), ids=TARGETS)
def test_the_raw_path(given: dict[str, Any], path: str) -> None:
    assert request(**given).raw_path == path


PATHS = ["", "/", "/a", "/a b", "/a%2Fb", "/a?b", "/\xc3\xa9", "a", "*", "//a", "/a/b", "/api/a"]


@pytest.mark.parametrize("query", ["", "q=1", "?", "a=%20"])
@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
def test_a_plain_path_is_the_one_that_any_other_would_be(name: str, query: str) -> None:
    for path, raw, script, root in product(
        PATHS, [*PATHS, None], ["", "/", "/api"], [None, "", "/api"]
    ):
        given = {"PATH_INFO": path, "SCRIPT_NAME": script, "QUERY_STRING": query}
        if raw is not None:
            given[name] = f"{raw}?{query}" if query else raw
        env = environ(**given)
        expected = path_of(read_target(env, root))

        assert request(Options(root_path=root), **given).raw_path == expected, env


@pytest.mark.parametrize(
    ("option", "given", "path", "root"),
    [
        (None, {"SCRIPT_NAME": "/a b", "PATH_INFO": "/x"}, "/x", "/a%20b"),
        (None, {"PATH_INFO": "/x"}, "/x", ""),
        ("/api", {"PATH_INFO": "/api/x"}, "/x", "/api"),
        ("/api", {"PATH_INFO": "/apiary"}, "/apiary", "/api"),
        ("/api", {"PATH_INFO": "/x"}, "/x", "/api"),
        ("/api", {"SCRIPT_NAME": "/api", "PATH_INFO": "/x"}, "/x", "/api"),
        ("/api", {"SCRIPT_NAME": "/api", "PATH_INFO": "/api/x"}, "/api/x", "/api"),
        ("/v1/api", {"SCRIPT_NAME": "/api", "PATH_INFO": "/x"}, "/x", "/v1/api"),
        ("", {"SCRIPT_NAME": "/api", "PATH_INFO": "/x"}, "/api/x", ""),
    ],
)
def test_the_root_path_is_the_option_or_the_script_name_and_never_in_the_raw_path(
    option: str | None, given: dict[str, str], path: str, root: str
) -> None:
    env = environ(**given)
    platform = WsgiPlatform(Options(root_path=option), env)

    assert (WsgiRequest(env, platform).raw_path, platform.root_path) == (path, root)


def test_the_query_is_kept_as_it_came() -> None:
    assert request(QUERY_STRING="q=%20+%C3%A9&&=").raw_query == "q=%20+%C3%A9&&="


def test_the_header_fields_are_the_http_variables_and_the_two_without_prefix() -> None:
    headers = request(
        HTTP_HOST="a.test",
        HTTP_X_NAME="caf\xe9",
        HTTP_CONTENT_TYPE="the server's second copy",
        HTTP_CONTENT_LENGTH="7",
        CONTENT_TYPE="text/plain",
        CONTENT_LENGTH="3",
        REMOTE_ADDR="no header",
    ).headers

    assert headers.items() == [
        ("host", "a.test"),
        ("x-name", "caf\xe9"),
        ("content-type", "text/plain"),
        ("content-length", "3"),
    ]


FIELDS: dict[str, Any] = {
    "HTTP_ACCEPT": " a, b\t",
    "HTTP_X_A_B": "",
    "HTTP_CONTENT_TYPE": "not this",
    "HTTP_CONTENT_LENGTH": "5",
    "CONTENT_TYPE": "text/plain",
    "CONTENT_LENGTH": "",
    "HTTP_COOKIE": "a=1; b=2",
    "HTTP_MASS": "not \xdf",
}


@pytest.mark.parametrize(
    "name",
    [
        "accept",
        "Accept",
        "x-a-b",
        "X-A-B",
        "x_a_b",
        "x-a_b",
        "content-type",
        "CONTENT-TYPE",
        "content_type",
        "content-length",
        "cookie",
        "missing",
        "",
        "h\xe9",
        "Ma\xdf",
    ],
)
def test_a_field_that_is_asked_for_alone_is_the_one_among_all_of_them(name: str) -> None:
    lazy, whole = request(**FIELDS).headers, Headers(request(**FIELDS).headers.items())

    assert lazy.get(name) == whole.get(name)
    assert lazy.get(name, "default") == whole.get(name, "default")
    assert lazy.get_all(name) == whole.get_all(name)
    assert (lazy.has(name), name in lazy) == (whole.has(name), name in whole)
    assert lazy.items() == whole.items()
    assert lazy.get(name) == whole.get(name)


def test_header_fields_that_are_changed_leave_the_environ_alone() -> None:
    env = environ(**FIELDS)
    headers = WsgiRequest(env, WsgiPlatform(Options(), env)).headers
    headers.set("accept", "c")
    headers.delete("cookie")

    assert (headers.get("accept"), headers.get("cookie")) == ("c", None)
    assert env["HTTP_ACCEPT"] == FIELDS["HTTP_ACCEPT"]


def test_empty_variables_are_absent_header_fields() -> None:
    assert request(CONTENT_TYPE="", CONTENT_LENGTH="").headers.items() == []


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ({"HTTP_HOST": "a.test:81"}, "a.test:81"),
        ({}, "server.test"),
        ({"HTTP_HOST": ""}, "server.test"),
        ({"SERVER_PORT": "8080"}, "server.test:8080"),
        ({"SERVER_PORT": "443", "wsgi_url_scheme": "https"}, "server.test"),
        ({"SERVER_NAME": "::1", "SERVER_PORT": "8080"}, "[::1]:8080"),
    ],
)
def test_the_host_is_the_field_or_the_servers_own_name(given: dict[str, Any], host: str) -> None:
    assert request(**given).host == host


def test_the_url_is_put_together_of_scheme_host_root_path_path_and_query() -> None:
    got = request(
        HTTP_HOST="a.test",
        wsgi_url_scheme="https",
        SCRIPT_NAME="/api",
        PATH_INFO="/a b",
        QUERY_STRING="c=d",
    )

    assert str(got.url) == "https://a.test/api/a%20b?c=d"


# name: the variables, the input, and what is read of it
BODIES: dict[str, tuple[dict[str, Any], bytes, bytes]] = {
    "as many bytes as the length says": ({"CONTENT_LENGTH": "3"}, b"abcNEXT", b"abc"),
    "up to the end where the server ends the input": (
        {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi_input_terminated": True},
        b"abc",
        b"abc",
    ),
    "up to the end under HTTP/2, which needs no length": (
        {"SERVER_PROTOCOL": "HTTP/2", "wsgi_input_terminated": True},
        b"abc",
        b"abc",
    ),
    "nothing without a length": ({}, b"NEXT", b""),
    "nothing with an empty length": ({"CONTENT_LENGTH": ""}, b"NEXT", b""),
    "a length bounds a terminated input too": (
        {"CONTENT_LENGTH": "3", "wsgi_input_terminated": True},
        b"abc",
        b"abc",
    ),
    "more than one chunk": ({"CONTENT_LENGTH": "200000"}, b"x" * 200_001, b"x" * 200_000),
}


@pytest.mark.parametrize(("given", "sent", "read"), BODIES.values(), ids=BODIES)
def test_the_body_in_synchronous_code(given: dict[str, Any], sent: bytes, read: bytes) -> None:
    assert request(wsgi_input=BytesIO(sent), **given).sync.bytes() == read


@pytest.mark.parametrize(("given", "sent", "read"), BODIES.values(), ids=BODIES)
def test_the_body_in_asynchronous_code(given: dict[str, Any], sent: bytes, read: bytes) -> None:
    got = request(wsgi_input=BytesIO(sent), **given)

    assert asyncio.run(got.bytes()) == read


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"CONTENT_LENGTH": "0"},
        {"CONTENT_LENGTH": ""},
        {"wsgi_input_terminated": True},  # gunicorn says so of every request
    ],
)
def test_a_request_without_a_body_has_none(given: dict[str, Any]) -> None:
    assert request(**given).has_body is False


class RecordingInput:
    """An input that remembers the sizes it was asked for."""

    def __init__(self, data: bytes) -> None:
        self.sizes: list[int] = []
        self.closed = False
        self._data = BytesIO(data)

    def read(self, size: int) -> bytes:
        self.sizes.append(size)
        return self._data.read(size)

    def close(self) -> None:
        self.closed = True


def test_the_input_is_read_in_chunks_and_never_past_the_length_or_closed() -> None:
    stream = RecordingInput(b"x" * (CHUNK + 1000))
    options = Options(max_stream_size=None)
    got = request(options, wsgi_input=stream, CONTENT_LENGTH=str(CHUNK + 5))

    sizes = [len(chunk) for chunk in got.sync.stream()]

    assert sizes == [CHUNK, 5]
    assert stream.sizes == [CHUNK, 5]
    assert stream.closed is False


def test_a_body_that_is_not_read_is_left_in_the_input() -> None:
    stream = RecordingInput(b"abc")

    request(wsgi_input=stream, CONTENT_LENGTH="3")

    assert stream.sizes == []


class PartialInput(RecordingInput):
    """A buffered socket file: `read` would wait for all bytes."""

    def read(self, size: int) -> bytes:
        raise AssertionError("waited for bytes that are not there yet")

    def read1(self, size: int) -> bytes:
        return self._data.read(min(size, 2))


def test_bytes_that_have_arrived_are_given_before_the_rest_comes() -> None:
    got = request(wsgi_input=PartialInput(b"abcde"), CONTENT_LENGTH="5")

    assert list(got.sync.stream()) == [b"ab", b"cd", b"e"]


@pytest.mark.parametrize("length", ["3x", "-1", "1e3", " ", "+3", "9" * 19])
def test_a_malformed_length_is_refused_when_the_body_is_read_and_reads_nothing(
    length: str,
) -> None:
    stream = RecordingInput(b"abc")
    got = request(wsgi_input=stream, CONTENT_LENGTH=length)

    with pytest.raises(PeerError, match="Content-Length") as caught:
        got.sync.bytes()

    assert (caught.value.status, stream.sizes) == (400, [])


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    stream = RecordingInput(b"abcd")

    with pytest.raises(BodyTooLargeError):
        request(Options(max_body_size=3), wsgi_input=stream, CONTENT_LENGTH="4").sync.bytes()

    assert stream.sizes == []


def test_a_body_that_ends_early_is_never_taken_for_the_whole() -> None:
    with pytest.raises(DisconnectError):
        request(wsgi_input=BytesIO(b"ab"), CONTENT_LENGTH="3").sync.bytes()


class SlowInput:
    """Gives so many bytes at a time, however many are asked for."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most = BytesIO(data), most

    def read(self, size: int) -> bytes:
        return self._data.read(min(size, self._most))


def outcome_of(read: Callable[[], object]) -> object:
    try:
        return read()
    except PeerError as error:
        return type(error), error.status, error.detail


WAYS: list[Callable[[Any], bytes]] = [
    lambda made: made.sync.bytes(),
    lambda made: made._bytes_here(),
    lambda made: b"".join(made.sync.stream()),
]


@pytest.mark.parametrize("most", [1, 2, 100_000])
@pytest.mark.parametrize(
    ("sent", "length"),
    [*product([0, 1, 4, 5, 65_536, 70_000], ["0", "1", "4", "5", "65536", "x", ""])],
)
@pytest.mark.parametrize("coding", [{}, {"HTTP_CONTENT_ENCODING": "gzip"}])
def test_a_body_of_one_piece_is_read_as_its_chunks_are(
    sent: int, length: str, most: int, coding: dict[str, str]
) -> None:
    outcomes: list[object] = []
    for read in WAYS:
        made = request(
            Options(max_body_size=66_000, max_stream_size=66_000),
            wsgi_input=SlowInput(b"x" * sent, most),
            CONTENT_LENGTH=length,
            **coding,
        )
        outcomes.append((outcome_of(partial(read, made)), made.body_used))

    assert outcomes == [outcomes[0]] * 3


@pytest.mark.parametrize("given", [{}, *({name: value} for name, value in FIELDS.items())])
def test_fields_that_are_read_alone_are_as_among_all_of_them(given: dict[str, Any]) -> None:
    alone: Any = request(**given)
    whole = request(**given).headers

    assert alone._content_type() == whole.get("content-type")
    assert alone._cookie_field() == whole.get("cookie")
    for name in ("content-type", "cookie"):
        alone.headers.set(name, "changed")
    assert alone._content_type() == alone._cookie_field() == "changed"


class BrokenInput:
    """The connection breaks after the first chunk."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._chunks = [b"ab"]

    def read(self, size: int) -> bytes:
        if self._chunks:
            return self._chunks.pop()
        raise self._error


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError(), OSError("bad chunk"), ValueError("bad"), Exception("bad size")],
)
@pytest.mark.parametrize(
    "given",
    [
        {"CONTENT_LENGTH": "3"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi_input_terminated": True},
    ],
)
def test_a_connection_that_breaks_is_the_peers_fault(
    error: Exception, given: dict[str, Any]
) -> None:
    with pytest.raises(DisconnectError) as caught:
        request(wsgi_input=BrokenInput(error), **given).sync.bytes()

    assert caught.value.__cause__ is error


class CountingPlatform(Platform):
    """Counts what was called where it may block."""

    calls = 0

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        type(self).calls += 1
        return fn()


def test_asynchronous_code_reads_where_the_platform_lets_it_block() -> None:
    env = environ(wsgi_input=BytesIO(b"abc"), CONTENT_LENGTH="3")

    assert asyncio.run(WsgiRequest(env, CountingPlatform()).bytes()) == b"abc"
    assert CountingPlatform.calls == 1


def test_a_body_whose_end_the_server_does_not_tell_is_a_411() -> None:
    body = request(REQUEST_METHOD="POST", HTTP_TRANSFER_ENCODING="chunked").sync

    with pytest.raises(PeerError) as caught:
        body.bytes()

    assert caught.value.status == 411
