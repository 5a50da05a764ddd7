"""What the setters of `URL` do to its record (URL Standard, section 6.1 "URL class").

The standard enters the parser in the middle, with a "state override", and ignores its failure: a
value that does not fit leaves the URL as it was. Here a failure is an `URLError`, which `URL`
suppresses. As in the standard, a failure may come after a first part was already set: the host of
`example.com:x` is.
"""

from __future__ import annotations

from typing import Final

from portico._url_host import parse_host
from portico._url_parser import (
    append_path,
    encode_query,
    find_authority_end,
    is_scheme,
    parse_file_host,
    parse_port,
    split_host,
    without_tabs_and_newlines,
)
from portico._url_percent import FRAGMENT, percent_encode
from portico._url_record import DEFAULT_PORTS, URLRecord

_DIGITS: Final = "0123456789"


def set_scheme(url: URLRecord, value: str) -> None:
    """The `protocol` setter; what follows a colon is ignored."""
    scheme = without_tabs_and_newlines(value).partition(":")[0].lower()
    if not is_scheme(scheme) or (scheme in DEFAULT_PORTS) != url.is_special:
        return
    if scheme == "file" and (url.includes_credentials or url.port is not None):
        return
    if url.scheme == "file" and not url.host:
        return
    url.scheme = scheme
    if url.port == DEFAULT_PORTS.get(scheme):
        url.port = None


def set_host(url: URLRecord, value: str) -> None:
    """The `host` setter; a value without a port leaves the port as it is."""
    _set_host(url, value, may_have_port=True)


def set_hostname(url: URLRecord, value: str) -> None:
    """The `hostname` setter; a value with a port is refused."""
    _set_host(url, value, may_have_port=False)


def _set_host(url: URLRecord, value: str, *, may_have_port: bool) -> None:
    if url.opaque_path:
        return
    value = without_tabs_and_newlines(value)
    value = value[: find_authority_end(value, 0, is_special=url.is_special)]
    if url.scheme == "file":
        url.host = parse_file_host(value)
        return
    host, colon, port = split_host(value)
    if colon and not (host and may_have_port):
        return
    if not host and (url.is_special or url.includes_credentials or url.port is not None):
        return
    url.host = parse_host(host, opaque=not url.is_special)
    if port:
        _set_leading_port(url, port)


def set_port(url: URLRecord, value: str) -> None:
    """The `port` setter; what follows the digits is ignored."""
    if not url.can_have_credentials_or_port:
        return
    if value:
        _set_leading_port(url, without_tabs_and_newlines(value))
    else:
        url.port = None


def _set_leading_port(url: URLRecord, value: str) -> None:
    digits = value[: len(value) - len(value.lstrip(_DIGITS))]
    if digits:
        url.port = parse_port(digits, url.scheme)


def set_path(url: URLRecord, value: str) -> None:
    """The `pathname` setter."""
    if url.opaque_path:
        return
    value = without_tabs_and_newlines(value)
    url.path = ""
    if value or url.is_special or url.host is None:
        starts = ("/", "\\") if url.is_special else "/"
        append_path(url, value[1:] if value.startswith(starts) else value)


def set_query(url: URLRecord, value: str) -> None:
    """The `search` setter; the empty text removes the query, `?` makes it empty."""
    url.query = (
        encode_query(without_tabs_and_newlines(value.removeprefix("?")), url) if value else None
    )


def set_fragment(url: URLRecord, value: str) -> None:
    """The `hash` setter; the empty text removes the fragment, `#` makes it empty."""
    url.fragment = (
        percent_encode(without_tabs_and_newlines(value.removeprefix("#")), FRAGMENT)
        if value
        else None
    )
