"""The body of an event: a text, or base64, all of it at once."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterator
from typing import TypeAlias

from portico import BodyTooLargeError, PeerError

EventBody: TypeAlias = "bytes | Base64Body | TruncatedBody | None"


def body_of(text: str, *, is_base64: bool) -> EventBody:
    """The source of a request's body; None where there is none."""
    if not text:
        return None
    return Base64Body(text) if is_base64 else text.encode()


class Base64Body:
    """Decodes when it is read, since many a handler reads no body."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[bytes]:
        try:
            data = a2b_base64(self._text, strict_mode=True)
        except ValueError as error:
            raise PeerError("The body is not base64, though the event says that it is.") from error
        yield data


class TruncatedBody:
    """What CloudFront has cut off (Lambda@Edge `inputTruncated`): it cannot be read."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        raise BodyTooLargeError("The body is larger than what CloudFront gives to a function.")
