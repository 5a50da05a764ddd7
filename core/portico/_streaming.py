"""Generators that a handler returns, sent by a short way: what a route says of them is known.

What a route declares of a stream's items is looked up with its first one. From then on a generator
has its first value taken, which decides what the stream is (`_started`), and is sent, where neither
the context nor anything that the request holds open has a say in the answer. Where they have, the
same stream goes on in the pipeline, and so does whatever else may happen.
"""

from __future__ import annotations

from contextvars import Context as Variables
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from portico._framing import settle
from portico._held_stream import HeldAsyncIterator, HeldIterator
from portico._media import BYTES, NDJSON, TEXT, Media
from portico._response import Response
from portico._resumption import Begun
from portico._started import as_it_is, fitting, stream_type
from portico._stream import ByteStream
from portico._stream_answer import declared_type, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from portico._context import Context, Settings
    from portico._engine import Pipeline
    from portico._held_stream import Hold

_END: Final[Any] = object()
_MEDIA: Final[dict[str, Media]] = {media.type: media for media in (BYTES, NDJSON, TEXT)}


class Streaming:
    """The streams of one route.

    Args:
        pipeline: that of the route, which knows what to do with everything else.
        held: a generator of the route as its declaration has it sent: the generator itself, or what
            holds it to its items' type.
        may_enter: whether the request may have generators to leave behind its stream.
    """

    __slots__ = ("_classes", "_fitting", "_hold", "_may_enter", "_pipeline")

    def __init__(self, pipeline: Pipeline, held: object, *, may_enter: bool) -> None:
        self._pipeline = pipeline
        self._may_enter = may_enter
        self._hold: Hold | None = None
        self._classes: frozenset[type] = frozenset()
        self._fitting: dict[Callable[[Any], bytes], Callable[[Any], bytes]] = {}
        if isinstance(held, HeldIterator | HeldAsyncIterator):
            _, _, self._hold, self._classes = held.rest()

    def answer(
        self, source: Generator[Any, Any, Any], ctx: Context
    ) -> Response | Awaitable[Response]:
        """The response of a generator, read where it may block."""
        pipeline, variables = self._pipeline, copy_context()
        try:
            first = variables.run(next, source)
            while (first := self._held(first)) is None:
                first = variables.run(next, source)
        except StopIteration as end:
            # Without a value it answers with what it returns, as one does that has just begun.
            return pipeline.start(ctx, pipeline.finish(_returning(end.value), None, ctx))
        except BaseException:
            variables.run(source.close)
            raise
        response = self._response(first, source, variables, ctx)
        return self._sent(response, ctx)

    def answer_on_loop(
        self, source: AsyncGenerator[Any, Any], ctx: Context
    ) -> Response | Awaitable[Response]:
        """The response of an asynchronous generator, in the task that is to read it."""
        pipeline, step = self._pipeline, source.__anext__()
        try:
            waits_for = step.send(None)
        except StopIteration as end:
            first = end.value
        except StopAsyncIteration:
            return pipeline.start(ctx, pipeline.finish(source, None, ctx))
        else:
            return pipeline.start(ctx, self._later(Begun(step, waits_for), source, ctx))
        if first is not None and (self._hold is None or type(first) in self._classes):
            return self._sent(self._response(first, source, None, ctx), ctx)
        return pipeline.start(ctx, self._decided(first, source, ctx))

    async def _later(
        self, pending: Awaitable[Any], source: AsyncGenerator[Any, Any], ctx: Context
    ) -> Response:
        try:
            first = await pending
        except StopAsyncIteration:
            return await self._pipeline.finish(source, None, ctx)
        return await self._decided(first, source, ctx)

    async def _decided(
        self, first: Any, source: AsyncGenerator[Any, Any], ctx: Context
    ) -> Response:
        """The response of a generator that has given something, which may be no value yet."""
        try:
            while (first := self._held(first)) is None:
                first = await anext(source, _END)
                if first is _END:
                    return await self._pipeline.finish(source, None, ctx)
        except BaseException:
            await source.aclose()
            raise
        return await self._pipeline.send(self._response(first, source, None, ctx), ctx)

    def _held(self, value: Any) -> Any:
        hold = self._hold
        if value is None or hold is None or type(value) in self._classes:
            return value
        return hold(value)

    def _response(
        self, first: Any, source: Any, variables: Variables | None, ctx: Context
    ) -> Response:
        content_type, convert = stream_type(first, declared_type(ctx))
        rest = convert
        passes_bytes = passes_text = convert is as_it_is
        if self._hold is not None:
            rest = self._fitting.get(convert) or self._fitted(convert)
            passes_bytes = passes_bytes and bytes in self._classes
            passes_text = passes_text and str in self._classes
        stream = ByteStream.going_on(
            source,
            variables,
            partial(convert, first),
            rest,
            passes_bytes=passes_bytes,
            passes_text=passes_text,
        )
        media = _MEDIA.get(content_type)
        if media is None or ctx._set is not None:
            return streamed(ctx, content_type, stream)
        return Response.streaming(media, stream)

    def _fitted(self, convert: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        if self._hold is None:
            return convert
        made = self._fitting[convert] = fitting(self._hold, self._classes, convert)
        return made

    def _sent(self, response: Response, ctx: Context) -> Response | Awaitable[Response]:
        settings = ctx._set
        if (
            self._may_enter
            or ctx._exits is not None
            or ctx._cookies is not None
            or ctx.request.method == "HEAD"
            or (settings is not None and not _adds_fields(settings))
        ):
            return self._pipeline.start(ctx, self._pipeline.send(response, ctx))
        ctx._is_left = True
        return response if settings is None else settle(response, ctx)


def _adds_fields(settings: Settings) -> bool:
    """Whether an answer has no more of what is set than fields that leave its framing alone."""
    return settings.status is None and not (
        settings.has_headers and settings.headers.has("content-length")
    )


def _returning(value: Any) -> Generator[Any, Any, Any]:
    yield from ()
    return value
