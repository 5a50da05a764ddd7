"""Serve a WSGI application with a library that has no command line of its own.

`python -m portico_conformance._run_wsgi wsgiref|werkzeug module:attribute fd`

The listening socket is inherited: `fd` is its file descriptor.
"""

import socket
import sys
from collections.abc import Callable
from importlib import import_module
from wsgiref.types import WSGIApplication


def main(arguments: list[str]) -> None:
    """Serve until the process is ended."""
    if len(arguments) != 3 or arguments[0] not in SERVERS:
        sys.exit(f"Expected {'|'.join(SERVERS)} module:attribute fd, got {arguments}.")
    server, target, fd = arguments
    SERVERS[server](_load(target), socket.socket(fileno=int(fd)))


def _load(target: str) -> WSGIApplication:
    module, _, attribute = target.partition(":")
    app: WSGIApplication = getattr(import_module(module), attribute)
    return app


def _serve_wsgiref(app: WSGIApplication, listener: socket.socket) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    class QuietHandler(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Leave the log to what goes wrong."""

    host, port = listener.getsockname()
    server = WSGIServer((host, port), QuietHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    # What `server_bind` sets, but for its look-up of the host's full name.
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(app)
    server.serve_forever(poll_interval=60)


def _serve_werkzeug(app: WSGIApplication, listener: socket.socket) -> None:
    from werkzeug.serving import make_server

    # What `run_simple(threaded=True)` makes, with the socket that we have.
    host, port = listener.getsockname()
    make_server(host, port, app, threaded=True, fd=listener.fileno()).serve_forever()


SERVERS: dict[str, Callable[[WSGIApplication, socket.socket], None]] = {
    "wsgiref": _serve_wsgiref,
    "werkzeug": _serve_werkzeug,
}

if __name__ == "__main__":
    main(sys.argv[1:])
