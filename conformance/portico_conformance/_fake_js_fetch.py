"""`Headers`, `Request` and `Response` of JavaScript (Fetch Standard), for `_fake_js`.

Where workerd differs from the standard it is followed: it sends any Content-Encoding's body encoded
again unless `encodeBody` is `"manual"`, and takes values that are not latin-1.
"""

# ruff: noqa: N802, N803 - the names are JavaScript's

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from portico_conformance._fake_js import (
    JsArray,
    JsException,
    JsNull,
    JsObject,
    JsProxy,
    Uint8Array,
    jsnull,
)
from portico_conformance._fake_js_streams import ReadableStream

__all__ = ["Headers", "Request", "Response", "arrived"]

_is_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_NULL_BODY_STATUSES = {101, 204, 205, 304}


class Headers(JsProxy):
    """Header fields; `fields` has them as they go on the wire."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.fields: list[tuple[str, str]] = []
        for name, value in pairs:
            self.append(name, value)

    @classmethod
    def new(cls, init: Headers | JsArray | JsObject | None = None) -> Headers:
        """The constructor: of other headers, pairs, or an object."""
        if init is None:
            return cls()
        if isinstance(init, Headers):
            return cls(init.fields)
        pairs = vars(init).items() if isinstance(init, JsObject) else init
        return cls((name, value) for name, value in pairs)

    def append(self, name: str, value: str) -> None:
        """Add a field."""
        if not _is_name(name):
            raise JsException("TypeError", f"Invalid header name: {name}")
        if any(character in value for character in "\r\n\0"):
            raise JsException("TypeError", "Invalid header value.")
        self.fields.append((name, value.strip(" \t")))

    def set(self, name: str, value: str) -> None:
        """Put a field in the place of those of that name."""
        self.fields = [pair for pair in self.fields if pair[0].lower() != name.lower()]
        self.append(name, value)

    def get(self, name: str) -> str | JsNull:
        """The values of a name, joined, or null."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else jsnull

    def has(self, name: str) -> bool:
        """Whether there is a field of that name."""
        return any(key.lower() == name.lower() for key, _ in self.fields)

    def __iter__(self) -> Iterator[JsArray]:
        """Pairs, sorted by the lower-cased name and joined, but for Set-Cookie."""
        for name in sorted({key.lower() for key, _ in self.fields}):
            values = [value for key, value in self.fields if key.lower() == name]
            for value in values if name == "set-cookie" else [", ".join(values)]:
                yield JsArray([name, value])


class Request(JsProxy):
    """A request that has arrived."""

    def __init__(
        self, method: str, url: str, headers: Headers, body: ReadableStream | JsNull = jsnull
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body

    @classmethod
    def new(
        cls, url: str, *, method: str = "GET", headers: Any = None, body: Any = jsnull
    ) -> Request:
        """The constructor, with a stream or `Uint8Array` for a body."""
        return cls(method, url, Headers.new(headers), _stream_of(body) or jsnull)

    async def arrayBuffer(self) -> Uint8Array:
        """The whole body."""
        return Uint8Array(await _read_all(_stream_of(self.body)))


class Response(JsProxy):
    """An answer.

    Attributes:
        payload: the body as it was given.
        encode_body: `"manual"` where the body is encoded already, else `"automatic"`.
        socket: the client's end of a `WebSocketPair`, where it accepts a WebSocket.
    """

    def __init__(
        self, payload: Uint8Array | ReadableStream | None, status: int, headers: Headers
    ) -> None:
        self.payload = payload
        self.status = status
        self.headers = headers
        self.encode_body = "automatic"
        self.socket: Any = None

    @classmethod
    def new(
        cls,
        body: Any = None,
        *,
        status: int = 200,
        headers: Any = None,
        encodeBody: str = "",
        webSocket: Any = None,
    ) -> Response:
        """The constructor (section 5.5)."""
        if webSocket is not None and status != 101:
            raise JsException("RangeError", "Responses with a WebSocket must have status code 101.")
        if not 200 <= status <= 599 and webSocket is None:
            raise JsException(
                "RangeError", f"Responses may only have statuses of 200 to 599: {status}"
            )
        if status in _NULL_BODY_STATUSES and body is not None and body is not jsnull:
            raise JsException("TypeError", "Response with null body status cannot have body.")
        own = Headers.new(headers)
        if isinstance(body, str):
            if not own.has("content-type"):
                own.append("Content-Type", "text/plain;charset=UTF-8")
            body = Uint8Array(body.encode())
        if not isinstance(body, Uint8Array | ReadableStream | None):
            raise JsException("TypeError", f"{body!r} is no body.")
        if isinstance(body, ReadableStream) and body.locked:
            raise JsException("TypeError", "This ReadableStream is currently locked to a reader.")
        response = cls(body, status, own)
        response.encode_body = encodeBody or "automatic"
        response.socket = webSocket
        return response

    async def arrayBuffer(self) -> Uint8Array:
        """The whole body."""
        return Uint8Array(await _read_all(_stream_of(self.payload)))


def arrived(
    method: str,
    target: str,
    fields: Iterable[tuple[str, str]] = (),
    body: ReadableStream | bytes | None = None,
) -> Request:
    """A request as workerd hands it on.

    Args:
        method: as the client sent it.
        target: the request target in origin, absolute or asterisk form; one character a byte.
        fields: the header fields, with a Host; one character a byte.
        body: its chunks, `Uint8Array` each; None where neither a Content-Length nor a
            Transfer-Encoding announces one.
    """
    headers = Headers((name, _decoded(value)) for name, value in fields)
    host = headers.get("host") or ""
    origin = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", target)
    path = target[origin.end() :] if origin else target
    if origin and path[:1] != "/":
        path = f"/{path}"
    url = f"http://{host}{_decoded(path.partition('#')[0])}"
    stream = _stream_of(Uint8Array(body) if isinstance(body, bytes) else body)
    return Request(method, url, headers, stream or jsnull)


def _decoded(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "replace")


def _stream_of(body: Uint8Array | ReadableStream | JsNull | None) -> ReadableStream | None:
    if not isinstance(body, Uint8Array):
        return body if isinstance(body, ReadableStream) else None
    data = body.to_bytes()

    def pull(controller: Any) -> None:
        if data:
            controller.enqueue(body)
        controller.close()

    return ReadableStream(JsObject(pull=pull), 0)


async def _read_all(stream: ReadableStream | None) -> bytes:
    if stream is None:
        return b""
    reader, parts = stream.getReader(), list[bytes]()
    while not (result := await reader.read()).done:
        parts.append(result.value.to_bytes())
    return b"".join(parts)
