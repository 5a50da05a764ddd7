"""A synchronous stream on an event loop: each of its steps is made off it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from portico._stream import ByteStream
    from portico.contract import Platform

_END: Final[Any] = object()


def offloaded(stream: ByteStream, platform: Platform) -> ByteStream:
    """The same stream for an event loop: each `next` and the `close` off the loop."""
    return stream.over(_Offloaded(stream, platform))


class _Offloaded:
    __slots__ = ("_platform", "_stream")

    def __init__(self, stream: ByteStream, platform: Platform) -> None:
        self._stream = stream
        self._platform = platform

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        # StopIteration cannot cross a future, so the end travels as a value.
        chunk = await self._platform.run_blocking(lambda: next(self._stream, _END))
        if chunk is _END:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        await self._platform.run_blocking(self._stream.close)
