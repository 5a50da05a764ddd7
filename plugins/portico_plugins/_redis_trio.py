"""The connection of coredis, which runs under trio (and asyncio)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from anyio import BrokenResourceError, Event, connect_tcp, connect_unix, create_task_group
from coredis.connection import BaseConnection, TCPLocation
from coredis.exceptions import ConnectionError as CoredisConnectionError
from coredis.exceptions import RedisError, ResponseError

from portico_plugins._redis_link import LinkLostError, LinkRefusedError, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import ByteStream, TaskGroup

    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import Command, Receive

_ANSWERED_BY_MESSAGES: Final = (b"SUBSCRIBE", b"UNSUBSCRIBE")


class TrioLink:
    """See `Link`.

    coredis has tasks of its own that read and write. Answers find their commands there, but what
    answers SUBSCRIBE is a message like any other, and a refusal of it is nobody's answer.
    """

    __slots__ = (
        "_address",
        "_confirmed",
        "_connection",
        "_expected",
        "_receive",
        "_refusals",
        "_settled",
    )

    def __init__(self, address: RedisAddress, receive: Receive) -> None:
        self._address = address
        self._connection: Any = None
        self._receive = receive
        # Of one call: how many answers it waits for, and those that came.
        self._expected = 0
        self._confirmed: set[bytes] = set()
        self._refusals: list[Exception] = []
        self._settled = Event()

    async def open(self, tasks: TaskGroup, /) -> None:
        """Connect; the connection reads and writes in the task group."""
        try:
            stream = await _connected(self._address)
        except (OSError, BrokenResourceError) as error:  # the last where TLS breaks off
            raise LinkLostError(words(error)) from error
        self._connection = _Connection(self._address, stream)
        try:
            await tasks.start(self._connection.run)
        except ResponseError as error:
            raise LinkRefusedError(words(error)) from error
        except (RedisError, OSError) as error:
            raise LinkLostError(words(error.__cause__ or error)) from error

    async def listen(self) -> None:
        """Give away what arrives until the connection ends."""
        async with create_task_group() as tasks:
            tasks.start_soon(self._listen_for_refusals)
            try:
                async for push in self._connection.push_messages:
                    self._take(push)
            except CoredisConnectionError as error:
                raise LinkLostError(words(error)) from error

    async def _listen_for_refusals(self) -> None:
        try:
            async for answer in self._connection.streamed_messages:
                self._refusals.append(LinkRefusedError(words(answer)))
                self._settle()
        except CoredisConnectionError as error:
            raise LinkLostError(words(error)) from error

    def _take(self, push: Any) -> None:
        match push:
            case [b"message", bytes(channel), bytes(content)]:
                self._receive(channel, content)
            case [b"subscribe" | b"unsubscribe", bytes(channel), _]:
                self._confirmed.add(channel)
                self._settle()
            case _:  # Redis may push what nobody has asked for (RESP3 "Push types")
                pass

    def _settle(self) -> None:
        if len(self._confirmed) + len(self._refusals) >= self._expected:
            self._settled.set()

    async def call(self, commands: Sequence[Command], /) -> list[Exception | None]:
        """Send commands, and wait for the answers."""
        try:
            if commands[0][0] in _ANSWERED_BY_MESSAGES:
                return await self._change(commands)
            requests = [
                self._connection.create_request(*command, raise_exceptions=False)
                for command in commands
            ]
            return [_refusal(await request) for request in requests]
        except CoredisConnectionError as error:
            raise LinkLostError(words(error)) from error

    async def _change(self, commands: Sequence[Command]) -> list[Exception | None]:
        self._expected = len(commands)
        self._confirmed.clear()
        self._refusals.clear()
        self._settled = Event()
        for command in commands:
            self._connection.send_command(*command)
        await self._settled.wait()
        # Messages and refusals take different ways, but each keeps its order.
        refusals = iter(self._refusals)
        return [None if each[1] in self._confirmed else next(refusals) for each in commands]

    async def close(self) -> None:
        """Close it; its tasks end in their own time."""
        if self._connection is not None:
            self._connection.invalidate()


def _refusal(answer: Any) -> Exception | None:
    if isinstance(answer, CoredisConnectionError):
        raise answer
    return LinkRefusedError(words(answer)) if isinstance(answer, Exception) else None


class _Connection(BaseConnection):
    """A connection whose stream is there already.

    One that coredis fails to open leaves streams in memory that are never closed, and logs each
    attempt with its traceback.
    """

    def __init__(self, address: RedisAddress, stream: ByteStream) -> None:
        super().__init__(
            TCPLocation(address.host, address.port),
            username=address.username or None,
            password=address.password or None,
            db=address.db,
        )
        self._opened = stream
        self._shown = str(address)

    async def _connect(self) -> ByteStream:
        return self._opened

    def describe(self) -> str:
        return self._shown


async def _connected(address: RedisAddress) -> ByteStream:
    if address.path:
        return await connect_unix(address.path)
    context = address.tls()
    if context is None:
        return await connect_tcp(address.host, address.port)
    return await connect_tcp(
        address.host, address.port, ssl_context=context, tls_standard_compatible=False
    )
