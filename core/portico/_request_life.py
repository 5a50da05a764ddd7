"""Request-lived generators: entered as the request goes on, left once, in reverse order.

They are left when the answer is known: before the first byte of one that is in memory, so that
what goes wrong then (a commit, say) is answered as any other error; after the last byte of a
stream, or when that is broken off. The exception of the request is thrown in, and an answer of
status 400 or more counts as one (`HTTPError`), so that `try` and `except` around the `yield` see
how the request ended. A generator that keeps the exception to itself changes nothing for others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._errors import DefinitionError, DisconnectError
from portico._offload import offload
from portico._resumption import run_now
from portico._stream import ByteStream, offloaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from portico._context import Context
    from portico._key import Key
    from portico._response import Response
    from portico.contract import Platform

_END: Final[Any] = object()


class Exit:
    """A generator that has yielded its value and is still to be left.

    Attributes:
        is_async: whether it is an asynchronous one.
        offloads: whether it is left off the event loop.
    """

    __slots__ = ("_generator", "_key", "_platform", "is_async", "offloads")

    def __init__(
        self,
        generator: Any,
        key: Key[Any],
        platform: Platform,
        *,
        is_async: bool,
        offloads: bool,
    ) -> None:
        self._generator = generator
        self._key = key
        self._platform = platform
        self.is_async = is_async
        self.offloads = offloads

    def in_place(self) -> Exit:
        """The same, to be left where that is called."""
        self.offloads = False
        return self

    async def leave(self, error: BaseException | None) -> None:
        """Run the code after the `yield`, with the error raised there.

        Raises:
            Exception: another error than the one that was given.
        """
        if self.is_async:
            await self._leave_async(error)
        elif self.offloads:
            await offload(self._platform, lambda: self._leave(error))
        else:
            self._leave(error)

    def _leave(self, error: BaseException | None) -> None:
        try:
            if error is None:
                more = next(self._generator, _END)
            else:
                more = self._generator.throw(error)
        except StopIteration:
            return
        except BaseException as raised:
            if is_same(raised, error):
                return
            raise
        if more is not _END:
            self._generator.close()
            raise yielded_twice(self._key)

    async def _leave_async(self, error: BaseException | None) -> None:
        try:
            if error is None:
                more = await anext(self._generator, _END)
            else:
                more = await self._generator.athrow(error)
        except StopAsyncIteration:
            return
        except BaseException as raised:
            if is_same(raised, error):
                return
            raise
        if more is not _END:
            await self._generator.aclose()
            raise yielded_twice(self._key)


def is_same(raised: BaseException, thrown: BaseException | None) -> bool:
    """Whether a generator only passed on what was thrown into it.

    A StopIteration comes back as the cause of a RuntimeError (PEP 479).
    """
    return thrown is not None and (raised is thrown or raised.__cause__ is thrown)


def yielded_twice(key: Key[Any]) -> DefinitionError:
    """The error of a generator that has a second value."""
    return DefinitionError(f"{key!r} yielded twice. Yield the value once.")


def yielded(value: Any, key: Key[Any]) -> Any:
    """The value that a generator yielded, which it must have."""
    if value is _END:
        raise DefinitionError(
            f"{key!r} ended without a `yield`. Yield the value once; what stands after the `yield` "
            "runs when the request is answered. To answer instead, raise `HTTPError`."
        )
    return value


def enter(ctx: Context, key: Key[Any], generator: Any, *, offloads: bool) -> Any:
    """The value of a synchronous generator, which is left with the request."""
    value = yielded(next(generator, _END), key)
    _remember(ctx, Exit(generator, key, ctx.platform, is_async=False, offloads=offloads))
    return value


async def enter_async(ctx: Context, key: Key[Any], generator: Any) -> Any:
    """The value of an asynchronous generator, which is left with the request."""
    value = yielded(await anext(generator, _END), key)
    _remember(ctx, Exit(generator, key, ctx.platform, is_async=True, offloads=False))
    return value


def _remember(ctx: Context, entered: Exit) -> None:
    if ctx._exits is None:
        ctx._exits = []
    ctx._exits.append(entered)


async def leave(ctx: Context, error: BaseException | None) -> None:
    """Leave every generator of the request, the last one first; the last error is raised.

    The ones that are left after one has failed see what it raised.
    """
    exits, ctx._exits = ctx._exits or (), None
    await _leave_all(exits, error)


async def abandon(ctx: Context, error: BaseException) -> None:
    """Leave them for a request that was cancelled, though its task is.

    One that was closed while it waited can wait no more; asynchronous generators are then left to
    the event loop, if they have one.
    """
    if isinstance(error, GeneratorExit):
        exits, ctx._exits = ctx._exits or (), None
        await _leave_all([each.in_place() for each in exits if not each.is_async], error)
        return
    from anyio import CancelScope

    with CancelScope(shield=True):
        await leave(ctx, error)


async def _leave_all(exits: list[Exit] | tuple[()], error: BaseException | None) -> None:
    failure: BaseException | None = None
    for each in reversed(exits):
        try:
            await each.leave(error)
        except BaseException as raised:  # noqa: BLE001 - the others are left first
            failure = error = raised
    if failure is not None:
        raise failure


def leave_with_stream(response: Response, ctx: Context, error: BaseException | None) -> None:
    """Let the end of a response's stream leave the generators of the request."""
    stream = response.content
    if not isinstance(stream, ByteStream):
        return
    exits, ctx._exits = ctx._exits or [], None
    needs_loop = any(each.is_async or each.offloads for each in exits)
    if needs_loop and not stream.is_async:
        stream = offloaded(stream, ctx.platform)
    kept = _AsyncStream(stream, exits, error) if stream.is_async else _Stream(stream, exits, error)
    response.content = ByteStream(kept, length=stream.length, idle=stream.idle)


class _Stream:
    """A stream that leaves generators when it ends, fails, or is closed before its end."""

    __slots__ = ("_error", "_exits", "_stream")

    def __init__(self, stream: ByteStream, exits: list[Exit], error: BaseException | None) -> None:
        self._stream = stream
        self._exits = exits
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._stream)
        except StopIteration:
            self._leave(self._error)
            raise
        except BaseException as error:
            self._leave(error)
            raise

    def close(self) -> None:
        """Close the stream, and leave what is not left."""
        try:
            self._stream.close()
        except BaseException as error:
            self._leave(error)
            raise
        self._leave(DisconnectError("The connection was closed before the answer was complete."))

    def _leave(self, error: BaseException | None) -> None:
        exits, self._exits = self._exits, []
        run_now(_leave_all(exits, error))


class _AsyncStream:
    """The same for an asynchronous stream."""

    __slots__ = ("_error", "_exits", "_stream")

    def __init__(self, stream: ByteStream, exits: list[Exit], error: BaseException | None) -> None:
        self._stream = stream
        self._exits = exits
        self._error = error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            await self._leave(self._error)
            raise
        except BaseException as error:
            await self._leave(error)
            raise

    async def aclose(self) -> None:
        """Close the stream, and leave what is not left."""
        try:
            await self._stream.aclose()
        except BaseException as error:
            await self._leave(error)
            raise
        gone = DisconnectError("The connection was closed before the answer was complete.")
        await self._leave(gone)

    async def _leave(self, error: BaseException | None) -> None:
        exits, self._exits = self._exits, []
        if not exits:
            return
        from anyio import CancelScope

        with CancelScope(shield=True):
            await _leave_all(exits, error)
