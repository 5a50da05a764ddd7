"""Cookies (RFC 6265): those that came, and those that the answer sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from portico._cookie import Cookie
from portico._cookie_line import is_cookie_name
from portico._cookie_options import CookieOptions

_escape = re.compile(rb"%([0-9A-Fa-f]{2})")
_WHITESPACE: Final = " \t"  # RFC 6265 section 2.2 WSP

_DEFAULTS: Final = CookieOptions()


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

    __slots__ = ("_came", "_cookies", "_options", "_secure")

    def __init__(
        self, came: Mapping[str, str], *, secure: bool, options: CookieOptions | None = None
    ) -> None:
        self._came = came
        self._secure = secure
        self._options = _DEFAULTS if options is None else options
        self._cookies: dict[str, Cookie] = {}

    def __getitem__(self, name: str) -> Cookie:
        cookie = self._cookies.get(name)
        if cookie is None:
            if not is_cookie_name(name):
                raise ValueError(
                    f"The cookie name {name!r} is not valid. A name is a token (RFC 6265 4.1.1); "
                    "what others came with is in `ctx.request.cookies`."
                )
            cookie = self._cookies[name] = self._untouched(name)
        return cookie

    def _untouched(self, name: str) -> Cookie:
        options, came = self._options, self._came.get(name)
        defaults = options.defaults_of(name, https=self._secure)
        if not options.signs:
            return Cookie(name, came, defaults)
        value, is_current = options.read(name, came)
        return Cookie(name, value, defaults, options.secret_of(name), is_current=is_current)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value that a cookie came with or was given."""
        value = self[name].value
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
