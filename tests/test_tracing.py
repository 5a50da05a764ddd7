"""Spans: of which events and functions there are any, when they begin and end, and with what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from event_platforms import (
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
    Context,
    DefinitionError,
    HTTPError,
    Portico,
    Request,
    Response,
    Span,
    status,
    use,
)


def traced(app: Portico) -> list[str]:
    """What a trace hook hears: `+name`, `-name`, `-name!Error`; `event/name` for a function."""
    heard: list[str] = []

    @app.trace
    def hear(ctx: Context, span: Span) -> None:
        name = span.name if span.parent is None else f"{span.parent.name}/{span.name}"
        heard.append(f"+{name}")
        assert (span.end, span.elapsed, span.error) == (None, None, None)

        def end(ended: Span) -> None:
            assert ended is span
            assert ended.end is not None
            assert ended.elapsed == ended.end - ended.begin
            failed = "" if ended.error is None else f"!{type(ended.error).__name__}"
            heard.append(f"-{name}{failed}")

        span.on_end(end)

    return heard


def pairs(*names: str) -> list[str]:
    """Spans of an event with the functions in it, none of which failed."""
    event, *functions = names
    inner = [f"{sign}{event}/{function}" for function in functions for sign in "+-"]
    return [f"+{event}", *inner, f"-{event}"]


def named(name: str, fn: Any) -> Any:
    fn.__name__ = name
    return fn


@in_each_setting
@in_each_colour
def test_the_events_of_a_request_have_spans_in_their_order(
    setting: Setting, colour: Colour
) -> None:
    app = setting.app()
    heard = traced(app)

    def nothing(ctx: Context, value: object = None) -> None:
        return None

    for event in ("request", "before_parse", "transform", "before_handle"):
        getattr(app, event)(named(f"a_{event}", coloured(colour, nothing)))
    for event in ("parse", "after_handle", "map_response"):
        getattr(app, event)(named(f"a_{event}", coloured_with_value(colour, nothing)))
    app.derive(named("a_derive", coloured(colour, nothing)))
    app.resolve(named("a_resolve", coloured(colour, nothing)))

    def handler(ctx: Context, body: int, page: int = 0) -> str:
        return "text"

    app.post("/", handler)
    headers = {"content-type": "application/json"}
    request = Request("http://app.test/", method="POST", body=b"1", headers=headers)

    assert setting.ask(app, request)[:2] == (200, b"text")
    assert heard == [
        *pairs("request", "a_request"),
        *pairs("before_parse", "a_before_parse"),
        *pairs("parse", "a_parse"),
        *pairs("transform", "a_transform", "a_derive"),
        *pairs("validate"),
        *pairs("before_handle", "a_before_handle", "a_resolve"),
        *pairs("handle", "handler"),
        *pairs("after_handle", "a_after_handle"),
        *pairs("map_response", "a_map_response"),
    ]


@in_each_setting
def test_events_without_functions_have_no_span_but_for_the_handlers(setting: Setting) -> None:
    app = setting.app()
    heard = traced(app)

    @app.get("/")
    async def show() -> str:
        return "text"

    assert setting.ask(app).status == 200
    assert heard == pairs("handle", "show")


@in_each_setting
def test_validation_has_a_span_where_a_guard_alone_asks_for_it(setting: Setting) -> None:
    app = setting.app()
    heard = traced(app)

    @app.get("/", query=dict[str, int])
    def show() -> str:
        return "text"

    assert setting.ask(app, Request("http://app.test/?a=1")).status == 200
    assert heard == [*pairs("validate"), *pairs("handle", "show")]
    heard.clear()
    assert setting.ask(app, Request("http://app.test/?a=b")).status == 422
    assert heard == ["+validate", "-validate!InvalidInputError"]


@in_each_setting
def test_validation_has_a_span_where_the_handler_alone_asks_for_it(setting: Setting) -> None:
    app = setting.app()
    heard = traced(app)

    @app.get("/")
    def show(page: int) -> int:
        return page

    assert setting.ask(app, Request("http://app.test/?page=3")).body == b"3"
    assert heard == [*pairs("validate"), *pairs("handle", "show")]


@in_each_setting
@in_each_colour
def test_a_parse_hook_has_a_span_where_it_is_called(setting: Setting, colour: Colour) -> None:
    app = setting.app()
    heard = traced(app)
    app.parse("text/x-own")(named("own", coloured_with_value(colour, lambda ctx, kind: "parsed")))
    app.parse(named("any", coloured_with_value(colour, lambda ctx, kind: None)))

    @app.all("/")
    def shows(ctx: Context) -> str:
        return str(ctx.body)

    def asked(kind: str, body: bytes) -> list[str]:
        heard.clear()
        request = Request(
            "http://app.test/", method="PUT", body=body, headers={"content-type": kind}
        )
        assert setting.ask(app, request).status == 200
        return heard[: -len(pairs("handle", "shows"))]

    assert asked("text/x-own", b"a") == pairs("parse", "own")
    assert asked("text/plain", b"a") == pairs("parse", "any")
    heard.clear()
    assert setting.ask(app).body == b"None"
    assert heard == pairs("handle", "shows")


# Errors


FAILING: list[tuple[str, list[str]]] = [
    ("before_parse", ["+before_parse", "+before_parse/fails"]),
    ("transform", ["+transform", "+transform/fails"]),
    ("before_handle", ["+before_handle", "+before_handle/fails"]),
]


@in_each_setting
@in_each_colour
@pytest.mark.parametrize(("event", "begun"), FAILING, ids=[row[0] for row in FAILING])
def test_an_error_ends_the_spans_that_it_comes_up_in(
    setting: Setting, colour: Colour, event: str, begun: list[str]
) -> None:
    app = setting.app()
    heard = traced(app)

    def fail(ctx: Context) -> None:
        raise KeyError("no")

    getattr(app, event)(named("fails", coloured(colour, fail)))
    app.error(named("answers", coloured_with_value(colour, lambda ctx, error: "handled")))
    app.map_response(named("maps", coloured_with_value(colour, lambda ctx, value: None)))
    app.get("/", "never")

    assert setting.ask(app)[:2] == (500, b"handled")
    ended = [f"-{name[1:]}!KeyError" for name in reversed(begun)]
    assert heard == [*begun, *ended, *pairs("error", "answers"), *pairs("map_response", "maps")]


@in_each_setting
@in_each_colour
def test_an_error_that_no_hook_answers_ends_the_span_of_the_hooks(
    setting: Setting, colour: Colour
) -> None:
    app = setting.app()
    heard = traced(app)
    app.error(named("passes", coloured_with_value(colour, lambda ctx, error: None)))

    def fail(ctx: Context) -> None:
        raise HTTPError(409)

    app.get("/", named("fails", coloured(colour, fail)))

    assert setting.ask(app).status == 409
    failed = ["+handle", "+handle/fails", "-handle/fails!HTTPError", "-handle!HTTPError"]
    assert heard == [*failed, *pairs("error", "passes")]


@in_each_setting
@in_each_colour
def test_a_failing_error_hook_ends_its_spans(setting: Setting, colour: Colour) -> None:
    app = setting.app()
    heard = traced(app)

    def fail(ctx: Context, error: Exception) -> None:
        raise LookupError

    app.error(named("fails", coloured_with_value(colour, fail)))
    app.get("/", named("refuses", coloured(colour, lambda ctx: status(401))))

    assert setting.ask(app).status == 500
    assert heard == [
        *pairs("handle", "refuses"),
        *["+error", "+error/fails", "-error/fails!LookupError", "-error!LookupError"],
    ]


@in_each_setting
@in_each_colour
def test_a_request_without_a_route_is_traced_by_the_application(
    setting: Setting, colour: Colour
) -> None:
    app = setting.app()
    app.get("/", "root")
    app.request(named("asks", coloured(colour, lambda ctx: None)))
    app.error(named("answers", coloured_with_value(colour, lambda ctx, error: "handled")))
    heard = traced(app)

    assert setting.ask(app, Request("http://app.test/nothing")).status == 404
    assert heard == [*pairs("request", "asks"), *pairs("error", "answers")]


@in_each_setting
@in_each_colour
def test_a_request_hooks_error_ends_its_span(setting: Setting, colour: Colour) -> None:
    app = setting.app()
    heard = traced(app)

    def fail(ctx: Context) -> None:
        raise HTTPError(403)

    app.request(named("fails", coloured(colour, fail)))
    app.get("/", "never")

    assert setting.ask(app).status == 403
    assert heard == [
        "+request",
        "+request/fails",
        "-request/fails!HTTPError",
        "-request!HTTPError",
    ]


# What hooks of tracing may do


@in_each_setting
@in_each_colour
def test_fields_that_are_set_at_the_end_of_a_span_are_in_the_answer(
    setting: Setting, colour: Colour
) -> None:
    app = setting.app()

    @app.trace
    def time(ctx: Context, span: Span) -> None:
        span.on_end(lambda ended: ctx.set.headers.append("x-span", ended.name))

    app.error(named("answers", coloured_with_value(colour, lambda ctx, error: error.args[0])))
    app.map_response(named("maps", coloured_with_value(colour, lambda ctx, value: None)))

    def answer(ctx: Context) -> str:
        if ctx.query.get("fails") == "yes":
            raise KeyError("handled")
        return "text"

    app.get("/", named("shows", coloured(colour, answer)))

    last = ["maps", "map_response"]
    assert setting.ask(app).headers.get_all("x-span") == ["shows", "handle", *last]
    failed = setting.ask(app, Request("http://app.test/?fails=yes"))
    assert failed.body == b"handled"
    assert failed.headers.get_all("x-span") == ["shows", "handle", "answers", "error", *last]


@in_each_setting
@pytest.mark.parametrize("at", ["begin", "end"])
@pytest.mark.parametrize(
    "name", ["request", "asks", "handle", "shows", "map_response", "maps", "error", "answers"]
)
@pytest.mark.parametrize("fails", [True, False])
def test_a_trace_hook_that_fails_still_leaves_an_answer(
    setting: Setting, at: str, name: str, fails: bool
) -> None:
    app = setting.app()
    reached: list[str] = []

    def end(span: Span) -> None:
        reached.append(span.name)
        raise OSError("the exporter is gone")

    @app.trace
    def trace(ctx: Context, span: Span) -> None:
        if span.name == name:
            if at == "begin":
                end(span)
            span.on_end(end)

    app.request(named("asks", coloured("sync", lambda ctx: None)))
    app.error(named("answers", coloured_with_value("sync", lambda ctx, error: "handled")))
    app.map_response(named("maps", coloured_with_value("sync", lambda ctx, value: None)))

    def shows() -> str:
        if fails:
            raise KeyError
        return "text"

    app.get("/", shows)

    found = setting.ask(app)

    assert found.status == (500 if reached or fails else 200)
    assert bool(reached) or (name in ("error", "answers") and not fails)
    assert bool(found.reports) == (found.status == 500)


@in_each_setting
def test_every_trace_hook_hears_of_every_span(setting: Setting) -> None:
    app = setting.app()
    first, second = traced(app), traced(app)
    app.get("/", "text")

    assert setting.ask(app).status == 200
    assert first == second == pairs("handle", "answer")


@in_each_setting
def test_the_scope_of_a_trace_hook_says_which_routes_it_hears_of(setting: Setting) -> None:
    app, plugin = setting.app(), setting.app()
    heard = traced(plugin)

    @plugin.get("/plugin")
    def inner() -> str:
        return "inner"

    app.use(plugin)

    @app.get("/")
    def outer() -> str:
        return "outer"

    assert setting.ask(app).status == 200
    assert heard == []
    assert setting.ask(app, Request("http://app.test/plugin")).status == 200
    assert heard == pairs("handle", "inner")


@pytest.mark.parametrize("kind", ["async", "generator", "too few"])
def test_a_trace_hook_is_a_plain_function_of_two(kind: str) -> None:
    app = Portico()

    async def asynchronous(ctx: Context, span: Span) -> None: ...

    def generator(ctx: Context, span: Span) -> Iterator[None]:
        yield

    hooks: dict[str, Any] = {
        "async": asynchronous,
        "generator": generator,
        "too few": coloured("sync", lambda ctx: None),
    }
    app.trace(hooks[kind])
    app.get("/", "text")

    with pytest.raises(DefinitionError, match="'trace'"):
        app.check()


# Time, threads and streams


class Clock:
    """A clock that goes on by one with each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])
@in_each_colour
def test_a_span_takes_its_times_from_the_platform(kind: type[LoopPlatform], colour: Colour) -> None:
    app, spans = Portico(), list[Span]()
    platform = kind()
    platform.monotonic = Clock()  # type: ignore[method-assign]
    app.trace(coloured_with_value("sync", lambda ctx, span: spans.append(span)))
    app.get("/", named("shows", coloured(colour, lambda ctx: "text")))

    assert ask(app, platform).status == 200
    handle, shows = spans
    assert (handle.begin, handle.end, handle.elapsed) == (1, 4, 3)
    assert (shows.begin, shows.end, shows.elapsed, shows.parent) == (2, 3, 1, handle)
    assert repr(shows) == "<Span shows>"


@in_each_setting
def test_a_span_that_has_ended_ends_once(setting: Setting) -> None:
    span, ended = Span("own", 1.0), list[Span]()
    span.on_end(ended.append)

    span.finish(2.0, None)
    span.finish(3.0, KeyError())

    assert (ended, span.end, span.error) == ([span], 2.0, None)


def test_an_offloaded_function_is_traced_where_it_runs() -> None:
    import threading

    app, platform = Portico(), LoopPlatform()
    threads: dict[str, int] = {}

    @app.trace
    def where(ctx: Context, span: Span) -> None:
        threads[span.name] = threading.get_ident()

    app.before_handle(named("checks", coloured("sync", lambda ctx: None)), blocking=True)

    @app.get("/")
    async def shows() -> str:
        return "text"

    assert ask(app, platform).status == 200
    assert platform.offloaded == 1
    assert threads["checks"] != threads["shows"] == threading.get_ident()


@in_each_setting
@in_each_colour
def test_the_span_of_a_handler_that_streams_ends_with_the_call(
    setting: Setting, colour: Colour
) -> None:
    app, during = setting.app(), list[list[str]]()
    heard = traced(app)

    def shows() -> Iterator[str]:
        during.append(list(heard))
        yield "a"

    async def shows_async() -> AsyncIterator[str]:
        during.append(list(heard))
        yield "a"

    app.get("/", named("shows", shows_async if colour == "async" else shows))

    assert setting.ask(app).body == b"a"
    assert during == [pairs("handle", "shows")]
    assert heard == pairs("handle", "shows")


@in_each_setting
def test_two_requests_at_once_have_spans_of_their_own(setting: Setting) -> None:
    app, parents = setting.app(), dict[str, Span | None]()

    @app.trace
    def keep(ctx: Context, span: Span) -> None:
        if span.parent is not None:
            parents[ctx.path] = span.parent

    waiting: list[str] = []

    async def meet(ctx: Context, path: str) -> str:
        waiting.append(path)
        while len(waiting) < 2:
            await anyio.sleep(0)
        return path

    app.get("/{path}", meet)

    async def run() -> None:
        async def one(path: str) -> None:
            platform = setting.kind()
            request = Request(f"http://app.test/{path}")
            answer = app.handle(request, platform, app.start(platform))
            response = answer if isinstance(answer, Response) else await answer
            assert response.status == 200

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(one, "a")
                group.start_soon(one, "b")

    anyio.run(run, backend=setting.backend)
    assert set(parents) == {"/a", "/b"}
    assert parents["/a"] is not parents["/b"]


@in_each_setting
def test_a_key_that_is_asked_for_runs_in_the_event_of_who_asks(setting: Setting) -> None:
    app = setting.app()
    heard = traced(app)

    @app.resolve(lazy=True)
    def user() -> str:
        return "ann"

    @app.get("/")
    def shows(name: str = use(user)) -> str:
        return name

    assert setting.ask(app).body == b"ann"
    assert heard == [*pairs("before_handle", "user"), *pairs("handle", "shows")]
