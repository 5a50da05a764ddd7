"""Cookies (RFC 6265): those that came, and those that the answer sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from portico._cookie import Cookie
from portico._cookie_line import is_cookie_name
from portico._cookie_options import CookieOptions
from portico._headers import Headers

if TYPE_CHECKING:
    from portico._request import Request

_escape = re.compile(rb"%([0-9A-Fa-f]{2})")
_WHITESPACE: Final = " \t"  # RFC 6265 section 2.2 WSP

_DEFAULTS: Final = CookieOptions()

# Names that were found to be tokens. An application has few; the bound is for others.
_known_names: Final[set[str]] = set()
_MOST_NAMES: Final = 256


def parse_cookies(fields: Iterable[str]) -> dict[str, str]:
    """The cookies of the `Cookie` fields by name; of a name sent twice the first wins.

    Leniently, as RFC 6265 section 5.4 lets user agents send them: pairs without `=` are left out,
    quotes around a value are dropped, and percent escapes of UTF-8 are decoded.
    """
    cookies: dict[str, str] = {}
    for field in fields:
        for pair in field.split(";"):
            name, equals, value = pair.partition("=")
            # Not every white space: the last byte of "à" in UTF-8 is one in latin-1.
            name = name.strip(_WHITESPACE)
            if equals and name and name not in cookies:
                value = value.strip(_WHITESPACE)
                is_plain = value[:1] != '"' and "%" not in value
                cookies[name] = value if is_plain else _decoded(value)
    return cookies


def cookie_of(field: str, name: str) -> str | None:
    """The value of one cookie: `parse_cookies([field]).get(name)`, without the others."""
    at = field.find(name)
    if at < 0:
        return None
    begin = at + len(name) + 1
    if not at and field[begin - 1 : begin] == "=" and (value := field[begin:]).isalnum():
        return value  # the only cookie, of one word
    if (at and field[at - 2 : at] != "; ") or field[begin - 1 : begin] != "=" or not name:
        # What is found first is the name of no cookie, or not written as usual.
        return parse_cookies((field,)).get(name)
    end = field.find(";", begin)
    value = (field[begin:] if end < 0 else field[begin:end]).strip(_WHITESPACE)
    return value if value[:1] != '"' and "%" not in value else _decoded(value)


def _decoded(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if "%" not in value:
        return value
    try:
        data = _escape.sub(lambda m: bytes.fromhex(m[1].decode()), value.encode("latin-1"))
        return data.decode()
    except UnicodeError:
        return value


class CookieJar:
    """The cookies of one request and its answer, by name.

    `ctx.cookies["session"]` always gives a `Cookie`; iteration gives the names that came. A signed
    cookie whose signature is not good did not come. Nor did one whose name is no token, which could
    not be set: `ctx.request.cookies` has all of them, as they came.
    """

    __slots__ = ("_came_read", "_cookies", "_options", "_request", "_secure")

    def __init__(
        self, came: Mapping[str, str], *, secure: bool, options: CookieOptions | None = None
    ) -> None:
        self._came_read: Mapping[str, str] | None = came
        self._request: Request | None = None
        self._secure = secure
        self._options = _DEFAULTS if options is None else options
        self._cookies: dict[str, Cookie] = {}

    @classmethod
    def of(cls, request: Request, options: CookieOptions | None) -> CookieJar:
        """The cookies of a request, which reads of them what it is asked for."""
        jar = cls.__new__(cls)
        jar._came_read = request._cookies
        jar._request = request
        jar._secure = request.scheme == "https"
        jar._options = _DEFAULTS if options is None else options
        jar._cookies = {}
        return jar

    @property
    def _came(self) -> Mapping[str, str]:
        came = self._came_read
        if came is None:
            request = self._request
            came = self._came_read = {} if request is None else request.cookies
        return came

    def __getitem__(self, name: str) -> Cookie:
        cookie = self._cookies.get(name)
        if cookie is None:
            if name not in _known_names and not _is_name(name):
                raise ValueError(
                    f"The cookie name {name!r} is not valid. A name is a token (RFC 6265 4.1.1); "
                    "what others came with is in `ctx.request.cookies`."
                )
            cookie = self._cookies[name] = self._untouched(name)
        return cookie

    def _untouched(self, name: str) -> Cookie:
        request, options = self._request, self._options
        if self._came_read is not None or request is None or request._cookies is not None:
            came = self._came.get(name)
        else:
            field = request._cookie_field()
            came = None if field is None else cookie_of(field, name)
        defaults = None if name[:2] == "__" else options._defaults.get(self._secure)
        if defaults is None:
            defaults = options.defaults_of(name, https=self._secure)
        if not options._sign:
            return Cookie(name, came, defaults)
        value, is_current = options.read(name, came)
        return Cookie(name, value, defaults, options.secret_of(name), is_current=is_current)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value that a cookie came with or was given."""
        value = self[name]._value
        return default if value is None else value

    def came(self) -> list[tuple[str, str]]:
        """The names and values that came; of signed cookies, the values that are verified."""
        read = ((name, self._options.read(name, text)[0]) for name, text in self._came.items())
        return [(name, value) for name, value in read if value is not None]

    def _has(self, name: str) -> bool:
        text = self._came.get(name)
        return is_cookie_name(name) is not None and self._options.read(name, text)[0] is not None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._has(name)

    def __iter__(self) -> Iterator[str]:
        return filter(self._has, self._came)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def set_cookie_lines(self) -> list[str]:
        """The `Set-Cookie` values of the cookies that changed, in the order of first touch."""
        return [line for cookie in self._cookies.values() if (line := cookie.line()) is not None]

    def set_cookie_fields(self) -> list[tuple[str, str]]:
        """The same as fields for an answer; what is no value of a field raises `ValueError`."""
        fields: list[tuple[str, str]] = []
        for cookie in self._cookies.values():
            line = cookie.line()
            if line is not None:
                # What `Headers.append` does with what lines are.
                if line.isascii() and line.isprintable():
                    fields.append(("set-cookie", line.strip(" ")))
                else:
                    fields += Headers([("set-cookie", line)]).items()
        return fields


def _is_name(name: str) -> bool:
    is_name = is_cookie_name(name) is not None
    if is_name and len(_known_names) < _MOST_NAMES:
        _known_names.add(name)
    return is_name
