"""Scope to `Request`: the target, the header fields and the body of ASGI 3.0's "HTTP" scope."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from portico.contract import NativeRequest, WireHeaders, path_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping

    from portico import Headers
    from portico.contract import BodyLimits, Options
    from portico_asgi._platform import AsgiPlatform

Scope: TypeAlias = "MutableMapping[str, Any]"

# RFC 3986 section 3.3: what stands in a path as it is, `pchar` and the slash.
_PATH = "/-._~!$&'()*+,;=:@"
_PLAIN = frozenset(f"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789{_PATH}")
# What a path that is encoded already may have: every visible ASCII character.
_VISIBLE = bytes(range(0x21, 0x7F))
# Digits of a Content-Length that is no attack; what is longer the core says.
_SHORT = 12
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What frames a body by its fields.
_HTTP_1 = frozenset({"1.0", "1.1"})
_SLASH = ord("/")


class AsgiRequest(NativeRequest):
    """A request over the scope, which it reads when it is asked.

    Args:
        scope: that of the call.
        platform: that of the call, which is told whether a body may come.
    """

    __slots__ = ("_fields", "_platform", "_scope")

    _scope: Scope
    _platform: AsgiPlatform
    # The header fields by name, or None where a name repeats.
    _fields: dict[bytes, bytes] | None

    def __init__(self, scope: Scope, platform: AsgiPlatform) -> None:
        headers, options = scope["headers"], platform.options
        by_name: dict[bytes, bytes] = dict(headers)
        host = by_name.get(b"host")
        # Names may repeat, or not be lower case.
        fields = by_name if host and len(by_name) == len(headers) else None
        if fields is None or b"transfer-encoding" in fields or scope["http_version"] not in _HTTP_1:
            platform.has_body = may_have_body(scope)
        elif b"content-length" in fields:
            platform.has_body = fields[b"content-length"] != b"0"
        raw: bytes | None = scope.get("raw_path")
        query: bytes = scope["query_string"]
        self._scope, self._platform, self._fields = scope, platform, fields
        # All that `super().__init__` does, without the call: one is made for every request.
        self.method: str = scope["method"]
        if (
            raw
            and raw[0] == _SLASH
            and raw.isascii()
            and not (scope.get("root_path") or options.root_path)
        ):
            self.raw_path: str = raw.decode()
        else:
            self.raw_path = path_of(read_target(scope, platform.root_path))
        self.raw_query: str = query.decode("latin-1") if query else ""
        self._source = AsgiBody(platform) if platform.has_body else None
        self.limits: BodyLimits = options.limits
        self._host_read = None if fields is None else host
        self._url = self._headers = self._scheme_read = self._signal = None
        self._data = self._form = self._handled_by = self._cookies = None
        self._used = False

    def _read_headers(self) -> Headers:
        headers = WireHeaders(self._scope["headers"], self._fields)
        if self._fields is None:
            cookies = headers.get_all("cookie")
            if len(cookies) > 1:
                # HTTP/2 may split the field (RFC 9113 section 8.2.3); a comma would not join it.
                return _with_cookie(headers, "; ".join(cookies))
        return headers

    def _content_type(self) -> str | None:
        fields = self._fields
        if fields is None or self._headers is not None:  # which may have been changed
            return super()._content_type()
        value = fields.get(b"content-type")
        if value == b"application/json":
            return "application/json"
        # A name that is not in lower case is not found.
        return super()._content_type() if value is None else value.decode("latin-1").strip(" \t")

    def _cookie_field(self) -> str | None:
        fields = self._fields
        value = None if fields is None or self._headers is not None else fields.get(b"cookie")
        # As above.
        return super()._cookie_field() if value is None else value.decode("latin-1").strip(" \t")

    def _declared_length(self) -> int | None:
        fields = self._fields
        if fields is not None and b"content-encoding" not in fields:
            length = fields.get(b"content-length")
            if length is not None and length.isdigit() and len(length) <= _SHORT:
                return int(length)
        return super()._declared_length()

    def _read_host(self) -> str:
        # Not of `headers`: every request is asked for its host, few for anything else.
        hosts = [value for name, value in self._scope["headers"] if name.lower() == b"host"]
        return b", ".join(hosts).decode("latin-1") or _server_name(self._scope)

    def _read_scheme(self) -> str:
        scheme: str = self._scope.get("scheme") or "http"
        return scheme

    def _read_root_path(self) -> str:
        return self._platform.root_path


def _with_cookie(headers: Headers, value: str) -> Headers:
    """The fields with one `cookie` in the place of the first of several.

    Its value is the peer's, and not held to what an answer may have.
    """
    from portico import Headers

    pairs = headers.items()
    place = next(index for index, (name, _) in enumerate(pairs) if name == "cookie")
    others = [pair for pair in pairs[place:] if pair[0] != "cookie"]
    return Headers.from_pairs([*pairs[:place], ("cookie", value), *others])


def read_root_path(scope: Scope, options: Options) -> str:
    """Where the application is mounted, percent-encoded: the option's, else the server's."""
    if options.root_path is not None:
        return options.root_path
    given: str = scope.get("root_path") or ""
    return _quoted(given.rstrip("/")) if given else ""


def read_target(scope: Scope, root_path: str) -> str:
    """The path below the root path, percent-encoded as the peer sent it where the server tells.

    `path` and `raw_path` include the root path (ASGI 3.0 "WSGI Compatibility": PATH_INFO is `path`
    without `root_path`), but behind a proxy that removed it they do not; then they stay whole.
    """
    raw: bytes | None = scope.get("raw_path")
    if raw is None:  # optional: "some HTTP servers may be unable to provide it"
        target = _quoted(scope["path"])
    elif raw.isascii():
        target = raw.decode("ascii")
    else:
        from urllib.parse import quote_from_bytes

        target = quote_from_bytes(raw, _VISIBLE)
    return _below(target, root_path) if root_path else target


def _quoted(path: str) -> str:
    if _PLAIN.issuperset(path):
        return path
    from urllib.parse import quote  # slow to load, and most servers tell the path as it came

    return quote(path, _PATH, errors="surrogateescape")


@cache  # only where a server says that there is a root path
def _origin() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def _below(target: str, root_path: str) -> str:
    """What follows the root path, which ends where a segment does; else the target as it is."""
    absolute = _origin().match(target)
    path = target[absolute.end() :] if absolute else target
    if path.startswith(f"{root_path}/"):
        return path[len(root_path) :]
    from urllib.parse import unquote

    root = unquote(root_path)
    # No longer prefix decodes to the root, and to try them all takes a square of their number.
    longest = len("%F0%9F%8D%95") * len(root)
    end = path.find("/", 1, longest + 1)
    while end != -1:
        if unquote(path[:end]) == root:
            return path[end:]
        end = path.find("/", end + 1, longest + 1)
    return "/" if len(path) <= longest and unquote(path) == root else target


def may_have_body(scope: Scope) -> bool:
    """Whether a body may follow, by its framing alone (RFC 9112 section 6.3)."""
    if scope["http_version"][:1] != "1":
        return _may_be_framed(scope)
    found = False
    for name, value in scope["headers"]:
        lowered = name.lower()
        if lowered == b"transfer-encoding":
            return True
        if lowered == b"content-length":
            found = value != b"0"
    return found


def _may_be_framed(scope: Scope) -> bool:
    """Whether a body may follow in HTTP/2 and HTTP/3, which frame one without any field.

    No server tells whether a request ended with its head, and to ask would take a turn of the loop.
    That of GET or HEAD did, where no field speaks of a body: one has no meaning there (RFC 9110
    section 9.3.1).
    """
    fields = {name.lower(): value for name, value in scope["headers"]}
    length: bytes | None = fields.get(b"content-length")
    if length is not None:
        return length != b"0"
    return scope["method"] not in ("GET", "HEAD") or b"content-type" in fields


def _server_name(scope: Scope) -> str:
    """The `server` of the scope as a Host value; a Unix socket has no port and no name."""
    server = scope.get("server")
    if not server or server[1] is None:
        return "localhost"
    name, port = server
    host = f"[{name}]" if ":" in name else name
    return host if port == _DEFAULT_PORTS.get(scope.get("scheme", "http")) else f"{host}:{port}"


class AsgiBody:
    """The chunks of a body, for `async for` on the event loop and `for` in its worker threads."""

    __slots__ = ("_platform",)

    def __init__(self, platform: AsgiPlatform) -> None:
        self._platform = platform

    @property
    def gather(self) -> Callable[[Callable[[bytes], bytes]], Awaitable[list[bytes]]]:
        """All that is left, at once; see `Body.bytes`."""
        return self._platform.inbox.rest

    @property
    def whole(self) -> Callable[[int | None, int | None], bytes | None]:
        """The body, where it is there now; see `Body.load`."""
        return self._platform.whole_body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._platform.inbox.chunk()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        from portico_asgi._threads import from_worker_thread

        chunk = from_worker_thread(self._platform.inbox.chunk)
        if chunk is None:
            raise StopIteration
        return chunk
