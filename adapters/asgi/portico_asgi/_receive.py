"""`Inbox`: the `receive()` of one call, awaited by one at a time.

Two may want the next message: the reader of the body, on the loop or from a worker thread, and the
watcher that waits for the peer to leave. A message that the watcher finds while it waits is kept
for the reader, one at most, so that the server holds the rest of the body back.

The watcher runs only where somebody asked for it. It must end before the last message is sent:
after a complete answer `receive()` gives `http.disconnect`, which then says nothing of the peer.

From then on nobody reads the rest of a body, but somebody must take it: hypercorn puts that last
`http.disconnect` behind it in a queue of ten, and while the queue is full `send()` does not return.
So what is left is received and dropped for as long as `send()` waits. The server decides how fast
it comes, and nothing is received once the answer is sent.

A reader waits for `body_timeout` seconds at most, a watcher for ever: see `_patience`.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeAlias

from portico.contract import Begun

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from anyio import Event

    from portico import AbortController, AbortSignal, BodyTimeoutError
    from portico_asgi._loop_types import Tasks, Work
    from portico_asgi._watch import Watch

Message: TypeAlias = "MutableMapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
Send: TypeAlias = "Callable[[Message], Awaitable[None]]"


class Inbox:
    """The messages of one http scope (ASGI 3.0 "Request" and "Disconnect").

    Args:
        receive: the server's own.
        tasks: those of the event loop.
        has_body: whether a body may come, by the request's framing.
        seconds: how long a reader waits for the next of the body.

    Attributes:
        has_body: whether a body may come, by the request's framing.
        expected: what the server was asked for already: its next message.
        ended: whether the last message of the body came.
        gone: whether the peer left before it had the whole answer.
        is_late: whether a reader has waited too long for the body.
        has_trailers: whether fields follow the answer's content.
        on_gone: called by the watcher, in its task, when the peer leaves; or None.
    """

    __slots__ = (
        "_ahead",
        "_changed",
        "_controller",
        "_dropped",
        "_over",
        "_pulling",
        "_receive",
        "_seconds",
        "_tasks",
        "_watch",
        "ended",
        "expected",
        "gone",
        "has_body",
        "has_trailers",
        "is_late",
        "on_gone",
    )

    def __init__(
        self,
        receive: Receive,
        tasks: Tasks,
        *,
        has_body: bool = False,
        seconds: float = inf,
    ) -> None:
        self.has_body: bool = has_body
        self.ended: bool = False
        self.gone: bool = False
        self.is_late: bool = False
        self.has_trailers: bool = False
        self.on_gone: Callable[[], None] | None = None
        self._tasks = tasks
        self._ahead: bytes | None = None
        self._pulling = False
        self._dropped = False
        self._changed: Event | None = None
        self._over = False
        self._watch: Watch | None = None
        self._controller: AbortController | None = None
        self._seconds = seconds
        self._receive = receive
        self.expected: Awaitable[Message] | None = None

    def _ask(self) -> Awaitable[Message]:
        """The server's next message, to be awaited at once."""
        expected, self.expected = self.expected, None
        return self._receive() if expected is None else expected

    def _give_up_expected(self) -> None:
        """Ask the server anew for what nobody has come to await, such as a refused body.

        What has begun in one task may not go on in another.
        """
        pending = self.expected
        if isinstance(pending, Begun):
            self.expected = None
            with suppress(RuntimeError):  # one that waits again is left where it is
                pending.close()

    async def chunk(self) -> bytes | None:
        """The next chunk of the body, or None after the last.

        Raises:
            BodyTimeoutError: the peer sends nothing for `body_timeout` seconds.
            DisconnectError: the peer left before the body's end, or has its answer without it.
        """
        while self._ahead is None and not (self.ended or self.gone or self._dropped):
            with self._tasks.limit(self._seconds) as limit:
                await limit.bounds(self._pull())
            if limit.is_over:
                raise self._out_of_time()
        chunk, self._ahead = self._ahead, None
        if chunk is None and (not self.ended or self._dropped):
            from portico import DisconnectError

            raise DisconnectError
        self._tell()
        return chunk

    async def rest(self, add: Callable[[bytes], bytes]) -> list[bytes]:
        """All chunks that are left, each passed by `add` as it arrives; it raises as `chunk`."""
        chunks: list[bytes] = []
        tasks = self._tasks
        if not (self._pulling or self._dropped or self.gone or tasks.must_enter_first):
            # Nobody else waits for messages, or comes to do so before this one has them.
            self._pulling = True
            try:
                with tasks.limit(self._seconds) as limit:
                    ahead, self._ahead = self._ahead, None
                    if ahead is not None:
                        chunks.append(add(ahead))
                    while not self.ended:
                        expected, self.expected = self.expected, None
                        message = await (self._receive() if expected is None else expected)
                        if message["type"] == "http.disconnect":
                            self.lose()
                            break
                        if message["type"] == "http.request":
                            self.ended = not message.get("more_body", False)
                            if body := message.get("body"):
                                chunks.append(add(body))
                        if not self.ended:
                            limit.again()
                if limit.is_over:
                    raise self._out_of_time()
            except OSError:
                self.lose()
            finally:
                self._pulling = False
                if self._changed is not None:
                    self._tell()
            if self.ended and not self._dropped:
                return chunks
        while (chunk := await self.chunk()) is not None:
            chunks.append(add(chunk))
        return chunks

    def _out_of_time(self) -> BodyTimeoutError:
        from portico import BodyTimeoutError

        self.is_late = True
        return BodyTimeoutError(self._seconds)

    @property
    def is_quiet(self) -> bool:
        """Whether the whole body came in time, nobody watches, and no trailers follow."""
        if self.has_trailers or self._watch is not None or self.gone or self.is_late:
            return False
        return self.ended or not self.has_body

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the peer leaves; asking for it, on the loop, starts the watcher."""
        if self._controller is None:
            from portico import AbortController

            self._controller = AbortController()
            if self.gone:
                self._abort()
            self.watch()
        return self._controller.signal

    def on_loop(self) -> bool:
        """Whether this is the thread of the event loop."""
        return get_ident() == self._tasks.thread

    def watch(self) -> None:
        """Wait for the peer to leave, in a task of the loop, until `unwatch`."""
        if self._watch is not None or self._over or self.gone:
            return
        self._begin(self._wait_for_leave)

    def on_leave(self, call: Callable[[], None] | None) -> None:
        """Have this called when the peer leaves, now if it has; None has nothing called."""
        self.on_gone = call
        if call is not None:
            if self.gone:
                call()
            else:
                self.watch()

    def drain(self, seconds: float = inf) -> None:
        """Drop what is left of the body, in a task of the loop, until `unwatch`.

        To be called after `unwatch`, when nobody waits for the body any more.

        Args:
            seconds: how long at most, where no `unwatch` follows.
        """
        if self.has_body and not self.ended and not self.gone:
            self._begin(self._drop, seconds)

    def _begin(self, work: Work, seconds: float = inf) -> None:
        from portico_asgi._watch import Watch

        self._give_up_expected()
        self._watch = Watch(self._tasks, work, seconds)

    async def unwatch(self) -> None:
        """End the watcher, now and for good, or `drain`; afterwards no `receive()` waits.

        To be called before the last message is sent: servers take what follows for a disconnect.

        Raises:
            Exception: what the server's `receive()` raised to the watcher.
        """
        self._over = True
        self.on_gone = None
        self._give_up_expected()
        if self._watch is not None:
            await self._watch.end()

    def lose(self) -> None:
        """Note that the peer is gone, and tell those who wait for it."""
        if self.gone:
            return
        self.gone = True
        self._tell()
        if self._controller is not None:
            self._abort()

    def _abort(self) -> None:
        if self._controller is not None:
            from portico import DisconnectError

            self._controller.abort(DisconnectError("The peer closed the connection."))

    async def _wait_for_leave(self) -> None:
        while not self.gone:
            if self._ahead is None or self.ended:
                body_ended = self.ended
                await self._pull()
                if body_ended and not self.gone:
                    return  # a server that has more to say after the end says nothing of use
            else:
                await self._change()
        if self.on_gone is not None:
            self.on_gone()

    async def _drop(self) -> None:
        self._dropped = True
        self._ahead = None
        self._tell()
        while self._pulling:
            await self._change()
        # Nobody waits for these messages, so nobody is told what is wrong with them.
        with suppress(Exception):
            while not self.ended and not self.gone:
                message = await self._ask()
                if message["type"] == "http.disconnect":
                    return  # the peer's or that of the answer's end, which look the same
                self.ended = not message.get("more_body", False)

    async def _pull(self) -> None:
        """Take one message, or wait until the other one has taken it."""
        if self._pulling:
            await self._change()
            return
        self._pulling = True
        try:
            message = await self._ask()
        except OSError:
            self.lose()
        else:
            self.note(message)
        finally:
            self._pulling = False
            self._tell()

    def note(self, message: Message) -> None:
        """Take what a message says."""
        if message["type"] == "http.disconnect":
            self.lose()
        elif message["type"] == "http.request" and not self.ended:
            # Any other message says nothing of the body. Both keys of this one have defaults (ASGI
            # 3.0 "Request - receive event").
            self._ahead = message.get("body") or None
            self.ended = not message.get("more_body", False)

    async def _change(self) -> None:
        from anyio import Event

        if self._changed is None:
            self._changed = Event()
        await self._changed.wait()

    def _tell(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()
