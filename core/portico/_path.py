"""The canonical path: the one form that router, guards, static files and mounts all see.

Percent escapes are decoded once as UTF-8, but for `%2F` and `%25`, which stay (upper-cased), so
that an encoded slash never becomes a separator and no second decoding finds anything. Then dot
segments are removed (RFC 3986 section 5.2.4), those written `%2e` among them. Empty segments stay.
A path parameter's value is its segment with these two escapes decoded as well.
"""

from __future__ import annotations

import re
from functools import cache

from portico._errors import PeerError

_OPAQUE = frozenset({b"2F", b"25"})


def canonical_path(raw: str) -> str:
    """The canonical form of a percent-encoded path that starts with a slash.

    Raises:
        PeerError: an escape is malformed, or the path is not UTF-8 or has a NUL (400).
    """
    if "%" in raw or not raw.isascii() or "\0" in raw:
        raw = _decoded(raw)
    if "/." not in raw:
        return raw
    segments = raw[1:].split("/")
    return "/" + "/".join(_without_dots(segments, segments))


def canonical_segments(raw: str) -> list[str]:
    """The segments of the canonical path, percent-encoded as they came."""
    segments = raw[1:].split("/")
    return _without_dots(segments, [_with_dots(segment) for segment in segments])


def parameter_value(segment: str) -> str:
    """The value of a path parameter from the canonical path.

    Raises:
        PeerError: an encoded slash makes a dot segment of it (400), which no honest client sends
            and which would lead out of a folder that the value is joined to.
    """
    if "%" not in segment:
        return segment
    value = segment.replace("%2F", "/")
    if value != segment and not {".", ".."}.isdisjoint(value.replace("\\", "/").split("/")):
        raise PeerError("The path hides a dot segment behind an encoded slash.")
    return value.replace("%25", "%")


def _decoded(raw: str) -> str:
    try:
        path = _escape().sub(_decode_escape, raw.encode()).decode()
    except UnicodeError:
        raise PeerError("The path is not percent-encoded UTF-8.") from None
    if "\0" in path:
        raise PeerError("The path has a NUL character.")
    return path


@cache
def _escape() -> re.Pattern[bytes]:
    return re.compile(rb"%([0-9A-Fa-f]{2})?")


def _with_dots(segment: str) -> str:
    return segment.replace("%2e", ".").replace("%2E", ".")


def _decode_escape(match: re.Match[bytes]) -> bytes:
    digits: bytes | None = match[1]
    if digits is None:
        raise PeerError("The path has a percent sign without two hexadecimal digits after it.")
    digits = digits.upper()
    return b"%" + digits if digits in _OPAQUE else bytes.fromhex(digits.decode())


def _without_dots(segments: list[str], decoded: list[str]) -> list[str]:
    """The segments that are left when those decoded as `.` and `..` have had their effect."""
    kept: list[str] = []
    for segment, plain in zip(segments, decoded, strict=True):
        if plain == "..":
            if kept:
                kept.pop()
        elif plain != ".":
            kept.append(segment)
    if decoded[-1] in (".", ".."):
        kept.append("")
    return kept
