"""The rows: every adapter behind every driver that the suite has for it.

A row's table of capabilities is its adapter's, with what its server or platform takes away from it
or adds to it. The suite holds each row to its table in both directions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Literal, cast

from portico.contract import (
    ABSENT,
    EMULATED,
    NATIVE,
    Capabilities,
    Capability,
    OptionArguments,
    Support,
)
from portico_conformance._case import TURNS, Client, Row
from portico_conformance._lambda_events import SHAPES, Shape
from portico_conformance._server_rows import SERVERS, ServerRow
from portico_conformance._servers import ServerMissingError

__all__ = ["QUICK", "WHOLE", "all_rows", "selected_rows"]

Open = Callable[[Row], AbstractContextManager[Client]]
Changes = Mapping[Capability, Support]

QUICK = frozenset({"uvicorn-h11", "gunicorn-gthread", "lambda-emulator-http", "workerd-snapshot"})
"""The rows on the wire that belong to the short list; the rows in process all do."""

WHOLE = frozenset({"asgi-asyncio", "wsgi", "lambda-http", "cloudflare"})
"""The rows that take the long tables whole, one for each adapter; the others take turns."""

_BUFFERED: Changes = {
    Capability.STREAM_REQUEST: EMULATED,
    Capability.STREAM_RESPONSE: EMULATED,
    Capability.DISCONNECT: ABSENT,
    Capability.BACKGROUND: EMULATED,
}

# What a server gives an application less, or more, than its interface says.
_SERVER_CHANGES: Mapping[str, Changes] = {
    # It does not speak the lifespan protocol: the adapter starts at the first request.
    # Twisted collects the whole body first.
    "daphne": {
        Capability.STARTUP: EMULATED,
        Capability.SHUTDOWN: EMULATED,
        Capability.STREAM_REQUEST: EMULATED,
    },
    # Their WebSockets over HTTP/2 (RFC 8441) are not asked for; an upgrade is HTTP/1.1's alone.
    # Of the servers that have rows it alone has trailers, and has them by HTTP/2 alone.
    "hypercorn-http2": {Capability.WEBSOCKET: ABSENT, Capability.TRAILERS: NATIVE},
    "granian-http2": {Capability.WEBSOCKET: ABSENT},
    # They hand over the request target as it was sent, in REQUEST_URI or RAW_URI.
    "gunicorn-sync": {Capability.RAW_PATH: NATIVE},
    "gunicorn-gthread": {Capability.RAW_PATH: NATIVE},
    "waitress": {Capability.RAW_PATH: NATIVE},
    "cheroot": {Capability.RAW_PATH: NATIVE},
    "werkzeug": {Capability.RAW_PATH: NATIVE},
}

# These answer one request at a time.
_SERIAL = frozenset({"gunicorn-sync", "wsgiref"})


def all_rows() -> list[Row]:
    """Every row, those in process first."""
    return [*_in_process_rows(), *_wire_rows()]


def selected_rows(choice: str) -> list[Row]:
    """The rows of `PORTICO_ROWS`.

    Of several thousand records of data, that an answer depends on the server is not to be expected
    for any single one. So of a long table the rows of `WHOLE` take all records, and every other row
    one of `TURNS`, in turn: together they take all of them, and each behaviour runs on each row. A
    row that is named takes all.

    Args:
        choice: `"all"`, `"quick"`, or the ids of rows with commas between them.

    Raises:
        ValueError: there is no row of an id.
    """
    rows = all_rows()
    if choice in ("all", "quick"):
        return [
            row if row.id in WHOLE else replace(row, turn=index % TURNS)
            for index, row in enumerate(rows)
            if row.quick or choice == "all"
        ]
    wanted = [identifier.strip() for identifier in choice.split(",")]
    known = {row.id: row for row in rows}
    if unknown := [identifier for identifier in wanted if identifier not in known]:
        raise ValueError(
            f"There is no row {unknown[0]!r}. Give 'all', 'quick', or some of {', '.join(known)}."
        )
    return [known[identifier] for identifier in wanted]


def _in_process_rows() -> Iterator[Row]:
    asgi = _capabilities("portico_asgi", {Capability.TRAILERS: NATIVE})
    yield _row("asgi-asyncio", "asgi", _asgi("asyncio"), asgi)
    yield _row("asgi-trio", "asgi", _asgi("trio"), asgi)
    wsgi = _capabilities("portico_wsgi", {Capability.RAW_PATH: NATIVE})
    yield _row("wsgi", "wsgi", _wsgi, wsgi)
    for shape in SHAPES:
        capabilities = _capabilities("portico_lambda", _lambda_changes(shape))
        yield _row(f"lambda-{shape}", "lambda", _lambda(shape), capabilities, concurrent=False)
    changes = {**_lambda_changes("url"), Capability.STREAM_RESPONSE: NATIVE}
    capabilities = _capabilities("portico_lambda", changes)
    yield _row("lambda-stream", "lambda", _streaming_lambda, capabilities, concurrent=False)
    yield _row("cloudflare", "cloudflare", _worker, _capabilities("portico_cloudflare"))
    changes = {
        **_BUFFERED,
        Capability.RAW_PATH: ABSENT,
        Capability.REPEATED_HEADERS: EMULATED,
        Capability.WEBSOCKET: ABSENT,
    }
    capabilities = _capabilities("portico_asgi", changes)
    yield _row("mangum", "asgi", _mangum, capabilities, concurrent=False)


def _wire_rows() -> Iterator[Row]:
    for server in SERVERS.values():
        capabilities = _capabilities(
            f"portico_{server.interface}", _SERVER_CHANGES.get(server.id, {})
        )
        yield _row(
            server.id,
            server.interface,
            _server(server),
            capabilities,
            on_wire=True,
            concurrent=server.id not in _SERIAL,
        )
    for shape in cast("Sequence[Shape]", ("http", "rest")):
        yield _row(
            f"lambda-emulator-{shape}",
            "lambda",
            _emulator(shape),
            _capabilities("portico_lambda", _lambda_changes(shape)),
            on_wire=True,
            concurrent=False,
        )
    # The runtime of our own. The emulator collects what it streams.
    for shape in cast("Sequence[Shape]", ("url", "rest", "http")):
        yield _row(
            f"lambda-runtime-{shape}",
            "lambda",
            _emulator(shape, "portico_lambda"),
            _capabilities("portico_lambda", _lambda_changes(shape)),
            on_wire=True,
            concurrent=False,
        )
    for identifier, snapshot in (("workerd-cold", False), ("workerd-snapshot", True)):
        capabilities = _capabilities("portico_cloudflare")
        yield _row(identifier, "cloudflare", _workerd(snapshot), capabilities, on_wire=True)


def _row(
    identifier: str,
    adapter: str,
    open: Open,
    capabilities: Capabilities,
    *,
    on_wire: bool = False,
    concurrent: bool = True,
) -> Row:
    row: Row = Row(
        id=identifier,
        adapter=adapter,
        on_wire=on_wire,
        capabilities=capabilities,
        open=lambda: open(row),
        concurrent=concurrent,
        quick=not on_wire or identifier in QUICK,
    )
    return row


def _capabilities(package: str, changes: Changes | None = None) -> Capabilities:
    table: Capabilities = import_module(package).CAPABILITIES
    return {**table, **(changes or {})}


def _lambda_changes(shape: Shape) -> Changes:
    changes: dict[Capability, Support] = {}
    if shape != "http":
        changes[Capability.RAW_PATH] = NATIVE
    if shape in ("rest", "alb-multi", "edge", "lattice-v2"):
        changes[Capability.REPEATED_HEADERS] = NATIVE
    single = shape in ("alb", "lattice-v1", "lattice-v2")
    changes[Capability.MULTIPLE_SET_COOKIE] = ABSENT if single else NATIVE
    return changes


# How each kind of row is opened. What it needs is imported here, so that one adapter or server that
# is missing leaves the others alone.


def _asgi(backend: Literal["asyncio", "trio"]) -> Open:
    def opened(row: Row) -> AbstractContextManager[Client]:
        _must_have(row, backend)
        from portico_asgi import ASGI
        from portico_conformance._in_process_asgi import asgi_client
        from portico_conformance.application import OPTIONS, app

        return asgi_client(row, ASGI(app, **OPTIONS), backend)

    return opened


def _wsgi(row: Row) -> AbstractContextManager[Client]:
    from portico_conformance._in_process_wsgi import wsgi_client
    from portico_conformance.application import OPTIONS, app
    from portico_wsgi import WSGI

    return wsgi_client(row, WSGI(app, **OPTIONS))


def _lambda(shape: Shape) -> Open:
    def opened(row: Row) -> AbstractContextManager[Client]:
        from portico_conformance._in_process_lambda import lambda_client
        from portico_conformance.application import OPTIONS, app
        from portico_lambda import Lambda

        # Behind a domain name of its own, an API's stage is no part of the URL.
        options: OptionArguments = {**OPTIONS, "root_path": ""}
        return lambda_client(row, Lambda(app, **options), shape)

    return opened


def _streaming_lambda(row: Row) -> AbstractContextManager[Client]:
    from portico_conformance._in_process_lambda_stream import streaming_lambda_client
    from portico_conformance.application import OPTIONS, app
    from portico_lambda import Lambda

    return streaming_lambda_client(row, Lambda(app, **OPTIONS))


def _worker(row: Row) -> AbstractContextManager[Client]:
    from portico_conformance._in_process_worker import worker_client

    return worker_client(row)


def _mangum(row: Row) -> AbstractContextManager[Client]:
    _must_have(row, "mangum")
    from portico_conformance._in_process_mangum import mangum_client

    return mangum_client(row)


def _server(server: ServerRow) -> Open:
    def opened(row: Row) -> AbstractContextManager[Client]:
        from portico_conformance._wire_server import server_client

        return server_client(row, server)

    return opened


def _emulator(shape: Shape, runtime: str = "awslambdaric") -> Open:
    def opened(row: Row) -> AbstractContextManager[Client]:
        _must_have(row, runtime)
        from portico_conformance._wire_lambda import emulator_client

        return emulator_client(row, shape, runtime)

    return opened


def _workerd(snapshot: bool) -> Open:
    def opened(row: Row) -> AbstractContextManager[Client]:
        from portico_conformance._wire_worker import workerd_client

        return workerd_client(row, snapshot=snapshot)

    return opened


def _must_have(row: Row, module: str) -> None:
    if find_spec(module) is None:
        raise ServerMissingError(
            f"{row.id} needs {module}, which this Python does not have. "
            f"Run: {sys.executable} -m pip install {module}"
        )
