"""`Response` to messages: one start and one body, or a stream that waits for its peer."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from portico.contract import ByteStream, Response, failure, file_of
from portico_asgi._first_wait import FirstWait
from portico_asgi._turns import LARGE, Turns

if TYPE_CHECKING:
    from portico_asgi._loop_types import Interruption, Sending, Tasks
    from portico_asgi._platform import AsgiPlatform
    from portico_asgi._receive import Message, Send
    from portico_asgi._silence import Silence


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
            self._fill_silence()
            # Nobody is seen to leave while the loop has no turn, so that a stream that gives it
            # none is sent without a watcher.
            await FirstWait(self._pump(), inbox.watch)
        finally:
            self._current = None
            self._stretch.shield(True)
            try:
                await self._close()
            finally:
                await inbox.unwatch()
                self._stretch.shield(False)
        if not inbox.gone:
            inbox.drain()
            await self._send(b"", more=False)

    async def _pump(self) -> None:
        # A stretch of its own: one that ends here leaves the stream to be closed in peace.
        with self._tasks.sending(self._platform.send) as sending:
            self._current = self._stretch
            chunk = await self._first()
            if chunk is not None and not self._inbox.gone:
                self._current = sending
                await self._send_first(chunk, sending.send)
                if not self._inbox.gone:
                    await self._send_rest(sending)

    async def _first(self) -> bytes | None:
        silence = self._silence
        if silence is not None:
            silence.begin()
        chunk = await anext(self._content, None)
        if silence is not None and (sending_idle := silence.end()) is not None:
            await sending_idle.wait()
        return chunk

    async def _send_first(self, chunk: bytes, send: Send) -> None:
        try:
            if not self._platform.started:
                self._platform.started = True
                await send(_start_message(self._response, self._platform))
            if not self._inbox.gone:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except OSError:
            self._inbox.lose()

    async def _send_rest(self, sending: Sending) -> None:
        """Send what follows the first chunk, in one loop: for a short chunk a call is not free."""
        content, silence, inbox = self._content, self._silence, self._inbox
        passes_bytes, to_chunk, send = content.passes_bytes, content.to_chunk, sending.send
        turns, chunks_left = Turns(self._tasks.checkpoint, self._platform.monotonic), 1
        self._current = self._stretch
        if silence is not None:
            silence.begin()
        async for value in content.values:
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
                    chunks_left = await turns.take(size)
            if inbox.gone:
                return
            self._current = self._stretch
            if silence is not None:
                silence.begin()
        if silence is not None and (sending_idle := silence.end()) is not None:
            await sending_idle.wait()
        await content.end()

    def _fill_silence(self) -> None:
        idle = self._content.idle
        if idle is not None:
            from portico_asgi._silence import Silence

            self._silence = Silence(idle, self._platform, self._send_idle, self._stop)
            self._tasks.spawn(self._silence.run, copy_context())

    async def _send_idle(self, chunk: bytes) -> None:
        await self._send(chunk, more=True)
        if self._inbox.gone:
            self._stop()

    async def _close(self) -> None:
        try:
            if self._silence is not None:
                await self._silence.stop()
        finally:
            await self._content.aclose()

    async def _send(self, chunk: bytes, *, more: bool) -> None:
        try:
            if not self._platform.started:
                await _start(self._response, self._platform)
            message = {"type": "http.response.body", "body": chunk, "more_body": more}
            await self._platform.send(message)
        except OSError:
            self._inbox.lose()

    def _stop(self) -> None:
        if self._current is not None:
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
