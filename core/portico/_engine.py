"""The engine: a route is a list of links; each is compiled once, when its route is first hit.

There is one function per route and colour. The colour says where it runs:

- on a *thread* that may block (WSGI, Lambda), a chain of synchronous links runs where it is called,
  with no event loop anywhere;
- on a *loop* (ASGI, Workers), a chain of synchronous links that may block runs as one unit off the
  loop, after its body was read on the loop; one that is declared not to block runs in place;
- a chain with an asynchronous link is a coroutine on either.

What is not known counts as the most: a synchronous function may block unless it is declared
`blocking=False`, and a function that takes the whole `Context` may read the body.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from portico._answer import is_open_ended, to_response, to_response_on_loop
from portico._errors import HTTPError
from portico._framing import drop, drop_on_loop, frame, must_drop, put_fields, settle
from portico._link import Link
from portico._offload import offload
from portico._problem import error_problem, problem_response, unexpected
from portico._response import Response
from portico._stream import ByteStream, offloaded

if TYPE_CHECKING:
    from portico._context import Context

Colour: TypeAlias = Literal["thread", "loop"]
Run: TypeAlias = "Callable[[Context], Response | Awaitable[Response]]"


class Chain:
    """The links of a route, and what its answer is held to.

    Attributes:
        links: in the order in which they run; the last is the handler.
        where: method and pattern, for reports.
        none_status: of an answer of None.
        debug: whether errors show what they are.
    """

    __slots__ = ("debug", "links", "none_status", "where")

    def __init__(self, links: list[Link], where: str, *, debug: bool) -> None:
        self.links = links
        self.where = where
        self.debug = debug
        returned = links[-1].signature.annotations().get("return", Ellipsis)
        self.none_status = 204 if returned is None or returned is type(None) else 200


def compile_chain(chain: Chain, colour: Colour) -> Run:
    """The one function that answers a route on a colour."""
    if any(link.signature.is_async for link in chain.links):
        return _on_loop(chain)
    if colour == "thread":
        run = _in_place(chain)
        return lambda ctx: copy_context().run(run, ctx)
    return _from_loop(chain)


def _in_place(chain: Chain, *, may_block: bool = True) -> Run:
    """All links synchronous, run where they are called."""
    calls = [link.plan.caller(link.signature.fn) for link in chain.links]
    none_status = chain.none_status

    def run(ctx: Context) -> Response | Awaitable[Response]:
        try:
            value = None
            for call in calls:
                value = call(ctx)
                if value is not None:
                    break
            if is_open_ended(value, may_block=may_block):
                return _complete(value, ctx, chain)
            response = _settled(to_response(value, ctx, none_status), ctx)
            if must_drop(response, ctx.request.method):
                if _is_async_stream(response):
                    return _dropped(response, ctx, chain)
                drop(response)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return failure(error, ctx, chain)
        return response

    return run


def _from_loop(chain: Chain) -> Run:
    """All links synchronous, called on an event loop."""
    need = next((need for link in chain.links if (need := link.body_need())), "")
    blocks = any(link.blocks for link in chain.links)
    run = _in_place(chain, may_block=blocks)

    async def run_off(ctx: Context) -> Response:
        try:
            await prefetch(ctx, need, can_wait=blocks)
            answer = await offload(ctx.platform, lambda: run(ctx)) if blocks else run(ctx)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return failure(error, ctx, chain)
        return _for_loop(answer if isinstance(answer, Response) else await answer, ctx)

    def run_here(ctx: Context) -> Response | Awaitable[Response]:
        if need and need != "stream" and ctx.request.has_body:
            return run_off(ctx)
        answer = run(ctx)
        return _for_loop(answer, ctx) if isinstance(answer, Response) else answer

    return run_off if blocks else run_here


def _on_loop(chain: Chain) -> Run:
    """Some link asynchronous: a coroutine, in which what may block is offloaded."""
    calls = [(link.plan.caller(link.signature.fn), link.blocks) for link in chain.links]
    need = next((need for link in chain.links if (need := link.body_need())), "")

    async def run(ctx: Context) -> Response:
        try:
            await prefetch(ctx, need)
            value: Any = None
            for call, blocks in calls:
                value = await offload(ctx.platform, _bound(call, ctx)) if blocks else call(ctx)
                if hasattr(value, "__await__"):
                    value = await value
                if value is not None:
                    break
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return failure(error, ctx, chain)
        return await _complete(value, ctx, chain)

    return run


async def _complete(value: Any, ctx: Context, chain: Chain) -> Response:
    try:
        response = await to_response_on_loop(value, ctx, chain.none_status)
        try:
            settle(response, ctx)
        except BaseException:
            await drop_on_loop(response, ctx)
            raise
        if must_drop(response, ctx.request.method):
            await drop_on_loop(response, ctx)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
        return failure(error, ctx, chain)
    return _for_loop(response, ctx)


def _settled(response: Response, ctx: Context) -> Response:
    """The same response, fit for the wire; where it cannot be, its stream is closed."""
    try:
        return settle(response, ctx)
    except BaseException:
        if isinstance(response.content, ByteStream):
            drop(response)
        raise


def _for_loop(response: Response, ctx: Context) -> Response:
    """The same response, whose stream does not block an event loop that reads it."""
    content = response.content
    on_loop = ctx.platform.runtime.concurrency == "loop"
    if on_loop and isinstance(content, ByteStream) and not content.is_async:
        response.content = offloaded(content, ctx.platform)
    return response


async def _dropped(response: Response, ctx: Context, chain: Chain) -> Response:
    try:
        await drop_on_loop(response, ctx)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
        return failure(error, ctx, chain)
    return response


async def prefetch(ctx: Context, need: str, *, can_wait: bool = False) -> None:
    """Read the body on the loop, so that synchronous code finds it there.

    Args:
        ctx: the request's.
        need: what of it; see `Link.body_need`.
        can_wait: whether the synchronous code runs where it may wait, if there are threads at all.
    """
    request = ctx.request
    if need in ("", "stream") or not request.has_body:
        return
    if need == "ask":
        if can_wait and ctx.platform.has_threads:
            return
        need = "bytes"
    content_type = request.headers.get("content-type") or ""
    if need != "bytes" and content_type[:19].lower() == "multipart/form-data":
        await request.form_data()
    else:
        await request.bytes()


def failure(error: Exception, ctx: Context, chain: Chain) -> Response:
    """The answer of an exception; it never raises."""
    response = None
    try:
        response = _error_response(error, ctx, chain)
        _settled(response, ctx)
        if must_drop(response, ctx.request.method):
            drop(response)
    except Exception as second:  # noqa: BLE001 - an error value, cookie or header that is no good
        if response is None or isinstance(error, HTTPError):
            response = unexpected(second, ctx.platform, chain.where, debug=chain.debug)
        # Else it is a 500 already, whose error was reported: it goes without the cookie.
        frame(response, ctx.request.method)
        if must_drop(response, ctx.request.method):
            drop(response)
    return _for_loop(response, ctx)


def _error_response(error: Exception, ctx: Context, chain: Chain) -> Response:
    if not isinstance(error, HTTPError):
        return unexpected(error, ctx.platform, chain.where, debug=chain.debug)
    problem = error_problem(error, debug=chain.debug)
    if problem is None:
        response = to_response(error.value, ctx, error.status)
        response.status = error.status
    else:
        response = problem_response(error.status, problem)
    put_fields(response, error.sent_headers())
    return response


def _bound(call: Callable[[Context], Any], ctx: Context) -> Callable[[], Any]:
    return lambda: call(ctx)


def _is_async_stream(response: Response) -> bool:
    content = response.content
    return isinstance(content, ByteStream) and content.is_async
