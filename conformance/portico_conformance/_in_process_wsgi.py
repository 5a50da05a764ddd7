"""A WSGI server without HTTP: one thread for each call, under `wsgiref.validate`.

The next chunk of an answer is asked for when the client has taken the one before, and a client that
is gone has the iterable closed early, as PEP 3333 says.
"""

from __future__ import annotations

import sys
import threading
import wsgiref.validate
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import WSGIApplication

from portico_conformance._case import Client, NoAnswerError, Row
from portico_conformance._in_process import TIMEOUT, BrokenAnswerError, InProcessClient
from portico_conformance._in_process_wsgi_input import ClientBody
from portico_conformance._wire import WireRequest, WireResponse

_GRACE = 5.0  # seconds that calls get to end when the server stops

_ExcInfo: TypeAlias = (
    "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]"
)


@contextmanager
def wsgi_client(row: Row, app: WSGIApplication) -> Generator[Client]:
    """A client of a WSGI application, which has `close` called at the end if it has one."""
    server = _Server(app)
    try:
        yield InProcessClient(row, server.begin, server.settle)
    finally:
        server.join()
        close: Callable[[], None] | None = getattr(app, "close", None)
        if close is not None:
            close()
    server.settle()


class _Server:
    """One application, and the threads that its calls run in."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._validated = wsgiref.validate.validator(app)
        self._violations: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def begin(self, request: WireRequest, more: bool) -> _WsgiCall:
        """Start a call."""
        sized = request.get("content-length") is not None
        body = ClientBody(request.body, more=more, sized=sized)
        environ = _environ(request, body)
        # The validator takes a length that is no number for the server's mistake; what an adapter
        # makes of one is a case all the same.
        valid = environ.get("CONTENT_LENGTH", "0").isdecimal()
        call = _WsgiCall(self._validated if valid else self._app, environ, body, self._violations)
        thread = threading.Thread(target=call.run, name="wsgi call", daemon=True)
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()
        return call

    def settle(self) -> None:
        """Raise the first violation since the last time."""
        if self._violations:
            violation = self._violations[0]
            self._violations.clear()
            raise AssertionError(f"wsgiref.validate reports: {violation}") from violation

    def join(self) -> None:
        """Wait for the calls that still run."""
        for thread in self._threads:
            thread.join(_GRACE)


class _WsgiCall:
    """One call: the server's thread, and the client's steps."""

    def __init__(
        self,
        app: WSGIApplication,
        environ: dict[str, Any],
        body: ClientBody,
        violations: list[BaseException],
    ) -> None:
        self._app = app
        self._environ = environ
        self._body = body
        self._violations = violations
        self._head: WireResponse | None = None
        self._head_sent = False
        self._failure: BaseException | None = None
        self._answer = _Handover()

    # The server's side, in its thread.

    def run(self) -> None:
        try:
            self._serve()
        except _GoneError:
            pass
        except BaseException as error:  # noqa: BLE001 - a server outlives the application
            self._failure = error
            if _is_validators(error):
                self._violations.append(error)
        finally:
            self._answer.finish()

    def _serve(self) -> None:
        result: Iterable[bytes] = self._app(self._environ, self._start_response)
        try:
            for chunk in result:
                self._write(chunk)
            self._send_head()
            # Complete to the client; what `close` does it need not wait for.
            self._answer.finish(complete=True)
        finally:
            close: Callable[[], None] | None = getattr(result, "close", None)
            if close is not None:
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: _ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and exc_info[1] is not None and self._head_sent:
            raise exc_info[1]
        lower = [(name.lower(), value) for name, value in headers]
        self._head = WireResponse(int(status[:3]), lower)
        return self._write

    def _write(self, data: bytes) -> None:
        if data:
            self._send_head()
            self._answer.put(data)

    def _send_head(self) -> None:
        if not self._head_sent:
            if self._head is None:
                raise RuntimeError("the application did not call start_response")
            self._head_sent = True
            self._answer.put(self._head)

    # The client's side.

    def feed(self, data: bytes) -> None:
        self._body.feed(data, self._answer.is_over)

    def end(self) -> None:
        self._body.end()

    def head(self) -> WireResponse:
        head = self._answer.take()
        if head is None:
            failure = repr(self._failure).encode("ascii", "replace").decode()
            return WireResponse(500, [("x-failure", failure)])
        assert isinstance(head, WireResponse)
        return head

    def piece(self) -> bytes:
        piece = self._answer.take()
        if piece is None and self._head_sent and not self._answer.complete:
            raise BrokenAnswerError("the application did not finish") from self._failure
        return piece if isinstance(piece, bytes) else b""

    def disconnect(self) -> None:
        self._body.cut()
        self._answer.abandon()

    def close(self) -> None:
        self.disconnect()


class _GoneError(Exception):
    """Raised in the server's thread where the client is gone."""


class _Handover:
    """From the server to the client, one thing at a time: `put` returns when it was taken."""

    def __init__(self) -> None:
        self.complete = False
        self._changed = threading.Condition()
        self._waiting: WireResponse | bytes | None = None
        self._finished = False
        self._abandoned = False

    def put(self, thing: WireResponse | bytes) -> None:
        with self._changed:
            self._waiting = thing
            self._changed.notify_all()
            # As long as the client is there, it may take its time.
            self._changed.wait_for(lambda: self._waiting is None or self._abandoned)
            if self._abandoned:
                raise _GoneError

    def finish(self, *, complete: bool = False) -> None:
        with self._changed:
            self.complete = self.complete or complete
            self._finished = True
            self._changed.notify_all()

    def take(self) -> WireResponse | bytes | None:
        """What was put next, or None at the end."""
        with self._changed:
            if self._abandoned:
                raise NoAnswerError("the client itself has disconnected")
            if not self._changed.wait_for(lambda: self._waiting or self._finished, TIMEOUT):
                raise TimeoutError(f"the application gave nothing for {TIMEOUT} seconds")
            thing, self._waiting = self._waiting, None
            self._changed.notify_all()
            return thing

    def abandon(self) -> None:
        """The client takes nothing any more."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def is_over(self) -> bool:
        """Whether nothing more comes, or is wanted."""
        return self._finished or self._abandoned


def _environ(request: WireRequest, body: ClientBody) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    if path == "*":
        path = ""
    elif not path.startswith("/"):
        path = urlsplit(path).path or "/"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": request.target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # The input ends where the body does, however that was framed.
        "wsgi.input_terminated": True,
    }
    for name, value in request.headers:
        if "_" in name:
            continue  # It would be taken for the same name with hyphens.
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        joined = key in environ and key != "HTTP_HOST"
        environ[key] = f"{environ[key]}{joint}{value}" if joined else value
    return environ


def _is_validators(error: BaseException) -> bool:
    """Whether `wsgiref.validate` raised it; it also warns, which may be an error here."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == "wsgiref.validate"
