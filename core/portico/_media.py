"""The kinds of content that most answers have, each with its field in the forms of the wire."""

from __future__ import annotations

from typing import Final


class Media:
    """A kind of content.

    Attributes:
        type: the value of its Content-Type.
        field: the field as text, as WSGI and Lambda have it.
        wire: the field as bytes, as ASGI has it.
        stream_fields: all that a stream of it has, as text.
        stream_wire: the same as bytes.
    """

    __slots__ = ("field", "stream_fields", "stream_wire", "type", "wire")

    def __init__(self, content_type: str) -> None:
        self.type: str = content_type
        self.field: tuple[str, str] = ("content-type", content_type)
        self.wire: tuple[bytes, bytes] = (b"content-type", content_type.encode())
        self.stream_fields: tuple[tuple[str, str], ...] = (
            self.field,
            ("cache-control", "no-cache"),
        )
        self.stream_wire: tuple[tuple[bytes, bytes], ...] = (
            self.wire,
            (b"cache-control", b"no-cache"),
        )


class WithMedia:
    """A value that knows the Content-Type that it is sent with: `Blob`, `FormData`, ...

    It is asked for in the place of those classes, which most applications never load.
    """

    __slots__ = ()


TEXT: Final = Media("text/plain;charset=UTF-8")
BYTES: Final = Media("application/octet-stream")
JSON: Final = Media("application/json")
NDJSON: Final = Media("application/x-ndjson")
PROBLEM: Final = Media("application/problem+json")
