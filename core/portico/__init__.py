"""Portico: typed web applications for every runtime.

One application answers a `Request` with a `Response`; thin adapters put it behind ASGI
(`portico_asgi`), WSGI (`portico_wsgi`), AWS Lambda (`portico_lambda`) and Cloudflare Workers
(`portico_cloudflare`).
"""

from typing import TYPE_CHECKING

from portico._app import Portico
from portico._body import BodyLimits
from portico._context import Context
from portico._errors import (
    BodyNotReadError,
    BodyTimeoutError,
    BodyTooLargeError,
    BodyUsedError,
    CapabilityError,
    DefinitionError,
    DisconnectError,
    HTTPError,
    InvalidInputError,
    PeerError,
    PorticoError,
    UndeclaredAnswerError,
    UnfinishedWorkError,
    UnhandledEventError,
)
from portico._headers import Headers
from portico._hook import Hooks, macro
from portico._key import Key, StateKey, use
from portico._reply import Problem, Reply, status
from portico._request import Request
from portico._response import Response

if TYPE_CHECKING:
    from portico._abort import AbortController, AbortError, AbortSignal
    from portico._blob import Blob, File
    from portico._broker import Broker, BrokerError, Deliver, LocalBroker
    from portico._cookie_options import CookieOptions
    from portico._event_record import (
        BusEvent,
        EventKind,
        ObjectEvent,
        QueueMessage,
        ScheduledEvent,
        StreamRecord,
        TableChange,
        TopicMessage,
    )
    from portico._fault import Fault
    from portico._faults import SchemaError
    from portico._file import file
    from portico._form_data import FormData
    from portico._group import Group
    from portico._json import MalformedJSONError, UnencodableError
    from portico._multipart import MultipartError, MultipartLimitError, MultipartLimits
    from portico._multipart_parts import Part, SyncPart
    from portico._redirect import redirect
    from portico._reply import (
        OK,
        Accepted,
        BadGateway,
        BadRequest,
        Conflict,
        ContentTooLarge,
        Created,
        FailedDependency,
        Forbidden,
        GatewayTimeout,
        Gone,
        ImATeapot,
        InsufficientStorage,
        InternalServerError,
        Locked,
        LoopDetected,
        MethodNotAllowed,
        MultiStatus,
        NoContent,
        NotAcceptable,
        NotFound,
        PaymentRequired,
        PreconditionFailed,
        PreconditionRequired,
        RequestTimeout,
        ResetContent,
        ServiceUnavailable,
        TooEarly,
        TooManyRequests,
        Unauthorized,
        UnavailableForLegalReasons,
        UnprocessableContent,
        UnsupportedMediaType,
        UpgradeRequired,
    )
    from portico._route_info import RouteInfo
    from portico._schema import Schema, register_schema, schema_for
    from portico._server_sent_event import ServerSentEvent
    from portico._socket import Socket
    from portico._span import Span
    from portico._sse import sse
    from portico._unreached import UnreachedHookWarning
    from portico._upload import upload
    from portico._url import URL
    from portico._url_error import URLError
    from portico._url_search_params import URLSearchParams
    from portico._websocket import WebSocket
else:
    # Modules that many applications do without, and the names that each is loaded for.
    _WHEN_ASKED_FOR = {
        "_abort": (
            "AbortController",
            "AbortError",
            "AbortSignal",
        ),
        "_blob": (
            "Blob",
            "File",
        ),
        "_broker": (
            "Broker",
            "BrokerError",
            "BrokerError",
            "Deliver",
            "LocalBroker",
        ),
        "_cookie_options": ("CookieOptions",),
        "_event_record": (
            "BusEvent",
            "EventKind",
            "ObjectEvent",
            "QueueMessage",
            "ScheduledEvent",
            "StreamRecord",
            "TableChange",
            "TopicMessage",
        ),
        "_fault": ("Fault",),
        "_faults": ("SchemaError",),
        "_file": ("file",),
        "_form_data": ("FormData",),
        "_group": ("Group",),
        "_json": (
            "MalformedJSONError",
            "UnencodableError",
        ),
        "_multipart": (
            "MultipartError",
            "MultipartLimitError",
            "MultipartLimits",
        ),
        "_multipart_parts": (
            "Part",
            "SyncPart",
        ),
        "_redirect": ("redirect",),
        "_reply": (
            "OK",
            "Accepted",
            "BadGateway",
            "BadRequest",
            "Conflict",
            "ContentTooLarge",
            "Created",
            "FailedDependency",
            "Forbidden",
            "GatewayTimeout",
            "Gone",
            "ImATeapot",
            "InsufficientStorage",
            "InternalServerError",
            "Locked",
            "LoopDetected",
            "MethodNotAllowed",
            "MultiStatus",
            "NoContent",
            "NotAcceptable",
            "NotFound",
            "PaymentRequired",
            "PreconditionFailed",
            "PreconditionRequired",
            "RequestTimeout",
            "ResetContent",
            "ServiceUnavailable",
            "TooEarly",
            "TooManyRequests",
            "Unauthorized",
            "UnavailableForLegalReasons",
            "UnprocessableContent",
            "UnsupportedMediaType",
            "UpgradeRequired",
        ),
        "_route_info": ("RouteInfo",),
        "_schema": (
            "Schema",
            "register_schema",
            "schema_for",
        ),
        "_server_sent_event": ("ServerSentEvent",),
        "_socket": ("Socket",),
        "_span": ("Span",),
        "_sse": ("sse",),
        "_unreached": ("UnreachedHookWarning",),
        "_upload": ("upload",),
        "_url": ("URL",),
        "_url_error": ("URLError",),
        "_url_search_params": ("URLSearchParams",),
        "_websocket": ("WebSocket",),
    }

    def __getattr__(name: str) -> object:
        for module, names in _WHEN_ASKED_FOR.items():
            if name in names:
                found = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "OK",
    "URL",
    "AbortController",
    "AbortError",
    "AbortSignal",
    "Accepted",
    "BadGateway",
    "BadRequest",
    "Blob",
    "BodyLimits",
    "BodyNotReadError",
    "BodyTimeoutError",
    "BodyTooLargeError",
    "BodyUsedError",
    "Broker",
    "BrokerError",
    "BusEvent",
    "CapabilityError",
    "Conflict",
    "ContentTooLarge",
    "Context",
    "CookieOptions",
    "Created",
    "DefinitionError",
    "Deliver",
    "DisconnectError",
    "EventKind",
    "FailedDependency",
    "Fault",
    "File",
    "Forbidden",
    "FormData",
    "GatewayTimeout",
    "Gone",
    "Group",
    "HTTPError",
    "Headers",
    "Hooks",
    "ImATeapot",
    "InsufficientStorage",
    "InternalServerError",
    "InvalidInputError",
    "Key",
    "LocalBroker",
    "Locked",
    "LoopDetected",
    "MalformedJSONError",
    "MethodNotAllowed",
    "MultiStatus",
    "MultipartError",
    "MultipartLimitError",
    "MultipartLimits",
    "NoContent",
    "NotAcceptable",
    "NotFound",
    "ObjectEvent",
    "Part",
    "PaymentRequired",
    "PeerError",
    "Portico",
    "PorticoError",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "QueueMessage",
    "Reply",
    "Request",
    "RequestTimeout",
    "ResetContent",
    "Response",
    "RouteInfo",
    "ScheduledEvent",
    "Schema",
    "SchemaError",
    "ServerSentEvent",
    "ServiceUnavailable",
    "Socket",
    "Span",
    "StateKey",
    "StreamRecord",
    "SyncPart",
    "TableChange",
    "TooEarly",
    "TooManyRequests",
    "TopicMessage",
    "URLError",
    "URLSearchParams",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UndeclaredAnswerError",
    "UnencodableError",
    "UnfinishedWorkError",
    "UnhandledEventError",
    "UnprocessableContent",
    "UnreachedHookWarning",
    "UnsupportedMediaType",
    "UpgradeRequired",
    "WebSocket",
    "file",
    "macro",
    "redirect",
    "register_schema",
    "schema_for",
    "sse",
    "status",
    "upload",
    "use",
]
