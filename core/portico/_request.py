"""`Request`: what the peer asked, lazily read (Fetch Standard 5.3, as far as a server needs it)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from portico._body import NO_LIMITS, Body, BodyLimits, clone_source
from portico._body_reading import BodySource
from portico._errors import PeerError
from portico._headers import Headers, HeadersInit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from portico._abort import AbortSignal
    from portico._response import BodyInit
    from portico._url import URL
    from portico.contract import Platform

__all__ = ["BodyLimits", "NativeRequest", "Request", "path_of"]

# Of a length; what has more is no length that anything could have.
_MOST_DIGITS: Final = 18

# Hosts that were found well-formed, as text and as bytes. A service sees few; the bound is for
# those who try.
valid_hosts: Final[set[str | bytes]] = set()
_VALID_HOSTS_LIMIT = 256


class Request(Body):
    """One request: method, URL, headers, body and abort signal.

    Args:
        url: an absolute URL.
        method: any token; the well-known ones are upper-cased.
        headers: header fields; a body of a kind that has a type brings its Content-Type.
        body: text, bytes, a `Blob`, `FormData`, `URLSearchParams`, or an iterable of bytes.
        signal: aborted when the caller is no longer interested.

    Attributes:
        method: the method, as the peer wrote it.
        raw_path: the path as it came, percent-encoded, without the root path of the application.
        raw_query: the query as it came, without the question mark.
    """

    __slots__ = (
        "_cookies",
        "_handled_by",
        "_host_read",
        "_scheme_read",
        "_signal",
        "_url",
        "method",
        "raw_path",
        "raw_query",
    )

    _url: URL | None
    _signal: AbortSignal | None

    def __init__(
        self,
        url: str | URL,
        *,
        method: str = "GET",
        headers: HeadersInit | None = None,
        body: BodyInit = None,
        signal: AbortSignal | None = None,
    ) -> None:
        from portico._response import extract_body
        from portico._url import URL

        if not _is_method()(method):
            raise ValueError(
                f"The method {method!r} is not valid. A method is a token, such as 'GET' "
                "(RFC 9110 section 9.1)."
            )
        upper = method.upper()
        self.method: str = upper if upper in _NORMALIZED_METHODS else method
        if body is not None and self.method in ("GET", "HEAD"):
            raise ValueError(f"A {self.method} request has no body (Fetch Standard 5.4).")
        self._url = URL(url) if isinstance(url, str) else url
        self.raw_path: str = self._url.pathname or "/"
        self.raw_query: str = self._url.search.removeprefix("?")
        self._headers = Headers(headers)
        self._source, content_type = extract_body(body)
        if content_type:
            self._headers.set_default("content-type", content_type)
        self._init_lazy(NO_LIMITS)
        self._signal = signal

    def _init_lazy(self, limits: BodyLimits) -> None:
        self._data: bytes | None = None
        self._form = None
        self._used = False
        self.limits = limits
        self._host_read: str | bytes | None = None
        self._scheme_read: str | None = None
        self._signal = None
        self._handled_by: Platform | None = None
        self._cookies: dict[str, str] | None = None

    @property
    def url(self) -> URL:
        """The URL that the peer asked for, as the server understands it.

        Raises:
            PeerError: the Host field is malformed (400).
        """
        if self._url is None:
            from portico._url import URL, URLError

            host = self.checked_host()
            query = f"?{self.raw_query}" if self.raw_query else ""
            root = self._read_root_path()
            try:
                self._url = URL(f"{self.scheme}://{host}{root}{self.raw_path}{query}")
            except URLError as error:
                raise PeerError(f"The request has the malformed Host {host!r}.") from error
        return self._url

    @property
    def host(self) -> str:
        """The Host field with its port, as the peer wrote it; the server's own name without one."""
        return self._own_host()

    def _own_host(self) -> str:
        host = self._host_read
        if not isinstance(host, str):
            host = self._read_host() if host is None else host.decode("latin-1")
            self._host_read = host
        return host

    def checked_host(self) -> str:
        """The `host`, held to the grammar of RFC 9112 section 3.2.

        Raises:
            PeerError: it is malformed (400).
        """
        return well_formed_host(self.host)

    @property
    def scheme(self) -> str:
        """`"http"` or `"https"`, as the server understands it."""
        if self._scheme_read is None:
            self._scheme_read = self._read_scheme()
        return self._scheme_read

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the peer sent, by name; the first of a name wins."""
        if self._cookies is None:
            from portico._cookies import parse_cookies

            self._cookies = parse_cookies(self.headers.get_all("cookie"))
        return self._cookies

    def _cookie_field(self) -> str | None:
        """The `Cookie` field, several as one; None where there is none."""
        fields = self.headers.get_all("cookie")
        return "; ".join(fields) if fields else None

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the peer is known to be gone."""
        if self._signal is None:
            if self._handled_by is not None:
                return self._handled_by.signal
            from portico._abort import AbortSignal

            self._signal = AbortSignal()
        return self._signal

    @property
    def has_body(self) -> bool:
        """Whether a body may follow: bytes in memory, or a stream that may turn out empty."""
        return bool(self._data) or self._source is not None

    @property
    def body(self) -> AsyncIterator[bytes] | None:
        """The body as a stream, or None where there is none; reading it consumes the body."""
        return self.stream() if self.has_body else None

    def clone(self) -> Request:
        """A second request with the same body, which both can read.

        What one of the two has read and the other has not is kept in memory.

        Raises:
            BodyUsedError: the body was consumed and not kept.
        """
        copy = Request.__new__(Request)
        copy.method, copy.raw_path, copy.raw_query = self.method, self.raw_path, self.raw_query
        copy._url = self.url
        copy._headers = Headers(self.headers)
        copy._source = clone_source(self)
        copy._init_lazy(self.limits)
        copy._data, copy._form, copy._signal = self._data, self._form, self._signal
        copy._used = self._used
        return copy

    def _declared_length(self) -> int | None:
        encoding = self.headers.get("content-encoding")
        if encoding is not None and encoding.lower() not in ("", "identity"):
            raise PeerError(
                f"The body has the content encoding {encoding!r}, which is not decoded here. "
                "Send it without one.",
                status=415,
                headers={"accept-encoding": "identity"},
            )
        return content_length(self.headers)

    # What a native request overrides; the URL and headers of this class are always there.

    def _read_host(self) -> str:
        return self.url.host

    def _read_scheme(self) -> str:
        return self.url.protocol.removesuffix(":")

    def _read_root_path(self) -> str:
        return ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.raw_path}>"


class NativeRequest(Request):
    """A request over a native object, which reads nothing from it before it is asked.

    For implementers of adapters: call `__init__` with what routing needs (or set what it sets,
    where a call for each request is too much) and override the four `_read_` methods, each of which
    is called once at most. Where the native object gives one field for less than all of them,
    override `_content_type`, `_cookie_field` and `_declared_length` too: they say what `headers`
    say, also after those were changed.

    Args:
        method: as the peer wrote it.
        target: the request target (RFC 9112 section 3.2) without the query, percent-encoded
            ASCII, without the root path. The absolute form is reduced to its path.
        query: the query as it came, without the question mark.
        source: the body: bytes that are there, an iterable that blocks, an asynchronous iterable,
            or None where it is known that there is none. An iterable that is both serves both.
        limits: those of the adapter's options.
        host: the Host field, where it was read already; bytes are decoded when somebody asks.
    """

    __slots__ = ()

    def __init__(
        self,
        method: str,
        target: str,
        query: str,
        source: BodySource,
        limits: BodyLimits,
        host: str | bytes | None = None,
    ) -> None:
        self.method = method
        self.raw_path: str = path_of(target)
        self.raw_query = query
        self._source = source
        self.limits = limits
        self._host_read = host
        # As `_init_lazy` does it: one of these is made for every request.
        self._url = self._headers = self._scheme_read = self._signal = None
        self._data = self._form = self._handled_by = self._cookies = None
        self._used = False

    @property
    def host(self) -> str:
        """The host that a believed proxy tells of, else the Host field; see `Options`."""
        platform = self._handled_by
        if platform is not None and platform.options.trust is not None:
            host = platform.forwarding.host
            if host is not None:
                return host
        return self._own_host()

    @property
    def scheme(self) -> str:
        """`"http"` or `"https"`: what a believed proxy tells of, else as the server says."""
        if self._scheme_read is None:
            platform = self._handled_by
            trusted = platform is not None and platform.options.trust is not None
            scheme = platform.forwarding.scheme if platform is not None and trusted else None
            self._scheme_read = scheme or self._read_scheme()
        return self._scheme_read

    def _read_headers(self) -> Headers:
        """The header fields."""
        raise NotImplementedError

    def _read_host(self) -> str:
        """The Host field as it came, or the server's own name and port."""
        raise NotImplementedError

    def _read_scheme(self) -> str:
        """`"http"` or `"https"`."""
        raise NotImplementedError

    def _read_root_path(self) -> str:
        """The path under which the application is mounted, percent-encoded, or `""`."""
        return ""


_NORMALIZED_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})


# Expressions are compiled with the first text that asks for one, which most processes never see.


@cache
def _is_method() -> Callable[[str], object]:
    return re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


@cache
def host_expression() -> Callable[[str], object]:
    # A host name, IPv4 or bracketed IPv6 address, and a port (RFC 9112 section 3.2, RFC 3986
    # 3.2.2). The comma of RFC 3986 is left out: it is how CGI-style servers join two Host fields.
    return re.compile(
        r"(?:[A-Za-z0-9_~!$&'()*+;=%.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?"
    ).fullmatch


@cache
def _absolute_form() -> Callable[[str], re.Match[str] | None]:
    return re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*").match


def is_plain_host(host: str) -> bool:
    """Whether a host has nothing but letters, digits, dots and hyphens, and maybe a port."""
    name, _, port = host.partition(":")
    if not name.isascii() or not name.replace(".", "").replace("-", "").isalnum():
        return False
    return not port or (_is_number(port) and len(port) <= 5)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def well_formed_host(host: str) -> str:
    """The host, held to the grammar of RFC 9112 section 3.2.

    Raises:
        PeerError: it is malformed (400).
    """
    if host not in valid_hosts:
        if not is_plain_host(host) and not host_expression()(host):
            raise PeerError(f"The request has the malformed Host {host!r}.")
        if len(valid_hosts) < _VALID_HOSTS_LIMIT:
            valid_hosts.update((host, host.encode("latin-1")))
    return host


def content_length(headers: Headers) -> int | None:
    """What the Content-Length says, strictly (RFC 9110 section 8.6).

    Raises:
        PeerError: it is not a decimal number, or several fields differ (400).
    """
    values = headers.get_all("content-length")
    if not values or values == [""]:  # wsgiref gives an empty text for an absent field
        return None
    distinct = {value.strip(" \t") for joined in values for value in joined.split(",")}
    text = distinct.pop()
    if distinct or not (_is_number(text) and len(text) <= _MOST_DIGITS):
        raise PeerError(f"The request has the malformed Content-Length {', '.join(values)!r}.")
    return int(text)


def path_of(target: str) -> str:
    """The path of a request target, which may have the absolute form; `*` (asterisk form) stays."""
    if target.startswith("/"):
        return target
    if target in ("", "*"):
        return target or "/"
    match = _absolute_form()(target)
    return (target[match.end() :] or "/") if match else f"/{target}"
