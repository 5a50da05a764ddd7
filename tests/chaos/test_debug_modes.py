"""Python's own watch over loops, tasks, files and bytes finds nothing to warn of."""

import subprocess
import sys
from collections.abc import Mapping
from os import environ
from pathlib import Path

import pytest

from chaos.gate import Gate
from chaos.servers import PATIENCE, changed, serve
from portico_conformance._raw_client import RawClient
from portico_conformance._wire import WireRequest

ROOT = Path(__file__).parent.parent.parent
WARY: Mapping[str, str] = {
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONDEVMODE": "1",
    "PYTHONTRACEMALLOC": "0",
}
PATHS = ["/hello", "/thread", "/stream", "/iterator", "/nowhere"]
WARNINGS = ["Warning", "was never", "Exception ignored", "Traceback", "Unclosed"]

# Rows that need no server, and the cases where tasks and threads end early.
IN_PROCESS = "asgi-asyncio,asgi-trio,wsgi"
CASES = "disconnect or generator"


def test_the_conformance_suite_warns_of_nothing_in_debug_mode() -> None:
    command = [sys.executable, "-X", "dev", "-m", "pytest", "-q", "tests/test_conformance.py"]
    done = subprocess.run(
        [*command, "-k", CASES, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**environ, **WARY, "PORTICO_ROWS": IN_PROCESS},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert [mark for mark in WARNINGS if mark in done.stdout + done.stderr] == []


@pytest.mark.parametrize("row", ["uvicorn-h11", "hypercorn-trio", "granian-wsgi"])
def test_a_server_in_debug_mode_logs_no_warning(row: str) -> None:
    with Gate() as gate, serve(changed(row), {**WARY, **gate.environment}) as server:
        with RawClient(server.host, server.port, PATIENCE) as client:
            statuses = [client.request(WireRequest("GET", path)).status for path in PATHS]
        with RawClient(server.host, server.port, PATIENCE) as client:
            client.start("GET", "/ahalf", [("Content-Length", "0")])
            client.read_head()
            visitor = gate.next()
            client.abort()
            visitor.let_go()
        server.terminate()
        server.stop()

    assert statuses == [200, 200, 200, 200, 404]
    assert [
        line for line in server.log().splitlines() if any(map(line.__contains__, WARNINGS))
    ] == []
