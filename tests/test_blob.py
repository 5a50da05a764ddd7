"""`Blob` and `File`, by the File API."""

from __future__ import annotations

import gc
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import pytest

from portico._blob import Blob, File
from portico._spool import Spool, SpoolFile

T = TypeVar("T")


def done(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waits")


def on_disk(data: bytes, type: str = "text/plain") -> File:
    spool = Spool(threshold=0)
    spool.write(data)
    piece = spool.take()
    assert isinstance(piece[0], SpoolFile)
    return File.from_piece(piece, "x.txt", type)


DIGITS = b"0123456789"
TEN = pytest.mark.parametrize(
    "blob",
    [
        Blob([DIGITS]),
        Blob([b"01", "234", Blob([b"56"]), bytearray(b"7"), memoryview(b"89")]),
        Blob([on_disk(b"0123"), b"45", on_disk(b"6789")]),
        on_disk(b"--" + DIGITS + b"--").slice(2, -2),
    ],
)


@TEN
def test_a_blob_holds_its_parts_in_order(blob: Blob) -> None:
    async def stream() -> list[bytes]:
        return [chunk async for chunk in blob.stream()]

    assert blob.size == 10
    assert done(blob.bytes()) == blob.sync.bytes() == DIGITS
    assert done(blob.text()) == blob.sync.text() == DIGITS.decode()
    assert b"".join(done(stream())) == b"".join(blob.sync.stream()) == DIGITS


@TEN
def test_a_slice_is_what_the_same_slice_of_bytes_is(blob: Blob) -> None:
    positions = [-20, -10, -3, -1, 0, 1, 4, 5, 6, 10, 20]
    for start in positions:
        for end in [*positions, None]:
            part = blob.slice(start, end)

            assert part.sync.bytes() == DIGITS[start:end]
            assert part.size == len(DIGITS[start:end])
            assert part.slice(1, -1).sync.bytes() == DIGITS[start:end][1:-1]


def test_a_slice_has_the_type_that_it_is_given() -> None:
    blob = Blob([DIGITS], type="text/plain")

    assert blob.slice(1).type == ""
    assert blob.slice(1, content_type="Text/HTML").type == "text/html"


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        ("", ""),
        ("Text/Plain;Charset=UTF-8", "text/plain;charset=utf-8"),
        ("no mime type", "no mime type"),
        ("te\xf1t/plain", ""),
        ("text/plain\n", ""),
        ("text\x7f/plain", ""),
    ],
)
def test_the_type_is_lower_case_and_empty_where_it_is_not_ascii(type: str, expected: str) -> None:
    assert Blob(type=type).type == expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("é".encode(), "é"),
        (b"\xef\xbb\xbfa", "a"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),
        (b"a\xffb\xe2\x82", "a\ufffdb\ufffd"),
    ],
)
def test_text_is_decoded_as_utf_8_and_never_fails(data: bytes, text: str) -> None:
    assert Blob([data]).sync.text() == text


def test_a_text_with_a_lone_surrogate_is_encoded_with_a_replacement() -> None:
    assert Blob(["a\ud800b\udc00\U0001f600"]).sync.text() == "a\ufffdb\ufffd\U0001f600"


def test_a_stream_comes_in_chunks_of_64_kib() -> None:
    blob = Blob([b"x" * 150_000, on_disk(b"y" * 70_000)])

    sizes = [len(chunk) for chunk in blob.sync.stream()]

    assert sizes == [65_536, 65_536, 18_928, 65_536, 4_464]


@pytest.mark.parametrize("parts", [b"abc", "abc", bytearray(b"abc"), Blob([b"abc"])])
def test_bare_content_is_not_taken_for_a_list_of_parts(parts: Any) -> None:
    with pytest.raises(TypeError, match=r"Blob\(\[value\]\)"):
        Blob(parts)


@pytest.mark.parametrize("part", [1, None, ["a"]])
def test_a_part_of_another_type_is_refused(part: Any) -> None:
    with pytest.raises(TypeError, match=type(part).__name__):
        Blob([part])


def test_a_file_has_a_name_and_a_time() -> None:
    file = File([b"a"], "a\ud800.txt", type="Text/Plain", last_modified=1_700_000_000_000)

    assert (file.name, file.type) == ("a\ufffd.txt", "text/plain")
    assert file.last_modified == 1_700_000_000_000
    assert File([], "x").last_modified == 0
    assert not isinstance(file.slice(0), File)


def test_a_renamed_file_is_the_same_but_for_its_name() -> None:
    file = on_disk(b"data", "multipart/mixed; boundary=Inner").renamed("y.txt")

    assert (file.name, file.type) == ("y.txt", "multipart/mixed; boundary=Inner")
    assert file.sync.bytes() == b"data"


def test_a_repr_shows_size_and_type_and_no_data() -> None:
    assert repr(Blob([b"secret"])) == "<Blob 6 bytes, type ''>"
    assert repr(File([b"secret"], "n")) == "<File 'n', 6 bytes, type ''>"


def test_a_closed_blob_says_so_and_its_slices_live_on() -> None:
    blob = on_disk(DIGITS)
    part = blob.slice(3, 5)

    blob.close()

    assert blob.size == 10
    for read in (blob.sync.bytes, blob.sync.stream, blob.slice, blob.stream):
        with pytest.raises(ValueError, match=r"x\.txt.* was closed"):
            read()
    assert part.sync.bytes() == b"34"


def test_the_temporary_file_is_closed_with_the_last_blob_that_reads_from_it() -> None:
    blob = on_disk(DIGITS)
    part = blob.slice(3)
    file = getattr(blob.pieces[0][0], "_file")  # noqa: B009 # the one look inside

    blob.close()
    assert not file.closed
    del part
    gc.collect()
    assert file.closed


def test_a_temporary_file_in_a_reference_cycle_is_closed_without_a_warning() -> None:
    cycle: list[object] = [on_disk(DIGITS)]
    cycle.append(cycle)
    del cycle

    gc.collect()


def test_a_spool_keeps_small_pieces_in_memory_and_large_ones_in_one_file() -> None:
    spool = Spool(threshold=4)
    contents = [b"", b"abcd", b"abcde", b"a", b"x" * 100_000]
    pieces = list[Any]()
    for content in contents:
        for start in range(0, len(content), 3):
            spool.write(content[start : start + 3])
        pieces.append(spool.take())

    files = [File.from_piece(piece, "f", "") for piece in pieces]

    assert [file.sync.bytes() for file in files] == contents
    assert [isinstance(piece[0], SpoolFile) for piece in pieces] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert pieces[2][0] is pieces[4][0]
    assert cast("SpoolFile", pieces[4][0]).size == 100_005
