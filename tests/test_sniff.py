"""What bytes are by what they begin with (MIME Sniffing Standard)."""

import pytest

from portico._sniff import HEAD_SIZE, SNIFFED, is_text, sniff

ZEROS = b"\0" * 40


def mp3_frame(second: int, third: int, size: int) -> bytes:
    return bytes([0xFF, second, third, 0]).ljust(size, b"\0")


def brand(name: bytes, *compatible: bytes) -> bytes:
    data = b"ftyp" + name + b"\0\0\0\0" + b"".join(compatible)
    return (len(data) + 4).to_bytes(4, "big") + data + ZEROS


SHOWN = [
    (b"\0\0\1\0", "image/x-icon"),
    (b"\0\0\2\0", "image/x-icon"),
    (b"BM" + ZEROS, "image/bmp"),
    (b"GIF87a\0", "image/gif"),
    (b"GIF89a\1", "image/gif"),
    (b"RIFF\1\2\3\4WEBPVP8 ", "image/webp"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff\xe0\0", "image/jpeg"),
    (b"FORM\0\0\0\0AIFF", "audio/aiff"),
    (b"ID3\4\0", "audio/mpeg"),
    (b"OggS\0", "application/ogg"),
    (b"MThd\0\0\0\6", "audio/midi"),
    (b"RIFF\0\n\r\nAVI LIST", "video/avi"),
    (b"RIFF\0\0\0\0WAVE", "audio/wave"),
    (b"\0" * 34 + b"LP", "application/vnd.ms-fontobject"),
    (b"\0\1\0\0", "font/ttf"),
    (b"OTTO\0", "font/otf"),
    (b"ttcf\0", "font/collection"),
    (b"wOFF\0", "font/woff"),
    (b"wOF2\0", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\3\4", "application/zip"),
    (b"Rar!\x1a\x07\0", "application/x-rar-compressed"),
    (b"Rar \x1a\x07\0", "application/x-rar-compressed"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"%PDF-1.7\n\0", "application/pdf"),
    (b"%!PS-Adobe-3.0", "application/postscript"),
    (b"<!doctype html >", "text/html"),
    (b"\n\t <HTML>", "text/html"),
    (b"\xef\xbb\xbf<script ", "text/html"),
    (b"<!-- a comment", "text/html"),
    (b"<p>", "text/html"),
    (b" <?xml version", "text/xml"),
    (brand(b"mp42"), "video/mp4"),
    (brand(b"isom", b"iso2", b"mp41"), "video/mp4"),
    (brand(b"avif", b"mif1"), "image/avif"),
    (brand(b"heic", b"mif1"), "image/heic"),
    (brand(b"mif1", b"heic"), "image/heif"),
    (brand(b"qt  "), "video/quicktime"),
    (brand(b"M4A ", b"mp42"), "audio/mp4"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm\x42\x87", "video/webm"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88\0\0\0\0webm", "video/webm"),
    (mp3_frame(0xFB, 0x90, 417) + mp3_frame(0xFB, 0x90, 417), "audio/mpeg"),
    (mp3_frame(0xF3, 0x82, 209) + mp3_frame(0xF3, 0x82, 209), "audio/mpeg"),
]


@pytest.mark.parametrize(("head", "mime"), SHOWN)
def test_a_pattern_shows_the_type(head: bytes, mime: str) -> None:
    assert sniff(head) == mime
    assert mime in SNIFFED


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"hello",
        b"\t\n\x0c\r\x1b",
        "é€".encode(),
        b"\xfe\xff\0a",
        b"\xff\xfea\0",
        b"<html",
        b"<pre>",
        b"<custom>",
        b"name,<b>",
        # Scripts that begin as a picture, a font or a sound does.
        b"GIF89a=1;alert(1)",
        b"BMW cars",
        b"OTTO was here",
        b"ID3 is a tag",
        b"wOFF",
    ],
)
def test_what_has_no_binary_byte_is_plain_text(head: bytes) -> None:
    assert is_text(head)
    assert sniff(head) == "text/plain"


@pytest.mark.parametrize(
    "head",
    [
        b"\0",
        b"a\x0eb",
        b"\x1f\x8b\x09",
        b"\x89PNG\r\n\n\x1a",
        b"<html>\0",
        b" \x89PNG\r\n\x1a\n",
        brand(b"mp42")[:10],
        brand(b"isom", b"iso2"),
        b"\0\0\0\x0dftypmp42" + ZEROS,
        b"\1\0\0\0ftypmp42" + ZEROS,
        b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska",
        b"\x1a\x45\xdf\xa3\x42\x82",
        b"\x1a\x45\xdf\xa3" + ZEROS + b"\x42\x82\x84webm",
        mp3_frame(0xFB, 0x90, 417),
        mp3_frame(0xFB, 0x90, 417) + b"\0" * 4,
        mp3_frame(0xFD, 0x90, 417) + mp3_frame(0xFD, 0x90, 417),
        mp3_frame(0xFB, 0xF0, 417) + mp3_frame(0xFB, 0xF0, 417),
        mp3_frame(0xFB, 0x9C, 417) + mp3_frame(0xFB, 0x9C, 417),
    ],
)
def test_what_has_no_pattern_and_is_no_text_is_unknown(head: bytes) -> None:
    assert not is_text(head)
    assert sniff(head) == "application/octet-stream"


def test_every_beginning_of_every_pattern_has_a_type() -> None:
    for head, _ in SHOWN:
        for end in range(len(head)):
            assert "/" in sniff(head[:end])


def test_a_head_of_white_space_takes_no_time() -> None:
    assert sniff(b" " * HEAD_SIZE) == "text/plain"
