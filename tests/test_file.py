"""Files as answers: conditional requests and ranges (RFC 9110 sections 13 and 14)."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import Portico, Request, Response, file, status
from portico._byte_ranges import requested_spans
from portico._file_stream import ShorterFileError
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
    ("bytes=-0", 416, b"", "bytes */10"),
    ("bytes=10-,-0,99-", 416, b"", "bytes */10"),
    # Several that have the same bytes, or of which one has any, are one.
    ("bytes=1-3,2-5", 206, b"12345", "bytes 1-5/10"),
    ("bytes=4-5,2-3", 206, b"2345", "bytes 2-5/10"),
    ("bytes=0-1,10-", 206, b"01", "bytes 0-1/10"),
    ("bytes= ,2-4, ,", 206, b"234", "bytes 2-4/10"),
    ("bytes=-3,0-", 206, CONTENT, "bytes 0-9/10"),
    # What the section lets a server ignore: too many, units it does not know, nonsense.
    ("bytes=" + ",".join(["0-0", "2-2"] * 17), 200, CONTENT, None),
    ("bytes=" + "," * 200 + "0-0", 200, CONTENT, None),
    ("bytes=0-0,x", 200, CONTENT, None),
    ("bytes=" + "9" * 5000 + "-", 200, CONTENT, None),
    ("bytes=\xb2-", 200, CONTENT, None),
    ("bytes=,", 200, CONTENT, None),
    ("bytes=-", 200, CONTENT, None),
    ("bytes", 200, CONTENT, None),
    ("bytes=4-2", 200, CONTENT, None),
    ("bytes=", 200, CONTENT, None),
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


MULTIPLE: list[tuple[str, list[tuple[str, bytes]]]] = [
    ("bytes=0-1,3-4", [("bytes 0-1/10", b"01"), ("bytes 3-4/10", b"34")]),
    ("bytes=8-,0-0", [("bytes 8-9/10", b"89"), ("bytes 0-0/10", b"0")]),
    ("bytes=-1,0-0", [("bytes 9-9/10", b"9"), ("bytes 0-0/10", b"0")]),
    ("bytes=0-0,20-,-1", [("bytes 0-0/10", b"0"), ("bytes 9-9/10", b"9")]),
    ("bytes=5-6,0-1,6-8", [("bytes 5-8/10", b"5678"), ("bytes 0-1/10", b"01")]),
]


def parts_of(found: Answer) -> list[tuple[str, bytes]]:
    """Content-Range and bytes of each part (RFC 2046 section 5.1)."""
    kind, _, boundary = found.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    start, *parts, end = found.body.split(f"\r\n--{boundary}".encode())
    assert (start, end) == (b"", b"--\r\n")
    shown: list[tuple[str, bytes]] = []
    for part in parts:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content_type, content_range = head.decode().split("\r\n")
        assert content_type == "content-type: text/plain;charset=UTF-8"
        shown.append((content_range.removeprefix("content-range: "), body))
    return shown


@pytest.mark.parametrize(("value", "parts"), MULTIPLE)
def test_several_ranges_are_answered_part_by_part(
    app: Portico, value: str, parts: list[tuple[str, bytes]]
) -> None:
    found = ask(app, range=value)

    assert found.status == 206
    assert "content-range" not in found.headers
    assert found.headers["content-length"] == str(len(found.body))
    assert parts_of(found) == parts


@given(
    size=st.integers(0, 40),
    specs=st.lists(
        st.tuples(st.none() | st.integers(0, 45), st.none() | st.integers(0, 45)), min_size=1
    ),
)
def test_ranges_give_each_byte_that_was_asked_for_once(
    size: int, specs: list[tuple[int | None, int | None]]
) -> None:
    text = ",".join(f"{'' if a is None else a}-{'' if b is None else b}" for a, b in specs)
    wanted: set[int] = set()
    for first, last in specs:
        if first is None:
            wanted |= set(range(max(0, size - (last or 0)), size))
        else:
            wanted |= set(range(first, size if last is None else min(last + 1, size)))
    is_valid = all((a, b) != (None, None) and (a is None or b is None or a <= b) for a, b in specs)

    spans = requested_spans(f"bytes={text}", size)

    if spans is None:
        assert not is_valid or len(specs) > 32
        return
    given_bytes = [byte for start, stop in spans for byte in range(start, stop)]
    assert is_valid
    assert sorted(given_bytes) == sorted(wanted)
    assert all(start < stop for start, stop in spans)


def test_a_part_that_became_shorter_breaks_the_answer(path: Path, app: Portico) -> None:
    platform = Platform()
    request = Request("http://app.test/", headers={"range": "bytes=0-0,5-9"})
    response = app.handle(request, platform, app.start(platform))
    assert isinstance(response, Response)
    assert isinstance(response.content, ByteStream)
    os.truncate(path, 6)

    with pytest.raises(ShorterFileError):
        list(response.content)


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


@pytest.mark.parametrize("root", [False, True])
def test_what_is_no_regular_file_is_not_opened(path: Path, root: bool) -> None:
    os.mkfifo(path.parent / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path.parent / "socket"))
        for name in ("fifo", "socket"):
            app = Portico()
            answers = (
                file(name, root=path.parent) if root else file(path.parent / name),
                file("/dev/zero"),
            )
            app.get("/", answers[0])
            app.get("/device", answers[1])

            assert ask(app).status == 404
            assert answer(app, Request("http://app.test/device")).status == 404


def test_a_fifo_that_takes_the_place_of_a_file_does_not_hold_up_the_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def see_a_file(location: str) -> None:
        """What the look has seen before the FIFO came."""

    monkeypatch.setattr("portico._file_open._check_kind", see_a_file)
    os.mkfifo(path.parent / "fifo")
    app = Portico()
    app.get("/", file("fifo", root=path.parent))
    app.get("/without-root", file(path.parent / "fifo"))

    assert ask(app).status == 404
    assert answer(app, Request("http://app.test/without-root")).status == 404


def test_a_name_that_becomes_a_link_behind_the_check_is_not_followed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = path.parent / "root"
    (root / "inner").mkdir(parents=True)
    (root / "inner" / "ten.txt").write_bytes(b"inside")

    def swap(location: str) -> None:
        (root / "inner").rename(root / "before")
        (root / "inner").symlink_to(path.parent)

    monkeypatch.setattr("portico._file_open._check_kind", swap)
    app = Portico()
    app.get("/", file("inner/ten.txt", root=root))

    assert ask(app).status == 404


def test_what_is_said_of_a_file_is_said_of_the_one_that_is_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another one, and longer")

    def swap(location: str) -> None:
        other.replace(location)

    monkeypatch.setattr("portico._file_open._check_kind", swap)
    app = Portico()
    app.get("/", file(path))

    found = ask(app)

    assert (found.body, found.headers["content-length"]) == (b"another one, and longer", "23")


@pytest.fixture(name="variants")
def _variants(tmp_path: Path) -> Portico:
    for name in ("a.js", "a.js.br", "a.js.zst", "a.js.gz", "b.js", "b.js.gz", "c.js.gz"):
        (tmp_path / name).write_text(name)
    app = Portico()
    for name in ("a", "b", "c"):
        app.get(f"/{name}", file(f"{name}.js", root=tmp_path, precompressed=True))
    return app


# The path, the client's Accept-Encoding, and the coding of the answer (RFC 9110 section 12.5.3).
CODINGS: list[tuple[str, str | None, str | None]] = [
    ("a", None, None),
    ("a", "", None),
    ("a", "br", "br"),
    ("a", "gzip, deflate, br, zstd", "br"),
    ("a", "gzip;q=1.0, br;q=0.5", "gzip"),
    ("a", "gzip, zstd", "zstd"),
    ("a", "x-gzip", "gzip"),
    ("a", "GZIP", "gzip"),
    ("a", "*", "br"),
    ("a", "br;q=0, *", "zstd"),
    ("a", "br;q=0", None),
    ("a", "*;q=0", None),
    ("a", "gzip;q=0.5, identity;q=0.9", None),
    ("a", "gzip;q=0.5, identity;q=0.5", "gzip"),
    ("a", "deflate", None),
    ("a", ";;,q", None),
    ("b", "br, gzip", "gzip"),
    ("b", "br", None),
]


@pytest.mark.parametrize(("name", "accepted", "coding"), CODINGS)
def test_a_variant_that_the_client_takes_is_sent(
    variants: Portico, name: str, accepted: str | None, coding: str | None
) -> None:
    headers = {} if accepted is None else {"accept-encoding": accepted}

    found = answer(variants, Request(f"http://app.test/{name}", headers=headers))

    suffix = {None: "", "br": ".br", "zstd": ".zst", "gzip": ".gz"}[coding]
    assert found.body == f"{name}.js{suffix}".encode()
    assert found.headers.get("content-encoding") == coding
    assert found.headers["content-type"] == "text/javascript;charset=UTF-8"
    assert found.headers["vary"] == "accept-encoding"
    assert found.headers["content-length"] == str(len(found.body))


def test_every_variant_has_its_own_validator(variants: Portico) -> None:
    def tag(accepted: str) -> str:
        request = Request("http://app.test/a", headers={"accept-encoding": accepted})
        return answer(variants, request).headers["etag"]

    tags = [tag(accepted) for accepted in ("identity", "br", "zstd", "gzip")]
    headers = {"accept-encoding": "gzip", "if-none-match": tags[3]}
    same = answer(variants, Request("http://app.test/a", headers=headers))
    other = answer(
        variants, Request("http://app.test/a", headers=headers | {"if-none-match": tags[0]})
    )

    assert len(set(tags)) == 4
    assert (same.status, same.headers["vary"], other.status) == (304, "accept-encoding", 200)


def test_a_variant_of_no_file_is_not_found(variants: Portico) -> None:
    request = Request("http://app.test/c", headers={"accept-encoding": "gzip"})

    assert answer(variants, request).status == 404


def test_fields_of_a_file_go_along_with_a_304_and_not_with_an_error(path: Path, etag: str) -> None:
    app = Portico()
    app.get("/", file(path, headers={"cache-control": "no-cache"}))

    assert ask(app).headers["cache-control"] == "no-cache"
    assert ask(app, if_none_match=etag).headers["cache-control"] == "no-cache"
    assert "cache-control" not in ask(app, range="bytes=99-").headers


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html;charset=UTF-8"),
        ("a.png", "image/png"),
        ("a.json", "application/json"),
        ("a.JS", "text/javascript;charset=UTF-8"),
        ("a.woff2", "font/woff2"),
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

    with pytest.raises(ShorterFileError, match="before its response's Content-Length"):
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
        await asyncio.sleep(0)
        return file(path)

    path.write_bytes(CONTENT * 10_000)

    async def run() -> bytes:
        platform = Platform()
        answer = app.handle(Request("http://app.test/"), platform, app.start(platform))
        assert not isinstance(answer, Response)
        content = (await answer).content
        assert isinstance(content, ByteStream)
        return b"".join([chunk async for chunk in content])

    assert asyncio.run(run()) == CONTENT * 10_000


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
