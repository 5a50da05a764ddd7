"""The last step of an answer: what the context adds, and what fits a message on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._response import NULL_BODY_STATUSES, Response
from portico._stream import ByteStream

if TYPE_CHECKING:
    from portico._context import Context
    from portico._headers import Headers

# RFC 9110 section 7.6.1: they concern one connection, so they are the server's to write.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

_NOT_ADDED: Final = _HOP_BY_HOP | {"content-length", "content-type"}


def settle(response: Response, ctx: Context) -> Response:
    """Add what `ctx.set` and `ctx.cookies` say, and make the message fit for the wire."""
    settings = ctx._set
    if settings is not None:
        if settings.status is not None and response.status == 200:
            response.status = checked_status(settings.status)
        if settings.has_headers:
            response.headers.add_missing(settings.headers)
    if ctx._cookies is not None:
        for line in ctx._cookies.set_cookie_lines():
            response.headers.append("set-cookie", line)
    return frame(response, ctx.request.method)


def added_fields(ctx: Context) -> list[tuple[str, str]] | None:
    """The fields that `ctx` adds to a plain answer.

    Returns:
        None where it sets more than that: a status, or a field that the answer has, or that the
        server writes.
    """
    settings, cookies = ctx._set, ctx._cookies
    pairs: list[tuple[str, str]] = []
    if settings is not None:
        if settings.status is not None:
            return None
        if settings._headers is not None:
            pairs += settings._headers._pairs
            if not _NOT_ADDED.isdisjoint(dict(pairs)):
                return None
    if cookies is not None:
        pairs += cookies.set_cookie_fields()
    return pairs


def checked_status(status: int) -> int:
    """The status that `ctx.set` has.

    Raises:
        ValueError: no response has it.
    """
    if not 200 <= status <= 599:
        raise ValueError(f"`ctx.set.status` is {status!r}. A response has a status of 200 to 599.")
    return status


def frame(response: Response, method: str) -> Response:
    """Content-Length, and what HTTP leaves out: hop-by-hop fields, bodies of HEAD and 204.

    A stream that must not be sent stays on a response without content until `dropped` closes it.
    """
    if response.is_plain and response.status not in NULL_BODY_STATUSES:
        return response
    headers = response.headers
    for name in _HOP_BY_HOP.intersection(headers.keys()):
        headers.delete(name)
    content = response.content
    if response.status in NULL_BODY_STATUSES:
        headers.delete("content-type")  # RFC 9110 section 15.4.5 would have none in a 304 either
        if response.status == 205:
            # RFC 9112 section 6.3 does not count it among the answers that end with their head.
            headers.set("content-length", "0")
        elif response.status != 304:
            headers.delete("content-length")
    elif isinstance(content, bytes):
        # A handler of HEAD alone may say how long the answer to GET is.
        if content or method != "HEAD" or _declared_length(headers) is None:
            headers.set("content-length", str(len(content)))
    elif content.length is not None:
        headers.set("content-length", str(content.length))
        content.expect(content.length)
    elif (declared := _declared_length(headers)) is not None and method != "HEAD":
        content.expect(declared)
    return response


def _declared_length(headers: Headers) -> int | None:
    """What a handler says of a body whose length is not known."""
    text = headers.get("content-length")
    if text is not None and not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"The answer has the Content-Length {text!r}. It is one decimal number (RFC 9110 "
            "section 8.6). Leave it out where the length is not known."
        )
    return None if text is None else int(text)


def must_drop(response: Response, method: str) -> bool:
    """Whether the content of a response is not to be sent."""
    return method == "HEAD" or response.status in NULL_BODY_STATUSES


def drop(response: Response) -> None:
    """Take the content away; a synchronous stream is closed here."""
    content = response.content
    if isinstance(content, ByteStream):
        content.close()
    response.content = b""


async def drop_on_loop(response: Response, ctx: Context) -> None:
    """Take the content away; a stream is closed, off the loop where it may block."""
    content = response.content
    response.content = b""
    if isinstance(content, ByteStream):
        from portico._offloaded_stream import offloaded

        await (content if content.is_async else offloaded(content, ctx.platform)).aclose()


def put_fields(response: Response, fields: Headers | None) -> None:
    """Put fields in the place of those of the same names; several of one name all count."""
    for name in fields.keys() if fields is not None else ():
        if name != "set-cookie":
            response.headers.delete(name)
    for name, value in fields or ():
        response.headers.append(name, value)
