"""`Connections`: what an application needs beside the events of a WebSocket API.

API Gateway holds the connections. It tells of each event with the id of the connection alone, so
that somebody has to keep the handshake; and what is sent goes to its endpoint.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from portico import PorticoError


class Connection(NamedTuple):
    """One connection to a WebSocket API.

    Attributes:
        id: that API Gateway has given to it.
        endpoint: where to send to it: `"https://{domain}/{stage}"`.
    """

    id: str
    endpoint: str


class GoneError(PorticoError, ConnectionError):
    """The connection has ended, or never was (`GoneException`)."""


class PostError(PorticoError, RuntimeError):
    """API Gateway did not take a message, though the connection may be there.

    Attributes:
        status: that of its answer: 403 where the role may not `execute-api:ManageConnections`, 413
            where the message is over 128 kB, 429 where there are too many.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status: int = status


class Connections(Protocol):
    """A store of handshakes, and the way to send.

    Its methods may wait for the network: an environment of Lambda has nothing else to do. Whatever
    they raise beside what is said here fails the event, and is reported.
    """

    def put(self, connection: Connection, handshake: str, /) -> None:
        """Keep a handshake until `delete`; a text in JSON, with all that the client has sent.

        It may have cookies and credentials in it. A connection lives for two hours at most, and
        sometimes nobody tells of its end.
        """
        ...

    def get(self, connection: Connection, /) -> str | None:
        """The handshake, or None where none is kept."""
        ...

    def delete(self, connection: Connection, /) -> None:
        """Forget a handshake; nothing happens where none is kept."""
        ...

    def post(self, connection: Connection, text: str, /) -> None:
        """Send a message, and wait until API Gateway has it.

        Raises:
            GoneError: the connection has ended.
            PostError: API Gateway did not take it.
        """
        ...

    def close(self, connection: Connection, /) -> None:
        """End a connection; nothing happens where it has ended."""
        ...


class MemoryConnections:
    """Connections for tests: handshakes and what was sent are kept in memory.

    Attributes:
        handshakes: by id of the connection.
        sent: the messages to each connection, by its id.
        closed: the ids of those that were closed from here.
        gone: the ids of those that are to count as ended, for a test to fill.
    """

    def __init__(self) -> None:
        self.handshakes: dict[str, str] = {}
        self.sent: dict[str, list[str]] = {}
        self.closed: set[str] = set()
        self.gone: set[str] = set()

    def put(self, connection: Connection, handshake: str, /) -> None:
        """Keep a handshake."""
        self.handshakes[connection.id] = handshake

    def get(self, connection: Connection, /) -> str | None:
        """The handshake, or None."""
        return self.handshakes.get(connection.id)

    def delete(self, connection: Connection, /) -> None:
        """Forget a handshake."""
        self.handshakes.pop(connection.id, None)

    def post(self, connection: Connection, text: str, /) -> None:
        """Keep a message.

        Raises:
            GoneError: the connection has ended.
        """
        if connection.id in self.gone or connection.id in self.closed:
            raise GoneError(f"The connection {connection.id!r} has ended.")
        self.sent.setdefault(connection.id, []).append(text)

    def close(self, connection: Connection, /) -> None:
        """End a connection."""
        self.closed.add(connection.id)
