"""The time of an invocation: what is given up shortly before its end, and what is said of it."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal

import pytest

from portico import Context, Portico, PorticoError, UnfinishedWorkError
from portico.contract import Options
from portico_conformance._lambda_events import to_event
from portico_conformance._lambda_results import from_result
from portico_conformance._wire import WireRequest, WireResponse
from portico_lambda import Lambda, LambdaPlatform, OutOfTimeError, _invocation
from portico_lambda._time_limit import TimeLimit, time_limit

Reports = list[tuple[str, BaseException]]

LONG = 60.0
SOON = 0.02


class Invocation:
    """The context object of an invocation that has so many seconds left."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """What was reported, instead of the log."""
    found: Reports = []

    def report(self: LambdaPlatform, error: BaseException, where: str) -> None:
        found.append((where, error))

    monkeypatch.setattr(LambdaPlatform, "report", report)
    return found


@pytest.fixture
def serve() -> Iterator[Callable[..., Lambda]]:
    """Make handlers that are closed after the test."""
    made: list[Lambda] = []

    def make(app: Portico, **options: Any) -> Lambda:
        made.append(Lambda(app, **options))
        return made[-1]

    yield make
    for handler in made:
        handler.close()
    # What was left behind was released: it must not tell the next test of its end.
    for thread in threading.enumerate():
        if thread.name == "portico-lambda-worker":
            thread.join(10)


Serve = Callable[..., Lambda]


class Limit:
    """The time limit of an invocation in a test: each part of it by itself."""

    def __init__(
        self, *, request: float = LONG, work: float = 2 * LONG, report: float = 3 * LONG
    ) -> None:
        self.seconds = request, work, report

    def for_request(self) -> float:
        return self.seconds[0]

    def for_work(self) -> float:
        return self.seconds[1]

    def for_report(self) -> float:
        return self.seconds[2]


def get(handler: Lambda, path: str = "/", limit: Limit | None = None) -> WireResponse:
    request = WireRequest("GET", path, [("Host", "shop.example")], b"")

    def made(platform: LambdaPlatform) -> Limit:
        return limit or Limit()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_invocation, "time_limit", made)
        result = handler(to_event("http", request), Invocation(LONG))
    return from_result("http", result, request)


def wheres(reports: Reports) -> list[str]:
    return [where for where, _ in reports]


def test_an_asynchronous_handler_is_cancelled_and_answered_with_504(
    serve: Serve, reports: Reports
) -> None:
    app, log = Portico(), list[str]()

    @app.derive
    async def session() -> AsyncIterator[str]:
        try:
            yield "session"
        finally:
            await asyncio.sleep(0)
            log.append("left")

    @app.get("/")
    async def hang(ctx: Context) -> str:
        ctx.wait_until(lambda: log.append("work"))
        log.append("begun")
        await asyncio.sleep(LONG)
        return "never"

    answer = get(serve(app), limit=Limit(request=SOON))

    assert answer.status == 504
    assert answer.get("content-type") == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Gateway Timeout",
        "status": 504,
        "detail": "The server ran out of time.",
    }
    assert log == ["begun", "left", "work"]
    ((where, error),) = reports
    assert where == "GET / was given up"
    assert isinstance(error, OutOfTimeError)


def test_a_stream_that_takes_too_long_is_a_504_and_closed(serve: Serve, reports: Reports) -> None:
    app, log = Portico(), list[str]()

    @app.get("/")
    async def stream() -> AsyncIterator[str]:
        try:
            yield "part"
            await asyncio.sleep(LONG)
        finally:
            log.append("closed")

    assert get(serve(app), limit=Limit(request=SOON)).status == 504
    assert log == ["closed"]
    assert wheres(reports) == ["GET / was given up"]


def test_an_environment_answers_on_after_a_504(serve: Serve, reports: Reports) -> None:
    app = Portico()

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(LONG)
        return "never"

    @app.get("/async")
    async def quick() -> str:
        await asyncio.sleep(0)
        return "quick"

    app.get("/value", "value")
    handler = serve(app)

    assert get(handler, "/slow", Limit(request=SOON)).status == 504
    assert get(handler, "/async").body == b"quick"
    assert get(handler, "/value").body == b"value"


def test_a_handler_that_will_not_be_cancelled_is_left_behind(
    serve: Serve, reports: Reports
) -> None:
    app, ended = Portico(), list[str]()

    @app.get("/")
    async def stubborn() -> str:
        while not ended:
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                continue
        return "never"

    @app.get("/release")
    async def release() -> str:
        ended.append("released")
        await asyncio.sleep(0)
        return "released"

    handler = serve(app)
    answer = get(handler, limit=Limit(request=SOON, work=2 * SOON))

    assert answer.status == 504
    assert get(handler, "/release").body == b"released"


def test_a_handler_that_answers_when_it_is_cancelled_has_the_word(
    serve: Serve, reports: Reports
) -> None:
    app = Portico()

    @app.get("/")
    async def prepared() -> str:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            return "what I have so far"
        return "never"

    assert get(serve(app), limit=Limit(request=SOON)).body == b"what I have so far"
    assert reports == []


@pytest.mark.parametrize("how", ["no context", "no time known"])
def test_without_a_deadline_nothing_is_given_up(
    how: Literal["no context", "no time known"], serve: Serve
) -> None:
    app = Portico()

    @app.get("/")
    async def answer(ctx: Context) -> str:
        await asyncio.sleep(0)
        return f"until {ctx.deadline}"

    request = WireRequest("GET", "/", [("Host", "shop.example")], b"")
    context = None if how == "no context" else object()
    for handler in (serve(app), serve(app, deadline_margin=1)):
        result = handler(to_event("http", request), context)
        assert from_result("http", result, request).body == b"until None"


# Synchronous routes


def test_a_synchronous_handler_stays_in_its_thread_unless_the_option_is_set(serve: Serve) -> None:
    app = Portico()

    @app.get("/")
    def where() -> str:
        return threading.current_thread().name

    plain, guarded = serve(app), serve(app, deadline_margin=1)

    assert get(plain).body == threading.current_thread().name.encode()
    assert get(guarded).body == get(guarded).body == b"portico-lambda-worker"


class Blocking:
    """An application with a synchronous handler that blocks until it is released."""

    def __init__(self) -> None:
        self.app = app = Portico()
        self.release = threading.Event()
        self.over = threading.Event()
        self.log: list[str] = []

        @app.get("/")
        def block(ctx: Context) -> str:
            ctx.wait_until(lambda: self.log.append("work"))
            self.release.wait(10)
            try:
                ctx.wait_until(lambda: self.log.append("late work"))
            except PorticoError:
                self.log.append("refused")
            self.log.append(f"aborted {ctx.request.signal.aborted}")
            self.over.set()
            return "late"

        app.get("/other", lambda: "other")


def test_a_synchronous_handler_is_left_behind_and_answered_with_504(
    serve: Serve, reports: Reports
) -> None:
    blocking = Blocking()
    handler = serve(blocking.app, deadline_margin=0.5)

    assert get(handler, limit=Limit(request=SOON)).status == 504
    assert blocking.log == ["work"]
    assert wheres(reports) == ["GET / was given up"]
    assert get(handler, "/other").body == b"other"

    blocking.release.set()
    assert blocking.over.wait(10)
    assert blocking.log == ["work", "refused", "aborted True"]


def test_what_ends_after_it_was_given_up_is_reported(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocking, reported = Blocking(), threading.Event()
    said: list[str] = []

    def report(self: LambdaPlatform, error: BaseException, where: str) -> None:
        said.append(where)
        if "ended" in where:
            reported.set()

    monkeypatch.setattr(LambdaPlatform, "report", report)
    assert get(serve(blocking.app, deadline_margin=0.5), limit=Limit(request=SOON)).status == 504

    blocking.release.set()

    assert reported.wait(10)
    assert said == ["GET / was given up", "GET / ended after it was given up"]


def test_a_synchronous_stream_is_read_where_it_can_be_left_behind(
    serve: Serve, reports: Reports
) -> None:
    app, release = Portico(), threading.Event()

    @app.get("/")
    def stream() -> Iterator[str]:
        yield threading.current_thread().name

    @app.get("/blocks")
    def blocks() -> Iterator[str]:
        yield "part"
        release.wait(10)

    handler = serve(app, deadline_margin=0.5)

    assert get(handler).body == b"portico-lambda-worker"
    assert get(handler, "/blocks", Limit(request=SOON)).status == 504
    release.set()


def test_what_blocks_in_an_asynchronous_chain_is_left_behind_with_the_option(
    serve: Serve, reports: Reports
) -> None:
    app, release, seen = Portico(), threading.Event(), list[str]()

    def hook(ctx: Context) -> None:
        release.wait(10)

    @app.get("/", before_handle=hook)
    async def answer() -> str:
        seen.append("handler")
        return "never"

    assert get(serve(app, deadline_margin=0.5), limit=Limit(request=20 * SOON)).status == 504
    release.set()
    assert seen == []


@pytest.mark.parametrize("options", [{}, {"deadline_margin": 0.5}])
def test_answers_errors_and_work_are_the_same_with_the_option(
    options: dict[str, float], serve: Serve, reports: Reports
) -> None:
    app, log = Portico(), list[str]()

    @app.get("/")
    def answer(ctx: Context) -> str:
        ctx.wait_until(lambda: log.append("work"))
        ctx.wait_until(more)
        return "answer"

    async def more() -> None:
        await asyncio.sleep(0)
        log.append("more")

    @app.get("/fails")
    def fails() -> str:
        raise OSError("broken")

    @app.get("/exits")
    def exits() -> str:
        raise SystemExit(3)

    handler = serve(app, **options)

    assert get(handler).body == b"answer"
    assert log == ["work", "more"]
    assert get(handler, "/fails").status == 500
    assert get(handler, "/nothing").status == 404
    with pytest.raises(SystemExit):
        get(handler, "/exits")
    assert len(reports) == 1


# Work


@pytest.mark.parametrize("options", [{}, {"deadline_margin": 0.5}])
def test_a_handler_that_ends_the_process_has_its_work_reported(
    options: dict[str, float], serve: Serve, reports: Reports
) -> None:
    app = Portico()

    @app.get("/")
    def leave(ctx: Context) -> str:
        ctx.wait_until(lambda: None)
        raise SystemExit

    handler = serve(app, **options)
    for _ in range(2):  # the first one starts the environment, and takes another way
        with pytest.raises(SystemExit):
            get(handler)
    assert wheres(reports) == ["background work was given up: <lambda>"] * 2


def test_work_that_does_not_fit_is_cancelled_and_reported_by_name(
    serve: Serve, reports: Reports
) -> None:
    app = Portico()

    async def send_mail() -> None:
        await asyncio.sleep(LONG)

    async def write_log() -> None: ...

    @app.get("/")
    async def answer(ctx: Context) -> str:
        ctx.wait_until(send_mail)
        ctx.wait_until(write_log)
        return "answer"

    assert get(serve(app), limit=Limit(work=SOON)).body == b"answer"
    assert wheres(reports) == [
        "background work was given up: send_mail",
        "background work was given up: write_log",
    ]
    assert all(isinstance(error, UnfinishedWorkError) for _, error in reports)


def test_synchronous_work_that_does_not_end_is_reported_before_lambda_ends_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, said = Portico(), threading.Event()
    log: list[str] = []

    def report(self: LambdaPlatform, error: BaseException, where: str) -> None:
        log.append(where)
        if "write_log" in where:
            said.set()

    def send_mail() -> None:
        assert said.wait(10)  # it is said while this still runs

    def write_log() -> None:
        log.append("never")

    @app.get("/")
    def answer(ctx: Context) -> str:
        ctx.wait_until(send_mail)
        ctx.wait_until(write_log)
        return "answer"

    monkeypatch.setattr(LambdaPlatform, "report", report)

    assert get(serve(app), limit=Limit(report=SOON)).body == b"answer"
    assert log == [
        "background work was given up: send_mail",
        "background work was given up: write_log",
    ]


def test_with_the_option_the_answer_does_not_wait_for_work_that_blocks(
    serve: Serve, reports: Reports
) -> None:
    app, release = Portico(), threading.Event()

    def send_mail() -> None:
        release.wait(10)

    @app.get("/")
    def answer(ctx: Context) -> str:
        ctx.wait_until(send_mail)
        ctx.wait_until(lambda: None)
        return "answer"

    assert get(serve(app, deadline_margin=0.5), limit=Limit(work=SOON)).body == b"answer"
    assert not release.is_set()
    assert wheres(reports) == [
        "background work was given up: send_mail",
        "background work was given up: <lambda>",
    ]
    release.set()


@pytest.mark.parametrize(
    ("left", "option", "request_ends", "work_ends", "report"),
    [
        (10.0, None, 9.5, 9.75, 9.875),
        (10.0, 2.0, 8.0, 9.0, 9.5),
        (10.0, 0.0, 10.0, 10.0, 10.0),
        (0.5, None, 0.25, 0.375, 0.4375),
        (3.0, 60.0, 1.5, 2.25, 2.625),
        (0.0, None, 0.0, 0.0, 0.0),
        (-1.0, 2.0, 0.0, 0.0, 0.0),
    ],
)
def test_the_margin_lies_before_the_deadline_and_takes_half_of_the_time_at_most(
    left: float,
    option: float | None,
    request_ends: float,
    work_ends: float,
    report: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stands_still(self: LambdaPlatform) -> float:
        return 1000.0

    monkeypatch.setattr(LambdaPlatform, "monotonic", stands_still)
    platform = LambdaPlatform(Options(deadline_margin=option), context=Invocation(left))

    limit = time_limit(platform)

    assert isinstance(limit, TimeLimit)
    assert (limit.for_request(), limit.for_work()) == (request_ends, work_ends)
    assert limit.for_report() == report


def test_a_listener_that_fails_when_a_request_is_given_up_is_reported(
    serve: Serve, reports: Reports
) -> None:
    app = Portico()

    def fail() -> None:
        raise OSError("no listener")

    @app.get("/")
    async def answer(ctx: Context) -> str:
        ctx.request.signal.add_listener(fail)
        await asyncio.sleep(LONG)
        return "never"

    assert get(serve(app), limit=Limit(request=SOON)).status == 504
    assert next(str(error) for _, error in reports) == "no listener"


@pytest.mark.parametrize("value", [-1, float("inf"), float("nan"), "1", True])
@pytest.mark.parametrize("name", ["deadline_margin", "shutdown_grace"])
def test_a_number_of_seconds_is_one(name: str, value: object) -> None:
    options: dict[str, Any] = {name: value}

    with pytest.raises(ValueError, match=f"{name} is .*seconds"):
        Lambda(Portico(), **options)


def test_what_a_peer_does_when_it_leaves_is_one_of_two() -> None:
    options: dict[str, Any] = {"on_disconnect": "abort"}

    with pytest.raises(ValueError, match="'signal' or 'cancel'"):
        Lambda(Portico(), **options)


def test_reports_go_to_the_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    app = Portico()

    @app.get("/")
    async def hang() -> str:
        await asyncio.sleep(LONG)
        return "never"

    with caplog.at_level(logging.ERROR, "portico"):
        assert get(serve(app), limit=Limit(request=SOON)).status == 504

    assert [record.getMessage() for record in caplog.records] == ["GET / was given up"]
