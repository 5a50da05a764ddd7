"""The runtime of our own, in front of a Runtime API that sees each byte when it arrives."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from threading import Event as Signal
from threading import Thread, current_thread
from threading import enumerate as enumerate_threads
from types import ModuleType
from typing import Any

import pytest

import service_events as documents
from portico import Context, DefinitionError, Portico, QueueMessage, Response, sse, status
from portico.contract import EMULATED, NATIVE, Capability
from portico_conformance._lambda_events import Shape, to_event
from portico_conformance._wire import WireRequest
from portico_lambda import Lambda, LambdaRaw, RuntimeApiError
from portico_lambda._runtime_api import RuntimeApi
from portico_lambda._runtime_context import InvocationContext
from portico_lambda._runtime_loop import answer_one, loaded, serve
from runtime_api import LIMIT, Post, StubRuntimeApi

END = bytes(8)


def event(target: str = "/", shape: Shape = "url", method: str = "GET") -> Any:
    return to_event(shape, WireRequest(method, target, [("Host", "shop.example")]))


@pytest.fixture
def stub() -> Iterator[StubRuntimeApi]:
    with StubRuntimeApi() as api:
        yield api


class Runs:
    """The loop around an application, in a thread, for as long as there are invocations."""

    def __init__(
        self, app: Portico, stub: StubRuntimeApi, *, streams: bool = True, **options: Any
    ) -> None:
        self._handler = Lambda(app, **options)
        self._api = RuntimeApi(stub.address)
        self._stub = stub
        self._streams = streams
        self._thread = Thread(target=self._run)

    def _run(self) -> None:
        try:
            while True:
                answer_one(self._handler, self._api, streams=self._streams)
        except RuntimeApiError:
            self._handler.close()
            self._api.reconnect()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._stub.invocations.put(None)
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()


def streamed(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Prelude and body."""
    head, end, body = data.partition(END)
    assert end
    return json.loads(head), body


# Streams


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_the_first_byte_leaves_before_the_last_chunk_is_made(
    stub: StubRuntimeApi, colour: str
) -> None:
    arrived = Signal()
    app = Portico()

    def sync() -> Iterator[str]:
        yield "first"
        assert arrived.wait(LIMIT)
        yield "last"

    async def asynchronous() -> AsyncIterator[str]:
        yield "first"
        assert await asyncio.to_thread(arrived.wait, LIMIT)
        yield "last"

    app.get("/", sync if colour == "sync" else asynchronous)
    stub.invoke(event())
    with Runs(app, stub):
        post = stub.post()
        head = next(post.chunks)
        first = next(post.chunks)
        arrived.set()
        rest = post.body()

    assert (streamed(head)[0]["statusCode"], first, rest) == (200, b"first", b"last")
    assert post.path == "/invocation/id-1/response"
    assert post.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert post.headers["content-type"] == "application/vnd.awslambda.http-integration-response"


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_stream_that_raises_midway_ends_with_the_error_in_its_trailers(
    stub: StubRuntimeApi, colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Portico()

    def sync() -> Iterator[str]:
        yield "first"
        raise LookupError("no more of it")

    async def asynchronous() -> AsyncIterator[str]:
        yield "first"
        raise LookupError("no more of it")

    app.get("/", sync if colour == "sync" else asynchronous)
    stub.invoke(event())
    with Runs(app, stub):
        post = stub.post()
        _, body = streamed(post.body())

    report = json.loads(b64decode(post.trailers["lambda-runtime-function-error-body"]))
    assert body == b"first"
    assert post.trailers["lambda-runtime-function-error-type"] == "LookupError"
    assert (report["errorType"], report["errorMessage"]) == ("LookupError", "no more of it")
    assert [record.getMessage() for record in caplog.records] == ["GET / failed in its stream"]


def test_a_whole_stream_has_no_error_in_its_trailers(stub: StubRuntimeApi) -> None:
    app = Portico()

    @app.get("/")
    def numbers() -> Iterator[bytes]:  # pyright: ignore[reportUnusedFunction]
        yield from (b"1", b"2", b"3")

    stub.invoke(event())
    with Runs(app, stub):
        post = stub.post()
        _, body = streamed(post.body())

    assert (body, post.trailers) == (b"123", {})


def test_a_silent_event_stream_is_kept_alive(stub: StubRuntimeApi) -> None:
    go_on = Signal()
    app = Portico()

    @app.get("/")
    async def events() -> Any:  # pyright: ignore[reportUnusedFunction]
        async def source() -> AsyncIterator[str]:
            yield "one"
            assert await asyncio.to_thread(go_on.wait, LIMIT)
            yield "two"

        return sse(source(), keep_alive=0.01)

    stub.invoke(event())
    with Runs(app, stub):
        post = stub.post()
        begun = [next(post.chunks) for _ in range(4)]
        go_on.set()
        rest = post.body()

    assert begun[1:] == [b":\n\n", b"data: one\n\n", b":\n\n"]
    assert rest.endswith(b"data: two\n\n")


@pytest.mark.parametrize("shape", ["url", "rest"])
def test_a_whole_answer_leaves_as_prelude_and_body_in_one_chunk(
    stub: StubRuntimeApi, shape: Shape
) -> None:
    app = Portico()
    fields = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("vary", "x"), ("vary", "y")]
    app.get("/", lambda: Response(b"\xff\x00", headers=[*fields, ("content-type", "image/png")]))
    stub.invoke(event(shape=shape))
    with Runs(app, stub):
        chunks = list(stub.post().chunks)

    prelude, body = streamed(chunks[0])
    assert (len(chunks), body) == (1, b"\xff\x00")
    if shape == "url":
        assert prelude["cookies"] == ["a=1", "b=2"]
        assert prelude["headers"]["vary"] == "x, y"
        assert "multiValueHeaders" not in prelude
    else:
        assert prelude["multiValueHeaders"]["set-cookie"] == ["a=1", "b=2"]
        assert prelude["multiValueHeaders"]["vary"] == ["x", "y"]
        assert prelude.keys() == {"statusCode", "multiValueHeaders"}


@pytest.mark.parametrize(
    ("method", "code"), [("HEAD", 200), ("GET", 204)], ids=["head", "no-content"]
)
def test_an_answer_without_a_body_is_a_prelude_alone(
    stub: StubRuntimeApi, method: str, code: int
) -> None:
    app = Portico()
    app.get("/", lambda: status(code, None if code == 204 else "hello"))
    stub.invoke(event(method=method))
    with Runs(app, stub):
        prelude, body = streamed(stub.post().body())

    assert (prelude["statusCode"], body) == (code, b"")


def test_an_error_before_the_first_chunk_is_an_answer_of_500(stub: StubRuntimeApi) -> None:
    app = Portico()

    @app.get("/")
    def broken() -> Iterator[str]:  # pyright: ignore[reportUnusedFunction]
        yield from (text for text in [str(1 // 0)])

    stub.invoke(event())
    with Runs(app, stub):
        post = stub.post()
        prelude, _ = streamed(post.body())

    assert (prelude["statusCode"], post.trailers) == (500, {})


def test_an_event_that_cannot_be_read_is_an_answer_of_400(stub: StubRuntimeApi) -> None:
    faulty = event()
    faulty["headers"] = "none"
    stub.invoke(faulty)
    with Runs(Portico(), stub):
        prelude, _ = streamed(stub.post().body())

    assert prelude["statusCode"] == 400


def test_work_that_is_left_runs_behind_the_last_byte_and_before_the_end(
    stub: StubRuntimeApi,
) -> None:
    arrived, done = Signal(), Signal()
    app = Portico()

    def work() -> None:
        assert arrived.wait(LIMIT)
        done.set()

    @app.get("/")
    def hello(ctx: Context) -> str:  # pyright: ignore[reportUnusedFunction]
        ctx.platform.wait_until(work)
        return "hello"

    stub.invoke(event())
    with Runs(app, stub):
        post = stub.post()
        _, body = streamed(next(post.chunks))
        arrived.set()
        assert list(post.chunks) == []

    assert body == b"hello"
    assert done.is_set()


def test_a_start_that_fails_is_an_answer_of_500_and_is_tried_again(stub: StubRuntimeApi) -> None:
    app = Portico()
    failures = [LookupError("not yet")]

    @app.resource
    def fragile() -> int:  # pyright: ignore[reportUnusedFunction]
        if failures:
            raise failures.pop()
        return 1

    app.get("/", "hello")
    codes: list[int] = []
    with Runs(app, stub):
        for _ in range(2):
            stub.invoke(event())
            codes.append(streamed(stub.post().body())[0]["statusCode"])

    assert codes == [500, 200]


# What is sent whole


@pytest.mark.parametrize(
    ("shape", "streams"), [("http", True), ("alb", True), ("url", False), ("rest", False)]
)
def test_an_answer_is_whole_where_the_service_takes_no_stream(
    stub: StubRuntimeApi, shape: Shape, streams: bool
) -> None:
    app = Portico()
    seen: list[object] = []

    @app.get("/")
    async def numbers(ctx: Context) -> AsyncIterator[str]:  # pyright: ignore[reportUnusedFunction]
        seen.append(ctx.platform.capabilities[Capability.STREAM_RESPONSE])
        yield "1"
        yield "2"

    stub.invoke(event(shape=shape))
    with Runs(app, stub, streams=streams):
        post = stub.post()
        result = json.loads(post.body())

    assert "lambda-runtime-function-response-mode" not in post.headers
    assert (result["statusCode"], result["body"]) == (200, "12")
    assert seen == [EMULATED]


def test_streams_are_native_where_they_leave_piece_by_piece(stub: StubRuntimeApi) -> None:
    app = Portico()

    @app.get("/seen")
    def support(ctx: Context) -> str:  # pyright: ignore[reportUnusedFunction]
        return ctx.platform.capabilities[Capability.STREAM_RESPONSE].value

    stub.invoke(event("/seen"))
    with Runs(app, stub):
        _, body = streamed(stub.post().body())

    assert body.decode() == NATIVE.value


def test_an_event_that_is_no_request_has_the_result_of_its_handler(stub: StubRuntimeApi) -> None:
    app = Portico()

    @app.on("sqs")
    async def handle(message: QueueMessage[int]) -> None:  # pyright: ignore[reportUnusedFunction]
        await asyncio.sleep(0)
        assert message.body != 2

    stub.invoke(documents.sqs(1, 2))
    with Runs(app, stub):
        post = stub.post()
        result = json.loads(post.body())

    assert post.path == "/invocation/id-1/response"
    assert result == {"batchItemFailures": [{"itemIdentifier": "m2"}]}


# The invocation


def test_a_handler_has_the_context_the_deadline_and_the_trace_of_the_invocation(
    stub: StubRuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "of an invocation before")
    app = Portico()

    @app.get("/")
    def seen(ctx: Context) -> dict[str, object]:  # pyright: ignore[reportUnusedFunction]
        raw = ctx.platform.raw(LambdaRaw).context
        return {
            "id": raw.aws_request_id,
            "name": raw.function_name,
            "arn": raw.invoked_function_arn,
            "identity": raw.identity.cognito_identity_id,
            "custom": raw.client_context.custom,
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            "deadline": ctx.platform.deadline,
        }

    stub.invoke(
        event(),
        Lambda_Runtime_Deadline_Ms="1",
        Lambda_Runtime_Trace_Id="Root=1-2",
        Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:eu-west-1:1:function:shop",
        Lambda_Runtime_Cognito_Identity='{"cognitoIdentityId": "who"}',
        Lambda_Runtime_Client_Context='{"custom": {"a": 1}}',
    )
    with Runs(app, stub):
        first = json.loads(streamed(stub.post().body())[1])

    assert first.pop("deadline") > 0
    assert first == {
        "id": "id-1",
        "name": "shop",
        "arn": "arn:aws:lambda:eu-west-1:1:function:shop",
        "identity": "who",
        "custom": {"a": 1},
        "trace": "Root=1-2",
    }


def test_a_trace_id_is_gone_with_its_invocation(
    stub: StubRuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "of an invocation before")
    app = Portico()
    app.get("/", lambda: os.environ.get("_X_AMZN_TRACE_ID", "none"))
    stub.invoke(event())
    with Runs(app, stub):
        _, body = streamed(stub.post().body())

    assert body == b"none"


@pytest.mark.parametrize(
    ("payload", "kind"), [({"a": 1}, "EventError"), ([], "EventError"), (None, "EventError")]
)
def test_an_event_that_nobody_handles_fails_the_invocation_and_the_next_one_is_taken(
    stub: StubRuntimeApi, payload: object, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Portico()
    app.get("/", "hello")
    stub.invoke(payload)
    stub.invoke(event())
    with Runs(app, stub):
        failed = stub.post()
        report = json.loads(failed.body())
        _, body = streamed(stub.post().body())

    assert failed.path == "/invocation/id-1/error"
    assert failed.headers["lambda-runtime-function-error-type"] == kind
    assert report["errorType"] == kind
    assert report["stackTrace"]
    assert body == b"hello"
    assert [record.getMessage() for record in caplog.records] == ["invocation id-1 failed"]


def test_an_error_of_any_name_and_text_can_be_told(stub: StubRuntimeApi) -> None:
    class Ошибка(Exception):  # noqa: N818 - as somebody may name it
        def __str__(self) -> str:
            raise LookupError

    api = RuntimeApi(stub.address)
    api.fail("id-1", Ошибка())
    api.reconnect()
    post = stub.post()

    assert post.headers["lambda-runtime-function-error-type"] == "??????"
    assert json.loads(post.body())["errorMessage"] == "(its text raised LookupError)"


def test_an_answer_that_the_runtime_api_refuses_is_reported_and_the_next_one_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Portico()
    app.get("/", "hello")
    with StubRuntimeApi(status=413) as stub:
        for _ in range(2):
            stub.invoke(event())
        with Runs(app, stub):
            bodies = [streamed(stub.post().body())[1] for _ in range(2)]

    assert bodies == [b"hello", b"hello"]
    assert [record.getMessage() for record in caplog.records] == ["an answer could not be sent"] * 2


def test_a_context_without_a_deadline_has_the_longest_that_lambda_gives() -> None:
    from email.message import Message

    context = InvocationContext(Message())

    assert 890_000 < context.get_remaining_time_in_millis() <= 900_000


# Initialization


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of the function, `shop`."""
    made = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", made)
    return made


@pytest.mark.parametrize("target", ["shop:app", "shop.app", "shop:made.app", "shop:handler"])
def test_a_function_is_an_application_or_a_lambda_of_one(module: Any, target: str) -> None:
    module.app = Portico()
    module.made = module
    module.handler = Lambda(module.app)

    found = loaded(target)

    assert isinstance(found, Lambda)
    assert (found is module.handler) is (target == "shop:handler")


@pytest.mark.parametrize(
    "target", ["shop", "shop:", ":app", "shop:missing", "shop:text", "shop.a.b"]
)
def test_a_function_that_is_nothing_of_the_kind_is_refused(module: Any, target: str) -> None:
    module.text = "hello"

    with pytest.raises((DefinitionError, ImportError)):
        loaded(target)


def test_an_application_that_does_not_start_is_an_error_of_the_initialization(
    stub: StubRuntimeApi, module: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = module.app = Portico()

    @app.on_start
    def broken() -> None:  # pyright: ignore[reportUnusedFunction]
        raise LookupError("no database")

    api = RuntimeApi(stub.address)
    with pytest.raises(SystemExit) as ended:
        serve("shop:app", api)
    api.reconnect()
    post = stub.post()

    assert ended.value.code == 1
    assert post.path == "/init/error"
    assert post.headers["lambda-runtime-function-error-type"] == "Runtime.LookupError"
    assert json.loads(post.body())["errorMessage"] == "no database"
    assert [record.getMessage() for record in caplog.records] == [
        "shop:app could not be initialized"
    ]


class Hooks(ModuleType):
    """What `snapshot-restore-py` is, for those who ask it."""

    def __init__(self) -> None:
        super().__init__("snapshot_restore_py")
        self.before: list[Any] = []
        self.after: list[Any] = []

    def get_before_snapshot(self) -> list[Any]:
        return self.before

    def get_after_restore(self) -> list[Any]:
        return self.after


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    made = Hooks()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", made)
    return made


def test_a_snapshot_is_taken_between_its_hooks_and_the_application_starts_behind_it(
    stub: StubRuntimeApi, module: Any, hooks: Hooks
) -> None:
    order: list[object] = []
    module.app = Portico()
    module.app.on_start(lambda: order.append("start"))
    hooks.before += [(order.append, ("before 1",), {}), (order.append, ("before 2",), {})]
    hooks.after += [(order.append, ("after 1",), {}), (order.append, ("after 2",), {})]
    hooks.before.insert(0, (lambda: stub.restored.put(None), (), {}))
    stub.invocations.put(None)
    api = RuntimeApi(stub.address)

    with pytest.raises(RuntimeApiError):
        serve("shop:app", api)
    api.reconnect()

    assert order == ["before 2", "before 1", "after 1", "after 2", "start"]


@pytest.mark.parametrize(
    ("when", "path", "kind", "code"),
    [
        ("before", "/init/error", "Runtime.BeforeSnapshotError", 64),
        ("after", "/restore/error", "Runtime.AfterRestoreError", 65),
    ],
)
def test_a_hook_of_a_snapshot_that_fails_ends_the_runtime(
    stub: StubRuntimeApi, module: Any, hooks: Hooks, when: str, path: str, kind: str, code: int
) -> None:
    module.app = Portico()
    (hooks.before if when == "before" else hooks.after).append((int, ("x",), {}))
    stub.restored.put(None)
    api = RuntimeApi(stub.address)

    with pytest.raises(SystemExit) as ended:
        serve("shop:app", api)
    api.reconnect()
    post = stub.post()

    assert (ended.value.code, post.path) == (code, path)
    assert post.headers["lambda-runtime-function-error-type"] == kind


# The command


def test_the_command_serves_what_the_arguments_or_the_environment_name(
    stub: StubRuntimeApi, tmp_path: Path
) -> None:
    source = "from portico import Portico\napp = Portico()\napp.get('/', 'hello')\n"
    (tmp_path / "main.py").write_text(source)
    env = {**os.environ, "AWS_LAMBDA_RUNTIME_API": stub.address, "LAMBDA_TASK_ROOT": str(tmp_path)}
    for arguments, handler in ((["main:app"], "unused"), ([], "main.app")):
        command = [sys.executable, "-m", "portico_lambda", *arguments]
        stub.invoke(event())
        process = subprocess.Popen(
            command, env={**env, "_HANDLER": handler}, stderr=subprocess.DEVNULL
        )
        try:
            _, body = streamed(stub.post().body())
            stub.invocations.put(None)
            assert process.wait(LIMIT) != 0  # there is nothing more to do
        finally:
            process.kill()
            process.wait()
        assert body == b"hello"


@pytest.mark.parametrize("arguments", [[], ["main:app", "more"], ["--unknown", "main:app"]])
def test_the_command_says_how_it_is_used(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from portico_lambda.__main__ import main

    monkeypatch.delenv("_HANDLER", raising=False)
    with pytest.raises(SystemExit, match="usage"):
        main(arguments)


def test_the_command_says_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from portico_lambda.__main__ import main

    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    with pytest.raises(SystemExit, match="runtime of a Lambda function"):
        main(["main:app"])


# Time


SOON = 0.6  # seconds that an invocation has in which something hangs


def served_late(
    app: Portico,
    stub: StubRuntimeApi,
    path: str,
    *,
    seconds: float = SOON,
    then: Callable[[], object] = lambda: None,
    **options: Any,
) -> tuple[Post, bytes]:
    """What is posted of an invocation with so much time, and all of its body.

    `then` is called before the application stops.
    """
    deadline = str(int((time.time() + seconds) * 1000))
    stub.invoke(event(path), Lambda_Runtime_Deadline_Ms=deadline)
    with Runs(app, stub, **options):
        post = stub.post()
        body = post.body()
        then()
    return post, body


class Hanging:
    """Routes that block until they are released."""

    def __init__(self) -> None:
        self.app = app = Portico()
        self.release, self.over = Signal(), Signal()
        self.log: list[str] = []

        @app.get("/sync")
        def sync(ctx: Context) -> str:
            ctx.wait_until(lambda: self.log.append("work"))
            self.release.wait(LIMIT)
            self.log.append(f"aborted {ctx.request.signal.aborted}")
            self.over.set()
            return "never"

        @app.get("/stream")
        def stream(ctx: Context) -> Iterator[str]:
            try:
                yield "first"
                self.release.wait(LIMIT)
                self.log.append(f"aborted {ctx.request.signal.aborted}")
                yield "second"
            finally:
                self.log.append("closed")
                self.over.set()

        @app.get("/closing")
        def closing() -> Iterator[str]:
            try:
                yield "first"
                yield "second"
            finally:
                self.release.wait(LIMIT)
                self.over.set()

        @app.get("/async")
        async def asynchronous() -> str:
            await asyncio.sleep(LIMIT)
            return "never"

        @app.get("/offloaded")
        async def offloaded(ctx: Context) -> None:
            await ctx.platform.run_blocking(lambda: self.release.wait(LIMIT))

        @app.get("/sync-stream-of-async")
        async def sync_stream(ctx: Context) -> Iterator[str]:
            await asyncio.sleep(0)
            return stream(ctx)

        app.get("/other", lambda: "other")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.release.set()
    for thread in enumerate_threads():
        if thread.name == "portico-lambda-worker":
            thread.join(LIMIT)


@pytest.mark.parametrize("path", ["/sync", "/async", "/offloaded", "/sync-stream-of-async"])
@pytest.mark.parametrize("streams", [True, False])
def test_what_hangs_is_answered_with_504_before_the_function_is_killed(
    stub: StubRuntimeApi, hanging: Hanging, path: str, streams: bool
) -> None:
    release = hanging.release.set
    _, body = served_late(
        hanging.app, stub, path, then=release, streams=streams, deadline_margin=0.1
    )

    if streams:
        prelude, problem = streamed(body)
        if path == "/sync-stream-of-async":
            assert (prelude["statusCode"], problem) == (200, b"first")
            return
        assert prelude["statusCode"] == 504
    else:
        result = json.loads(body)
        assert result["statusCode"] == 504
        problem = result["body"].encode()
    assert json.loads(problem)["title"] == "Gateway Timeout"


def test_a_synchronous_route_is_left_behind_with_its_work_done_and_its_signal_aborted(
    stub: StubRuntimeApi, hanging: Hanging, caplog: pytest.LogCaptureFixture
) -> None:
    served_late(hanging.app, stub, "/sync", deadline_margin=0.1)
    assert hanging.log == ["work"]

    hanging.release.set()

    assert hanging.over.wait(LIMIT)
    assert hanging.log == ["work", "aborted True"]
    assert [record.getMessage() for record in caplog.records][:1] == ["GET /sync was given up"]


@pytest.mark.parametrize("path", ["/stream", "/sync-stream-of-async"])
def test_a_synchronous_stream_that_hangs_is_broken_off_and_closed_by_who_goes_on(
    stub: StubRuntimeApi, hanging: Hanging, path: str
) -> None:
    post, body = served_late(hanging.app, stub, path, deadline_margin=0.1)

    assert streamed(body)[1] == b"first"
    assert post.trailers["lambda-runtime-function-error-type"] == "OutOfTimeError"
    assert hanging.log == []
    hanging.release.set()
    assert hanging.over.wait(LIMIT)
    assert hanging.log == ["aborted True", "closed"]


def test_a_synchronous_stream_whose_end_hangs_is_broken_off(
    stub: StubRuntimeApi, hanging: Hanging
) -> None:
    post, body = served_late(hanging.app, stub, "/closing", deadline_margin=0.1)

    assert streamed(body)[1] == b"firstsecond"
    assert post.trailers["lambda-runtime-function-error-type"] == "OutOfTimeError"


def test_the_function_goes_on_after_it_has_left_something_behind(
    stub: StubRuntimeApi, hanging: Hanging
) -> None:
    deadline = str(int((time.time() + SOON) * 1000))
    stub.invoke(event("/sync"), Lambda_Runtime_Deadline_Ms=deadline)
    stub.invoke(event("/other"))
    with Runs(hanging.app, stub, deadline_margin=0.1):
        late, other = (streamed(stub.post().body()) for _ in range(2))

    assert late[0]["statusCode"] == 504
    assert (other[0]["statusCode"], other[1]) == (200, b"other")


def test_a_synchronous_stream_is_read_in_one_thread_of_its_own_with_the_option(
    stub: StubRuntimeApi,
) -> None:
    app, names = Portico(), list[str]()

    @app.get("/")
    def chunks() -> Iterator[str]:  # pyright: ignore[reportUnusedFunction]
        try:
            for _ in range(3):
                names.append(current_thread().name)
                yield "a"
        finally:
            names.append(current_thread().name)

    _, body = served_late(app, stub, "/", seconds=2 * LIMIT, deadline_margin=0.1)

    assert streamed(body)[1] == b"aaa"
    assert names == ["portico-lambda-worker"] * 4


def test_without_the_option_a_synchronous_route_stays_in_the_thread_of_the_runtime(
    stub: StubRuntimeApi,
) -> None:
    app = Portico()
    app.get("/", lambda: current_thread().name)

    _, body = served_late(app, stub, "/", seconds=2 * LIMIT)

    assert streamed(body)[1] != b"portico-lambda-worker"
