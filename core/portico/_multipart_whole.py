"""A multipart/form-data body that is there as a whole, and as regular as clients write it.

Such a body needs no search for delimiters that may be cut, and its headers fit one pattern. Where
anything is otherwise, the answer is None, and `_multipart_cut` reads it: so this module refuses
nothing, and decides nothing that is open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from portico._headers import Headers
from portico._multipart import PART_END, PartHead

if TYPE_CHECKING:
    from portico._multipart import MultipartEvent, MultipartLimits

WHOLE_SIZE: Final = 256 * 1024
"""How long a body is at most that is taken apart at once, since that copies it, in bytes."""

_ENDS: Final = frozenset({b"--", b"--\r\n"})
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
    first, *pieces = data.split(delimiter)
    if first or len(pieces) < 2 or pieces.pop() not in _ENDS or len(pieces) > limits.max_parts:
        return None
    events: list[MultipartEvent] = []
    for piece in pieces:
        head = _head(piece)
        if head is None or not piece.endswith(b"\r\n", head.end()):
            return None
        if head.end() > limits.max_header_bytes:
            return None
        events.append(_part_head(head))
        if content := piece[head.end() : -2]:
            events.append(content)
        events.append(PART_END)
    return events


def _part_head(head: re.Match[bytes]) -> PartHead:
    disposition, name, filename, content_type = head.groups()
    fields = [("content-disposition", disposition.decode())]
    if content_type is not None:
        fields.append(("content-type", content_type.decode()))
    file = None if filename is None else filename.decode()
    return PartHead(name.decode(), file, Headers.from_pairs(fields))
