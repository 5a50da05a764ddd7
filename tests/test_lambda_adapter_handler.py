"""Whole invocations: an application behind each of the eight shapes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Self, cast

import anyio
import pytest

from portico import (
    CapabilityError,
    Context,
    DefinitionError,
    Portico,
    Response,
    status,
    use,
)
from portico.contract import ByteStream, Capabilities, Platform, Promise, Request, Running
from portico_conformance._lambda_events import SHAPES, to_event
from portico_conformance._lambda_results import from_result
from portico_conformance._wire import WireRequest, WireResponse
from portico_lambda import CAPABILITIES, EventError, Lambda, LambdaPlatform, LambdaRaw, Shape

HOST = ("Host", "shop.example")
Reports = list[tuple[str, BaseException]]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """What was reported, instead of the log."""
    found: Reports = []

    def report(self: Platform, error: BaseException, where: str) -> None:
        found.append((where, error))

    monkeypatch.setattr(LambdaPlatform, "report", report)
    return found


@pytest.fixture
def serve() -> Iterator[Callable[..., Lambda]]:
    """Make handlers that are closed after the test."""
    made: list[Lambda] = []

    def make(app: Any, **options: Any) -> Lambda:
        made.append(Lambda(app, **options))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


Serve = Callable[..., Lambda]


def ask(handler: Lambda, shape: Shape, request: WireRequest, **options: Any) -> WireResponse:
    """What the client gets."""
    return from_result(shape, handler(to_event(shape, request, **options)), request)


def get(handler: Lambda, target: str = "/", shape: Shape = "http") -> WireResponse:
    return ask(handler, shape, WireRequest("GET", target, [HOST]))


def only_get(answer: Callable[..., Any]) -> Portico:
    app = Portico()
    app.get("/", answer)
    return app


class Fake:
    """An application that answers with a function, for what the engine would not let through."""

    is_async = False

    def __init__(self, answer: Callable[[Request, Platform], Any]) -> None:
        self.answer = answer
        self.checked: list[tuple[Capabilities | None, str]] = []
        self.started = 0
        self.left = 0

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        self.checked.append((capabilities, runtime))

    def start(self, platform: Platform) -> Running:
        self.started += 1
        return cast("Running", self)

    def handle(self, request: Request, platform: Platform, running: Any) -> Any:
        return self.answer(request, platform)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.left += 1


# Every shape, both ways


def echo_app() -> Portico:
    app = Portico()

    def describe(ctx: Context) -> dict[str, object]:
        request = ctx.request
        return {
            "method": request.method,
            "url": str(request.url),
            "root_path": ctx.platform.root_path,
            "peer": list(ctx.platform.peer),
            "cookies": request.cookies,
            "query": list(request.url.search_params),
        }

    app.all("/describe/{path:path}", describe)

    @app.post("/echo")
    def echo(body: bytes) -> bytes:  # pyright: ignore[reportUnusedFunction]
        return body

    @app.post("/stream")
    async def stream(ctx: Context) -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(ctx.request.stream(), headers=[("content-type", "image/png")])

    @app.get("/cookies")
    def cookies() -> Response:  # pyright: ignore[reportUnusedFunction]
        fields = [("set-cookie", "a=1"), ("set-cookie", "b=2; Path=/"), ("vary", "x")]
        return Response("ok", headers=fields)

    return app


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_arrives_whole(shape: Shape, serve: Serve) -> None:
    request = WireRequest(
        "PUT", "/describe/a%20b/%CE%BB?x=%2B+1&x=2", [HOST, ("Cookie", "a=1; b=2")]
    )

    described = json.loads(ask(serve(echo_app()), shape, request).body)

    assert described["method"] == "PUT"
    assert described["root_path"] == ("/live" if shape == "rest" else "")
    path, _, query = described["url"].partition("?")
    assert path == f"https://shop.example{described['root_path']}/describe/a%20b/%CE%BB"
    assert query
    assert described["peer"] == ["203.0.113.7", None, "gateway"]
    assert described["cookies"] == {"a": "1", "b": "2"}
    single = shape in ("alb", "lattice-v1") and query == "x=2"
    assert described["query"] == ([["x", "2"]] if single else [["x", "+ 1"], ["x", "2"]])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("path", ["/echo", "/stream"])
@pytest.mark.parametrize("body", [b"", b"text", bytes(range(256)) * 300])
def test_a_body_goes_there_and_back(shape: Shape, path: str, body: bytes, serve: Serve) -> None:
    headers = [HOST, ("Content-Type", "image/png"), ("Content-Length", str(len(body)))]

    answer = ask(serve(echo_app()), shape, WireRequest("POST", path, headers, body))

    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("shape", SHAPES)
def test_head_has_the_header_fields_of_get_and_no_body(shape: Shape, serve: Serve) -> None:
    handler = serve(echo_app())

    answer = ask(handler, shape, WireRequest("HEAD", "/cookies", [HOST]))

    assert (answer.status, answer.body) == (200, b"")
    assert answer.get("content-type") == "text/plain;charset=UTF-8"
    if shape not in ("rest", "edge"):  # these two write the length themselves
        assert answer.get("content-length") == "2"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_a_body_has_none(shape: Shape, code: int, serve: Serve) -> None:
    answer = get(serve(only_get(lambda: status(code))), shape=shape)

    assert (answer.status, answer.body) == (code, b"")


@pytest.mark.parametrize("shape", SHAPES)
def test_cookies_arrive(shape: Shape, serve: Serve) -> None:
    answer = get(serve(echo_app()), "/cookies", shape)

    single = shape in ("alb", "lattice-v1", "lattice-v2")
    assert answer.get_all("set-cookie") == (["b=2; Path=/"] if single else ["a=1", "b=2; Path=/"])


def test_lost_cookies_are_a_reported_500_where_the_options_are_strict(
    serve: Serve, reports: Reports
) -> None:
    handler = serve(echo_app(), strict=True)

    answer = get(handler, "/cookies", "alb")

    assert answer.status == 500
    assert [(where, type(error)) for where, error in reports] == [
        ("GET /cookies failed", CapabilityError)
    ]
    assert get(handler, "/cookies", "alb-multi").status == 200


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("target", "code"), [("/none", 404), ("/echo", 405)])
def test_the_cores_errors_arrive(shape: Shape, target: str, code: int, serve: Serve) -> None:
    answer = get(serve(echo_app()), target, shape)

    assert answer.status == code
    assert answer.get("content-type") == "application/problem+json"


# Options


def test_the_application_is_checked_when_the_handler_is_made() -> None:
    app = Fake(lambda request, platform: Response())

    Lambda(app)

    assert app.checked == [(CAPABILITIES, "lambda")]
    assert app.started == 0


def test_a_deferred_check_is_left_out() -> None:
    app = Fake(lambda request, platform: Response())

    Lambda(app, check="deferred")

    assert app.checked == []


def test_a_mistake_of_the_application_is_found_when_the_handler_is_made() -> None:
    def broken(unknown: object) -> None: ...

    with pytest.raises(DefinitionError, match="unknown"):
        Lambda(only_get(broken))


def test_options_reach_the_request_and_the_platform(serve: Serve) -> None:
    app = Portico()

    @app.post("/")
    def read(body: str) -> str:  # pyright: ignore[reportUnusedFunction]
        return body

    @app.get("/where")
    def where(ctx: Context) -> str:  # pyright: ignore[reportUnusedFunction]
        return ctx.platform.root_path

    handler = serve(app, max_body_size=3, hosts=["shop.example"], root_path="/v1")

    assert ask(handler, "url", WireRequest("POST", "/v1", [HOST], b"four")).status == 413
    assert ask(handler, "url", WireRequest("GET", "/v1/where", [HOST])).body == b"/v1"
    assert ask(handler, "url", WireRequest("GET", "/v1/where", [("Host", "evil")])).status == 400


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError, match="speed"):
        Lambda(Portico(), **cast("Any", {"speed": 1}))


# What the request is


def test_the_raw_objects_of_the_invocation_are_at_hand(serve: Serve) -> None:
    found: list[LambdaRaw] = []

    def keep(ctx: Context) -> str:
        found.append(ctx.platform.raw(LambdaRaw))
        return "ok"

    event = to_event("url", WireRequest("GET", "/", [HOST]))
    context = object()
    serve(only_get(keep))(event, context)

    assert found[0].event is event
    assert found[0].context is context


def test_every_request_has_its_own_context(serve: Serve) -> None:
    seen: ContextVar[int] = ContextVar("seen", default=0)

    def count() -> str:
        seen.set(seen.get() + 1)
        return str(seen.get())

    async def count_async() -> str:
        return count()

    app = Portico()
    app.get("/sync", count)
    app.get("/async", count_async)
    handler = serve(app)
    bodies = [get(handler, path).body for path in ("/sync", "/sync", "/async", "/async")]

    assert bodies == [b"1"] * 4
    assert seen.get() == 0


def test_a_handler_its_stream_and_its_work_share_a_context(serve: Serve) -> None:
    seen: ContextVar[str] = ContextVar("seen", default="nothing")
    done: list[str] = []

    async def answer(ctx: Context) -> AsyncIterator[str]:
        seen.set("handler")
        ctx.wait_until(lambda: done.append(seen.get()))
        yield seen.get()
        await asyncio.sleep(0)
        yield seen.get()

    handler = serve(only_get(answer))

    assert get(handler).body == b"handlerhandler"
    assert done == ["handler"]


def test_a_handler_that_stops_the_loop_is_answered_all_the_same(serve: Serve) -> None:
    async def stop() -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return "stopped"

    handler = serve(only_get(stop))

    assert [get(handler).body for _ in range(2)] == [b"stopped"] * 2


# Start and stop


def test_the_application_is_started_once_at_the_first_invocation(serve: Serve) -> None:
    app = Fake(lambda request, platform: Response("ok"))
    handler = serve(app)
    assert app.started == 0

    get(handler)
    get(handler)

    assert (app.started, app.left) == (1, 0)


def test_the_application_can_be_started_in_the_init_phase(serve: Serve) -> None:
    app = Fake(lambda request, platform: Response("ok"))
    handler = serve(app)

    handler.start()
    get(handler)

    assert app.started == 1


def test_a_start_that_fails_is_a_reported_500_and_is_tried_again(
    serve: Serve, reports: Reports
) -> None:
    app = Portico()
    attempts: list[int] = []

    @app.resource
    def database() -> Iterator[str]:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("no database")
        yield "database"

    @app.get("/")
    def answer(found: str = use(database)) -> str:  # pyright: ignore[reportUnusedFunction]
        return found

    handler = serve(app)

    first, second = get(handler), get(handler)

    assert (first.status, second.status) == (500, 200)
    assert b"no database" not in first.body
    assert [where for where, _ in reports] == ["the application could not start"]


def test_asynchronous_resources_live_in_one_task_on_one_loop(serve: Serve) -> None:
    app = Portico()
    events: list[str] = []
    tasks: list[asyncio.Task[Any] | None] = []

    @app.resource
    async def group() -> AsyncIterator[asyncio.AbstractEventLoop]:
        tasks.append(asyncio.current_task())
        async with anyio.create_task_group() as tasks_of_app:
            tasks_of_app.start_soon(anyio.sleep_forever)
            events.append("started")
            yield asyncio.get_running_loop()
            events.append("stopping")
            tasks_of_app.cancel_scope.cancel()
        tasks.append(asyncio.current_task())

    @app.get("/")
    async def loops(ctx: Context) -> bool:  # pyright: ignore[reportUnusedFunction]
        return ctx[group] is asyncio.get_running_loop()

    handler = serve(app)
    bodies = [get(handler).body, get(handler).body]
    assert events == ["started"]
    handler.close()

    assert bodies == [b"true", b"true"]
    assert events == ["started", "stopping"]
    assert tasks[0] is tasks[1]


def test_an_asynchronous_start_that_fails_is_tried_again(serve: Serve, reports: Reports) -> None:
    app = Portico()
    attempts: list[int] = []

    @app.resource
    async def database() -> AsyncIterator[str]:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("no database")
        yield "database"

    @app.get("/")
    def answer(found: str = use(database)) -> str:  # pyright: ignore[reportUnusedFunction]
        return found

    handler = serve(app)

    assert [get(handler).status, get(handler).status] == [500, 200]
    assert len(reports) == 1


def test_an_application_whose_resources_have_failed_is_started_anew(
    serve: Serve, reports: Reports
) -> None:
    app = Portico()
    started: list[int] = []

    async def fail() -> None:
        raise OSError("connection lost")

    @app.resource
    async def pool() -> AsyncIterator[Callable[[], object]]:
        started.append(1)
        async with anyio.create_task_group() as group:
            yield lambda: group.start_soon(fail)

    @app.get("/break")
    async def break_down(ctx: Context) -> str:  # pyright: ignore[reportUnusedFunction]
        ctx[pool]()
        for _ in range(5):
            await asyncio.sleep(0)
        return "broken"

    app.get("/", lambda: str(len(started)))
    handler = serve(app)
    get(handler, "/break")
    get(handler)

    assert get(handler).body == b"2"
    assert [where for where, _ in reports] == ["the application's resources failed"]
    handler.close()


# Event loops


NO_LOOP = """if True:
    import sys
    from portico import Context, Portico
    from portico_lambda import Lambda

    app = Portico()

    @app.resource
    def database():
        yield "database"

    @app.get("/stream")
    def stream(ctx: Context):
        yield ctx[database]

    @app.post("/{id}")
    def post(ctx: Context, id: int, body: bytes):
        ctx.wait_until(lambda: print("work"))
        return {"id": id, "body": body.decode()}

    handler = Lambda(app)

    def call(method, path, body=None):
        context = {"http": {"method": method, "sourceIp": "192.0.2.1"}}
        return handler({"version": "2.0", "rawPath": path, "body": body, "requestContext": context})

    print(call("POST", "/1", "hi")["body"])
    print(call("POST", "/x")["statusCode"], call("GET", "/stream")["body"])
    print(sorted({"asyncio", "anyio", "trio"} & set(sys.modules)))
"""


def test_a_synchronous_route_needs_no_event_loop() -> None:
    command = [sys.executable, "-c", NO_LOOP]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.splitlines() == ["work", '{"id":1,"body":"hi"}', "422 database", "[]"]


def test_asynchronous_routes_share_one_loop_which_is_nobodys_current_one(serve: Serve) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def answer() -> str:
        loops.append(asyncio.get_running_loop())
        return "ok"

    handler = serve(only_get(answer))
    get(handler)
    get(handler)

    assert loops[0] is loops[1]
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_a_call_from_inside_an_event_loop_is_told_what_to_do(
    serve: Serve, reports: Reports
) -> None:
    async def answer() -> str:
        await asyncio.sleep(0)
        return "ok"

    handler = serve(only_get(answer))

    async def call() -> tuple[int, int]:
        inside = get(handler).status
        return inside, (await asyncio.to_thread(get, handler)).status

    assert asyncio.run(call()) == (500, 200)
    assert "asyncio.to_thread" in str(reports[0][1])


def test_a_task_that_is_cancelled_is_a_reported_500(serve: Serve, reports: Reports) -> None:
    async def answer() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
        return "ok"

    assert get(serve(only_get(answer))).status == 500
    assert "cancelled" in str(reports[0][1])


# Streams


def count_down(chunks: list[bytes | Exception], closed: list[str]) -> Iterator[bytes]:
    try:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
    finally:
        closed.append("closed")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_arrives_whole(shape: Shape, is_async: bool, serve: Serve) -> None:
    closed: list[str] = []

    def answer() -> Iterator[bytes]:
        return count_down([b"a", b"\xff", b"b"], closed)

    async def answer_async() -> AsyncIterator[bytes]:
        for chunk in count_down([b"a", b"\xff", b"b"], closed):
            await asyncio.sleep(0)
            yield chunk

    response = get(serve(only_get(answer_async if is_async else answer)), shape=shape)

    assert (response.status, response.body) == (200, b"a\xffb")
    assert closed == ["closed"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_that_raises_midway_is_a_reported_500_and_nothing_of_it_leaves(
    shape: Shape, is_async: bool, serve: Serve, reports: Reports
) -> None:
    closed: list[str] = []
    chunks: list[bytes | Exception] = [b"part", OSError("disk gone"), b"rest"]

    def answer() -> Iterator[bytes]:
        return count_down(chunks, closed)

    async def answer_async() -> AsyncIterator[bytes]:
        for chunk in count_down(chunks, closed):
            yield chunk

    response = get(serve(only_get(answer_async if is_async else answer)), shape=shape)

    assert response.status == 500
    assert response.get("content-type") == "application/problem+json"
    assert b"part" not in response.body
    assert b"disk" not in response.body
    assert closed == ["closed"]
    assert [(where, str(error)) for where, error in reports] == [("GET / failed", "disk gone")]


def test_a_handler_and_its_stream_run_in_one_task(serve: Serve) -> None:
    tasks: list[object] = []

    @asynccontextmanager
    async def scope() -> AsyncGenerator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            yield
            group.cancel_scope.cancel()

    async def answer() -> AsyncIterator[bytes]:
        async with scope():
            with anyio.fail_after(30):
                for _ in range(3):
                    tasks.append(asyncio.current_task())
                    yield b"."
        tasks.append(asyncio.current_task())

    assert get(serve(only_get(answer))).body == b"..."
    assert len(tasks) == 4
    assert len(set(tasks)) == 1


def test_an_endless_stream_is_a_reported_500(serve: Serve, reports: Reports) -> None:
    closed: list[str] = []

    async def answer() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.append("closed")

    response = get(serve(only_get(answer)), shape="alb")

    assert response.status == 500
    assert json.loads(response.body)["detail"] == "The answer is too large."
    assert closed == ["closed"]
    assert "1048576 bytes" in str(reports[0][1])


def test_an_answer_over_the_limit_is_a_reported_500(serve: Serve, reports: Reports) -> None:
    handler = serve(only_get(lambda: b"\0" * 1_000_000))

    assert get(handler, shape="alb").status == 500
    assert get(handler, shape="url").status == 200
    assert len(reports) == 1


def test_the_stream_of_an_answer_that_was_not_awaited_is_read_on_the_loop(serve: Serve) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        await asyncio.sleep(0)
        yield b"later"

    app = Fake(lambda request, platform: Response.ready(200, Response().headers, stream()))

    def stream() -> ByteStream:
        return ByteStream(chunks())

    assert get(serve(app)).body == b"later"


# Work


@pytest.mark.parametrize("shape", SHAPES)
def test_work_is_done_before_the_answer_is_given(shape: Shape, serve: Serve) -> None:
    done: list[str] = []
    promises: list[Promise] = []

    async def later() -> None:
        await asyncio.sleep(0)
        done.append("later")

    def answer(ctx: Context) -> str:
        promises.append(ctx.wait_until(lambda: done.append("at once")))
        promises.append(ctx.wait_until(later()))
        return "ok"

    assert get(serve(only_get(answer)), shape=shape).body == b"ok"
    assert done == ["at once", "later"]
    assert promises == [Promise.BEFORE_RESPONSE] * 2


def test_work_that_fails_is_reported_and_the_answer_stands(serve: Serve, reports: Reports) -> None:
    done: list[str] = []

    async def fail() -> None:
        raise OSError("no mail")

    async def cancel() -> None:
        raise asyncio.CancelledError

    def answer(ctx: Context) -> str:
        ctx.wait_until(fail())
        ctx.wait_until(lambda: done.append("next"))
        ctx.wait_until(cancel())
        return "ok"

    assert get(serve(only_get(answer))).body == b"ok"
    assert done == ["next"]
    assert [where for where, _ in reports] == [
        "background work failed: fail",
        "background work failed: cancel",
    ]


def test_work_is_done_when_the_answer_has_failed(serve: Serve, reports: Reports) -> None:
    done: list[str] = []

    def answer(ctx: Context) -> Iterator[bytes]:
        ctx.wait_until(lambda: done.append("done"))
        yield b"part"
        raise OSError("gone")

    assert get(serve(only_get(answer))).status == 500
    assert done == ["done"]
    assert len(reports) == 1


# What goes wrong


def test_an_exception_of_a_handler_is_a_500_without_a_word_of_it(
    serve: Serve, reports: Reports
) -> None:
    def answer() -> str:
        raise OSError("password in the clear")

    response = get(serve(only_get(answer)))

    assert response.status == 500
    assert b"password" not in response.body
    assert len(reports) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_exception_that_escapes_the_application_is_a_reported_500(
    method: str, serve: Serve, reports: Reports
) -> None:
    def answer(request: Request, platform: Platform) -> Response:
        raise OSError("escaped")

    result = serve(Fake(answer))(to_event("url", WireRequest(method, "/x", [HOST])))

    assert result["statusCode"] == 500
    assert bool(result["body"]) == (method == "GET")
    assert [(where, str(error)) for where, error in reports] == [(f"{method} /x failed", "escaped")]


def test_an_exception_that_escapes_an_awaited_answer_is_a_reported_500(
    serve: Serve, reports: Reports
) -> None:
    async def fail() -> Response:
        raise OSError("escaped")

    def answer(request: Request, platform: Platform) -> Awaitable[Response]:
        return fail()

    assert get(serve(Fake(answer))).status == 500
    assert len(reports) == 1


def test_an_event_that_is_not_http_is_an_error_of_the_invocation(serve: Serve) -> None:
    app = Fake(lambda request, platform: Response())
    handler = serve(app)

    with pytest.raises(EventError, match="eventSource"):
        handler({"Records": [{"eventSource": "aws:sqs"}]}, None)
    assert app.started == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_malformed_event_is_a_400_of_its_service(shape: Shape, serve: Serve) -> None:
    request = WireRequest("GET", "/", [HOST])
    event = dict(to_event(shape, request))
    if shape == "edge":
        records = cast("list[dict[str, dict[str, dict[str, object]]]]", event["Records"])
        records[0]["cf"]["request"]["headers"] = "text"
    else:
        event["multiValueHeaders" if shape in ("rest", "alb-multi") else "headers"] = "text"

    answer = from_result(shape, serve(Fake(lambda r, p: Response()))(event), request)

    assert answer.status == 400
    assert answer.get("content-type") == "application/problem+json"
    assert json.loads(answer.body)["status"] == 400
