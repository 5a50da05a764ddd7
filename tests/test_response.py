"""Responses: what each kind of body becomes, reading one back, and cloning."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from portico import Blob, BodyUsedError, File, FormData, Headers, Response, URLSearchParams
from portico._stream import ByteStream

TEXT = "text/plain;charset=UTF-8"


@pytest.mark.parametrize(
    ("body", "content", "content_type"),
    [
        (None, b"", None),
        ("é", "é".encode(), TEXT),
        ("", b"", TEXT),
        (b"\xff", b"\xff", None),
        (bytearray(b"a"), b"a", None),
        (memoryview(b"a"), b"a", None),
        (Blob([b"a"], type="image/png"), b"a", "image/png"),
        (Blob([b"a"]), b"a", None),
        (File([b"a"], "a.txt", type="text/css"), b"a", "text/css"),
        (
            URLSearchParams({"a": "1 2"}),
            b"a=1+2",
            "application/x-www-form-urlencoded;charset=UTF-8",
        ),
    ],
)
def test_a_body_brings_its_bytes_and_its_type(
    body: Any, content: bytes, content_type: str | None
) -> None:
    response = Response(body)

    assert response.content == content
    assert response.headers.get("content-type") == content_type
    assert (response.status, response.ok) == (200, True)


def test_a_type_that_is_given_wins() -> None:
    headers = Headers({"Content-Type": "text/html"})
    response = Response("<b>", headers=headers)

    assert response.headers.items() == [("content-type", "text/html")]
    response.headers.set("x", "1")
    assert not headers.has("x")


def test_a_form_is_sent_as_multipart() -> None:
    form = FormData([("a", "1"), ("f", File([b"x"], "x.txt"))])

    response = Response(form)
    content_type = response.headers["content-type"]
    read = response.sync.form_data()

    assert content_type.startswith("multipart/form-data; boundary=")
    assert read.get("a") == "1"
    file = read.get("f")
    assert isinstance(file, File)
    assert file.sync.bytes() == b"x"


@pytest.mark.parametrize("body", [{"a": 1}, {}, 5, object(), 1.5])
def test_a_body_that_has_no_chunks_is_refused(body: Any) -> None:
    with pytest.raises(TypeError, match=rf"type {type(body).__name__}\..*from_json"):
        Response(body)


@pytest.mark.parametrize("status", [199, 600, 99, 0, -1, 101])
def test_a_status_that_no_response_has_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        Response(status=status)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_takes_none(status: int) -> None:
    assert Response(status=status).content == b""
    with pytest.raises(ValueError, match=f"status {status} has no body"):
        Response("", status=status)


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (299, True), (300, False), (404, False), (599, False)]
)
def test_ok_is_any_success(status: int, ok: bool) -> None:
    assert Response(status=status).ok is ok


def test_json_is_made_from_a_value() -> None:
    response = Response.from_json({"a": [1, None]}, status=201, headers={"x": "1"})

    assert response.status == 201
    assert response.content == b'{"a":[1,null]}'
    assert response.headers.items() == [("x", "1"), ("content-type", "application/json")]
    with pytest.raises(TypeError, match="JSON"):
        Response.from_json(object())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_has_a_location(status: int) -> None:
    response = Response.redirect("https://example.com/", status)

    assert response.status == status
    assert response.headers["location"] == "https://example.com/"


@pytest.mark.parametrize("status", [200, 300, 304, 404])
def test_a_redirect_has_the_status_of_one(status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        Response.redirect("/", status)


def test_a_location_cannot_add_a_field() -> None:
    with pytest.raises(ValueError, match="location"):
        Response.redirect("/\r\nSet-Cookie: a=1")


def chunks() -> Iterator[bytes]:
    yield b"a"
    yield b"b"


async def chunks_async() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


@pytest.mark.parametrize(("source", "is_async"), [(chunks, False), (chunks_async, True)])
def test_an_iterable_is_a_stream(source: Callable[[], Any], is_async: bool) -> None:
    response = Response(source())

    assert isinstance(response.content, ByteStream)
    assert response.content.is_async is is_async
    assert asyncio.run(response.bytes()) == b"ab"
    assert asyncio.run(response.text()) == "ab"
    kept: object = response.content
    assert kept == b"ab"


@pytest.mark.parametrize("source", [chunks, chunks_async])
def test_a_clone_is_read_apart(source: Callable[[], Any]) -> None:
    async def read() -> tuple[bytes, bytes]:
        response = Response(source(), status=201, headers={"x": "1"})
        clone = response.clone()
        clone.headers.set("x", "2")
        assert (clone.status, response.headers["x"]) == (201, "1")
        return await response.bytes(), await clone.bytes()

    assert asyncio.run(read()) == (b"ab", b"ab")


def test_a_clone_of_what_was_read_whole_has_it_too() -> None:
    response = Response("a")
    assert response.sync.text() == "a"

    assert response.clone().sync.text() == "a"


def test_a_stream_that_was_consumed_can_neither_be_sent_nor_cloned() -> None:
    response = Response(chunks())
    assert list(response.sync.stream()) == [b"a", b"b"]

    assert response.body_used
    with pytest.raises(BodyUsedError):
        response.clone()
    with pytest.raises(BodyUsedError, match="cannot be sent"):
        _ = response.content


def test_a_large_blob_is_streamed_with_its_length() -> None:
    response = Response(Blob([b"x" * 100_000]))

    assert isinstance(response.content, ByteStream)
    assert response.content.length == 100_000


def test_two_responses_share_nothing() -> None:
    first, second = Response("a"), Response("a")

    first.headers.set("x", "1")

    assert not second.headers.has("x")
    assert repr(first) == "<Response 200>"
