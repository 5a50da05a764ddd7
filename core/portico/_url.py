"""`URL`, the class of the URL Standard (section 6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._url_error import URLError
from portico._url_parser import parse_url
from portico._url_percent import USERINFO, percent_encode, scalar_values
from portico._url_plain import parse_plain_url
from portico._url_search_params import URLSearchParams
from portico._url_setters import (
    set_fragment,
    set_host,
    set_hostname,
    set_path,
    set_port,
    set_query,
    set_scheme,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico._url_record import URLRecord

__all__ = ["URL", "URLError"]


def _parse_absolute(text: str) -> URLRecord:
    return parse_plain_url(text) or parse_url(text)


class URL:
    """A URL, parsed and normalized as browsers do (URL Standard section 6.1).

    Every part is text and never `None`; an absent part is empty. Assigning to a part parses the
    value as that part; as in the standard a value that does not fit is ignored, except for `href`.
    Two URLs are equal when their `href` is. A URL can change, so it has no hash: use `url.href` as
    a key.

    Args:
        url: an absolute URL, or with a base one that is relative to it.
        base: the URL that a relative one is resolved against.

    Raises:
        URLError: `url` or `base` is no URL, `url` is relative without a base, or the host has
            non-ASCII characters and the `idna` package is not installed.
    """

    __slots__ = ("_record", "_search_params")

    def __init__(self, url: str, base: str | URL | None = None) -> None:
        if base is None:
            self._record = _parse_absolute(url)
        else:
            base_record = _parse_absolute(base) if isinstance(base, str) else base._record
            self._record = parse_url(url, base_record)
        self._search_params: URLSearchParams | None = None

    @classmethod
    def parse(cls, url: str, base: str | URL | None = None) -> URL | None:
        """The URL, or `None` where the constructor would raise `URLError`."""
        try:
            return cls(url, base)
        except URLError:
            return None

    @classmethod
    def can_parse(cls, url: str, base: str | URL | None = None) -> bool:
        """Whether the constructor would give a URL."""
        return cls.parse(url, base) is not None

    @property
    def href(self) -> str:
        """The whole URL."""
        return self._record.serialize()

    @href.setter
    def href(self, value: str) -> None:
        """Replace the whole URL. Raises `URLError`, and changes nothing, if it is none."""
        self._record = _parse_absolute(value)
        if self._search_params is not None:
            self._search_params.relink(self._record, self._record.query)

    @property
    def origin(self) -> str:
        """Scheme, host and port; the text `null` for what has no origin, such as a file URL."""
        record = self._record
        if record.scheme == "blob":
            inner = URL.parse(record.path)
            has_origin = inner is not None and inner.protocol in ("http:", "https:")
            return inner.origin if inner is not None and has_origin else "null"
        if not record.is_special or record.scheme == "file":
            return "null"
        return f"{record.scheme}://{record.authority}"

    @property
    def protocol(self) -> str:
        """The scheme with its colon: `https:`."""
        return f"{self._record.scheme}:"

    @protocol.setter
    def protocol(self, value: str) -> None:
        self._change(set_scheme, value)

    @property
    def username(self) -> str:
        """The username, percent-encoded."""
        return self._record.username

    @username.setter
    def username(self, value: str) -> None:
        if self._record.can_have_credentials_or_port:
            self._record.username = percent_encode(scalar_values(value), USERINFO)

    @property
    def password(self) -> str:
        """The password, percent-encoded."""
        return self._record.password

    @password.setter
    def password(self, value: str) -> None:
        if self._record.can_have_credentials_or_port:
            self._record.password = percent_encode(scalar_values(value), USERINFO)

    @property
    def host(self) -> str:
        """The host, and the port where it is not the scheme's default: `example.com:8080`."""
        return self._record.authority

    @host.setter
    def host(self, value: str) -> None:
        self._change(set_host, value)

    @property
    def hostname(self) -> str:
        """The host alone: `example.com`, `127.0.0.1`, `[::1]`."""
        return self._record.host or ""

    @hostname.setter
    def hostname(self, value: str) -> None:
        self._change(set_hostname, value)

    @property
    def port(self) -> str:
        """The port in decimal digits; empty where it is the scheme's default."""
        port = self._record.port
        return "" if port is None else str(port)

    @port.setter
    def port(self, value: str) -> None:
        self._change(set_port, value)

    @property
    def pathname(self) -> str:
        """The path, percent-encoded: `/users/42`."""
        return self._record.path

    @pathname.setter
    def pathname(self, value: str) -> None:
        self._change(set_path, value)

    @property
    def search(self) -> str:
        """The query with its `?`, percent-encoded; empty where the query is."""
        query = self._record.query
        return f"?{query}" if query else ""

    @search.setter
    def search(self, value: str) -> None:
        self._change(set_query, value)
        if self._search_params is not None:
            # The standard parses the value as it was given, not the query that it became.
            self._search_params.relink(self._record, value.removeprefix("?"))

    @property
    def search_params(self) -> URLSearchParams:
        """The query as names and values: always the same object, linked both ways."""
        if self._search_params is None:
            self._search_params = URLSearchParams.linked_to(self._record, self._record.query)
        return self._search_params

    @property
    def hash(self) -> str:
        """The fragment with its `#`, percent-encoded; empty where the fragment is."""
        fragment = self._record.fragment
        return f"#{fragment}" if fragment else ""

    @hash.setter  # noqa: A003 - the property above, not the builtin
    def hash(self, value: str) -> None:
        self._change(set_fragment, value)

    def _change(self, setter: Callable[[URLRecord, str], None], value: str) -> None:
        try:
            setter(self._record, scalar_values(value))
        except URLError:
            # "Basic URL parse the given value": section 6.1 ignores its failure.
            return

    def __str__(self) -> str:
        return self.href

    def __eq__(self, other: object) -> bool:
        return self.href == other.href if isinstance(other, URL) else NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.href!r})"
