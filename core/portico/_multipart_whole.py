"""A multipart/form-data body that is there as a whole, and as regular as clients write it.

Such a body needs no search for delimiters that may be cut, and its headers fit one pattern. Where
anything is otherwise, the answer is None, and `_multipart_cut` reads it: so this module refuses
nothing, and decides nothing that is open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from portico._blob import File
from portico._form_data import FormData
from portico._headers import Headers
from portico._multipart import PART_END, PartHead
from portico._spool import SPOOL_THRESHOLD

if TYPE_CHECKING:
    from portico._multipart import MultipartEvent, MultipartLimits

WHOLE_SIZE: Final = 256 * 1024
"""How long a body is at most that is taken apart at once, since that copies it, in bytes."""

_ENDS: Final = frozenset({b"--", b"--\r\n"})
_TEXT: Final = "text/plain"  # what a file is that says nothing (RFC 7578 section 4.4)
# A quoted value without what needs decoding or is read in several ways: `"`, `%` and a backslash.
_QUOTED: Final = rb'"([ !#$&-\[\]-~]*)"'
_head = re.compile(
    rb"\r\n(?i:content-disposition): (form-data; name="
    + _QUOTED
    + rb"(?:; filename="
    + _QUOTED
    + rb")?)"
    rb"(?:\r\n(?i:content-type): ([!-~](?:[ -~]*[!-~])?))?\r\n\r\n"
).match


def whole_events(
    data: bytes, delimiter: bytes, limits: MultipartLimits
) -> list[MultipartEvent] | None:
    """The events of a whole body, or None where it must be read the general way.

    Args:
        data: the body, or its first chunk.
        delimiter: two dashes and the boundary.
        limits: a body over one is read, and refused, the general way.
    """
    parts = _parts_of(data, delimiter, limits)
    if parts is None:
        return None
    events: list[MultipartEvent] = []
    for head, start, stop in parts:
        events.append(_part_head(head))
        if content := data[start:stop]:
            events.append(content)
        events.append(PART_END)
    return events


def whole_form(data: bytes, delimiter: bytes, limits: MultipartLimits) -> FormData | None:
    """The form of a whole body, or None where it must be read the general way; see above.

    It is the one that the events make. A file that would go to disk goes the general way, too.
    """
    parts = _parts_of(data, delimiter, limits)
    if parts is None:
        return None
    entries: list[tuple[str, str | File]] = []
    for head, start, stop in parts:
        _, name, filename, content_type = head.groups()
        content = data[start:stop]
        if filename is None:
            if len(content) > limits.max_field_bytes:
                return None
            entries.append((name.decode(), content.decode("utf-8", "replace")))
        else:
            if len(content) > SPOOL_THRESHOLD:
                return None
            kind = _TEXT if content_type is None else content_type.decode()
            file = File.from_piece((content, 0, len(content)), filename.decode(), kind)
            entries.append((name.decode(), file))
    return FormData.from_entries(entries)


def _parts_of(
    data: bytes, delimiter: bytes, limits: MultipartLimits
) -> list[tuple[re.Match[bytes], int, int]] | None:
    """The head of each part, and where its content begins and ends."""
    if not data.startswith(delimiter):
        return None
    parts: list[tuple[re.Match[bytes], int, int]] = []
    length = len(delimiter)
    begin = length
    while (stop := data.find(delimiter, begin)) >= 0:
        head = _head(data, begin, stop)
        if head is None or len(parts) >= limits.max_parts:
            return None
        start = head.end()
        if start - begin > limits.max_header_bytes or not data.endswith(b"\r\n", start, stop):
            return None
        parts.append((head, start, stop - 2))
        begin = stop + length
    return parts if parts and data[begin : begin + 5] in _ENDS else None


def _part_head(head: re.Match[bytes]) -> PartHead:
    disposition, name, filename, content_type = head.groups()
    fields = [("content-disposition", disposition.decode())]
    if content_type is not None:
        fields.append(("content-type", content_type.decode()))
    file = None if filename is None else filename.decode()
    return PartHead(name.decode(), file, Headers.from_pairs(fields))
