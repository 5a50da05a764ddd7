"""Portico: typed web applications for every runtime.

One application answers a `Request` with a `Response`; thin adapters put it behind ASGI
(`portico_asgi`), WSGI (`portico_wsgi`), AWS Lambda (`portico_lambda`) and Cloudflare Workers
(`portico_cloudflare`).
"""

from portico._abort import AbortController, AbortError, AbortSignal
from portico._app import Portico
from portico._blob import Blob, File
from portico._body import BodyLimits
from portico._context import Context
from portico._errors import (
    BodyNotReadError,
    BodyTooLargeError,
    BodyUsedError,
    CapabilityError,
    DefinitionError,
    DisconnectError,
    HTTPError,
    InvalidInputError,
    PeerError,
    PorticoError,
)
from portico._faults import Fault, SchemaError
from portico._file import file
from portico._form_data import FormData
from portico._headers import Headers
from portico._json import MalformedJSONError, UnencodableError
from portico._key import Key, use
from portico._multipart import MultipartError, MultipartLimitError, MultipartLimits
from portico._multipart_parts import Part, SyncPart
from portico._redirect import redirect
from portico._reply import (
    Accepted,
    BadRequest,
    Conflict,
    Created,
    Forbidden,
    Gone,
    NotFound,
    Problem,
    Reply,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    status,
)
from portico._request import Request
from portico._response import Response
from portico._route import RouteInfo
from portico._schema import Schema, register_schema, schema_for
from portico._upload import upload
from portico._url import URL
from portico._url_error import URLError
from portico._url_search_params import URLSearchParams

__all__ = [
    "URL",
    "AbortController",
    "AbortError",
    "AbortSignal",
    "Accepted",
    "BadRequest",
    "Blob",
    "BodyLimits",
    "BodyNotReadError",
    "BodyTooLargeError",
    "BodyUsedError",
    "CapabilityError",
    "Conflict",
    "Context",
    "Created",
    "DefinitionError",
    "DisconnectError",
    "Fault",
    "File",
    "Forbidden",
    "FormData",
    "Gone",
    "HTTPError",
    "Headers",
    "InvalidInputError",
    "Key",
    "MalformedJSONError",
    "MultipartError",
    "MultipartLimitError",
    "MultipartLimits",
    "NotFound",
    "Part",
    "PeerError",
    "Portico",
    "PorticoError",
    "Problem",
    "Reply",
    "Request",
    "Response",
    "RouteInfo",
    "Schema",
    "SchemaError",
    "SyncPart",
    "TooManyRequests",
    "URLError",
    "URLSearchParams",
    "Unauthorized",
    "UnencodableError",
    "UnprocessableContent",
    "file",
    "redirect",
    "register_schema",
    "schema_for",
    "status",
    "upload",
    "use",
]
