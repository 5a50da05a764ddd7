"""One invocation with an event of a WebSocket: to its handlers, and the result to API Gateway.

The request of the handshake is asked for again with each event: its hooks and keys run as they did
when the connection began, and what they answer now counts. Nothing is left in memory in between.
"""

from __future__ import annotations

import json
from contextvars import copy_context
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from portico import DefinitionError, Headers, PeerError
from portico.contract import ByteStream, Response, Upgrade
from portico_lambda._background import do_work
from portico_lambda._fields import seen, table, text
from portico_lambda._lost import lost
from portico_lambda._platform import LambdaPlatform
from portico_lambda._request import PartsRequest
from portico_lambda._response import problem
from portico_lambda._socket_channel import GatewayChannel
from portico_lambda._socket_events import (
    closed_of,
    connection_of,
    handshake_of,
    message_of,
    parts_of,
)
from portico_lambda._socket_platform import SocketPlatform
from portico_lambda._target import path_of_encoded
from portico_lambda._time_limit import OutOfTimeError, time_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico.contract import Closed, Connecting, Options, SocketEvent
    from portico_lambda._connections import Connection, Connections
    from portico_lambda._environment import Environment
    from portico_lambda._fields import Fields
    from portico_lambda._response import Result

_EVENTS: Final[dict[str, SocketEvent]] = {
    "CONNECT": "open",
    "MESSAGE": "message",
    "DISCONNECT": "close",
}
_DONE: Final = 200
_GONE: Final = 410
_INTERNAL_ERROR: Final = 1011


def checked_path(path: str) -> str:
    """A path that requests may have, percent-encoded.

    Raises:
        DefinitionError: it does not begin with a slash, or names parameters.
    """
    if not path.startswith("/") or "{" in path or "?" in path:
        raise DefinitionError(
            f"socket_path={path!r} is not the path of a request. It begins with a slash and has a "
            "value in place of each parameter, such as '/chat/lobby'."
        )
    return path_of_encoded(path)


class Sockets(NamedTuple):
    """How WebSockets are served.

    Attributes:
        app: the application.
        options: those of the adapter.
        connections: the store, and the way to send.
        path: the one that the application has the socket under.
        entered: gives the started application.
    """

    app: Connecting
    options: Options
    connections: Connections
    path: str
    entered: Callable[[], Environment]

    def handle(self, event: Fields, context: object) -> Result:
        """Handle one event; never raises: what goes wrong is reported, and a status of 500."""
        try:
            return self._handle(event, context)
        except PeerError as error:
            return _result(problem(error.status, error.detail))
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500, or 504
            kind = text(seen(event.get("requestContext")), "eventType")
            platform = LambdaPlatform(self.options, event=event, context=context)
            platform.report(error, f"the event {kind} of a WebSocket failed")
            if isinstance(error, OutOfTimeError):
                return _result(problem(504, "The server ran out of time."))
            return _result(problem(500, "The server failed."))

    def _handle(self, event: Fields, context: object) -> Result:
        connection = connection_of(event)
        kind = _EVENTS[text(table(event, "requestContext"), "eventType")]
        arrived = None
        if kind != "open":
            arrived = message_of(event) if kind == "message" else closed_of(event)
        # Before the store is asked: what ends a connection is told once.
        environment = self.entered()
        handshake = handshake_of(event) if kind == "open" else self._kept(connection, kind)
        if handshake is None:
            return self._unknown(connection, event, context, kind)
        parts = parts_of(handshake, self.path, self.options.root_path)
        platform = SocketPlatform(self.options, parts, event, context, connection)
        call = SocketCall(self, platform, connection, kind, arrived)
        request = PartsRequest(parts, self.options.limits)
        variables = copy_context()
        limit = time_limit(platform)
        limits = None if limit is None else (limit.for_request(), limit.for_work())
        try:
            work = call.result(request, environment, handshake)
            return environment.loop.run(work, variables, limits)
        except OutOfTimeError as error:
            # What was left behind runs in its own one for as long as it likes.
            variables = copy_context()
            _abort(platform, error)
            raise
        finally:
            if not platform.end():
                do_work(platform, environment, variables, limit)

    def _kept(self, connection: Connection, kind: SocketEvent) -> Fields | None:
        """The handshake, which the last event takes away, so that the end is handled once."""
        handshake = self.connections.get(connection)
        if handshake is None:
            return None
        if kind == "close":
            self.connections.delete(connection)
        return cast("Fields", json.loads(handshake))

    def _unknown(
        self, connection: Connection, event: Fields, context: object, kind: SocketEvent
    ) -> Result:
        """An event of a connection that was closed from here, or that the store has lost."""
        if kind == "close":
            return {"statusCode": _DONE}
        error = LookupError(
            f"`connections` has no handshake of the connection {connection.id!r}, which has sent a "
            "message. It was closed here just now, or the store does not keep what it is given."
        )
        platform = LambdaPlatform(self.options, event=event, context=context)
        platform.report(error, "a message of a WebSocket was dropped")
        self.connections.close(connection)
        return {"statusCode": _GONE}


class SocketCall:
    """One event on its way through.

    Args:
        sockets: how WebSockets are served.
        platform: that of the event.
        connection: whose event it is.
        event: which part of the conversation it is.
        arrived: what it brings.
    """

    __slots__ = ("_channel", "_connection", "_event", "_platform", "_sockets")

    def __init__(
        self,
        sockets: Sockets,
        platform: SocketPlatform,
        connection: Connection,
        event: SocketEvent,
        arrived: str | bytes | Closed | None,
    ) -> None:
        self._sockets = sockets
        self._platform = platform
        self._connection = connection
        self._event: SocketEvent = event
        self._channel = GatewayChannel(sockets.connections, connection, arrived)

    async def result(
        self, request: PartsRequest, environment: Environment, handshake: Fields
    ) -> Result:
        """The whole of it."""
        answer = self._sockets.app.connect(request, self._platform, environment.running)
        response = answer if isinstance(answer, Response) else await answer
        if not isinstance(response, Upgrade):
            return await self._refused(response)
        if self._event == "open":
            return await self._opened(response, handshake)
        await response.run(self._channel, self._event)
        return {"statusCode": _DONE}

    async def _opened(self, upgrade: Upgrade, handshake: Fields) -> Result:
        """Keep the handshake, call the handler, and accept where that has not closed."""
        try:
            if upgrade.subprotocol is not None:
                upgrade.headers.set("sec-websocket-protocol", upgrade.subprotocol)
            headers = _fields(upgrade.headers, strict=self._platform.options.strict)
            kept = json.dumps(handshake, separators=(",", ":"))
            self._sockets.connections.put(self._connection, kept)
        except BaseException:
            await upgrade.refuse()
            raise
        try:
            await upgrade.run(self._channel, "open")
        except BaseException:  # it was cancelled
            self._sockets.connections.delete(self._connection)
            raise
        closed = self._channel.closed
        if closed is None:
            return {"statusCode": _DONE, "headers": headers}
        status = 500 if closed.code == _INTERNAL_ERROR else 403
        return _result(problem(status, closed.reason or "The connection is not accepted."))

    async def _refused(self, response: Response) -> Result:
        """The answer of a hook, or of the router; later on it ends the connection."""
        content = response.content
        if isinstance(content, ByteStream):
            await content.aclose()
        if self._event == "open":
            return _result(response, strict=self._platform.options.strict)
        if self._event == "message":
            self._sockets.connections.delete(self._connection)
            self._sockets.connections.close(self._connection)
        return {"statusCode": response.status}


def _abort(platform: SocketPlatform, error: OutOfTimeError) -> None:
    try:
        platform.abort(error)
    except Exception as second:  # noqa: BLE001 - of a listener
        platform.report(second, "the event of a WebSocket was given up")


def _result(response: Response, *, strict: bool = False) -> Result:
    content = response.content
    body = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    headers = _fields(response.headers, strict=strict)
    return {"statusCode": response.status, "headers": headers, "body": body}


def _fields(headers: Headers, *, strict: bool) -> dict[str, str]:
    """Header fields by name, repeated ones joined; of several cookies the last one is left."""
    fields: dict[str, str] = {}
    for name, value in headers:
        if name == "set-cookie" and name in fields:
            lost("all cookies but the last", "Set one with the handshake.", strict)
            fields[name] = value
        else:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    fields.pop("content-length", None)
    return fields
