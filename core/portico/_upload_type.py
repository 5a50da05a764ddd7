"""Which types an uploaded file may pass for.

The type of a file is what its bytes show (`portico._sniff`). What the peer says of it counts only
where bytes cannot say it: for texts, for formats inside a container (a `.docx` is a zip), and for
formats that have no pattern, while the bytes have no pattern either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from portico._blob import read_piece
from portico._mime import essence
from portico._sniff import HEAD_SIZE, PLAIN_TEXT, SNIFFED, UNKNOWN, is_text, sniff
from portico._upload import size_of

if TYPE_CHECKING:
    from portico._blob import Blob

# Names that are in use for one type, and the one that the MIME Sniffing Standard has for it.
_ALIASES: Final = {
    "application/font-woff": "font/woff",
    "application/gzip": "application/x-gzip",
    "application/vnd.rar": "application/x-rar-compressed",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "application/xml": "text/xml",
    "audio/mp3": "audio/mpeg",
    "audio/vnd.wave": "audio/wave",
    "audio/wav": "audio/wave",
    "audio/x-aiff": "audio/aiff",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wave",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/x-ms-bmp": "image/bmp",
    "video/vnd.avi": "video/avi",
    "video/x-msvideo": "video/avi",
}
# What a container may hold: its bytes show the container, the peer says which.
_CONTAINED: Final = {
    "application/ogg": frozenset({"audio/ogg", "audio/opus", "video/ogg"}),
    "application/zip": frozenset(
        {"application/epub+zip", "application/java-archive", "application/x-cbz"}
    ),
    "video/mp4": frozenset({"audio/mp4"}),
    "video/webm": frozenset({"audio/webm"}),
}
_ZIPPED: Final = (
    "application/vnd.oasis.opendocument.",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.ms-excel.",
    "application/vnd.ms-powerpoint.",
    "application/vnd.ms-word.",
)
_TEXTS: Final = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/jsonl",
        "application/rtf",
        "application/sql",
        "application/toml",
        "application/x-ndjson",
        "application/x-yaml",
        "application/yaml",
    }
)


def describe_file(file: Blob) -> str:
    """A file in words, for debugging: its size, and the type that its bytes have."""
    return f"a file of {size_of(file.size)} of type {sniff(_head(file))}"


def _head(file: Blob) -> bytes:
    pieces = file.pieces
    if len(pieces) == 1:  # as every file of a form
        source, start, stop = pieces[0]
        return read_piece(source, start, min(stop, start + HEAD_SIZE))
    return file.slice(0, HEAD_SIZE).sync.bytes()


def types_of(file: Blob) -> Iterator[tuple[str, bool]]:
    """The types that a file may pass for, and whether its bytes show it."""
    head, said = _head(file), essence(file.type)
    found = sniff(head)
    if found == PLAIN_TEXT or (found in ("text/html", "text/xml") and is_text(head)):
        # A kind of text that the peer says comes first: all of them look alike.
        if _is_kind_of_text(said):
            yield said, False
        yield found, True
        return
    if _holds(found, said):
        yield said, True
    elif found == UNKNOWN and said and not _would_show(said):
        yield said, False
    yield found, True


def _is_kind_of_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in _TEXTS or mime.endswith(("+xml", "+json", "/xml"))


def _holds(container: str, said: str) -> bool:
    if container == "application/zip" and (said.startswith(_ZIPPED) or said.endswith("+zip")):
        return True
    return canonical(said) in _CONTAINED.get(container, ())


def _would_show(said: str) -> bool:
    """Whether the bytes of a file of this type say so, or that it is a text."""
    return (
        canonical(said) in SNIFFED
        or _is_kind_of_text(said)
        or any(_holds(container, said) for container in _CONTAINED)
    )


def canonical(mime: str) -> str:
    """The name of a type in the MIME Sniffing Standard, of those that are in use for it."""
    return _ALIASES.get(mime, mime)
