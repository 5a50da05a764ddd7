"""The servers the suite runs behind: one row each, with the command that starts it.

Every server runs one worker process. Those with threads get four, so that a
case that needs two requests at once can have them. Three of them read the
fields of a proxy, or take them away, before the application sees them; that is
turned off, as it is the application's trust policy that the suite asks about.
"""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Command = Callable[[str, int], list[str]]
"""Makes the arguments after `python` of `"module:attribute"` and a file descriptor or port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """One server in one configuration.

    `listens` says how it gets its address. `"fd"`: it inherits a listening
    socket, so that the port is never in doubt. `"port"`: it has to bind a port
    by number, which can fail and is then tried again with another.

    `requires` maps each module it needs to the name that pip knows it by.

    A server is ready when it closes a connection on which nothing was sent.
    `logs_ready` is what it writes by then, for one that leaves such a
    connection open. `is_http2` says that it is asked by HTTP/2, with prior
    knowledge and without TLS. `stop_signal` ends it at once and in order.
    """

    id: str
    interface: Literal["asgi", "wsgi"]
    listens: Literal["fd", "port"]
    command: Command
    requires: Mapping[str, str]
    logs_ready: str = ""
    is_http2: bool = False
    stop_signal: signal.Signals = signal.SIGTERM

    def command_line(self, app: str, address: int) -> list[str]:
        """The whole command for this interpreter."""
        return [sys.executable, *self.command(app, address)]


def _uvicorn(parser: str) -> Command:
    return lambda app, fd: [
        *("-m", "uvicorn", app, f"--fd={fd}", "--workers=1"),
        *(f"--http={parser}", "--no-proxy-headers"),
    ]


def _hypercorn(loop: str) -> Command:
    # With no workers it serves in the process that was started.
    return lambda app, fd: (
        ["-m", "hypercorn", app, f"--bind=fd://{fd}", f"--worker-class={loop}", "--workers=0"]
    )


def _granian(interface: str, *options: str) -> Command:
    return lambda app, port: [
        *("-m", "granian", app, "--host=127.0.0.1", f"--port={port}"),
        *(f"--interface={interface}", "--workers=1", *options),
    ]


def _gunicorn(worker: str, *options: str) -> Command:
    return lambda app, fd: [
        *("-m", "gunicorn", app, f"--bind=fd://{fd}", "--workers=1", "--no-control-socket"),
        *(f"--worker-class={worker}", "--forwarded-allow-ips=", *options),
    ]


def _own_runner(server: str) -> Command:
    return lambda app, fd: ["-m", "portico_conformance._run_wsgi", server, app, str(fd)]


SERVERS: Mapping[str, ServerRow] = {
    row.id: row
    for row in (
        ServerRow(
            id="uvicorn-httptools",
            interface="asgi",
            listens="fd",
            command=_uvicorn("httptools"),
            requires={"uvicorn": "uvicorn", "httptools": "httptools"},
        ),
        ServerRow(
            id="uvicorn-h11",
            interface="asgi",
            listens="fd",
            command=_uvicorn("h11"),
            requires={"uvicorn": "uvicorn", "h11": "h11"},
        ),
        ServerRow(
            id="hypercorn-asyncio",
            interface="asgi",
            listens="fd",
            command=_hypercorn("asyncio"),
            requires={"hypercorn": "hypercorn"},
            logs_ready="Running on",
        ),
        ServerRow(
            id="hypercorn-trio",
            interface="asgi",
            listens="fd",
            command=_hypercorn("trio"),
            requires={"hypercorn": "hypercorn", "trio": "trio"},
            logs_ready="Running on",
        ),
        ServerRow(
            id="hypercorn-http2",
            interface="asgi",
            listens="fd",
            command=_hypercorn("asyncio"),
            requires={"hypercorn": "hypercorn", "h2": "h2"},
            logs_ready="Running on",
            is_http2=True,
        ),
        ServerRow(
            id="granian-asgi",
            interface="asgi",
            listens="port",
            command=_granian("asgi"),
            requires={"granian": "granian"},
        ),
        ServerRow(
            id="granian-http2",
            interface="asgi",
            listens="port",
            command=_granian("asgi", "--http=auto"),
            requires={"granian": "granian", "h2": "h2"},
            is_http2=True,
        ),
        ServerRow(
            id="granian-wsgi",
            interface="wsgi",
            listens="port",
            command=_granian("wsgi", "--blocking-threads=4"),
            requires={"granian": "granian"},
        ),
        ServerRow(
            id="daphne",
            interface="asgi",
            listens="fd",
            command=lambda app, fd: ["-m", "daphne", f"--fd={fd}", app],
            requires={"daphne": "daphne"},
        ),
        ServerRow(
            id="gunicorn-sync",
            interface="wsgi",
            listens="fd",
            command=_gunicorn("sync"),
            requires={"gunicorn": "gunicorn"},
            # Its orderly end after SIGTERM waits out a poll of two seconds.
            stop_signal=signal.SIGINT,
        ),
        ServerRow(
            id="gunicorn-gthread",
            interface="wsgi",
            listens="fd",
            command=_gunicorn("gthread", "--threads=4"),
            requires={"gunicorn": "gunicorn"},
            # Its orderly end after SIGTERM waits out a poll of two seconds.
            stop_signal=signal.SIGINT,
        ),
        ServerRow(
            id="gunicorn-asgi",
            interface="asgi",
            listens="fd",
            command=_gunicorn("asgi"),
            requires={"gunicorn": "gunicorn"},
        ),
        ServerRow(
            id="waitress",
            interface="wsgi",
            listens="port",
            command=lambda app, port: [
                *("-m", "waitress", f"--listen=127.0.0.1:{port}", "--threads=4"),
                *("--no-clear-untrusted-proxy-headers", app),
            ],
            requires={"waitress": "waitress"},
        ),
        ServerRow(
            id="cheroot",
            interface="wsgi",
            listens="port",
            command=lambda app, port: ["-m", "cheroot", f"--bind=127.0.0.1:{port}", app],
            requires={"cheroot": "cheroot"},
        ),
        ServerRow(
            id="werkzeug",
            interface="wsgi",
            listens="fd",
            command=_own_runner("werkzeug"),
            requires={"werkzeug": "werkzeug"},
        ),
        ServerRow(
            id="wsgiref",
            interface="wsgi",
            listens="fd",
            command=_own_runner("wsgiref"),
            requires={},
        ),
    )
}
"""By id, in the order the suite names them."""
