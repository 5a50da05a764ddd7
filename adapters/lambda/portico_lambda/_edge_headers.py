"""Header fields that CloudFront takes from a function (Lambda@Edge)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico_lambda._lost import lost

if TYPE_CHECKING:
    from portico import Headers

# CloudFront refuses the whole answer for one of these. Nothing is lost without them: it knows the
# body's length, and the last is for nginx.
_LEFT_OUT: Final = frozenset({"content-length", "transfer-encoding", "x-accel-buffering"})

# AWS, restrictions on edge functions: read-only in request triggers, or disallowed.
_REFUSED: Final = frozenset(
    {
        "accept-encoding",
        "cdn-loop",
        "connection",
        "expect",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "via",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
_REFUSED_PREFIXES: Final = ("x-accel-", "x-amz-cf-", "x-edge-")


def edge_headers(headers: Headers, strict: bool) -> dict[str, list[dict[str, str]]]:
    """`{"name": [{"key": "name", "value": "..."}]}`, without what CloudFront refuses.

    Raises:
        CapabilityError: the answer has a field that it refuses, and `strict` is set.
    """
    written: dict[str, list[dict[str, str]]] = {}
    for name, value in headers:
        if name in _LEFT_OUT:
            continue
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            lost(f"the header field {name!r}", "CloudFront allows it to no edge function.", strict)
        else:
            written.setdefault(name, []).append({"key": name, "value": value})
    return written
