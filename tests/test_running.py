"""App-lived values: entered in order, left in reverse, exactly once, in one task."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from msgspec import Struct

from portico import Context, DefinitionError, Portico, PorticoError, Request, Response, use
from portico._running import AppRunning
from portico.contract import Platform


class Log:
    """What happened, and applications whose resources write it."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def resource(self, app: Portico, name: str, *, is_async: bool, fail: str = "") -> Any:
        def check(moment: str) -> None:
            if fail == moment:
                raise ValueError(f"{name} {moment}")
            self.events.append(f"{name} {moment}")

        def sync() -> Iterator[str]:
            check("enters")
            yield name
            check("leaves")

        async def asynchronous() -> AsyncIterator[str]:
            check("enters")
            await asyncio.sleep(0)
            yield name
            await asyncio.sleep(0)
            check("leaves")

        return app.resource(asynchronous) if is_async else app.resource(sync)


def live(app: Portico, *, inside: BaseException | None = None) -> AppRunning:
    """Start and stop an application in the way that it asks for."""
    running = app.start(Platform())

    async def run() -> None:
        async with running:
            if inside is not None:
                raise inside

    if running.is_async:
        asyncio.run(run())
    else:
        with running:
            if inside is not None:
                raise inside
    return running


COLOURS = [(False, False, False), (True, True, True), (False, True, False)]
in_each_colour = pytest.mark.parametrize("colours", COLOURS, ids=["sync", "async", "mixed"])


@in_each_colour
def test_values_are_entered_in_order_and_left_in_reverse(colours: tuple[bool, ...]) -> None:
    log, app = Log(), Portico()
    keys = [
        log.resource(app, name, is_async=colour)
        for name, colour in zip("abc", colours, strict=True)
    ]
    running = live(app)

    assert running.is_async is any(colours)
    assert [running.value(key) for key in keys] == ["a", "b", "c"]
    assert log.events == [
        "a enters",
        "b enters",
        "c enters",
        "c leaves",
        "b leaves",
        "a leaves",
    ]


@in_each_colour
def test_a_value_that_fails_to_start_leaves_those_before_it(colours: tuple[bool, ...]) -> None:
    log, app = Log(), Portico()
    for name, colour in zip("abc", colours, strict=True):
        log.resource(app, name, is_async=colour, fail="enters" if name == "c" else "")

    with pytest.raises(ValueError, match="c enters"):
        live(app)
    assert log.events == ["a enters", "b enters", "b leaves", "a leaves"]


@in_each_colour
def test_a_value_that_fails_to_leave_does_not_keep_the_others(colours: tuple[bool, ...]) -> None:
    log, app = Log(), Portico()
    for name, colour in zip("abc", colours, strict=True):
        log.resource(app, name, is_async=colour, fail="leaves" if name != "a" else "")

    with pytest.raises(ValueError, match="b leaves") as caught:
        live(app)
    assert str(caught.value.__context__) == "c leaves"
    assert log.events == ["a enters", "b enters", "c enters", "a leaves"]


@in_each_colour
def test_values_are_left_when_what_ran_inside_raised(colours: tuple[bool, ...]) -> None:
    log, app = Log(), Portico()
    log.resource(app, "a", is_async=colours[1])

    with pytest.raises(KeyboardInterrupt):
        live(app, inside=KeyboardInterrupt())
    assert log.events == ["a enters", "a leaves"]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_running_is_entered_once(is_async: bool) -> None:
    log, app = Log(), Portico()
    log.resource(app, "a", is_async=is_async)
    running = live(app)

    def again() -> object:
        return asyncio.run(running.__aenter__()) if is_async else running.__enter__()

    with pytest.raises(PorticoError, match="entered once"):
        again()
    assert log.events == ["a enters", "a leaves"]


def test_leaving_twice_leaves_once() -> None:
    log, app = Log(), Portico()
    log.resource(app, "a", is_async=False)
    running = live(app)

    running.__exit__(None, None, None)

    assert log.events == ["a enters", "a leaves"]


def test_what_needs_a_loop_is_not_entered_without_one() -> None:
    log, app = Log(), Portico()
    log.resource(app, "a", is_async=True)

    with pytest.raises(PorticoError, match="async with"):
        app.start(Platform()).__enter__()
    assert log.events == []


def test_synchronous_values_are_entered_on_a_loop_too() -> None:
    log, app = Log(), Portico()
    log.resource(app, "a", is_async=False)

    async def run() -> None:
        async with app.start(Platform()):
            log.events.append("inside")

    asyncio.run(run())

    assert log.events == ["a enters", "inside", "a leaves"]


def test_a_task_group_may_be_open_inside() -> None:
    app = Portico()
    done: list[str] = []

    @app.resource
    async def workers() -> AsyncIterator[asyncio.TaskGroup]:
        async with asyncio.TaskGroup() as group:
            yield group

    @app.get("/")
    async def show(ctx: Context) -> str:
        async def work() -> None:
            done.append("worked")

        ctx[workers].create_task(work())
        return "started"

    async def run() -> None:
        platform = Platform()
        async with app.start(platform) as running:
            answer = app.handle(Request("http://app.test/"), platform, running)
            assert not isinstance(answer, Response)
            assert (await answer).content == b"started"

    asyncio.run(run())

    assert done == ["worked"]


def test_all_is_entered_and_left_in_the_task_and_context_that_it_is_called_in() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="")
    app = Portico()
    tasks: list[Any] = []

    @app.resource
    async def value() -> AsyncIterator[None]:
        tasks.append(asyncio.current_task())
        variable.set("set at start")
        yield
        tasks.append(asyncio.current_task())
        tasks.append(variable.get())

    async def run() -> None:
        async with app.start(Platform()):
            pass

    asyncio.run(run())

    assert tasks[0] is tasks[1]
    assert tasks[2] == "set at start"


@pytest.mark.parametrize("is_async", [True, False])
def test_a_function_that_only_returns_has_nothing_to_leave(is_async: bool) -> None:
    app = Portico()

    async def asynchronous() -> int:
        return 1

    def sync() -> int:
        return 1

    key = app.resource(asynchronous) if is_async else app.resource(sync)

    assert live(app).value(key) == 1


def test_two_runnings_have_values_of_their_own() -> None:
    app = Portico()

    @app.resource
    def values() -> Iterator[list[int]]:
        yield []

    with app.start(Platform()) as first, app.start(Platform()) as second:
        first.value(values).append(1)

        assert second.value(values) == []


def test_a_value_takes_those_before_it_the_environment_and_the_platform() -> None:
    class Env(Struct):
        database_url: str
        pool_size: int = 5

    class Configured(Platform):
        @property
        def env(self) -> dict[str, str]:
            return {"DATABASE_URL": "sqlite://", "POOL_SIZE": "7", "PATH": "/bin"}

    app = Portico()

    @app.resource
    def settings(env: Env) -> Env:
        return env

    @app.resource
    def database(platform: Platform, env: Env = use(settings)) -> tuple[str, int, str]:
        return env.database_url, env.pool_size, platform.runtime.name

    with app.start(Configured()) as running:
        assert running.value(database) == ("sqlite://", 7, "test")


def test_an_environment_that_lacks_something_says_what() -> None:
    class Env(Struct):
        portico_test_secret: int

    class Configured(Platform):
        @property
        def env(self) -> dict[str, str]:
            return {}

    app = Portico()

    @app.resource
    def settings(env: Env) -> Env:
        return env

    with pytest.raises(DefinitionError, match=r"settings.*PORTICO_TEST_SECRET"):
        app.start(Configured()).__enter__()


def test_a_parameter_that_a_value_cannot_have_is_named() -> None:
    app = Portico()

    @app.resource
    def database(url: str) -> str:
        return url

    with pytest.raises(DefinitionError, match=r"database.*'url'.*`env`, `platform`"):
        app.start(Platform()).__enter__()


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(("count", "words"), [(0, "without a `yield`"), (2, "yielded twice")])
def test_a_generator_yields_its_value_once(count: int, words: str, is_async: bool) -> None:
    app = Portico()
    closed: list[str] = []

    def values() -> Iterator[int]:
        try:
            yield from range(count)
        finally:
            closed.append("closed")

    async def values_async() -> AsyncIterator[int]:
        try:
            for number in range(count):
                yield number
        finally:
            closed.append("closed")

    if is_async:
        app.resource(values_async)
    else:
        app.resource(values)

    with pytest.raises(DefinitionError, match=rf"'values.*{words}"):
        live(app)
    assert closed == ["closed"]


def test_the_value_of_a_key_that_is_not_there_says_so() -> None:
    other = Portico()

    @other.resource
    def database() -> Iterator[int]:
        yield 1

    with Portico().start(Platform()) as running, pytest.raises(DefinitionError, match="database"):
        running.value(database)
    assert database.name == "database"
    assert list(database()) == [1]
    assert list(database.fn()) == [1]
    assert repr(database) == "<key database>"
