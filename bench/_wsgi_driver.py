"""A WSGI server without HTTP: one call after the other, in one thread."""

import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from time import process_time_ns
from typing import Any

from bench._exchanges import Answer, Exchange

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]


class WsgiDriver:
    """Calls an application, and reads and closes what it returns."""

    def __init__(self, app: App, event: str = "http") -> None:
        self._app = app
        self._environs: dict[str, Environ] = {}

    def answer(self, exchange: Exchange) -> Answer:
        """The answer to one exchange."""
        call = _Call()
        body = self._call(exchange, call)
        status = int(call.status.partition(" ")[0])
        fields = tuple((name.lower(), value) for name, value in call.headers)
        return Answer(status, fields, b"".join(body))

    def nanoseconds(self, exchange: Exchange, count: int) -> int:
        """Processor time of this many calls.

        Raises:
            RuntimeError: one of them got no answer.
        """
        begin = process_time_ns()
        for _ in range(count):
            call = _Call()
            self._call(exchange, call)
            if not call.status:
                raise RuntimeError(f"{exchange.name}: an answer had no status.")
        return process_time_ns() - begin

    def close(self) -> None:
        """End the application, where it has an end that is not its process's."""
        close = getattr(self._app, "close", None)
        if close is not None:
            close()

    def _call(self, exchange: Exchange, call: "_Call") -> list[bytes]:
        content = self._app(self._environ(exchange), call.start)
        try:
            return [*content]
        finally:
            close = getattr(content, "close", None)
            if close is not None:
                close()

    def _environ(self, exchange: Exchange) -> Environ:
        """An environ of its own for each call, as every server makes one."""
        template = self._environs.get(exchange.name)
        if template is None:
            template = self._environs[exchange.name] = environ(exchange)
        return {**template, "wsgi.input": BytesIO(exchange.body)}


class _Call:
    """The head of one answer."""

    __slots__ = ("headers", "status")

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        """PEP 3333's `start_response`; what is written through `write` is lost."""
        self.status = status
        self.headers = headers
        return bytes


def environ(exchange: Exchange) -> Environ:
    """The environ of an exchange, as gunicorn's threaded workers make it."""
    fields = [("host", "127.0.0.1:8000"), ("user-agent", "bench"), ("accept", "*/*")]
    fields += exchange.headers
    names = {name: f"HTTP_{name.upper().replace('-', '_')}" for name, _ in fields}
    made: Environ = {
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
        "SERVER_SOFTWARE": "bench",
        "REQUEST_METHOD": exchange.method,
        "QUERY_STRING": exchange.query,
        "RAW_URI": exchange.path + (f"?{exchange.query}" if exchange.query else ""),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "SCRIPT_NAME": "",
        "PATH_INFO": exchange.path,
        **{names[name]: value for name, value in fields if name != "content-type"},
    }
    if exchange.body:
        made["CONTENT_LENGTH"] = str(len(exchange.body))
        made["CONTENT_TYPE"] = dict(exchange.headers)["content-type"]
    return made
