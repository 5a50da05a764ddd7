"""`Silence`: what is sent while a stream gives nothing.

The task of the request waits for the stream's next chunk, and must go on doing so, since cancel
scopes may be open in the stream. So a task of its own sends; the two never do so at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio import Event

    from portico.contract import Idle, Platform


class Silence:
    """The waits of one stream.

    Args:
        idle: what to send, and when.
        platform: the clock.
        send: sends a chunk.
        failed: called when `send` has raised, which `stop` raises again.
    """

    __slots__ = (
        "_ended",
        "_failed",
        "_failure",
        "_idle",
        "_platform",
        "_scope",
        "_send",
        "_sending",
        "_since",
    )

    def __init__(
        self,
        idle: Idle,
        platform: Platform,
        send: Callable[[bytes], Awaitable[None]],
        failed: Callable[[], None],
    ) -> None:
        from anyio import CancelScope, Event

        self._idle = idle
        self._platform = platform
        self._send = send
        self._failed = failed
        self._since: float | None = None
        self._sending: Event | None = None
        self._failure: Exception | None = None
        self._scope = CancelScope()
        self._ended = Event()

    def begin(self) -> None:
        """The stream is waited for from now on."""
        self._since = self._platform.monotonic()

    def end(self) -> Event | None:
        """It has given something; returns what to wait for where something is being sent still."""
        self._since = None
        return self._sending

    async def run(self) -> None:
        """Send whenever it is time, in a task of its own, until `stop`."""
        try:
            with self._scope:
                while True:
                    await self._until_due()
                    await self._send_once()
        except Exception as error:  # noqa: BLE001 - raised to the request's task by `stop`
            self._failure = error
            self._failed()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """End the task, in the middle of a chunk if need be.

        Raises:
            Exception: what sending raised.
        """
        from anyio import CancelScope

        self._scope.cancel()
        with CancelScope(shield=True):
            await self._ended.wait()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _until_due(self) -> None:
        seconds = self._idle.seconds
        while True:
            since = self._since
            left = seconds if since is None else since + seconds - self._platform.monotonic()
            if left <= 0:
                return
            await self._platform.sleep(left)

    async def _send_once(self) -> None:
        from anyio import Event

        self._sending = Event()
        try:
            await self._send(self._idle.chunk)
        finally:
            self._sending.set()
            self._sending = None
            if self._since is not None:
                self.begin()
