"""`StreamBody`: the chunks of an answer as a `ReadableStream`, each made when it is wanted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from portico_cloudflare._platform import SHORTEST_SLEEP

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico.contract import ByteStream, Idle
    from portico_cloudflare._javascript import JavaScript


class StreamBody:
    """A `ReadableStream` of JavaScript that is fed one chunk for each one that is wanted.

    It keeps nothing in store (Streams Standard section 4.7, a high water mark of 0), so that
    nothing runs ahead of the peer. Where a chunk takes longer than the `idle` of the chunks allows,
    the idle chunk goes out in its place, and that one chunk is in store until the next is wanted.
    Make it and feed it in one task.

    Args:
        javascript: the runtime.
        length: the bytes that Content-Length announces, or None.
        cancelled: called when the runtime gives the stream up, because the peer is gone.

    Attributes:
        readable: the stream, for the response.
        is_cancelled: whether the runtime has given it up.
    """

    __slots__ = (
        "_cancelled",
        "_controller",
        "_idle",
        "_is_busy",
        "_is_over",
        "_is_owed",
        "_javascript",
        "_proxies",
        "_task",
        "_timer",
        "_wish",
        "is_cancelled",
        "readable",
    )

    def __init__(
        self, javascript: JavaScript, length: int | None, cancelled: Callable[[], object]
    ) -> None:
        self.is_cancelled = False
        self._javascript = javascript
        self._cancelled = cancelled
        self._controller: Any = None
        self._idle: Idle | None = None
        self._is_busy = False
        self._is_over = False
        self._is_owed = False
        self._task = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._wish = _new_wish()
        pull, cancel = map(javascript.create_proxy, (self._pull, self._cancel))
        self._proxies = (pull, cancel)
        source = javascript.object(pull=pull, cancel=cancel)
        strategy = javascript.object(highWaterMark=0)
        self.readable = javascript.js.ReadableStream.new(source, strategy)
        if length is not None:
            # A stream of known length has a Content-Length; any other is sent chunked.
            fixed = javascript.js.FixedLengthStream.new(length)
            self.readable = self.readable.pipeThrough(fixed)

    async def feed(self, chunks: ByteStream) -> None:
        """Send the chunks as they are wanted, to the end or until the stream is cancelled.

        Raises:
            Exception: a chunk could not be had; the peer sees the message broken off.
        """
        self._idle = chunks.idle
        try:
            while await self._wish:
                chunk = await self._next(chunks)
                if self.is_cancelled:
                    return
                if chunk is None:
                    self._controller.close()
                    return
                self._controller.enqueue(self._javascript.to_js(chunk))
        except BaseException as error:
            if self.is_cancelled and isinstance(error, asyncio.CancelledError):
                return
            self._break()
            raise
        finally:
            self._end()

    async def _next(self, chunks: ByteStream) -> bytes | None:
        if self.is_cancelled:
            return None
        self._wish = _new_wish()
        self._is_busy = self._is_owed = True
        self._wait()
        try:
            return await anext(chunks, None)
        finally:
            self._is_busy = False
            if self._timer is not None:
                self._timer.cancel()

    def _wait(self) -> None:
        if self._idle is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(self._idle.seconds, SHORTEST_SLEEP), self._fill)

    def _fill(self) -> None:
        if self._idle is not None and not self.is_cancelled:
            self._is_owed = False
            self._controller.enqueue(self._javascript.to_js(self._idle.chunk))

    def _pull(self, controller: Any) -> None:
        self._controller = controller
        if self._is_over:
            self._break()
            asyncio.get_running_loop().call_soon(self._end)
        elif self._is_busy and not self._is_owed:
            self._is_owed = True
            self._wait()
        elif not self._wish.done():
            self._wish.set_result(True)

    def _cancel(self, _reason: Any = None) -> None:
        self.is_cancelled = True
        self._cancelled()
        if self._is_busy and self._task is not None:
            self._task.cancel()
        elif not self._wish.done():
            self._wish.set_result(False)

    def _break(self) -> None:
        if self._controller is not None and not self.is_cancelled:
            error = self._javascript.js.Error.new("The stream failed before its end.")
            self._controller.error(error)

    def _end(self) -> None:
        """Let go of what JavaScript could call; it calls nothing once the stream has ended."""
        self._is_over = True
        if self._controller is None and not self.is_cancelled:
            return  # The task was cancelled before the first chunk was wanted: `_pull` breaks it.
        for proxy in self._proxies:
            proxy.destroy()


def _new_wish() -> asyncio.Future[bool]:
    # Not `loop.create_future()`: Pyodide's counts them, with a turn of the loop for each.
    return asyncio.Future(loop=asyncio.get_running_loop())
