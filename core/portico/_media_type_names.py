"""The media type of a file, by the ending of its name, the same on every machine."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mimetypes import MimeTypes

# What browsers are given, since Python's own table differs from version to version, and lets the
# machine's tables override it.
_OF_THE_WEB: Final = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".css": "text/css",
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xhtml": "application/xhtml+xml",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


def media_type_of(name: str) -> str:
    """The Content-Type for a file of this name; text is taken for UTF-8."""
    ending = "." + name.rpartition(".")[2].lower()
    found = _OF_THE_WEB.get(ending)
    if found is None:
        found, encoding = _of_python().guess_type(name)
        if found is None or encoding is not None:
            return "application/octet-stream"
    return f"{found};charset=UTF-8" if found.startswith("text/") else found


@cache
def _of_python() -> MimeTypes:
    from mimetypes import MimeTypes

    return MimeTypes()
