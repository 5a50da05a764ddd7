"""Cookies (RFC 6265): those that came, and those that the answer sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

_is_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# RFC 6265 section 4.1.1 cookie-octet, without the percent sign, which escapes the others.
_plain = re.compile(r"[!#$&'()*+\-./0-9:<=>?@A-Z\[\]^_`a-z{|}~]*").fullmatch
_escape = re.compile(rb"%([0-9A-Fa-f]{2})")
_no_control = re.compile(r"[\x20-\x3a\x3c-\x7e]*").fullmatch

SameSite = Literal["lax", "strict", "none"]

_EPOCH: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


def parse_cookies(fields: Iterable[str]) -> dict[str, str]:
    """The cookies of the `Cookie` fields by name; of a name sent twice the first wins.

    Leniently, as RFC 6265 section 5.4 lets user agents send them: pairs without `=` are left out,
    quotes around a value are dropped, and percent escapes of UTF-8 are decoded.
    """
    cookies: dict[str, str] = {}
    for field in fields:
        for pair in field.split(";"):
            name, equals, value = pair.partition("=")
            name = name.strip()
            if equals and name and name not in cookies:
                cookies[name] = _decoded(value.strip())
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


def _encoded(value: str) -> str:
    if _plain(value):
        return value
    return "".join(
        char if _plain(char) else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in value
    )


class Cookie:
    """One cookie by name. Setting an attribute or the value makes the answer set it.

    Attributes:
        value: what came, or what is to be set; None where there is none.
        path, domain, max_age, secure, http_only, same_site, partitioned: RFC 6265bis attributes;
            `max_age` in seconds, None for a session cookie.
    """

    __slots__ = (
        "_came",
        "_removed",
        "_touched",
        "_untouched",
        "_value",
        "domain",
        "http_only",
        "max_age",
        "name",
        "partitioned",
        "path",
        "same_site",
        "secure",
    )

    def __init__(self, name: str, came: str | None, *, secure: bool) -> None:
        self.name: str = name
        self._came = came
        self._value = came
        self._removed = False
        self._touched = False
        self.path: str = "/"
        self.domain: str | None = None
        self.max_age: int | None = None
        self.secure: bool = secure
        self.http_only: bool = True
        self.same_site: SameSite | None = "lax"
        self.partitioned: bool = False
        self._untouched = self._state()

    def _state(self) -> tuple[object, ...]:
        """The attributes, to see whether one of them was set."""
        return (
            self.path,
            self.domain,
            self.max_age,
            self.secure,
            self.http_only,
            self.same_site,
            self.partitioned,
        )

    @property
    def value(self) -> str | None:
        """What came, or what is to be set."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        self._value = value
        self._removed = False
        self._touched = value != self._came

    def set(
        self,
        value: str,
        *,
        path: str = "/",
        domain: str | None = None,
        max_age: int | None = None,
        secure: bool | None = None,
        http_only: bool = True,
        same_site: SameSite | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Set the value and the attributes; the answer sends it even if the value is the same."""
        self._value, self._removed, self._touched = value, False, True
        self.path, self.domain, self.max_age = path, domain, max_age
        self.secure = self.secure if secure is None else secure
        self.http_only, self.same_site, self.partitioned = http_only, same_site, partitioned

    def remove(self, *, path: str | None = None, domain: str | None = None) -> None:
        """Make the peer forget it; path and domain must be those that it was set with."""
        self.path = self.path if path is None else path
        self.domain = self.domain if domain is None else domain
        self._value, self._removed, self._touched = None, True, True

    def line(self) -> str | None:
        """The `Set-Cookie` value, or None where nothing is to be set."""
        if not self._touched and (self._value is None or self._state() == self._untouched):
            return None
        parts = [f"{self.name}={_encoded(self._value or '')}"]
        if self._removed:
            parts += ["Max-Age=0", f"Expires={_EPOCH}"]
        elif self.max_age is not None:
            parts.append(f"Max-Age={self.max_age}")
        parts += self._attributes()
        return "; ".join(parts)

    def _attributes(self) -> Iterator[str]:
        if self.domain is not None:
            yield f"Domain={_attribute('domain', self.domain)}"
        yield f"Path={_attribute('path', self.path)}"
        if self.secure or self.same_site == "none" or self.partitioned:
            yield "Secure"  # browsers refuse the other two without it
        if self.http_only:
            yield "HttpOnly"
        if self.same_site is not None:
            yield f"SameSite={self.same_site.title()}"
        if self.partitioned:
            yield "Partitioned"


class CookieJar:
    """The cookies of one request and its answer, by name.

    `ctx.cookies["session"]` always gives a `Cookie`; iteration gives the names that came.
    """

    __slots__ = ("_came", "_cookies", "_secure")

    def __init__(self, came: Mapping[str, str], *, secure: bool) -> None:
        self._came = came
        self._secure = secure
        self._cookies: dict[str, Cookie] = {}

    def __getitem__(self, name: str) -> Cookie:
        cookie = self._cookies.get(name)
        if cookie is None:
            if not _is_name(name):
                raise ValueError(
                    f"The cookie name {name!r} is not valid. A name is a token (RFC 6265 4.1.1)."
                )
            cookie = Cookie(name, self._came.get(name), secure=self._secure)
            self._cookies[name] = cookie
        return cookie

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value that a cookie came with or was given."""
        value = self[name].value
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return name in self._came

    def __iter__(self) -> Iterator[str]:
        return iter(self._came)

    def __len__(self) -> int:
        return len(self._came)

    def set_cookie_lines(self) -> list[str]:
        """The `Set-Cookie` values of the cookies that changed, in the order of first touch."""
        lines = [cookie.line() for cookie in self._cookies.values()]
        return [line for line in lines if line is not None]


def _attribute(name: str, value: str) -> str:
    if not _no_control(value):
        raise ValueError(
            f"The cookie attribute {name} is {value!r}. It is ASCII text without semicolons and "
            "control characters (RFC 6265 section 4.1.1)."
        )
    return value
