"""The last step of an answer on its way to the adapter: it is settled, and what it had is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._error_answer import add_fields
from portico._errors import HTTPError
from portico._framing import drop, drop_on_loop, must_drop, settle
from portico._request_life import leave, leave_with_stream
from portico._resumption import enter_loop
from portico._stream import ByteStream

if TYPE_CHECKING:
    from portico._context import Context
    from portico._response import Response


async def sent(
    response: Response, ctx: Context, error: Exception | None, *, may_enter: bool
) -> Response:
    """The same response, fit for the wire; where it cannot be, its stream is closed.

    Args:
        response: what is to be sent.
        ctx: the request's.
        error: what it is the answer to, or None.
        may_enter: whether the request may have generators to leave.
    """
    try:
        add_fields(response, error)
        settle(response, ctx)
    except BaseException:
        await dropped(response, ctx)
        raise
    return await left(response, ctx, error, may_enter=may_enter)


async def left(
    response: Response, ctx: Context, error: Exception | None, *, may_enter: bool
) -> Response:
    """The same settled response, with the request-lived generators left, now or with its stream."""
    if must_drop(response, ctx.request.method):
        await dropped(response, ctx)
    reason, content = error, response.content
    if reason is None and response.status >= 400:
        reason = HTTPError(response.status)
    if isinstance(content, ByteStream) and (ctx._exits or (may_enter and content.is_async)):
        leave_with_stream(response, ctx, reason)
    elif ctx._exits:
        await leave(ctx, reason)
    else:
        ctx._is_left = True
    return response


async def dropped(response: Response, ctx: Context) -> None:
    """Take the content of a response away, and close its stream where that may be done."""
    content = response.content
    if isinstance(content, ByteStream) and (content.is_async or ctx.platform.on_loop):
        await enter_loop(ctx)
        await drop_on_loop(response, ctx)
    else:
        drop(response)


def for_loop(response: Response, ctx: Context) -> Response:
    """The same response, whose stream does not block an event loop that reads it."""
    content = response.content
    if ctx.platform.on_loop and isinstance(content, ByteStream) and not content.is_async:
        from portico._offloaded_stream import offloaded

        response.content = offloaded(content, ctx.platform)
    return response
