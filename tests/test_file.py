"""Files as answers: conditional requests and ranges (RFC 9110 sections 13 and 14)."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from portico import Portico, Request, Response, file, status
from portico._stream import ByteStream
from portico.contract import Platform

CONTENT = b"0123456789"
MODIFIED = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
BEFORE, AT, AFTER = (
    "Tue, 14 Nov 2023 22:13:19 GMT",
    "Tue, 14 Nov 2023 22:13:20 GMT",
    "Tue, 14 Nov 2023 22:13:21 GMT",
)


class Answer(NamedTuple):
    """What came back, the stream read and closed."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(app: Portico, request: Request) -> Answer:
    platform = Platform()
    response = app.handle(request, platform, app.start(platform))
    assert isinstance(response, Response)
    content = response.content
    body = content if isinstance(content, bytes) else b"".join(content)
    return Answer(response.status, dict(response.headers), body)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "ten.txt"
    path.write_bytes(CONTENT)
    os.utime(path, (MODIFIED, MODIFIED))
    return path


@pytest.fixture(name="app")
def _app(path: Path) -> Portico:
    app = Portico()
    app.get("/", lambda: file(path))
    return app


@pytest.fixture(name="etag")
def _etag(app: Portico) -> str:
    return ask(app).headers["etag"]


def ask(app: Portico, method: str = "GET", **headers: str) -> Answer:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(app, Request("http://app.test/", method=method, headers=fields))


def test_a_file_comes_with_its_type_length_and_validators(app: Portico) -> None:
    found = ask(app)

    assert found.status == 200
    assert found.body == CONTENT
    assert found.headers.pop("etag").startswith('"')
    assert found.headers == {
        "last-modified": AT,
        "accept-ranges": "bytes",
        "content-type": "text/plain;charset=UTF-8",
        "content-length": "10",
    }


def test_head_has_the_fields_without_the_file(app: Portico) -> None:
    head, get = ask(app, "HEAD"), ask(app)

    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


# The order of RFC 9110 section 13.2.2. "same" and "other" stand for entity tags.
PRECONDITIONS: list[tuple[dict[str, str], int]] = [
    ({"if_match": "same"}, 200),
    ({"if_match": "other"}, 412),
    ({"if_match": "*"}, 200),
    ({"if_match": "other, same"}, 200),
    ({"if_match": "weak"}, 412),
    ({"if_unmodified_since": BEFORE}, 412),
    ({"if_unmodified_since": AT}, 200),
    ({"if_unmodified_since": AFTER}, 200),
    ({"if_unmodified_since": "yesterday"}, 200),
    ({"if_match": "same", "if_unmodified_since": BEFORE}, 200),
    ({"if_match": "other", "if_unmodified_since": AFTER}, 412),
    ({"if_none_match": "same"}, 304),
    ({"if_none_match": "weak"}, 304),
    ({"if_none_match": "other, same"}, 304),
    ({"if_none_match": "*"}, 304),
    ({"if_none_match": "other"}, 200),
    ({"if_modified_since": BEFORE}, 200),
    ({"if_modified_since": AT}, 304),
    ({"if_modified_since": AFTER}, 304),
    ({"if_modified_since": "yesterday"}, 200),
    ({"if_none_match": "other", "if_modified_since": AFTER}, 200),
    ({"if_none_match": "same", "if_modified_since": BEFORE}, 304),
    ({"if_match": "same", "if_none_match": "same"}, 304),
    ({"if_match": "other", "if_none_match": "same"}, 412),
    ({"if_unmodified_since": AFTER, "if_modified_since": AFTER}, 304),
    ({"if_unmodified_since": BEFORE, "if_none_match": "same"}, 412),
]


def _tags(value: str, etag: str) -> str:
    return value.replace("same", etag).replace("weak", f"W/{etag}").replace("other", '"other"')


@pytest.mark.parametrize(("conditions", "expected"), PRECONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_precondition_settles_the_answer(
    app: Portico, etag: str, method: str, conditions: dict[str, str], expected: int
) -> None:
    found = ask(app, method, **{name: _tags(text, etag) for name, text in conditions.items()})

    assert found.status == expected
    assert found.body == (CONTENT if expected == 200 and method == "GET" else b"")
    assert found.headers["etag"] == etag
    assert found.headers["last-modified"] == AT


RANGES: list[tuple[str, int, bytes, str | None]] = [
    ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
    ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
    ("bytes=5-", 206, b"56789", "bytes 5-9/10"),
    ("bytes=9-", 206, b"9", "bytes 9-9/10"),
    ("bytes=0-99", 206, CONTENT, "bytes 0-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"),
    ("bytes=-10", 206, CONTENT, "bytes 0-9/10"),
    ("bytes=-99", 206, CONTENT, "bytes 0-9/10"),
    ("BYTES=1-1", 206, b"1", "bytes 1-1/10"),
    ("bytes=10-", 416, b"", "bytes */10"),
    ("bytes=10-12", 416, b"", "bytes */10"),
    ("bytes=99999999999999999999-", 416, b"", "bytes */10"),
    # What the section lets a server ignore: several ranges, units it does not know, nonsense.
    ("bytes=0-1,3-4", 200, CONTENT, None),
    ("bytes=4-2", 200, CONTENT, None),
    ("bytes=-0", 200, CONTENT, None),
    ("bytes=", 200, CONTENT, None),
    ("bytes", 200, CONTENT, None),
    ("bytes=a-b", 200, CONTENT, None),
    ("bytes=--1", 200, CONTENT, None),
    ("lines=1-2", 200, CONTENT, None),
    ("", 200, CONTENT, None),
]


@pytest.mark.parametrize(("value", "expected", "body", "content_range"), RANGES)
def test_a_range_is_answered_with_its_bytes(
    app: Portico, value: str, expected: int, body: bytes, content_range: str | None
) -> None:
    found = ask(app, range=value)

    assert found.status == expected
    assert found.headers.get("content-range") == content_range
    if expected == 416:
        assert found.headers["content-type"] == "application/problem+json"
    else:
        assert found.body == body
        assert found.headers["content-length"] == str(len(body))


def test_a_range_concerns_get_alone(app: Portico) -> None:
    found = ask(app, "HEAD", range="bytes=2-4")

    assert (found.status, found.headers["content-length"]) == (200, "10")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("same", 206),
        ("other", 200),
        ("weak", 200),
        (AT, 206),
        (BEFORE, 200),
        (AFTER, 200),
        ("yesterday", 200),
    ],
)
def test_a_range_applies_only_to_the_file_that_was_meant(
    app: Portico, etag: str, condition: str, expected: int
) -> None:
    found = ask(app, range="bytes=2-4", if_range=_tags(condition, etag))

    assert found.status == expected


def test_a_precondition_comes_before_a_range(app: Portico, etag: str) -> None:
    assert ask(app, range="bytes=2-4", if_none_match=etag).status == 304
    assert ask(app, range="bytes=2-4", if_match='"other"').status == 412
    assert ask(app, range="bytes=2-4", if_match=etag).status == 206


@pytest.mark.parametrize(("value", "expected"), [("", 200), ("bytes=-5", 200), ("bytes=0-", 416)])
def test_an_empty_file_has_no_first_byte(tmp_path: Path, value: str, expected: int) -> None:
    (tmp_path / "empty").touch()
    app = Portico()
    app.get("/", lambda: file(tmp_path / "empty"))

    found = ask(app, range=value)

    assert found.status == expected
    if expected == 200:
        assert (found.body, found.headers["content-length"]) == (b"", "0")


@pytest.mark.parametrize("name", ["missing", ".", "ten.txt/below"])
def test_a_file_that_is_not_there_is_not_found(path: Path, name: str) -> None:
    app = Portico()
    app.get("/", lambda: file(path.parent / name))

    found = ask(app)

    assert found.status == 404
    assert str(path.parent).encode() not in found.body


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html;charset=UTF-8"),
        ("a.png", "image/png"),
        ("a.json", "application/json"),
        ("a.unheard", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.txt.gz", "application/octet-stream"),
    ],
)
def test_the_type_is_guessed_by_the_name(tmp_path: Path, name: str, content_type: str) -> None:
    (tmp_path / name).touch()
    app = Portico()
    app.get("/", lambda: file(tmp_path / name))
    app.get("/given", lambda: file(tmp_path / name, content_type="x/y"))

    given = answer(app, Request("http://app.test/given"))

    assert ask(app).headers["content-type"] == content_type
    assert given.headers["content-type"] == "x/y"


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ('a"b\\c', "attachment; filename=\"a_b_c\"; filename*=UTF-8''a%22b%5Cc"),
        ("é.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt"),
        ("a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
    ],
)
def test_a_download_has_a_name_that_cannot_add_a_field(
    path: Path, name: str, disposition: str
) -> None:
    app = Portico()
    app.get("/", lambda: file(path, download=name))

    assert ask(app).headers["content-disposition"] == disposition


def test_a_file_that_became_shorter_breaks_the_answer(path: Path) -> None:
    path.write_bytes(b"x" * 200_000)
    app = Portico()
    app.get("/", lambda: file(path))
    platform = Platform()
    response = app.handle(Request("http://app.test/"), platform, app.start(platform))
    assert isinstance(response, Response)
    assert isinstance(response.content, ByteStream)

    assert len(next(response.content)) == 64 * 1024
    os.truncate(path, 70_000)

    with pytest.raises(ValueError, match="before its response's Content-Length"):
        list(response.content)


def _handles(path: Path) -> int:
    """How many handles this process has on a file."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += entry.readlink() == path
        except OSError:  # the handle of the listing itself
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="handles are listed in /proc here")
@pytest.mark.parametrize(
    "headers",
    [{}, {"range": "bytes=1-2"}, {"range": "bytes=99-"}, {"if-none-match": "*"}, {"if-match": "x"}],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_file_is_closed_however_the_answer_ends(
    path: Path, app: Portico, method: str, headers: dict[str, str]
) -> None:
    platform = Platform()
    request = Request("http://app.test/", method=method, headers=headers)
    response = app.handle(request, platform, app.start(platform))
    assert isinstance(response, Response)

    if isinstance(response.content, ByteStream):
        response.content.close()

    assert _handles(path) == 0


def test_a_registered_file_is_answered_by_each_request(path: Path) -> None:
    app = Portico()
    app.get("/", file(path))

    first, second = ask(app), ask(app, range="bytes=2-4")

    assert (first.body, second.body, second.status) == (CONTENT, b"234", 206)
    assert ask(app).body == CONTENT


def test_a_file_takes_the_status_of_its_reply(path: Path) -> None:
    app = Portico()
    app.get("/", lambda: status(202, file(path)))

    found = ask(app)

    assert (found.status, found.body) == (202, CONTENT)


def test_an_asynchronous_handler_answers_with_a_file_too(path: Path) -> None:
    app = Portico()

    @app.get("/")
    async def show() -> object:
        return file(path)

    async def run() -> bytes:
        platform = Platform()
        answer = app.handle(Request("http://app.test/"), platform, app.start(platform))
        assert not isinstance(answer, Response)
        content = (await answer).content
        assert isinstance(content, ByteStream)
        return b"".join([chunk async for chunk in content])

    assert asyncio.run(run()) == CONTENT


def test_a_file_is_read_in_bounded_chunks(path: Path) -> None:
    path.write_bytes(b"x" * 200_000)
    app = Portico()
    app.get("/", lambda: file(path))
    platform = Platform()
    response = app.handle(Request("http://app.test/"), platform, app.start(platform))
    assert isinstance(response, Response)
    content = response.content
    assert not isinstance(content, bytes)
    chunks: Iterator[bytes] = iter(content)

    assert [len(chunk) for chunk in chunks] == [65536, 65536, 65536, 3392]
