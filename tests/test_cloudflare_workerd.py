"""The adapter in the real workerd, started cold and from a snapshot of its memory."""

import gzip
import http.client
import json
import socket
import struct
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from portico_conformance._require_component import require_component
from portico_conformance._workerd import Worker
from portico_conformance.components import ensure_worker_packages, ensure_workerd

APP = """
import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Iterator

from msgspec import Struct
from portico import Context, File, FormData, Portico, Response, use
from portico_cloudflare import Worker, WorkerRaw

app = Portico()
signals = set()
starts = []


class Point(Struct):
    x: int
    y: int = 0


async def until(ctx, name):
    while name not in signals:
        await ctx.platform.sleep(0.005)


@app.resource(io=False)
async def started() -> AsyncIterator[int]:
    await asyncio.sleep(0.05)
    starts.append(time.monotonic())
    yield len(starts)


@app.get("/starts")
def count(number: int = use(started)) -> int:
    return number


@app.get("/text")
def text() -> str:
    return "hello"


@app.post("/point")
async def point(body: Point) -> Point:
    return Point(body.x + 1, body.y)


@app.post("/echo")
async def echo(body: bytes) -> bytes:
    return body


@app.post("/upper")
async def upper(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in body:
        yield chunk.upper()


@app.post("/upper/sync")
def upper_sync(body: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in body:
        yield chunk.upper()


@app.get("/cookies")
def cookies() -> Response:
    return Response("", headers=[("set-cookie", "a=1"), ("set-cookie", "b=2")])


@app.get("/zipped")
def zipped() -> Response:
    return Response(gzip.compress(b"hello"), headers={"content-encoding": "gzip"})


@app.get("/known")
async def known() -> Response:
    async def chunks():
        yield b"abc"
        yield b"def"
    return Response(chunks(), headers={"content-length": "6"})


@app.get("/broken")
async def broken() -> AsyncIterator[bytes]:
    yield b"abc"
    yield b"def"
    raise LookupError("midway")


@app.get("/stepwise")
async def stepwise(ctx: Context) -> AsyncIterator[str]:
    try:
        yield "first"
        await until(ctx, "second")
        yield "second"
        await until(ctx, "never")
    finally:
        signals.add(f"left {ctx.platform.signal.aborted}")


@app.post("/read")
async def read(ctx: Context) -> int:
    size = 0
    try:
        async for chunk in ctx.request.stream():
            signals.add("reading")
            size += len(chunk)
    finally:
        signals.add("left the reading")
    return size


@app.post("/form")
async def form(body: FormData) -> list[object]:
    file = body.get("file")
    assert isinstance(file, File)
    return [body.get("title"), file.name, file.size, await file.text()]


@app.get("/work")
async def work(ctx: Context) -> str:
    async def later():
        await until(ctx, "go on")
        signals.add("worked")

    ctx.wait_until(later())
    return "answered"


@app.get("/work/blocking")
def work_blocking(ctx: Context) -> str:
    def later():
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass

    ctx.wait_until(later)
    return "answered"


@app.get("/platform")
def platform(ctx: Context) -> list[object]:
    raw = ctx.platform.raw(WorkerRaw)
    return [ctx.env["LABEL"], ctx.platform.peer.address, raw.request.js_object.url]


@app.post("/signals/{name}")
async def raise_signal(name: str) -> None:
    signals.add(name)


@app.get("/signals/{name}")
async def wait_for_signal(ctx: Context, name: str) -> None:
    await until(ctx, name)

"""

MAINS = {
    "cold": APP + "class Default(Worker(app)):\n    pass\n",
    "snapshot": APP + "Default = Worker(app)\n",
}


def folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture(scope="module", params=["cold", "snapshot"])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    require_component(ensure_workerd)
    require_component(ensure_worker_packages)
    start: str = request.param
    with Worker(
        MAINS[start],
        packages=[folder("portico"), folder("portico_cloudflare")],
        bindings={"LABEL": "a label"},
        snapshot=start == "snapshot",
    ) as worker:
        yield worker


Answer = tuple[http.client.HTTPResponse, bytes]


def send(
    worker: Worker,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    with closing(connection):
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response, response.read()


@contextmanager
def opened(worker: Worker, head: str) -> Generator[socket.socket]:
    with socket.create_connection(("127.0.0.1", worker.port), timeout=30) as connection:
        connection.sendall(f"{head} HTTP/1.1\r\nHost: a.test\r\n".encode())
        yield connection


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def leave(connection: socket.socket) -> None:
    """Reset the connection when it is closed: the runtime cannot take that for a half of it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def receive(connection: socket.socket, ending: bytes) -> bytes:
    received = b""
    while not received.endswith(ending):
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    return received


def test_the_first_requests_wait_for_one_start(worker: Worker) -> None:
    connections = [http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30) for _ in "abc"]
    for connection in connections:
        connection.request("GET", "/starts")
    bodies = [connection.getresponse().read() for connection in connections]
    for connection in connections:
        connection.close()

    assert bodies == [b"1", b"1", b"1"]


def test_text_is_answered_and_head_keeps_its_length(worker: Worker) -> None:
    got, body = send(worker, "GET", "/text")
    head, nothing = send(worker, "HEAD", "/text")

    assert (got.status, body, nothing) == (200, b"hello", b"")
    assert got.getheader("content-type") == "text/plain;charset=UTF-8"
    assert head.getheader("content-length") == got.getheader("content-length") == "5"


@pytest.mark.parametrize(
    ("sent", "status", "answer"),
    [
        (b'{"x":1,"y":2}', 200, {"x": 2, "y": 2}),
        (b'{"x":"a"}', 422, "errors"),
        (b"{", 400, "detail"),
    ],
)
def test_a_struct_is_validated_and_answered(
    worker: Worker, sent: bytes, status: int, answer: object
) -> None:
    got, body = send(worker, "POST", "/point", sent, {"Content-Type": "application/json"})

    assert got.status == status
    value = json.loads(body)
    assert value == answer if isinstance(answer, dict) else answer in value


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_body_comes_back(worker: Worker, size: int) -> None:
    assert send(worker, "POST", "/echo", b"x" * size)[1] == b"x" * size


@pytest.mark.parametrize("target", ["/upper", "/upper/sync"])
def test_chunks_go_both_ways_one_at_a_time(worker: Worker, target: str) -> None:
    with opened(worker, f"POST {target}") as connection:
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc"))
        assert receive(connection, chunk(b"ABC")).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(chunk(b"def"))
        assert receive(connection, chunk(b"DEF")) == chunk(b"DEF")
        connection.sendall(chunk(b""))
        assert receive(connection, chunk(b"")) == chunk(b"")


def test_each_cookie_has_a_field_of_its_own(worker: Worker) -> None:
    got, _ = send(worker, "GET", "/cookies")

    assert got.msg.get_all("set-cookie") == ["a=1", "b=2"]


def test_what_is_encoded_already_is_sent_as_it_is(worker: Worker) -> None:
    got, body = send(worker, "GET", "/zipped", headers={"Accept-Encoding": "gzip"})

    assert got.getheader("content-encoding") == "gzip"
    assert gzip.decompress(body) == b"hello"


def test_a_stream_of_known_length_has_a_content_length(worker: Worker) -> None:
    got, body = send(worker, "GET", "/known")

    assert (got.getheader("content-length"), body) == ("6", b"abcdef")


def test_nothing_there_is_a_problem(worker: Worker) -> None:
    got, body = send(worker, "GET", "/nothing")

    assert (got.status, got.getheader("content-type")) == (404, "application/problem+json")
    assert json.loads(body)["status"] == 404


def test_a_stream_that_fails_midway_never_looks_complete(worker: Worker) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        send(worker, "GET", "/broken")

    assert b"abcdef".startswith(caught.value.partial)
    assert "LookupError: midway" in worker.log()


def test_a_stream_is_sent_as_it_is_made_and_left_when_the_peer_leaves(worker: Worker) -> None:
    with opened(worker, "GET /stepwise") as connection:
        connection.sendall(b"\r\n")
        receive(connection, chunk(b"first"))
        send(worker, "POST", "/signals/second")
        receive(connection, chunk(b"second"))
        leave(connection)

    assert send(worker, "GET", "/signals/left%20True")[0].status == 204


def test_a_handler_whose_peer_is_gone_leaves_what_it_entered(worker: Worker) -> None:
    with opened(worker, "POST /read") as connection:
        connection.sendall(b"Content-Length: 10\r\n\r\nabc")
        send(worker, "GET", "/signals/reading")
        leave(connection)

    assert send(worker, "GET", "/signals/left%20the%20reading")[0].status == 204


def test_a_form_with_a_file_is_read(worker: Worker) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\na title\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nthe file\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    got, answer = send(worker, "POST", "/form", body, headers)

    assert (got.status, json.loads(answer)) == (200, ["a title", "f.txt", 8, "the file"])


def test_work_goes_on_after_the_answer(worker: Worker) -> None:
    assert send(worker, "GET", "/work")[1] == b"answered"

    send(worker, "POST", "/signals/go%20on")

    assert send(worker, "GET", "/signals/worked")[0].status == 204


def test_work_that_blocks_does_not_hold_up_the_answer(worker: Worker) -> None:
    started = monotonic()

    assert send(worker, "GET", "/work/blocking")[1] == b"answered"

    assert monotonic() - started < 1


def test_the_platform_has_bindings_peer_and_the_native_request(worker: Worker) -> None:
    headers = {"Host": "a.test", "CF-Connecting-IP": "192.0.2.1"}

    _, body = send(worker, "GET", "/platform?x=%20", headers=headers)

    assert json.loads(body) == ["a label", "192.0.2.1", "http://a.test/platform?x=%20"]


@pytest.mark.parametrize("host", ["a.test/text?", "a.test/text#", "a.test?"])
def test_a_host_that_ends_like_a_path_is_refused(worker: Worker, host: str) -> None:
    got, _ = send(worker, "GET", "/nothing", headers={"Host": host})

    assert got.status == 400
