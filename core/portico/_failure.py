"""`failure()`: the answer of last resort, for adapters."""

from __future__ import annotations

from typing import Final

from portico._headers import Headers
from portico._response import Response

_BODY: Final = b'{"type":"about:blank","title":"Internal Server Error","status":500}'


def failure(method: str = "GET") -> Response:
    """A new 500 for a request that the application could not answer, as RFC 9457 has it.

    It shows nothing of what went wrong; the adapter reports that.

    Args:
        method: that of the request; HEAD gets the fields alone.
    """
    fields = [("content-type", "application/problem+json"), ("content-length", str(len(_BODY)))]
    return Response.ready(500, Headers(fields), b"" if method == "HEAD" else _BODY)
