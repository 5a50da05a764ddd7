"""Trailer fields: which names may stand there, and their values when the content is complete.

RFC 9110 section 6.5.1 leaves out of a trailer section what has to be known before the content:
"message framing, routing, authentication, request modifiers, response controls, or content format".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from portico._errors import PorticoError
from portico._headers import Headers

TrailerValue: TypeAlias = Callable[[], str]

FORBIDDEN: Final = frozenset(
    {
        # message framing, and the fields of a connection (RFC 9113 section 8.2.2)
        *("connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
        # routing
        "host",
        # authentication, and the cookies that serve for it
        *("authorization", "cookie", "proxy-authenticate", "proxy-authorization", "set-cookie"),
        "www-authenticate",
        # request modifiers
        *("cache-control", "expect", "if-match", "if-modified-since", "if-none-match", "if-range"),
        *("if-unmodified-since", "max-forwards", "pragma", "range"),
        # response controls
        *("age", "date", "expires", "location", "retry-after", "vary", "warning"),
        # content format
        *("content-encoding", "content-range", "content-type"),
    }
)


def checked_trailers(fields: Mapping[str, TrailerValue]) -> dict[str, TrailerValue]:
    """The fields by their lower-cased names.

    Raises:
        ValueError: a name is none, or that of a field that must not stand behind the content.
        TypeError: a value is no function.
    """
    checked: dict[str, TrailerValue] = {}
    for name, value in fields.items():
        (lowered,) = Headers([(name, "")]).keys()
        if lowered in FORBIDDEN:
            raise ValueError(
                f"{name!r} was given as a trailer. A recipient needs it before the content (RFC "
                "9110 section 6.5.1). Set it as a header field, with `ctx.set.headers`."
            )
        if not callable(value):
            raise TypeError(
                f"The trailer {name!r} is {value!r}. Expected a function that gives its value, "
                "which is called behind the last of the content."
            )
        checked[lowered] = value
    return checked


def made_trailers(fields: Mapping[str, TrailerValue]) -> Headers:
    """The fields with their values, now that the content is complete.

    Raises:
        PorticoError: one could not be made; its cause says why.
    """
    made = Headers()
    for name, value_of in fields.items():
        try:
            made.append(name, value_of())
        except Exception as error:
            raise PorticoError(
                f"The trailer {name!r} could not be made: {error}. The answer is broken off, since "
                "its content is sent already. Give an empty text where there is nothing to say."
            ) from error
    return made
