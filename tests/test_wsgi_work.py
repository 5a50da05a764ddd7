"""Background work and the end of a WSGI process."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from portico import Context, Portico
from portico_wsgi import WSGI


def call(application: WSGI, path: str = "/") -> Any:
    """What the application returns, its body not yet read."""
    environ: dict[str, Any] = {"PATH_INFO": path, "wsgi.multithread": True}
    setup_testing_defaults(environ)
    environ["wsgi.multithread"] = True
    return application(environ, lambda status, headers, exc_info=None: lambda data: None)


def ask(application: WSGI, path: str = "/") -> bytes:
    """The body of an answer, which is closed."""
    body = call(application, path)
    try:
        return b"".join(body)
    finally:
        getattr(body, "close", lambda: None)()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_work_that_raises_what_no_future_carries_is_reported(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Portico()

    @app.get("/sync")
    def sync(ctx: Context) -> None:
        ctx.wait_until(lambda: next(iter(())))

    @app.get("/async")
    async def on_loop(ctx: Context) -> None:
        ctx.wait_until(lambda: nothing())
        ctx.wait_until(lambda: next(iter(())))

    async def nothing() -> None: ...

    application = WSGI(app)
    ask(application, path)
    application.close()

    assert said(caplog) == ["background work failed: <lambda>"]


def test_a_handler_that_ends_the_process_has_its_work_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Portico()

    @app.get("/")
    def leave(ctx: Context) -> str:
        ctx.wait_until(lambda: None)
        raise SystemExit

    with pytest.raises(SystemExit):
        ask(WSGI(app))
    assert said(caplog) == ["background work was given up: <lambda>"]


class Waiting:
    """An application whose work waits in the server's thread or on the loop, and what it did."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.begun, self.release = threading.Event(), threading.Event()
        self.app = app = Portico()

        @app.resource
        def pool() -> Iterator[str]:
            yield "pool"
            self.log.append("closed")

        @app.get("/sync")
        def sync(ctx: Context) -> str:
            ctx.wait_until(self.work)
            ctx.wait_until(self.next_work)
            return "given"

        @app.get("/async")
        async def on_loop(ctx: Context) -> str:
            ctx.wait_until(self.async_work)
            ctx.wait_until(self.next_work)
            return "given"

        app.get("/nothing", lambda: "nothing")

    def work(self) -> None:
        self.begun.set()
        assert self.release.wait(10)
        self.log.append("work")

    async def async_work(self) -> None:
        import anyio.to_thread

        self.begun.set()
        await anyio.to_thread.run_sync(self.release.wait, 10, abandon_on_cancel=True)
        self.log.append("work")

    def next_work(self) -> None:
        self.log.append("next work")


def in_thread(fn: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=fn, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(("path", "is_here"), [("/sync", True), ("/async", False)])
def test_work_runs_in_the_thread_of_the_server_where_its_request_did(
    path: str, is_here: bool
) -> None:
    app, threads = Portico(), list[int]()

    @app.get("/sync")
    def sync(ctx: Context) -> None:
        ctx.wait_until(lambda: threads.append(threading.get_ident()))

    @app.get("/async")
    async def on_loop(ctx: Context) -> None:
        ctx.wait_until(lambda: threads.append(threading.get_ident()))

    application = WSGI(app)
    ask(application, path)
    application.close()

    assert [thread == threading.get_ident() for thread in threads] == [is_here]


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_a_stop_waits_for_work_and_then_closes_what_it_uses(path: str) -> None:
    waiting = Waiting()
    application = WSGI(waiting.app)
    request = in_thread(lambda: ask(application, path))
    assert waiting.begun.wait(10)
    stop = in_thread(application.close)

    waiting.release.set()
    stop.join(10)
    request.join(10)

    assert waiting.log == ["work", "next work", "closed"]


@pytest.mark.parametrize(("path", "name"), [("/sync", "work"), ("/async", "async_work")])
def test_after_the_grace_work_is_reported_by_name(
    path: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = Waiting()
    application = WSGI(waiting.app, shutdown_grace=0)
    request = in_thread(lambda: ask(application, path))
    assert waiting.begun.wait(10)

    application.close()

    assert said(caplog)[:2] == [
        f"background work was given up: Waiting.{name}",
        "background work was given up: Waiting.next_work",
    ]
    waiting.release.set()
    request.join(10)
    assert "next work" not in waiting.log


def test_work_of_an_answer_that_the_server_never_closed_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waiting = Waiting()
    application = WSGI(waiting.app, shutdown_grace=0)
    body = call(application, "/sync")

    application.close()

    assert said(caplog) == [
        "background work was given up: Waiting.work",
        "background work was given up: Waiting.next_work",
    ]
    body.close()
    assert waiting.log == ["closed"]


def test_a_stream_without_work_holds_up_no_stop(caplog: pytest.LogCaptureFixture) -> None:
    app = Portico()

    @app.get("/")
    async def stream() -> AsyncIterator[str]:
        yield "part"
        yield "rest"

    application = WSGI(app)
    body = call(application)
    assert next(iter(body)) == b"part"

    application.close()

    assert said(caplog) == []
    del body


def test_the_end_of_the_interpreter_waits_for_work_in_a_daemon_thread() -> None:
    program = textwrap.dedent(
        """
        import atexit, threading
        from wsgiref.util import setup_testing_defaults
        from portico import Context, Portico
        from portico_wsgi import WSGI

        app, begun, release = Portico(), threading.Event(), threading.Event()

        def work():
            begun.set()
            release.wait(10)
            print("work is done", flush=True)

        @app.get("/")
        def give(ctx: Context) -> str:
            ctx.wait_until(work)
            return "given"

        application = WSGI(app)

        def ask():
            environ = {}
            setup_testing_defaults(environ)
            environ["wsgi.multithread"] = True
            body = application(environ, lambda *head: None)
            list(body)
            body.close()

        threading.Thread(target=ask, daemon=True).start()
        begun.wait(10)
        atexit.register(release.set)  # called first: it was registered last
        """
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (ended.stdout, ended.stderr, ended.returncode) == ("work is done\n", "", 0)
