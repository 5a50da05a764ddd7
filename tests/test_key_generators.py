"""Request-lived generators: left once, in reverse order, when the answer is known.

The table crosses how a request ends with the kind of generator and where it runs.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

import anyio
import pytest

from portico import Context, HTTPError, Key, Portico, Request, Response, status, use
from portico._errors import InvalidInputError
from portico._stream import ByteStream
from portico.contract import NATIVE, Capability, Platform, Runtime

T = TypeVar("T")


class LoopPlatform(Platform):
    """A runtime with an event loop and threads, which keeps its reports."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[BaseException] = []

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await anyio.to_thread.run_sync(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(error)


class ThreadPlatform(LoopPlatform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


PLACES = [
    (kind, backend) for kind in (ThreadPlatform, LoopPlatform) for backend in ("asyncio", "trio")
]
in_each_place = pytest.mark.parametrize(
    ("kind", "backend"), PLACES, ids=[f"{kind.__name__}-{backend}" for kind, backend in PLACES]
)


class Served:
    """An application whose generators, handlers and reader write what happens into one log."""

    def __init__(self, kind: type[LoopPlatform] = LoopPlatform) -> None:
        self.app = Portico()
        self.platform = kind()
        self.log: list[str] = []

    def key(self, colour: str, name: str = "", *, register: Any = None) -> Key[str]:
        """A generator of a colour that says when it is entered and left."""

        def sync() -> Iterator[str]:
            self.log.append(f"{name}entered")
            try:
                yield name
            except BaseException as error:
                self.log.append(f"{name}left by {said(error)}")
                raise
            self.log.append(f"{name}left")

        async def asynchronous() -> AsyncIterator[str]:
            await anyio.sleep(0)
            self.log.append(f"{name}entered")
            try:
                yield name
            except BaseException as error:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0)
                self.log.append(f"{name}left by {said(error)}")
                raise
            await anyio.sleep(0)
            self.log.append(f"{name}left")

        decorate = register or self.app.resolve
        if colour == "async":
            return decorate()(asynchronous)
        return decorate(blocking=colour == "blocking")(sync)

    async def respond(self, method: str = "GET", path: str = "/") -> Response:
        request = Request(f"http://app.test{path}", method=method)
        running = self.app.start(self.platform)
        answer = self.app.handle(request, self.platform, running)
        response = answer if isinstance(answer, Response) else await answer
        self.log.append(f"answered {response.status}")
        return response

    async def read(self, method: str = "GET", path: str = "/", *, chunks: int = 99) -> Response:
        """Answer a request, read so many chunks of a stream, and close it."""
        response = await self.respond(method, path)
        stream = response.content
        if isinstance(stream, bytes):
            return response
        try:
            for _ in range(chunks):
                chunk = await anext(stream, None)
                if chunk is None:
                    break
                self.log.append(f"sent {chunk.decode()}")
        except Exception as error:  # noqa: BLE001 - it is noted
            self.log.append(f"broken by {said(error)}")
        await stream.aclose()
        await stream.aclose()
        return response

    def run(self, backend: str = "asyncio", *args: Any, **named: Any) -> Response:
        async def run() -> Response:
            response = await self.read(*args, **named)
            await self.platform.afinish()
            return response

        return anyio.run(run, backend=backend)


def said(error: BaseException) -> str:
    if type(error) is HTTPError or isinstance(error, InvalidInputError):
        return f"HTTPError {error.status}"
    return "cancellation" if "Cancel" in type(error).__name__ else type(error).__name__


# How a request ends: what the application does, what the reader does, and the log behind "entered".


def value(served: Served) -> None:
    served.app.get("/", lambda: "a")


def nothing(served: Served) -> None:
    async def show() -> None: ...

    served.app.get("/", show)


def reply(served: Served) -> None:
    # In a worker thread, so that what was started before has the time to begin.
    served.app.get("/", lambda: status(404, "no"), blocking=True)


def error(served: Served) -> None:
    @served.app.get("/")
    def show() -> str:
        raise HTTPError(409, "no")


def failure(served: Served) -> None:
    @served.app.get("/")
    async def show() -> str:
        raise ValueError("secret")


def handled(served: Served) -> None:
    served.app.error(ValueError)(_say("handled"))
    failure(served)


def _say(word: str) -> Callable[[Context, Any], Any]:
    return lambda ctx, error: status(200, word)


def hook_fails(served: Served) -> None:
    @served.app.before_handle
    def refuse(ctx: Context) -> None:
        raise HTTPError(401)

    value(served)


def hook_answers(served: Served) -> None:
    @served.app.before_handle
    def refuse(ctx: Context) -> object:
        return status(403, "no")

    value(served)


def invalid(served: Served) -> None:
    @served.app.get("/")
    def show(number: int) -> int:
        return number


def mapper_fails(served: Served) -> None:
    @served.app.map_response
    def refuse(ctx: Context, value: object) -> None:
        raise KeyError(value)

    value(served)


def unsendable(served: Served) -> None:
    @served.app.get("/")
    def show() -> object:
        return object()


def stream(served: Served) -> None:
    @served.app.get("/")
    def show() -> Iterator[str]:
        yield from "ab"


def async_stream(served: Served) -> None:
    @served.app.get("/")
    async def show() -> AsyncIterator[str]:
        for letter in "ab":
            yield letter


def failing_stream(served: Served) -> None:
    @served.app.get("/")
    async def show() -> AsyncIterator[str]:
        yield "a"
        raise ValueError("secret")


def stream_that_fails_first(served: Served) -> None:
    @served.app.get("/")
    def show() -> Iterator[str]:
        yield str(1 // int("0"))


def stream_of_an_error(served: Served) -> None:
    served.app.get("/", lambda: status(500, iter("ab")))


class Undeclared:
    """A stream of a text and of what is none, which says when it is closed."""

    def __init__(self, log: list[str]) -> None:
        self.values: Iterator[Any] = iter(["a", 7, "b"])
        self.log = log

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self.values)

    def close(self) -> None:
        self.log.append("closed")


class AsyncUndeclared:
    """The same for asynchronous code."""

    def __init__(self, log: list[str]) -> None:
        self.source = Undeclared(log)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return next(self.source)

    async def aclose(self) -> None:
        self.source.close()


def undeclared_item(served: Served) -> None:
    @served.app.get("/")
    def show() -> Iterator[str]:
        return Undeclared(served.log)


def async_undeclared_item(served: Served) -> None:
    @served.app.get("/")
    async def show() -> AsyncIterator[str]:
        return AsyncUndeclared(served.log)


SENT = ["answered 200", "sent a", "sent b"]
BROKEN = ["closed", "left by UndeclaredAnswerError", "broken by UndeclaredAnswerError"]

ENDS: list[tuple[str, Callable[[Served], None], dict[str, Any], list[str]]] = [
    ("value", value, {}, ["left", "answered 200"]),
    ("head", value, {"method": "HEAD"}, ["left", "answered 200"]),
    ("204", nothing, {}, ["left", "answered 204"]),
    ("reply", reply, {}, ["left by HTTPError 404", "answered 404"]),
    ("error", error, {}, ["left by HTTPError 409", "answered 409"]),
    ("failure", failure, {}, ["left by ValueError", "answered 500"]),
    ("handled", handled, {}, ["left by ValueError", "answered 200"]),
    ("hook-answers", hook_answers, {}, ["left by HTTPError 403", "answered 403"]),
    ("hook-fails", hook_fails, {}, ["left by HTTPError 401", "answered 401"]),
    ("mapper-fails", mapper_fails, {}, ["left by KeyError", "answered 500"]),
    ("unsendable", unsendable, {}, ["left by UnencodableError", "answered 500"]),
    ("stream", stream, {}, [*SENT, "left"]),
    ("async-stream", async_stream, {}, [*SENT, "left"]),
    ("stream-head", stream, {"method": "HEAD"}, ["left", "answered 200"]),
    ("async-stream-head", async_stream, {"method": "HEAD"}, ["left", "answered 200"]),
    ("stream-left", stream, {"chunks": 1}, [*SENT[:2], "left by DisconnectError"]),
    ("async-stream-left", async_stream, {"chunks": 1}, [*SENT[:2], "left by DisconnectError"]),
    ("stream-unread", stream, {"chunks": 0}, ["answered 200", "left by DisconnectError"]),
    (
        "failing-stream",
        failing_stream,
        {},
        [*SENT[:2], "left by ValueError", "broken by ValueError"],
    ),
    ("undeclared-item", undeclared_item, {}, [*SENT[:2], *BROKEN]),
    ("async-undeclared-item", async_undeclared_item, {}, [*SENT[:2], *BROKEN]),
    ("fails-first", stream_that_fails_first, {}, ["left by ZeroDivisionError", "answered 500"]),
    (
        "stream-of-an-error",
        stream_of_an_error,
        {},
        ["answered 500", "sent a", "sent b", "left by HTTPError 500"],
    ),
]
COLOURS = ["quick", "blocking", "async"]
on_each_end = pytest.mark.parametrize(
    ("end", "reader", "expected"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS]
)


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
@on_each_end
def test_a_generator_sees_how_its_request_ends_at_the_right_moment(
    kind: type[LoopPlatform],
    backend: str,
    colour: str,
    end: Callable[[Served], None],
    reader: dict[str, Any],
    expected: list[str],
) -> None:
    served = Served(kind)
    served.key(colour)
    end(served)

    served.run(backend, **reader)

    assert served.log == ["entered", *expected]
    assert len(served.platform.reports) == ("answered 500" in expected and "sent a" not in expected)


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_a_derive_sees_that_its_request_was_invalid(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)
    served.key(colour, register=served.app.derive)
    invalid(served)

    served.run(backend)

    assert served.log == ["entered", "left by HTTPError 422", "answered 422"]


@in_each_place
@on_each_end
def test_a_generator_that_is_asked_for_is_left_as_one_that_runs_by_itself(
    kind: type[LoopPlatform],
    backend: str,
    end: Callable[[Served], None],
    reader: dict[str, Any],
    expected: list[str],
) -> None:
    served = Served(kind)

    def lazily(**options: Any) -> Any:
        return served.app.resolve(lazy=True, **options)

    keys = [served.key(colour, colour + " ", register=lazily) for colour in COLOURS]

    @served.app.before_handle
    async def ask(ctx: Context) -> None:
        for key in keys:
            await ctx.get(key)

    end(served)

    served.run(backend, **reader)

    ended = [
        word
        for said in expected
        for word in (
            [f"{colour} {said}" for colour in reversed(COLOURS)] if "left" in said else [said]
        )
    ]
    assert served.log == [*[f"{colour} entered" for colour in COLOURS], *ended]


@in_each_place
@pytest.mark.parametrize(
    "colours", [("quick", "async", "blocking"), ("async", "blocking", "async")]
)
def test_generators_of_all_colours_are_left_in_reverse(
    kind: type[LoopPlatform], backend: str, colours: tuple[str, ...]
) -> None:
    served = Served(kind)
    for name, colour in zip("abc", colours, strict=True):
        served.key(colour, name + " ")
    value(served)

    served.run(backend)

    assert served.log == [
        *("a entered", "b entered", "c entered"),
        *("c left", "b left", "a left"),
        "answered 200",
    ]


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_what_fails_to_enter_leaves_those_that_were_entered(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)
    served.key(colour)

    @served.app.resolve
    def fails() -> Iterator[str]:
        yield str(1 // int("0"))

    served.key(colour, "never ")
    value(served)

    served.run(backend)

    assert served.log == ["entered", "left by ZeroDivisionError", "answered 500"]


# What a generator makes of it


def generator(served: Served, colour: str, body: Callable[[Exception | None], None]) -> Key[str]:
    """A key whose generator calls `body` with the error that it is left by, if any."""

    def sync() -> Iterator[str]:
        try:
            yield "a"
        except Exception as error:  # noqa: BLE001 - the body decides
            body(error)
        else:
            body(None)

    async def asynchronous() -> AsyncIterator[str]:
        try:
            yield "a"
        except Exception as error:  # noqa: BLE001 - the body decides
            await anyio.sleep(0)
            body(error)
        else:
            await anyio.sleep(0)
            body(None)

    if colour == "async":
        return served.app.resolve(asynchronous)
    return served.app.resolve(blocking=colour == "blocking")(sync)


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_a_failing_commit_changes_the_answer_and_goes_to_the_error_hooks(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)
    served.key(colour, "outer ")

    def commit(error: Exception | None) -> None:
        raise OSError("disk full")

    generator(served, colour, commit)
    served.key(colour, "inner ")

    @served.app.error(OSError)
    def full(ctx: Context, error: OSError) -> Any:
        return status(507, str(error))

    value(served)

    response = served.run(backend)

    assert (response.status, response.content) == (507, b"disk full")
    assert served.log == [
        *("outer entered", "inner entered", "inner left"),
        *("outer left by OSError", "answered 507"),
    ]
    assert [said(error) for error in served.platform.reports] == ["OSError"]


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_a_commit_may_answer_with_an_error(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)

    def commit(error: Exception | None) -> None:
        raise HTTPError(409, "conflict")

    generator(served, colour, commit)
    value(served)

    assert served.run(backend).status == 409
    assert served.platform.reports == []


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_an_error_that_a_generator_translates_is_the_answer(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)

    def translate(error: Exception | None) -> None:
        raise HTTPError(409, "conflict") from error

    generator(served, colour, translate)
    failure(served)

    assert served.run(backend).status == 409


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_a_generator_that_keeps_the_error_to_itself_changes_nothing(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served, kept = Served(kind), list[Exception | None]()
    served.key("async", "outer ")
    generator(served, colour, kept.append)
    failure(served)

    assert served.run(backend).status == 500
    assert [said(error) for error in kept if error] == ["ValueError"]
    assert served.log == ["outer entered", "outer left by ValueError", "answered 500"]
    assert [said(error) for error in served.platform.reports] == ["ValueError"]


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("error_class", "seen"),
    # Python makes a RuntimeError of the one, where it leaves a coroutine (PEP 479).
    [(StopIteration, "RuntimeError"), (StopAsyncIteration, "StopAsyncIteration")],
)
def test_the_end_of_an_iteration_is_an_error_as_any_other(
    kind: type[LoopPlatform], backend: str, colour: str, error_class: type[Exception], seen: str
) -> None:
    served = Served(kind)
    served.key(colour)

    @served.app.get("/")
    def show() -> str:
        raise error_class

    served.run(backend)

    assert served.log[1:] == [f"left by {seen}", "answered 500"]
    assert len(served.platform.reports) == 1


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("times", "message"), [(0, "without a `yield`"), (2, "yielded twice")])
def test_a_generator_yields_once(
    kind: type[LoopPlatform], backend: str, colour: str, times: int, message: str
) -> None:
    served = Served(kind)
    served.key(colour, "outer ")

    def sync() -> Iterator[int]:
        try:
            yield from range(times)
        finally:
            served.log.append("closed")

    async def asynchronous() -> AsyncIterator[int]:
        try:
            for number in range(times):
                yield number
        finally:
            served.log.append("closed")

    if colour == "async":
        served.app.resolve(asynchronous)
    else:
        served.app.resolve(blocking=colour == "blocking")(sync)
    value(served)

    assert served.run(backend).status == 500
    assert message in str(served.platform.reports[0])
    assert served.log == [
        *("outer entered", "closed"),
        *("outer left by DefinitionError", "answered 500"),
    ]


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_a_teardown_that_fails_at_the_end_of_a_stream_breaks_it_off(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)
    served.key(colour, "outer ")

    def commit(error: Exception | None) -> None:
        raise OSError("disk full")

    generator(served, colour, commit)
    stream(served)

    served.run(backend)

    assert served.log == [
        *("outer entered", *SENT),
        *("outer left by OSError", "broken by OSError"),
    ]


# Context variables, cancel scopes and task groups across the yield

variable: ContextVar[str] = ContextVar("variable", default="clean")


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("end", [value, failure, stream, async_stream])
def test_a_variable_that_a_generator_sets_is_seen_and_can_be_reset(
    kind: type[LoopPlatform], backend: str, colour: str, end: Callable[[Served], None]
) -> None:
    served = Served(kind)

    def sync() -> Iterator[None]:
        token = variable.set("dirty")
        try:
            yield
        finally:
            served.log.append(variable.get())
            variable.reset(token)
            served.log.append(variable.get())

    async def asynchronous() -> AsyncIterator[None]:
        token = variable.set("dirty")
        try:
            yield
        finally:
            served.log.append(variable.get())
            variable.reset(token)
            served.log.append(variable.get())

    if colour == "async":
        served.app.resolve(asynchronous)
    else:
        served.app.resolve(blocking=colour == "blocking")(sync)

    @served.app.before_handle
    def look(ctx: Context) -> None:
        served.log.append(f"seen {variable.get()}")
        variable.set("changed")

    end(served)

    served.run(backend)

    assert served.log[0] == "seen dirty"
    assert [word for word in served.log if word in ("clean", "changed")] == ["changed", "clean"]
    assert not [error for error in served.platform.reports if said(error) != "ValueError"]
    assert variable.get() == "clean"


@in_each_place
@pytest.mark.parametrize("end", [value, stream, async_stream, reply])
def test_a_task_group_may_be_open_across_the_yield(
    kind: type[LoopPlatform], backend: str, end: Callable[[Served], None]
) -> None:
    served = Served(kind)

    @served.app.resolve
    async def workers() -> AsyncIterator[object]:
        async with anyio.create_task_group() as group:
            group.start_soon(_note, served.log, "worked")
            with anyio.CancelScope():
                yield group

    served.key("async", "inner ")
    end(served)

    served.run(backend)

    assert served.log.count("worked") == 1
    assert [word for word in served.log if word.startswith("answered")] == (
        ["answered 404"] if end is reply else ["answered 200"]
    )


async def _note(log: list[str], word: str) -> None:
    await anyio.sleep(0)
    log.append(word)


@in_each_place
def test_a_time_limit_around_the_yield_is_an_error_of_the_request(
    kind: type[LoopPlatform], backend: str
) -> None:
    served = Served(kind)
    served.key("async", "outer ")

    @served.app.resolve
    async def limit() -> AsyncIterator[None]:
        with anyio.fail_after(0):
            yield

    @served.app.error(TimeoutError)
    def late(ctx: Context, error: TimeoutError) -> Any:
        return status(504, "late")

    @served.app.get("/")
    async def show() -> str:
        await anyio.sleep_forever()
        return "never"

    response = served.run(backend)

    assert (response.status, response.content) == (504, b"late")
    assert served.log == ["outer entered", "outer left by TimeoutError", "answered 504"]


@in_each_place
def test_a_worker_that_fails_ends_the_request_with_its_error(
    kind: type[LoopPlatform], backend: str
) -> None:
    served = Served(kind)

    async def fail() -> None:
        raise OSError("worker")

    @served.app.resolve
    async def workers() -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(fail)
            yield

    @served.app.get("/")
    async def show() -> str:
        await anyio.sleep_forever()
        return "never"

    assert served.run(backend).status == 500
    assert "OSError('worker')" in repr(served.platform.reports)


# Cancellation


def cancelled(served: Served, backend: str) -> None:
    """Run a request until it waits for ever, and cancel it there."""

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(served.read)
            while "waits" not in served.log:
                await anyio.sleep(0)
            group.cancel_scope.cancel()
        await served.platform.afinish()

    anyio.run(run, backend=backend)


def waiting(served: Served) -> None:
    @served.app.get("/")
    async def show() -> str:
        served.log.append("waits")
        await anyio.sleep_forever()
        return "never"


def waiting_with_a_hook(served: Served) -> None:
    @served.app.after_handle
    def keep(ctx: Context, value: object) -> None: ...

    waiting(served)


def waiting_stream(served: Served) -> None:
    @served.app.get("/")
    async def show() -> AsyncIterator[str]:
        yield "a"
        served.log.append("waits")
        await anyio.sleep_forever()


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("end", [waiting, waiting_with_a_hook, waiting_stream])
def test_a_cancelled_request_leaves_its_generators_shielded(
    kind: type[LoopPlatform], backend: str, colour: str, end: Callable[[Served], None]
) -> None:
    served = Served(kind)
    served.key(colour, "outer ")
    served.key(colour, "inner ")
    end(served)

    cancelled(served, backend)

    assert served.log[-3:] == [
        *("waits", "inner left by cancellation", "outer left by cancellation"),
    ]
    assert served.platform.reports == []


@in_each_place
@pytest.mark.parametrize("asked_in", ["handler", "request"])
def test_a_cancelled_request_leaves_a_generator_that_was_asked_for(
    kind: type[LoopPlatform], backend: str, asked_in: str
) -> None:
    served = Served(kind)

    def lazily(**options: Any) -> Any:
        return served.app.derive(lazy=True, **options)

    keys = [served.key("async", register=lazily)]

    async def ask(ctx: Context) -> None:
        await ctx.get(keys[0])
        served.log.append("waits")
        await anyio.sleep_forever()

    if asked_in == "request":
        served.app.request(ask)
        value(served)
    else:
        served.app.get("/", ask)

    cancelled(served, backend)

    assert served.log == ["entered", "waits", "left by cancellation"]


@in_each_place
def test_a_cancellation_during_a_teardown_still_leaves_the_rest(
    kind: type[LoopPlatform], backend: str
) -> None:
    served = Served(kind)
    served.key("async", "outer ")

    @served.app.resolve
    async def slow() -> AsyncIterator[None]:
        yield
        served.log.append("waits")
        await anyio.sleep_forever()

    value(served)

    cancelled(served, backend)

    assert served.log == ["outer entered", "waits", "outer left by cancellation"]


@pytest.mark.parametrize("colour", ["quick", "blocking"])
@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_an_exit_of_the_process_leaves_generators_without_a_loop(
    colour: str, error_class: type[BaseException]
) -> None:
    served = Served(ThreadPlatform)
    served.key(colour)

    @served.app.get("/")
    def show() -> str:
        raise error_class

    with pytest.raises(error_class):
        served.app.handle(
            Request("http://app.test/"), served.platform, served.app.start(served.platform)
        )
    assert served.log == ["entered", f"left by {error_class.__name__}"]


# What is asked for late


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
def test_a_generator_that_a_stream_asks_for_is_left_at_its_end(
    kind: type[LoopPlatform], backend: str, colour: str
) -> None:
    served = Served(kind)

    def lazily(**options: Any) -> Any:
        return served.app.resolve(lazy=True, **options)

    keys = [served.key(colour, register=lazily)]

    @served.app.get("/")
    async def show(ctx: Context) -> AsyncIterator[str]:
        yield "a"
        await ctx.get(keys[0])
        yield "b"

    served.run(backend)
    served.log.append("again")
    served.run(backend, chunks=2)

    assert served.log == [
        *("answered 200", "sent a", "entered", "sent b", "left"),
        "again",
        *("answered 200", "sent a", "entered", "sent b", "left by DisconnectError"),
    ]


@in_each_place
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("end", [value, stream])
def test_a_generator_that_work_asks_for_is_left_behind_all_work(
    kind: type[LoopPlatform], backend: str, colour: str, end: Callable[[Served], None]
) -> None:
    served = Served(kind)

    def lazily(**options: Any) -> Any:
        return served.app.resolve(lazy=True, **options)

    keys = [served.key(colour, register=lazily)]

    @served.app.after_response
    async def work(ctx: Context, response: Response) -> None:
        await ctx.get(keys[0])
        ctx.wait_until(lambda: served.log.append("more work"))

    end(served)

    served.run(backend)

    assert served.log[-3:] == ["entered", "more work", "left"]


@in_each_place
def test_work_runs_when_the_generators_are_left(kind: type[LoopPlatform], backend: str) -> None:
    served = Served(kind)
    served.key("async")

    @served.app.get("/")
    async def show(ctx: Context) -> str:
        ctx.wait_until(lambda: served.log.append("work"))
        return "a"

    served.run(backend)

    assert served.log == ["entered", "left", "answered 200", "work"]


def test_a_key_that_is_bound_by_two_is_entered_and_left_once() -> None:
    served = Served()

    def lazily(**options: Any) -> Any:
        return served.app.resolve(lazy=True, **options)

    key = served.key("async", register=lazily)

    @served.app.resolve
    def other(ctx: Context, it: str = use(key)) -> str:
        return it

    @served.app.get("/")
    async def show(ctx: Context, a: str = use(key), b: str = use(other)) -> str:
        return a + b + ctx[key] + await ctx.get(key)

    served.run()

    assert served.log == ["entered", "left", "answered 200"]


def test_overlapping_streams_leave_their_own_generators() -> None:
    served = Served()
    served.app.resolve(_named(served.log))

    @served.app.get("/{name}")
    async def show(name: str) -> AsyncIterator[str]:
        yield name
        yield name

    async def run() -> None:
        first, second = [await served.respond(path=f"/{name}") for name in "ab"]
        assert isinstance(first.content, ByteStream)
        assert isinstance(second.content, ByteStream)
        for content in (first.content, second.content, first.content, second.content):
            await anext(content)
        await second.content.aclose()
        assert await anext(first.content, None) is None

    anyio.run(run)

    assert served.log == [
        *("enters a", "answered 200", "enters b", "answered 200"),
        *("leaves b by DisconnectError", "leaves a"),
    ]


def _named(log: list[str]) -> Callable[[Context], AsyncIterator[None]]:
    async def generator(ctx: Context) -> AsyncIterator[None]:
        log.append(f"enters {ctx.params['name']}")
        try:
            yield
        except Exception as error:
            log.append(f"leaves {ctx.params['name']} by {said(error)}")
            raise
        log.append(f"leaves {ctx.params['name']}")

    return generator
