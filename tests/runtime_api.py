"""A Runtime API of Lambda on loopback, which sees each byte of an answer when it arrives."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from io import BufferedReader
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

LIMIT = 10.0  # seconds that anything may take; only a test that fails waits for them


class Post(NamedTuple):
    """What the runtime has posted.

    Attributes:
        path: below `/2018-06-01/runtime`.
        headers: the names in lower case.
        chunks: gives the body as it arrives: chunk by chunk, or whole.
        trailers: complete once `chunks` has ended.
    """

    path: str
    headers: dict[str, str]
    chunks: Iterator[bytes]
    trailers: dict[str, str]

    def body(self) -> bytes:
        """All of the body, with what came of it before."""
        return b"".join(self.chunks)


class StubRuntimeApi:
    """Hands out invocations, and gives what is posted to `posts`; serves one runtime.

    A post is answered when its body has been taken to its end.
    """

    def __init__(self, *, status: int = 202) -> None:
        self.invocations: Queue[tuple[bytes, dict[str, str]] | None] = Queue()
        self.posts: Queue[Post] = Queue()
        self.restored: Queue[None] = Queue()
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = Thread(target=self._accept)
        self._count = 0

    def invoke(self, event: object, **headers: str) -> None:
        """Let the runtime have an event next."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.invocations.put((json.dumps(event).encode(), fields))

    def post(self) -> Post:
        """The next thing that the runtime posts."""
        return self.posts.get(timeout=LIMIT)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.invocations.put(None)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(LIMIT)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(LIMIT)
            with connection, connection.makefile("rb") as stream:
                while self._serve(connection, stream):
                    pass

    def _serve(self, connection: socket.socket, stream: BufferedReader) -> bool:
        line = stream.readline()
        if not line:
            return False
        method, target, _ = line.decode().split()
        path = target.removeprefix("/2018-06-01/runtime")
        headers = dict(_fields(stream))
        if method == "POST":
            trailers: dict[str, str] = {}
            seen: Queue[bytes | None] = Queue()
            self.posts.put(
                Post(path, headers, iter(lambda: seen.get(timeout=LIMIT), None), trailers)
            )
            for chunk in _body(stream, headers, trailers):
                seen.put(chunk)
            seen.put(None)
            connection.sendall(_message(self._status, b"{}", {}))
            return True
        if path == "/restore/next":
            self.restored.get(timeout=LIMIT)
            connection.sendall(_message(200, b"", {}))
            return True
        return self._next(connection)

    def _next(self, connection: socket.socket) -> bool:
        given = self.invocations.get(timeout=LIMIT)
        if given is None:
            return False
        payload, extra = given
        self._count += 1
        fields = {"Lambda-Runtime-Aws-Request-Id": f"id-{self._count}", **extra}
        connection.sendall(_message(200, payload, fields))
        return True


def _fields(stream: BufferedReader) -> Iterator[tuple[str, str]]:
    while (line := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(": ")
        yield name.lower(), value


def _body(
    stream: BufferedReader, headers: dict[str, str], trailers: dict[str, str]
) -> Iterator[bytes]:
    if headers.get("transfer-encoding") != "chunked":
        yield stream.read(int(headers.get("content-length", "0")))
        return
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    trailers.update(_fields(stream))


def _message(status: int, body: bytes, fields: dict[str, Any]) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
