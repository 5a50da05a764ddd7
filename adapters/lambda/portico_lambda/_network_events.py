"""The events of what stands in a network: load balancers, CloudFront, VPC Lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico_lambda._event_headers import (
    edge_headers,
    forwarded_peer,
    gateway_peer,
    headers_of,
    host_of,
    scheme_of,
)
from portico_lambda._fields import flag, required, table, text
from portico_lambda._request import Parts, TruncatedBody, body_of
from portico_lambda._shapes import first_record
from portico_lambda._target import (
    method_of,
    mounted,
    path_of_encoded,
    query_of_decoded_fields,
    query_of_encoded,
    query_of_encoded_fields,
)

if TYPE_CHECKING:
    from portico_lambda._fields import Fields
    from portico_lambda._request import EventBody


def alb(event: Fields, root_path: str | None) -> Parts:
    """Application Load Balancer; its health checks have no Host."""
    headers = headers_of(table(event, "multiValueHeaders") or table(event, "headers"))
    name, values = "queryStringParameters", table(event, "multiValueQueryStringParameters")
    path, root = mounted(path_of_encoded(required(event, "path")), root_path)
    return Parts(
        method_of(event, "httpMethod"),
        path,
        query_of_encoded_fields(values or table(event, name)),
        headers,
        body_of(text(event, "body"), is_base64=flag(event, "isBase64Encoded")),
        host_of(headers),
        scheme_of(headers),
        root,
        forwarded_peer(headers),
    )


def edge(event: Fields, root_path: str | None) -> Parts:
    """Lambda@Edge: the body is there only where the trigger includes it, and may be cut off.

    X-Forwarded-Proto is kept from functions, so that the scheme is taken to be the safer one.
    """
    cloudfront = table(first_record(event), "cf")
    request = table(cloudfront, "request")
    headers = edge_headers(table(request, "headers"))
    path, root = mounted(path_of_encoded(required(request, "uri")), root_path)
    body = table(request, "body")
    is_base64 = text(body, "encoding") != "text"
    return Parts(
        method_of(request, "method"),
        path,
        query_of_encoded(text(request, "querystring")),
        headers,
        TruncatedBody()
        if flag(body, "inputTruncated")
        else body_of(text(body, "data"), is_base64=is_base64),
        host_of(headers, text(table(cloudfront, "config"), "distributionDomainName")),
        "https",
        root,
        gateway_peer(text(request, "clientIp")),
    )


def lattice_v1(event: Fields, root_path: str | None) -> Parts:
    """VPC Lattice, event structure version 1: `raw_path` has the query."""
    raw_path, _, query = required(event, "raw_path").partition("?")
    body = body_of(text(event, "body"), is_base64=flag(event, "is_base64_encoded"))
    return _lattice(event, raw_path, query_of_encoded(query), body, root_path)


def lattice_v2(event: Fields, root_path: str | None) -> Parts:
    """VPC Lattice, event structure version 2."""
    query = query_of_decoded_fields(table(event, "queryStringParameters"))
    body = body_of(text(event, "body"), is_base64=flag(event, "isBase64Encoded"))
    return _lattice(event, required(event, "path"), query, body, root_path)


def _lattice(
    event: Fields, whole: str, query: str, body: EventBody, root_path: str | None
) -> Parts:
    """Lattice says nothing of the scheme, so that it is taken to be the safer one."""
    headers = headers_of(table(event, "headers"))
    path, root = mounted(path_of_encoded(whole or "/"), root_path)
    return Parts(
        method_of(event, "method"),
        path,
        query,
        headers,
        body,
        host_of(headers),
        "https",
        root,
        forwarded_peer(headers),
    )
