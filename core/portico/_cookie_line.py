"""The value of a `Set-Cookie` field, and what makes it one that browsers keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from datetime import datetime, timedelta

SameSite: TypeAlias = Literal["lax", "strict", "none"]
Priority: TypeAlias = Literal["low", "medium", "high"]

is_cookie_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# RFC 6265 section 4.1.1 cookie-octet, without the percent sign, which escapes the others.
_plain = re.compile(r"[!#$&'()*+\-./0-9:<=>?@A-Z\[\]^_`a-z{|}~]*").fullmatch
_no_control = re.compile(r"[\x20-\x3a\x3c-\x7e]+").fullmatch

_EPOCH: Final = "Thu, 01 Jan 1970 00:00:00 GMT"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_SAME_SITE: Final = {"lax": "Lax", "strict": "Strict", "none": "None"}
_PRIORITY: Final = {"low": "Low", "medium": "Medium", "high": "High"}

# RFC 6265 section 6.1: what a browser keeps at least of one cookie, its attributes counted.
_MOST: Final = 4096
# RFC 6265bis section 5: a longer value of an attribute is as if the attribute were not there.
_MOST_OF_ATTRIBUTE: Final = 1024


class CookieAttributes(TypedDict, total=False):
    """What a cookie has besides its name and its value (RFC 6265bis section 4.1.2).

    Attributes:
        path: of the requests that it comes back with, and of what is below.
        domain: of the hosts that it comes back to, with those below; None for this host alone.
        max_age: how long it is kept, in seconds or as a `timedelta`; None, and no `expires`, until
            the browser is closed.
        expires: when it ends, a `datetime` with a time zone; `max_age` wins where both are there.
        secure: whether it comes back over https alone; None for what the connection is.
        http_only: whether it is kept from scripts.
        same_site: whether requests that other sites cause have it; None leaves it to the browser.
        partitioned: whether it is kept apart for each site that embeds this one.
        priority: which ones a browser with too many keeps; of Chromium alone.
    """

    path: str
    domain: str | None
    max_age: int | timedelta | None
    expires: datetime | None
    secure: bool | None
    http_only: bool
    same_site: SameSite | None
    partitioned: bool
    priority: Priority | None


class CookieDefaults:
    """The attributes of the cookies of an application, as they are and as they are written.

    Attributes:
        attributes: every one, `secure` decided. They are not changed.
        text: what they add to a line.

    Raises:
        ValueError: one of them is not valid.
    """

    __slots__ = ("attributes", "text")

    def __init__(self, attributes: CookieAttributes) -> None:
        self.attributes: CookieAttributes = attributes
        self.text: str = "".join(
            f"; {each}" for each in (*lifetime(attributes), *reach(attributes))
        )


def write_default(name: str, value: str, defaults: CookieDefaults) -> str:
    """As `write_cookie`, of a cookie that has the attributes of its application."""
    is_word = value.isalnum() and value.isascii()  # which is plain, and nearly all are one
    if (is_word or _plain(value)) and name[:2] != "__":
        line = f"{name}={value}{defaults.text}"
        if len(line) <= _MOST:
            return line
    return write_cookie(name, value, defaults.attributes)


def write_cookie(name: str, value: str, attributes: CookieAttributes) -> str:
    """A line that sets a cookie.

    Raises:
        ValueError: browsers would not keep it, or not as it is meant.
    """
    return _line(name, value, attributes, lifetime(attributes))


def write_removal(name: str, attributes: CookieAttributes) -> str:
    """A line that makes the peer forget a cookie.

    Raises:
        ValueError: browsers would not heed it.
    """
    return _line(name, "", attributes, iter(("Max-Age=0", f"Expires={_EPOCH}")))


def _line(name: str, value: str, attributes: CookieAttributes, ends: Iterator[str]) -> str:
    try:
        check_prefix(name, attributes)
        line = "; ".join((f"{name}={_escaped(value)}", *ends, *reach(attributes)))
        if len(line) > _MOST:
            raise ValueError(
                f"It is {len(line)} bytes long with its attributes, and browsers drop what is over "
                f"{_MOST} (RFC 6265 section 6.1) without a word. Keep the data on the server, and "
                "its key in the cookie."
            )
    except ValueError as error:
        raise ValueError(f"The cookie {name!r} cannot be sent. {error}") from None
    return line


def lifetime(attributes: CookieAttributes) -> Iterator[str]:
    """The attributes that say when a cookie ends."""
    max_age, expires = attributes.get("max_age"), attributes.get("expires")
    if max_age is not None:
        yield f"Max-Age={_seconds(max_age)}"
    if expires is not None:
        yield f"Expires={_date(expires)}"


def reach(attributes: CookieAttributes) -> Iterator[str]:
    """The attributes that say which requests a cookie comes back with."""
    domain, path = attributes.get("domain"), attributes.get("path", "/")
    if domain is not None:
        yield f"Domain={_text('domain', domain)}"
    if path[:1] != "/":
        raise ValueError(
            f"The attribute path is {path!r}. It starts with a slash; browsers put that of the "
            "request in the place of another."
        )
    yield f"Path={_text('path', path)}"
    if _is_secure(attributes):
        yield "Secure"
    if attributes.get("http_only"):
        yield "HttpOnly"
    if (same_site := attributes.get("same_site")) is not None:
        yield f"SameSite={_word('same_site', same_site, _SAME_SITE)}"
    if attributes.get("partitioned"):
        yield "Partitioned"
    if (priority := attributes.get("priority")) is not None:
        yield f"Priority={_word('priority', priority, _PRIORITY)}"


def _is_secure(attributes: CookieAttributes) -> bool:
    # Browsers refuse the other two without it (RFC 6265bis section 5).
    return bool(
        attributes.get("secure")
        or attributes.get("same_site") == "none"
        or attributes.get("partitioned")
    )


def demands_secure(name: str) -> bool:
    """Whether browsers keep a cookie of this name only if it is secure."""
    return name[:2] == "__" and name.lower().startswith(("__host-", "__secure-"))


def check_prefix(name: str, attributes: CookieAttributes) -> None:
    """Hold a cookie to what its name promises (RFC 6265bis section 4.1.3).

    Raises:
        ValueError: it does not keep the promise, so that browsers drop it.
    """
    if demands_secure(name) and not _is_secure(attributes):
        raise ValueError(
            "Its name says that it is secure, and `secure` is False. Leave `secure` out, or "
            "choose a name without the prefix."
        )
    domain, path = attributes.get("domain"), attributes.get("path", "/")
    if name.lower().startswith("__host-") and (domain is not None or path != "/"):
        raise ValueError(
            f"Its name says that it is of this host alone, and it has the domain {domain!r} and "
            f"the path {path!r}. Set them to None and '/', or choose a name without the prefix."
        )


def _escaped(value: str) -> str:
    if _plain(value):
        return value
    try:
        return "".join(
            char if _plain(char) else "".join(f"%{byte:02X}" for byte in char.encode())
            for char in value
        )
    except UnicodeEncodeError:
        raise ValueError(
            "Its value has a lone surrogate, which UTF-8 has no form for. Take it out."
        ) from None


def _text(attribute: str, value: str) -> str:
    if not _no_control(value) or len(value) > _MOST_OF_ATTRIBUTE:
        raise ValueError(
            f"The attribute {attribute} is {value[:100]!r}. It is ASCII text without semicolons "
            f"and control characters, 1 to {_MOST_OF_ATTRIBUTE} characters long (RFC 6265 section "
            "4.1.1, RFC 6265bis section 5)."
        )
    return value


def _word(attribute: str, value: str, words: dict[str, str]) -> str:
    if value not in words:
        known = ", ".join(map(repr, words))
        raise ValueError(f"The attribute {attribute} is {value!r}. It is one of {known}, or None.")
    return words[value]


def _seconds(max_age: object) -> int:
    if isinstance(max_age, int):
        return int(max_age)
    from datetime import timedelta

    if not isinstance(max_age, timedelta):
        raise ValueError(
            f"The attribute max_age is {max_age!r}. It is a whole number of seconds or a timedelta."
        )
    return -(-max_age // timedelta(seconds=1))  # rounded up: zero would end it at once


def _date(expires: object) -> str:
    """The form of RFC 9110 section 5.6.7, which no locale changes."""
    from datetime import UTC, datetime

    if not isinstance(expires, datetime) or expires.utcoffset() is None:
        raise ValueError(
            f"The attribute expires is {expires!r}. It is a datetime with a time zone, such as "
            "`datetime.now(UTC) + timedelta(days=1)`."
        )
    utc = expires.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02} {month} {utc.year:04} {utc.strftime('%H:%M:%S')} GMT"
