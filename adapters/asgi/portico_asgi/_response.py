"""`Response` to messages: one start and one body, or a stream that waits for its peer."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from portico.contract import ByteStream, Response, failure

if TYPE_CHECKING:
    from portico_asgi._loop import Interruption, Tasks
    from portico_asgi._platform import AsgiPlatform
    from portico_asgi._receive import Send
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
        self._tasks = tasks
        self._stretch = stretch
        self._current: Interruption | None = None
        self._silence: Silence | None = None
        content = response.content
        self._content = content if isinstance(content, ByteStream) else ByteStream([content])

    async def write(self) -> None:
        """Send it all, or what the peer stays for.

        Raises:
            Exception: what the stream raised.
        """
        platform, inbox = self._platform, self._platform.inbox
        platform.streams = True
        inbox.on_gone = self._stop
        inbox.watch()
        try:
            self._fill_silence()
            await self._pump()
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
        inbox = self._platform.inbox
        while not inbox.gone:
            self._current = self._stretch
            chunk = await self._next()
            self._current = None
            if chunk is None or inbox.gone:
                return
            # A stretch of its own: one that ends here leaves the stream to be closed in peace.
            with self._tasks.interruption() as self._current:
                await self._send(chunk, more=True)
                # A stream that never waits, sent to a server that never does (hypercorn, granian
                # and daphne, once the peer is gone), would keep everybody else from running.
                await self._tasks.checkpoint()
            self._current = None

    async def _next(self) -> bytes | None:
        if self._silence is None:
            return await anext(self._content, None)
        self._silence.begin()
        chunk = await anext(self._content, None)
        await self._silence.end()
        return chunk

    def _fill_silence(self) -> None:
        idle = self._content.idle
        if idle is not None:
            from portico_asgi._silence import Silence

            self._silence = Silence(idle, self._platform, self._send_idle, self._stop)
            self._tasks.spawn(self._silence.run, copy_context())

    async def _send_idle(self, chunk: bytes) -> None:
        await self._send(chunk, more=True)
        if self._platform.inbox.gone:
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
            self._platform.inbox.lose()

    def _stop(self) -> None:
        if self._current is not None:
            self._current.interrupt()


async def _start(response: Response, platform: AsgiPlatform) -> None:
    platform.started = True
    # "Header names MUST be lowercased" (ASGI 3.0 "Response Start"), as those of `Headers` are.
    headers = response.wire_fields()
    await platform.send(
        {"type": "http.response.start", "status": response.status, "headers": headers}
    )
