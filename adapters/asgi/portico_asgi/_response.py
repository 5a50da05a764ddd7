"""`Response` to messages: one start and one body, or a stream that waits for its peer."""

from __future__ import annotations

from contextvars import copy_context
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Final

from portico.contract import ByteStream, Response, file_of
from portico_asgi._first_wait import FirstWait
from portico_asgi._turns import LARGE, Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from portico.contract import Idle
    from portico_asgi._loop_types import Interruption, Sending, Tasks
    from portico_asgi._platform import AsgiPlatform
    from portico_asgi._receive import Message, Send
    from portico_asgi._silence import Silence

_GENERATOR: Final[Any] = AsyncGeneratorType


async def write_whole(response: Response, content: bytes, platform: AsgiPlatform) -> None:
    """Send an answer that is in memory: the start and one body message."""
    await platform.inbox.unwatch()
    if platform.inbox.gone:
        return
    platform.inbox.drain()
    try:
        await _start(response, platform)
        await platform.send({"type": "http.response.body", "body": content})
    except OSError:
        # ASGI 2.4 "Disconnected Client - send exception"; most servers let it pass silently.
        platform.inbox.lose()


async def write_path(response: Response, content: ByteStream, platform: AsgiPlatform) -> None:
    """Let the server send a whole file (ASGI extension `http.response.pathsend`).

    It opens the file itself, a moment after the fields were made from the one that is open here,
    and breaks the answer off where that has not as many bytes as were announced.

    Raises:
        OSError: the server could not open the file.
    """
    platform.streams = True
    try:
        await platform.inbox.unwatch()
        if platform.inbox.gone:
            return
        platform.inbox.drain()
        await _start(response, platform)
        path = file_of(content).path
        await platform.send({"type": "http.response.pathsend", "path": path})
    except OSError as error:
        if error.filename is not None:
            raise  # of the file, and no word of the peer
        platform.inbox.lose()
    finally:
        await content.aclose()


async def write_failure(send: Send) -> None:
    """Send the 500 of a request that no application answered; details go to the report."""
    from portico.contract import failure

    answer = failure()
    headers = answer.headers.to_wire()
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


class StreamWriter:
    """Sends a stream, each chunk when the server has taken the one before, while the peer is there.

    The stream is read in the caller's task, the one that its handler ran in, and closed there in
    every case. No final message follows a stream that raised: servers close the connection then,
    and the peer sees that the message is not complete.

    Args:
        response: whose content is a stream.
        platform: that of the request.
        tasks: those of the event loop.
        stretch: entered before the handler was called, so that what the handler holds open nests
            in it; ended early when the peer leaves while the stream waits for its next chunk.
    """

    __slots__ = (
        "_content",
        "_current",
        "_inbox",
        "_platform",
        "_response",
        "_silence",
        "_source",
        "_stretch",
        "_tasks",
    )

    def __init__(
        self, response: Response, platform: AsgiPlatform, tasks: Tasks, stretch: Interruption
    ) -> None:
        self._response = response
        self._platform = platform
        self._inbox = platform.inbox
        self._tasks = tasks
        self._stretch = stretch
        self._current: Interruption | Sending | None = None
        # A generator that is sent: whether it is waited for, or the server, it says itself.
        self._source: AsyncGeneratorType[Any, Any] | None = None
        self._silence: Silence | None = None
        content = response.content
        self._content = content if isinstance(content, ByteStream) else ByteStream([content])

    async def write(self) -> None:
        """Send it all, or what the peer stays for.

        Raises:
            Exception: what the stream raised.
        """
        inbox = self._inbox
        self._platform.streams = True
        inbox.on_gone = self._stop
        try:
            if self._content.idle is not None:
                self._fill_silence(self._content.idle)
            # Nobody is seen to leave while the loop has no turn, so that a stream that gives it
            # none is sent without a watcher.
            await FirstWait(self._pump(), inbox.watch)
        finally:
            self._current = self._source = None
            if self._silence is not None or not self._content.has_ended:
                await self._close()
            else:
                await inbox.unwatch()
        if not inbox.gone:
            inbox.drain()
            await self._send(b"", more=False)

    async def _pump(self) -> None:
        # A stretch of its own: one that ends here leaves the stream to be closed in peace.
        with self._tasks.sending(self._platform.send) as sending:
            self._current = self._stretch
            chunk = await self._first()
            if chunk is None or self._inbox.gone:
                return
            self._current = sending
            if not await self._send_first(chunk, sending.send):
                return
            values: Any = self._content.values
            if self._silence is None and type(values) is _GENERATOR:
                await self._send_generator(values, sending)
            else:
                await self._send_rest(values, sending)

    async def _first(self) -> bytes | None:
        silence = self._silence
        if silence is None:
            return await anext(self._content, None)
        silence.begin()
        chunk = await anext(self._content, None)
        if (sending_idle := silence.end()) is not None:
            await sending_idle.wait()
        return chunk

    async def _send_first(self, chunk: bytes, send: Send) -> bool:
        """Send the start with the first chunk; returns whether somebody is there for the rest."""
        platform, inbox = self._platform, self._inbox
        try:
            if not platform.started:
                platform.started = True
                await send(_start_message(self._response, platform))
            if not inbox.gone:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except OSError:
            inbox.lose()
        return not inbox.gone

    async def _send_generator(self, values: AsyncGeneratorType[Any, Any], sending: Sending) -> None:
        """Send what follows the first chunk, in one loop: for a short chunk a call is not free."""
        content, inbox, send = self._content, self._inbox, sending.send
        passed = bytes if content.passes_bytes else None
        text = str if content.passes_text else None
        turns, chunks_left = Turns(self._tasks.checkpoint, self._platform.monotonic), 1
        self._source, self._current = values, sending
        async for chunk in values:
            if type(chunk) is not passed:
                chunk = chunk.encode() if type(chunk) is text else content.to_chunk(chunk)
            size = len(chunk)
            if not size:
                continue
            if inbox.gone:
                return
            try:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except OSError:
                inbox.lose()
                return
            chunks_left -= 1
            if not chunks_left or size >= LARGE:
                chunks_left = turns.ask(size)
                if turns.is_due:
                    await turns.take()
                    if self._is_left:
                        return
        await content.end()

    @property
    def _is_left(self) -> bool:
        """Whether the peer has left."""
        return self._inbox.gone

    async def _send_rest(self, values: AsyncIterator[Any], sending: Sending) -> None:
        """The same of any other stream, and of one whose silence is filled."""
        content, silence, inbox = self._content, self._silence, self._inbox
        passes_bytes, to_chunk, send = content.passes_bytes, content.to_chunk, sending.send
        turns, chunks_left = Turns(self._tasks.checkpoint, self._platform.monotonic), 1
        self._current = self._stretch
        if silence is not None:
            silence.begin()
        async for value in values:
            chunk = value if passes_bytes and type(value) is bytes else to_chunk(value)
            if not chunk:
                continue
            if silence is not None and (sending_idle := silence.end()) is not None:
                await sending_idle.wait()
            if not inbox.gone:
                self._current = sending
                try:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except OSError:
                    inbox.lose()
                size = len(chunk)
                chunks_left -= 1
                if not chunks_left or size >= LARGE:
                    chunks_left = turns.ask(size)
                    if turns.is_due:
                        await turns.take()
            if inbox.gone:
                return
            self._current = self._stretch
            if silence is not None:
                silence.begin()
        if silence is not None and (sending_idle := silence.end()) is not None:
            await sending_idle.wait()
        await content.end()

    def _fill_silence(self, idle: Idle) -> None:
        from portico_asgi._silence import Silence

        self._silence = Silence(idle, self._platform, self._send_idle, self._stop)
        self._tasks.spawn(self._silence.run, copy_context())

    async def _send_idle(self, chunk: bytes) -> None:
        await self._send(chunk, more=True)
        if self._inbox.gone:
            self._stop()

    async def _close(self) -> None:
        self._stretch.shield(True)
        try:
            if self._silence is not None:
                await self._silence.stop()
        finally:
            try:
                await self._content.aclose()
            finally:
                await self._inbox.unwatch()
                self._stretch.shield(False)

    async def _send(self, chunk: bytes, *, more: bool) -> None:
        try:
            if not self._platform.started:
                await _start(self._response, self._platform)
            message = {"type": "http.response.body", "body": chunk, "more_body": more}
            await self._platform.send(message)
        except OSError:
            self._inbox.lose()

    def _stop(self) -> None:
        if self._source is not None and self._source.ag_running:
            self._stretch.interrupt()
        elif self._current is not None:
            self._current.interrupt()


async def _start(response: Response, platform: AsgiPlatform) -> None:
    platform.started = True
    await platform.send(_start_message(response, platform))


def _start_message(response: Response, platform: AsgiPlatform) -> Message:
    # "Header names MUST be lowercased" (ASGI 3.0 "Response Start"), as those of `Headers` are.
    headers = response.wire_fields()
    if platform.must_close:
        headers = [*headers, (b"connection", b"close")]
    return {"type": "http.response.start", "status": response.status, "headers": headers}
