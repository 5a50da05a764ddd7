"""Request-lived generators: entered as the request goes on, left once, in reverse order.

They are left when the answer is known: before the first byte of one that is in memory, so that
what goes wrong then (a commit, say) is answered as any other error; after the last byte of a
stream, or when that is broken off. The exception of the request is thrown in, and an answer of
status 400 or more counts as one (`HTTPError`), so that `try` and `except` around the `yield` see
how the request ended. A generator that keeps the exception to itself changes nothing for others.
What is entered still later, by work that runs after the answer, is left behind that work.

A request that is cancelled leaves them too, shielded from the cancellation. One that turns it into
an exception, as the time limit around a `yield` does, is answered with that.

What shields them is a cancel scope around the whole request, since those that generators open
across their `yield` must be left before it (`shield`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._errors import DisconnectError
from portico._resumption import run_now
from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from anyio import CancelScope

    from portico._context import Context
    from portico._response import Response


def open_shield(ctx: Context) -> None:
    """Open the cancel scope of the request, in whose task it is closed."""
    if ctx._shield is not None:
        return
    try:
        from anyio import CancelScope as Scope
    except ImportError:  # Workers: asyncio alone cancels once, and a teardown may wait after that
        return
    ctx._shield = Scope()
    ctx._shield.__enter__()
    if ctx._running.per_request:
        # A resource that is entered in it, and may have a scope of its own, is left at the end.
        ctx.platform._at_end(_ShieldEnd(ctx._shield))


def close_shield(ctx: Context, response: Response | None = None) -> None:
    """Close it, unless the end of the response's stream leaves generators."""
    content = None if response is None else response.content
    if ctx._running.per_request:
        return
    if isinstance(content, ByteStream) and content.is_async and not ctx._is_left:
        return
    shield, ctx._shield = ctx._shield, None
    if shield is not None:
        shield.__exit__(None, None, None)


class _ShieldEnd:
    """The end of a cancel scope; see `Ending`."""

    __slots__ = ("_scope",)

    needs_loop = True

    def __init__(self, scope: CancelScope) -> None:
        self._scope = scope

    async def leave(self, error: BaseException | None) -> None:
        self._scope.__exit__(None, None, None)


async def leave(ctx: Context, error: BaseException | None) -> None:
    """Leave every generator of the request, the last one first; the last error is raised.

    The ones that are left after one has failed see what it raised. A cancellation meanwhile is
    theirs too, and is what is raised then.
    """
    exits, ctx._exits, ctx._is_left = ctx._exits, None, True
    failure: BaseException | None = None
    while exits:
        try:
            await exits.pop().leave(error)
        except Exception as raised:  # noqa: BLE001 - the others are left first
            failure = error = raised
        except GeneratorExit:  # nothing can be awaited any more
            raise
        except BaseException as cancelled:
            if exits:
                ctx._exits = exits
                _report(ctx, await abandon(ctx, cancelled))
            raise
    if failure is not None:
        raise failure


async def abandon(ctx: Context, error: BaseException) -> Exception | None:
    """Leave them for a request that was cancelled, though its task is.

    Returns:
        What a generator raised instead of the cancellation.
    """
    if isinstance(error, GeneratorExit):
        # The coroutine was closed and can wait no more: asynchronous generators are then left to
        # the event loop, if they have one.
        ctx._exits = [way_out.in_place() for way_out in ctx._exits or () if not way_out.is_async]
    elif ctx._shield is not None:
        ctx._shield.shield = True
    try:
        await leave(ctx, error)
    except Exception as raised:  # noqa: BLE001 - the caller decides
        return raised
    return None


def _report(ctx: Context, error: Exception | None) -> None:
    if error is not None:
        ctx.platform.report(error, f"{ctx.request.method} {ctx.request.raw_path} was cancelled")


def leave_with_stream(response: Response, ctx: Context, error: BaseException | None) -> None:
    """Let the end of a response's stream leave the generators of the request."""
    stream = response.content
    if not isinstance(stream, ByteStream):
        return
    if not stream.is_async and any(way_out.needs_loop for way_out in ctx._exits or ()):
        from portico._offloaded_stream import offloaded

        stream = offloaded(stream, ctx.platform)
    kept = _AsyncStream(stream, ctx, error) if stream.is_async else _Stream(stream, ctx, error)
    response.content = ByteStream(kept, length=stream.length, idle=stream.idle)


def _gone() -> DisconnectError:
    return DisconnectError("The connection was closed before the answer was complete.")


class _Stream:
    """A stream that leaves generators when it ends, fails, or is closed before its end."""

    __slots__ = ("_ctx", "_error", "_stream")

    def __init__(self, stream: ByteStream, ctx: Context, error: BaseException | None) -> None:
        self._stream = stream
        self._ctx = ctx
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        is_given_up = False
        try:
            for chunk in self._stream:
                is_given_up = True  # by what is raised here; `close` follows
                yield chunk
                is_given_up = False
        except BaseException as error:
            if not is_given_up:
                self._leave(error)
            raise
        self._leave(self._error)

    def close(self) -> None:
        """Close the stream, and leave what is not left."""
        try:
            self._stream.close()
        except BaseException as error:
            self._leave(error)
            raise
        self._leave(_gone())

    def _leave(self, error: BaseException | None) -> None:
        if not self._ctx._is_left:
            run_now(leave(self._ctx, error))


class _AsyncStream:
    """The same for an asynchronous stream."""

    __slots__ = ("_ctx", "_error", "_stream")

    def __init__(self, stream: ByteStream, ctx: Context, error: BaseException | None) -> None:
        self._stream = stream
        self._ctx = ctx
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream, is_given_up = self._stream, False
        try:
            if (first := await anext(stream, None)) is not None:
                is_given_up = True  # by what is raised here; `aclose` follows
                yield first
                is_given_up = False
                passes_bytes = stream.passes_bytes
                async for value in stream.values:
                    passes = passes_bytes and type(value) is bytes
                    chunk: bytes = value if passes else stream.to_chunk(value)
                    is_given_up = True
                    yield chunk
                    is_given_up = False
                await stream.end()
        except BaseException as error:
            if not is_given_up:
                await self._close(error)
            raise
        await self._leave(self._error)

    async def aclose(self) -> None:
        """Close the stream, and leave what is not left."""
        await self._close(_gone())

    async def _close(self, error: BaseException) -> None:
        try:
            await self._stream.aclose()
        except BaseException as raised:
            await self._leave(raised)
            raise
        await self._leave(error)

    async def _leave(self, error: BaseException | None) -> None:
        ctx = self._ctx
        if ctx._shield is not None:
            ctx._shield.shield = True
        try:
            await leave(ctx, error)
        finally:
            close_shield(ctx)
