"""Generators as answers: what the first value decides, and what comes before and after it."""

from collections.abc import AsyncIterator, Generator, Iterator
from contextvars import ContextVar
from typing import Any, Final

from portico import Context, HTTPError, Response, sse, status
from portico_conformance.application._app import app
from portico_conformance.application._signals import count

GENERATED: Final[dict[str, list[Any]]] = {
    "text-then-bytes": ["a", b"\xff"],
    "text-then-object": ["a", {"b": 1}, None, 2],
    "bytes-then-text": [b"\xff", "ü"],
    "bytes-then-object": [b"\xff", {"a": 1}],
    "other-bytes": [bytearray(b"\x00a"), memoryview(b"\x00b")],
    "object-then-text": [{"a": 1}, "b\nc", b"\x00", None],
    "numbers": [1, 0.5, True],
    "false-first": [False, "", 0],
    "none-first": [None, None, "a", None],
    "empty-text-first": ["", {"a": 1}],
}
"""Kinds of generators, by what a case calls them: their values."""

_current: ContextVar[str] = ContextVar("current", default="none")


@app.get("/async/generated/{kind}")
async def generated_async(kind: str) -> AsyncIterator[Any]:
    """A generator of values."""
    for value in GENERATED[kind]:
        yield value


@app.get("/sync/generated/{kind}")
def generated_sync(kind: str) -> Iterator[Any]:
    """A generator of values."""
    yield from GENERATED[kind]


@app.get("/async/delegated/{kind}")
async def delegated_async(kind: str) -> object:
    """A generator that gives the values of another."""

    async def outer() -> AsyncIterator[Any]:
        async for value in generated_async(kind):
            yield value

    return outer()


@app.get("/sync/delegated/{kind}")
def delegated_sync(kind: str) -> Iterator[Any]:
    """A generator that gives the values of another."""
    yield from generated_sync(kind)


@app.get("/sync/returned/{kind}")
def returned(kind: str) -> Generator[Any, None, Any]:
    """A generator that ends without a value, and returns one."""
    yield from [None, None] if kind == "none-first" else []
    made: dict[str, Any] = {
        "text": "a",
        "object": {"a": 1},
        "bytes": b"\xff",
        "reply": status(201, {"id": 1}),
        "response": Response("own", status=203),
        "event": sse("a"),
        "generator": generated_sync("numbers"),
        "none-first": "a",
        "none": None,
    }
    return made[kind]


@app.get("/async/replied/{code}/{name}")
async def replied_async(code: int, name: str) -> object:
    """A generator inside of a reply; its closing is counted."""

    async def chunks() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            count(name)

    return status(code, chunks(), headers={"x-own": "kept"})


@app.get("/sync/replied/{code}/{name}")
def replied_sync(code: int, name: str) -> object:
    """A generator inside of a reply; its closing is counted."""

    def chunks() -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            count(name)

    return status(code, chunks(), headers={"x-own": "kept"})


@app.get("/async/set-around")
async def set_around_async(ctx: Context) -> AsyncIterator[str]:
    """Status, a field and a cookie before the first value, and again after it."""
    set_all(ctx, 202, "before")
    yield "a"
    set_all(ctx, 203, "after")
    yield "b"


@app.get("/sync/set-around")
def set_around_sync(ctx: Context) -> Iterator[str]:
    """Status, a field and a cookie before the first value, and again after it."""
    set_all(ctx, 202, "before")
    yield "a"
    set_all(ctx, 203, "after")
    yield "b"


def set_all(ctx: Context, status: int, word: str) -> None:
    """Set what an answer can have besides its value."""
    ctx.set.status = status
    ctx.set.headers["x-when"] = word
    ctx.set.headers["content-type"] = f"text/x-{word}"
    ctx.cookies["when"].value = word


def refused() -> str:
    """No value."""
    raise HTTPError(404, "nothing to stream")


@app.get("/async/refuses")
async def refuses_async() -> AsyncIterator[str]:
    """An answer instead of the first value."""
    yield refused()


@app.get("/sync/refuses")
def refuses_sync() -> Iterator[str]:
    """An answer instead of the first value."""
    yield refused()


@app.get("/async/variable")
async def variable_async() -> AsyncIterator[str]:
    """A variable that is set before the first value, and reset at the end."""
    token = _current.set("set")
    try:
        yield _current.get()
        yield f",{_current.get()}"
    finally:
        _current.reset(token)
        yield f",{_current.get()}"


@app.get("/sync/variable")
def variable_sync() -> Iterator[str]:
    """A variable that is set before the first value, and reset at the end."""
    token = _current.set("set")
    try:
        yield _current.get()
        yield f",{_current.get()}"
    finally:
        _current.reset(token)
        yield f",{_current.get()}"


@app.get("/async/fails-last/{name}")
async def fails_last_async(name: str) -> AsyncIterator[str]:
    """An exception after the last value."""
    try:
        yield "a"
    finally:
        count(name)
        raise RuntimeError("flush")


@app.get("/sync/fails-last/{name}")
def fails_last_sync(name: str) -> Iterator[str]:
    """An exception after the last value."""
    try:
        yield "a"
    finally:
        count(name)
        raise RuntimeError("flush")


class Once:
    """An iterator that is no generator: it fails or ends at once, and counts its closing."""

    def __init__(self, name: str, *, fails: bool) -> None:
        self.name = name
        self.fails = fails

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raise HTTPError(409, "not now") if self.fails else StopIteration

    def close(self) -> None:
        """Count."""
        count(self.name)


class OnceAsync:
    """The same for asynchronous code."""

    def __init__(self, name: str, *, fails: bool) -> None:
        self.name = name
        self.fails = fails

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        raise HTTPError(409, "not now") if self.fails else StopAsyncIteration

    async def aclose(self) -> None:
        """Count."""
        count(self.name)


@app.get("/async/once/{name}")
async def once_async(name: str, fails: bool) -> object:
    """An iterator without a first value."""
    return OnceAsync(name, fails=fails)


@app.get("/sync/once/{name}")
def once_sync(name: str, fails: bool) -> object:
    """An iterator without a first value."""
    return Once(name, fails=fails)
