"""The streams of JavaScript (Streams Standard), for `_fake_js`: pulled, cancelled and in error."""

# ruff: noqa: N802 - the names are JavaScript's

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from portico_conformance._fake_js import JsError, JsException, JsObject, JsProxy, Uint8Array

__all__ = [
    "Controller",
    "FixedLengthStream",
    "ReadableStream",
    "Reader",
    "TransformStream",
    "Writer",
]


class ReadableStream(JsProxy):
    """A stream of chunks that its source makes when they are wanted (section 4).

    Args:
        source: an object with `pull(controller)` and `cancel(reason)`, either of which may be
            missing.
        mark: how many chunks it keeps in store before anybody reads (the high water mark).

    Attributes:
        length: how many bytes there will be, where the runtime knows.
    """

    def __init__(self, source: JsObject, mark: int = 1) -> None:
        self.length: int | None = None
        self.locked = False
        self.state = "readable"
        self.error: JsError | None = None
        self._source = source
        self._mark = mark
        self._queue: deque[Any] = deque()
        self._reads: deque[asyncio.Future[JsObject]] = deque()
        self._is_closing = False
        self._is_pulling = False
        self._pull_again = False
        self._controller = Controller(self)
        # A pull comes after the construction, when the source has started.
        asyncio.get_running_loop().call_soon(self.pull_if_needed)

    @classmethod
    def new(cls, source: JsObject | None = None, strategy: JsObject | None = None) -> Any:
        """The constructor."""
        mark = 1 if strategy is None else getattr(strategy, "highWaterMark", 1)
        return cls(source or JsObject(), mark)

    def getReader(self, mode: str | None = None) -> Reader:
        """Lock it to a reader; it is no stream of bytes, which alone have `byob` readers."""
        if mode == "byob":
            raise JsException("TypeError", "This ReadableStream does not support BYOB reads.")
        if self.locked:
            raise JsException("TypeError", "This ReadableStream is currently locked to a reader.")
        self.locked = True
        return Reader(self)

    def pipeThrough(self, transform: TransformStream) -> ReadableStream:
        """Give the chunks to a transform (section 4.9.4); returns its readable side."""
        reader, writer = self.getReader(), transform.writable.getWriter()
        transform.upstream = reader
        transform.pump = asyncio.ensure_future(_pump(reader, writer))
        return transform.readable

    def read(self) -> asyncio.Future[JsObject]:
        """The next chunk, in the order of the calls."""
        future: asyncio.Future[JsObject] = asyncio.get_running_loop().create_future()
        self._reads.append(future)
        self._serve()
        self.pull_if_needed()
        return future

    def cancel(self, reason: Any = None) -> None:
        """Nobody wants the rest."""
        if self.state != "readable":
            return
        self.state = "closed"
        self._queue.clear()
        self._serve()
        cancel = getattr(self._source, "cancel", None)
        if cancel is not None:
            cancel(reason)

    def add(self, chunk: Any) -> None:
        """A chunk of the source."""
        if self._is_closing or self.state != "readable":
            raise JsException("TypeError", "The stream is not in a state that permits enqueue")
        self._queue.append(chunk)
        self._serve()
        self.pull_if_needed()

    def finish(self) -> None:
        """The source has no more."""
        if self._is_closing or self.state != "readable":
            raise JsException("TypeError", "The stream is not in a state that permits close")
        self._is_closing = True
        self._serve()

    def fail(self, error: JsError) -> None:
        """The source has failed; what is in store is gone."""
        if self.state == "readable":
            self.state, self.error = "errored", error
            self._queue.clear()
            self._serve()

    @property
    def desired(self) -> int:
        """How many chunks the store has room for."""
        return self._mark - len(self._queue)

    def _serve(self) -> None:
        while self._reads and self._queue:
            self._settle(self._reads.popleft(), JsObject(done=False, value=self._queue.popleft()))
        if self._is_closing and not self._queue and self.state == "readable":
            self.state = "closed"
        if self.state == "readable":
            return
        while self._reads:
            waiting = self._reads.popleft()
            if self.error is not None and not waiting.done():
                waiting.set_exception(JsException(self.error.name, self.error.message))
            else:
                self._settle(waiting, JsObject(done=True, value=None))

    @staticmethod
    def _settle(waiting: asyncio.Future[JsObject], result: JsObject) -> None:
        if not waiting.done():
            waiting.set_result(result)

    def pull_if_needed(self) -> None:
        """Ask the source for a chunk, once at a time (section 4.5.4)."""
        if self._is_closing or self.state != "readable" or not (self._reads or self.desired > 0):
            return
        if self._is_pulling:
            self._pull_again = True
            return
        pull = getattr(self._source, "pull", None)
        if pull is None:
            return
        self._is_pulling = True
        pull(self._controller)
        asyncio.get_running_loop().call_soon(self._pulled)

    def _pulled(self) -> None:
        self._is_pulling = False
        if self._pull_again:
            self._pull_again = False
            self.pull_if_needed()


class Controller(JsProxy):
    """What a source feeds its stream with (section 4.6)."""

    def __init__(self, stream: ReadableStream) -> None:
        self._stream = stream

    @property
    def desiredSize(self) -> int:
        """How many chunks the stream has room for."""
        return self._stream.desired

    def enqueue(self, chunk: Any) -> None:
        """Give a chunk."""
        self._stream.add(chunk)

    def close(self) -> None:
        """There are no more."""
        self._stream.finish()

    def error(self, error: JsError) -> None:
        """There will be no more, and the stream is not complete."""
        self._stream.fail(error)


class Reader(JsProxy):
    """Who reads a stream (section 4.4)."""

    def __init__(self, stream: ReadableStream) -> None:
        self._stream = stream

    def read(self) -> asyncio.Future[JsObject]:
        """`done`, and a `value` until then."""
        return self._stream.read()

    def cancel(self, reason: Any = None) -> None:
        """Nobody wants the rest."""
        self._stream.cancel(reason)


class TransformStream(JsProxy):
    """A stream that gives what was written to it (section 6); a write ends when it was read."""

    def __init__(self) -> None:
        self.pump: asyncio.Future[None] | None = None
        self.upstream: Reader | None = None
        self._wanted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: JsError | None = None
        self.readable = ReadableStream(JsObject(pull=self._pull, cancel=self._cancel), 0)
        self.writable = JsObject(getWriter=lambda: Writer(self))

    @classmethod
    def new(cls) -> TransformStream:
        """The constructor."""
        return cls()

    async def write(self, chunk: Uint8Array) -> None:
        """Give a chunk when it is wanted."""
        await self._when_wanted()
        self._wanted = asyncio.get_running_loop().create_future()
        self.readable.add(chunk)

    async def close(self) -> None:
        """There are no more."""
        self.readable.finish()

    def abort(self, error: JsError) -> None:
        """There will be no more, and the stream is not complete."""
        self.readable.fail(error)

    async def _when_wanted(self) -> None:
        if self._error is None:
            await asyncio.shield(self._wanted)
        if self._error is not None:
            raise JsException(self._error.name, self._error.message)

    def _pull(self, _controller: Controller | None) -> None:
        if not self._wanted.done():
            self._wanted.set_result(None)

    def _cancel(self, _reason: Any) -> None:
        message = "The readable side of this TransformStream is no longer readable."
        self._error = JsError("TypeError", message)
        self._pull(None)
        if self.upstream is not None:
            self.upstream.cancel(self._error)


class FixedLengthStream(TransformStream):
    """A transform of a known number of bytes, no more and no less (the runtime's own)."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.readable.length = length
        self._remaining = length

    @classmethod
    def new(cls, length: int = 0) -> FixedLengthStream:
        """The constructor."""
        return cls(length)

    async def write(self, chunk: Uint8Array) -> None:
        """Give a chunk, unless it is too much."""
        self._remaining -= chunk.byteLength
        if self._remaining < 0:
            raise self._wrong("Attempt to write too many bytes through a FixedLengthStream.")
        await super().write(chunk)

    async def close(self) -> None:
        """There are no more, and none is missing."""
        if self._remaining:
            raise self._wrong("FixedLengthStream did not see all expected bytes before close().")
        await super().close()

    def _wrong(self, message: str) -> JsException:
        self.abort(JsError("TypeError", message))
        return JsException("TypeError", message)


class Writer(JsProxy):
    """Who writes to a transform."""

    def __init__(self, transform: TransformStream) -> None:
        self._transform = transform

    async def write(self, chunk: Uint8Array) -> None:
        """Done when the chunk was taken."""
        await self._transform.write(chunk)

    async def close(self) -> None:
        """There are no more."""
        await self._transform.close()

    def abort(self, error: JsError) -> None:
        """There will be no more, and the stream is not complete."""
        self._transform.abort(error)


async def _pump(reader: Reader, writer: Writer) -> None:
    """Section 4.9.1: errors go forward, cancellation backward."""
    while True:
        try:
            result = await reader.read()
        except JsException as error:
            writer.abort(JsError(error.name, str(error)))
            return
        try:
            if result.done:
                await writer.close()
                return
            await writer.write(result.value)
        except JsException as error:
            reader.cancel(JsError(error.name, str(error)))
            return
