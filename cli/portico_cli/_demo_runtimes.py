"""The runtimes of `portico demo`, each with the demo's application behind it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from portico_conformance import runtimes

_APP = "portico_cli._demo_app"


class Runtime(NamedTuple):
    """One column of the table.

    Attributes:
        name: as the command line and the table call it.
        interface: how the application is spoken to.
        open: starts it; the block it gives lasts as long as it serves, on the port it gives.
    """

    name: str
    interface: str
    open: Callable[[], AbstractContextManager[int]]


def _worker() -> AbstractContextManager[int]:
    main = Path(__file__).with_name("_demo_app") / "worker.py"
    return runtimes.worker(main, ["portico", "portico_cloudflare", "portico_cli"])


RUNTIMES: Mapping[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Runtime("uvicorn", "ASGI", lambda: runtimes.server("uvicorn-h11", f"{_APP}:app")),
        Runtime("gunicorn", "WSGI", lambda: runtimes.server("gunicorn-sync", f"{_APP}.wsgi:app")),
        Runtime("lambda", "AWS Lambda", lambda: runtimes.function(f"{_APP}.function.handler")),
        Runtime("workerd", "Cloudflare", _worker),
    )
}
