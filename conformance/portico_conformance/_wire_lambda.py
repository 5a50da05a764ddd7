"""The row of Lambda: AWS's emulator and runtime client, and the front that makes events of HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from portico_conformance._case import Client, Row
from portico_conformance._emulator import Emulator
from portico_conformance._gateway import Gateway
from portico_conformance._lambda_events import Shape
from portico_conformance._on_wire import WireClient
from portico_conformance.components import ensure_emulator

HANDLER = "portico_conformance.entries.function.handler"


@contextmanager
def emulator_client(row: Row, shape: Shape, runtime: str) -> Generator[Client]:
    """A client of the conformance application in the Lambda emulator, behind one event shape.

    The runtime is the module that takes the invocations: `awslambdaric` or `portico_lambda`.
    """
    binary = ensure_emulator()
    with (
        tempfile.TemporaryDirectory(prefix="portico-function-") as folder,
        Emulator(binary, HANDLER, directory=Path(folder), runtime=runtime) as emulator,
        Gateway(shape, emulator.invoke) as gateway,
        closing(WireClient(row, "127.0.0.1", gateway.port)) as client,
    ):
        yield client
