"""environ to `Request`: the target, the header fields and the body of PEP 3333's dictionary.

All text of an environ is "native": each character stands for one byte of the wire (PEP 3333 "A Note
On String Types"), so that nothing here encodes or decodes but percent escapes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from portico import PeerError
from portico.contract import NativeRequest, path_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from wsgiref.types import WSGIEnvironment

    from portico import Headers
    from portico.contract import BodyLimits, Platform
    from portico_wsgi._headers import EnvironHeaders

CHUNK_SIZE = 64 * 1024

# Digits of a Content-Length that needs no look at it.
_SHORT = 12
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Of a length; what has more is no length that anything could have.
_MOST_DIGITS = 18


@cache  # many are asked for none; the statement costs more than the call, each time
def _headers_type() -> type[EnvironHeaders]:
    from portico_wsgi._headers import EnvironHeaders

    return EnvironHeaders


class WsgiRequest(NativeRequest):
    """A request over the environ, which it reads when it is asked.

    Args:
        environ: that of the call.
        platform: that of the call.
    """

    __slots__ = ("_environ", "_platform")

    _environ: WSGIEnvironment
    _platform: Platform

    def __init__(self, environ: WSGIEnvironment, platform: Platform) -> None:
        get, options = environ.get, platform.options
        path, query = get("PATH_INFO", ""), get("QUERY_STRING", "")
        target = get("REQUEST_URI") or get("RAW_URI")
        if query and target:
            target = target.partition("?")[0]
        if (
            target != path
            or path[:1] != "/"
            or "%" in path
            or "?" in path
            or not path.isascii()
            or get("SCRIPT_NAME")
            or options.root_path is not None
        ):
            path = path_of(read_target(environ, options.root_path))
        # What most requests have that have no body.
        is_alone = (
            "CONTENT_LENGTH" not in environ
            and "HTTP_TRANSFER_ENCODING" not in environ
            and get("SERVER_PROTOCOL") == "HTTP/1.1"
        )
        self._environ, self._platform = environ, platform
        # All that `super().__init__` does, without the call: one is made for every request.
        self.method: str = environ["REQUEST_METHOD"]
        self.raw_path: str = path
        self.raw_query: str = query
        self._source = None if is_alone else read_body(environ, platform)
        self.limits: BodyLimits = options.limits
        self._host_read = get("HTTP_HOST") or None
        self._url = self._headers = self._scheme_read = self._signal = None
        self._data = self._form = self._handled_by = self._cookies = None
        self._used = False

    def _read_headers(self) -> Headers:
        return _headers_type()(self._environ)

    def _content_type(self) -> str | None:
        if self._headers is not None:  # which may have been changed
            return super()._content_type()
        content_type: str | None = self._environ.get("CONTENT_TYPE")
        return content_type or None

    def _cookie_field(self) -> str | None:
        if self._headers is not None:  # as above
            return super()._cookie_field()
        value: str | None = self._environ.get("HTTP_COOKIE")
        return None if value is None else value.strip(" \t")

    def _declared_length(self) -> int | None:
        environ = self._environ
        if "HTTP_CONTENT_ENCODING" not in environ:
            length: str = environ.get("CONTENT_LENGTH") or ""
            if length.isdigit() and length.isascii() and len(length) <= _SHORT:
                return int(length)
        return super()._declared_length()

    def _read_host(self) -> str:
        return _server_name(self._environ)  # `__init__` has looked for a Host field

    def _read_scheme(self) -> str:
        scheme: str = self._environ["wsgi.url_scheme"]
        return scheme

    def _read_root_path(self) -> str:
        return self._platform.root_path


def read_root_path(environ: WSGIEnvironment) -> str:
    """SCRIPT_NAME, percent-encoded: where the server or a dispatcher mounted the application."""
    script: str = environ.get("SCRIPT_NAME", "").rstrip("/")
    return quote(script) if script else ""


def read_target(environ: WSGIEnvironment, root_path: str | None) -> str:
    """The path after the root path, percent-encoded as the peer sent it where the server tells.

    PATH_INFO is decoded, so an encoded slash in it is lost. The servers' REQUEST_URI or RAW_URI is
    not; it counts as long as it says the same as SCRIPT_NAME and PATH_INFO, which a dispatcher or a
    rewriting middleware may have changed.

    Args:
        environ: that of the call.
        root_path: the option of that name. Where it is given and the path is below it, the rest
            of the path is the target; a proxy may have removed it already.
    """
    script = environ.get("SCRIPT_NAME", "").rstrip("/")
    path = environ.get("PATH_INFO", "")
    whole = _raw_path(environ, script + path) or quote(script + path)
    if root_path is not None:
        below = _below(whole, unquote(root_path))
        if below is not None:
            return below
    below = _below(whole, script)
    return quote(path) if below is None else below


def _raw_path(environ: WSGIEnvironment, decoded: str) -> str | None:
    """The path of the request target (RFC 9112 section 3.2), where it decodes to `decoded`."""
    raw: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    raw = raw.partition("?")[0]
    if raw == "*":
        # The asterisk form (section 3.2.4), which cheroot puts below a slash.
        return raw
    if raw[:1] != "/":
        # The absolute form (section 3.2.2): PATH_INFO is its path, an empty one being "/".
        match = _origin().match(raw)
        if match is None:
            return None
        raw = raw[match.end() :] or "/"
    # cheroot leaves an encoded slash in PATH_INFO as it is.
    plain = unquote(raw)
    agrees = plain == decoded or plain == decoded.replace("%2F", "/").replace("%2f", "/")
    return quote_rest(raw) if agrees else None


def _below(path: str, root: str) -> str | None:
    """The rest of a percent-encoded path after a decoded root, or None where it is elsewhere."""
    if not root:
        return path
    # No longer prefix decodes to the root, and to try them all takes a square of their number.
    longest = len("%41") * len(root)
    end = path.find("/", 1, longest + 1)
    while end != -1:
        if unquote(path[:end]) == root:
            return path[end:]
        end = path.find("/", end + 1, longest + 1)
    return "/" if len(path) <= longest and unquote(path) == root else None


def quote(path: str) -> str:
    """Percent-encode native text as a path."""
    return _quotable().sub(_quoted, path)


@cache  # servers that give the target as it came leave nothing to do
def _quotable() -> re.Pattern[str]:
    # Everything but RFC 3986's `pchar` and the slash.
    return re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/]")


def quote_rest(path: str) -> str:
    """Percent-encode what is not ASCII in a path that is percent-encoded already."""
    return path if path.isascii() else "".join(c if c < "\x80" else f"%{ord(c):02X}" for c in path)


def unquote(path: str) -> str:
    """Decode percent escapes to native text; malformed ones stay, as servers leave them."""
    return _escape().sub(_unquoted, path) if "%" in path else path


@cache  # few clients send it
def _origin() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@cache  # most paths have none
def _escape() -> re.Pattern[str]:
    return re.compile(r"%([0-9A-Fa-f]{2})")


def _quoted(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _unquoted(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _server_name(environ: WSGIEnvironment) -> str:
    """The server's own name (PEP 3333 "URL Reconstruction"); HTTP/1.0 clients send no Host."""
    name: str = environ["SERVER_NAME"]
    port: str = environ["SERVER_PORT"]
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return name if port == _DEFAULT_PORTS.get(environ["wsgi.url_scheme"]) else f"{name}:{port}"


def read_body(environ: WSGIEnvironment, platform: Platform) -> Input | Unreadable | None:
    """The body, or None where there is none.

    A body that nobody reads is left where it is: PEP 3333 has the server see to what follows on the
    connection, since only it knows how the body is framed.
    """
    length: str = environ.get("CONTENT_LENGTH") or ""
    if length == "0":
        return None
    if len(length) <= _MOST_DIGITS and length.isascii() and length.isdigit():
        return Input(environ["wsgi.input"], int(length), platform)
    if length:
        # Not a number: nothing is read, and whoever asks gets the core's 400.
        return Input(environ["wsgi.input"], 0, platform)
    if not environ.get("wsgi.input_terminated"):
        # A read without a length might wait for the peer's next request.
        return Unreadable() if "HTTP_TRANSFER_ENCODING" in environ else None
    if "HTTP_TRANSFER_ENCODING" not in environ and _is_http_1(environ):
        # RFC 9112 section 6.3: neither length nor coding means no body.
        return None
    return Input(environ["wsgi.input"], None, platform)


def _is_http_1(environ: WSGIEnvironment) -> bool:
    protocol: str = environ.get("SERVER_PROTOCOL", "")
    return protocol.startswith("HTTP/1")


class Unreadable:
    """A body that the server hands over without a way to find its end (wsgiref, chunked)."""

    def __iter__(self) -> Iterator[bytes]:
        raise self._refusal()

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise self._refusal()

    def _refusal(self) -> PeerError:
        return PeerError(
            "The body has no Content-Length, and this server cannot read it without. Send one.",
            status=411,
        )


class Input:
    """`wsgi.input` as an iterable of chunks, for synchronous and asynchronous readers alike.

    Args:
        stream: `wsgi.input`; it is never closed (PEP 3333 "Input and Error Streams").
        remaining: how many bytes to read, or None for all up to the end, where the server
            promises one (`wsgi.input_terminated`).
        platform: tells asynchronous readers where a read may block.
    """

    __slots__ = ("_platform", "_read", "_remaining")

    def __init__(self, stream: Any, remaining: int | None, platform: Platform) -> None:
        # `read` waits until all bytes are there; `read1`, where there is one, gives what arrived.
        # Beyond a known length only `read` is what servers bound.
        partial = None if remaining is None else getattr(stream, "read1", None)
        self._read: Callable[[int], bytes] = partial or stream.read
        self._remaining = remaining
        self._platform = platform

    def whole_here(self, length: int) -> bytes | None:
        """The body, where it is of that length and of one chunk; see `Body.bytes`."""
        if self._remaining != length or length > CHUNK_SIZE:
            return None
        data = self._next()
        while self._remaining and (more := self._next()):
            data += more
        return data

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._next():
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # No trip to where it may block for an end that is known already.
        while self._remaining != 0 and (chunk := await self._platform.run_blocking(self._next)):
            yield chunk

    def _next(self) -> bytes:
        size = CHUNK_SIZE if self._remaining is None else min(CHUNK_SIZE, self._remaining)
        if not size:
            return b""
        try:
            chunk = self._read(size)
        except Exception as error:
            # A connection that broke or malformed chunked coding; gunicorn raises its own class.
            from portico import DisconnectError

            raise DisconnectError from error
        if self._remaining is not None:
            self._remaining -= len(chunk)
        return chunk
