"""Our ASGI adapter behind Mangum, which makes a scope of an event and a result of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from mangum import Mangum
from mangum.types import LambdaContext

from portico_asgi import ASGI
from portico_conformance._case import Client, Row
from portico_conformance._in_process_lambda import lambda_client
from portico_conformance._lambda_events import Event
from portico_conformance.application import OPTIONS, app


@contextmanager
def mangum_client(row: Row) -> Generator[Client]:
    """A client of the conformance application behind Mangum, with events of an HTTP API.

    Without Mangum's lifespan, which is one for each invocation: the adapter starts by itself.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        with _current(loop):
            mangum = Mangum(ASGI(app, **OPTIONS), lifespan="off")

        def handler(event: Event, context: object) -> object:
            with _current(loop):
                return mangum(event, cast("LambdaContext", context))

        with lambda_client(row, handler, "http") as client:
            yield client


@contextmanager
def _current(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """Make the loop that of this thread, on which Mangum runs."""
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
