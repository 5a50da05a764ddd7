"""What bytes are, by what they begin with: the MIME Sniffing Standard, for files of peers.

Covered are the patterns of sections 6.1 (images), 6.2 (audio and video), 6.3 (fonts), 6.4
(archives) and 7.1 (HTML, XML, PDF, PostScript), and, beyond the standard, the brands of the ISO
base media format that cameras and phones write (AVIF, HEIC, QuickTime, M4A). Texts have no
patterns: what has no binary data byte (section 3) is a text, of whichever kind.

Here the standard is stricter in one way: a pattern of printable characters alone (`BM`, `GIF89a`,
`OTTO`, ...) counts only where a binary data byte follows, since a script may begin with it.
"""

from __future__ import annotations

import re
from typing import Final

HEAD_SIZE: Final = 1445
"""How many bytes are looked at: the resource header of section 5.2."""

PLAIN_TEXT: Final = "text/plain"
UNKNOWN: Final = "application/octet-stream"

_BINARY_BYTES: Final = bytes({*range(0x20)} - {*b"\t\n\x0c\r\x1b"})
_TEXT_MARKS: Final = (b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf")

# Section 7.1: white space, a tag in any case, and what ends a tag. A comment needs no end.
_is_html = re.compile(
    rb"[\t\n\x0c\r ]*<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|"
    rb"BODY|BR|P|!--)[ >]",
    re.IGNORECASE,
).match
_is_xml = re.compile(rb"[\t\n\x0c\r ]*<\?xml").match

_TEXTUAL: Final = (
    (re.compile(rb"%PDF-").match, "application/pdf"),
    (re.compile(rb"%!PS-Adobe-").match, "application/postscript"),
)
_BINARY: Final = tuple(
    (re.compile(pattern, re.DOTALL).match, mime)
    for pattern, mime in (
        # Section 6.1.
        (rb"\x00\x00[\x01\x02]\x00", "image/x-icon"),
        (rb"BM", "image/bmp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBPVP", "image/webp"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        # Section 6.2.
        (rb"FORM....AIFF", "audio/aiff"),
        (rb"ID3", "audio/mpeg"),
        (rb"OggS\x00", "application/ogg"),
        (rb"MThd\x00\x00\x00\x06", "audio/midi"),
        (rb"RIFF....AVI ", "video/avi"),
        (rb"RIFF....WAVE", "audio/wave"),
        # Section 6.3.
        (rb"\x00\x01\x00\x00", "font/ttf"),
        (rb"OTTO", "font/otf"),
        (rb"ttcf", "font/collection"),
        (rb"wOFF", "font/woff"),
        (rb"wOF2", "font/woff2"),
        # Section 6.4; of RAR the standard has a space where every archive has an exclamation mark.
        (rb"\x1f\x8b\x08", "application/x-gzip"),
        (rb"PK\x03\x04", "application/zip"),
        (rb"Rar[! ]\x1a\x07", "application/x-rar-compressed"),
        # Section 6.3 again, last because what it looks at stands far from the beginning.
        (rb".{34}LP", "application/vnd.ms-fontobject"),
    )
)
# ISO/IEC 14496-12 section 4.3; AVIF 1.1 section 6; ISO/IEC 23008-12 section 10.
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
SNIFFED: Final = frozenset(
    {mime for _, mime in (*_TEXTUAL, *_BINARY)}
    | {*_BRANDS.values(), "video/mp4", "video/webm", "text/html", "text/xml"}
)
"""Every type that content shows by itself, besides plain text."""


def is_text(head: bytes) -> bool:
    """Whether bytes are a text: they begin with a byte order mark or have no binary data byte."""
    return head.startswith(_TEXT_MARKS) or head.translate(None, _BINARY_BYTES) == head


def sniff(head: bytes) -> str:
    """The MIME type of a file that begins with `head`, its first `HEAD_SIZE` bytes.

    `"text/plain"` where it is a text of no known kind, `"application/octet-stream"` where it is
    not even that (section 7.1).
    """
    for matches, mime in _TEXTUAL:
        if matches(head):
            return mime
    if is_text(head):
        unmarked = head.removeprefix(b"\xef\xbb\xbf")
        if _is_html(unmarked):
            return "text/html"
        return "text/xml" if _is_xml(unmarked) else PLAIN_TEXT
    for matches, mime in _BINARY:
        if matches(head):
            return mime
    return _base_media(head) or _webm(head) or _mp3(head) or UNKNOWN


def _base_media(head: bytes) -> str:
    """Section 6.2.1, and brands that it does not know; the major brand is asked first."""
    size = int.from_bytes(head[:4], "big")
    if len(head) < max(12, size) or size % 4 or head[4:8] != b"ftyp":
        return ""
    mime = _BRANDS.get(head[8:12])
    if mime is not None:
        return mime
    brands = [head[8:11], *(head[at : at + 3] for at in range(16, size, 4))]
    return "video/mp4" if b"mp4" in brands else ""


_DOC_TYPE: Final = re.compile(rb"\x42\x82")
_OCTETS: Final = 8


def _webm(head: bytes) -> str:
    """Section 6.2.2: the document type of an EBML header, which Matroska has as well."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return ""
    found = _DOC_TYPE.search(head, 4, 38)
    if found is None or found.end() >= len(head):
        return ""
    # The first byte of a number says, by its leading zeros, how many bytes the number has.
    octets = _OCTETS - head[found.end()].bit_length() + 1
    name = head[found.end() + octets :].lstrip(b"\0")
    return "video/webm" if name.startswith(b"webm") else ""


_RATES: Final = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2 and 2.5
)
_FREQUENCIES: Final = (44100, 48000, 32000)
_MPEG_1: Final = 3


def _mp3(head: bytes) -> str:
    """Section 6.2.3: a frame of MPEG layer III that is followed by another."""
    size = _frame_size(head)
    return "audio/mpeg" if size >= 4 and _frame_size(head[size:]) else ""


def _frame_size(data: bytes) -> int:
    """The size of the frame that begins here, 0 where none does (ISO/IEC 11172-3 2.4.1.3)."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    rate, frequency = data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or layer != 1 or rate in (0, 15) or frequency == 3:
        return 0
    first = version == _MPEG_1
    kilobits = _RATES[0 if first else 1][rate]
    hertz = _FREQUENCIES[frequency] >> (0 if first else 1 if version == 2 else 2)
    return (144_000 if first else 72_000) * kilobits // hertz + (data[2] >> 1 & 1)
