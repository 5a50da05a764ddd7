"""Chains of a handler alone: the same answers as any other chain's, with nothing in between.

Most routes have no hooks. What a whole pipeline does for them comes down to one call and one
conversion; everything that is not as plain as that (a stream, a file, an error, an awaitable) goes
on in the pipeline itself.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from portico._answer import is_open_ended, is_reply, to_response
from portico._body_need import body_need, prefetched
from portico._framing import must_drop, settle
from portico._response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._chain import Chain
    from portico._context import Context
    from portico._engine import Pipeline
    from portico._link import Link

    Run = Callable[[Context], Response | Awaitable[Response]]


def is_alone(chain: Chain) -> bool:
    """Whether nothing but the handler, and what answers errors, stands in a chain."""
    return not (
        chain.before_parse
        or chain.parse
        or chain.early
        or chain.late
        or chain.schemas
        or chain.after_handle
        or chain.map_response
        or chain.after_response
        or chain.trace
    )


def run_in_place(pipeline: Pipeline, chain: Chain, handler: Link, *, on_loop: bool) -> Run:
    """A synchronous handler, called where the request is."""
    call = handler.plan.caller(handler.fn)
    answer = _answering(pipeline, chain, handler, may_block=not on_loop)

    def run(ctx: Context) -> Response | Awaitable[Response]:
        ctx._chain = chain
        try:
            value = call(ctx)
            if hasattr(value, "__await__"):
                return pipeline.start(ctx, pipeline.finish_later(value, ctx))
            return answer(value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return pipeline.start(ctx, failing(error))

    if on_loop:
        return run
    return lambda ctx: copy_context().run(run, ctx)


def run_async(pipeline: Pipeline, chain: Chain, handler: Link) -> Run:
    """An asynchronous handler, awaited where the request is."""
    call = handler.plan.caller(handler.fn)
    answer = _answering(pipeline, chain, handler, may_block=False)
    need, can_wait = body_need(chain, handler)

    async def run(ctx: Context) -> Response:
        ctx._chain = chain
        ctx._on_loop = True
        try:
            if need:
                reading = prefetched(ctx, need, can_wait=can_wait)
                if reading is not None:
                    await reading
            value = call(ctx)
            if hasattr(value, "__await__"):
                value = await value
            response = answer(value, ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return await pipeline.guarded(ctx, failing(error))
        except BaseException as error:
            if not ctx._exits:
                raise
            return await pipeline.guarded(ctx, failing(error))
        return response if isinstance(response, Response) else await response

    return run


def _answering(
    pipeline: Pipeline, chain: Chain, handler: Link, *, may_block: bool
) -> Callable[[Any, Context], Response | Awaitable[Response]]:
    """How a value becomes the response, at once where it is as plain as most are."""
    declared, returns, none_status = chain.declared, handler.returns, chain.none_status
    if declared is not None and declared.is_trivial:
        declared = None

    def answer(value: Any, ctx: Context) -> Response | Awaitable[Response]:
        if is_reply(value) or is_open_ended(value, may_block=may_block) or ctx._exits:
            return pipeline.start(ctx, pipeline.finish(value, None, ctx))
        if declared is not None:
            status = None if ctx._set is None else ctx._set.status
            value = declared.settle(value, returns, status=status)
        response = to_response(value, ctx, none_status)
        if isinstance(response.content, bytes) and not must_drop(response, ctx.request.method):
            ctx._is_left = True
            return settle(response, ctx)
        return pipeline.start(ctx, pipeline.send(response, ctx))

    return answer


async def failing(error: BaseException) -> Response:
    """Work that fails with an error which happened elsewhere."""
    raise error
