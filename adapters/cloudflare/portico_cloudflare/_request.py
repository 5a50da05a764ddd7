"""The runtime's request to `Request`: the URL and the header fields; `_body` has the rest.

JavaScript has text where HTTP has bytes: the runtime decodes field values and the URL as UTF-8.
Here they are encoded again, so that each character stands for one byte, as everywhere in Portico.
Bytes that are not UTF-8 are U+FFFD by then.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from portico.contract import NativeRequest
from portico_cloudflare._body import read_body

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import Platform
    from portico_cloudflare._javascript import JavaScript


_until_path = re.compile("[/?]")
_not_ascii = re.compile(r"[^\x00-\x7f]+")
# A comma between two cookies, which is followed by a name (RFC 6265 section 4.1.1); one inside the
# value of a cookie is not.
_between_cookies = re.compile(r", (?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)")


class WorkerRequest(NativeRequest):
    """A request over the one of JavaScript, of which it reads the header fields when it is asked.

    Each attribute of an object of JavaScript and each call costs microseconds, so that none is
    looked up twice.
    """

    __slots__ = ("_fields", "_javascript", "_root_path", "_scheme")

    _fields: Any
    _javascript: JavaScript
    _root_path: str
    _scheme: str

    @classmethod
    def read(cls, native: Any, platform: Platform, javascript: JavaScript) -> WorkerRequest:
        """The request of a call.

        Args:
            native: the `Request` of JavaScript.
            platform: the platform of the call.
            javascript: the runtime.
        """
        fields, root_path = native.headers, platform.root_path
        host: str = fields.get("host") or ""
        url = split_url(native.url, host)
        request = cls(
            native.method,
            below(url.target, root_path),
            url.query,
            read_body(native, fields, javascript),
            platform.options.limits,
            to_wire(host or url.authority),
        )
        request._fields, request._javascript = fields, javascript
        request._root_path, request._scheme = root_path, url.scheme
        return request

    def _read_headers(self) -> Headers:
        from portico import Headers

        return Headers.from_pairs(read_fields(self._fields, self._javascript))

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


def split_url(url: str, host: str) -> Url:
    """Take a request's URL apart without changing it, which JavaScript's `URL` would.

    The runtime puts it together of the scheme, the Host field and the request target, as they came.
    So a Host of `example/admin?` would pass for a part of the path, if it were not known.

    Args:
        url: without a fragment; the runtime drops it.
        host: the Host field, or `""`.
    """
    scheme, _, rest = url.partition("://")
    authority = host if host and rest.startswith(host) else _until_path.split(rest, 1)[0]
    target, _, query = rest[len(authority) :].partition("?")
    # The target may be `*` (RFC 9112 section 3.2.4).
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


def read_fields(headers: Any, javascript: JavaScript) -> list[tuple[str, str]]:
    """The header fields, which the runtime has lower-cased, sorted and joined by name.

    Fields are joined with commas (RFC 9110 section 5.3), but those of cookies need semicolons, with
    which RFC 9113 section 8.2.3 joins them.
    """
    fields: list[list[str]] = javascript.array_from(headers).to_py()
    return [
        (name, to_wire(_between_cookies.sub("; ", value) if name == "cookie" else value))
        for name, value in fields
    ]


def to_wire(value: str) -> str:
    """The text in which each character stands for a byte of what JavaScript has decoded."""
    return value if value.isascii() else value.encode().decode("latin-1")
