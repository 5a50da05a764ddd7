"""Responses to a function's result, as strict services read it."""

from __future__ import annotations

import gzip
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import pytest

from portico import CapabilityError, Headers, Response
from portico._media import TEXT as PLAIN
from portico.contract import ByteStream
from portico_conformance._lambda_events import SHAPES, to_event
from portico_conformance._lambda_results import from_result
from portico_conformance._wire import WireRequest, WireResponse
from portico_lambda import AnswerTooLargeError, Shape
from portico_lambda._answer_body import answer_limit, collect, collect_on_loop
from portico_lambda._lost import warn
from portico_lambda._response import Result, plain_result, problem, to_result

GET = WireRequest("GET", "/", [("Host", "a")])
SINGLE: tuple[Shape, ...] = ("alb", "lattice-v1", "lattice-v2")
SEVERAL = tuple(shape for shape in SHAPES if shape not in SINGLE)
MIB = 1024 * 1024


def result_of(
    shape: Shape, response: Response, *, limit: int | None = None, strict: bool = False
) -> Result:
    content = response.content
    assert isinstance(content, bytes)
    if limit is None:
        limit = answer_limit(shape, to_event(shape, GET))
    result = to_result(shape, response, content, limit=limit, strict=strict)
    assert plain_result(shape, response, content) in (None, result)
    return result


def sent(shape: Shape, response: Response, **options: Any) -> WireResponse:
    """What the client gets."""
    return from_result(shape, result_of(shape, response, **options), GET)


@pytest.mark.parametrize("shape", ["rest", "http", "url"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "a/b;charset=utf-8"])
def test_a_short_text_is_written_at_once_as_any_other_is(shape: Shape, content_type: str) -> None:
    headers = {"content-type": content_type, "content-length": "3", "x-a": "b"}
    response = Response("h\xe9", status=203, headers=headers)

    assert plain_result(shape, response, "h\xe9".encode()) == result_of(shape, response)


@pytest.mark.parametrize("shape", ["http", "url"])
@pytest.mark.parametrize("cookies", [["a=1"], ["a=1", "b=2"], ["a=1", "a=1", ""]])
def test_a_short_text_with_cookies_is_written_at_once_as_any_other_is(
    shape: Shape, cookies: list[str]
) -> None:
    fields = [("x-a", "b"), *(("set-cookie", cookie) for cookie in cookies), ("x-b", "c")]
    response = Response("a", headers=fields)

    assert plain_result(shape, response, b"a") == result_of(shape, response)
    assert plain_result("rest", response, b"a") is None


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff", [("content-type", "text/plain")]),
        ("a", [("content-type", "image/png")]),
        (b"a", []),
        (b"", []),
        ("a", [("content-encoding", "gzip")]),
        ("a", [("vary", "accept"), ("vary", "origin")]),
        ("a", [("set-cookie", "a=1"), ("vary", "accept"), ("vary", "origin")]),
        ("a" * MIB, []),
    ],
)
def test_what_is_no_short_text_of_single_fields_is_written_the_general_way(
    body: Any, headers: list[tuple[str, str]]
) -> None:
    response = Response(body, headers=headers)
    content = response.sync.bytes()

    assert plain_result("rest", response, content) is None
    assert plain_result("url", response, content) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_a_plain_answer_is_written_with_what_is_added_to_it(shape: Shape) -> None:
    for name in ("x-a", "set-cookie", "vary", "content-encoding"):
        added = [(name, "b")]
        general = Response.ready(
            200, Headers(Response.plain(PLAIN, b"a", added=added).headers), b"a"
        )

        assert result_of(shape, Response.plain(PLAIN, b"a", added=added)) == result_of(
            shape, general
        )


@pytest.mark.parametrize("shape", sorted({*SHAPES} - {"rest", "http", "url"}))
def test_other_shapes_are_written_the_general_way(shape: Shape) -> None:
    assert plain_result(shape, Response("a"), b"a") is None


RESULTS: list[tuple[Shape, Result]] = [
    (
        "rest",
        {
            "statusCode": 201,
            "multiValueHeaders": {
                "x-one": ["1"],
                "set-cookie": ["a=1; Path=/", "b=2"],
                "vary": ["accept", "origin"],
                "content-type": ["text/plain;charset=UTF-8"],
            },
            "body": "h\u00e9",
            "isBase64Encoded": False,
        },
    ),
    (
        "http",
        {
            "statusCode": 201,
            "headers": {
                "x-one": "1",
                "vary": "accept, origin",
                "content-length": "3",
                "content-type": "text/plain;charset=UTF-8",
            },
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "h\u00e9",
            "isBase64Encoded": False,
        },
    ),
    (
        "alb-multi",
        {
            "statusCode": 201,
            "statusDescription": "201 Created",
            "multiValueHeaders": {
                "x-one": ["1"],
                "set-cookie": ["a=1; Path=/", "b=2"],
                "vary": ["accept", "origin"],
                "content-length": ["3"],
                "content-type": ["text/plain;charset=UTF-8"],
            },
            "body": "h\u00e9",
            "isBase64Encoded": False,
        },
    ),
    (
        "edge",
        {
            "status": "201",
            "statusDescription": "Created",
            "headers": {
                "x-one": [{"key": "x-one", "value": "1"}],
                "set-cookie": [
                    {"key": "set-cookie", "value": "a=1; Path=/"},
                    {"key": "set-cookie", "value": "b=2"},
                ],
                "vary": [{"key": "vary", "value": "accept"}, {"key": "vary", "value": "origin"}],
                "content-type": [{"key": "content-type", "value": "text/plain;charset=UTF-8"}],
            },
            "body": "h\u00e9",
            "bodyEncoding": "text",
        },
    ),
]
FIELDS = [
    ("x-one", "1"),
    ("set-cookie", "a=1; Path=/"),
    ("set-cookie", "b=2"),
    ("vary", "accept"),
    ("vary", "origin"),
    ("content-length", "3"),
]


@pytest.mark.parametrize(("shape", "expected"), RESULTS)
def test_a_result_has_the_fields_of_its_service(shape: Shape, expected: Result) -> None:
    assert result_of(shape, Response("h\u00e9", status=201, headers=FIELDS)) == expected


def test_a_load_balancer_with_single_values_gets_a_status_description() -> None:
    response = Response("x", status=404, headers=[("set-cookie", "a=1")])

    assert result_of("alb", response) == {
        "statusCode": 404,
        "statusDescription": "404 Not Found",
        "headers": {"content-type": "text/plain;charset=UTF-8", "set-cookie": "a=1"},
        "body": "x",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [200, 204, 299, 304, 418, 500, 599])
def test_every_status_passes(shape: Shape, status: int) -> None:
    assert sent(shape, Response(status=status)).status == status


@pytest.mark.parametrize("shape", SEVERAL)
def test_several_cookies_pass(shape: Shape) -> None:
    response = Response("x", headers=FIELDS)

    assert sent(shape, response, strict=True).get_all("set-cookie") == ["a=1; Path=/", "b=2"]


@pytest.mark.parametrize("shape", SINGLE)
def test_of_several_cookies_the_last_is_kept_with_one_warning_where_one_fits(
    shape: Shape, caplog: pytest.LogCaptureFixture
) -> None:
    warn.cache_clear()

    with caplog.at_level(logging.WARNING, logger="portico"):
        first = sent(shape, Response("x", headers=FIELDS))
        second = sent(shape, Response("x", headers=FIELDS))

    assert first.get_all("set-cookie") == second.get_all("set-cookie") == ["b=2"]
    assert len(caplog.records) == 1
    assert "loses all but the last of 2 Set-Cookie fields" in caplog.text


@pytest.mark.parametrize("shape", SINGLE)
def test_several_cookies_are_an_error_where_one_fits_and_the_options_are_strict(
    shape: Shape,
) -> None:
    with pytest.raises(CapabilityError, match="all but the last of 2 Set-Cookie fields"):
        result_of(shape, Response("x", headers=FIELDS), strict=True)


@pytest.mark.parametrize("shape", SINGLE)
def test_one_cookie_fits_everywhere(shape: Shape) -> None:
    response = Response("x", headers=[("set-cookie", "a=1")])

    assert sent(shape, response, strict=True).get_all("set-cookie") == ["a=1"]


PNG = b"\x89PNG\r\n\x1a\n\0"
BODIES: list[tuple[str, bytes, dict[str, str], bool]] = [
    ("text", b"hello", {"content-type": "text/plain"}, False),
    ("no type", b"hello", {}, True),
    ("json", b"{}", {"content-type": "application/json"}, False),
    ("json of a kind", b"{}", {"content-type": "application/problem+json"}, False),
    ("an odd case", b"{}", {"content-type": "Application/JSON; Charset=utf-8"}, False),
    ("svg", b"<svg/>", {"content-type": "image/svg+xml"}, False),
    ("a charset", b"x", {"content-type": "application/x-y; charset=utf-8"}, False),
    ("a form", b"a=1", {"content-type": "application/x-www-form-urlencoded"}, False),
    ("an image", PNG, {"content-type": "image/png"}, True),
    ("bytes that are ASCII", b"abc", {"content-type": "application/octet-stream"}, True),
    ("latin-1 called text", b"caf\xe9", {"content-type": "text/plain; charset=latin-1"}, True),
    ("a lone continuation", b"\x80", {"content-type": "text/plain"}, True),
    (
        "compressed",
        gzip.compress(b"hello"),
        {"content-type": "text/plain", "content-encoding": "gzip"},
        True,
    ),
    (
        "compressed to what looks like text",
        b"abc",
        {"content-type": "text/plain", "content-encoding": "x-odd"},
        True,
    ),
    ("identity", b"abc", {"content-type": "text/plain", "content-encoding": "identity"}, False),
    ("text with NUL", b"a\0b", {"content-type": "text/plain"}, False),
    ("nothing", b"", {"content-type": "image/png"}, False),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("content", "headers", "is_base64"),
    [case[1:] for case in BODIES],
    ids=[case[0] for case in BODIES],
)
def test_a_body_is_text_or_base64_and_arrives_as_it_was(
    shape: Shape, content: bytes, headers: dict[str, str], is_base64: bool
) -> None:
    response = Response(content, headers=headers)

    result = result_of(shape, response)

    encoded = result.get("isBase64Encoded", result.get("bodyEncoding") == "base64")
    assert encoded == is_base64
    assert from_result(shape, result, GET).body == content


@pytest.mark.parametrize("shape", ["http", "url"])
def test_a_body_without_a_type_does_not_become_json(shape: Shape) -> None:
    assert sent(shape, Response(b"x")).get("content-type") == "application/octet-stream"
    assert sent(shape, Response()).get("content-type") is None


def test_a_rest_api_gets_no_length_since_it_would_send_it_on_under_another_name() -> None:
    response = Response("x", headers=[("content-length", "1")])

    assert [name for name, _ in sent("rest", response).headers if "remapped" in name] == []


REFUSED = ["via", "x-cache", "connection", "x-edge-location", "x-amz-cf-id", "x-accel-redirect"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cloudfront_refuses_is_left_out_with_a_warning(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    warn.cache_clear()
    response = Response("x", headers=[(name, "1"), ("x-one", "1")])

    with caplog.at_level(logging.WARNING, logger="portico"):
        answer = sent("edge", response)

    assert answer.get("x-one") == "1"
    assert answer.get(name) is None
    assert name in caplog.text


def test_what_cloudfront_refuses_is_an_error_where_the_options_are_strict() -> None:
    with pytest.raises(CapabilityError, match="x-cache"):
        result_of("edge", Response("x", headers=[("x-cache", "1")]), strict=True)


def test_cloudfront_gets_no_word_for_nginx_and_that_is_no_error() -> None:
    response = Response("x", headers=[("x-accel-buffering", "no")])

    assert sent("edge", response, strict=True).get("x-accel-buffering") is None


def test_cloudfront_computes_the_length_itself() -> None:
    response = Response("x", headers=[("content-length", "1")])

    assert sent("edge", response, strict=True).get_all("content-length") == ["1"]


@pytest.mark.parametrize("shape", SHAPES)
def test_header_values_keep_their_bytes(shape: Shape) -> None:
    response = Response("x", headers=[("x-latin", "caf\xe9"), ("x-tab", "a\tb")])

    answer = sent(shape, response)

    assert (answer.get("x-latin"), answer.get("x-tab")) == ("caf\xe9", "a\tb")


LIMITS: list[tuple[Shape, str, int]] = [
    ("rest", "origin-request", 6_291_556),
    ("url", "origin-request", 6_291_556),
    ("lattice-v2", "origin-request", 6_291_556),
    ("alb", "origin-request", MIB),
    ("alb-multi", "origin-request", MIB),
    ("edge", "origin-request", MIB),
    ("edge", "viewer-request", 40 * 1024),
]


@pytest.mark.parametrize(("shape", "edge_event", "limit"), LIMITS)
def test_the_limit_is_that_of_the_service(shape: Shape, edge_event: Any, limit: int) -> None:
    assert answer_limit(shape, to_event(shape, GET, edge_event=edge_event)) == limit


TEXT = [("content-type", "text/plain")]


# Characters that JSON writes in one to six bytes, and one that is no text.
UNITS = [b"a", b'"', b"\x01", "\u03bb".encode(), b"\xff"]
AT_THE_LIMIT: list[tuple[Shape, bytes]] = [
    *((shape, unit) for shape in ("alb", "edge") for unit in UNITS),
    ("http", b'"'),
]


@pytest.mark.parametrize(("shape", "unit"), AT_THE_LIMIT)
def test_what_is_not_refused_here_is_not_refused_by_the_service(shape: Shape, unit: bytes) -> None:
    limit = answer_limit(shape, to_event(shape, GET))
    passed: list[bool] = []
    for size in (limit // 12, limit // 4, limit * 3 // 4 - 1000, limit - 1000, limit):
        content = unit * (size // len(unit))
        try:
            answer = sent(shape, Response(content, headers=TEXT))
        except AnswerTooLargeError:
            passed.append(False)
        else:
            assert answer.body == content
            passed.append(True)

    assert passed == sorted(passed, reverse=True)
    assert passed[2]
    assert not passed[-1]


def test_header_fields_count_against_the_limit_of_cloudfront() -> None:
    headers = [("x-long", "a" * 30_000), *TEXT]

    with pytest.raises(AnswerTooLargeError, match="40960 bytes"):
        result_of("edge", Response(b"a" * 20_000, headers=headers), limit=40 * 1024)


class Source:
    """A stream that counts how often it was read and closed."""

    def __init__(self, chunks: list[bytes | Exception]) -> None:
        self.chunks = chunks
        self.read = 0
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.read == len(self.chunks):
            raise StopIteration
        chunk = self.chunks[self.read]
        self.read += 1
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self) -> None:
        self.closed += 1


class AsyncSource:
    """The same for an event loop."""

    def __init__(self, inner: Source) -> None:
        self.inner = inner

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self.inner)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.inner.close()


def run(coroutine: Any) -> Any:
    """Run a coroutine that waits for nothing."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


def by_sync(source: Source, length: int | None, limit: int) -> bytes:
    stream = ByteStream(source)
    if length is not None:
        stream.expect(length)
    content = collect(stream, "http", limit)
    return content.encode() if isinstance(content, str) else content


def by_sync_on_loop(source: Source, length: int | None, limit: int) -> bytes:
    stream = ByteStream(source)
    if length is not None:
        stream.expect(length)
    content: bytes = run(collect_on_loop(stream, "http", limit))
    return content


def by_async(source: Source, length: int | None, limit: int) -> bytes:
    stream = ByteStream(AsyncSource(source))
    if length is not None:
        stream.expect(length)
    content: bytes = run(collect_on_loop(stream, "http", limit))
    return content


in_each_way = pytest.mark.parametrize("read", [by_sync, by_sync_on_loop, by_async])
Read: TypeAlias = Callable[[Source, int | None, int], bytes]


@in_each_way
@pytest.mark.parametrize("length", [None, 2])
@pytest.mark.parametrize("limit", [2, 100])
def test_a_stream_is_read_to_its_end_and_closed_once(
    read: Read, length: int | None, limit: int
) -> None:
    source = Source([b"a", b"", b"b"])

    assert read(source, length, limit) == b"ab"
    assert source.closed == 1


@in_each_way
def test_a_stream_of_nothing_is_closed_once(read: Read) -> None:
    source = Source([b"", b""])

    assert read(source, None, 100) == b""
    assert source.closed == 1


@in_each_way
@pytest.mark.parametrize("chunks", [[b"a", OSError("gone"), b"b"], [OSError("gone")]])
def test_a_stream_that_raises_is_closed_and_gives_nothing(
    read: Read, chunks: list[bytes | Exception]
) -> None:
    source = Source(chunks)

    with pytest.raises(OSError, match="gone"):
        read(source, None, 100)
    assert source.closed == 1


@in_each_way
@pytest.mark.parametrize(("size", "taken"), [(3, 4), (10, 2), (11, 1)])
def test_a_stream_is_read_no_further_than_the_limit(read: Read, size: int, taken: int) -> None:
    source = Source([b"a" * size] * 1000)

    with pytest.raises(AnswerTooLargeError, match="10 bytes"):
        read(source, None, 10)
    assert (source.read, source.closed) == (taken, 1)


@in_each_way
@pytest.mark.parametrize(("length", "words"), [(0, "longer"), (1, "longer"), (3, "before")])
def test_a_stream_of_another_length_than_announced_gives_nothing(
    read: Read, length: int, words: str
) -> None:
    source = Source([b"a", b"b"])

    with pytest.raises(ValueError, match=words):
        read(source, length, 100)
    assert source.closed == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_problem_of_the_adapter_has_the_form_of_the_cores(shape: Shape) -> None:
    answer = sent(shape, problem(500, "It failed."))

    assert answer.status == 500
    assert answer.get("content-type") == "application/problem+json"
    assert answer.body == (
        b'{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"It failed."}'
    )
