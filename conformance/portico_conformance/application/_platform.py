"""The runtime as a handler sees it, and what lives longer than a request."""

from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from itertools import count as serial_numbers
from typing import Final, Literal

from portico import Context, Response, use
from portico_conformance.application._app import ENVIRONMENT, app
from portico_conformance.application._signals import count, is_raised, raise_signal, until

_serials = serial_numbers(1)
_whose: Final[ContextVar[str]] = ContextVar("whose", default="nobody's")


@app.resource
async def pool() -> AsyncIterator[int]:
    """An app-lived value that needs an event loop: a number that no other start gives."""
    yield next(_serials)


@app.resource
def file_like() -> Iterator[int]:
    """An app-lived value that needs none."""
    yield next(_serials)


@app.get("/platform")
async def platform(ctx: Context) -> dict[str, object]:
    """What the runtime says of itself."""
    own = ctx.platform
    peer = own.peer
    return {
        "name": own.runtime.name,
        "concurrency": own.runtime.concurrency,
        "capabilities": {name.value: how.value for name, how in own.capabilities.items()},
        "promise": own.promise.value,
        "env": ctx.env.get(ENVIRONMENT[0]),
        "peer": {"address": peer.address, "port": peer.port, "source": peer.source},
        "root_path": own.root_path,
        "deadline": ctx.deadline,
        "monotonic": own.monotonic(),
        "now": own.now(),
        "aborted": own.signal.aborted,
    }


@app.get("/async/resources")
async def resources_async(a: int = use(pool), b: int = use(file_like)) -> list[int]:
    """The app-lived values."""
    return [a, b]


@app.get("/sync/resources")
def resources_sync(ctx: Context) -> list[int]:
    """The app-lived values, by `ctx`."""
    return [ctx[pool], ctx[file_like]]


@app.get("/wait-until/{name}/{kind}")
async def wait_until(ctx: Context, name: str, kind: Literal["async", "sync", "fails"]) -> str:
    """Work that the answer does not depend on; it is counted when it runs."""

    async def work_async() -> None:
        await ctx.platform.sleep(0)
        count(name)

    def work_sync() -> None:
        count(name)

    def work_that_fails() -> None:
        count(name)
        raise RuntimeError("the secret of the work")

    if kind == "async":
        return ctx.wait_until(work_async()).value
    return ctx.wait_until(work_sync if kind == "sync" else work_that_fails).value


@app.get("/sync/wait-until/{name}")
def wait_until_sync(ctx: Context, name: str) -> str:
    """Work handed over by synchronous code."""
    return ctx.wait_until(lambda: count(name)).value


@app.get("/wait-until-order/{name}")
async def wait_until_order(ctx: Context, name: str) -> str:
    """Two pieces of work, of which the second says whether the first has run."""

    def second() -> None:
        raise_signal(f"{name}-ordered" if is_raised(f"{name}-first") else f"{name}-reversed")

    ctx.wait_until(lambda: raise_signal(f"{name}-first"))
    return ctx.wait_until(second).value


@app.get("/async/context/{name}")
async def context_async(ctx: Context, name: str) -> list[str]:
    """A context variable before and after it is set, while the case holds the request."""
    before = _whose.get()
    _whose.set(name)
    raise_signal(f"{name}-set")
    await until(ctx, lambda: is_raised(name))
    return [before, _whose.get()]


@app.get("/async/context")
async def context_read_async() -> str:
    """The context variable as a request finds it."""
    return _whose.get()


@app.get("/sync/context")
def context_read_sync() -> str:
    """The context variable as a request finds it."""
    return _whose.get()


@app.get("/sync/context/{name}")
def context_sync(name: str) -> list[str]:
    """A context variable before and after it is set."""
    before = _whose.get()
    _whose.set(name)
    return [before, _whose.get()]


@app.get("/context-stream/{name}")
async def context_stream(name: str) -> AsyncIterator[str]:
    """A context variable that a stream's own code sets and reads between its chunks."""
    _whose.set(name)
    yield _whose.get() + ","
    yield _whose.get()


@app.get("/async/context-of-all/{name}")
async def context_of_all_async(ctx: Context, name: str) -> AsyncIterator[str]:
    """A context variable that the handler sets, in the stream of its answer and in later work."""

    async def chunks() -> AsyncIterator[str]:
        yield _whose.get() + ","
        yield _whose.get()

    async def work() -> None:
        count(_whose.get())

    _whose.set(name)
    ctx.wait_until(work)
    return chunks()


@app.get("/sync/context-of-all/{name}")
def context_of_all_sync(ctx: Context, name: str) -> Iterator[str]:
    """The same in synchronous code."""

    def chunks() -> Iterator[str]:
        yield _whose.get() + ","
        yield _whose.get()

    _whose.set(name)
    ctx.wait_until(lambda: count(_whose.get()))
    return chunks()


@app.get("/sync/run-here", blocking=False)
def run_here(ctx: Context) -> str:
    """Synchronous code that is declared not to block."""
    return ctx.route


@app.get("/early-hints")
async def early_hints(ctx: Context) -> bool:
    """Whether a 103 was sent."""
    return await ctx.platform.early_hints(["</style.css>; rel=preload"])


@app.get("/trailers/{kind}")
async def trailers(ctx: Context, kind: Literal["stream", "whole", "none", "fails"]) -> object:
    """Whether fields follow the content, which are made when it has been sent."""
    made = list[str]()

    def count_made() -> str:
        if kind == "fails":
            raise FileNotFoundError("the secret of the trailer")
        return f"{len(made)}{kind}"

    sent = ctx.platform.send_trailers({"X-Chunks": count_made})
    assert ctx.platform.send_trailers({"x-empty": lambda: ""}) is sent

    async def chunks() -> AsyncIterator[str]:
        for chunk in (str(sent).lower(), ",", "end"):
            made.append(chunk)
            yield chunk

    if kind in ("stream", "fails"):
        return chunks()
    return Response(status=204) if kind == "none" else str(sent).lower()


@app.get("/sync/trailers")
def trailers_sync(ctx: Context) -> Iterator[str]:
    """The same, of synchronous code."""
    made = list[str]()
    yield str(ctx.platform.send_trailers({"x-chunks": lambda: str(len(made))})).lower()
    made.append("one")


@app.get("/trailers-refused/{name}")
def trailers_refused(ctx: Context, name: str) -> str:
    """What is said of a field that must not stand behind the content."""
    try:
        ctx.platform.send_trailers({name: lambda: "1"})
    except ValueError as error:
        return str(error)
    return "taken"
