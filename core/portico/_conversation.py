"""`Conversation`: an accepted WebSocket from its opening to its end, one event after the other.

::

    open > message, message, ... > close
              \\ error (answers, and it goes on; else the connection is closed)

Handlers of one connection never run at the same time, so a slow one makes the peer wait: nothing is
received meanwhile. `close` runs exactly once, whoever ended it and however. What has ended the
connection is raised at the end, so that the generators of the request see it: nothing where either
side closed as it meant to, `DisconnectError` where the connection was lost, else the error.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from portico._close_code import ABNORMAL, GOING_AWAY, close_of, is_expected
from portico._errors import CapabilityError, DisconnectError, HTTPError
from portico._message import check_size
from portico._upgrade import Closed
from portico._websocket import WebSocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from portico._context import Context
    from portico._socket_handler import Values
    from portico._socket_link import SocketLink
    from portico._upgrade import Channel, Data, SocketEvent

_NO_CHUNKS: Final[tuple[bytes, ...]] = ()


class Conversation:
    """One connection.

    Attributes:
        ctx: the request that it began with.
        socket: its handlers and limits.
        channel: the adapter's side; set before anything happens.
        event: the only one that is there to be handled, or None: all of them.
        closed: how it ended, once it has.
        failure: the error that it ended with, which was told of already.
        topics: what it is subscribed to.
    """

    __slots__ = (
        "_collected",
        "_is_meant",
        "_is_over",
        "_websocket",
        "channel",
        "closed",
        "ctx",
        "event",
        "failure",
        "socket",
        "topics",
    )

    channel: Channel

    def __init__(
        self,
        ctx: Context,
        socket: SocketLink,
        collected: dict[str, Values],
        subprotocol: str | None,
    ) -> None:
        self.ctx: Context = ctx
        self.socket: SocketLink = socket
        self.event: SocketEvent | None = None
        self.closed: Closed | None = None
        self.failure: Exception | None = None
        self.topics: set[str] = set()
        self._collected = collected
        # Whether this side has closed it because it wanted to.
        self._is_meant = False
        self._is_over = False
        self._websocket = WebSocket(self, subprotocol)

    @property
    def subprotocol(self) -> str | None:
        """The one that was chosen."""
        return self._websocket.subprotocol

    async def frames(self) -> AsyncIterator[bytes]:
        """The whole conversation, as a stream without any chunk."""
        try:
            await self._talk()
        except Exception as error:  # noqa: BLE001 - it is raised again, once all is closed
            await self._fail(error)
        except BaseException:
            await self._give_up()
            raise
        await self._end()
        if self.failure is not None:
            raise self.failure
        for chunk in _NO_CHUNKS:
            yield chunk

    def report(self, error: Exception) -> None:
        """Tell the developer of an error that no peer can be told of."""
        with suppress(Exception):
            self.ctx.platform.report(error, f"WS {self.ctx.route} failed")

    # What handlers ask for

    async def next(self) -> Data | Closed:
        """The next message, or how the connection ended, which is kept."""
        if self.closed is None:
            try:
                data = await self.channel.receive(self.socket.idle_timeout)
            except TimeoutError:
                await self.close(GOING_AWAY, "idle")
                return Closed(GOING_AWAY, "idle")
            if not isinstance(data, Closed):
                return data
            self.closed = data
        return self.closed

    async def close(self, code: int, reason: str) -> None:
        """Close it, unless it is closed."""
        if self.closed is None:
            self.closed = Closed(code, reason)
            self._is_meant = True
            await self.channel.close(code, reason)

    def lost(self) -> None:
        """The peer is gone, without a word."""
        if self.closed is None:
            self.closed = Closed(ABNORMAL)

    def deliver(self, data: str | bytes) -> None:
        """Send what was published; see `Deliver`."""
        if self.closed is None:
            self.channel.post(data)

    async def subscribe(self, topic: str) -> None:
        """Subscribe to a topic."""
        from portico._publishing import broker_of

        broker = await broker_of(self.ctx, subscribes=True)
        await broker.subscribe(topic, self.deliver)
        self.topics.add(topic)

    async def unsubscribe(self, topic: str) -> None:
        """Unsubscribe from a topic."""
        if topic in self.topics:
            from portico._publishing import broker_of

            self.topics.discard(topic)
            broker = await broker_of(self.ctx)
            await broker.unsubscribe(topic, self.deliver)

    # From one event to the next

    async def _talk(self) -> None:
        if self.event is not None:
            await self._talk_once(self.event)
            return
        await self._event("open")
        if "loop" in self.socket.handlers:
            await self._event("loop")
            await self.close(1000, "")
            return
        while self.closed is None:
            await self._take()

    async def _talk_once(self, event: SocketEvent) -> None:
        from portico._socket_events import unfit

        found = unfit(self.socket)
        if found is not None:
            raise CapabilityError(
                f"Each event of a WebSocket is a call of its own here, and {found}"
            )
        if event == "open":
            await self._event("open")
        else:
            await self._take()

    async def _take(self) -> None:
        data = await self.next()
        handler = self.socket.handlers.get("message")
        if isinstance(data, Closed) or handler is None:
            return
        try:
            check_size(data, self.socket.max_message_size)
            message = handler.decode(data)
        except Exception as error:  # noqa: BLE001 - the error handler may have an answer
            await self._answer_error(error)
        else:
            await self._event("message", message=message)

    async def _event(self, name: str, **values: Any) -> None:
        try:
            await self._call(name, **values)
        except Exception as error:  # noqa: BLE001 - the error handler may have an answer
            await self._answer_error(error)

    async def _answer_error(self, error: Exception) -> None:
        """Let the error handler answer; where it does not, the error ends the connection."""
        if self.closed is not None and isinstance(error, DisconnectError):
            return  # it was sending when the connection ended
        if not await self._call("error", error=error):
            raise error

    async def _call(self, name: str, **values: Any) -> bool:
        """Call a handler and send what it gives; whether that was anything, or it has closed."""
        handler = self.socket.handlers.get(name)
        if handler is None:
            return False
        has_answered = False
        given = {"ws": self._websocket, **values}
        answers = handler.answers(self.ctx, self._collected[name], given)
        try:
            async for value in answers:
                has_answered = True
                await self._websocket.send(value)
        finally:
            await answers.aclose()
        return has_answered or self.closed is not None

    # The end

    async def _fail(self, error: Exception) -> None:
        """Close the connection for an error."""
        self.failure = error
        if not isinstance(error, HTTPError):
            self.report(error)
        if self.closed is None:
            code, reason = close_of(error)
            self.closed = Closed(code, reason)
            try:
                await self.channel.close(code, reason)
            except Exception as second:  # noqa: BLE001 - nobody is there to be told
                self.report(second)

    async def _give_up(self) -> None:
        """The task was cancelled: what has to be done at the end is shielded where it can be."""
        if self.ctx._shield is not None:
            self.ctx._shield.shield = True
        self.lost()
        await self._end()

    async def _end(self) -> None:
        """Unsubscribe, and call the handler of `close`; each once, whatever happens."""
        if self._is_over or self.closed is None:
            return
        self._is_over = True
        code, reason = self.closed
        if code == ABNORMAL and self.event == "message":
            return  # that the connection was lost is an event of its own
        try:
            for topic in tuple(self.topics):
                await self.unsubscribe(topic)
            await self._call("close", code=code, reason=reason)
        except DisconnectError:
            pass  # it has sent something: there is nobody left to get it
        except Exception as error:  # noqa: BLE001 - the connection is closed already
            self.report(error)
        if self.failure is None and not (self._is_meant or is_expected(code)):
            self.failure = DisconnectError(
                f"The WebSocket was closed with {code}. {reason}".strip()
            )
