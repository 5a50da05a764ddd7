"""`Worker`: the entrypoint, the start, and one call after the other."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import anyio
import pytest

from portico import Context, Portico, Response, use
from portico.contract import Capabilities, Options, Platform, Request, Running
from portico_cloudflare import CAPABILITIES, Entrypoint, Worker, WorkerPlatform
from portico_conformance._fake_js import Context as CallContext
from portico_conformance._fake_js import JsException, JsObject, Uint8Array, World, installed
from portico_conformance._fake_js_fetch import Response as JsResponse
from portico_conformance._fake_js_fetch import arrived
from portico_conformance._fake_js_streams import Controller, ReadableStream

Answer = Callable[[Request, Platform], Response | Awaitable[Response]]

word: ContextVar[str] = ContextVar("word", default="unset")


class AppRunning:
    """A `Running` that writes down what is done with it, and in which task."""

    def __init__(self, app: "Application") -> None:
        self._app = app

    @property
    def is_async(self) -> bool:
        return self._app.is_async

    def __enter__(self) -> Self:
        self._app.events.append("enter")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._app.events.append("exit")

    async def __aenter__(self) -> Self:
        await self._app.start_gate.wait()
        if self._app.start_errors:
            raise self._app.start_errors.pop()
        self._app.events.append("aenter")
        self._app.host = asyncio.current_task()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._app.events.append(f"aexit in {self._app.host is asyncio.current_task()}")


class Application:
    """An application of the contract that answers with a function."""

    def __init__(self, answer: Answer, *, is_async: bool = False) -> None:
        self.answer = answer
        self.is_async = is_async
        self.events: list[str] = []
        self.checked: list[tuple[Capabilities | None, str]] = []
        self.start_errors: list[Exception] = []
        self.host: asyncio.Task[Any] | None = None
        self.start_gate = asyncio.Event()
        self.start_gate.set()

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        self.checked.append((capabilities, runtime))

    def start(self, platform: Platform) -> Running:
        self.events.append("start")
        return AppRunning(self)

    def handle(
        self, request: Request, platform: Platform, running: Any
    ) -> Response | Awaitable[Response]:
        return self.answer(request, platform)


def hello(request: Request, platform: Platform) -> Response:
    return Response(b"hello")


class Isolate:
    """An entrypoint, called as the runtime does: an instance and a context for each request."""

    def __init__(self, entrypoint: type[Entrypoint], world: World) -> None:
        self._entrypoint = entrypoint
        self._world = world
        self.contexts: list[CallContext] = []

    async def fetch(
        self, target: str = "/", method: str = "GET", body: ReadableStream | None = None
    ) -> JsResponse:
        context = CallContext()
        self.contexts.append(context)
        native = arrived(method, target, [("Host", "example.test")], body)
        entrypoint = self._entrypoint(context, self._world.env)
        answer: JsResponse = await entrypoint.fetch(JsObject(js_object=native))
        return answer

    async def settle(self) -> None:
        for context in self.contexts:
            await context.settle()


@contextmanager
def isolate_of(app: Any) -> Generator[Isolate]:
    with installed() as world:
        yield Isolate(Worker(app), world)
    assert world.living_proxies == 0


def run(app: Any, main: Callable[[Isolate], Coroutine[Any, Any, None]]) -> None:
    async def bounded(isolate: Isolate) -> None:
        async with asyncio.timeout(10):
            await main(isolate)

    with isolate_of(app) as isolate:
        asyncio.run(bounded(isolate))


async def body_of(answer: JsResponse) -> bytes:
    return (await answer.arrayBuffer()).to_bytes()


# The class


def test_it_is_made_and_imported_where_there_is_no_runtime() -> None:
    assert "js" not in sys.modules

    entrypoint = Worker(Application(hello))

    assert issubclass(entrypoint, Entrypoint)
    assert entrypoint.__name__ == "Default"


def test_in_a_worker_it_is_an_entrypoint_of_the_runtimes_kind() -> None:
    with installed():
        base = sys.modules["workers"].WorkerEntrypoint
        assert issubclass(Worker(Application(hello)), base)


def test_fetch_is_its_only_public_method_since_each_can_be_called_by_other_workers() -> None:
    with installed():
        entrypoint = Worker(Application(hello))

    assert [name for name in dir(entrypoint) if not name.startswith("_")] == ["fetch"]


def test_it_can_be_subclassed() -> None:
    async def main() -> None:
        with installed() as world:

            class Default(Worker(Application(hello))):  # type: ignore[misc] # made at run time
                async def scheduled(self) -> str:
                    return "ticked"

            assert (await Isolate(Default, world).fetch()).status == 200
            assert await Default(CallContext(), world.env).scheduled() == "ticked"

    asyncio.run(main())


def test_the_application_is_checked_against_what_workers_have() -> None:
    app = Application(hello)

    Worker(app)

    assert app.checked == [(CAPABILITIES, "cloudflare")]


def test_a_deferred_check_is_left_out() -> None:
    app = Application(hello)

    Worker(app, check="deferred")

    assert app.checked == []


# The start


def test_nothing_starts_before_the_first_request_and_everything_once() -> None:
    app = Application(hello)

    async def main(isolate: Isolate) -> None:
        assert app.events == []
        await isolate.fetch()
        await isolate.fetch()

    run(app, main)

    assert app.events == ["start", "enter"]


def test_an_asynchronous_application_is_entered_and_left_in_one_task() -> None:
    app = Application(hello, is_async=True)

    async def main(isolate: Isolate) -> None:
        await isolate.fetch()
        await isolate.fetch()
        assert app.events == ["start", "aenter"]

    run(app, main)

    # `asyncio.run` has cancelled the task, as the end of an isolate would if it were told.
    assert app.events == ["start", "aenter", "aexit in True"]


def test_requests_at_the_same_time_wait_for_one_start() -> None:
    app = Application(hello, is_async=True)

    async def main(isolate: Isolate) -> None:
        app.start_gate.clear()
        calls = [asyncio.ensure_future(isolate.fetch()) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert not any(call.done() for call in calls)
        app.start_gate.set()
        assert [(await call).status for call in calls] == [200, 200, 200]

    run(app, main)

    assert app.events[:2] == ["start", "aenter"]


def test_a_start_that_fails_answers_that_request_and_the_next_one_tries_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Application(hello, is_async=True)
    app.start_errors.append(LookupError("no database"))

    async def main(isolate: Isolate) -> None:
        failed = await isolate.fetch()
        assert (failed.status, b"database" in await body_of(failed)) == (500, False)
        assert (await isolate.fetch()).status == 200

    run(app, main)

    assert app.events[:3] == ["start", "start", "aenter"]
    assert "no database" in caplog.text


def test_a_start_that_never_ends_is_given_up_on_by_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portico_cloudflare._isolate.MOST_LOOKS", 1)
    app = Application(hello, is_async=True)

    async def main(isolate: Isolate) -> None:
        app.start_gate.clear()
        stuck = asyncio.ensure_future(isolate.fetch())
        for _ in range(5):
            await asyncio.sleep(0)
        app.start_gate = asyncio.Event()
        app.start_gate.set()
        assert (await isolate.fetch()).status == 200
        stuck.cancel()

    run(app, main)

    assert app.events[:3] == ["start", "start", "aenter"]


def test_an_application_that_stops_by_itself_is_reported_and_started_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Application(hello, is_async=True)

    async def main(isolate: Isolate) -> None:
        await isolate.fetch()
        assert app.host is not None
        app.host.cancel()
        await asyncio.wait([app.host])
        assert (await isolate.fetch()).status == 200

    run(app, main)

    assert app.events[:4] == ["start", "aenter", "aexit in True", "start"]
    assert "the application stopped" in caplog.text


def test_the_start_sees_the_environment_and_no_request() -> None:
    seen: list[Platform] = []

    class Seeing(Application):
        def start(self, platform: Platform) -> Running:
            seen.append(platform)
            return super().start(platform)

    async def main() -> None:
        with installed(NAME="value") as world:
            await Isolate(Worker(Seeing(hello), root_path="/api"), world).fetch()
            assert [(platform.env, platform.peer.address) for platform in seen] == [
                ({"NAME": "value"}, None)
            ]

    asyncio.run(main())


# A call


def test_a_call_goes_on_in_the_task_in_which_it_has_begun() -> None:
    tasks: list[object] = []

    def answer(request: Request, platform: Platform) -> Awaitable[Response]:
        tasks.append(asyncio.current_task())
        return later()

    async def later() -> Response:
        await asyncio.sleep(0)
        tasks.append(asyncio.current_task())
        return Response(stream())

    async def stream() -> AsyncIterator[bytes]:
        tasks.append(asyncio.current_task())
        yield b"hello"

    async def main(isolate: Isolate) -> None:
        assert await body_of(await isolate.fetch()) == b"hello"
        assert len(tasks) == 3
        assert len(set(tasks)) == 1

    run(Application(answer), main)


def test_a_task_group_may_be_open_around_a_request_that_waits() -> None:
    app = Portico()

    @app.resolve
    async def group() -> AsyncIterator[str]:
        async with anyio.create_task_group():
            yield "open"

    @app.get("/")
    async def show(group: str = use(group)) -> str:
        await anyio.sleep(0)
        return group

    async def main(isolate: Isolate) -> None:
        assert await body_of(await isolate.fetch()) == b"open"

    run(app, main)


def test_a_response_that_is_awaited_is_answered() -> None:
    async def answer(request: Request, platform: Platform) -> Response:
        await asyncio.sleep(0)
        return Response(request.raw_path)

    async def main(isolate: Isolate) -> None:
        assert await body_of(await isolate.fetch("/a%20b")) == b"/a%20b"

    run(Application(answer), main)


@pytest.mark.parametrize("kind", ["at once", "later", "cancelled"])
def test_what_escapes_is_reported_and_answered_as_a_problem(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def later() -> Response:
        await asyncio.sleep(0)
        raise asyncio.CancelledError if kind == "cancelled" else LookupError("secret")

    def answer(request: Request, platform: Platform) -> Response | Awaitable[Response]:
        if kind == "at once":
            raise LookupError("secret")
        return later()

    async def main(isolate: Isolate) -> None:
        answer = await isolate.fetch()
        assert answer.status == 500
        assert answer.headers.get("content-type") == "application/problem+json"
        assert await body_of(answer) == (
            b'{"type":"about:blank","title":"Internal Server Error","status":500}'
        )

    run(Application(answer), main)

    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_each_request_has_context_variables_of_its_own() -> None:
    def answer(request: Request, platform: Platform) -> Response:
        before = word.get()
        word.set(request.raw_path)
        return Response(before)

    async def main(isolate: Isolate) -> None:
        bodies = [await body_of(await isolate.fetch(target)) for target in ("/a", "/b")]
        assert bodies == [b"unset", b"unset"]
        assert word.get() == "unset"

    run(Application(answer), main)


# Streams


class Streaming:
    """A handler and its stream, which say in which task and context they run."""

    def __init__(self) -> None:
        self.tasks: list[object] = []
        self.closed = 0

    async def answer(self, request: Request, platform: Platform) -> Response:
        await asyncio.sleep(0)
        word.set("set by the handler")
        self.tasks.append(asyncio.current_task())
        return Response(self._chunks())

    async def _chunks(self) -> AsyncIterator[str]:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 0)
                with anyio.CancelScope():
                    self.tasks.append(asyncio.current_task())
                    yield word.get()
                    self.tasks.append(asyncio.current_task())
                    yield " and read by the stream"
        finally:
            self.closed += 1


def test_a_handler_and_its_stream_are_one_task_with_one_context() -> None:
    streaming = Streaming()

    async def main(isolate: Isolate) -> None:
        body = await body_of(await isolate.fetch())
        await isolate.settle()
        assert body == b"set by the handler and read by the stream"

    run(Application(streaming.answer), main)

    assert (len(set(streaming.tasks)), streaming.closed) == (1, 1)


def test_a_peer_that_leaves_a_stream_closes_it_once_with_its_scopes_open() -> None:
    streaming = Streaming()

    async def main(isolate: Isolate) -> None:
        stream = (await isolate.fetch()).payload
        assert isinstance(stream, ReadableStream)
        reader = stream.getReader()
        await reader.read()
        reader.cancel()
        await isolate.settle()

    run(Application(streaming.answer), main)

    assert (len(set(streaming.tasks)), streaming.closed) == (1, 1)


def test_a_stream_that_fails_is_reported_and_breaks_the_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def chunks() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("midway")

    def answer(request: Request, platform: Platform) -> Response:
        return Response(chunks())

    async def main(isolate: Isolate) -> None:
        with pytest.raises(JsException):
            await body_of(await isolate.fetch("/broken"))
        await isolate.settle()

    run(Application(answer), main)

    assert "GET /broken" in caplog.text
    assert "midway" in caplog.text


def test_the_signal_is_aborted_when_the_peer_leaves_a_stream() -> None:
    platforms: list[Platform] = []

    async def chunks() -> AsyncIterator[str]:
        yield "a"
        await asyncio.Event().wait()

    def answer(request: Request, platform: Platform) -> Response:
        platforms.append(platform)
        return Response(chunks())

    async def main(isolate: Isolate) -> None:
        stream = (await isolate.fetch()).payload
        assert isinstance(stream, ReadableStream)
        aborted = [platforms[0].signal.aborted]
        stream.cancel()
        aborted.append(platforms[0].signal.aborted)
        await isolate.settle()
        assert aborted == [False, True]

    run(Application(answer), main)


# Work after the answer


@pytest.mark.parametrize("kind", ["at once", "awaited", "stream"])
def test_work_runs_after_the_answer_and_in_the_context_of_its_request(kind: str) -> None:
    events: list[str] = []

    def work() -> None:
        events.append(word.get())

    async def chunks() -> AsyncIterator[str]:
        yield "a"
        events.append("last chunk")

    async def awaited(response: Response) -> Response:
        await asyncio.sleep(0)
        return response

    def answer(request: Request, platform: Platform) -> Response | Awaitable[Response]:
        word.set("of the request")
        platform.wait_until(work)
        response = Response(chunks() if kind == "stream" else "a")
        return awaited(response) if kind == "awaited" else response

    async def main(isolate: Isolate) -> None:
        native = await isolate.fetch()
        events.append("answered")
        assert await body_of(native) == b"a"
        await isolate.settle()

    run(Application(answer), main)

    streamed = ["last chunk"] if kind == "stream" else []
    assert events == ["answered", *streamed, "of the request"]


def test_work_that_fails_is_reported_and_the_rest_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []

    async def failing() -> None:
        raise LookupError("the work")

    def answer(request: Request, platform: Platform) -> Response:
        platform.wait_until(failing())
        platform.wait_until(lambda: done.append("second"))
        return Response("a")

    async def main(isolate: Isolate) -> None:
        await isolate.fetch()
        await isolate.settle()

    run(Application(answer), main)

    assert done == ["second"]
    assert "the work" in caplog.text


# The whole, with a real application


def test_a_portico_answers_with_its_resources() -> None:
    app = Portico()

    @app.resource
    async def database() -> AsyncIterator[str]:
        yield "database"

    @app.get("/{name}")
    async def read(ctx: Context, name: str, source: str = use(database)) -> dict[str, str]:
        return {"name": name, "source": source, "runtime": ctx.platform.runtime.name}

    async def main(isolate: Isolate) -> None:
        assert await body_of(await isolate.fetch("/x")) == (
            b'{"name":"x","source":"database","runtime":"cloudflare"}'
        )
        assert (await isolate.fetch("/x", "DELETE")).status == 405

    run(app, main)


def test_options_reach_the_platform() -> None:
    seen: list[Options] = []

    def answer(request: Request, platform: Platform) -> Response:
        assert isinstance(platform, WorkerPlatform)
        seen.append(platform.options)
        return Response(platform.root_path)

    async def main() -> None:
        with installed() as world:
            isolate = Isolate(Worker(Application(answer), root_path="/api", strict=True), world)
            assert await body_of(await isolate.fetch("/api/x")) == b"/api"
        assert seen[0].strict

    asyncio.run(main())


def test_a_body_that_synchronous_code_cannot_wait_for_is_read_whole_before() -> None:
    app = Portico()

    @app.post("/")
    def count(body: Iterator[bytes]) -> list[int]:  # pyright: ignore[reportUnusedFunction]
        return [len(chunk) for chunk in body]

    def upload(*parts: bytes) -> ReadableStream:
        waiting = [Uint8Array(part) for part in parts]

        def pull(controller: Controller) -> None:
            if waiting:
                controller.enqueue(waiting.pop(0))
            else:
                controller.close()

        return ReadableStream(JsObject(pull=pull), 0)

    async def main() -> None:
        with installed() as world:
            isolate = Isolate(Worker(app, max_body_size=6), world)
            answer = await isolate.fetch("/", "POST", upload(b"abc", b"def"))
            assert await body_of(answer) == b"[6]"
            answer = await isolate.fetch("/", "POST", upload(b"abc", b"defg"))
            assert answer.status == 413

    asyncio.run(main())
