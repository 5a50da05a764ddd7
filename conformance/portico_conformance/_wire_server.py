"""The row of a server: its process, and a client of it."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager

from portico_conformance._case import Client, Row
from portico_conformance._on_wire import TIMEOUT, WireClient
from portico_conformance._servers import Server, ServerRow
from portico_conformance._wire_http2 import http2_client

VIOLATION = "ASGI violation: "
"""What `entries.asgi` writes before each violation."""

# Seconds. It leaves a client without an answer where others would drop the connection.
_PATIENCE = {"daphne": 3.0}


@contextmanager
def server_client(row: Row, server_row: ServerRow) -> Generator[Client]:
    """A client of the conformance application behind a server.

    Raises at the end, when an ASGI application has broken a rule of ASGI.
    """
    app = f"portico_conformance.entries.{server_row.interface}:app"
    with tempfile.TemporaryDirectory(prefix="portico-server-") as folder:
        server = Server(server_row, app, path=folder, startup=60.0)
        timeout = _PATIENCE.get(row.id, TIMEOUT)
        with server:
            if server_row.is_http2:
                yield http2_client(row, server.host, server.port, timeout)
            else:
                with closing(WireClient(row, server.host, server.port, None, timeout)) as client:
                    yield client
    violations = [line for line in server.log().splitlines() if VIOLATION in line]
    assert not violations, f"{row.id}: the ASGI validator reports: {violations[0]}"
