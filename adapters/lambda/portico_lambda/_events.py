"""From an event to the parts of a request: one function for each shape, named here.

What the services do to a path and a query on their way, and what has to be done about it:

============  ==============================  ==============================================
shape         path                            query
============  ==============================  ==============================================
`rest`        as sent                         decoded, by name: encoded again
`http`        decoded, with its stage:        as sent
              encoded again, split
`url`         as sent                         as sent
`alb`         as sent                         as sent, by name: joined again
`edge`        as sent                         as sent
`lattice-v1`  as sent, with the query         as sent
`lattice-v2`  as sent                         decoded, by name: encoded again
============  ==============================  ==============================================

Nothing is ever decoded here: the core does that once, for every runtime.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from portico import PeerError
from portico_lambda._event_headers import gateway_peer, headers_of, host_of, scheme_of
from portico_lambda._fields import flag, required, table, text, texts
from portico_lambda._request import Parts, body_of
from portico_lambda._target import (
    before_resource,
    method_of,
    mounted,
    path_of_decoded,
    path_of_encoded,
    query_of_decoded_fields,
    query_of_encoded,
    stage_before,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico.contract import Peer
    from portico_lambda._fields import Fields
    from portico_lambda._shapes import Shape


def api_peer(event: Fields) -> Peer:
    """The client of either kind of API."""
    context = table(event, "requestContext")
    return gateway_peer(text(table(context, "http") or table(context, "identity"), "sourceIp"))


def rest(event: Fields, root_path: str | None) -> Parts:
    """API Gateway REST API (AWS payload format 1.0).

    `multiValueHeaders` is complete; the console's tests have `headers` alone. The stage is in
    `requestContext.path` and not in `path`. Behind a custom domain name the two are the same; see
    `_target`.
    """
    context = table(event, "requestContext")
    headers = headers_of(table(event, "multiValueHeaders") or table(event, "headers"))
    name, values = "queryStringParameters", table(event, "multiValueQueryStringParameters")
    whole = path_of_encoded(required(event, "path"))
    stage = text(context, "stage")
    if event.get("version") == "1.0":
        path, root = mounted(whole, root_path, stage)
    elif root_path is None:
        path, root = whole, stage_before(whole, text(context, "path"), stage)
        if event.get("path") == context.get("path"):
            path, root = before_resource(event, whole, text(event, "resource")) or (whole, "")
    else:
        path, root = mounted(whole, root_path)
    return Parts(
        method_of(event, "httpMethod"),
        path,
        query_of_decoded_fields(values or table(event, name)),
        headers,
        body_of(text(event, "body"), is_base64=flag(event, "isBase64Encoded")),
        host_of(headers, text(context, "domainName")),
        scheme_of(headers),
        root,
        gateway_peer(text(table(context, "identity"), "sourceIp")),
    )


def http(event: Fields, root_path: str | None) -> Parts:
    """API Gateway HTTP API (AWS payload format 2.0): its `rawPath` is decoded all the same."""
    path = path_of_decoded(required(event, "rawPath"))
    return _version_2(event, path, root_path)


def url(event: Fields, root_path: str | None) -> Parts:
    """Lambda function URL (AWS payload format 2.0): its `rawPath` is encoded."""
    path = path_of_encoded(required(event, "rawPath"))
    return _version_2(event, path, root_path)


def _version_2(event: Fields, whole: str, root_path: str | None) -> Parts:
    context = table(event, "requestContext")
    request = table(context, "http")
    headers = headers_of(table(event, "headers"), texts(event.get("cookies"), "cookies"))
    template = text(event, "routeKey").partition(" ")[2]
    by_route = None if root_path is not None else before_resource(event, whole, template)
    path, root = by_route or mounted(whole, root_path, text(context, "stage"))
    return Parts(
        method_of(request, "method"),
        path,
        query_of_encoded(text(event, "rawQueryString")),
        headers,
        body_of(text(event, "body"), is_base64=flag(event, "isBase64Encoded")),
        host_of(headers, text(context, "domainName")),
        scheme_of(headers),
        root,
        gateway_peer(text(request, "sourceIp")),
    )


_API_READERS: Final[dict[Shape, Callable[[Fields, str | None], Parts]]] = {
    "rest": rest,
    "http": http,
    "url": url,
}


def read_event(shape: Shape, event: Fields, root_path: str | None) -> Parts:
    """The parts of a request.

    Args:
        shape: that of the event.
        event: the event.
        root_path: the option of that name; None takes the stage.

    Raises:
        PeerError: a field is of another type than documented, or method or path are missing (400).
    """
    try:
        reader = _API_READERS.get(shape) or _network_reader(shape)
        return reader(event, root_path)
    except UnicodeEncodeError:
        raise PeerError("The event has a lone surrogate, which no text has.") from None


@cache
def _network_reader(shape: Shape) -> Callable[[Fields, str | None], Parts]:
    # A function has one trigger, mostly that of an API, and a cold start to keep short.
    import portico_lambda._network_events as network

    if shape == "edge":
        return network.edge
    if shape == "lattice-v1":
        return network.lattice_v1
    return network.lattice_v2 if shape == "lattice-v2" else network.alb
