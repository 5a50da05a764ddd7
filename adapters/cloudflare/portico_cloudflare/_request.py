"""The runtime's request to `Request`: the URL, the header fields and the body.

JavaScript has text where HTTP has bytes: the runtime decodes field values and the URL as UTF-8.
Here they are encoded again, so that each character stands for one byte, as everywhere in Portico.
Bytes that are not UTF-8 are U+FFFD by then.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from portico.contract import NativeRequest

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import Platform
    from portico_cloudflare._javascript import JavaScript

_not_ascii = re.compile(r"[^\x00-\x7f]+")
# A comma between two cookies, which is followed by a name (RFC 6265 section 4.1.1); one inside the
# value of a cookie is not.
_between_cookies = re.compile(r", (?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)")


class WorkerRequest(NativeRequest):
    """A request over the one of JavaScript, which it reads when it is asked.

    Args:
        native: the `Request` of JavaScript.
        platform: the platform of the call.
        javascript: the runtime.
    """

    __slots__ = ("_authority", "_native", "_root_path", "_scheme")

    def __init__(self, native: Any, platform: Platform, javascript: JavaScript) -> None:
        self._native = native
        self._root_path = platform.root_path
        url = split_url(native.url)
        self._scheme = url.scheme
        self._authority = url.authority
        super().__init__(
            native.method,
            below(url.target, platform.root_path),
            url.query,
            read_body(native, javascript),
            platform.options.limits,
        )

    def _read_headers(self) -> Headers:
        from portico import Headers

        return Headers.from_pairs(read_fields(self._native.headers))

    def _read_host(self) -> str:
        return self._authority

    def _read_scheme(self) -> str:
        return self._scheme

    def _read_root_path(self) -> str:
        return self._root_path


class Url(NamedTuple):
    """The parts of a request's URL, percent-encoded."""

    scheme: str
    authority: str
    target: str
    query: str


def split_url(url: str) -> Url:
    """Take a request's URL apart without changing it, which JavaScript's `URL` would.

    The runtime puts it together of the scheme, the Host field and the request target, as they came.
    A fragment is not part of it.
    """
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    target = slash + path
    if not target and authority.endswith("*"):
        # The asterisk form (RFC 9112 section 3.2.4).
        authority, target = authority[:-1], "*"
    return Url(scheme, authority, quote(target) or "/", quote(query))


def quote(text: str) -> str:
    """Percent-encode what is not ASCII."""
    return text if text.isascii() else _not_ascii.sub(_quoted, text)


def _quoted(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def below(target: str, root: str) -> str:
    """The target without the root path; the same where it is elsewhere."""
    if not root or not (target + "/").startswith(root + "/"):
        return target
    return target[len(root) :] or "/"


def read_fields(headers: Any) -> list[tuple[str, str]]:
    """The header fields, which the runtime has lower-cased, sorted and joined by name."""
    pairs: list[tuple[str, str]] = []
    for field in headers:
        name: str = field[0]
        value: str = field[1]
        if name == "cookie":
            # RFC 9110 section 5.3 joins fields with commas. Cookies need semicolons, as RFC 9113
            # section 8.2.3 joins them.
            value = _between_cookies.sub("; ", value)
        pairs.append((name, value if value.isascii() else value.encode().decode("latin-1")))
    return pairs


def read_body(native: Any, javascript: JavaScript) -> RequestBody | None:
    """The body, or None where the runtime knows that there is none."""
    stream = native.body
    return None if stream is javascript.null else RequestBody(native, stream, javascript)


class RequestBody:
    """The runtime's `ReadableStream` of a request: its chunks as they arrive, or all at once."""

    __slots__ = ("_error", "_native", "_reader", "_stream")

    def __init__(self, native: Any, stream: Any, javascript: JavaScript) -> None:
        self._native = native
        self._stream = stream
        self._reader: Any = None
        self._error = javascript.error

    def __aiter__(self) -> RequestBody:
        return self

    async def __anext__(self) -> bytes:
        if self._reader is None:
            self._reader = self._stream.getReader()
        try:
            result = await self._reader.read()
        except self._error as error:
            raise _disconnect() from error
        if result.done:
            raise StopAsyncIteration
        chunk: bytes = result.value.to_bytes()
        return chunk

    async def read_all(self) -> bytes:
        """The whole body in one step; the caller knows from Content-Length that it is small."""
        try:
            buffer = await self._native.arrayBuffer()
        except self._error as error:
            raise _disconnect() from error
        data: bytes = buffer.to_bytes()
        return data


def _disconnect() -> Exception:
    from portico import DisconnectError

    return DisconnectError()
