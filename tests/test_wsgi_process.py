"""The application's life in a process: start, stop, forks and failures."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from types import TracebackType
from typing import Any, Self
from wsgiref.util import setup_testing_defaults

import pytest

from portico import Response
from portico.contract import Capabilities, Platform, Request
from portico_wsgi import WSGI


class Running:
    """Enters a context manager, synchronous or not."""

    def __init__(
        self,
        plain: AbstractContextManager[object] | None,
        awaited: AbstractAsyncContextManager[object] | None,
    ) -> None:
        self.is_async = awaited is not None
        self._plain = plain
        self._awaited = awaited

    def __enter__(self) -> Self:
        assert self._plain is not None
        self._plain.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        assert self._plain is not None
        self._plain.__exit__(kind, error, traceback)

    async def __aenter__(self) -> Self:
        assert self._awaited is not None
        await self._awaited.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        assert self._awaited is not None
        await self._awaited.__aexit__(kind, error, traceback)


class App:
    """An application with one resource, whose life it writes down."""

    def __init__(self, *, is_async: bool) -> None:
        self.is_async = is_async
        self.life: list[str] = []
        self.tasks: set[object] = set()
        self.loops: set[object] = set()
        self.failures: list[Exception] = []
        self.platforms: list[Platform] = []
        self.answer = self.note_loop

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """All is well."""

    def start(self, platform: Platform) -> Running:
        self.platforms.append(platform)
        if self.is_async:
            return Running(None, self._awaited())
        return Running(self._plain(), None)

    @contextmanager
    def _plain(self) -> Generator[None, None, None]:
        if self.failures:
            raise self.failures.pop()
        self.life.append("start")
        yield
        self.life.append("stop")

    @asynccontextmanager
    async def _awaited(self) -> AsyncGenerator[None, None]:
        self.tasks.add(asyncio.current_task())
        self.loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop()
        self.life.append("start")
        async with asyncio.TaskGroup() as group:
            self.group = group  # for a test that has it fail
            yield
        self.tasks.add(asyncio.current_task())
        self.life.append("stop")

    def handle(
        self, request: Request, platform: Platform, running: object
    ) -> Response | Awaitable[Response]:
        if request.method == "GET":
            return Response(b"ok")
        return self.answer()

    async def note_loop(self) -> Response:
        self.loops.add(asyncio.get_running_loop())
        return Response(b"ok")


@pytest.fixture(params=[False, True], ids=["synchronous", "asynchronous"])
def app(request: pytest.FixtureRequest) -> App:
    return App(is_async=request.param)


@pytest.fixture(params=[False, True], ids=["serial", "threads"])
def multithread(request: pytest.FixtureRequest) -> bool:
    value: bool = request.param
    return value


def call(wsgi: WSGI, method: str = "GET", *, multithread: bool = False) -> str:
    environ: dict[str, Any] = {"REQUEST_METHOD": method}
    setup_testing_defaults(environ)
    environ["wsgi.multithread"] = multithread
    statuses: list[str] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda chunk: None

    b"".join(wsgi(environ, start_response))
    return statuses[0]


def test_the_application_starts_at_the_first_request_and_only_then(
    app: App, multithread: bool
) -> None:
    wsgi = WSGI(app)
    before = app.life.copy()
    for _ in range(3):
        assert call(wsgi, multithread=multithread) == "200 OK"
    after = app.life.copy()
    wsgi.close()

    assert (before, after, app.life) == ([], ["start"], ["start", "stop"])


def test_threads_that_arrive_together_start_it_once(app: App) -> None:
    wsgi = WSGI(app)
    barrier = threading.Barrier(4)
    statuses: list[str] = []

    def first() -> None:
        barrier.wait(10)
        statuses.append(call(wsgi, multithread=True))

    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    wsgi.close()

    assert (statuses, app.life) == (["200 OK"] * 4, ["start", "stop"])


def test_an_asynchronous_application_is_entered_and_left_in_one_task_of_the_requests_loop(
    multithread: bool,
) -> None:
    app = App(is_async=True)
    wsgi = WSGI(app)
    call(wsgi, "POST", multithread=multithread)
    wsgi.close()

    assert (len(app.tasks), len(app.loops)) == (1, 1)


def test_it_can_be_started_before_the_first_request(app: App, multithread: bool) -> None:
    wsgi = WSGI(app)
    wsgi.start()
    wsgi.start()
    started = app.life.copy()
    status = call(wsgi, "POST", multithread=multithread)
    wsgi.close()

    assert (started, status, app.life) == (["start"], "200 OK", ["start", "stop"])


def test_a_start_that_was_asked_for_raises_what_failed(app: App) -> None:
    app.failures.append(LookupError("no database"))
    wsgi = WSGI(app)

    with pytest.raises(LookupError, match="no database"):
        wsgi.start()

    wsgi.close()


def test_a_start_that_fails_answers_that_request_and_the_next_request_tries_again(
    app: App, multithread: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app.failures.append(LookupError("no database"))
    wsgi = WSGI(app)

    statuses = [call(wsgi, multithread=multithread) for _ in range(3)]
    wsgi.close()

    assert statuses == ["500 Internal Server Error", "200 OK", "200 OK"]
    assert app.life == ["start", "stop"]
    assert [record.getMessage() for record in caplog.records] == ["the application could not start"]


def test_after_a_close_the_next_request_starts_anew(app: App, multithread: bool) -> None:
    wsgi = WSGI(app)
    for _ in range(2):
        call(wsgi, "POST", multithread=multithread)
        wsgi.close()
    wsgi.close()

    assert app.life == ["start", "stop"] * 2


def test_resources_that_fail_while_it_runs_are_reported_and_started_anew(
    multithread: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = App(is_async=True)

    async def fail() -> None:
        raise LookupError("connection lost")

    async def failing() -> Response:
        group, app.group = app.group, asyncio.TaskGroup()
        task = group.create_task(fail())
        await asyncio.wait([task])
        for _ in range(5):  # the group notices, cancels its host and leaves
            await asyncio.sleep(0)
        return Response(b"ok")

    wsgi = WSGI(app)
    call(wsgi, multithread=multithread)
    app.answer = failing
    call(wsgi, "POST", multithread=multithread)
    app.answer = app.note_loop
    status = call(wsgi, "POST", multithread=multithread)
    wsgi.close()

    assert (status, app.life) == ("200 OK", ["start", "start", "stop"])
    assert len(app.loops) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the application's resources failed"
    ]


def test_the_platform_of_the_start_is_that_of_the_process(app: App) -> None:
    wsgi = WSGI(app, root_path="/api")
    call(wsgi)
    wsgi.close()

    assert [(platform.peer.source, platform.root_path) for platform in app.platforms] == [
        ("unknown", "/api")
    ]


PROGRAM = """
import asyncio, os, sys
from contextlib import asynccontextmanager
from wsgiref.util import setup_testing_defaults
from portico import Response
from portico_wsgi import WSGI

class Running:
    is_async = {is_async}
    def __enter__(self):
        self.resource = self.live()
        next(self.resource)
    def __exit__(self, *error):
        next(self.resource, None)
    async def __aenter__(self):
        self.loop = asyncio.get_running_loop()
        self.__enter__()
    async def __aexit__(self, *error):
        assert self.loop is asyncio.get_running_loop()
        assert await self.platform.run_blocking(lambda: "done") == "done"
        self.__exit__()
    def live(self):
        say("start")
        try:
            yield
        finally:
            say("stop")

class App:
    def check(self, *arguments): pass
    def start(self, platform):
        running = Running()
        running.platform = platform
        return running
    def handle(self, request, platform, running):
        return self.answer() if request.method == "POST" else Response(b"ok")
    async def answer(self):
        await asyncio.sleep(0)
        return Response(b"ok")

parent = os.getpid()

def say(what):
    sys.stdout.write(("parent " if os.getpid() == parent else "child ") + what + "\\n")
    sys.stdout.flush()

def call(method):
    environ = {{"REQUEST_METHOD": method}}
    setup_testing_defaults(environ)
    environ["wsgi.multithread"] = {multithread}
    say(b"".join(wsgi(environ, lambda *head: None)).decode())

wsgi = WSGI(App())
"""


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def output(program: str, *, is_async: bool, multithread: bool) -> list[str]:
    setup = PROGRAM.format(is_async=is_async, multithread=multithread)
    command = [sys.executable, "-W", "error", "-c", setup + textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("is_async", [False, True], ids=["synchronous", "asynchronous"])
def test_it_stops_when_the_interpreter_ends(is_async: bool, multithread: bool) -> None:
    said = output("call('POST')", is_async=is_async, multithread=multithread)

    assert said == ["parent start", "parent ok", "parent stop"]


@pytest.mark.parametrize("is_async", [False, True], ids=["synchronous", "asynchronous"])
@needs_fork
def test_a_fork_starts_an_application_of_its_own_and_leaves_the_parents_alone(
    is_async: bool, multithread: bool
) -> None:
    said = output(
        """
        import warnings
        warnings.simplefilter("ignore")  # of forking beside a thread, which is what is tested
        call("POST")
        child = os.fork()
        if not child:
            call("POST")
            sys.exit()
        os.waitpid(child, 0)
        call("POST")
        """,
        is_async=is_async,
        multithread=multithread,
    )

    assert said == [
        "parent start",
        "parent ok",
        "child start",
        "child ok",
        "child stop",
        "parent ok",
        "parent stop",
    ]


@needs_fork
def test_a_fork_in_the_middle_of_a_start_does_not_wait_for_it(multithread: bool) -> None:
    said = output(
        """
        import threading, warnings
        warnings.simplefilter("ignore")  # of forking beside a thread, which is what is tested
        inside, go_on = threading.Event(), threading.Event()

        def enter(self):
            if os.getpid() == parent:
                inside.set()
                go_on.wait(10)
            entered(self)

        entered, Running.__enter__ = Running.__enter__, enter
        starter = threading.Thread(target=wsgi.start)
        starter.start()
        inside.wait(10)
        child = os.fork()
        if not child:
            call("GET")
            os._exit(0)
        os.waitpid(child, 0)
        go_on.set()
        starter.join()
        """,
        is_async=False,
        multithread=multithread,
    )

    assert said == ["child start", "child ok", "parent start", "parent stop"]


SYNCHRONOUS = """
import sys
from wsgiref.util import setup_testing_defaults
from portico import Portico
from portico_wsgi import WSGI

app = Portico()
app.get("/", "hello")

@app.get("/stream")
def stream():
    yield "hello"

wsgi = WSGI(app, check="deferred")
for path in "/", "/stream":
    environ = {{"PATH_INFO": path}}
    setup_testing_defaults(environ)
    environ["wsgi.multithread"] = {multithread}
    answer = wsgi(environ, lambda *head: None)
    assert b"".join(answer) == b"hello"
    getattr(answer, "close", lambda: None)()
wsgi.close()
print(sorted({{"asyncio", "anyio", "concurrent.futures", "ctypes", "logging"}} & set(sys.modules)))
"""


def test_synchronous_routes_never_load_an_event_loop(multithread: bool) -> None:
    program = SYNCHRONOUS.format(multithread=multithread)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == ("[]\n", "")
