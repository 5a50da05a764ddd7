"""Event to `Request`: the parts of an event, its body among them, and the request over them."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from portico import BodyTooLargeError, PeerError
from portico.contract import NativeRequest

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import BodyLimits, Peer


class Parts:
    """What an event says of a request.

    Attributes:
        method: as the client wrote it.
        path: percent-encoded, without the root path.
        query: percent-encoded, without the question mark.
        headers: all of them, `cookie` once.
        body: its source, or None.
        host: the Host field, or the service's name.
        scheme: `"http"` or `"https"`.
        root_path: the stage of an API, or what the options say.
        peer: the client, as the service saw it.
    """

    __slots__ = (
        "body",
        "headers",
        "host",
        "method",
        "path",
        "peer",
        "query",
        "root_path",
        "scheme",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: Headers,
        body: EventBody,
        host: str,
        scheme: str,
        root_path: str,
        peer: Peer,
    ) -> None:
        self.method: str = method
        self.path: str = path
        self.query: str = query
        self.headers: Headers = headers
        self.body: EventBody = body
        self.host: str = host
        self.scheme: str = scheme
        self.root_path: str = root_path
        self.peer: Peer = peer


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


class LambdaRequest(NativeRequest):
    """A request of an event, whichever way that was read."""

    __slots__ = ()


class PartsRequest(LambdaRequest):
    """A request over the parts of an event, all of which are in memory."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Parts, limits: BodyLimits) -> None:
        self._parts = parts
        super().__init__(parts.method, parts.path, parts.query, parts.body, limits)

    def _read_headers(self) -> Headers:
        return self._parts.headers

    def _read_host(self) -> str:
        return self._parts.host

    def _read_scheme(self) -> str:
        return self._parts.scheme

    def _read_root_path(self) -> str:
        return self._parts.root_path
