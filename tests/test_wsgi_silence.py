"""What a WSGI server is given while a stream gives nothing, with each kind of event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from portico import Portico, Response
from portico.contract import ByteStream, Idle
from portico_wsgi import WSGI

QUICKLY = 0.002
IDLE = b"."

variable: ContextVar[str] = ContextVar("variable", default="none")


class Gate:
    """What a source waits at until a test opens it, from its own thread."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def passed(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._event.wait()

    def open(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._event.set)


def start_response(
    status: str, headers: list[tuple[str, str]], exc_info: object = None, /
) -> Callable[[bytes], object]:
    return lambda chunk: None


class Site:
    """One stream behind `WSGI`, read as a server does."""

    def __init__(self, multithread: bool) -> None:
        self.gate = Gate()
        self._multithread = multithread
        self._wsgi: WSGI | None = None
        self._iterable: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())

    def begin(self, source: Callable[[], AsyncIterator[bytes]]) -> None:
        """Call the application, whose answer the source is, under the validator."""
        app = Portico()

        @app.get("/")
        async def index() -> Response:
            response = Response(headers={"content-type": "text/plain"})
            response.content = ByteStream(source(), idle=Idle(QUICKLY, IDLE))
            return response

        self._wsgi = WSGI(app)
        environ: dict[str, Any] = {"QUERY_STRING": ""}
        setup_testing_defaults(environ)
        environ["wsgi.multithread"] = self._multithread
        self._iterable = validator(self._wsgi)(environ, start_response)
        self._iterator = iter(self._iterable)

    def next(self) -> bytes:
        return next(self._iterator)

    def next_given(self) -> bytes:
        """The next chunk of the source, if there is one."""
        return next((chunk for chunk in self._iterator if chunk != IDLE), b"")

    def close(self) -> None:
        close: Callable[[], None] | None = getattr(self._iterable, "close", None)
        if close is not None:
            close()

    def end(self) -> None:
        if self._wsgi is not None:
            self._wsgi.close()


@pytest.fixture(params=[False, True], ids=["serial", "threads"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(request.param)
    yield site
    site.end()


def test_a_silent_stream_is_filled_each_time_until_it_gives_something(site: Site) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await site.gate.passed()
        yield b"b"

    site.begin(source)
    chunks = [site.next() for _ in range(4)]
    site.gate.open()
    last = site.next_given()
    end = site.next_given()
    site.close()

    assert (chunks, last, end) == ([b"a", IDLE, IDLE, IDLE], b"b", b"")


def test_every_step_of_the_source_runs_in_one_task_and_one_context(site: Site) -> None:
    tasks: set[object] = set()

    async def source() -> AsyncIterator[bytes]:
        token = variable.set("set")
        async with asyncio.timeout(3600), asyncio.TaskGroup() as group:
            tasks.add(asyncio.current_task())
            waits = group.create_task(site.gate.passed())
            yield b"a"
            await waits
            tasks.add(asyncio.current_task())
            yield b"b"
        variable.reset(token)
        tasks.add(asyncio.current_task())
        yield variable.get().encode()

    site.begin(source)
    first = [site.next(), site.next()]
    site.gate.open()
    rest = [site.next_given(), site.next_given()]
    site.close()

    assert (first, rest) == ([b"a", IDLE], [b"b", b"none"])
    assert len(tasks) == 1


def test_a_source_that_fails_in_a_silence_is_heard_and_reported_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await site.gate.passed()
            raise LookupError("midway")
        finally:
            closed.append("source")

    site.begin(source)
    assert [site.next(), site.next()] == [b"a", IDLE]
    site.gate.open()
    with pytest.raises(LookupError, match="midway"):
        site.next_given()
    site.close()

    assert closed == ["source"]
    assert [record.getMessage() for record in caplog.records] == ["GET / failed"]


def test_a_silent_source_whose_peer_leaves_is_closed_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await site.gate.passed()
        finally:
            await asyncio.sleep(0)
            closed.append("source")

    site.begin(source)
    assert [site.next(), site.next()] == [b"a", IDLE]
    site.close()
    site.close()

    assert closed == ["source"]
    assert caplog.records == []


def test_what_fails_while_a_silent_source_is_closed_is_reported_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await site.gate.passed()
        finally:
            raise LookupError("flush")

    site.begin(source)
    assert [site.next(), site.next()] == [b"a", IDLE]
    site.close()

    errors = [record.exc_info and record.exc_info[1] for record in caplog.records]
    assert [str(error) for error in errors] == ["flush"]


def test_a_failure_that_nobody_came_for_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(multithread=True)  # else nothing happens while nobody waits
    failed = threading.Event()

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await site.gate.passed()
        asyncio.get_running_loop().call_soon(failed.set)
        raise LookupError("unheard")

    site.begin(source)
    assert [site.next(), site.next()] == [b"a", IDLE]
    site.gate.open()
    assert failed.wait(10)
    site.close()
    site.end()

    errors = [record.exc_info and record.exc_info[1] for record in caplog.records]
    assert [str(error) for error in errors] == ["unheard"]


def test_a_source_that_gives_on_when_it_is_cancelled_ends_all_the_same(site: Site) -> None:
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            try:
                await site.gate.passed()
            except asyncio.CancelledError:
                yield b"b"
        finally:
            closed.append("source")

    site.begin(source)
    assert [site.next(), site.next()] == [b"a", IDLE]
    site.close()

    assert closed == ["source"]
