"""Requests: built by hand or over a native object, and their bodies, read once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from portico import (
    URL,
    AbortController,
    BodyNotReadError,
    BodyTooLargeError,
    BodyUsedError,
    DisconnectError,
    File,
    FormData,
    Headers,
    PeerError,
    Request,
    URLError,
    URLSearchParams,
)
from portico._request import content_length, host_expression, is_plain_host
from portico.contract import BodyLimits, NativeRequest

SMALL = BodyLimits(8, 1000, 12)
AMPLE = BodyLimits(1000, 10_000, None)


class Native(NativeRequest):
    """A native request that records what is read of it."""

    __slots__ = ("fields", "reads")

    def __init__(
        self,
        *,
        method: str = "POST",
        target: str = "/",
        query: str = "",
        source: Any = None,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        limits: BodyLimits = AMPLE,
    ) -> None:
        self.reads: list[str] = []
        self.fields = headers or {}
        super().__init__(method, target, query, source, limits)

    def _read_headers(self) -> Headers:
        self.reads.append("headers")
        return Headers(self.fields)

    def _read_host(self) -> str:
        self.reads.append("host")
        return self.headers.get("host", "App.test:80") or ""

    def _read_scheme(self) -> str:
        self.reads.append("scheme")
        return "http"

    def _read_root_path(self) -> str:
        self.reads.append("root path")
        return "/root"


class Both:
    """A source that serves either colour, as a WSGI input does."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _each(self.chunks)


class OnlyAsync:
    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _each(self.chunks)


async def _each(chunks: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


# Built by hand


def test_a_request_has_the_parts_of_its_url() -> None:
    request = Request("https://App.test:8443/a%2Fb/../c?x=1&y#z")

    assert request.method == "GET"
    assert str(request.url) == "https://app.test:8443/c?x=1&y#z"
    assert (request.scheme, request.host) == ("https", "app.test:8443")
    assert (request.raw_path, request.raw_query) == ("/c", "x=1&y")
    assert not request.has_body
    assert request.body is None
    assert repr(request) == "<Request GET /c>"


@pytest.mark.parametrize(
    ("method", "expected"),
    [("get", "GET"), ("Post", "POST"), ("patch", "patch"), ("PURGE", "PURGE"), ("x-y", "x-y")],
)
def test_the_well_known_methods_are_written_in_upper_case(method: str, expected: str) -> None:
    assert Request("http://app.test", method=method).method == expected


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "É", "A:B"])
def test_a_method_that_is_no_token_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="method"):
        Request("http://app.test", method=method)


@pytest.mark.parametrize("method", ["GET", "HEAD", "get"])
def test_a_request_that_only_asks_has_no_body(method: str) -> None:
    with pytest.raises(ValueError, match="no body"):
        Request("http://app.test", method=method, body="a")


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(URLError):
        Request("/relative")


def test_a_body_brings_its_type() -> None:
    request = Request(URL("http://app.test"), method="POST", body=URLSearchParams("a=1"))

    assert request.headers["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert request.has_body
    assert request.sync.form_data().get("a") == "1"


def test_a_signal_is_that_which_was_given_or_one_that_nobody_aborts() -> None:
    controller = AbortController()
    given = Request("http://app.test", signal=controller.signal)
    own = Request("http://app.test")

    controller.abort()

    assert given.signal.aborted
    assert not own.signal.aborted
    assert own.signal is own.signal


# Over a native object


def test_nothing_is_read_of_a_native_request_before_it_is_asked() -> None:
    request = Native(target="/a", query="x=1")

    assert (request.method, request.raw_path, request.raw_query) == ("POST", "/a", "x=1")
    assert request.has_body is False
    assert repr(request) == "<Native POST /a>"
    assert request.reads == []


def test_each_part_of_a_native_request_is_read_once() -> None:
    request = Native(headers={"cookie": "a=1"}, target="/a", query="x=1")

    for _ in range(2):
        assert request.checked_host() == "App.test:80"
        assert request.host == "App.test:80"
        assert request.scheme == "http"
        assert str(request.url) == "http://app.test/root/a?x=1"
        assert request.url is request.url
        assert request.cookies == {"a": "1"}
        assert request.headers is request.headers

    assert sorted(request.reads) == ["headers", "host", "root path", "scheme"]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b", "/a/b"),
        ("//evil.example/a", "//evil.example/a"),
        ("/http://evil.example", "/http://evil.example"),
        ("http://app.test/a", "/a"),
        ("HTTPS://user@app.test:8443/a/b", "/a/b"),
        ("http://app.test", "/"),
        ("*", "*"),
        ("", "/"),
        ("app.test:443", "/app.test:443"),
        ("a", "/a"),
    ],
)
def test_a_target_is_reduced_to_its_path(target: str, path: str) -> None:
    assert Native(target=target).raw_path == path


HOSTS = [
    ("app.test", True),
    ("APP.test:8000", True),
    ("app.test:", True),
    ("127.0.0.1", True),
    ("[::1]", True),
    ("[::1]:80", True),
    ("xn--bcher-kva.example", True),
    ("under_score.test", True),
    ("a%20b", True),
    ("", False),
    ("app.test:port", False),
    ("app.test:123456", False),
    ("a b", False),
    ("a,b\tc", False),
    ("user@app.test", False),
    ("app.test/path", False),
    ("app.test?x", False),
    ("app.test#x", False),
    ("app.test\\x", False),
    ("[::1", False),
    ("::1", False),
    ("[::1]x", False),
    ("[g::1]", False),
    ("b\xfccher.example", False),
    ("<script>", False),
    ("app.test:80:80", False),
]


@pytest.mark.parametrize(("host", "valid"), HOSTS)
def test_a_host_is_held_to_its_grammar(host: str, valid: bool) -> None:
    request = Native(headers={"host": host})

    for _ in range(2):  # those that were found valid are remembered
        if valid:
            assert request.checked_host() == host
        else:
            with pytest.raises(PeerError, match="Host") as caught:
                request.checked_host()
            assert caught.value.status == 400


@pytest.mark.parametrize("host", ["a%20b", "app.test:99999", "1.2.3.4.5.6.256"])
def test_a_host_that_no_url_has_is_the_peers_mistake(host: str) -> None:
    with pytest.raises(PeerError, match="Host"):
        _ = Native(headers={"host": host}).url


LENGTHS: list[tuple[list[str], int | None]] = [
    ([], None),
    (["0"], 0),
    (["5"], 5),
    (["005"], 5),
    (["5", "5"], 5),
    (["5, 5"], 5),
    ([""], None),
]
MALFORMED_LENGTHS = [
    ["-1"],
    ["+5"],
    ["5.0"],
    ["0x5"],
    ["5_0"],
    ["5 5"],
    ["five"],
    ["5", "6"],
    ["5, 6"],
    ["5,"],
    ["\xb2"],
    ["9" * 19],
    ["9" * 5000],
]


def _with_lengths(values: list[str], source: Any) -> Native:
    return Native(headers=[("content-length", value) for value in values], source=source)


@pytest.mark.parametrize(("values", "length"), LENGTHS)
def test_a_content_length_says_how_many_bytes_come(values: list[str], length: int | None) -> None:
    body = b"x" * (3 if length is None else length)

    assert _with_lengths(values, [body]).sync.bytes() == body


@pytest.mark.parametrize("sync", [True, False])
def test_a_body_that_is_shorter_than_it_says_was_cut_off(sync: bool) -> None:
    with pytest.raises(DisconnectError, match="after 4 of the 5 bytes"):
        read(_with_lengths(["5"], [b"xxxx"]), "bytes", sync=sync)


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("length", ["0", "3"])
def test_a_body_that_is_longer_than_it_says_is_refused(length: str, sync: bool) -> None:
    with pytest.raises(PeerError, match=f"longer than its Content-Length of {length}"):
        read(_with_lengths([length], [b"xxxx"]), "bytes", sync=sync)


@pytest.mark.parametrize("values", MALFORMED_LENGTHS)
def test_a_content_length_that_is_none_is_refused(values: list[str]) -> None:
    request = _with_lengths(values, [b"xxxxx"])

    with pytest.raises(PeerError, match="Content-Length") as caught:
        request.sync.bytes()
    assert caught.value.status == 400


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity", "x"])
def test_an_encoded_body_is_refused_with_what_is_taken(encoding: str) -> None:
    request = Native(headers={"content-encoding": encoding}, source=[b"x"])

    with pytest.raises(PeerError, match=encoding) as caught:
        asyncio.run(request.bytes())
    assert caught.value.status == 415
    headers = caught.value.sent_headers()
    assert headers is not None
    assert headers["accept-encoding"] == "identity"


# Reading


READINGS: dict[str, Callable[[Request], Any]] = {
    "bytes": lambda request: request.bytes(),
    "text": lambda request: request.text(),
    "json": lambda request: request.json(),
    "blob": lambda request: request.blob(),
    "stream": lambda request: _gather(request.stream()),
}
SYNC_READINGS: dict[str, Callable[[Request], Any]] = {
    "bytes": lambda request: request.sync.bytes(),
    "text": lambda request: request.sync.text(),
    "json": lambda request: request.sync.json(),
    "blob": lambda request: request.sync.blob(),
    "stream": lambda request: b"".join(request.sync.stream()),
}
EXPECTED: dict[str, Any] = {"bytes": b"[1]", "text": "[1]", "json": [1], "stream": b"[1]"}
KEEPING = ["bytes", "text", "json", "blob"]


async def _gather(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in stream])


def read(request: Request, reading: str, *, sync: bool) -> Any:
    if sync:
        value = SYNC_READINGS[reading](request)
    else:

        async def run() -> Any:
            return await READINGS[reading](request)

        value = asyncio.run(run())
    return value.sync.bytes() if reading == "blob" else value


SOURCES: list[Callable[[], Any]] = [
    lambda: b"[1]",
    lambda: [b"[", b"", b"1]"],
    lambda: Both(b"[1", b"]"),
    lambda: iter([b"[1]"]),
]


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("first", KEEPING)
@pytest.mark.parametrize("second", [*KEEPING, "stream"])
def test_what_was_read_whole_is_read_again_in_any_form(
    first: str, second: str, source: Callable[[], Any], sync: bool
) -> None:
    request = Native(source=source())

    assert read(request, first, sync=sync) == EXPECTED.get(first, b"[1]")
    assert read(request, second, sync=sync) == EXPECTED.get(second, b"[1]")
    assert read(request, first, sync=not sync) == EXPECTED.get(first, b"[1]")
    assert request.body_used


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("second", [*KEEPING, "stream"])
def test_what_was_streamed_is_gone(second: str, source: Callable[[], Any], sync: bool) -> None:
    request = Native(source=source())

    assert read(request, "stream", sync=sync) == b"[1]"
    assert request.body_used
    for colour in (True, False):
        with pytest.raises(BodyUsedError, match="already consumed"):
            read(request, second, sync=colour)
    with pytest.raises(BodyUsedError):
        request.clone()


def test_the_body_as_a_stream_consumes_it() -> None:
    request = Native(source=[b"a"])
    body = request.body

    assert body is not None
    assert asyncio.run(_gather(body)) == b"a"
    assert request.body_used


@pytest.mark.parametrize("reading", [*KEEPING, "stream"])
def test_synchronous_code_cannot_wait_for_what_arrives_asynchronously(reading: str) -> None:
    request = Native(source=OnlyAsync(b"[1]"))

    with pytest.raises(BodyNotReadError, match="`body`"):
        read(request, reading, sync=True)
    assert read(request, "bytes", sync=False) == b"[1]"
    assert read(request, reading, sync=True) == EXPECTED.get(reading, b"[1]")


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("source", [b"x" * 9, [b"x" * 9], [b"xxxxx", b"xxxxx"], Both(b"x" * 9)])
def test_a_body_over_the_limit_is_refused(source: Any, sync: bool) -> None:
    request = Native(source=source, limits=SMALL)

    with pytest.raises(BodyTooLargeError, match="8 bytes") as caught:
        read(request, "bytes", sync=sync)
    assert caught.value.status == 413


@pytest.mark.parametrize("sync", [True, False])
def test_a_body_that_announces_more_than_the_limit_is_refused_unread(sync: bool) -> None:
    class Untouched:
        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("the body was read")

    request = Native(source=Untouched(), limits=SMALL, headers={"content-length": "9"})

    with pytest.raises(BodyTooLargeError):
        read(request, "bytes", sync=sync)


@pytest.mark.parametrize("sync", [True, False])
def test_a_stream_has_a_limit_of_its_own(sync: bool) -> None:
    assert read(Native(source=[b"x" * 12], limits=SMALL), "stream", sync=sync) == b"x" * 12
    with pytest.raises(BodyTooLargeError, match="12 bytes"):
        read(Native(source=[b"x" * 13], limits=SMALL), "stream", sync=sync)
    assert len(read(Native(source=[b"x" * 5000], limits=AMPLE), "stream", sync=sync)) == 5000


def test_text_is_utf_8_without_its_mark_and_with_its_errors_replaced() -> None:
    assert Native(source=b"\xef\xbb\xbf\xc3\xa9\xff").sync.text() == "é\ufffd"


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b"[" * 100_000])
def test_json_that_is_none_is_the_peers_mistake(body: bytes, sync: bool) -> None:
    limits = BodyLimits(1_000_000, 0, None)

    with pytest.raises(PeerError) as caught:
        read(Native(source=body, limits=limits), "json", sync=sync)
    assert caught.value.status == 400


# Forms


def _form_request(form: FormData | URLSearchParams, *, stream: bool) -> Native:
    built = Request("http://app.test", method="POST", body=form)
    body = built.sync.bytes()
    return Native(
        source=Both(body[:7], body[7:]) if stream else body,
        headers={"content-type": built.headers["content-type"]},
    )


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("sync", [True, False])
def test_a_multipart_form_is_read_once_and_kept_without_its_bytes(sync: bool, stream: bool) -> None:
    request = _form_request(FormData([("a", "1"), ("f", File([b"x"], "f"))]), stream=stream)

    form = request.sync.form_data() if sync else asyncio.run(request.form_data())

    assert form.get("a") == "1"
    assert form is request.sync.form_data()
    assert form is asyncio.run(request.form_data())
    for colour in (True, False):
        with pytest.raises(BodyUsedError):
            read(request, "bytes", sync=colour)
    clone = request.clone()
    assert clone.sync.form_data() is form
    with pytest.raises(BodyUsedError):
        clone.sync.bytes()


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("form", [FormData([("a", "1")]), URLSearchParams("a=1")])
def test_bytes_come_before_a_form(form: Any, sync: bool) -> None:
    request = _form_request(form, stream=True)

    assert b"1" in read(request, "bytes", sync=sync)
    read_form = request.sync.form_data() if sync else asyncio.run(request.form_data())

    assert read_form.get("a") == "1"


def test_an_urlencoded_form_keeps_its_bytes() -> None:
    request = _form_request(URLSearchParams("a=1"), stream=True)

    assert request.sync.form_data().get("a") == "1"
    assert request.sync.bytes() == b"a=1"


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=a"])
def test_what_is_no_form_is_not_read_as_one(content_type: str) -> None:
    request = Native(source=b"a=1", headers={"content-type": content_type})

    with pytest.raises(PeerError, match=r"Send multipart/form-data or") as caught:
        request.sync.form_data()
    assert caught.value.status == 415
    assert request.sync.bytes() == b"a=1"


def test_the_parts_of_a_form_consume_it() -> None:
    request = _form_request(FormData([("a", "1")]), stream=True)

    assert [(part.name, part.bytes()) for part in request.sync.parts()] == [("a", b"1")]
    with pytest.raises(BodyUsedError):
        request.sync.form_data()


def test_the_parts_of_what_is_no_multipart_form_are_not_read() -> None:
    request = _form_request(URLSearchParams("a=1"), stream=True)

    with pytest.raises(PeerError, match=r"Send multipart/form-data\."):
        request.sync.parts()


# Cloning


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("clone_first", [True, False])
def test_a_clone_and_its_original_are_both_read(
    clone_first: bool, source: Callable[[], Any], sync: bool
) -> None:
    request = Native(source=source(), headers={"x": "1"}, target="/a", query="q")
    clone = request.clone()
    clone.headers.set("x", "2")

    both = (clone, request) if clone_first else (request, clone)

    assert [read(each, "bytes", sync=sync) for each in both] == [b"[1]", b"[1]"]
    assert request.headers["x"] == "1"
    assert str(clone.url) == str(request.url)
    assert (clone.method, clone.raw_path, clone.raw_query) == ("POST", "/a", "q")


def test_a_clone_of_what_was_read_has_it_too() -> None:
    request = Native(source=[b"a"])
    assert request.sync.bytes() == b"a"

    assert request.clone().sync.text() == "a"


def test_a_clone_keeps_the_limits() -> None:
    request = Native(source=[b"x" * 9], limits=SMALL)

    with pytest.raises(BodyTooLargeError):
        request.clone().sync.bytes()


PLAIN_HOSTS = ["a", "A-9.example", "127.0.0.1:8000", "a:", "-", "a.", "a:00000"]
OTHER_HOSTS = [
    "",
    ":",
    ":80",
    "a:8\uff11",
    "\u00e9.example",
    "\u0661",
    "a:123456",
    "a:8:0",
    "a:-1",
    "a_b",
    "a b",
    "a\n",
    "a,b",
    "[::1]",
    "[::1]:80",
    "a@b",
    "%41",
    ".",
    "a:8 ",
]


@pytest.mark.parametrize("host", [*PLAIN_HOSTS, *OTHER_HOSTS])
def test_a_host_that_is_plain_is_well_formed(host: str) -> None:
    if is_plain_host(host):
        assert host_expression()(host)


def test_the_hosts_of_most_services_are_plain() -> None:
    assert [host for host in PLAIN_HOSTS if not is_plain_host(host)] == ["-"]
    assert not any(is_plain_host(host) for host in OTHER_HOSTS)


@pytest.mark.parametrize(
    ("text", "length"),
    [("7", 7), ("0" * 18, 0), ("0" * 19, None), ("\u0661", None), ("+1", None), ("1_0", None)],
)
def test_a_length_is_at_most_eighteen_digits(text: str, length: int | None) -> None:
    headers = Headers.from_pairs([("content-length", text)])

    if length is None:
        with pytest.raises(PeerError, match="Content-Length"):
            content_length(headers)
    else:
        assert content_length(headers) == length
