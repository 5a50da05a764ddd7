"""Any application behind a real runtime on loopback, for a tool that is no test.

    with server("uvicorn-h11", "main:app") as port: ...                 ASGI or WSGI
    with function("main.handler") as port: ...                          AWS Lambda
    with worker(Path("worker.py"), packages=["portico"]) as port: ...   Cloudflare Workers

    answer = ask(port, WireRequest("GET", "/"))

Each block gives the port on 127.0.0.1 and leaves nothing behind. Entering it raises
`RuntimeMissingError` where this machine lacks something, before anything is started, and
`RuntimeStartError` where what is there does not start.
"""

import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from portico_conformance._emulator import Emulator, EmulatorError
from portico_conformance._gateway import Gateway, Settings
from portico_conformance._lambda_events import Shape
from portico_conformance._raw_client import (
    IncompleteResponseError,
    MalformedResponseError,
    NoResponseError,
    RawClient,
)
from portico_conformance._servers import SERVERS, Server, ServerMissingError, ServerStartError
from portico_conformance._wire import WireRequest, WireResponse
from portico_conformance._workerd import Worker, WorkerError
from portico_conformance._workerd_bundle import BundleError
from portico_conformance.components import ComponentMissingError, ensure_emulator

__all__ = [
    "NoAnswerError",
    "RuntimeMissingError",
    "RuntimeStartError",
    "Shape",
    "WireRequest",
    "WireResponse",
    "ask",
    "function",
    "server",
    "worker",
]

T = TypeVar("T")

_HOST = "127.0.0.1"
_START_SECONDS = 60.0  # a machine that starts several runtimes at once has much to do


class RuntimeMissingError(Exception):
    """Something that a runtime needs is not here; the text names it and how to get it."""


class RuntimeStartError(Exception):
    """A runtime did not start; the text says at which step and ends with its log."""


class NoAnswerError(Exception):
    """No whole answer came; the text says what did."""


@contextmanager
def server(row: str, app: str) -> Generator[int]:
    """Serve `"module:attribute"` by a server that the suite knows, such as `"gunicorn-sync"`."""
    with ExitStack() as exits:
        folder = _folder(exits)
        running = Server(SERVERS[row], app, path=folder, startup=_START_SECONDS)
        yield _enter(exits, running).port


@contextmanager
def function(handler: str, shape: Shape = "http") -> Generator[int]:
    """Serve a Lambda handler, `"module.attribute"`, by AWS's emulator behind a front of our own.

    The front makes events of the given shape out of requests, and answers out of their results. It
    says in them that the client came by plain HTTP, as it did.
    """
    if find_spec("awslambdaric") is None:
        raise RuntimeMissingError(
            "The Lambda emulator needs awslambdaric, which this Python does not have. "
            f"Run: {sys.executable} -m pip install awslambdaric"
        )
    try:
        binary = ensure_emulator()
    except ComponentMissingError as error:
        raise RuntimeMissingError(str(error)) from error
    with ExitStack() as exits:
        emulator = _enter(exits, Emulator(binary, handler, directory=_folder(exits)))
        yield _enter(exits, Gateway(shape, emulator.invoke, Settings(scheme="http"))).port


@contextmanager
def worker(main: Path, packages: Sequence[str]) -> Generator[int]:
    """Serve a Python Worker by `workerd`, from a snapshot of its memory, as Cloudflare does.

    `main` is the file that defines `Default`; `packages` are the names of installed packages that
    it may import, beside msgspec, werkzeug and the Workers SDK, which it always may.
    """
    running = Worker(main, packages=[_source(name) for name in packages], snapshot=True)
    with ExitStack() as exits:
        yield _enter(exits, running).port


def ask(port: int, request: WireRequest, timeout: float = 30.0) -> WireResponse:
    """Send one request on a connection of its own; waits at most `timeout` seconds for the answer.

    Raises:
        NoAnswerError: there was none, or not all of it.
    """
    broken = (IncompleteResponseError, MalformedResponseError, NoResponseError, OSError)
    try:
        with RawClient(_HOST, port, timeout) as client:
            return client.request(request)
    except broken as error:
        raise NoAnswerError(f"{type(error).__name__}: {error}") from error


def _enter(exits: ExitStack, runtime: AbstractContextManager[T]) -> T:
    """Enter a block, with its errors in the words of this module."""
    try:
        return exits.enter_context(runtime)
    except (ComponentMissingError, ServerMissingError) as error:
        raise RuntimeMissingError(str(error)) from error
    except (BundleError, EmulatorError, ServerStartError, WorkerError) as error:
        raise RuntimeStartError(str(error)) from error


def _folder(exits: ExitStack) -> Path:
    """An empty working directory, so that nothing is imported from the one we are in."""
    return Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="portico-runtime-")))


def _source(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeMissingError(f"The package {package!r} is not installed in {sys.executable}.")
    return Path(spec.origin).parent
