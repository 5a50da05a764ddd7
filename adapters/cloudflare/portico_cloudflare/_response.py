"""`Response` to the runtime's own: status, header fields, and a body in memory or as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import Response
    from portico_cloudflare._javascript import JavaScript


def to_native(response: Response, body: Any, javascript: JavaScript) -> Any:
    """The `Response` of JavaScript.

    The runtime writes Content-Length itself, of the body that it was given; for HEAD, where it was
    given none, it is the one among the header fields.

    Args:
        response: status and header fields.
        body: a `Uint8Array` or `ReadableStream` of JavaScript; None where there is none.
        javascript: the runtime.
    """
    headers, is_encoded = _to_native_headers(response.headers, javascript)
    if is_encoded:
        # Else the runtime would encode a second time what Content-Encoding says is encoded.
        return javascript.make_response(
            body, status=response.status, headers=headers, encodeBody="manual"
        )
    return javascript.make_response(body, status=response.status, headers=headers)


def to_native_bytes(response: Response, javascript: JavaScript) -> Any:
    """The same for a body in memory, which is copied once.

    No body is null for the runtime: 204 and 304 must have that (Fetch Standard 2.2.3), and of HEAD
    it sends the Content-Length that is declared.
    """
    content = response.content
    body = javascript.to_js(content) if content else None
    if response.is_plain:
        fields = response.fields()
        if len(fields) == 2:  # its type and its length, with nothing added
            (_, content_type), (name, length) = fields
            # The constructor copies them (Fetch Standard 5.5), so that they serve again.
            headers, put = javascript.headers_of(content_type)
            put(name, length)
            return javascript.make_response(body, status=response.status, headers=headers)
    return to_native(response, body, javascript)


def _to_native_headers(headers: Headers, javascript: JavaScript) -> tuple[Any, bool]:
    native = javascript.make_headers()
    append = native.append
    is_encoded = False
    for name, value in headers:
        append(name, value if value.isascii() else as_text(value))
        if name == "content-encoding":
            is_encoded = True
    return native, is_encoded


def as_text(value: str) -> str:
    """The text that the runtime, which encodes as UTF-8, sends as these bytes.

    Bytes that are not UTF-8 it cannot send: each goes out as two.
    """
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
