"""Real servers that are told to stop while background work runs: it is done before they end."""

import signal
import socket
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from portico_conformance._require_component import components_required
from portico_conformance._servers import SERVERS, Server, ServerRow

APPLICATION = textwrap.dedent(
    """
    import time
    from pathlib import Path

    from portico import Context, Portico, use

    HERE = Path(__file__).parent
    app = Portico()


    @app.resource
    def pool():
        yield HERE
        (HERE / "closed").touch()


    def wait() -> None:
        (HERE / "begun").touch()
        for _ in range(2000):
            if (HERE / "release").exists():
                break
            time.sleep(0.005)


    def note(place: Path) -> None:
        (place / ("done too late" if (place / "closed").exists() else "done")).touch()


    @app.get("/")
    async def give(ctx: Context, place: Path = use(pool)) -> str:
        ctx.wait_until(wait)
        ctx.wait_until(lambda: note(place))
        return "given"
    """
)

# A server of each kind of end, and what it says when it begins to stop; one that says nothing
# refuses connections by then.
ROWS = {
    "uvicorn-h11": "Shutting down",
    "hypercorn-asyncio": "",
    "hypercorn-trio": "",
    "gunicorn-gthread": "Handling signal: term",
    "gunicorn-sync": "Handling signal: term",
}


def row_of(name: str) -> ServerRow:
    """The row, stopped in order; in one process hypercorn does not do that under trio."""
    row = replace(SERVERS[name], stop_signal=signal.SIGTERM)
    if name != "hypercorn-trio":
        return row

    def command(app: str, address: int) -> list[str]:
        return [*row.command(app, address)[:-1], "--workers=1"]

    return replace(row, command=command)


def get(server: Server) -> socket.socket:
    connection = socket.create_connection((server.host, server.port), 10)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
    return connection


def look_for(condition: Callable[[], bool], what: str) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise TimeoutError(what)


def stops(server: Server, sign: str) -> bool:
    if sign:
        return sign in server.log()
    with suppress(OSError), socket.create_connection((server.host, server.port), 1):
        return False
    return True


@pytest.mark.parametrize("name", ROWS)
def test_a_server_that_stops_has_the_work_done_first(name: str, tmp_path: Path) -> None:
    row = row_of(name)
    kind = {"asgi": "ASGI", "wsgi": "WSGI"}[row.interface]
    made = f"from portico_{row.interface} import {kind}\napplication = {kind}(app)\n"
    (tmp_path / "serves.py").write_text(f"{APPLICATION}\n{made}")
    with (
        components_required(),
        Server(row, "serves:application", path=tmp_path, grace=20.0) as server,
    ):
        with get(server):
            look_for((tmp_path / "begun").exists, "the work did not begin")
            server.terminate()
            look_for(lambda: stops(server, ROWS[name]), "the server did not begin to stop")
            assert not (tmp_path / "done").exists()
            (tmp_path / "release").touch()
        server.stop()

    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        "begun",
        "closed",
        "done",
        "release",
        "serves.py",
    }
