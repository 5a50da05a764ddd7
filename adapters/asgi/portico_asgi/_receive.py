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
from contextvars import copy_context
from functools import partial
from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeAlias

from portico.contract import Begun

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from anyio import CancelScope, Event

    from portico import AbortController, AbortSignal
    from portico.contract import Options
    from portico_asgi._loop_types import Interruption, Tasks, Work
    from portico_asgi._patience import Patience

Message: TypeAlias = "MutableMapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
Send: TypeAlias = "Callable[[Message], Awaitable[None]]"


class Inbox:
    """The messages of one http scope (ASGI 3.0 "Request" and "Disconnect").

    Args:
        receive: the server's own.
        tasks: those of the event loop.
        has_body: whether a body may come, by the request's framing.
        options: say how long a reader waits; None has it wait for ever.

    Attributes:
        receive: the server's own.
        has_body: whether a body may come, by the request's framing.
        ended: whether the last message of the body came.
        gone: whether the peer left before it had the whole answer.
        has_trailers: whether fields follow the answer's content.
        cancels: whether the stretch that `follow` was given ends when the peer leaves.
        on_gone: called by the watcher, in its task, when the peer leaves; or None.
    """

    __slots__ = (
        "_ahead",
        "_changed",
        "_controller",
        "_dropped",
        "_expected",
        "_failure",
        "_options",
        "_over",
        "_patience",
        "_pulling",
        "_server_receive",
        "_stretch",
        "_tasks",
        "_watch",
        "_watch_ended",
        "cancels",
        "ended",
        "gone",
        "has_body",
        "has_trailers",
        "on_gone",
        "receive",
    )

    # Made with the watcher.
    _watch_ended: Event
    _failure: Exception | None

    def __init__(
        self,
        receive: Receive,
        tasks: Tasks,
        *,
        has_body: bool = False,
        options: Options | None = None,
    ) -> None:
        self.receive: Receive = receive
        self.has_body: bool = has_body
        self.ended: bool = False
        self.gone: bool = False
        self.has_trailers: bool = False
        self.cancels: bool = False
        self.on_gone: Callable[[], None] | None = None
        self._stretch: Interruption | None = None
        self._tasks = tasks
        self._ahead: bytes | None = None
        self._pulling = False
        self._dropped = False
        self._changed: Event | None = None
        self._over = False
        self._watch: CancelScope | None = None
        self._controller: AbortController | None = None
        self._options = options
        self._patience: Patience | None = None
        self._server_receive = receive
        self._expected: Awaitable[Message] | None = None
        if tasks.must_enter_first:
            self._bound()

    def expect(self, pending: Awaitable[Message]) -> None:
        """Have the server's next message from what was asked for it already."""
        receive = self.receive

        def first() -> Awaitable[Message]:
            self.receive, self._expected = receive, None
            return pending

        self.receive, self._expected = first, pending

    def _give_up_expected(self) -> None:
        """Ask the server anew for what nobody has come to await, such as a refused body.

        What has begun in one task may not go on in another.
        """
        pending, self._expected = self._expected, None
        if isinstance(pending, Begun):
            self.receive = self._server_receive
            with suppress(RuntimeError):  # one that waits again is left where it is
                pending.close()

    async def chunk(self) -> bytes | None:
        """The next chunk of the body, or None after the last.

        Raises:
            DisconnectError: the peer left before the body's end, or has its answer without it.
        """
        while self._ahead is None and not (self.ended or self.gone or self._dropped):
            if self._patience is not None:
                await self._patience.wait(self._pull())
                continue
            try:
                await self._pull()
            except BaseException as error:
                self._end_first(error)
                raise
            self._end_first()  # the wait may have begun before it was bounded
        chunk, self._ahead = self._ahead, None
        if chunk is None and (not self.ended or self._dropped):
            from portico import DisconnectError

            raise DisconnectError
        self._tell()
        return chunk

    async def rest(self, add: Callable[[bytes], bytes]) -> list[bytes]:
        """All chunks that are left, each passed by `add` as it arrives; it raises as `chunk`."""
        chunks: list[bytes] = []
        if not (self._pulling or self._dropped or self.gone):
            # Nobody else waits for messages, or comes to do so before this one has them.
            self._pulling = True
            try:
                ahead, self._ahead = self._ahead, None
                if ahead is not None:
                    chunks.append(add(ahead))
                while not self.ended and self._patience is None:
                    message = await self.receive()
                    if message["type"] != "http.request":
                        self.note(message)
                        if message["type"] == "http.disconnect":
                            break
                        continue
                    body: bytes = message.get("body") or b""
                    self.ended = not message.get("more_body", False)
                    if body:
                        chunks.append(add(body))
            except OSError:
                self.lose()
            except BaseException as error:
                self._end_first(error)
                raise
            finally:
                self._pulling = False
                self._tell()
            if self._patience is not None:
                self._patience.end()
            if self.ended and not self._dropped:
                return chunks
        while (chunk := await self.chunk()) is not None:
            chunks.append(add(chunk))
        return chunks

    @property
    def is_late(self) -> bool:
        """Whether a reader has waited too long for the body."""
        return self._patience is not None and self._patience.is_over

    @property
    def is_quiet(self) -> bool:
        """Whether the whole body was received, nobody watches, and no trailers follow."""
        if self.has_trailers or self._watch is not None or self.gone:
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
        self._bound()
        if self._watch is not None or self._over or self.gone:
            return
        self._begin(self._wait_for_leave)

    def follow(self, stretch: Interruption) -> None:
        """Take the stretch of the handler, which ends when the peer leaves, if that is wanted."""
        self._bound()
        self._stretch = stretch
        if self.cancels:
            self.cancel(True)

    def cancel(self, wanted: bool, /) -> None:
        """Say whether the stretch of the handler, now or later, ends when the peer leaves."""
        self.cancels = wanted
        stretch = self._stretch
        if stretch is None:
            return
        self.on_gone = stretch.interrupt if wanted else None
        if not wanted:
            return
        if self.gone:
            stretch.interrupt()
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
        from anyio import CancelScope, Event, current_time

        self._give_up_expected()
        self._watch = CancelScope(deadline=current_time() + seconds)
        self._watch_ended = Event()
        self._failure = None
        self._tasks.spawn(partial(self._keep, work, self._watch, self._watch_ended), copy_context())

    async def unwatch(self) -> None:
        """End the watcher, now and for good, or `drain`; afterwards no `receive()` waits.

        To be called before the last message is sent: servers take what follows for a disconnect.

        Raises:
            Exception: what the server's `receive()` raised to the watcher.
        """
        self._over = True
        self.on_gone = None
        self._give_up_expected()
        if self._watch is None:
            return
        from anyio import CancelScope

        self._watch.cancel()
        with CancelScope(shield=True):
            await self._watch_ended.wait()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _bound(self) -> None:
        """Let no reader wait for ever from now on, not even one that waits already."""
        seconds = None if self._options is None else self._options.body_timeout
        if seconds is None or self._patience is not None or not self.has_body:
            return
        from portico_asgi._patience import Patience

        self._patience = Patience(seconds, self._tasks)
        if self._pulling:
            self._patience.begin()

    def _end_first(self, error: BaseException | None = None) -> None:
        if self._patience is not None:
            self._patience.end(error)

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

    async def _keep(self, work: Work, scope: CancelScope, ended: Event) -> None:
        try:
            with scope:
                # A `send()` that did not wait is over before the loop comes to this task.
                if not scope.cancel_called:
                    await work()
            if self.gone and self.on_gone is not None:
                self.on_gone()
        except Exception as error:  # noqa: BLE001 - raised to the request's task by `unwatch`
            self._failure = error
        finally:
            ended.set()

    async def _wait_for_leave(self) -> None:
        while not self.gone:
            if self._ahead is None or self.ended:
                body_ended = self.ended
                await self._pull()
                if body_ended and not self.gone:
                    return  # a server that has more to say after the end says nothing of use
            else:
                await self._change()

    async def _drop(self) -> None:
        self._dropped = True
        self._ahead = None
        self._tell()
        while self._pulling:
            await self._change()
        # Nobody waits for these messages, so nobody is told what is wrong with them.
        with suppress(Exception):
            while not self.ended and not self.gone:
                message = await self.receive()
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
            message = await self.receive()
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
        if self._changed is not None:
            self._changed.set()
            self._changed = None
