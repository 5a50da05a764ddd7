"""One start of a Lambda environment or of a Worker, by the conformance suite's runtimes.

    python -m bench._runtime_start lambda module event python
    python -m bench._runtime_start worker name folder...

It runs in the environment that has this project, and prints one line of JSON.
"""

import http.client
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import copytree, ignore_patterns
from statistics import median
from time import perf_counter
from typing import Any, Final

from bench._contenders import BARE
from bench._environments import HERE, ROOT
from bench._exchanges import Answer, Exchange, by_name, faults
from bench._lambda_driver import answer_of, http_event, rest_event

WARM: Final = 30
"""Requests after the first, of which the median counts."""

ASKED: Final = ("hello", "params")

WORKERS: Final[dict[str, str]] = {
    BARE: """\
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("Hello, World!", headers={"content-type": "text/plain"})
""",
    "portico": """\
from bench.applications.portico_async import app
from portico_cloudflare import Worker

Default = Worker(app)
""",
    "workers.asgi + by hand": """\
from bench.applications.by_hand_asgi import app
from workers import WorkerEntrypoint, asgi

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request, self.env)
""",
    "workers.asgi + fastapi": """\
from workers import WorkerEntrypoint, asgi

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        # No snapshot can be made of FastAPI 0.163: OpenTelemetry, which it imports, asks for
        # randomness at import. So it is loaded with the first request.
        from bench.peers.fastapi import app

        return await asgi.fetch(app, request, self.env)
""",
}

Result = dict[str, float]


class WrongAnswerError(Exception):
    """A runtime answered, and not what it should have."""


def function(module: str, event: str, python: str) -> Result:
    """A Lambda environment: the first invocation, which starts it, and those after it."""
    from portico_conformance._emulator import Emulator
    from portico_conformance.components import ensure_emulator

    make: Callable[[Exchange], Any] = rest_event if event == "rest" else http_event
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        emulator = Emulator(
            ensure_emulator(),
            f"{module}.app",
            directory=Path(folder),
            python_path=[ROOT],
            python=python,
        )
        begin = perf_counter()
        with emulator:
            starting = perf_counter() - begin

            def ask(exchange: Exchange) -> Answer:
                result: Any = emulator.invoke(make(exchange))
                return answer_of(result)

            found = _asked(ask, ASKED)
            # The emulator may start the function's process before it is asked.
            return {**found, "first": found["first"] + starting}


def worker(name: str, *folders: str) -> Result:
    """A Worker from the snapshot of its memory, and its first answer and those after it."""
    from portico_conformance._workerd import Worker

    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        package = Path(scratch) / "bench"
        for part in ("applications", "peers"):
            copytree(HERE / part, package / part, ignore=ignore_patterns("__pycache__"))
        (package / "__init__.py").write_text("")
        packages = [package, *_installed("portico", "portico_cloudflare")]
        for folder in folders:
            packages += _modules(Path(folder))
        with Worker(WORKERS[name], packages=packages, snapshot=True) as running:
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)

            def ask(exchange: Exchange) -> Answer:
                target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
                connection.request(exchange.method, target)
                response = connection.getresponse()
                fields = tuple((key.lower(), value) for key, value in response.getheaders())
                return Answer(response.status, fields, response.read())

            found = _asked(ask, ASKED[:1] if name == BARE else ASKED)
            return {**found, "first": found["first"] + running.started_in}


def _asked(ask: Callable[[Exchange], Answer], names: Sequence[str]) -> Result:
    """`first` (seconds, of the first answer) and, by name, the median of those after it."""
    found: Result = {}
    for name in names:
        exchange, times = by_name(name), list[float]()
        for _ in range(WARM + 1):
            begin = perf_counter()
            answer = ask(exchange)
            times.append(perf_counter() - begin)
            if wrong := faults(exchange.expected, answer):
                raise WrongAnswerError(f"{name}: {wrong[0]}")
        found.setdefault("first", times[0])
        found[name] = median(times[1:])
    return found


def _installed(*names: str) -> list[Path]:
    """The folders of packages of this environment."""
    from importlib.util import find_spec

    found = [find_spec(name) for name in names]
    return [Path(spec.origin).parent for spec in found if spec is not None and spec.origin]


def _modules(folder: Path) -> list[Path]:
    """What can be imported from a folder that pip has filled."""
    return [
        path
        for path in sorted(folder.iterdir())
        if (path.is_dir() or path.suffix in {".py", ".so"})
        and not path.name.endswith(".dist-info")
        and path.name not in {"bin", "__pycache__"}
    ]


def main(kind: str, *arguments: str) -> None:
    """Measure and print."""
    try:
        result = function(*arguments) if kind == "lambda" else worker(*arguments)
    except Exception as error:  # noqa: BLE001 - the parent names it
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    else:
        print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
