"""The events of a WebSocket API of API Gateway, and the handshake that the first one brings.

==============  ================================================================================
`eventType`     what is in it
==============  ================================================================================
`CONNECT`       header fields and query of the handshake; the answer's status decides
`MESSAGE`       `body`, and `isBase64Encoded` where the route converts to binary
`DISCONNECT`    `disconnectStatusCode` and `disconnectReason`
==============  ================================================================================

All have `requestContext.connectionId`, and none has a path: an API has a single URL.
"""

from __future__ import annotations

import os
from binascii import a2b_base64
from typing import TYPE_CHECKING, Final

from portico import PeerError
from portico.contract import Closed
from portico_lambda._connections import Connection
from portico_lambda._event_headers import gateway_peer, headers_of, host_of, scheme_of
from portico_lambda._fields import flag, required, seen, table, text
from portico_lambda._request import Parts
from portico_lambda._target import query_of_decoded_fields

if TYPE_CHECKING:
    from portico_lambda._fields import Fields

_TYPES: Final = ("CONNECT", "MESSAGE", "DISCONNECT")
_OWN_DOMAIN: Final = ".execute-api."
_NO_STATUS: Final = 1005
_ABNORMAL: Final = 1006


def is_socket_event(event: object) -> bool:
    """Whether it is one of a WebSocket API; an authorizer is asked about some, and is none."""
    fields = seen(event)
    context = seen(fields.get("requestContext"))
    return (
        "connectionId" in context
        and context.get("eventType") in _TYPES
        and "methodArn" not in fields
    )


def connection_of(event: Fields) -> Connection:
    """The connection that an event is about, and where to send to it.

    The domain of an event may be a custom one, whose mapping nothing tells: then the default
    endpoint of the API is taken.

    Raises:
        PeerError: a field is missing (400).
    """
    context = table(event, "requestContext")
    domain, stage = required(context, "domainName"), required(context, "stage")
    if _OWN_DOMAIN not in domain:
        region = os.environ.get("AWS_REGION", "")
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        domain = f"{required(context, 'apiId')}{_OWN_DOMAIN}{region}.{suffix}"
    return Connection(required(context, "connectionId"), f"https://{domain}/{stage}")


def handshake_of(event: Fields) -> Fields:
    """What of a CONNECT event is needed again with each event that follows."""
    context = table(event, "requestContext")
    query = "queryStringParameters"
    return {
        "headers": dict(table(event, "multiValueHeaders") or table(event, "headers")),
        "query": dict(table(event, "multiValueQueryStringParameters") or table(event, query)),
        "address": text(table(context, "identity"), "sourceIp"),
        "domain": text(context, "domainName"),
        "stage": text(context, "stage"),
    }


def parts_of(handshake: Fields, path: str, root_path: str | None) -> Parts:
    """The parts of the request that a connection began with.

    Args:
        handshake: that of `handshake_of`.
        path: the one that the application has the socket under.
        root_path: the option of that name; None takes the stage, where it is in the URL.
    """
    try:
        headers = headers_of(table(handshake, "headers"))
        query = query_of_decoded_fields(table(handshake, "query"))
    except UnicodeEncodeError:
        raise PeerError("The event has a lone surrogate, which no text has.") from None
    domain = text(handshake, "domain")
    stage = f"/{text(handshake, 'stage')}" if _OWN_DOMAIN in domain else ""
    return Parts(
        "GET",
        path,
        query,
        headers,
        None,
        host_of(headers, domain),
        scheme_of(headers),
        stage if root_path is None else root_path,
        gateway_peer(text(handshake, "address")),
    )


def message_of(event: Fields) -> str | bytes:
    """The message of an event; bytes where API Gateway has made them of a text in base64."""
    body = text(event, "body")
    if not flag(event, "isBase64Encoded"):
        return _checked(body)
    try:
        return a2b_base64(body, strict_mode=True)
    except ValueError as error:
        raise PeerError("The body is not base64, though the event says that it is.") from error


def _checked(body: str) -> str:
    try:
        body.encode()
    except UnicodeEncodeError:
        raise PeerError("The event has a lone surrogate, which no text has.") from None
    return body


def closed_of(event: Fields) -> Closed:
    """How the connection of a DISCONNECT event was closed; what is no close code is a loss."""
    context = table(event, "requestContext")
    code = context.get("disconnectStatusCode")
    if code is None:
        code = _NO_STATUS
    elif not isinstance(code, int) or not 1000 <= code <= 4999:
        code = _ABNORMAL
    return Closed(code, text(context, "disconnectReason"))
