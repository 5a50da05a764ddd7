"""The events of API Gateway and of function URLs that are as plain as most are, at one glance.

`_events` looks at each field by itself, so that it can say what is wrong with one. Here a field
that is missing, or of another type, or has what the general way would have to change, makes the
whole event one for that way. What is plain has the same request in the end.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from portico import PeerError
from portico_lambda._request import EventBody, LambdaRequest, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico import Headers
    from portico.contract import BodyLimits
    from portico_lambda._event_headers import FieldHeaders
    from portico_lambda._fields import Fields
    from portico_lambda._shapes import Shape

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# What `path_of_decoded`, `path_of_encoded` and `query_of_encoded` leave as it is. An expression for
# it would be compiled at each cold start.
_PLAIN_PATH: Final = (
    b"/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"
)
# What no value of a field has. `str.isprintable` says the same, and takes several times as long.
_CONTROLS: Final = bytes([*range(0x20), 0x7F])
# Digits of a Content-Length that is no attack; what is longer the core says.
_SHORT: Final = 12
_STAGES: Final = frozenset({"", "$default"})

# Names of fields, those of an event joined, that were found plain. Clients send few combinations of
# them; the bound is for those who try.
_plain_names: Final[set[str]] = set()
_PLAIN_NAMES_LIMIT = 256


# Loaded with the first request that needs it, which the first of a cold start may not be: the
# statement costs more than the call, each time.


@cache
def _headers_type() -> type[FieldHeaders]:
    from portico_lambda._event_headers import FieldHeaders

    return FieldHeaders


@cache
def _query_of() -> Callable[[Fields], str]:
    from portico_lambda._target import query_of_decoded_fields

    return query_of_decoded_fields


@cache
def _stage_before() -> Callable[[str, str, str], str]:
    from portico_lambda._target import stage_before

    return stage_before


class PlainRequest(LambdaRequest):
    """A request over the header fields of an event, by lower-cased name.

    Attributes:
        fields: those header fields.
        root_path: the stage, where that is in the URL.
        shape: that of the event.
    """

    __slots__ = ("fields", "root_path", "shape")

    fields: dict[str, str]
    root_path: str
    shape: Shape

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        source: EventBody,
        limits: BodyLimits,
        host: str,
        fields: dict[str, str],
    ) -> None:
        self.fields = fields
        # All that `super().__init__` does, without the call: one is made for every request.
        self.method, self.raw_path, self.raw_query = method, path, query
        self._source, self.limits, self._host_read = source, limits, host
        self._url = self._headers = self._scheme_read = self._signal = None
        self._data = self._form = self._handled_by = self._cookies = None
        self._used = False

    def _read_headers(self) -> Headers:
        return _headers_type()(self.fields)

    def _content_type(self) -> str | None:
        if self._headers is not None:  # which may have been changed
            return super()._content_type()
        return self.fields.get("content-type")

    def _cookie_field(self) -> str | None:
        if self._headers is not None:  # as above
            return super()._cookie_field()
        return self.fields.get("cookie")

    def _declared_length(self) -> int | None:
        fields = self.fields
        if "content-encoding" not in fields:
            length = fields.get("content-length", "")
            if length.isdigit() and length.isascii() and len(length) <= _SHORT:
                return int(length)
        return super()._declared_length()

    def _read_scheme(self) -> str:
        return "http" if self.fields.get("x-forwarded-proto") == "http" else "https"

    def _read_root_path(self) -> str:
        return self.root_path


def read_plain(event: Any, limits: BodyLimits) -> PlainRequest | None:
    """The request of a plain event, or None where it takes the general way."""
    try:
        if "Records" in event or "raw_path" in event or "methodArn" in event or "routeArn" in event:
            return None
        context = event["requestContext"]
        if "elb" in context:
            return None
        if "version" not in event:
            return _rest(event, context, limits)
        if event["version"] != "2.0" or "serviceArn" in context or "serviceNetworkArn" in context:
            return None
        return _version_2(event, context, limits)
    except (AttributeError, KeyError, PeerError, TypeError, ValueError):
        return None  # said better there


@cache  # many requests have no query
def _is_plain_query() -> Callable[[str], object]:
    return re.compile(r"[A-Za-z0-9/\-._~!$'()*,;:@?&+=%\[\]{}|^`\\]*").fullmatch


def _version_2(event: Any, context: Any, limits: BodyLimits) -> PlainRequest | None:
    """See `_events.http` and `_events.url`."""
    http = context["http"]
    query = event["rawQueryString"]
    if (query != "" and not _is_plain_query()(query)) or context["stage"] not in _STAGES:
        return None
    if event["routeKey"] != "$default":
        return None  # it says where the API is mounted
    fields = event["headers"]
    cookies = event.get("cookies")
    if cookies is not None:
        if type(cookies) is not list:
            return None
        fields = {**fields}
        if cookies:
            if type(fields.pop("cookie", "")) is not str:
                return None
            fields["cookie"] = "; ".join(cast("list[str]", cookies))
    domain = context["domainName"]
    if type(domain) is not str or type(http["sourceIp"]) is not str:
        return None
    request = _request(event, http["method"], event["rawPath"], query, fields, limits)
    if request is not None:
        request.root_path = ""
        request.shape = "url" if ".lambda-url." in domain else "http"
    return request


def _rest(event: Any, context: Any, limits: BodyLimits) -> PlainRequest | None:
    """See `_events.rest`."""
    several = event["multiValueHeaders"]
    # A field of several values is too many to unpack.
    fields = {name.lower(): value for name, (value,) in several.items()}
    if [*map(type, several.values())].count(list) != len(fields):
        return None
    query = event["multiValueQueryStringParameters"]
    if not query:
        if query is not None or event["queryStringParameters"] is not None:
            return None
    elif type(query) is not dict:
        return None
    path, stage, whole = event["path"], context["stage"], context["path"]
    if path == whole and path != f"/{event['pathParameters']['proxy']}":
        return None  # the resource says where the API is mounted
    for text in (context["domainName"], context["identity"]["sourceIp"], stage, whole):
        if type(text) is not str:
            return None
    raw_query = "" if query is None else _query_of()(cast("Fields", query))
    request = _request(event, event["httpMethod"], path, raw_query, fields, limits)
    if request is not None:
        request.root_path, request.shape = _stage_before()(path, whole, stage), "rest"
    return request


def _request(
    event: Any,
    method: Any,
    path: Any,
    query: str,
    fields: dict[str, str],
    limits: BodyLimits,
) -> PlainRequest | None:
    # Whatever is not a text cannot be joined.
    names, values = "".join(fields), "".join(fields.values())
    host, body, is_base64 = fields["host"], event.get("body"), event["isBase64Encoded"]
    if (
        method not in _METHODS
        or path[:1] != "/"
        or path.encode().translate(None, _PLAIN_PATH)
        or not host
        or not (names in _plain_names or _are_plain(names))
        or not values.isascii()
        or len(values.encode().translate(None, _CONTROLS)) != len(values)
        or (is_base64 is not False and is_base64 is not True)
    ):
        return None
    source: EventBody = None
    if body is not None:
        if type(body) is not str:
            return None
        source = body_of(body, is_base64=is_base64)
    return PlainRequest(method, path, query, source, limits, host, fields)


def _are_plain(names: str) -> bool:
    plain = names.isascii() and names.isprintable() and names == names.lower()
    if plain and len(_plain_names) < _PLAIN_NAMES_LIMIT:
        _plain_names.add(names)
    return plain
