"""Whole calls through `WSGI`, under `wsgiref.validate`, with each kind of event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextvars import ContextVar
from io import BytesIO
from types import TracebackType
from typing import Any, Self, TypeAlias
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import anyio
import pytest
from werkzeug.test import Client

from portico import Response
from portico.contract import ByteStream, Capabilities, Platform, Request
from portico_wsgi import CAPABILITIES, WSGI, WsgiRaw

Answer: TypeAlias = "Response | Awaitable[Response]"
Handler: TypeAlias = "Callable[[Request, Platform], Answer]"


class Nothing:
    """A `Running` without resources."""

    is_async = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Nothing to leave."""

    async def __aenter__(self) -> Self:
        raise AssertionError("a synchronous Running was entered on a loop")

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        raise AssertionError("a synchronous Running was left on a loop")


class App:
    """An application of one function."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.checks: list[tuple[Capabilities | None, str]] = []

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        self.checks.append((capabilities, runtime))

    def start(self, platform: Platform) -> Nothing:
        return Nothing()

    def handle(self, request: Request, platform: Platform, running: object) -> Answer:
        return self.handler(request, platform)


class Call:
    """One call as a server makes it: read chunk by chunk, and closed."""

    def __init__(self, app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.iterable = app(environ, self._start)
        self._iterator = iter(self.iterable)

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return lambda chunk: None

    def next(self) -> bytes:
        return next(self._iterator)

    def close(self) -> None:
        getattr(self.iterable, "close", lambda: None)()

    def read(self) -> bytes:
        try:
            return b"".join(self._iterator)
        finally:
            self.close()


class Site:
    """A `WSGI` behind the validator, in one of the two modes."""

    def __init__(self, multithread: bool) -> None:
        self.multithread = multithread
        self._open: list[WSGI] = []

    def wsgi(self, handler: Handler) -> WSGI:
        wsgi = WSGI(App(handler))
        self._open.append(wsgi)
        return wsgi

    def environ(self, method: str = "GET", body: bytes = b"") -> dict[str, Any]:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": ""}
        if body:
            environ.update({"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)})
        setup_testing_defaults(environ)
        environ["wsgi.multithread"] = self.multithread
        return environ

    def call(self, handler: Handler, method: str = "GET", body: bytes = b"") -> Call:
        """Call as a server would, under the validator."""
        return Call(validator(self.wsgi(handler)), self.environ(method, body))

    def close(self) -> None:
        for wsgi in self._open:
            wsgi.close()


@pytest.fixture(params=[False, True], ids=["serial", "threads"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(request.param)
    yield site
    site.close()


def ready(content: bytes | ByteStream, status: int = 200) -> Response:
    response = Response(status=status, headers={"content-type": "text/plain"})
    if isinstance(content, bytes):
        response.headers.set("content-length", str(len(content)))
    response.content = content
    return response


class Source:
    """An asynchronous source that counts its closes and remembers the tasks that drove it."""

    def __init__(self, *chunks: bytes, error: BaseException | None = None) -> None:
        self.given = 0
        self.closes = 0
        self.tasks: set[object] = set()
        self._chunks = chunks
        self._error = error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        if self.given == len(self._chunks):
            if self._error is not None:
                raise self._error
            raise StopAsyncIteration
        self.given += 1
        return self._chunks[self.given - 1]

    async def aclose(self) -> None:
        self.tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        self.closes += 1


class SyncSource:
    """A synchronous source that counts its closes."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.given = 0
        self.closes = 0
        self._chunks = chunks
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.given == len(self._chunks):
            if self._error is not None:
                raise self._error
            raise StopIteration
        self.given += 1
        return self._chunks[self.given - 1]

    def close(self) -> None:
        self.closes += 1


def test_a_synchronous_answer_is_a_list_of_its_bytes(site: Site) -> None:
    wsgi = site.wsgi(lambda request, platform: ready(b"hello"))

    call = Call(wsgi, site.environ())

    assert (call.status, call.iterable) == ("200 OK", [b"hello"])
    assert ("content-length", "5") in call.headers


def test_an_answer_without_content_is_an_empty_list(site: Site) -> None:
    def head(request: Request, platform: Platform) -> Response:
        response = ready(b"")
        response.headers.set("content-length", "5")
        return response

    call = Call(site.wsgi(head), site.environ("HEAD"))

    assert call.iterable == []
    assert ("content-length", "5") in call.headers


def test_an_asynchronous_answer(site: Site) -> None:
    async def handler(request: Request, platform: Platform) -> Response:
        await asyncio.sleep(0)
        return ready(b"hello")

    assert site.call(handler).read() == b"hello"


def test_a_body_is_read_by_synchronous_code(site: Site) -> None:
    call = site.call(lambda request, _: ready(request.sync.bytes()), "POST", b"abc")

    assert call.read() == b"abc"


def test_a_body_is_read_by_asynchronous_code(site: Site) -> None:
    async def handler(request: Request, platform: Platform) -> Response:
        return ready(await request.bytes())

    assert site.call(handler, "POST", b"abc").read() == b"abc"


def test_the_werkzeug_client_gets_the_same(site: Site) -> None:
    async def handler(request: Request, platform: Platform) -> Response:
        return ready(await request.bytes())

    client = Client(validator(site.wsgi(handler)))
    response = client.post("/", data=b"abc", multithread=site.multithread)
    data = response.data
    response.close()

    assert (response.status_code, data) == (200, b"abc")


def test_a_synchronous_stream_does_not_run_ahead(site: Site) -> None:
    source = SyncSource(b"a", b"b")
    call = site.call(lambda request, platform: ready(ByteStream(source)))

    given = [source.given, len(call.next()), source.given, len(call.next()), source.given]
    call.close()

    assert given == [0, 1, 1, 1, 2]


def test_an_asynchronous_stream_does_not_run_ahead(site: Site) -> None:
    source = Source(b"a", b"b")
    call = site.call(lambda request, platform: ready(ByteStream(source)))

    given = [source.given, len(call.next()), source.given, len(call.next()), source.given]
    call.close()

    assert given == [0, 1, 1, 1, 2]


def streamed(source: Source, *, awaited: bool) -> Handler:
    def synchronous(request: Request, platform: Platform) -> Response:
        return ready(ByteStream(source))

    async def asynchronous(request: Request, platform: Platform) -> Response:
        source.tasks.add(asyncio.current_task())
        return ready(ByteStream(source))

    return asynchronous if awaited else synchronous


@pytest.mark.parametrize("awaited", [False, True])
def test_an_asynchronous_stream_is_read_to_its_end_and_closed_once(
    site: Site, awaited: bool
) -> None:
    source = Source(b"a", b"b")

    assert site.call(streamed(source, awaited=awaited)).read() == b"ab"
    assert source.closes == 1


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("read", [0, 1, 2])
def test_an_asynchronous_stream_that_the_peer_leaves_is_closed_once(
    site: Site, awaited: bool, read: int
) -> None:
    source = Source(b"a", b"b", b"c")
    call = site.call(streamed(source, awaited=awaited))
    for _ in range(read):
        call.next()

    call.close()

    assert (source.given, source.closes) == (read, 1)


def test_handler_and_stream_run_in_one_task_however_it_ends(site: Site) -> None:
    whole, cut, failing = Source(b"a"), Source(b"a", b"b"), Source(b"a", error=LookupError())

    site.call(streamed(whole, awaited=True)).read()
    call = site.call(streamed(cut, awaited=True))
    call.next()
    call.close()
    with pytest.raises(LookupError):
        site.call(streamed(failing, awaited=True)).read()

    assert [len(source.tasks) for source in (whole, cut, failing)] == [1, 1, 1]


def test_cancel_scopes_and_task_groups_may_stay_open_across_yields(site: Site) -> None:
    steps: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        async with anyio.create_task_group() as group:
            with anyio.fail_after(60):
                group.start_soon(anyio.sleep_forever)
                yield b"a"
                await anyio.lowlevel.checkpoint()
                yield b"b"
            group.cancel_scope.cancel()
        steps.append("left")

    async def handler(request: Request, platform: Platform) -> Response:
        return ready(ByteStream(chunks()))

    assert site.call(handler).read() == b"ab"
    assert steps == ["left"]


def test_a_generator_that_the_peer_leaves_may_still_await(site: Site) -> None:
    steps: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            await asyncio.sleep(0)
            steps.append("left")

    call = site.call(lambda request, platform: ready(ByteStream(chunks())))
    call.next()
    call.close()

    assert steps == ["left"]


def test_a_synchronous_stream_is_closed_once_however_it_ends(site: Site) -> None:
    whole, cut = SyncSource(b"a"), SyncSource(b"a", b"b")
    failing = SyncSource(b"a", error=LookupError())

    site.call(lambda request, platform: ready(ByteStream(whole))).read()
    site.call(lambda request, platform: ready(ByteStream(cut))).close()
    with pytest.raises(LookupError):
        site.call(lambda request, platform: ready(ByteStream(failing))).read()

    assert [source.closes for source in (whole, cut, failing)] == [1, 1, 1]


def test_a_synchronous_stream_of_an_asynchronous_answer_is_read_in_the_servers_thread(
    site: Site,
) -> None:
    threads: list[int] = []

    def chunks() -> Iterator[bytes]:
        threads.append(threading.get_ident())
        yield b"a"

    async def handler(request: Request, platform: Platform) -> Response:
        return ready(ByteStream(chunks()))

    assert site.call(handler).read() == b"a"
    assert threads == [threading.get_ident()]


@pytest.mark.parametrize("source", [SyncSource, Source])
def test_a_stream_that_fails_midway_raises_in_the_server_and_is_reported_once(
    site: Site, source: type[SyncSource] | type[Source], caplog: pytest.LogCaptureFixture
) -> None:
    error = LookupError("midway")
    call = site.call(lambda request, platform: ready(ByteStream(source(b"a", error=error))))

    assert call.next() == b"a"
    with pytest.raises(LookupError, match="midway"):
        call.next()
    call.close()

    assert [(record.name, record.exc_info and record.exc_info[1]) for record in caplog.records] == [
        ("portico", error)
    ]


def raising(error: BaseException) -> tuple[Handler, Handler]:
    def synchronous(request: Request, platform: Platform) -> Response:
        raise error

    async def asynchronous(request: Request, platform: Platform) -> Response:
        raise error

    return synchronous, asynchronous


@pytest.mark.parametrize("index", [0, 1], ids=["synchronous", "asynchronous"])
def test_an_exception_that_escapes_is_reported_and_the_peer_sees_nothing_of_it(
    site: Site, index: int, caplog: pytest.LogCaptureFixture
) -> None:
    call = site.call(raising(LookupError("secret"))[index])
    body = call.read()

    assert call.status == "500 Internal Server Error"
    assert ("content-type", "application/problem+json") in call.headers
    assert b"secret" not in body
    assert [record.getMessage() for record in caplog.records] == ["GET / failed"]


@pytest.mark.parametrize("index", [0, 1], ids=["synchronous", "asynchronous"])
def test_an_exit_reaches_the_server_and_leaves_the_loop_alive(site: Site, index: int) -> None:
    leave = raising(SystemExit(3))[index]

    async def stay() -> Response:
        return ready(b"alive")

    def handler(request: Request, platform: Platform) -> Answer:
        return leave(request, platform) if request.method == "POST" else stay()

    wsgi = site.wsgi(handler)
    with pytest.raises(SystemExit):
        Call(wsgi, site.environ("POST"))

    assert Call(wsgi, site.environ()).read() == b"alive"


def test_a_task_that_exits_leaves_the_loop_of_the_others_alive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(multithread=True)

    async def leave() -> None:
        raise SystemExit(3)

    async def handler(request: Request, platform: Platform) -> Response:
        if request.method == "POST":
            task = asyncio.ensure_future(leave())
            await asyncio.wait([task])
            assert isinstance(task.exception(), SystemExit)
        return ready(b"alive")

    wsgi = site.wsgi(handler)

    assert Call(wsgi, site.environ("POST")).read() == b"alive"
    assert Call(wsgi, site.environ()).read() == b"alive"
    site.close()


def test_a_handler_that_cancels_itself_is_a_failure_of_that_request_alone(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: Request, platform: Platform) -> Response:
        if request.method == "POST":
            raise asyncio.CancelledError
        return ready(b"alive")

    wsgi = site.wsgi(handler)

    assert Call(wsgi, site.environ("POST")).status == "500 Internal Server Error"
    assert Call(wsgi, site.environ()).read() == b"alive"


def test_an_interrupt_in_the_middle_of_a_chunk_still_closes_the_stream() -> None:
    site = Site(multithread=False)
    steps: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            asyncio.get_running_loop().call_soon(interrupt)
            await asyncio.sleep(60)
        finally:
            steps.append("left")

    def interrupt() -> None:
        raise KeyboardInterrupt

    call = site.call(lambda request, platform: ready(ByteStream(chunks())))
    call.next()
    with pytest.raises(KeyboardInterrupt):
        call.next()
    call.close()
    site.close()

    assert steps == ["left"]


def test_work_for_later_runs_in_order_when_the_server_closes_the_answer(site: Site) -> None:
    done: list[str] = []

    async def later() -> None:
        await asyncio.sleep(0)
        done.append("asynchronous")

    def handler(request: Request, platform: Platform) -> Response:
        platform.wait_until(lambda: done.append("first"))
        platform.wait_until(later())
        platform.wait_until(lambda: done.append("last"))
        return ready(b"hello")

    call = site.call(handler)
    body = call.next()
    assert (body, done) == (b"hello", [])
    call.close()

    assert done == ["first", "asynchronous", "last"]


def test_work_for_later_follows_the_close_of_the_stream(site: Site) -> None:
    source = Source(b"a", b"b")
    closes: list[int] = []

    async def handler(request: Request, platform: Platform) -> Response:
        platform.wait_until(lambda: closes.append(source.closes))
        return ready(ByteStream(source))

    call = site.call(handler)
    call.next()
    call.close()

    assert closes == [1]


def test_work_for_later_that_fails_is_reported_and_the_rest_still_runs(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise LookupError("later")

    def handler(request: Request, platform: Platform) -> Response:
        platform.wait_until(fail)
        platform.wait_until(lambda: done.append("ran"))
        return ready(b"")

    assert site.call(handler).read() == b""
    assert done == ["ran"]
    assert len(caplog.records) == 1


def test_a_stream_whose_close_fails_is_reported_and_the_work_still_runs(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            raise LookupError("close")

    def handler(request: Request, platform: Platform) -> Response:
        platform.wait_until(lambda: done.append("ran"))
        return ready(ByteStream(chunks()))

    call = site.call(handler)
    call.next()
    call.close()

    assert done == ["ran"]
    assert [record.getMessage() for record in caplog.records] == ["GET / failed"]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_peer_that_leaves_aborts_the_signal_before_the_stream_is_closed(
    site: Site, is_async: bool
) -> None:
    seen: list[tuple[str, bool]] = []

    def handler(request: Request, platform: Platform) -> Response:
        signal = platform.signal

        def chunks() -> Iterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                seen.append(("closed", signal.aborted))

        async def achunks() -> AsyncIterator[bytes]:
            for chunk in chunks():
                yield chunk

        return ready(ByteStream(achunks() if is_async else chunks()))

    read, left = site.call(handler), site.call(handler)
    read.read()
    left.next()
    left.close()

    assert seen[0] == ("closed", False)
    assert seen[-1] == ("closed", True)


def test_an_answer_that_the_server_refuses_is_closed(site: Site) -> None:
    source = Source(b"a")

    def refuse(*args: object) -> Callable[[bytes], object]:
        raise LookupError("refused")

    with pytest.raises(LookupError, match="refused"):
        site.wsgi(streamed(source, awaited=True))(site.environ(), refuse)

    assert source.closes == 1


VARIABLE = ContextVar("VARIABLE", default="outside")


@pytest.mark.parametrize("index", [0, 1], ids=["synchronous", "asynchronous"])
def test_each_request_has_context_variables_of_its_own(site: Site, index: int) -> None:
    seen: list[str] = []

    def note(value: str) -> None:
        seen.append(VARIABLE.get())
        VARIABLE.set(value)

    def synchronous(request: Request, platform: Platform) -> Response:
        note("inside")
        return ready(b"")

    async def asynchronous(request: Request, platform: Platform) -> Response:
        note("inside")
        return ready(b"")

    wsgi = site.wsgi((synchronous, asynchronous)[index])
    for _ in range(2):
        Call(wsgi, site.environ()).read()

    assert (seen, VARIABLE.get()) == (["outside", "outside"], "outside")


def test_a_stream_and_later_work_see_the_context_variables_of_the_handler(site: Site) -> None:
    seen: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        seen.append(VARIABLE.get())
        VARIABLE.set("by the stream")
        yield b"a"

    def handler(request: Request, platform: Platform) -> Response:
        VARIABLE.set("by the handler")
        platform.wait_until(lambda: seen.append(VARIABLE.get()))
        return ready(ByteStream(chunks()))

    site.call(handler).read()

    assert seen == ["by the handler", "by the handler"]


def test_the_runtime_says_how_the_server_calls(site: Site) -> None:
    said: list[tuple[str, str]] = []

    def handler(request: Request, platform: Platform) -> Response:
        said.append(platform.runtime)
        return ready(b"")

    site.call(handler).read()

    assert said == [("wsgi", "threads" if site.multithread else "serial")]


def test_the_environ_reaches_the_handler(site: Site) -> None:
    environ = site.environ()
    seen: list[object] = []

    def handler(request: Request, platform: Platform) -> Response:
        seen.append(platform.raw(WsgiRaw).environ)
        return ready(b"")

    Call(site.wsgi(handler), environ).read()

    assert seen == [environ]


def test_every_asynchronous_request_runs_on_one_loop(site: Site) -> None:
    loops: set[object] = set()

    async def handler(request: Request, platform: Platform) -> Response:
        loops.add(asyncio.get_running_loop())
        return ready(b"")

    wsgi = site.wsgi(handler)
    for _ in range(3):
        Call(wsgi, site.environ()).read()

    assert len(loops) == 1


def in_threads(count: int, call: Callable[[], bytes]) -> list[bytes]:
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda: bodies.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return bodies


def test_requests_of_several_threads_run_at_once() -> None:
    site = Site(multithread=True)
    barrier = asyncio.Barrier(4)

    async def handler(request: Request, platform: Platform) -> Response:
        await barrier.wait()
        return ready(b"x")

    wsgi = site.wsgi(handler)
    bodies = in_threads(4, lambda: Call(wsgi, site.environ()).read())
    site.close()

    assert bodies == [b"x"] * 4


def test_two_streams_of_one_thread_are_read_in_turns(site: Site) -> None:
    wsgi = site.wsgi(lambda request, platform: ready(ByteStream(Source(b"a", b"b"))))
    one, two = Call(wsgi, site.environ()), Call(wsgi, site.environ())

    read = [one.next(), two.next(), one.next(), two.next()]
    one.close()
    two.close()

    assert read == [b"a", b"a", b"b", b"b"]


def test_threads_that_share_a_serial_server_take_turns() -> None:
    site = Site(multithread=False)
    start = threading.Barrier(4)

    async def handler(request: Request, platform: Platform) -> Response:
        await asyncio.sleep(0)
        return ready(ByteStream(Source(b"a", b"b")))

    wsgi = site.wsgi(handler)

    def call() -> bytes:
        start.wait(10)
        return Call(wsgi, site.environ()).read()

    bodies = in_threads(4, call)
    site.close()

    assert bodies == [b"ab"] * 4


def test_a_call_from_inside_an_event_loop_gets_a_loop_in_another_thread() -> None:
    site = Site(multithread=False)

    async def handler(request: Request, platform: Platform) -> Response:
        await asyncio.sleep(0)
        return ready(b"hello")

    async def notebook() -> bytes:
        return site.call(handler).read()

    assert asyncio.run(notebook()) == b"hello"
    site.close()


def test_a_handler_on_the_loop_that_calls_its_own_server_is_told_why_it_cannot(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    statuses: list[str] = []

    async def handler(request: Request, platform: Platform) -> Response:
        if request.method == "POST":
            statuses.append(Call(wsgi, site.environ()).status)
        return ready(b"hello")

    wsgi = site.wsgi(handler)

    assert Call(wsgi, site.environ("POST")).read() == b"hello"
    assert statuses == ["500 Internal Server Error"]
    assert "wait for itself" in caplog.text


def test_the_application_is_checked_when_the_adapter_is_made() -> None:
    app = App(lambda request, platform: ready(b""))

    WSGI(app)

    assert app.checks == [(CAPABILITIES, "wsgi")]


def test_a_deferred_check_is_not_made() -> None:
    app = App(lambda request, platform: ready(b""))

    WSGI(app, check="deferred")

    assert app.checks == []


def test_the_options_reach_the_platform() -> None:
    limits: list[int | None] = []

    def handler(request: Request, platform: Platform) -> Response:
        limits.append(platform.options.limits.size)
        return ready(b"")

    wsgi = WSGI(App(handler), max_body_size=7)
    Call(wsgi, Site(multithread=False).environ()).read()
    wsgi.close()

    assert limits == [7]


def test_a_failure_has_no_content_for_a_head(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    call = site.call(raising(LookupError("it"))[0], "HEAD")

    assert (call.status, call.read()) == ("500 Internal Server Error", b"")
    assert ("content-length", "67") in call.headers
