"""Answers with a status: `status()`, and the types that declare them.

`Reply[Literal[404], Problem]` is what `status(404, Problem("no such user"))` returns, and
`NotFound[Problem]` is its name in a handler's annotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, overload

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


# The statuses that an application answers with of its own accord, by their names in the IANA
# registry. For a redirect there is `redirect()`; 501 has a name that Python gave away.
ALIASES: Final[dict[int, str]] = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "NoContent",
    205: "ResetContent",
    207: "MultiStatus",
    400: "BadRequest",
    401: "Unauthorized",
    402: "PaymentRequired",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    418: "ImATeapot",
    422: "UnprocessableContent",
    423: "Locked",
    424: "FailedDependency",
    425: "TooEarly",
    426: "UpgradeRequired",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    451: "UnavailableForLegalReasons",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    507: "InsufficientStorage",
    508: "LoopDetected",
}

if TYPE_CHECKING:
    OK = Reply[Literal[200], T]
    Created = Reply[Literal[201], T]
    Accepted = Reply[Literal[202], T]
    NoContent = Reply[Literal[204], T]
    ResetContent = Reply[Literal[205], T]
    MultiStatus = Reply[Literal[207], T]
    BadRequest = Reply[Literal[400], T]
    Unauthorized = Reply[Literal[401], T]
    PaymentRequired = Reply[Literal[402], T]
    Forbidden = Reply[Literal[403], T]
    NotFound = Reply[Literal[404], T]
    MethodNotAllowed = Reply[Literal[405], T]
    NotAcceptable = Reply[Literal[406], T]
    RequestTimeout = Reply[Literal[408], T]
    Conflict = Reply[Literal[409], T]
    Gone = Reply[Literal[410], T]
    PreconditionFailed = Reply[Literal[412], T]
    ContentTooLarge = Reply[Literal[413], T]
    UnsupportedMediaType = Reply[Literal[415], T]
    ImATeapot = Reply[Literal[418], T]
    UnprocessableContent = Reply[Literal[422], T]
    Locked = Reply[Literal[423], T]
    FailedDependency = Reply[Literal[424], T]
    TooEarly = Reply[Literal[425], T]
    UpgradeRequired = Reply[Literal[426], T]
    PreconditionRequired = Reply[Literal[428], T]
    TooManyRequests = Reply[Literal[429], T]
    UnavailableForLegalReasons = Reply[Literal[451], T]
    InternalServerError = Reply[Literal[500], T]
    BadGateway = Reply[Literal[502], T]
    ServiceUnavailable = Reply[Literal[503], T]
    GatewayTimeout = Reply[Literal[504], T]
    InsufficientStorage = Reply[Literal[507], T]
    LoopDetected = Reply[Literal[508], T]

    # One of these as a literal stays a literal, which a bound type variable would widen to `int`.
    Code = TypeVar(
        "Code",
        Literal[200],
        Literal[201],
        Literal[202],
        Literal[203],
        Literal[204],
        Literal[205],
        Literal[206],
        Literal[207],
        Literal[300],
        Literal[301],
        Literal[302],
        Literal[303],
        Literal[304],
        Literal[307],
        Literal[308],
        Literal[400],
        Literal[401],
        Literal[402],
        Literal[403],
        Literal[404],
        Literal[405],
        Literal[406],
        Literal[407],
        Literal[408],
        Literal[409],
        Literal[410],
        Literal[411],
        Literal[412],
        Literal[413],
        Literal[414],
        Literal[415],
        Literal[416],
        Literal[417],
        Literal[418],
        Literal[421],
        Literal[422],
        Literal[423],
        Literal[424],
        Literal[425],
        Literal[426],
        Literal[428],
        Literal[429],
        Literal[431],
        Literal[451],
        Literal[500],
        Literal[501],
        Literal[502],
        Literal[503],
        Literal[504],
        Literal[505],
        Literal[507],
        Literal[508],
        Literal[511],
    )
else:

    def __getattr__(name: str) -> object:
        """The type of a name in `ALIASES`; an application has few of them, and none is cheap."""
        for code, alias in ALIASES.items():
            if alias == name:
                found = globals()[name] = Reply[Literal[code], T]
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


@overload
def status(code: Code, /, *, headers: HeadersInit | None = None) -> Reply[Code, None]: ...
@overload
def status(code: Code, value: T, /, *, headers: HeadersInit | None = None) -> Reply[Code, T]: ...
@overload
def status(code: S, /, *, headers: HeadersInit | None = None) -> Reply[S, None]: ...
@overload
def status(code: S, value: T, /, *, headers: HeadersInit | None = None) -> Reply[S, T]: ...
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
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
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
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Required",
}


def phrase(code: int) -> str:
    """The reason phrase of a status (IANA HTTP status code registry); `""` for others."""
    return PHRASES.get(code, "")
