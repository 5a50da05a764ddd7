"""The connection of redis-py, under asyncio."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from anyio import CancelScope, Event, move_on_after
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    RedisError,
    ResponseError,
)

from portico_plugins._redis_link import LinkLostError, LinkRefusedError, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import TaskGroup

    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import Command, Receive

_CLOSING: Final = 1.0  # seconds to say goodbye in
_CONFIRMATIONS: Final = (b"subscribe", b"unsubscribe")
_REFUSALS: Final = (AuthenticationError, AuthorizationError, ResponseError)


class AsyncioLink:
    """See `Link`. Answers and messages come mixed, the answers in the order of the commands."""

    __slots__ = ("_answers", "_connection", "_expected", "_receive", "_settled")

    def __init__(self, address: RedisAddress, receive: Receive) -> None:
        self._connection: Any = _connection(address)
        self._receive = receive
        self._expected = 0
        self._answers: deque[Exception | None] = deque()
        self._settled = Event()

    async def open(self, tasks: TaskGroup, /) -> None:
        """Connect; redis-py needs no task for it."""
        try:
            await self._connection.connect()
        except (RedisError, OSError) as error:
            # For sockets in the file system a refusal comes wrapped.
            for each in (error, error.__cause__):
                if isinstance(each, _REFUSALS):
                    raise LinkRefusedError(words(each)) from error
            raise LinkLostError(words(error)) from error
        # redis-py's own writes every message to a log that is mostly off: 30 ms for a mebibyte.
        take_pushes_by = getattr(self._connection._parser, "set_pubsub_push_handler", None)
        if take_pushes_by is not None:
            take_pushes_by(_as_it_is)

    async def listen(self) -> None:
        """Give away what arrives until the connection ends."""
        while True:
            try:
                arrived = await self._connection.read_response(
                    disable_decoding=True, disconnect_on_error=False, push_request=True
                )
            except ResponseError as error:
                self._answer(LinkRefusedError(words(error)))
            except (RedisError, OSError) as error:
                raise LinkLostError(words(error)) from error
            else:
                self._take(arrived)

    def _take(self, arrived: Any) -> None:
        match arrived:
            case [b"message", bytes(channel), bytes(content)]:
                self._receive(channel, content)
            case [bytes(kind), *_] if kind not in _CONFIRMATIONS:
                pass  # Redis may push what nobody has asked for (RESP3 "Push types")
            case _:
                self._answer(None)

    def _answer(self, refusal: Exception | None) -> None:
        self._answers.append(refusal)
        if len(self._answers) >= self._expected:
            self._settled.set()

    async def call(self, commands: Sequence[Command], /) -> list[Exception | None]:
        """Send commands, and wait for the answers."""
        self._answers.clear()
        self._expected = len(commands)
        self._settled = Event()
        try:
            packed = self._connection.pack_commands(commands)
            await self._connection.send_packed_command(packed, check_health=False)
        except (RedisError, OSError) as error:
            raise LinkLostError(words(error)) from error
        await self._settled.wait()
        return list(self._answers)

    async def close(self) -> None:
        """Close it, without waiting for a server that does not answer."""
        # What goes wrong then does not matter: it is closed all the same.
        with CancelScope(shield=True), move_on_after(_CLOSING), suppress(RedisError, OSError):
            await self._connection.disconnect()


async def _as_it_is(push: Any) -> Any:
    return push


def _connection(address: RedisAddress) -> Any:
    # Who waits how long, and what is tried again, is the broker's to say.
    options: dict[str, Any] = {
        "protocol": 3,
        "db": address.db,
        "username": address.username or None,
        "password": address.password or None,
        "socket_timeout": None,
        "socket_connect_timeout": None,
    }
    if address.path:
        return UnixDomainSocketConnection(path=address.path, **options)
    options |= {"host": address.host, "port": address.port}
    if not address.is_tls:
        return Connection(**options)
    # Earlier versions do not check the host unless they are told to.
    options |= {**address.files, "ssl_check_hostname": address.is_verified}
    if not address.is_verified:
        options["ssl_cert_reqs"] = "none"
    return SSLConnection(**options)
