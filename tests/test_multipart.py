"""multipart/form-data: what browsers send, and what nobody should."""

from __future__ import annotations

import gc
import random
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico._blob import File
from portico._errors import BodyUsedError, PeerError
from portico._form_data import FormData
from portico._multipart import (
    MultipartError,
    MultipartLimitError,
    MultipartLimits,
    read_form,
    read_form_sync,
)
from portico._multipart_decoder import read_whole_form
from portico._multipart_parts import iter_parts, iter_parts_sync
from portico._multipart_whole import whole_events, whole_form

T = TypeVar("T")

TYPE = "multipart/form-data; boundary=boundary"
FIELD = 'Content-Disposition: form-data; name="{}"'
FILE = 'Content-Disposition: form-data; name="{}"; filename="{}"'


def part(head: str, data: bytes = b"", line_break: str = "\r\n") -> bytes:
    lines = ["--boundary", *head.split("\n"), "", ""]
    return line_break.join(lines).encode() + data + line_break.encode()


DELIMITER = re.compile(rb"(?:^|[\r\n])--boundary(?:--|[ \t]*(?:[\r\n]|$))")
END = b"--boundary--\r\n"
SIMPLE = part(FIELD.format("a"), b"1") + part(FILE.format("f", "x.txt"), b"two\r\n") + END


def done(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waits")


async def arriving(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def read_async(
    chunks: Iterable[bytes], content_type: str = TYPE, limits: MultipartLimits | None = None
) -> FormData:
    return done(read_form(arriving(chunks), content_type, limits))


Read = Callable[[Iterable[bytes], str, MultipartLimits | None], FormData]
BOTH = pytest.mark.parametrize("read", [read_form_sync, read_async])


def shown(form: FormData) -> list[tuple[str, object]]:
    return [
        (name, (value.name, value.type, value.sync.bytes()) if isinstance(value, File) else value)
        for name, value in form
    ]


def split(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@BOTH
def test_fields_become_texts_and_files_become_files(read: Read) -> None:
    body = (
        part(FIELD.format("a"), "né".encode())
        + part(FILE.format("f", "x.PNG") + "\nContent-Type: Image/PNG", b"\x00\xff")
        + part(FIELD.format("a"), b"")
        + END
    )

    form = read([body], TYPE, None)

    assert shown(form) == [("a", "né"), ("f", ("x.PNG", "Image/PNG", b"\x00\xff")), ("a", "")]


@BOTH
def test_an_empty_form_is_just_its_closing_delimiter(read: Read) -> None:
    assert shown(read([END], TYPE, None)) == []
    assert shown(read([b"--boundary--"], TYPE, None)) == []


@BOTH
def test_preamble_and_epilogue_mean_nothing(read: Read) -> None:
    body = b"for old mail programs\r\n" + SIMPLE + b"--boundary\r\nmore\r\n--boundary--\r\n"

    assert [name for name, _ in read([body], TYPE, None)] == ["a", "f"]


@pytest.mark.parametrize(
    ("head", "name", "filename"),
    [
        ('form-data; name="a"', "a", None),
        ("form-data; name=a", "a", None),
        ('FORM-DATA ; NAME = "a" ;', "a", None),
        ('form-data; filename="x"; name="a"', "a", "x"),
        ('form-data; name=""; filename=""', "", ""),
        ('form-data; name="a%22b%0D%0Ac%41"', 'a"b\r\nc%41', None),
        ('form-data; name="a\\"b"', 'a"b', None),
        ('form-data; name="a\\"; filename="C:\\x\\y"', "a\\", "C:\\x\\y"),
        ('form-data; name="a;b=c"; filename="d; e.txt"', "a;b=c", "d; e.txt"),
        ('form-data; name="a"; filename="naïve 文.txt"', "a", "naïve 文.txt"),
        ("form-data; name=\"a\"; filename*=UTF-8''x.txt", "a", None),
        ('form-data; name="a"; filename="y"; filename*=UTF-8\'\'x.txt', "a", "y"),
    ],
)
def test_name_and_filename_are_read_as_browsers_write_them(
    head: str, name: str, filename: str | None
) -> None:
    body = part(f"Content-Disposition: {head}", b"data") + END

    [found] = iter_parts_sync([body], TYPE)

    assert (found.name, found.filename) == (name, filename)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Content-Type: text/plain",
        "Content-Disposition: form-data",
        'Content-Disposition: form-data; filename="x"',
        'Content-Disposition: attachment; name="a"',
        'Content-Disposition: form-data; name="a"; name="b"',
        'Content-Disposition: form-data; name="a" filename="b"',
        'Content-Disposition: form-data; name="a',
        'Content-Disposition: form-data; name="a"\nContent-Disposition: form-data; name="b"',
        'Content-Disposition: form-data; name="a"\n--boundary\nX: y',
        'Content-Disposition: form-data; name="a"\nBad Name: y',
        'Content-Disposition: form-data; name="a"\nX: \x00',
        'Content-Disposition: form-data; name="a"\nX: \x7f',
    ],
)
@BOTH
def test_a_part_with_malformed_headers_is_refused(read: Read, head: str) -> None:
    body = part(FIELD.format("first")) + part(head, b"data") + part(FIELD.format("last")) + END

    for size in (1, len(body)):
        with pytest.raises(MultipartError, match="Part 2 ") as caught:
            read(split(body, size), TYPE, None)
        assert caught.value.status == 400


def test_a_header_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(MultipartError, match="Part 1 "):
        read_form_sync([part(FIELD.format("é")).replace(b"\xc3", b"") + END], TYPE)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "b" * 71,
        "multipart/mixed; boundary=boundary",
        "application/x-www-form-urlencoded",
    ],
)
@BOTH
def test_a_content_type_without_a_boundary_is_refused(read: Read, content_type: str) -> None:
    with pytest.raises(MultipartError) as caught:
        read([SIMPLE], content_type, None)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "Multipart/Form-Data; charset=utf-8; Boundary=boundary",
        'multipart/form-data; boundary="boundary"',
    ],
)
def test_the_content_type_is_read_as_a_mime_type(content_type: str) -> None:
    assert len(read_form_sync([SIMPLE], content_type)) == 2


def test_a_boundary_with_every_special_character_is_taken_literally() -> None:
    boundary = "'()+_,-./:=? x" + "." * 56
    body = SIMPLE.replace(b"boundary", boundary.encode())

    assert len(read_form_sync(split(body, 3), f'multipart/form-data; boundary="{boundary}"')) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"--boundary",
        b"--boundary-",
        b"--boundary\r\n",
        SIMPLE.replace(b"boundary", b"other"),
        SIMPLE.replace(b"boundary", b"boundar"),
        SIMPLE[: SIMPLE.index(b"two")],
        SIMPLE[: SIMPLE.index(END)],
        SIMPLE[: SIMPLE.index(END) + len(END) - 3],
    ],
)
@BOTH
def test_a_body_without_its_closing_delimiter_is_refused(read: Read, body: bytes) -> None:
    for size in (1, 1000):
        with pytest.raises(MultipartError, match="closing delimiter") as caught:
            read(split(body, size), TYPE, None)
        assert caught.value.status == 400


CHUNKED_BODIES = [
    SIMPLE,
    SIMPLE.replace(b"\r\n", b"\n"),
    part(FIELD.format("a"), b"x\r\n--boundary-y\r\n--boundaryz\r\n--\r\n-\r--\n\r\r") + END,
    part(FIELD.format("a"), b"\r\n" * 9) + part(FIELD.format("b"), b"\r") + END,
    (part(FIELD.format("a"), b"1") + part(FIELD.format("b"), b"") + END).replace(
        b"--boundary\r\n", b"--boundary \t          \t          \r\n"
    ),
    b"\r\n" + part(FILE.format("f", "f"), b"--boundary--x") + b"--boundary--",
    b"\r\n" + part(FILE.format("f", "f"), b"-boundary\n--boundar") + b"--boundary--",
    part(FIELD.format("a"))[:-2] + part(FIELD.format("b"))[:-2] + END,
    b"--boundary \t           \t         \r\n" + SIMPLE.removeprefix(b"--boundary\r\n"),
]


@pytest.mark.parametrize("body", CHUNKED_BODIES)
@BOTH
def test_the_form_is_the_same_wherever_the_body_is_cut(read: Read, body: bytes) -> None:
    whole = shown(read([body], TYPE, None))

    for size in range(1, 24):
        assert shown(read(split(body, size), TYPE, None)) == whole
    for cut in range(len(body)):
        assert shown(read([body[:cut], b"", body[cut:]], TYPE, None)) == whole


_HEADS = st.sampled_from(
    [
        FIELD.format("a"),
        FIELD.format(""),
        FIELD.format("a%22b"),
        FIELD.format("é"),
        FIELD.format("a\\"),
        FIELD.format(" a;b=c "),
        FIELD.format("a").lower(),
        FIELD.format("a").replace(": ", ":\t"),
        FIELD.format("a").replace("form-data", "attachment"),
        FILE.format("f", "x.txt"),
        FILE.format("f", ""),
        FILE.format("f", "x.txt") + "\nContent-Type: text/html; charset=a",
        FILE.format("f", "x.txt") + "\nContent-Type: ",
        FILE.format("f", "x.txt") + "\nX-Other: 1",
        FILE.format("f", "x.txt") + '; name="b"',
        FILE.format("f", "x.txt") + "; filename*=UTF-8''a",
        "Content-Type: text/plain\n" + FIELD.format("a"),
        "Content-Type: text/plain",
        "",
    ]
)
_CONTENT = st.lists(
    st.sampled_from(
        [b"", b"1", b"\xff", b"\r", b"\n", b"\r\n", b"--boundary", b"--", b" ", b"\r\n\r\n"]
    ),
    max_size=4,
).map(b"".join)


def irregular(head: str, data: bytes, line_break: str, missing: int) -> bytes:
    """A part that may lack the line break at its end."""
    written = part(head, data, line_break)
    return written[: len(written) - missing]


_USUAL_HEADS = st.sampled_from(
    [FIELD.format("a"), FILE.format("f", "x"), FILE.format("f", "x") + "\nContent-Type: a/b"]
)
_MISSING = st.sampled_from([0, 0, 0, 0, 1, 2])
_PARTS = st.builds(irregular, _HEADS, _CONTENT, st.sampled_from(["\r\n", "\r\n", "\n"]), _MISSING)
_USUAL_PARTS = st.builds(irregular, _USUAL_HEADS, _CONTENT, st.just("\r\n"), _MISSING)
_ENDS = st.sampled_from(
    [
        END,
        END,
        END,
        END[:-2],
        END + b"epilogue",
        END[:-4],
        END + END,
        b"--boundary-- \r\n",
        b"x" + END,
    ]
)
_BODIES: st.SearchStrategy[bytes] = st.one_of(
    st.tuples(st.lists(_USUAL_PARTS, max_size=3).map(b"".join), st.just(END)),
    st.tuples(
        st.sampled_from([b"", b"", b"", b"\r\n", b"preamble\r\n"]),
        st.lists(_PARTS, max_size=4).map(b"".join),
        _ENDS,
    ),
).map(b"".join)


def form_outcome(read: Callable[[], FormData]) -> object:
    """What a form has, or why it is refused."""
    try:
        return shown(read())
    except PeerError as error:
        return type(error), error.detail


def outcome(chunks: list[bytes], limits: MultipartLimits | None = None) -> object:
    """What a form has, with the headers of its parts, or why it is refused."""
    try:
        heads = [
            (p.name, p.filename, p.headers.items()) for p in iter_parts_sync(chunks, TYPE, limits)
        ]
        return heads, shown(read_form_sync(chunks, TYPE, limits))
    except PeerError as error:
        return type(error), error.detail


@given(_BODIES)
def test_a_body_in_one_piece_is_read_as_one_that_is_cut(body: bytes) -> None:
    assert outcome([body]) == outcome([body[:1], body[1:]])
    assert outcome([body, b"x"]) == outcome([body[:1], body[1:], b"x"])


@given(_BODIES, st.integers(1, 3), st.integers(20, 90), st.integers(1, 4), st.integers(60, 250))
def test_a_body_in_one_piece_is_held_to_the_limits_of_one_that_is_cut(
    body: bytes, parts: int, headers: int, field: int, size: int
) -> None:
    limits = MultipartLimits(
        max_parts=parts, max_header_bytes=headers, max_field_bytes=field, max_size=size
    )

    assert outcome([body], limits) == outcome([body[:1], body[1:]], limits)


@given(_BODIES, st.none() | st.tuples(*[st.integers(1, most) for most in (3, 90, 4, 250)]))
def test_a_form_that_is_made_at_once_is_the_one_of_its_events(
    body: bytes, bounds: tuple[int, int, int, int] | None
) -> None:
    limits = MultipartLimits()
    if bounds is not None:
        parts, headers, field, size = bounds
        limits = MultipartLimits(
            max_parts=parts, max_header_bytes=headers, max_field_bytes=field, max_size=size
        )

    at_once = form_outcome(lambda: read_whole_form(body, TYPE, limits))

    assert at_once == form_outcome(lambda: read_form_sync([body], TYPE, limits))


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 262_144, 300_000])
def test_a_large_file_is_where_it_would_be_if_it_had_come_in_pieces(size: int) -> None:
    body = part(FILE.format("f", "x"), b"x" * size) + END

    at_once, cut = [
        form["f"]
        for form in (
            read_whole_form(body, TYPE, MultipartLimits()),
            read_form_sync([body[:9], body[9:]], TYPE),
        )
    ]

    assert isinstance(at_once, File)
    assert isinstance(cut, File)
    assert at_once.sync.bytes() == cut.sync.bytes()
    assert [type(source) for source, _, _ in at_once.pieces] == [
        type(source) for source, _, _ in cut.pieces
    ]


def test_what_is_usual_is_taken_apart_at_once() -> None:
    assert whole_form(SIMPLE, b"--boundary", MultipartLimits()) is not None
    assert whole_events(SIMPLE, b"--boundary", MultipartLimits()) is not None
    assert whole_events(SIMPLE[:-2], b"--boundary", MultipartLimits()) is not None


def test_any_data_comes_through_any_cut() -> None:
    chance = random.Random(7578)
    scraps = [b"\r", b"\n", b"-", b"--", b"boundary", b" ", b"x", b"--boundary", b"\t"]
    for _ in range(1000):
        data = b"".join(chance.choices(scraps, k=chance.randrange(12)))
        if DELIMITER.search(data):
            continue
        body = part(FILE.format("f", "f"), data) + part(FIELD.format("z"), b"end") + END
        cuts = sorted(chance.choices(range(len(body)), k=5))
        chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

        form = read_form_sync(chunks, TYPE)

        assert shown(form) == [("f", ("f", "text/plain", data)), ("z", "end")]


def test_line_breaks_of_cr_alone_are_understood() -> None:
    body = part(FIELD.format("a"), b"1", "\r") + part(FIELD.format("b"), b"2", "\r") + END

    assert shown(read_form_sync(split(body, 1), TYPE)) == [("a", "1"), ("b", "2")]


def test_a_file_of_nothing_but_cr_comes_through_in_bounded_memory() -> None:
    body = [part(FILE.format("f", "f"))[:-2], *[b"\r" * 65536] * 100, b"\r\n" + END]

    found = next(iter_parts_sync(body, TYPE))

    tracemalloc.start()
    assert sum(len(chunk) for chunk in found) == 6_553_600
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_nested_multipart_is_data() -> None:
    inner = b"--inner\r\nContent-Disposition: file\r\n\r\nx\r\n--inner--\r\n"
    head = FILE.format("f", "f") + "\nContent-Type: multipart/mixed; boundary=Inner"

    form = read_form_sync([part(head, inner) + END], TYPE)

    assert shown(form) == [("f", ("f", "multipart/mixed; boundary=Inner", inner))]


def test_a_part_carries_its_headers() -> None:
    head = FILE.format("f", "é") + "\nContent-Type: text/csv\nX-Folded: a\n b"

    [found] = iter_parts_sync([part(head) + END], TYPE)

    assert found.content_type == found.headers["Content-Type"] == "text/csv"
    assert found.headers["x-folded"] == "a b"
    assert "é".encode().decode("latin-1") in found.headers["content-disposition"]


def many_parts(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield part(FIELD.format(number), b"x")
    yield END


LIMITS: list[tuple[Iterable[bytes], MultipartLimits, str]] = [
    (list(many_parts(10_000)), MultipartLimits(), "1000 parts"),
    ([b"".join(many_parts(10_000))], MultipartLimits(), "1000 parts"),
    ([SIMPLE], MultipartLimits(max_parts=1), "1 parts"),
    ([SIMPLE], MultipartLimits(max_size=len(SIMPLE) - 1), "bytes"),
    (split(SIMPLE, 1), MultipartLimits(max_size=len(SIMPLE) - 1), "bytes"),
    ([part(FIELD.format("a") + "\nX: " + "x" * 8192) + END], MultipartLimits(), "8192 bytes"),
    ([part(FIELD.format("a" * 100)) + END], MultipartLimits(max_header_bytes=100), "100 bytes"),
    ([part(FIELD.format("a"), b"x" * 1_048_577) + END], MultipartLimits(), "1048576 bytes"),
]


@pytest.mark.parametrize(("chunks", "limits", "match"), LIMITS)
@BOTH
def test_a_form_over_a_limit_is_refused_with_413(
    read: Read, chunks: Iterable[bytes], limits: MultipartLimits, match: str
) -> None:
    with pytest.raises(MultipartLimitError, match=match) as caught:
        read(chunks, TYPE, limits)

    assert caught.value.status == 413


def test_a_form_at_its_limits_is_read() -> None:
    body = part(FIELD.format("a"), b"x" * 1000) + part(FIELD.format("b")) + END
    head = len(FIELD.format("a")) + len("\r\n")
    limits = MultipartLimits(
        max_size=len(body), max_parts=2, max_header_bytes=head, max_field_bytes=1000
    )

    assert len(read_form_sync([body], TYPE, limits)) == 2


def test_a_low_limit_for_headers_leaves_room_for_the_delimiter() -> None:
    body = SIMPLE.replace(b"boundary", b"b" * 70)
    limits = MultipartLimits(max_header_bytes=60)

    for size in (1, 1000):
        form = read_form_sync(
            split(body, size), f"multipart/form-data; boundary={'b' * 70}", limits
        )
        assert len(form) == 2


@pytest.mark.parametrize("name", ["max_size", "max_parts", "max_header_bytes", "max_field_bytes"])
def test_a_limit_that_lets_nothing_through_is_a_mistake(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}=0"):
        MultipartLimits(**{name: 0})


class Endless:
    """100 MiB in chunks, counting how many were taken."""

    def __init__(self, start: bytes, chunk: bytes) -> None:
        self.start = start
        self.chunk = chunk
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        yield self.start
        while self.taken < 1600:
            self.taken += 1
            yield self.chunk


@pytest.mark.parametrize(
    ("start", "chunk", "status"),
    [
        (b"", b"x" * 65536, 400),
        (b"", b"\r\n" * 32768, 400),
        (b"", b"--boundaryx" * 6000, 400),
        (b"--boundary\r\n", b"X: y\r\n" * 10000, 413),
        (b"--boundary\r\n", b"x" * 65536, 413),
        (b"--boundary\r\nX: ", b"\r\n continued" * 6000, 413),
        (b"--boundary", b" " * 65536, 400),
        (SIMPLE[: SIMPLE.index(END)] + b"--boundary", b" " * 65536, 400),
        (SIMPLE[: SIMPLE.index(END)], b"--boundary  \r\n" * 5000, 400),
    ],
)
def test_what_never_becomes_a_part_is_refused_early(
    start: bytes, chunk: bytes, status: int
) -> None:
    source = Endless(start, chunk)
    limits = MultipartLimits(max_size=2**30)

    with pytest.raises(PeerError) as caught:
        for _ in iter_parts_sync(source, TYPE, limits):
            pass

    assert caught.value.status == status
    assert source.taken <= 2


@pytest.mark.parametrize("chunk", [b"x" * 65536, b"\r\n--boundary-" * 5041, b"x" * 8_388_608])
def test_a_large_part_streams_in_bounded_memory(chunk: bytes) -> None:
    count = 16 * 1024 * 1024 // len(chunk)
    head = part(FILE.format("f", "f"))[:-2]
    body = (piece for piece in [head, *[chunk] * count, b"\r\n" + END])

    tracemalloc.start()
    found = next(iter_parts_sync(body, TYPE, MultipartLimits(max_size=2**30)))
    size = sum(len(data) for data in found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert size == count * len(chunk)
    assert peak < 1_000_000


def test_an_endless_epilogue_counts_towards_the_size_only() -> None:
    source = Endless(SIMPLE, b"x" * 65536)

    with pytest.raises(MultipartLimitError):
        read_form_sync(source, TYPE, MultipartLimits(max_size=1_000_000))

    assert source.taken == 16


def test_a_part_can_be_read_in_chunks_whole_or_not_at_all() -> None:
    async def read() -> list[object]:
        found: list[object] = []
        async for each in iter_parts(arriving(split(SIMPLE * 1, 4)), TYPE):
            if each.filename is None:
                found.append(await each.text())
                found.append(await each.bytes())
            else:
                found.append(b"".join([chunk async for chunk in each]))
        return found

    assert done(read()) == ["1", b"", b"two\r\n"]
    assert [each.name for each in iter_parts_sync(split(SIMPLE, 4), TYPE)] == ["a", "f"]
    assert [each.text() for each in iter_parts_sync([SIMPLE], TYPE)] == ["1", "two\r\n"]


def test_a_part_arrives_before_the_rest_of_the_body_is_sent() -> None:
    def body() -> Iterator[bytes]:
        yield SIMPLE[:80]
        raise AssertionError("more was read than asked for")

    first = next(iter_parts_sync(body(), TYPE))

    assert (first.name, next(first)) == ("a", b"1")


def test_a_part_that_was_passed_over_says_so() -> None:
    async def read() -> None:
        parts = [each async for each in iter_parts(arriving([SIMPLE]), TYPE)]
        await parts[0].bytes()

    with pytest.raises(BodyUsedError, match="'a' was passed over"):
        done(read())

    first, _ = iter_parts_sync([SIMPLE], TYPE)
    with pytest.raises(BodyUsedError, match="'a' was passed over"):
        first.bytes()


def test_a_part_that_is_read_whole_is_held_to_the_limit_of_a_field() -> None:
    limits = MultipartLimits(max_field_bytes=4)

    async def read() -> None:
        async for each in iter_parts(arriving([SIMPLE]), TYPE, limits):
            await each.bytes()

    with pytest.raises(MultipartLimitError, match="'f'"):
        done(read())


def test_after_an_error_a_part_does_not_look_complete() -> None:
    cut = SIMPLE[: SIMPLE.index(b"o\r\n")]
    parts = iter_parts_sync([cut], TYPE)
    next(parts)
    last = next(parts)

    for _ in range(2):
        with pytest.raises(MultipartError):
            list(last)


def test_large_files_go_to_disk_and_leave_it_with_the_form() -> None:
    big = bytes(range(256)) * 1024
    bodies = [part(FILE.format("f", n), big) for n in range(3)]
    body = b"".join([*bodies, part(FILE.format("s", "s"), b"small"), END])

    form = read_form_sync(split(body, 5000), TYPE)
    files = [value for value in form.values() if isinstance(value, File)]
    sources = [file.pieces[0][0] for file in files]

    assert [file.sync.bytes() for file in files] == [big, big, big, b"small"]
    assert sources[0] is sources[1] is sources[2]
    assert not isinstance(sources[0], bytes)
    assert sources[3] == b"small"
    del form, files, sources
    gc.collect()


def test_a_file_whose_form_fails_leaves_no_warning() -> None:
    body = part(FILE.format("f", "f"), b"x" * 200_000) + part(FILE.format("g", "g"), b"y" * 90_000)

    with pytest.raises(MultipartError):
        read_form_sync([body], TYPE)

    gc.collect()


def test_without_a_file_system_files_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(buffering: int) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.TemporaryFile", unavailable)
    body = part(FILE.format("f", "f"), b"x" * 1_000_000) + END

    [(_, file)] = read_form_sync(split(body, 5000), TYPE)

    assert isinstance(file, File)
    assert isinstance(file.pieces[0][0], bytes)
    assert file.sync.bytes() == b"x" * 1_000_000
