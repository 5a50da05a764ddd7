"""From a function's result to the HTTP response that an AWS service makes of it.

One function per shape. A service is strict about what a function returns: the
wrong field, a number for a header value or bad base64 is a 502 to the client,
and the function's author finds out in production. Here each such rule is a
`GatewayError` that says which one was broken.

| shape                  | status       | headers                        | cookies             |
|------------------------|--------------|--------------------------------|---------------------|
| `rest`                 | `statusCode` | `headers`, `multiValueHeaders` | `multiValueHeaders` |
| `http`, `url`          | `statusCode` | `headers`                      | `cookies`           |
| `alb`, `lattice-v1/v2` | `statusCode` | `headers`                      | one, in `headers`   |
| `alb-multi`            | `statusCode` | `multiValueHeaders`            | `multiValueHeaders` |
| `edge`                 | `status`     | `headers`, lists of objects    | `headers`           |
"""

import re
from http import HTTPStatus
from typing import cast

from ._lambda_answer import Answer, GatewayError, Headers, kind_of
from ._lambda_arrival import HOP_BY_HOP, EdgeEvent
from ._lambda_events import Shape
from ._lambda_network_events import EDGE_BODY_LIMITS, edge_disallows
from ._wire import WireRequest, WireResponse

__all__ = ["GatewayError", "from_result"]

# API Gateway renames these in a REST API's answer, as its clients see; those of
# function URLs report the same of WWW-Authenticate.
REST_REMAPPED = frozenset(
    {"authorization", "connection", "content-length", "date", "server", "www-authenticate"}
)
URL_REMAPPED = frozenset({"www-authenticate"})

# Docs (CloudFront, read-only headers in request triggers): an answer that has
# one is refused, Content-Length too, though the body is right there.
EDGE_READ_ONLY = frozenset(
    {
        "accept-encoding",
        "cdn-loop",
        "content-length",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "transfer-encoding",
        "via",
    }
)


def from_result(
    shape: Shape,
    result: object,
    request: WireRequest,
    *,
    binary: bool = True,
    edge_event: EdgeEvent = "origin-request",
) -> WireResponse:
    """The response a client gets when the function behind `shape` returns `result`.

    `result` passes through JSON first, as it does on its way to the service.
    `binary` says whether a REST API has `*/*` among its binary media types;
    without it a base64 body reaches the client as base64 text. `edge_event` is
    the CloudFront trigger. An answer to HEAD, a 204 and a 304 have no body.

    Raises `GatewayError` for a result that the service does not accept.
    """
    answer = Answer(shape, result)
    if shape == "rest":
        status, headers, body = _rest(answer, binary)
    elif shape in ("http", "url"):
        status, headers, body = _version_2(answer)
    elif shape == "edge":
        status, headers, body = _edge(answer, edge_event)
    elif shape == "alb-multi":
        status, headers, body = _alb_multi(answer)
    else:
        status, headers, body = _single_valued(answer)
    return _delivered(shape, request.method, status, headers, body)


def _rest(answer: Answer, binary: bool) -> tuple[int, Headers, bytes]:
    """API Gateway REST API: headers of both kinds, the multi-valued ones winning."""
    fields = answer.record(
        {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
    )
    status = answer.status_code(fields)
    several = answer.multi_headers(fields.get("multiValueHeaders") or {})
    taken = {name.lower() for name, _ in several}
    single = answer.single_headers(fields.get("headers") or {})
    headers = [pair for pair in single if pair[0].lower() not in taken] + several
    encoded = answer.flag(fields, "isBase64Encoded")
    return status, headers, answer.body(fields, encoded=encoded and binary, nullable=True)


def _version_2(answer: Answer) -> tuple[int, Headers, bytes]:
    """HTTP API and function URL, payload format 2.0."""
    result = answer.fields
    if not isinstance(result, dict) or "statusCode" not in result:
        return _inferred(answer)
    fields = answer.record({"statusCode", "headers", "cookies", "body", "isBase64Encoded"})
    status = answer.status_code(fields)
    headers = answer.single_headers(fields.get("headers") or {})
    for cookie in answer.texts(fields.get("cookies") or [], "cookies"):
        headers.append(answer.header("set-cookie", cookie))
    body = answer.body(fields, encoded=answer.flag(fields, "isBase64Encoded"), nullable=True)
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    return status, headers, body


def _inferred(answer: Answer) -> tuple[int, Headers, bytes]:
    """Docs: a result with no statusCode is the body of a 200, taken as JSON."""
    fields = answer.fields
    body = fields.encode("utf-8") if isinstance(fields, str) else answer.text
    return 200, [("content-type", "application/json")], body


def _single_valued(answer: Answer) -> tuple[int, Headers, bytes]:
    """Load balancer with multi-value headers off, and VPC Lattice."""
    fields = answer.record(
        {"statusCode", "statusDescription", "headers", "body", "isBase64Encoded"}
    )
    status = answer.status_code(fields)
    answer.status_description(fields, status)
    headers = answer.single_headers(fields.get("headers", {}))
    return status, headers, answer.body(fields, encoded=answer.flag(fields, "isBase64Encoded"))


def _alb_multi(answer: Answer) -> tuple[int, Headers, bytes]:
    """Load balancer with multi-value headers on: `headers` would be ignored."""
    fields = answer.record(
        {"statusCode", "statusDescription", "multiValueHeaders", "body", "isBase64Encoded"}
    )
    status = answer.status_code(fields)
    answer.status_description(fields, status)
    if "multiValueHeaders" not in fields:
        answer.refuse("multiValueHeaders is missing, with multi-value headers on it is required")
    headers = answer.multi_headers(fields["multiValueHeaders"])
    return status, headers, answer.body(fields, encoded=answer.flag(fields, "isBase64Encoded"))


def _edge(answer: Answer, event: EdgeEvent) -> tuple[int, Headers, bytes]:
    """CloudFront: an answer generated in a request trigger."""
    fields = answer.record({"status", "statusDescription", "headers", "body", "bodyEncoding"})
    status = fields.get("status")
    if not isinstance(status, str) or not re.fullmatch("[2-5][0-9]{2}", status):
        answer.refuse(f"status is {status!r}, a text from '200' to '599' is expected")
    if not isinstance(fields.get("statusDescription", ""), str):
        answer.refuse(f"statusDescription is {fields['statusDescription']!r}, a text is expected")
    encoding = fields.get("bodyEncoding", "text")
    if encoding not in ("text", "base64"):
        answer.refuse(f"bodyEncoding is {encoding!r}, 'text' or 'base64' is expected")
    headers = _edge_headers(answer, fields)
    body = answer.body(fields, encoded=encoding == "base64")
    size = len(body) + sum(len(name) + len(value) for name, value in headers)
    if size > EDGE_BODY_LIMITS[event]:
        answer.refuse(f"the answer has {size} bytes, the limit is {EDGE_BODY_LIMITS[event]}")
    return int(status), headers, body


def _edge_headers(answer: Answer, fields: dict[str, object]) -> Headers:
    headers: Headers = []
    for name, entries in answer.table(fields.get("headers", {}), "headers").items():
        if name != name.lower():
            answer.refuse(f"headers has the key {name!r}, a lower-case one is expected")
        if name in EDGE_READ_ONLY:
            answer.refuse(f"header {name!r} is read-only in a request trigger")
        if edge_disallows(name):
            answer.refuse(f"header {name!r} is not allowed at the edge")
        if not isinstance(entries, list):
            answer.refuse(f"headers[{name!r}] is {kind_of(entries)}, a list of objects is expected")
        for entry in cast("list[object]", entries):
            headers.append(_edge_header(answer, name, entry))
    return headers


def _edge_header(answer: Answer, name: str, entry: object) -> tuple[str, str]:
    pair = answer.table(entry, f"headers[{name!r}] entry")
    key, value = pair.get("key", name), pair.get("value")
    if pair.keys() - {"key", "value"} or not isinstance(value, str):
        answer.refuse(f"headers[{name!r}] has the entry {pair!r}, key and value are expected")
    if not isinstance(key, str) or key.lower() != name:
        answer.refuse(f"headers[{name!r}] has an entry with the key {key!r}")
    return answer.header(key, value)


def _delivered(
    shape: Shape, method: str, status: int, headers: Headers, body: bytes
) -> WireResponse:
    """The response after what every front does: renamed, stripped, measured."""
    remapped = {"rest": REST_REMAPPED, "url": URL_REMAPPED}.get(shape, frozenset[str]())
    sent: Headers = []
    for name, value in headers:
        key = name.lower()
        if key in remapped:
            sent.append((f"x-amzn-remapped-{key}", value))
        elif key not in HOP_BY_HOP:
            sent.append((key, value))
    bodiless = status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    if status == HTTPStatus.NO_CONTENT:
        sent = [pair for pair in sent if pair[0] != "content-length"]
    declared = any(name == "content-length" for name, _ in sent)
    if not bodiless and not (method == "HEAD" and declared):
        sent = [pair for pair in sent if pair[0] != "content-length"]
        sent.append(("content-length", str(len(body))))
    return WireResponse(status, sent, b"" if bodiless or method == "HEAD" else body)
