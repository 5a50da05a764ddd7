"""Bodies of every kind: one outcome however they are cut, and no error but those for the peer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from time import thread_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzzing import JSON, bounded, fuzz, is_told, made_of
from portico import MultipartLimits, PeerError
from portico._json import MalformedJSONError, UnencodableError, decode_json, to_json
from portico._json_depth import MAX_DEPTH, is_too_deep
from portico._multipart import read_form, read_form_sync
from portico._multipart_parts import iter_parts_sync

TYPE = "multipart/form-data; boundary=b"
PARTS = made_of(
    [
        *(
            "--b",
            "--b\r\n",
            "--b--",
            "--b--\r\n",
            "--",
            "-",
            "b",
            "\r\n",
            "\n",
            "\r",
            "\r\n\r\n",
            " ",
        ),
        *(
            "Content-Disposition: form-data",
            "; name=",
            '"a"',
            '; name="a"',
            '; filename="f"',
            ";",
            '"',
        ),
        *(
            "; filename*=utf-8''x",
            "Content-Type: text/plain",
            "Content-Length: 1",
            ":",
            "\\",
            "%22",
        ),
        *("Content-Transfer-Encoding: base64", "\xff", "\xc3\xa9", "x" * 50, "\0", "\t", "data"),
    ],
    size=30,
).map(lambda text: text.encode("latin-1"))
USUAL = st.lists(
    st.sampled_from(
        [
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\r\n--\r\n',
            b"--b \t\r\ncontent-disposition:form-data;name=a\r\nContent-Type: a/b\r\n\r\n\xff\r\n",
            b"--b\n\n",
        ]
    ),
    max_size=4,
).map(b"".join)
BODIES = st.tuples(USUAL, PARTS, st.sampled_from([b"", b"--b--", b"--b--\r\n", b"\r\n--b--"])).map(
    b"".join
)
LIMITS = st.builds(
    MultipartLimits,
    max_parts=st.integers(1, 4),
    max_header_bytes=st.integers(20, 120),
    max_field_bytes=st.integers(1, 60),
    max_size=st.sampled_from([60, 300, 1 << 20]),
)


def cut(body: bytes, places: list[int]) -> list[bytes]:
    bounds = sorted({0, *(place for place in places if place < len(body)), len(body)})
    return [body[start:stop] for start, stop in pairwise(bounds)]


def told(error: PeerError) -> object:
    is_told(error, 400, 413)
    return type(error), error.detail


def whole_form(chunks: list[bytes], limits: MultipartLimits) -> object:
    try:
        form = read_form_sync(chunks, TYPE, limits)
    except PeerError as error:
        return told(error)
    return [(name, value if isinstance(value, str) else value.name) for name, value in form]


def later_form(chunks: list[bytes], limits: MultipartLimits) -> object:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def read() -> Any:
        return await read_form(arriving(), TYPE, limits)

    try:
        form = asyncio.run(read())
    except PeerError as error:
        return told(error)
    return [(name, value if isinstance(value, str) else value.name) for name, value in form]


def each_part(chunks: list[bytes], limits: MultipartLimits) -> object:
    try:
        return [
            (part.name, part.filename, part.headers.items(), part.bytes())
            for part in iter_parts_sync(chunks, TYPE, limits)
        ]
    except PeerError as error:
        return told(error)


# The second part is one too many, and its headers are too long.
TWO_PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\r\n--\r\n'
)
# Its headers are wrong, and too long.
WRONG_AND_LONG = b"--b\r\n; filename*=utf-8''x\r\n\r\n--b--"
NO_TEXT_AND_LONG = b"--b\r\n--b--b--b--b--b--b\xff\r\n\r\n--b--b"
# It is as long as it may be, and a line break follows its delimiter.
LONG_PREAMBLE = b"--b; filename*=utf-8''x--b--\r\n--b--"


@fuzz(300)
@example(b"--b\r\n--b \r\n--b ", [5, 9, 12, 13], MultipartLimits())
@example(LONG_PREAMBLE, [], MultipartLimits(max_header_bytes=20))
@example(WRONG_AND_LONG, [], MultipartLimits(max_header_bytes=20))
@example(NO_TEXT_AND_LONG, [], MultipartLimits(max_header_bytes=20))
@example(TWO_PARTS, [], MultipartLimits(max_parts=1, max_header_bytes=42, max_size=300))
@given(BODIES, st.lists(st.integers(1, 200), max_size=12), LIMITS)
def test_a_form_is_the_same_however_it_is_cut(
    body: bytes, places: list[int], limits: MultipartLimits
) -> None:
    pieces = cut(body, places)
    single = [body[at : at + 1] for at in range(len(body))]

    if len(body) > limits.max_size:
        # Which of its faults is met first depends on how much has come by then.
        forms = [whole_form(chunks, limits) for chunks in ([body], pieces, single)]
        assert all(isinstance(form, tuple) for form in forms)
        return
    assert whole_form([body], limits) == whole_form(pieces, limits)
    assert each_part([body], limits) == each_part(pieces, limits) == each_part(single, limits)


@fuzz(60)
@given(BODIES, st.lists(st.integers(1, 200), max_size=12), LIMITS)
def test_a_form_that_arrives_later_is_the_same(
    body: bytes, places: list[int], limits: MultipartLimits
) -> None:
    pieces = cut(body, places)

    assert later_form(pieces, limits) == whole_form(pieces, limits)


@fuzz(150)
@given(st.binary(max_size=60) | BODIES, st.text(max_size=30))
def test_a_form_of_any_type_is_read_or_refused(body: bytes, content_type: str) -> None:
    for each in (content_type, f"multipart/form-data; boundary={content_type}"):
        try:
            bounded(lambda each=each: read_form_sync([body], each), 40 * len(body) + 400)  # type: ignore[misc]
        except PeerError as error:
            told(error)


@pytest.mark.parametrize("piece", [b"\r\n--b ", b"\r\n--b", b"\r\n-", b"\r\n", b"--b \r"])
def test_a_form_that_comes_by_bytes_takes_no_time_for_what_it_has_shown(piece: bytes) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n'
    plain, hostile = head + b"x" * 8000, head + piece * (8000 // len(piece))

    def seconds(body: bytes) -> float:
        started = thread_time()
        whole_form([body[at : at + 1] for at in range(len(body))], MultipartLimits())
        return thread_time() - started

    whole_form([plain, b"x"], MultipartLimits())
    assert seconds(hostile) < 8 * seconds(plain) + 0.1


JSON_TEXT = made_of(
    [
        *("{", "}", "[", "]", '"a"', '"', ":", ",", "1", "-", "1e999", "1E-400", "9" * 4400, "0.1"),
        *("null", "tru", "NaN", "Infinity", "\\", "\\u", "\\ud800", "\\udc00", "\xff", "\0", " "),
    ],
    size=24,
).map(lambda text: text.encode("latin-1"))


@fuzz(500)
@example(b"[" * 100_000)
@example(b'{"a":' * 5000)
@example(b"\xef\xbb\xbf" * 3 + b"{}").via("several byte order marks")
@example(b"9" * 4301).via("an integer longer than int() takes")
@example(b"-" + b"9" * 4300 + b".5e10")
@given(st.binary(max_size=40) | JSON_TEXT)
def test_json_is_a_value_or_malformed(data: bytes) -> None:
    try:
        value = decode_json(data)
    except MalformedJSONError as error:
        is_told(error)
        return
    assert decode_json(to_json(value)) == value


@fuzz(200)
@given(JSON)
def test_what_can_be_written_as_json_can_be_read(value: Any) -> None:
    try:
        text = to_json(value)
    except UnencodableError:
        return
    decode_json(text)


@fuzz(200)
@given(
    st.integers(1, 1200), st.sampled_from([b"[", b'{"a":', b'[{"\\\\":', b'["]",']), st.booleans()
)
def test_depth_is_told_before_json_is_read(depth: int, opening: bytes, closes: bool) -> None:
    deep = opening * depth
    levels = deep.count(b"[") + deep.count(b"{")
    text = deep + (b"1" if closes else b"")

    assert is_too_deep(text) == (levels > MAX_DEPTH)
