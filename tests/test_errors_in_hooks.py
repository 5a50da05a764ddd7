"""Errors: which hook answers, with which status and fields, and what is reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
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
from portico import Context, HTTPError, Portico, Request, Response, status
from portico._error_answer import tells_of
from portico._stream import ByteStream


class FirstError(Exception):
    """What a handler raises."""


class SecondError(Exception):
    """What an error hook raises in turn."""


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*given: object) -> Any:
        raise error

    return fail


# What is reported


REPORTS: list[tuple[str, Any, Any, int, list[type[Exception]]]] = [
    ("unhandled", FirstError(), None, 500, [FirstError]),
    ("handled-with-500", FirstError(), "text", 500, [FirstError]),
    ("handled-with-503", FirstError(), status(503), 503, [FirstError]),
    ("handled-with-404", FirstError(), status(404), 404, []),
    ("handled-with-200", FirstError(), Response("fine"), 200, []),
    ("hook-raises-503", FirstError(), HTTPError(503), 503, [FirstError]),
    ("hook-raises-404", FirstError(), HTTPError(404), 404, []),
    ("expected", HTTPError(503), None, 503, []),
    ("expected-and-handled", HTTPError(503), "text", 503, []),
    ("expected-then-hook-fails", HTTPError(404), SecondError(), 500, [SecondError]),
]


@in_each_setting
@in_each_colour
@pytest.mark.parametrize(
    ("error", "answer", "code", "reported"),
    [row[1:] for row in REPORTS],
    ids=[row[0] for row in REPORTS],
)
def test_what_ends_as_a_5xx_is_reported_once_and_nothing_else_is(
    setting: Setting,
    colour: Colour,
    error: Exception,
    answer: object,
    code: int,
    reported: list[type[Exception]],
) -> None:
    app = setting.app()
    app.error(
        coloured_with_value(
            colour, raising(answer) if isinstance(answer, Exception) else lambda ctx, error: answer
        )
    )
    app.get("/", coloured(colour, raising(error)))

    found = setting.ask(app)

    assert found.status == code
    assert [type(each) for each in found.reports] == reported


@in_each_setting
@in_each_colour
def test_of_an_error_and_a_failing_hook_each_is_told_once(setting: Setting, colour: Colour) -> None:
    app = setting.app()
    app.error(coloured_with_value(colour, raising(SecondError())))
    app.get("/", coloured(colour, raising(FirstError())))

    found = setting.ask(app)

    assert found.status == 500
    (report,) = found.reports
    assert isinstance(report, SecondError)
    assert isinstance(report.__context__, FirstError)


@in_each_setting
def test_an_error_that_its_hook_raises_again_is_reported_once(setting: Setting) -> None:
    app = setting.app()
    app.get("/", coloured("sync", raising(FirstError())), error=lambda ctx, error: raising(error)())

    assert [type(each) for each in setting.ask(app).reports] == [FirstError]


@in_each_setting
def test_an_error_of_map_response_on_a_hooks_answer_hides_no_other(setting: Setting) -> None:
    app = setting.app()

    @app.map_response
    def fail(ctx: Context, value: object) -> None:
        raise SecondError from None

    @app.error
    def answer(ctx: Context, error: Exception) -> str:
        return "handled"

    app.get("/", coloured("sync", raising(FirstError())))

    assert [type(each) for each in setting.ask(app).reports] == [SecondError, FirstError]


@in_each_setting
def test_a_report_that_fails_takes_no_answer_along(setting: Setting) -> None:
    def fail(error: BaseException, where: str) -> None:
        raise OSError("the disk is full")

    platform = setting.kind()
    platform.report = fail  # type: ignore[method-assign]
    app = setting.app()
    app.error(FirstError, lambda ctx, error: "handled")
    app.get("/", coloured("sync", raising(FirstError())))
    app.get("/other", coloured("sync", raising(SecondError())))

    assert ask(app, platform, backend=setting.backend)[:2] == (500, b"handled")
    other = ask(app, platform, Request("http://app.test/other"), backend=setting.backend)
    assert other.status == 500


def test_an_error_tells_of_its_causes_and_of_what_it_came_up_in() -> None:
    first, second, third = FirstError(), SecondError(), KeyError()
    second.__context__ = first
    third.__cause__ = second
    first.__context__ = third  # a circle, as `raise` may make one

    assert tells_of(third, first)
    assert tells_of(first, first)
    assert not tells_of(first, KeyError())
    second.__suppress_context__ = True
    assert not tells_of(third, first)


# Which hook answers


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("raised", [True, False])
def test_hooks_are_asked_once_even_if_one_raises(
    setting: Setting, colour: Colour, raised: bool
) -> None:
    app, asked = setting.app(), list[tuple[str, int]]()

    def first(ctx: Context, error: Any) -> None:
        asked.append(("first", error.status))

    def second(ctx: Context, error: Any) -> None:
        asked.append(("second", error.status))
        raise HTTPError(403, "no")

    def third(ctx: Context, error: Any) -> str:
        asked.append(("third", error.status))
        return "never"

    for hook in (first, second, third):
        app.error(coloured_with_value(colour, hook))

    def answer(ctx: Context) -> object:
        if raised:
            raise HTTPError(401)
        return status(401)

    app.get("/", coloured(colour, answer))

    assert setting.ask(app).status == 403
    assert asked == [("first", 401), ("second", 401)]


@in_each_setting
def test_a_class_is_matched_by_what_was_raised_alone(setting: Setting) -> None:
    app = setting.app()
    app.error(HTTPError, coloured_with_value("sync", lambda ctx, error: "by class"))
    app.error(401, coloured_with_value("sync", lambda ctx, error: "by status"))
    app.get("/raised", coloured("sync", raising(HTTPError(401))))
    app.get("/returned", lambda: status(401))

    assert setting.ask(app, Request("http://app.test/raised")).body == b"by class"
    assert setting.ask(app, Request("http://app.test/returned")).body == b"by status"


@in_each_setting
def test_a_hook_for_500_is_asked_for_exceptions_without_a_status(setting: Setting) -> None:
    app = setting.app()
    app.error(500, coloured_with_value("sync", lambda ctx, error: type(error).__name__))
    app.get("/", coloured("sync", raising(FirstError())))

    assert setting.ask(app)[:2] == (500, b"FirstError")


@in_each_setting
def test_outer_hooks_are_asked_before_inner_ones(setting: Setting) -> None:
    app, plugin, asked = setting.app(), setting.app(), list[str]()

    def hook(name: str) -> Callable[[Context, Exception], None]:
        return lambda ctx, error: asked.append(name)

    app.error(hook("app"))
    plugin.error(hook("plugin"))
    with plugin.group("", error=hook("group")) as group:
        group.get("/", coloured("sync", raising(FirstError())), error=[hook("route")])
    app.use(plugin)
    app.error(hook("too late"))

    assert setting.ask(app).status == 500
    assert asked == ["app", "plugin", "group", "route"]


@in_each_setting
def test_a_hook_sees_a_returned_status_as_an_error(setting: Setting) -> None:
    app, seen = setting.app(), list[HTTPError]()
    app.error(coloured_with_value("sync", lambda ctx, error: seen.append(error)))
    app.get("/", lambda: status(402, {"due": 3}, headers={"x-a": "1"}))

    found = setting.ask(app)

    assert (found.status, found.body, found.headers["x-a"]) == (402, b'{"due":3}', "1")
    (error,) = seen
    assert (error.status, error.value) == (402, {"due": 3})
    assert (error.reply.code, error.reply.value) == (402, {"due": 3})


BEFORE_ROUTING: list[tuple[str, Request, int]] = [
    ("no path", Request("http://app.test/nothing"), 404),
    ("no method", Request("http://app.test/", method="PUT"), 405),
    ("malformed path", Request("http://app.test/%zz"), 400),
    ("parent of the root", Request("http://app.test/%2e%2e/%ff"), 400),
]


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("code", [True, False], ids=["by-status", "fallback"])
@pytest.mark.parametrize(
    ("request_", "expected"),
    [row[1:] for row in BEFORE_ROUTING],
    ids=[row[0] for row in BEFORE_ROUTING],
)
def test_what_has_no_route_is_answered_by_hooks_that_were_registered_last(
    setting: Setting, colour: Colour, code: bool, request_: Request, expected: int
) -> None:
    app, sent = setting.app(), list[int]()
    app.get("/", "root")
    hook = coloured_with_value(colour, lambda ctx, error: {"status": error.status})
    if code:
        app.error(expected, hook)
    else:
        app.error(hook)
    app.after_response(coloured_with_value(colour, lambda ctx, answer: sent.append(answer.status)))

    found = setting.ask(app, request_)

    assert found[:2] == (expected, b'{"status":%d}' % expected)
    assert sent == [expected]
    assert found.headers.get("allow") == ("GET, HEAD, OPTIONS" if expected == 405 else None)


# What is sent


@in_each_setting
@in_each_colour
@pytest.mark.parametrize("raised", [True, False])
def test_a_status_that_was_set_before_the_error_is_not_that_of_its_hook(
    setting: Setting, colour: Colour, raised: bool
) -> None:
    app = setting.app()
    app.error(coloured_with_value(colour, lambda ctx, error: "handled"))

    def answer(ctx: Context) -> object:
        ctx.set.status = 201
        if raised:
            raise HTTPError(402)
        return status(402)

    app.get("/", coloured(colour, answer))

    assert setting.ask(app)[:2] == (402, b"handled")


@in_each_setting
@pytest.mark.parametrize("raised", [True, False])
def test_the_fields_of_an_error_reach_the_answer_of_its_hook_once(
    setting: Setting, raised: bool
) -> None:
    app = setting.app()
    fields = [("www-authenticate", "Basic"), ("www-authenticate", "Digest"), ("x-a", "error")]

    def answer() -> object:
        if raised:
            raise HTTPError(401, headers=fields)
        return status(401, headers=fields)

    app.get("/", answer, error=lambda ctx, error: Response("no", status=401, headers={"x-a": "h"}))

    headers = setting.ask(app).headers
    assert headers.get_all("www-authenticate") == ["Basic", "Digest"]
    assert headers.get_all("x-a") == ["h"]


@in_each_setting
def test_a_reply_that_no_hook_answers_keeps_the_type_that_was_set_for_it(setting: Setting) -> None:
    app = setting.app()
    app.error(coloured_with_value("sync", lambda ctx, error: None))

    @app.get("/")
    def answer(ctx: Context) -> object:
        ctx.set.headers.set("content-type", "text/csv")
        ctx.set.headers.set("etag", '"1"')
        return status(404, "a;b")

    found = setting.ask(app)
    assert (found.body, found.headers["content-type"], found.headers["etag"]) == (
        b"a;b",
        "text/csv",
        '"1"',
    )


@in_each_setting
@in_each_colour
def test_a_stream_whose_fields_are_no_good_is_closed(setting: Setting, colour: Colour) -> None:
    app, closed = setting.app(), list[str]()

    def values() -> Iterator[str]:
        try:
            yield "a"
        finally:
            closed.append("closed")

    async def values_async() -> AsyncIterator[str]:
        try:
            yield "a"
        finally:
            closed.append("closed")

    app.error(
        coloured_with_value(
            colour, lambda ctx, error: values_async() if colour == "async" else values()
        )
    )
    app.get("/", coloured(colour, raising(HTTPError(401, headers={"x-a": "1\r\n2"}))))

    assert setting.ask(app).status == 500
    assert closed == ["closed"]


@in_each_setting
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_stream_of_a_last_answer_that_cannot_be_closed_is_a_500(
    setting: Setting, method: str
) -> None:
    app = setting.app()

    def values() -> Iterator[str]:
        try:
            yield "a"
        finally:
            if method == "HEAD":
                raise OSError("flush failed")

    @app.error
    def answer(ctx: Context, error: Exception) -> None:
        raise HTTPError(400, values())

    app.get("/", coloured("sync", raising(HTTPError(404))))

    found = setting.ask(app, Request("http://app.test/", method=method))

    assert found[:2] == ((500, b"") if method == "HEAD" else (400, b"a"))
    assert [str(error) for error in found.reports] == ["flush failed"] * (method == "HEAD")


@in_each_setting
@pytest.mark.parametrize("code", [0, 42, 199, 600, 1000])
def test_a_status_that_there_is_not_is_a_500(setting: Setting, code: int) -> None:
    app = setting.app()

    @app.error
    def answer(ctx: Context, error: Exception) -> str:
        ctx.set.status = code
        return "handled"

    app.get("/", coloured("sync", raising(HTTPError(404))))

    found = setting.ask(app)
    assert found.status == 500
    assert str(found.reports[0]).startswith(f"`ctx.set.status` is {code}.")


@in_each_setting
def test_the_teardown_of_a_request_that_fails_after_an_error_is_reported_too(
    setting: Setting,
) -> None:
    app = setting.app()

    @app.resolve
    def transaction() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise SecondError from None

    app.get("/", coloured("sync", raising(FirstError())))

    found = setting.ask(app)
    assert found.status == 500
    assert [type(each) for each in found.reports] == [FirstError, SecondError]


# Nothing is without an answer


EVENTS = (
    "request",
    "before_parse",
    "parse",
    "transform",
    "before_handle",
    "after_handle",
    "map_response",
    "after_response",
    "error",
)
WITH_VALUE = ("parse", "after_handle", "map_response", "after_response", "error")


def _sets_no_length(ctx: Context, *given: object) -> str:
    ctx.set.headers.set("content-length", "some")
    return "text"


def _sets_no_cookie(ctx: Context, *given: object) -> str:
    ctx.cookies["a"].set("1", path="\r\n")
    return "text"


def _sets_no_body(ctx: Context, *given: object) -> None:
    ctx.body = object()


FAILURES: list[tuple[str, Callable[..., Any]]] = [
    ("exception", raising(FirstError())),
    ("stop", raising(StopIteration())),
    ("async-stop", raising(StopAsyncIteration())),
    ("generator-exit-like", raising(RuntimeError("generator ignored GeneratorExit"))),
    ("group", raising(ExceptionGroup("several", [FirstError()]))),
    ("recursion", raising(RecursionError())),
    ("memory", raising(MemoryError())),
    ("refused", raising(HTTPError(403, object()))),
    ("object", lambda *given: object()),
    ("response-used", lambda *given: _used()),
    ("field", _sets_no_length),
    ("cookie", _sets_no_cookie),
    ("body", _sets_no_body),
]


def _used() -> Response:
    response = Response(iter([b"a"]))
    assert list(response.sync.stream()) == [b"a"]
    return response


@in_each_colour
@pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("fail", [row[1] for row in FAILURES], ids=[row[0] for row in FAILURES])
@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS"])
def test_whatever_a_hook_does_there_is_an_answer(
    kind: type[LoopPlatform], colour: Colour, event: str, fail: Callable[..., Any], method: str
) -> None:
    app = Portico()
    hook = (coloured_with_value if event in WITH_VALUE else coloured)(colour, fail)
    getattr(app, event)(hook)

    def echo(ctx: Context, body: Any) -> Any:
        if event == "error":
            raise FirstError
        return "text"

    app.post("/", echo)

    found = ask(app, kind(), Request("http://app.test/", method=method, body=b"[1]"))

    assert 200 <= found.status <= 599
    assert found.headers.get("content-length") == str(len(found.body)) or found.status == 204


@in_each_setting
def test_an_awaitable_that_a_synchronous_hook_returns_is_awaited_everywhere(
    setting: Setting,
) -> None:
    """None of these says by its kind that it needs an event loop."""
    app, ran = setting.app(), list[str]()

    async def later(name: str) -> None:
        await anyio.sleep(0)
        ran.append(name)

    def called(name: str, *given: object) -> Awaitable[None]:
        return later(name)

    for event in EVENTS[:-1]:
        if event in WITH_VALUE:
            getattr(app, event)(coloured_with_value("sync", partial(called, event)))
        else:
            getattr(app, event)(coloured("sync", partial(called, event)))

    def echo(body: list[int]) -> list[int]:
        return body

    app.post("/", echo)
    headers = {"content-type": "application/json"}
    request = Request("http://app.test/", method="POST", body=b"[1]", headers=headers)

    assert setting.ask(app, request)[:2] == (200, b"[1]")
    assert ran == [*EVENTS[:-1]]


@in_each_setting
def test_an_early_stream_is_closed_with_its_reader(setting: Setting) -> None:
    app, closed = setting.app(), list[str]()

    @app.before_handle
    def values(ctx: Context) -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("closed")

    app.get("/", "never")

    async def run() -> None:
        platform = setting.kind()
        answer = app.handle(Request("http://app.test/"), platform, app.start(platform))
        response = answer if isinstance(answer, Response) else await answer
        assert isinstance(response.content, ByteStream)
        assert await anext(response.content) == b"a"
        await response.content.aclose()

    anyio.run(run, backend=setting.backend)
    assert closed == ["closed"]
