"""Memory stays bounded: with uploads of any size, and with readers of any slowness.

In process it is measured by `tracemalloc`, to the byte. On the wire it is the resident set of the
serving process: how far its highest mark is above where it stood before. Linux tells that.

Every chunk that is sent is a new object, so that one that is kept somewhere shows.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import sleep
from typing import Any, Final, Literal, Protocol

import anyio
import anyio.lowlevel
import pytest

from portico import Portico
from portico_asgi import ASGI
from portico_conformance._fake_js import Context, JsObject, Uint8Array, installed
from portico_conformance._fake_js_fetch import Response, arrived
from portico_conformance._fake_js_streams import Controller, ReadableStream
from portico_conformance._require_component import require_component
from portico_conformance._servers import SERVERS, Server
from portico_conformance._workerd import Worker
from portico_conformance.components import ensure_worker_packages, ensure_workerd
from portico_conformance.rows import selected_rows
from portico_wsgi import WSGI

KIB: Final = 1024
MIB: Final = 1024 * KIB
CHUNK: Final = 64 * KIB

ROWS: Final = os.environ.get("PORTICO_ROWS", "all")
WHOLE: Final = 256 * MIB if ROWS == "quick" else 1024 * MIB

SHORT: Final = 64 * MIB
"""Where each chunk costs a change of threads, or the search for a boundary."""

# --- In process -----------------------------------------------------------------------------------

Chunks = Iterator[bytes]
Post = Callable[[Portico, str, str, Chunks], bytes]
"""Sends a body of this content type to a path, and gives the body of the answer."""

BOUND: Final = 2 * MIB
"""Bytes that Python may hold at any moment while an upload passes through."""

PLAIN: Final = "application/octet-stream"
MULTIPART: Final = "multipart/form-data; boundary=frontier"


def asgi(backend: Literal["asyncio", "trio"]) -> Post:
    """A server that has the next chunk whenever the application asks for it."""

    def post(app: Portico, path: str, content_type: str, chunks: Chunks) -> bytes:
        sent = bytearray()

        async def receive() -> dict[str, Any]:
            # As servers do; only then does trio forget the limits of waits that are over.
            await anyio.lowlevel.checkpoint()
            chunk = next(chunks, b"")
            return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

        async def send(message: Any) -> None:
            sent.extend(message.get("body", b""))

        async def call() -> None:
            await ASGI(app)(asgi_scope(path, content_type), receive, send)

        anyio.run(call, backend=backend)
        return bytes(sent)

    return post


def asgi_scope(path: str, content_type: str) -> dict[str, Any]:
    fields = {"host": "test", "content-type": content_type, "transfer-encoding": "chunked"}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }


def wsgi(*, multithread: bool) -> Post:
    def post(app: Portico, path: str, content_type: str, chunks: Chunks) -> bytes:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "test",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": content_type,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.url_scheme": "http",
            "wsgi.input": Input(chunks),
            "wsgi.input_terminated": True,
            "wsgi.multithread": multithread,
        }
        application = WSGI(app)
        try:
            return b"".join(application(environ, start_response))
        finally:
            application.close()

    return post


def start_response(*_: object) -> Callable[[bytes], object]:
    return bytes


class Input:
    """`wsgi.input`, of chunks that are no longer than what is asked for."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def read(self, size: int) -> bytes:
        chunk = next(self._chunks, b"")
        assert len(chunk) <= size
        return chunk


def worker(app: Portico, path: str, content_type: str, chunks: Chunks) -> bytes:
    """The fake runtime, whose stream makes a chunk when the adapter reads one."""

    def pull(controller: Controller) -> None:
        chunk = next(chunks, b"")
        controller.enqueue(Uint8Array(chunk)) if chunk else controller.close()

    async def call() -> bytes:
        from portico_cloudflare import Worker

        with installed() as world:
            stream = ReadableStream(JsObject(pull=pull), 0)
            fields = [("host", "test"), ("content-type", content_type)]
            request = arrived("POST", path, fields, stream)
            response: Response = await Worker(app)(Context(), world.env).fetch(request)
        assert isinstance(response.payload, Uint8Array)
        return response.payload.to_bytes()

    return asyncio.run(call())


WAYS: Final[dict[str, Post]] = {
    "asgi-asyncio": asgi("asyncio"),
    "asgi-trio": asgi("trio"),
    "wsgi": wsgi(multithread=True),
    "wsgi-serial": wsgi(multithread=False),
    "cloudflare": worker,
}


@pytest.fixture(scope="module")
def app() -> Portico:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
        application: Portico = import_module("streaming_application").app
    return application


@pytest.mark.parametrize(
    ("way", "path", "size"),
    [
        ("asgi-asyncio", "/async/upload", WHOLE),
        ("asgi-asyncio", "/sync/upload", SHORT),
        ("asgi-trio", "/async/upload", WHOLE),
        ("asgi-trio", "/sync/upload", SHORT),
        ("wsgi", "/async/upload", SHORT),
        ("wsgi", "/sync/upload", WHOLE),
        ("wsgi-serial", "/async/upload", WHOLE),
        ("cloudflare", "/async/upload", WHOLE),
    ],
)
def test_a_body_that_is_streamed_is_not_kept(app: Portico, way: str, path: str, size: int) -> None:
    def post(size: int) -> bytes:
        return WAYS[way](app, path, PLAIN, chunks(size))

    post(3 * CHUNK)  # What it imports and compiles is not the body's.
    with peak_below(BOUND):
        counted = post(size)

    assert counted == b"%d" % size


@pytest.mark.parametrize(
    ("way", "path", "size"),
    [
        ("asgi-asyncio", "/async/parts", WHOLE),
        ("asgi-trio", "/async/parts", SHORT),
        ("wsgi", "/sync/parts", SHORT),
        ("wsgi-serial", "/async/parts", SHORT),
        ("cloudflare", "/async/parts", SHORT),
    ],
)
def test_a_part_that_is_streamed_is_not_kept(app: Portico, way: str, path: str, size: int) -> None:
    def post(size: int) -> bytes:
        return WAYS[way](app, path, MULTIPART, form_with_file(size))

    post(3 * CHUNK)
    with peak_below(BOUND):
        counted = post(size)

    assert counted == b"%d" % size


@pytest.mark.parametrize(
    ("way", "path"),
    [
        ("asgi-asyncio", "/async/form"),
        ("asgi-asyncio", "/sync/form"),
        ("asgi-trio", "/async/form"),
        ("wsgi", "/async/form"),
        ("wsgi", "/sync/form"),
        ("wsgi-serial", "/sync/form"),
    ],
)
def test_a_file_of_a_form_goes_to_disk(app: Portico, way: str, path: str) -> None:
    def post(size: int) -> bytes:
        return WAYS[way](app, path, MULTIPART, form_with_file(size))

    post(3 * CHUNK)
    with peak_below(BOUND):
        counted = post(15 * MIB)

    assert counted == b"%d" % (15 * MIB)


def chunks(size: int) -> Chunks:
    template = bytearray(b"x" * CHUNK)
    for _ in range(size // CHUNK):
        yield bytes(template)


def form_with_file(size: int) -> Chunks:
    disposition = b'Content-Disposition: form-data; name="file"; filename="large"'
    yield b"--frontier\r\n%b\r\n\r\n" % disposition
    yield from chunks(size)
    yield b"\r\n--frontier--\r\n"


@contextmanager
def peak_below(bound: int) -> Generator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < bound, f"{peak / KIB:.0f} KiB were held at once, {bound / KIB:.0f} are allowed"


# --- On the wire ----------------------------------------------------------------------------------

GROWTH: Final = 32 * MIB
"""Bytes by which a process may grow while an upload passes through."""

AHEAD: Final = 512
"""Chunks, 32 MiB, that may be on their way to a reader that has stopped: what the system keeps for
a socket, and what the server does, of which waitress's 16 MiB are the most.

The process may grow by twice as much: with waitress it does so over four readers, one for each of
its threads, and then no more."""

READ: Final = MIB
"""Bytes that a slow reader takes before it stops."""

POLL: Final = 0.005  # seconds between two looks at what changes
POLLS: Final = 1000  # looks before it is given up
SETTLED: Final = 20  # looks without a change after which none is expected

UPLOADS: Final = {
    "uvicorn-httptools": WHOLE,
    "uvicorn-h11": 256 * MIB,
    "gunicorn-gthread": 256 * MIB,
    "cheroot": WHOLE,
}
"""Bytes that are sent to some of the rows; to the others it is 128 MiB."""

WORKER: Final = "workerd"
"""The row of the Worker, which is started cold: a snapshot differs in nothing that is asked here.

An isolate of Cloudflare has 128 MB for everything (Workers, "Limits")."""

KEEPS_UPLOADS: Final = {
    "daphne": "It puts the whole body, chunk by chunk, into the queue that receive() reads, which "
    "has no bound, before it calls the application (http_protocol.py, WebRequest.process).",
}
"""What the server does with the body of a request, and cannot be told not to do."""

KEEPS_ANSWERS: Final = {
    "daphne": "Its send() hands each chunk to Twisted's transport, which keeps what the socket "
    "does not take, and returns at once (http_protocol.py, WebRequest.handle_reply).",
}
"""What the server does with an answer that nobody reads."""


class Process(Protocol):
    """A server that runs: a `Server` or a `Worker`."""

    @property
    def port(self) -> int: ...
    @property
    def pid(self) -> int | None: ...
    def log(self) -> str: ...


class Runtime:
    """A row that runs, and the memory that it started with."""

    def __init__(self, row: str, process: Process) -> None:
        self.row = row
        self.port = process.port
        self.log = process.log
        assert process.pid is not None
        # A server forks its workers into the session that it leads.
        self._pids = [pid for pid in processes() if process.pid in (pid, session_of(pid))]
        self._streams = 0
        self.upload(MIB)  # What it imports and compiles is not the body's.
        for pid in self._pids:
            # Resets the highest mark (proc_pid_clear_refs(5)).
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = [resident(pid, "VmRSS") for pid in self._pids]

    def growth(self) -> int:
        """Bytes that the process that grew most has had more than at the start."""
        highest = [resident(pid, "VmHWM") for pid in self._pids]
        return max(high - low for high, low in zip(highest, self._before, strict=True))

    def upload(self, size: int) -> bytes:
        """Post a body of that size; returns the answer's last line, which is a body of one line."""
        colour = (
            "sync" if self.row in SERVERS and SERVERS[self.row].interface == "wsgi" else "async"
        )
        head = f"POST /{colour}/upload HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        block = bytes(MIB)
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(f"{head}Content-Length: {size}\r\n\r\n".encode())
            for _ in range(size // len(block)):
                connection.sendall(block)
            answer = b"".join(iter(lambda: connection.recv(CHUNK), b""))
        return answer.rpartition(b"\n")[2]

    @contextmanager
    def slow_reader(self, colour: str) -> Generator[str]:
        """A client that reads a little of an endless stream, and no more; gives the stream's name.

        When the block ends, it leaves.
        """
        self._streams += 1
        name = f"stream-{self._streams}"
        with socket.socket() as connection:
            connection.settimeout(10)
            # Less than it would grow to, so that it is the server that waits.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(
                f"GET /{colour}/endless/{name} HTTP/1.1\r\nHost: test\r\n\r\n".encode()
            )
            received = 0
            while received < READ:
                received += len(connection.recv(CHUNK))
            yield name

    def count(self, event: str) -> int:
        """How often the application has told of it, once it has and then for some time did not.

        It is not waited for when it is told of without end.
        """
        count, unchanged = 0, 0
        for _ in range(POLLS):
            before, count = count, self.log().count(f"{event}\n")
            unchanged = unchanged + 1 if count == before else 0
            if count > AHEAD or (count and unchanged == SETTLED):
                return count
            sleep(POLL)
        return count


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def session_of(pid: int) -> int:
    with suppress(ProcessLookupError):
        return os.getsid(pid)
    return 0


def resident(pid: int, mark: str) -> int:
    """Bytes, by `VmRSS` or, the most it ever was, `VmHWM` (proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kibibytes = next(line.split()[1] for line in lines if line.startswith(f"{mark}:"))
    return int(kibibytes) * KIB


ENTRIES: Final = {
    "asgi": "from portico_asgi import ASGI\napplication = ASGI(app)",
    "wsgi": "from portico_wsgi import WSGI\napplication = WSGI(app)",
    "worker": "from portico_cloudflare import Worker\nDefault = Worker(app)",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application, and a module for each interface that serves it."""
    folder = tmp_path_factory.mktemp("served")
    source = Path(__file__).with_name("streaming_application.py")
    folder.joinpath(source.name).write_bytes(source.read_bytes())
    for name, entry in ENTRIES.items():
        text = f"from streaming_application import app\n{entry}\n"
        folder.joinpath(f"{name}_entry.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def runtime(request: pytest.FixtureRequest, folder: Path) -> Iterator[Runtime]:
    row: str = request.param
    with launched(row, folder) as process:
        yield Runtime(row, process)


def launched(row: str, folder: Path) -> AbstractContextManager[Process]:
    if row in SERVERS:
        entry = f"{SERVERS[row].interface}_entry:application"
        return Server(SERVERS[row], entry, path=folder, startup=60)
    require_component(ensure_workerd)
    require_component(ensure_worker_packages)
    packages = [folder_of(name) for name in ("portico", "portico_cloudflare")]
    packages.append(folder / "streaming_application.py")
    return Worker(folder / "worker_entry.py", packages=packages)


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def rows() -> list[str]:
    """The rows that stream: the servers, and the Worker once. A Lambda event is all in memory."""
    ids = [row.id for row in selected_rows(ROWS)]
    workers = [WORKER] if any(name.startswith(WORKER) for name in ids) else []
    return [*(name for name in ids if name in SERVERS), *workers]


def marked(known: dict[str, str]) -> list[Any]:
    def marks(row: str) -> list[pytest.MarkDecorator]:
        if row not in known:
            return []
        return [pytest.mark.xfail(strict=True, reason=known[row], raises=AssertionError)]

    return [pytest.param(row, marks=marks(row), id=row) for row in rows()]


tells_memory = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(),
    reason="the highest mark of another process's memory is read, and reset, in Linux's /proc",
)


@tells_memory
@pytest.mark.parametrize("runtime", marked(KEEPS_UPLOADS), indirect=True, scope="module")
def test_a_server_that_is_sent_a_large_body_stays_small(runtime: Runtime) -> None:
    size = UPLOADS.get(runtime.row, 128 * MIB)

    assert runtime.upload(size) == b"%d" % size
    assert runtime.growth() < GROWTH


@tells_memory
@pytest.mark.parametrize("colour", ["async", "sync"])
@pytest.mark.parametrize("runtime", marked(KEEPS_ANSWERS), indirect=True, scope="module")
def test_a_reader_that_stops_halts_the_stream_and_one_that_leaves_closes_it_once(
    runtime: Runtime, colour: str
) -> None:
    with runtime.slow_reader(colour) as stream:
        assert READ // CHUNK <= runtime.count(f"pulled {stream}") <= AHEAD
        assert runtime.growth() < 2 * AHEAD * CHUNK
    assert runtime.count(f"closed {stream}") == 1
