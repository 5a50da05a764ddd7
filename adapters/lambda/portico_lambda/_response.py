"""`Response` to a function's result: one function for each shape.

A result is JSON, so that a body is text or base64. It is base64 where it has a Content-Encoding, is
of no textual type, or is not UTF-8. Every service decodes that, but a REST API of API Gateway does
so for its binary media types alone, so that it needs `*/*` among them.

====================  =====================================  ===========================
shape                 header fields                          several Set-Cookie
====================  =====================================  ===========================
`rest`                `multiValueHeaders`                    in `multiValueHeaders`
`http`, `url`         `headers`, repeated ones joined        in `cookies`
`alb`                 `headers`, repeated ones joined        lost but for the last
`alb-multi`           `multiValueHeaders`                    in `multiValueHeaders`
`edge`                `headers`, lists of objects            in `headers`
`lattice-v1`, `-v2`   `headers`, repeated ones joined        lost but for the last
====================  =====================================  ===========================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from portico import Response
from portico.contract import phrase
from portico_lambda._answer_body import (
    SHORT,
    AnswerBody,
    AnswerTooLargeError,
    exceeds,
    is_textual,
    write_body,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico import Headers
    from portico_lambda._shapes import Shape

Result: TypeAlias = dict[str, object]

_APIS: Final = frozenset({"rest", "http", "url"})

# API Gateway would send them on under the name `x-amzn-remapped-...`, beside its own.
_REST_WRITES_ITSELF: Final = frozenset({"content-length"})


def to_result(
    shape: Shape, response: Response, content: bytes | str, *, limit: int, strict: bool
) -> Result:
    """What the function returns.

    Args:
        shape: that of the event.
        response: status and header fields.
        content: the whole body; a text is one of ASCII.
        limit: bytes that the service takes; see `answer_limit`.
        strict: whether to raise where the service would lose a part of the answer.

    Raises:
        AnswerTooLargeError: the result is over the limit.
        CapabilityError: the service would lose a part of the answer, and `strict` is set.
    """
    content = content.encode() if isinstance(content, str) else content
    body = write_body(response.headers, content, limit)
    result = _WRITERS[shape](response, body, strict)
    if exceeds(shape, result, response.headers, content, limit):
        raise AnswerTooLargeError(shape, limit)
    return result


def plain_result(shape: Shape, response: Response, content: bytes | str) -> Result | None:
    """The result of a short text with a field for each name but Set-Cookie, as most answers are.

    None is for any other, and any shape but those of API Gateway and function URLs: `to_result`.
    """
    fields = response.fields()
    headers = dict(fields)
    cookies: list[str] = []
    if "set-cookie" in headers:
        del headers["set-cookie"]
        cookies = [value for name, value in fields if name == "set-cookie"]
    if (
        shape not in _APIS
        or len(content) >= SHORT
        or len(headers) + len(cookies) != len(fields)
        or (cookies and shape == "rest")
        or "content-encoding" in headers
        or not is_textual(headers.get("content-type", ""))
    ):
        return None
    try:
        text = content if isinstance(content, str) else content.decode()
    except UnicodeDecodeError:
        return None
    if shape != "rest":
        result: Result = {
            "statusCode": response.status,
            "headers": headers,
            "body": text,
            "isBase64Encoded": False,
        }
        if cookies:
            result["cookies"] = cookies
        return result
    listed = {name: [value] for name, value in fields if name not in _REST_WRITES_ITSELF}
    return {
        "statusCode": response.status,
        "multiValueHeaders": listed,
        "body": text,
        "isBase64Encoded": False,
    }


def prelude_fields(shape: Shape, response: Response) -> Result:
    """What precedes a streamed body: status and header fields, as a result of the shape has them.

    Args:
        shape: `"url"` or `"rest"`.
        response: the answer.
    """
    if shape == "rest":
        listed = _listed(response.headers, _REST_WRITES_ITSELF)
        return {"statusCode": response.status, "multiValueHeaders": listed}
    headers = _joined(response.headers)
    if response.content != b"" and "content-type" not in headers:
        # As in `version_2`: a body without a type would get one that says more than is known.
        headers["content-type"] = "application/octet-stream"
    result: Result = {"statusCode": response.status, "headers": headers}
    if cookies := response.headers.get_set_cookie():
        result["cookies"] = cookies
    return result


def rest(response: Response, body: AnswerBody, strict: bool) -> Result:
    """API Gateway REST API: `headers` would keep one value of a name."""
    return {
        "statusCode": response.status,
        "multiValueHeaders": _listed(response.headers, _REST_WRITES_ITSELF),
        "body": body.text,
        "isBase64Encoded": body.is_base64,
    }


def version_2(response: Response, body: AnswerBody, strict: bool) -> Result:
    """API Gateway HTTP API and function URL (AWS payload format 2.0).

    A body without a type would be sent as JSON. The type that is added instead says what its
    absence says (RFC 9110 section 8.3).
    """
    headers = _joined(response.headers)
    if body.text and "content-type" not in headers:
        headers["content-type"] = "application/octet-stream"
    result: Result = {
        "statusCode": response.status,
        "headers": headers,
        "body": body.text,
        "isBase64Encoded": body.is_base64,
    }
    if cookies := response.headers.get_set_cookie():
        result["cookies"] = cookies
    return result


def alb(response: Response, body: AnswerBody, strict: bool) -> Result:
    """Application Load Balancer, multi-value headers off."""
    return {"statusDescription": _status_line(response.status), **lattice(response, body, strict)}


def alb_multi(response: Response, body: AnswerBody, strict: bool) -> Result:
    """Application Load Balancer, multi-value headers on: it ignores `headers`."""
    return {
        "statusCode": response.status,
        "statusDescription": _status_line(response.status),
        "multiValueHeaders": _listed(response.headers),
        "body": body.text,
        "isBase64Encoded": body.is_base64,
    }


def lattice(response: Response, body: AnswerBody, strict: bool) -> Result:
    """VPC Lattice, either version."""
    return {
        "statusCode": response.status,
        "headers": _joined_with_a_cookie(response.headers, strict),
        "body": body.text,
        "isBase64Encoded": body.is_base64,
    }


def edge(response: Response, body: AnswerBody, strict: bool) -> Result:
    """Lambda@Edge, an answer generated in a request trigger."""
    from portico_lambda._edge_headers import edge_headers

    return {
        "status": str(response.status),
        "statusDescription": _phrase(response.status),
        "headers": edge_headers(response.headers, strict),
        "body": body.text,
        "bodyEncoding": "base64" if body.is_base64 else "text",
    }


_WRITERS: Final[dict[Shape, Callable[[Response, AnswerBody, bool], Result]]] = {
    "rest": rest,
    "http": version_2,
    "url": version_2,
    "alb": alb,
    "alb-multi": alb_multi,
    "edge": edge,
    "lattice-v1": lattice,
    "lattice-v2": lattice,
}


def _listed(headers: Headers, without: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        if name not in without:
            values.setdefault(name, []).append(value)
    return values


def _joined(headers: Headers) -> dict[str, str]:
    """One value for a name (RFC 9110 section 5.3), which Set-Cookie cannot have."""
    values: dict[str, str] = {}
    for name, value in headers:
        if name != "set-cookie":
            values[name] = f"{values[name]}, {value}" if name in values else value
    return values


def _joined_with_a_cookie(headers: Headers, strict: bool) -> dict[str, str]:
    values = _joined(headers)
    cookies = headers.get_set_cookie()
    if len(cookies) > 1:
        from portico_lambda._lost import lost

        lost(
            f"all but the last of {len(cookies)} Set-Cookie fields",
            "Switch multi-value headers on in the target group of a load balancer; VPC Lattice "
            "has no such thing.",
            strict,
        )
    if cookies:
        values["set-cookie"] = cookies[-1]
    return values


def _status_line(status: int) -> str:
    return f"{status} {_phrase(status)}"


def _phrase(status: int) -> str:
    return phrase(status) or "Unknown"


def own_result(shape: Shape, answer: Response, limit: int) -> Result:
    """The result of an answer of the adapter's own, such as that of `problem`."""
    content = answer.content
    whole = content if isinstance(content, bytes) else b""
    return to_result(shape, answer, whole, limit=limit, strict=False)


def problem(status: int, detail: str) -> Response:
    """An answer of the adapter's own, of the form that the core's have (RFC 9457)."""
    value = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": detail}
    headers = [("content-type", "application/problem+json")]
    return Response.from_json(value, status=status, headers=headers)
