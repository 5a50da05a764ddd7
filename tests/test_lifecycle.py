"""The events of a request: their order, where their hooks run, and what is left when they are done.

What a client sees of them on every runtime, the conformance suite holds to.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import anyio
import pytest

from event_platforms import (
    Answer,
    Colour,
    LoopPlatform,
    Setting,
    ThreadPlatform,
    ask,
    coloured,
    coloured_with_value,
    in_each_colour,
    in_each_setting,
)
from portico import (
    BodyLimits,
    Context,
    DefinitionError,
    Headers,
    Hooks,
    HTTPError,
    Portico,
    Request,
    Response,
    status,
)
from portico.contract import NativeRequest

OF_CONTEXT = ("request", "before_parse", "transform", "before_handle")
OF_VALUE = ("parse", "after_handle", "map_response", "after_response", "error")
on_each_platform = pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])


def hook(event: str, colour: Colour, call: Callable[[], object]) -> Callable[..., Any]:
    """A hook of an event, which does not look at what it is given."""
    if event in OF_CONTEXT:
        return coloured(colour, lambda ctx: call())
    return coloured_with_value(colour, lambda ctx, value: call())


def post(path: str = "/", body: bytes = b"[1]", kind: str = "application/json") -> Request:
    headers = {"content-type": kind}
    return Request(f"http://app.test{path}", method="POST", body=body, headers=headers)


# Order


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("event", [*OF_CONTEXT[1:], *OF_VALUE])
def test_the_hooks_of_an_event_run_from_the_outermost_to_those_of_the_route(
    setting: Setting, colour: Colour, event: str
) -> None:
    app, plugin, ran = setting.app(), setting.app(), list[str]()

    def named(name: str) -> Any:
        return hook(event, colour, lambda: ran.append(name))

    def handler(ctx: Context, body: Any) -> str:
        if event == "error":
            raise HTTPError(418)
        return "text"

    def options(*names: str) -> dict[str, Any]:
        return {event: [named(name) for name in names]}

    getattr(app, event)(named("app"))
    getattr(plugin, event)(named("plugin"))
    outer = plugin.group("/outer", **options("group-1", "group-2"))
    getattr(outer, event)(named("in the group"))
    inner = outer.guard(Hooks(**options("guard's hooks")), **options("guard"))
    inner.post("/inner", handler, Hooks(**options("hooks-1", "hooks-2")), **options("route"))
    getattr(plugin, event)(named("too late"))
    app.use(plugin)

    setting.ask(app, post("/outer/inner"))

    assert ran == [
        "app",
        "plugin",
        "group-1",
        "group-2",
        "in the group",
        "guard",
        "guard's hooks",
        "route",
        "hooks-1",
        "hooks-2",
    ]


@in_each_setting
@in_each_colour
def test_request_hooks_of_every_part_run_for_the_whole_application(
    setting: Setting, colour: Colour
) -> None:
    app, plugin, inner, ran = setting.app(), setting.app(), setting.app(), list[str]()
    app.get("/", "text")
    app.request(hook("request", colour, lambda: ran.append("app")))
    plugin.request(hook("request", colour, lambda: ran.append("plugin")))
    inner.request(hook("request", colour, lambda: ran.append("inner")))
    plugin.group("/group").use(inner)
    app.use(plugin)

    for path, code in [("/", 200), ("/nothing", 404)]:
        ran.clear()
        assert setting.ask(app, Request(f"http://app.test{path}")).status == code
        assert ran == ["app", "plugin", "inner"]


@in_each_setting
def test_a_request_that_is_malformed_has_no_request_hooks(setting: Setting) -> None:
    app, ran = setting.app(), list[str]()
    app.request(hook("request", "sync", lambda: ran.append("request")))

    assert setting.ask(app, Request("http://app.test/%zz")).status == 400
    assert ran == []


@in_each_setting
@in_each_colour
def test_transforms_and_derives_are_one_queue_and_so_are_before_handle_and_resolve(
    setting: Setting, colour: Colour
) -> None:
    app, ran = setting.app(), list[str]()
    for event in ("resolve", "before_handle", "derive", "transform") * 2:

        def run(ctx: Context, event: str = event) -> None:
            ran.append(event)

        getattr(app, event)(coloured(colour, run))
    app.get("/", "text")

    assert setting.ask(app).status == 200
    early, late = ["derive", "transform"] * 2, ["resolve", "before_handle"] * 2
    assert ran == [*early, *late]


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("value", [False, 0, "", [], {}, 0.0])
def test_a_value_that_is_false_is_a_value(setting: Setting, colour: Colour, value: object) -> None:
    asked: list[str] = []
    for event in ("request", "before_parse", "before_handle", "after_handle", "map_response"):
        app = setting.app()
        getattr(app, event)(hook(event, colour, lambda: value))
        getattr(app, event)(hook(event, colour, lambda: asked.append("another")))
        app.get("/", lambda: "handler")

        assert setting.ask(app).body != b"handler"
        assert asked == []


@in_each_setting
def test_after_handle_is_given_the_none_of_a_handler(setting: Setting) -> None:
    app, seen = setting.app(), list[object]()
    app.after_handle(coloured_with_value("sync", lambda ctx, value: seen.append(value)))

    @app.get("/")
    def nothing() -> None:
        return None

    assert setting.ask(app)[:2] == (204, b"")
    assert seen == [None]


@in_each_setting
def test_a_transform_changes_the_parameters_of_the_path(setting: Setting) -> None:
    app = setting.app()

    @app.transform
    def rename(ctx: Context) -> None:
        ctx.params = {"id": ctx.params["id"].removeprefix("user-")}

    @app.get("/{id}")
    def show(id: int) -> int:
        return id

    assert setting.ask(app, Request("http://app.test/user-3")).body == b"3"


@in_each_setting
@in_each_colour
def test_an_early_answer_leaves_what_was_entered_before_it(
    setting: Setting, colour: Colour
) -> None:
    app, ran = setting.app(), list[str]()

    @app.derive
    def opened() -> Iterator[int]:
        ran.append("entered")
        try:
            yield 1
        except HTTPError as error:
            ran.append(f"{error.status}")
            raise
        ran.append("left")

    app.before_handle(hook("before_handle", colour, lambda: status(202, "early")))

    @app.resolve
    def never() -> Iterator[int]:
        ran.append("never")
        yield 1

    app.get("/", "text")

    assert setting.ask(app)[:2] == (202, b"early")
    assert ran == ["entered", "left"]


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("event", ["derive", "resolve"])
@pytest.mark.parametrize("yields", [True, False])
def test_a_refusal_is_no_value_of_a_key(
    setting: Setting, colour: Colour, event: str, yields: bool
) -> None:
    app, left = setting.app(), list[str]()

    def made(ctx: Context) -> object:
        return status(401)

    def yielded(ctx: Context) -> Iterator[object]:
        try:
            yield status(401)
        finally:
            left.append("left")

    async def yielded_async(ctx: Context) -> AsyncIterator[object]:
        try:
            yield status(401)
        finally:
            left.append("left")

    if yields:
        getattr(app, event)(yielded_async if colour == "async" else yielded)
    else:
        getattr(app, event)(coloured(colour, made))
    app.get("/", lambda: "the secret")

    found = setting.ask(app)

    assert found.status == 500
    (error,) = found.reports
    assert isinstance(error, DefinitionError)
    assert "raise `HTTPError(status, ...)`" in str(error)
    assert left == ["left"] * yields


# Where hooks run


@pytest.mark.parametrize(
    ("colours", "offloaded"),
    [
        ("ss-s-ss", 2),  # what stands in front of the value of the handler, and what comes after
        ("sa-s-ss", 3),
        ("aa-s-aa", 1),
        ("aa-a-aa", 0),
        ("as-a-sa", 2),
        ("ss-a-ss", 2),
    ],
)
@pytest.mark.parametrize("traced", [False, True])
def test_consecutive_hooks_that_may_block_leave_the_loop_together(
    colours: str, offloaded: int, traced: bool
) -> None:
    before, handler, after = colours.split("-")
    names: dict[str, Colour] = {"a": "async", "s": "sync"}
    app, threads = Portico(), list[tuple[str, int]]()
    if traced:
        app.trace(coloured_with_value("sync", lambda ctx, span: None))

    def at(letter: str) -> Callable[[], None]:
        return lambda: threads.append((letter, threading.get_ident()))

    for letter in before:
        app.before_handle(hook("before_handle", names[letter], at(letter)))
    for letter in after:
        app.after_handle(hook("after_handle", names[letter], at(letter)))
    app.get("/", hook("before_handle", names[handler], at(handler)))

    found = ask(app, LoopPlatform())

    assert (found.status, found.offloaded) == (200, offloaded)
    assert "".join(letter for letter, _ in threads) == before + handler + after
    here = threading.get_ident()
    assert [thread == here for _, thread in threads] == [letter == "a" for letter, _ in threads]


@in_each_setting
def test_hooks_may_be_any_callable(setting: Setting) -> None:
    app, ran = setting.app(), list[str]()

    class Check:
        def __call__(self, ctx: Context) -> None:
            ran.append("object")

        async def method(self, ctx: Context) -> None:
            await anyio.sleep(0)
            ran.append("method")

    class CheckAsync:
        async def __call__(self, ctx: Context) -> None:
            await anyio.sleep(0)
            ran.append("asynchronous object")

    def named(name: str, ctx: Context) -> None:
        ran.append(name)

    app.before_handle(Check())
    app.before_handle(Check().method)
    app.before_handle(CheckAsync())
    app.before_handle(partial(named, "partial"))
    app.get("/", "text")

    assert setting.ask(app).status == 200
    assert ran == ["object", "method", "asynchronous object", "partial"]


def takes_nothing() -> None: ...
def takes_one(ctx: Context) -> None: ...
def takes_two(ctx: Context, value: object) -> None: ...
def takes_three(ctx: Context, value: object, more: object) -> None: ...
def takes_one_by_name(*, ctx: Context) -> None: ...


WRONG: list[tuple[str, Any]] = [
    ("before_handle", takes_nothing),
    ("before_handle", takes_two),
    ("after_handle", takes_one),
    ("map_response", takes_three),
    ("error", takes_one),
    ("parse", takes_one),
    ("after_response", takes_one),
    ("request", takes_nothing),
    ("transform", takes_one_by_name),
]


@pytest.mark.parametrize(("event", "wrong"), WRONG)
def test_a_hook_that_cannot_be_called_is_found_before_a_request(event: str, wrong: Any) -> None:
    app = Portico()
    getattr(app, event)(wrong)
    app.get("/", "text")

    with pytest.raises(DefinitionError, match=f"hook of '{event}'"):
        app.check()


# Bodies


class Arriving(NativeRequest):
    """A request whose body arrives on the loop, and counts when it is asked for."""

    __slots__ = ("fields", "pulled")

    def __init__(self, body: bytes, kind: str = "application/json") -> None:
        self.fields = {"content-type": kind}
        self.pulled = 0
        super().__init__("POST", "/", "", self._source_of(body), BodyLimits(1000, 1000, None))

    async def _source_of(self, body: bytes) -> AsyncIterator[bytes]:
        self.pulled += 1
        await anyio.sleep(0)
        yield body

    def _read_headers(self) -> Headers:
        return Headers(self.fields)

    def _read_host(self) -> str:
        return "app.test"

    def _read_scheme(self) -> str:
        return "http"


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("event", ["request", "before_parse"])
def test_an_answer_before_the_body_is_parsed_reads_none_of_it(
    setting: Setting, colour: Colour, event: str
) -> None:
    app = setting.app()
    getattr(app, event)(hook(event, colour, lambda: status(401)))
    app.parse(hook("parse", colour, lambda: None))

    @app.post("/")
    def take(body: bytes) -> bytes:
        return body

    request = Arriving(b"secret")

    assert setting.ask(app, request).status == 401
    assert request.pulled == 0


@on_each_platform
@pytest.mark.parametrize("blocking", [True, False])
def test_synchronous_code_reads_a_body_that_no_parser_reads(
    kind: type[LoopPlatform], blocking: bool
) -> None:
    app = Portico()
    seen: list[object] = []

    @app.post("/", parse="none", blocking=blocking)
    def take(ctx: Context) -> str:
        seen.append(ctx.body)
        return ctx.request.sync.text()

    found = ask(app, kind(), post(body=b"{not json"))

    assert (found.status, found.body, seen) == (200, b"{not json", [None])
    if kind is LoopPlatform and not blocking:
        assert ask(app, kind(), Arriving(b"{not json")).body == b"{not json"


def test_asynchronous_code_finds_a_body_that_no_parser_reads_still_arriving() -> None:
    app, request = Portico(), Arriving(b"{not json")
    before: list[int] = []

    @app.post("/", parse="none")
    async def take(ctx: Context) -> str:
        before.append(request.pulled)
        return await ctx.request.text()

    assert ask(app, LoopPlatform(), request).body == b"{not json"
    assert before == [0]


@in_each_setting
@pytest.mark.parametrize("made", [status(415), Response("no"), status(200, {"a": 1})])
def test_an_answer_is_no_body(setting: Setting, made: object) -> None:
    for colour in ("sync", "async"):
        app = setting.app()
        app.parse(hook("parse", colour, lambda: made))
        app.post("/", lambda: "never")

        @app.post("/any")
        def take(body: Any) -> str:
            return "never"

        (error,) = setting.ask(app, post("/any")).reports
        assert isinstance(error, DefinitionError)
        assert "raise `HTTPError" in str(error)


# After the answer


@in_each_setting
@in_each_colour
def test_hooks_after_the_answer_run_in_order_and_each_failure_is_reported(
    setting: Setting, colour: Colour
) -> None:
    app, ran = setting.app(), list[str]()

    def fail(name: str) -> None:
        ran.append(name)
        raise LookupError(name)

    for name in ("first", "second"):
        app.after_response(hook("after_response", colour, partial(fail, name)))
    app.after_response(hook("after_response", colour, lambda: ran.append("third")))
    app.get("/", "text")

    found = setting.ask(app)

    assert found[:2] == (200, b"text")
    assert ran == ["first", "second", "third"]
    assert [str(error) for error in found.reports] == ["first", "second"]


@in_each_setting
@in_each_colour
def test_a_hook_after_the_answer_sees_the_answer_that_is_sent(
    setting: Setting, colour: Colour
) -> None:
    app, seen = setting.app(), list[tuple[int, str | None]]()
    app.after_response(
        coloured_with_value(
            colour, lambda ctx, answer: seen.append((answer.status, answer.headers.get("x-a")))
        )
    )

    @app.get("/")
    def show(ctx: Context) -> str:
        ctx.set.status = 203
        ctx.set.headers.set("x-a", "1")
        return "text"

    @app.get("/fails")
    def fails() -> str:
        raise KeyError

    assert setting.ask(app).status == 203
    assert setting.ask(app, Request("http://app.test/fails")).status == 500
    assert setting.ask(app, Request("http://app.test/nothing")).status == 404
    assert seen == [(203, "1"), (500, None), (404, None)]


@in_each_setting
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_hook_after_a_stream_runs_when_that_was_sent(
    setting: Setting, asynchronous: bool
) -> None:
    app, ran = setting.app(), list[str]()
    app.after_response(hook("after_response", "sync", lambda: ran.append("after")))

    def values() -> Iterator[str]:
        yield "a"
        ran.append("last")

    async def values_async() -> AsyncIterator[str]:
        yield "a"
        ran.append("last")

    app.get("/", values_async if asynchronous else values)

    assert setting.ask(app).body == b"a"
    assert ran == ["last", "after"]


# One application, many requests


@in_each_setting
@in_each_colour
def test_requests_at_once_do_not_mix(setting: Setting, colour: Colour) -> None:
    app = setting.app()

    def mark(ctx: Context) -> None:
        ctx.set.headers.append("x-path", ctx.path)

    for event in OF_CONTEXT:
        getattr(app, event)(coloured(colour, mark))
    app.after_handle(coloured_with_value(colour, lambda ctx, value: f"{ctx.path} {value}"))

    @app.get("/{name}")
    async def show(name: str) -> str:
        await anyio.sleep(0)
        return name

    async def run() -> list[tuple[bytes, list[str]]]:
        found: dict[int, tuple[bytes, list[str]]] = {}

        async def one(number: int) -> None:
            platform = setting.kind()
            request = Request(f"http://app.test/{number}")
            answer = app.handle(request, platform, app.start(platform))
            response = answer if isinstance(answer, Response) else await answer
            assert isinstance(response.content, bytes)
            found[number] = (response.content, response.headers.get_all("x-path"))

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(one, number)
        return [found[number] for number in range(20)]

    assert anyio.run(run, backend=setting.backend) == [
        (f"/{number} {number}".encode(), [f"/{number}"] * 4) for number in range(20)
    ]


@on_each_platform
def test_compiling_early_changes_no_answer(kind: type[LoopPlatform]) -> None:
    def made() -> Portico:
        app = Portico()
        app.request(coloured("sync", lambda ctx: "early" if ctx.query.has("early") else None))
        app.map_response(coloured_with_value("sync", lambda ctx, value: f"mapped {value}"))
        app.get("/", lambda: "text", before_handle=lambda ctx: None)
        return app

    late, early = made(), made()
    early.compile()

    def answers(app: Portico) -> list[Answer]:
        urls = ("/", "/?early=1", "/nothing")
        return [ask(app, kind(), Request(f"http://app.test{url}")) for url in urls]

    assert [each[:2] for each in answers(early)] == [each[:2] for each in answers(late)]
    assert [each.body for each in answers(early)[:2]] == [b"mapped text", b"mapped early"]
