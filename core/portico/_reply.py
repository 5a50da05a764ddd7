"""Answers with a status: `status()`, and the types that declare them.

`Reply[Literal[404], Problem]` is what `status(404, Problem("no such user"))` returns, and
`NotFound[Problem]` is its name in a handler's annotation.
"""

from __future__ import annotations

from typing import Any, Final, Generic, Literal, TypeVar, overload

from portico._headers import Headers, HeadersInit

S = TypeVar("S", bound=int)
T = TypeVar("T")
S_co = TypeVar("S_co", bound=int, covariant=True)
T_co = TypeVar("T_co", covariant=True)


class Reply(Generic[S_co, T_co]):
    """A value with the status to send it with.

    Attributes:
        code: 200 to 599.
        value: what a handler could have returned.
        headers: header fields for this answer, or None.
    """

    __slots__ = ("code", "headers", "value")

    def __init__(self, code: S_co, value: T_co, headers: Headers | None = None) -> None:
        self.code: S_co = code
        self.value: T_co = value
        self.headers: Headers | None = headers

    def __repr__(self) -> str:
        return f"Reply({self.code}, {self.value!r})"


class Problem:
    """A problem detail (RFC 9457), sent as `application/problem+json`.

    Args:
        detail: what happened this time, for the peer to read.
        title: what kind of problem it is; the status's own phrase without one.
        type: a URI that names the kind of problem.
        instance: a URI of this occurrence.
        extensions: further members (RFC 9457 section 3.2), which must have a JSON form.
    """

    __slots__ = ("detail", "extensions", "instance", "title", "type")

    def __init__(
        self,
        detail: str | None = None,
        *,
        title: str | None = None,
        type: str = "about:blank",
        instance: str | None = None,
        **extensions: object,
    ) -> None:
        if "status" in extensions:
            raise TypeError(
                "A problem has the status that it is sent with: `status(code, problem)`."
            )
        self.detail: str | None = detail
        self.title: str | None = title
        self.type: str = type
        self.instance: str | None = instance
        self.extensions: dict[str, object] = extensions

    def __repr__(self) -> str:
        return f"Problem({self.detail!r})"


OK = Reply[Literal[200], T]
Created = Reply[Literal[201], T]
Accepted = Reply[Literal[202], T]
NoContent = Reply[Literal[204], T]
BadRequest = Reply[Literal[400], T]
Unauthorized = Reply[Literal[401], T]
PaymentRequired = Reply[Literal[402], T]
Forbidden = Reply[Literal[403], T]
NotFound = Reply[Literal[404], T]
MethodNotAllowed = Reply[Literal[405], T]
NotAcceptable = Reply[Literal[406], T]
Conflict = Reply[Literal[409], T]
Gone = Reply[Literal[410], T]
PreconditionFailed = Reply[Literal[412], T]
ContentTooLarge = Reply[Literal[413], T]
UnsupportedMediaType = Reply[Literal[415], T]
UnprocessableContent = Reply[Literal[422], T]
TooManyRequests = Reply[Literal[429], T]
InternalServerError = Reply[Literal[500], T]
BadGateway = Reply[Literal[502], T]
ServiceUnavailable = Reply[Literal[503], T]
GatewayTimeout = Reply[Literal[504], T]


@overload
def status(
    code: Literal[200], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[200], T]: ...
@overload
def status(
    code: Literal[201], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[201], T]: ...
@overload
def status(
    code: Literal[202], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[202], T]: ...
@overload
def status(
    code: Literal[204], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[204], T]: ...
@overload
def status(
    code: Literal[400], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[400], T]: ...
@overload
def status(
    code: Literal[401], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[401], T]: ...
@overload
def status(
    code: Literal[402], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[402], T]: ...
@overload
def status(
    code: Literal[403], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[403], T]: ...
@overload
def status(
    code: Literal[404], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[404], T]: ...
@overload
def status(
    code: Literal[405], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[405], T]: ...
@overload
def status(
    code: Literal[406], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[406], T]: ...
@overload
def status(
    code: Literal[409], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[409], T]: ...
@overload
def status(
    code: Literal[410], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[410], T]: ...
@overload
def status(
    code: Literal[412], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[412], T]: ...
@overload
def status(
    code: Literal[413], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[413], T]: ...
@overload
def status(
    code: Literal[415], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[415], T]: ...
@overload
def status(
    code: Literal[422], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[422], T]: ...
@overload
def status(
    code: Literal[429], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[429], T]: ...
@overload
def status(
    code: Literal[500], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[500], T]: ...
@overload
def status(
    code: Literal[502], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[502], T]: ...
@overload
def status(
    code: Literal[503], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[503], T]: ...
@overload
def status(
    code: Literal[504], value: T, /, *, headers: HeadersInit | None = None
) -> Reply[Literal[504], T]: ...
@overload
def status(code: S, /, *, headers: HeadersInit | None = None) -> Reply[S, None]: ...
@overload
def status(code: int, value: T, /, *, headers: HeadersInit | None = None) -> Reply[int, T]: ...
def status(
    code: int, value: object = None, /, *, headers: HeadersInit | None = None
) -> Reply[Any, Any]:
    """An answer with a status.

    Args:
        code: 200 to 599.
        value: anything that a handler can return. A status of 400 or more without a value is sent
            as a problem with the status's phrase.
        headers: header fields for this answer.
    """
    if not 200 <= code <= 599:
        raise ValueError(f"status() got the code {code!r}. A response has one of 200 to 599.")
    return Reply(code, value, None if headers is None else Headers(headers))


PHRASES: Final[dict[int, str]] = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a Teapot",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
    508: "Loop Detected",
    511: "Network Authentication Required",
}


def phrase(code: int) -> str:
    """The reason phrase of a status (IANA HTTP status code registry); `""` for others."""
    return PHRASES.get(code, "")
