"""`GatewayConnections`: sends through API Gateway's `@connections`, with the standard library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection, RemoteDisconnected
from ssl import SSLEOFError
from time import time
from typing import Final
from urllib.parse import quote, urlsplit

from portico import DefinitionError
from portico_lambda._connections import Connection, GoneError, PostError
from portico_lambda._signature_v4 import credentials_of, signed

_SERVICE: Final = "execute-api"
_GONE: Final = 410
# What a connection that was kept looks like when the other side has closed it meanwhile.
_STALE: Final = (RemoteDisconnected, ConnectionResetError, BrokenPipeError, SSLEOFError)
# Seconds. What was frozen for longer may not even hear that the other side has closed.
_LONGEST_IDLE: Final = 20.0


class GatewayConnections(ABC):
    """Connections that API Gateway holds; a subclass says where handshakes are kept.

    Requests are signed with the credentials of the function's role, which needs the permission
    `execute-api:ManageConnections`.

    Args:
        endpoint: where all is sent, in place of what the events say: `"https://host/stage"`. An API
            whose default endpoint is off needs it, with its custom domain name and mapping.
        timeout: seconds to wait for API Gateway.

    Raises:
        DefinitionError: the endpoint is no URL.
    """

    def __init__(self, *, endpoint: str | None = None, timeout: float = 10.0) -> None:
        if endpoint is not None and (
            not endpoint.startswith(("https://", "http://")) or not urlsplit(endpoint).netloc
        ):
            raise DefinitionError(
                f"endpoint={endpoint!r} is no URL. It is that of the stage, such as "
                "'https://abc123.execute-api.eu-west-1.amazonaws.com/prod'."
            )
        self._endpoint = endpoint
        self._timeout = timeout
        self._kept: dict[tuple[str, str], tuple[HTTPConnection, float]] = {}

    @abstractmethod
    def put(self, connection: Connection, handshake: str, /) -> None:
        """Keep a handshake."""

    @abstractmethod
    def get(self, connection: Connection, /) -> str | None:
        """The handshake, or None."""

    @abstractmethod
    def delete(self, connection: Connection, /) -> None:
        """Forget a handshake."""

    def post(self, connection: Connection, text: str, /) -> None:
        """Send a message, and wait until API Gateway has it.

        Raises:
            GoneError: the connection has ended.
            PostError: API Gateway did not take it.
            OSError: API Gateway could not be reached.
        """
        self._ask("POST", connection, text.encode())

    def close(self, connection: Connection, /) -> None:
        """End a connection; nothing happens where it has ended."""
        with suppress(GoneError):
            self._ask("DELETE", connection, b"")

    def disconnect(self) -> None:
        """Close what is kept open to API Gateway, for tests and tools: nothing has to call this."""
        while self._kept:
            self._kept.popitem()[1][0].close()

    def _ask(self, method: str, connection: Connection, body: bytes) -> None:
        url = urlsplit(self._endpoint or connection.endpoint)
        # The id has "=" at its end, which is percent-encoded as AWS's own clients do.
        path = f"{url.path.rstrip('/')}/@connections/{quote(connection.id, safe='-_.~')}"
        headers = {"host": url.netloc}
        if body:
            headers["content-type"] = "text/plain; charset=utf-8"
        fields = signed(method, path, headers, body, credentials_of(), _SERVICE, datetime.now(UTC))
        status, answer = self._exchange(url.scheme, url.netloc, method, path, body, fields)
        if status == _GONE:
            raise GoneError(f"The connection {connection.id!r} has ended.")
        if not 200 <= status < 300:
            raise PostError(
                f"API Gateway answered {method} {path} with {status}: {answer}", status=status
            )

    def _exchange(
        self,
        scheme: str,
        host: str,
        method: str,
        path: str,
        body: bytes,
        fields: dict[str, str],
    ) -> tuple[int, str]:
        """Ask on the connection that was kept, and once more on a new one where that is stale."""
        kept = self._fresh((scheme, host))
        if kept is not None:
            with suppress(*_STALE):
                return self._asked(kept, (scheme, host), method, path, body, fields)
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        fresh = kind(host, timeout=self._timeout)
        return self._asked(fresh, (scheme, host), method, path, body, fields)

    def _fresh(self, key: tuple[str, str]) -> HTTPConnection | None:
        """The connection that was kept, where it has not been idle for long."""
        native, since = self._kept.pop(key, (None, 0.0))
        if native is not None and not 0 <= time() - since < _LONGEST_IDLE:
            native.close()
            return None
        return native

    def _asked(
        self,
        native: HTTPConnection,
        key: tuple[str, str],
        method: str,
        path: str,
        body: bytes,
        fields: dict[str, str],
    ) -> tuple[int, str]:
        try:
            native.request(method, path, body or None, fields)
            response = native.getresponse()
            answer = response.read(2048).decode("utf-8", "replace")
        except BaseException:
            native.close()
            raise
        if response.isclosed() and not response.will_close:
            self._kept[key] = native, time()
        else:
            native.close()
        return response.status, answer
