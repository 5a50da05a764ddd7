"""The row of a real Python Worker in the real workerd."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from portico_conformance._case import Client, Row
from portico_conformance._on_wire import WireClient
from portico_conformance._workerd import Worker

_PACKAGES = ("portico", "portico_cloudflare", "portico_conformance", "portico_plugins")


@contextmanager
def workerd_client(row: Row, *, snapshot: bool) -> Generator[Client]:
    """A client of the conformance application as a Worker, started cold or from a snapshot."""
    from portico_conformance.application import ENVIRONMENT

    packages = [_folder(name) for name in _PACKAGES]
    main = _folder("portico_conformance") / "entries" / "worker.py"
    with (
        Worker(main, packages=packages, bindings=dict([ENVIRONMENT]), snapshot=snapshot) as worker,
        closing(WireClient(row, "127.0.0.1", worker.port)) as client,
    ):
        yield client


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"The package {package!r} is not installed.")
    return Path(spec.origin).parent
