"""Coroutines that are begun without an event loop and go on with one, if they have to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any

import anyio
import pytest

from event_platforms import (
    Colour,
    LoopPlatform,
    Setting,
    ThreadPlatform,
    coloured,
    coloured_with_value,
    in_each_colour,
    in_each_setting,
)
from portico import Context, HTTPError, Portico, Request, Response
from portico._resumption import Resumed, begin, enter_loop, need_loop, run_now

variable: ContextVar[str] = ContextVar("variable", default="clean")
on_each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def context() -> Context:
    """A context whose request no loop runs yet."""
    app, platform = Portico(), ThreadPlatform()
    return Context(Request("http://app.test/"), platform, app.start(platform), "/", {}, "/")


def resume(resumed: Any, backend: str = "asyncio") -> Any:
    """Await the rest of a coroutine on a loop."""
    assert hasattr(resumed, "close")

    async def run() -> Any:
        with anyio.fail_after(20):
            return await resumed

    return anyio.run(run, backend=backend)


# To the end, or to the loop


def test_what_waits_for_nothing_runs_to_its_end_at_once() -> None:
    async def inner() -> str:
        return "done"

    async def outer() -> str:
        return await inner()

    assert begin(outer()) == "done"


def test_an_exception_comes_out_where_it_is_begun() -> None:
    async def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        begin(fail())


@on_each_backend
def test_what_needs_a_loop_goes_on_from_there(backend: str) -> None:
    ctx, steps = context(), list[str]()

    async def work() -> str:
        steps.append("begun")
        await enter_loop(ctx)
        steps.append("on the loop")
        await anyio.sleep(0)
        await enter_loop(ctx)
        await anyio.sleep(0.001)
        return "done"

    resumed = begin(work())

    assert steps == ["begun"]
    assert resume(resumed, backend) == "done"
    assert steps == ["begun", "on the loop"]


@on_each_backend
def test_one_that_awaits_another_goes_on_with_it(backend: str) -> None:
    ctx = context()

    async def inner() -> str:
        await enter_loop(ctx)
        await anyio.sleep(0.001)
        return "done"

    async def outer() -> object:
        begun = begin(inner())
        assert isinstance(begun, Resumed)
        await need_loop()
        return await begun

    assert resume(begin(outer()), backend) == "done"


def test_entering_the_loop_a_second_time_is_nothing() -> None:
    ctx = context()

    async def work() -> str:
        await enter_loop(ctx)
        return "done"

    assert resume(begin(work())) == "done"
    assert begin(work()) == "done"


def test_run_now_ends_what_waits_for_nothing_and_refuses_the_rest() -> None:
    closed: list[str] = []

    async def now() -> str:
        return "done"

    async def waits() -> None:
        try:
            await need_loop()
        finally:
            closed.append("closed")

    assert run_now(now()) == "done"
    with pytest.raises(RuntimeError, match="waited for an event loop"):
        run_now(waits())
    assert closed == ["closed"]


# What is thrown in


@on_each_backend
def test_an_exception_after_the_loop_was_entered_comes_out_of_the_await(backend: str) -> None:
    ctx = context()

    async def work() -> None:
        await enter_loop(ctx)
        await anyio.sleep(0)
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        resume(begin(work()), backend)


@on_each_backend
def test_cancellation_reaches_where_it_waits(backend: str) -> None:
    ctx, seen = context(), list[str]()

    async def work() -> None:
        await enter_loop(ctx)
        try:
            await anyio.sleep_forever()
        except BaseException as error:
            seen.append(type(error).__name__)
            raise

    resumed = begin(work())
    assert isinstance(resumed, Resumed)

    async def run() -> bool:
        with anyio.move_on_after(0.001) as scope:
            await resumed
        return scope.cancelled_caught

    assert anyio.run(run, backend=backend)
    assert seen == ["CancelledError" if backend == "asyncio" else "Cancelled"]


def test_what_is_thrown_reaches_where_it_stands_still() -> None:
    seen: list[BaseException] = []

    class Bell:
        def __await__(self) -> Generator[str, object, object]:
            return (yield "waiting")

    async def work() -> object:
        await need_loop()
        try:
            await Bell()
        except KeyError as error:
            seen.append(error)
        return await Bell()

    resumed: Any = begin(work())
    steps = resumed.__await__()

    assert next(steps) == "waiting"
    error = KeyError()
    assert steps.throw(error) == "waiting"
    with pytest.raises(StopIteration) as end:
        steps.send("answer")
    assert end.value.value == "answer"
    assert seen == [error]


def test_one_that_is_given_up_is_closed_where_it_stands() -> None:
    ctx, seen = context(), list[str]()

    async def work() -> None:
        try:
            await enter_loop(ctx)
        except GeneratorExit:
            seen.append("given up")
            raise
        finally:
            seen.append("left")

    resumed = begin(work())
    assert isinstance(resumed, Resumed)
    resumed.close()
    resumed.close()

    assert seen == ["given up", "left"]


def test_one_that_nobody_keeps_is_closed() -> None:
    import gc

    ctx, seen = context(), list[str]()

    async def work() -> None:
        try:
            await enter_loop(ctx)
        finally:
            seen.append("left")

    begin(work())
    gc.collect()

    assert seen == ["left"]


# Context variables


@on_each_backend
def test_context_variables_go_along_to_the_loop(backend: str) -> None:
    ctx = context()

    async def work() -> str:
        variable.set("set before the loop")
        await enter_loop(ctx)
        await anyio.sleep(0)
        return variable.get()

    def run() -> object:
        return resume(begin(work()), backend)

    assert copy_context().run(run) == "set before the loop"


def test_what_is_set_in_the_callers_context_is_seen_there() -> None:
    async def work() -> None:
        variable.set("seen")

    def run() -> str:
        assert begin(work()) is None
        return variable.get()

    assert copy_context().run(run) == "seen"


@in_each_setting
@in_each_colour
def test_context_variables_go_from_hook_to_hook_however_they_run(
    setting: Setting, colour: Colour
) -> None:
    app, seen = setting.app(), list[str]()
    other: Colour = "sync" if colour == "async" else "async"

    def add(name: str) -> Callable[[Context], None]:
        def run(ctx: Context) -> None:
            seen.append(variable.get())
            variable.set(name)

        return run

    app.request(coloured(colour, add("request")))
    app.before_parse(coloured(other, add("before_parse")))
    app.transform(coloured(colour, add("transform")))
    app.before_handle(coloured(other, add("before_handle")))

    def show(ctx: Context) -> str:
        add("handler")(ctx)
        return "shown"

    @app.after_handle
    async def after(ctx: Context, value: object) -> None:
        add("after_handle")(ctx)

    @app.map_response
    def mapped(ctx: Context, value: object) -> str:
        return variable.get()

    @app.after_response
    def last(ctx: Context, response: Response) -> None:
        seen.append(variable.get())

    app.get("/", coloured(colour, show))

    def run() -> bytes:
        return setting.ask(app).body

    assert copy_context().run(run) == b"after_handle"
    names = ["request", "before_parse", "transform", "before_handle", "handler", "after_handle"]
    assert seen == ["clean", *names]


# Requests


class Later:
    """Something to await, which is no coroutine and so needs not be."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, object]:
        yield from anyio.sleep(0.001).__await__()
        return self.value


@on_each_backend
@pytest.mark.parametrize("hooks", ["none", "sync", "async", "quick"])
@pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])
def test_a_synchronous_chain_that_has_to_wait_after_all_is_answered(
    kind: type[LoopPlatform], hooks: str, backend: str
) -> None:
    app = Portico(blocking=hooks != "quick")
    if hooks != "none":
        app.request(coloured("async" if hooks == "async" else "sync", lambda ctx: None))
    app.get("/", lambda: Later("waited"))
    app.get("/hook", "never", before_handle=lambda ctx: Later("waited"))
    app.get("/error", lambda: Later(1 / 0), error=lambda ctx, error: Later("waited"))
    app.get("/map", lambda: 1, map_response=lambda ctx, value: Later("waited"))

    for path in ("/", "/hook", "/error", "/map"):
        setting = Setting(kind, backend, blocking=True)
        found = setting.ask(app, Request(f"http://app.test{path}"))
        assert (found.status, found.body) == (500 if path == "/error" else 200, b"waited")


def test_a_synchronous_chain_with_hooks_needs_no_loop_where_it_may_block() -> None:
    app, ran = Portico(), list[str]()

    def run(event: str, *given: object) -> None:
        ran.append(event)

    for event in ("request", "before_parse", "transform", "before_handle"):
        getattr(app, event)(coloured("sync", partial(run, event)))
    for event in ("after_handle", "map_response", "after_response", "error"):
        getattr(app, event)(coloured_with_value("sync", partial(run, event)))
    app.get("/", lambda: "text")

    for path, status in [("/", 200), ("/nothing", 404)]:
        request, platform = Request(f"http://app.test{path}"), ThreadPlatform()
        answer = app.handle(request, platform, app.start(platform))
        assert isinstance(answer, Response)
        assert answer.status == status
        assert not platform.needs_loop
        assert platform.offloaded == 0
        platform.finish()

    assert ran[:7] == [
        "request",
        "before_parse",
        "transform",
        "before_handle",
        "after_handle",
        "map_response",
        "after_response",
    ]
    assert ran[7:] == ["request", "error", "after_response"]


@on_each_backend
def test_an_asynchronous_request_hook_keeps_synchronous_handlers_off_the_loop(
    backend: str,
) -> None:
    import threading

    app, threads = Portico(), list[int]()
    app.request(coloured("async", lambda ctx: None))
    app.get("/", lambda: threads.append(threading.get_ident()))
    app.get("/nothing-here", "text", before_handle=lambda ctx: None)

    found = Setting(ThreadPlatform, backend, blocking=True).ask(app)

    assert (found.status, found.offloaded) == (200, 1)
    assert threads[0] != threading.get_ident()


@pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])
@on_each_backend
@pytest.mark.parametrize("quick", [True, False])
def test_hooks_that_may_block_answer_for_a_request_hook_that_does_not(
    kind: type[LoopPlatform], backend: str, quick: bool
) -> None:
    app = Portico()

    def refuse(ctx: Context) -> object:
        if ctx.query.get("raise"):
            raise HTTPError(403)
        return "refused"

    app.request(refuse, blocking=not quick)
    app.error(403, coloured_with_value("sync", lambda ctx, error: "no"))
    app.map_response(
        coloured_with_value("sync", lambda ctx, value: f"mapped {getattr(value, 'value', value)}")
    )
    app.get("/", "never")
    setting = Setting(kind, backend, blocking=True)

    assert setting.ask(app)[:2] == (200, b"mapped refused")
    raised = setting.ask(app, Request("http://app.test/?raise=1"))
    assert (raised.body, raised.reports) == (b"mapped no", [])


@pytest.mark.parametrize("keep", [True, False], ids=["closed", "dropped"])
def test_a_request_that_is_given_up_leaves_its_generators(keep: bool) -> None:
    import gc

    app, platform, seen = Portico(), ThreadPlatform(), list[str]()

    @app.resolve
    def connection() -> Iterator[int]:
        try:
            yield 1
        except BaseException as error:
            seen.append(type(error).__name__)
            raise
        finally:
            seen.append("left")

    app.get("/", lambda: Later("never"))

    answer = app.handle(Request("http://app.test/"), platform, app.start(platform))
    assert isinstance(answer, Resumed)
    if keep:
        answer.close()
    del answer
    gc.collect()

    assert seen == ["GeneratorExit", "left"]


@on_each_backend
def test_a_request_that_is_cancelled_leaves_its_generators_and_has_no_answer(backend: str) -> None:
    app, platform, seen = Portico(), LoopPlatform(), list[str]()

    @app.resolve
    def connection() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append("left")

    @app.after_response
    def never(ctx: Context, response: Response) -> None:
        seen.append("answered")

    @app.error
    def caught(ctx: Context, error: Exception) -> str:
        return "an answer to cancellation"

    @app.get("/")
    async def show() -> None:
        await anyio.sleep_forever()

    async def run() -> bool:
        with anyio.move_on_after(0.01) as scope:
            answer = app.handle(Request("http://app.test/"), platform, app.start(platform))
            assert not isinstance(answer, Response)
            await answer
        await platform.afinish()
        return scope.cancelled_caught

    assert anyio.run(run, backend=backend)
    assert seen == ["left"]
    assert platform.reports == []


def test_an_answer_is_awaited_in_the_task_of_whoever_asks() -> None:
    app, platform = Portico(), ThreadPlatform()
    tasks: list[object] = []

    async def later() -> str:
        tasks.append(asyncio.current_task())
        return "text"

    app.get("/", lambda: later())

    async def run() -> bool:
        answer = app.handle(Request("http://app.test/"), platform, app.start(platform))
        assert not isinstance(answer, Response)
        await answer
        return tasks == [asyncio.current_task()]

    assert asyncio.run(run())
