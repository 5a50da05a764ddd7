"""The engine: where code runs, what it sees, and that whatever goes wrong becomes an answer."""

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextvars import ContextVar, copy_context
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import msgspec
import pytest

from portico import (
    BodyLimits,
    Context,
    FormData,
    Headers,
    HTTPError,
    PeerError,
    Portico,
    Request,
    Response,
    file,
    status,
)
from portico._stream import ByteStream
from portico.contract import NATIVE, Capability, NativeRequest, Platform, Runtime

T = TypeVar("T")

variable: ContextVar[str] = ContextVar("variable", default="clean")


class LoopPlatform(Platform):
    """A runtime with an event loop and threads, which keeps its reports."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[tuple[BaseException, str]] = []
        self.offloaded = 0

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        self.offloaded += 1
        return await asyncio.to_thread(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append((error, where))


class ThreadPlatform(LoopPlatform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


PLATFORMS = [ThreadPlatform, LoopPlatform]
on_each_platform = pytest.mark.parametrize("kind", PLATFORMS)
in_each_colour = pytest.mark.parametrize("colour", ["sync", "sync-quick", "async"])
Colour = Literal["sync", "sync-quick", "async"]


def register(app: Portico, colour: Colour, call: Callable[[Context], Any], path: str = "/") -> None:
    """A handler of a colour that returns what the call does."""
    if colour == "async":

        async def handler(ctx: Context) -> Any:
            return call(ctx)

        app.route("GET", path, handler)
    else:

        def handler_sync(ctx: Context) -> Any:
            return call(ctx)

        app.route("GET", path, handler_sync, blocking=colour == "sync")


async def respond(app: Portico, platform: Platform, request: Request | None = None) -> Response:
    """The response to one request, from a task of its own, as adapters give each."""

    async def run() -> Response:
        answer = app.handle(request or Request("http://app.test/"), platform, app.start(platform))
        return answer if isinstance(answer, Response) else await answer

    return await asyncio.create_task(run())


def ask(app: Portico, platform: Platform, request: Request | None = None) -> tuple[int, bytes]:
    async def run() -> tuple[int, bytes]:
        response = await respond(app, platform, request)
        content = response.content
        if isinstance(content, bytes):
            return response.status, content
        return response.status, b"".join([chunk async for chunk in content])

    return asyncio.run(run())


# Where code runs


@pytest.mark.parametrize(
    ("kind", "colour", "elsewhere"),
    [
        (ThreadPlatform, "sync", False),
        (ThreadPlatform, "async", False),
        (LoopPlatform, "sync", True),
        (LoopPlatform, "sync-quick", False),
        (LoopPlatform, "async", False),
    ],
)
def test_code_that_may_block_leaves_the_loop_and_nothing_else_does(
    kind: type[LoopPlatform], colour: Colour, elsewhere: bool
) -> None:
    app, platform = Portico(), kind()
    threads: list[int] = []
    register(app, colour, lambda ctx: threads.append(threading.get_ident()))

    assert ask(app, platform)[0] == 200
    assert (threads[0] != threading.get_ident()) is elsewhere
    assert platform.offloaded == elsewhere


@on_each_platform
def test_a_synchronous_chain_needs_no_loop_where_it_may_block(kind: type[LoopPlatform]) -> None:
    app, platform = Portico(blocking=True), kind()
    app.get("/", lambda: "a")

    def answer() -> Response | Awaitable[Response]:
        return app.handle(Request("http://app.test/"), platform, app.start(platform))

    async def waited_for() -> Response:
        given = answer()
        assert not isinstance(given, Response)
        return await given

    response = answer() if kind is ThreadPlatform else asyncio.run(waited_for())

    assert isinstance(response, Response)
    assert response.content == b"a"


def test_a_handler_that_is_declared_not_to_block_answers_on_the_loop_at_once() -> None:
    app, platform = Portico(blocking=False), LoopPlatform()
    app.get("/", lambda: "a")
    app.get("/value", "a")

    for path in ("/", "/value"):
        answer = app.handle(Request(f"http://app.test{path}"), platform, app.start(platform))
        assert isinstance(answer, Response)
        assert answer.content == b"a"


def test_a_value_in_the_place_of_a_handler_waits_for_no_body() -> None:
    app, platform = Portico(), LoopPlatform()
    app.post("/", "a")
    request = Request("http://app.test/", method="POST", body=b"1")

    answer = app.handle(request, platform, app.start(platform))

    assert isinstance(answer, Response)
    assert answer.content == b"a"
    assert not request.body_used


def test_the_option_of_a_route_wins_over_that_of_the_application() -> None:
    app, platform = Portico(blocking=False), LoopPlatform()
    app.get("/", lambda: "a", blocking=True)

    assert ask(app, platform) == (200, b"a")
    assert platform.offloaded == 1


def test_a_generator_is_read_off_the_loop_one_value_at_a_time() -> None:
    app, platform = Portico(), LoopPlatform()
    threads: set[int] = set()

    @app.get("/")
    def stream() -> Iterator[str]:
        for text in "abc":
            threads.add(threading.get_ident())
            yield text

    assert ask(app, platform) == (200, b"abc")
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("colour", ["sync", "sync-quick", "async"])
def test_a_file_is_opened_off_the_loop_by_every_handler(colour: Colour) -> None:
    app, platform = Portico(), LoopPlatform()
    threads: list[int] = []

    class Lazy:
        def __fspath__(self) -> str:
            threads.append(threading.get_ident())
            return __file__

    register(app, colour, lambda ctx: status(200, file(Lazy())))
    app.get("/value", file(Lazy()))

    assert ask(app, platform)[0] == 200
    assert ask(app, platform, Request("http://app.test/value"))[0] == 200
    assert threading.get_ident() not in threads
    assert threads


@on_each_platform
def test_a_coroutine_from_a_plain_function_is_awaited(kind: type[LoopPlatform]) -> None:
    app = Portico()

    async def later() -> str:
        await asyncio.sleep(0)
        return "later"

    app.get("/", lambda: later())

    assert ask(app, kind()) == (200, b"later")


@on_each_platform
def test_an_awaitable_that_is_no_coroutine_is_awaited(kind: type[LoopPlatform]) -> None:
    app = Portico()

    class Later:
        def __await__(self) -> Generator[Any, None, str]:
            yield from ()
            return "later"

    async def handler() -> Any:
        return Later()

    app.get("/", lambda: Later())
    app.get("/async", handler)

    assert ask(app, kind()) == (200, b"later")
    assert ask(app, kind(), Request("http://app.test/async")) == (200, b"later")


# Context variables


@on_each_platform
@in_each_colour
def test_what_one_request_sets_the_next_does_not_see(
    kind: type[LoopPlatform], colour: Colour
) -> None:
    app = Portico()

    def call(ctx: Context) -> str:
        seen = variable.get()
        variable.set("dirty")
        return seen

    register(app, colour, call)

    async def run() -> list[object]:
        return [(await respond(app, kind())).content for _ in range(2)]

    assert asyncio.run(run()) == [b"clean", b"clean"]
    assert variable.get() == "clean"


def test_without_a_loop_a_request_runs_in_the_context_that_it_is_called_in() -> None:
    app, platform = Portico(), ThreadPlatform()
    context = copy_context()

    def call() -> str:
        seen = variable.get()
        variable.set("dirty")
        return seen

    app.get("/", call)

    for expected in (b"clean", b"dirty"):
        request, running = Request("http://app.test/"), app.start(platform)
        answer = context.run(app.handle, request, platform, running)
        assert isinstance(answer, Response)
        assert answer.content == expected


def test_what_offloaded_code_sets_the_code_after_it_sees() -> None:
    app, platform = Portico(), LoopPlatform()

    @app.get("/")
    def show() -> Awaitable[str]:
        variable.set("set in a thread")

        async def after() -> str:
            return variable.get()

        return after()

    assert ask(app, platform) == (200, b"set in a thread")
    assert platform.offloaded == 1


def test_what_offloaded_code_sets_is_seen_after_an_error_too() -> None:
    from portico._resumption import offload

    def fail() -> None:
        variable.set("set before the error")
        raise KeyError

    async def run() -> str:
        with pytest.raises(KeyError):
            await offload(LoopPlatform(), fail)
        return variable.get()

    assert asyncio.run(run()) == "set before the error"


def test_offloaded_code_sees_what_was_set_before() -> None:
    app, platform = Portico(), LoopPlatform()
    app.get("/", lambda: variable.get())

    async def run() -> object:
        variable.set("set by the server")
        return (await respond(app, platform)).content

    assert asyncio.run(run()) == b"set by the server"


# Errors


@on_each_platform
@in_each_colour
def test_an_unexpected_error_is_reported_once_under_the_id_that_is_sent(
    kind: type[LoopPlatform], colour: Colour
) -> None:
    app, platform = Portico(), kind()

    def call(ctx: Context) -> Any:
        raise KeyError("secret")

    register(app, colour, call)
    code, body = ask(app, platform)
    problem = json.loads(body)
    ((error, where),) = platform.reports

    assert code == 500
    assert repr(error) == "KeyError('secret')"
    assert where == f"GET / failed (error {problem['id']})"
    assert b"secret" not in body
    assert problem == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "id": problem["id"],
    }


@on_each_platform
@in_each_colour
@pytest.mark.parametrize(
    "error", [HTTPError(404, "no"), PeerError("no", status=404), HTTPError(404, {"detail": "no"})]
)
def test_an_expected_error_is_its_own_answer_and_nobodys_report(
    kind: type[LoopPlatform], colour: Colour, error: HTTPError
) -> None:
    app, platform = Portico(), kind()

    def call(ctx: Context) -> Any:
        raise error

    register(app, colour, call)
    code, body = ask(app, platform)

    assert (code, json.loads(body)["detail"]) == (404, "no")
    assert platform.reports == []


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError("this error has no text")


def _fail_with(error: Exception) -> Callable[[Context], Any]:
    def call(ctx: Context) -> Any:
        raise error

    return call


def _bad_cookie(ctx: Context) -> Any:
    ctx.cookies["a"].set("1", path="/\r\n")
    return "a"


def _bad_cookie_and_error(ctx: Context) -> Any:
    _bad_cookie(ctx)
    raise HTTPError(404)


def _bad_length(ctx: Context) -> Any:
    return Response(iter([b"a"]), headers={"content-length": "some"})


def _used_response(ctx: Context) -> Any:
    response = Response(iter([b"a"]))
    assert list(response.sync.stream()) == [b"a"]
    return response


def _failing_stream_in_an_error(ctx: Context) -> Any:
    raise HTTPError(400, (1 / 0 for _ in "a"))


LAST_FAULTS: list[tuple[str, Callable[[Context], Any]]] = [
    ("an error without a text", _fail_with(UnspeakableError())),
    ("an error value without a form", _fail_with(HTTPError(400, object()))),
    ("an error with a header that is none", _fail_with(HTTPError(400, headers={"a": "1\r\n2"}))),
    ("a cookie that cannot be set", _bad_cookie),
    ("a cookie that cannot be set, with an error", _bad_cookie_and_error),
    ("a length that is no number", _bad_length),
    ("a response that was used", _used_response),
    ("a stream that fails, as an error", _failing_stream_in_an_error),
    ("a group of errors", _fail_with(ExceptionGroup("several", [KeyError()]))),
    ("the end of an iteration", _fail_with(StopIteration())),
    ("a bottomless recursion", _fail_with(RecursionError())),
]


@on_each_platform
@in_each_colour
@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "call", [row[1] for row in LAST_FAULTS], ids=[row[0] for row in LAST_FAULTS]
)
def test_whatever_goes_wrong_last_becomes_an_answer_and_one_report(
    kind: type[LoopPlatform],
    colour: Colour,
    call: Callable[[Context], Any],
    debug: bool,
    method: str,
) -> None:
    app, platform = Portico(debug=debug), kind()
    register(app, colour, call)

    code, body = ask(app, platform, Request("http://app.test/", method=method))

    assert code == 500
    assert (body == b"") is (method == "HEAD")
    assert 1 <= len(platform.reports) <= 1 + debug


@in_each_colour
def test_an_error_that_brings_a_stream_does_not_block_the_loop(colour: Colour) -> None:
    app, platform = Portico(), LoopPlatform()
    register(app, colour, _fail_with(HTTPError(400, iter("ab"))))

    async def run() -> tuple[int, bool]:
        response = await respond(app, platform)
        assert isinstance(response.content, ByteStream)
        await response.content.aclose()
        return response.status, response.content.is_async

    assert asyncio.run(run()) == (400, True)


@on_each_platform
@in_each_colour
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_stream_that_cannot_be_closed_for_head_is_an_error(
    kind: type[LoopPlatform], colour: Colour, asynchronous: bool
) -> None:
    app, platform = Portico(), kind()

    def sync() -> Iterator[str]:
        try:
            yield "a"
        finally:
            raise OSError("flush failed")

    async def as_async() -> AsyncIterator[str]:
        try:
            yield "a"
        finally:
            raise OSError("flush failed")

    register(app, colour, lambda ctx: as_async() if asynchronous else sync())

    code, body = ask(app, platform, Request("http://app.test/", method="HEAD"))

    assert (code, body) == (500, b"")
    assert [str(error) for error, _ in platform.reports] == ["flush failed"]


@on_each_platform
def test_cancellation_is_no_answer(kind: type[LoopPlatform]) -> None:
    app, platform = Portico(), kind()

    @app.get("/")
    async def show() -> str:
        raise asyncio.CancelledError

    async def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            await respond(app, platform)

    asyncio.run(run())

    assert platform.reports == []


def test_a_debug_answer_tells_what_happened() -> None:
    app, platform = Portico(debug=True), ThreadPlatform()
    register(app, "sync", _fail_with(KeyError("secret")))

    problem = json.loads(ask(app, platform)[1])

    assert problem["detail"] == "KeyError: 'secret'"
    assert "KeyError: 'secret'" in problem["traceback"][-1]


# Bodies before synchronous code


class Arriving(NativeRequest):
    """A request whose body only arrives asynchronously."""

    __slots__ = ("fields", "pulled")

    def __init__(self, body: bytes, fields: dict[str, str]) -> None:
        self.fields = fields
        self.pulled = 0
        super().__init__("POST", "/", "", self._source_of(body), BodyLimits(10, 1000, None))

    async def _source_of(self, body: bytes) -> AsyncIterator[bytes]:
        self.pulled += 1
        yield body

    def _read_headers(self) -> Headers:
        return Headers(self.fields)

    def _read_host(self) -> str:
        return "app.test"

    def _read_scheme(self) -> str:
        return "http"


def _names_json(ctx: Context) -> Any:
    return ctx.request.sync.json()


def _names_body(ctx: Context) -> Any:
    return ctx.body


def _binds_bytes(body: bytes) -> int:
    return len(body)


@pytest.mark.parametrize(
    ("handler", "expected"), [(_names_json, b"[1]"), (_names_body, b"[1]"), (_binds_bytes, b"3")]
)
@pytest.mark.parametrize("blocking", [True, False])
def test_synchronous_code_finds_the_body_that_it_names(
    handler: Callable[..., Any], expected: bytes, blocking: bool
) -> None:
    app = Portico()
    app.route("POST", "/", handler, blocking=blocking)
    request = Arriving(b"[1]", {"content-type": "application/json"})

    assert ask(app, LoopPlatform(), request) == (200, expected)
    assert request.pulled == 1


@pytest.mark.parametrize("blocking", [True, False])
def test_a_body_over_the_limit_never_reaches_synchronous_code(blocking: bool) -> None:
    app = Portico()
    called: list[bytes] = []

    def take(body: bytes) -> None:
        called.append(body)

    app.route("POST", "/", take, blocking=blocking)

    assert ask(app, LoopPlatform(), Arriving(b"x" * 11, {}))[0] == 413
    assert called == []


def test_a_body_that_nothing_names_is_not_read() -> None:
    app = Portico()

    @app.post("/")
    def show() -> str:
        return "unread"

    request = Arriving(b"x" * 11, {})

    assert ask(app, LoopPlatform(), request) == (200, b"unread")
    assert request.pulled == 0


def test_a_multipart_form_is_kept_out_of_memory_for_synchronous_code() -> None:
    built = Request("http://app.test/", method="POST", body=FormData([("a", "1")]))
    app = Portico()

    @app.post("/")
    def show(body: FormData) -> str:
        return str(body.get("a"))

    request = Arriving(built.sync.bytes(), {"content-type": built.headers["content-type"]})

    assert ask(app, LoopPlatform(), request) == (200, b"1")


# What has no route


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/early", (200, b"early")),
        ("OPTIONS", "/", (204, b"")),
        ("GET", "/nowhere", (404, b"!")),
    ],
)
def test_after_handle_sees_the_answers_of_routes_alone(
    method: str, path: str, expected: tuple[int, bytes]
) -> None:
    app, platform = Portico(), ThreadPlatform()
    mapped: list[object] = []
    app.get("/first", "a")

    @app.request
    def answer_early(ctx: Context) -> str | None:
        return "early" if ctx.path == "/early" else None

    @app.after_handle
    def replace(ctx: Context, value: object) -> str:
        return "replaced"

    @app.map_response
    def see(ctx: Context, value: object) -> None:
        mapped.append(value)

    @app.error(404)
    def not_found(ctx: Context, error: Exception) -> str:
        return "!"

    app.get("/", "a")

    assert ask(app, platform, Request(f"http://app.test{path}", method=method)) == expected
    assert len(mapped) == 1
    assert ask(app, platform) == (200, b"replaced")


# Error hooks and what is declared


@on_each_platform
@pytest.mark.parametrize("matches", [404, HTTPError, None])
def test_a_plain_value_of_an_error_hook_is_declared_for_the_status_of_the_error(
    matches: type[Exception] | int | None, kind: type[LoopPlatform]
) -> None:
    app, platform = Portico(), kind()

    def explain(ctx: Context, error: Exception) -> str | None:
        return "not here"

    app.apply(error=explain if matches is None else {matches: explain})

    @app.get("/")
    def find() -> int:
        raise HTTPError(404)

    assert ask(app, platform) == (404, b"not here")
    assert platform.reports == []


def test_a_plain_value_of_an_error_hook_is_held_to_its_annotation() -> None:
    app, platform = Portico(), ThreadPlatform()

    @app.error(404)
    def explain(ctx: Context, error: Exception) -> str:
        return 7  # type: ignore[return-value] # pyright: ignore[reportReturnType] # what a user without a type checker wrote

    @app.get("/")
    def find() -> int:
        raise HTTPError(404)

    assert ask(app, platform)[0] == 500
    assert len(platform.reports) == 1


def test_classes_that_are_made_for_each_answer_are_not_kept() -> None:
    app, platform = Portico(), ThreadPlatform()
    kept: list[weakref.ref[type]] = []

    @app.get("/")
    def show() -> object:
        made: type = msgspec.defstruct("Made", ["a"])
        kept.append(weakref.ref(made))
        return made(1)

    running = app.start(platform)
    for _ in range(1200):
        response = app.handle(Request("http://app.test/"), platform, running)
        assert isinstance(response, Response)
        assert response.content == b'{"a":1}'
    gc.collect()

    assert sum(made() is not None for made in kept) <= 1100
