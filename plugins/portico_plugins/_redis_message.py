"""Messages as they go through Redis: what was published, and by whom.

::

    F0 01 | t or b | origin, 8 bytes | number, 8 bytes, big-endian | text in UTF-8, or bytes

No text in UTF-8 begins so: what another program publishes on the same channel is never taken for
one. The origin is one broker's; the number is of the connection that does not want its own
message back, 0 for none.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

_HEAD: Final = Struct(">3s8sQ")
_TEXT: Final = b"\xf0\x01t"
_BINARY: Final = b"\xf0\x01b"


class Published(NamedTuple):
    """One message, as it arrives."""

    data: str | bytes
    origin: bytes
    number: int


def packed(data: str | bytes, origin: bytes, number: int) -> bytes:
    """A message for Redis."""
    if isinstance(data, str):
        # What a text of Python's may hold arrives as it was, like in one process.
        return _HEAD.pack(_TEXT, origin, number) + data.encode("utf-8", "surrogatepass")
    return _HEAD.pack(_BINARY, origin, number) + data


def unpacked(message: bytes) -> Published | None:
    """What was packed; None where that is not what it is."""
    if len(message) < _HEAD.size:
        return None
    kind, origin, number = _HEAD.unpack_from(message)
    content = message[_HEAD.size :]
    if kind == _BINARY:
        return Published(content, origin, number)
    if kind != _TEXT:
        return None
    try:
        return Published(content.decode("utf-8", "surrogatepass"), origin, number)
    except UnicodeDecodeError:
        return None
