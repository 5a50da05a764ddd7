"""Answers that are streams, and single events; loaded with the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._answer import usual
from portico._headers import Headers
from portico._response import Response
from portico._server_sent_event import EVENT_STREAM
from portico._sse import AsyncEventStream, EventStream
from portico._started import Started, StartedAsync
from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from portico._context import Context


def opened(source: Iterator[Any], ctx: Context, convert: Callable[[Any], Response]) -> Response:
    """Start a synchronous stream. A generator without values answers with what it returns."""
    started = Started(source)
    try:
        started.begin()
    except StopIteration as end:
        if end.value is None and isinstance(source, EventStream):
            return streamed(ctx, EVENT_STREAM, b"")
        return convert(end.value)
    idle = source.idle if isinstance(source, EventStream) else None
    return streamed(ctx, started.decide(declared_type(ctx)), ByteStream.begun(started, idle=idle))


async def opened_async(source: AsyncIterator[Any], ctx: Context) -> Response:
    """Start an asynchronous stream; one without values is an empty answer."""
    started = StartedAsync(source)
    if await started.begin():
        idle = source.idle if isinstance(source, AsyncEventStream) else None
        return streamed(
            ctx, started.decide(declared_type(ctx)), ByteStream.begun(started, idle=idle)
        )
    if isinstance(source, AsyncEventStream):
        return streamed(ctx, EVENT_STREAM, b"")
    return Response.ready(200, Headers())


def declared_type(ctx: Context) -> str | None:
    """The Content-Type that was set up to the first value of a stream."""
    settings = ctx._set
    return None if settings is None else settings.headers.get("content-type")


def streamed(ctx: Context, content_type: str, content: bytes | ByteStream) -> Response:
    """The response of a stream, or of the one event of a stream."""
    pairs = [("content-type", content_type), ("cache-control", "no-cache")]
    if content_type == EVENT_STREAM:
        # nginx would collect the answer (ngx_http_proxy_module, `proxy_buffering`).
        pairs.append(("x-accel-buffering", "no"))
    return Response.ready(200, usual(ctx, pairs), content)
