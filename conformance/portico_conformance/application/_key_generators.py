"""Request-lived generators: what they see of the end of their request, and when."""

from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Final

from portico import Context, HTTPError, Portico, status
from portico_conformance.application._app import app
from portico_conformance.application._signals import count, counted, is_raised, until
from portico_conformance.application._streams import BLOCK
from portico_conformance.application._together import task_group

_seen: Final[dict[str, list[str]]] = {}
_variable: Final[ContextVar[str]] = ContextVar("variable", default="nobody's")


def _left(ctx: Context, error: BaseException | None, who: str = "") -> None:
    """Note what a generator was left by."""
    name = ctx.params["name"]
    words = "nothing" if error is None else _words(error)
    _seen.setdefault(name, []).append(f"{who}{words}")
    count(f"{name}-left")


def _words(error: BaseException) -> str:
    if type(error) is HTTPError:
        return f"status {error.status}"
    return "cancellation" if "Cancel" in type(error).__name__ else type(error).__name__


def _generators(colour: str, *, is_async: bool, blocking: bool) -> Portico:
    """A plugin whose every route has two generators of a colour around it."""
    plugin = Portico(name=f"generators-{colour}", prefix=f"/generators/{colour}", blocking=blocking)

    @plugin.error(409)
    def conflict(ctx: Context, error: HTTPError) -> object:
        return status(409, "the hook saw it")

    (_enter_async if is_async else _enter)(plugin)
    _routes(plugin)
    return plugin


def _enter_async(plugin: Portico) -> None:
    """The two generators, asynchronous."""

    async def outer_async(ctx: Context) -> AsyncIterator[None]:
        token = _variable.set("the key's")
        try:
            yield
        except BaseException as error:
            _left(ctx, error, "outer: ")
            raise
        else:
            await ctx.platform.sleep(0)
            _left(ctx, None, "outer: ")
        finally:
            _variable.reset(token)

    async def inner_async(ctx: Context) -> AsyncIterator[None]:
        try:
            yield
        except BaseException as error:
            _left(ctx, error, "inner: ")
            raise
        await ctx.platform.sleep(0)
        _left(ctx, None, "inner: ")
        _commit(ctx)

    plugin.resolve(outer_async)
    plugin.resolve(inner_async)


def _enter(plugin: Portico) -> None:
    """The two generators, synchronous."""

    def outer(ctx: Context) -> Iterator[None]:
        token = _variable.set("the key's")
        try:
            yield
        except BaseException as error:
            _left(ctx, error, "outer: ")
            raise
        else:
            _left(ctx, None, "outer: ")
        finally:
            _variable.reset(token)

    def inner(ctx: Context) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            _left(ctx, error, "inner: ")
            raise
        _left(ctx, None, "inner: ")
        _commit(ctx)

    plugin.resolve(outer)
    plugin.resolve(inner)


def _commit(ctx: Context) -> None:
    if ctx.query.get("commit") == "fails":
        raise HTTPError(409, "nothing was written")


def _routes(plugin: Portico) -> None:
    """Every way in which a request can end."""

    @plugin.get("/value/{name}")
    def value(ctx: Context, name: str) -> str:
        ctx.wait_until(lambda: count(f"{name}-work-{counted(f'{name}-left')}"))
        return _variable.get()

    @plugin.get("/nothing/{name}")
    async def nothing(name: str) -> None: ...

    @plugin.get("/reply/{name}")
    def reply(name: str) -> object:
        return status(404, "not here")

    @plugin.get("/error/{name}")
    async def error(name: str) -> str:
        raise HTTPError(403, "not you")

    @plugin.get("/fails/{name}")
    def fails(name: str) -> str:
        raise RuntimeError("the secret of the handler")

    @plugin.get("/sync-stream/{name}")
    def sync_stream(name: str) -> Iterator[str]:
        yield "first,"
        yield f"{counted(f'{name}-left')} left"

    @plugin.get("/async-stream/{name}")
    async def async_stream(name: str) -> AsyncIterator[str]:
        yield "first,"
        yield f"{counted(f'{name}-left')} left"

    @plugin.get("/broken-stream/{name}")
    async def broken_stream(name: str) -> AsyncIterator[str]:
        yield "first,"
        raise RuntimeError("the secret of the stream")

    @plugin.get("/long-stream/{name}")
    async def long_stream(name: str, blocks: int) -> AsyncIterator[bytes]:
        for _ in range(blocks):
            yield BLOCK

    @plugin.get("/held-stream/{name}")
    async def held_stream(ctx: Context, name: str) -> AsyncIterator[str]:
        yield "first,"
        await until(ctx, lambda: is_raised(name))
        yield "last"


for _colour, _is_async, _blocking in (
    ("async", True, True),
    ("sync", False, True),
    ("quick", False, False),
):
    app.use(_generators(_colour, is_async=_is_async, blocking=_blocking))


# A task group and a cancel scope that are open as long as the request

scopes: Final = Portico(name="scopes", prefix="/scopes")


@scopes.resolve
async def workers(ctx: Context) -> AsyncIterator[None]:
    """A task of the request that ends with it."""

    async def work() -> None:
        count(f"{ctx.params['name']}-worked")

    async with task_group() as start:
        start(work)
        try:
            yield
        except BaseException as error:
            _left(ctx, error)
            raise
        _left(ctx, None)


@scopes.get("/value/{name}")
async def scoped_value(name: str) -> str:
    """An answer in memory."""
    return name


@scopes.get("/error/{name}")
async def scoped_error(name: str) -> str:
    """An error, which comes back from the task group in a group."""
    raise HTTPError(403, "not you")


@scopes.get("/stream/{name}")
async def scoped_stream(ctx: Context, name: str) -> AsyncIterator[str]:
    """A stream, through whose chunks the task group stays open."""
    yield "first,"
    await ctx.platform.sleep(0)
    yield "last"


app.use(scopes)


@app.get("/generators/seen/{name}")
async def seen(name: str) -> list[str]:
    """What the generators of a request were left by, in order."""
    return _seen.get(name, [])
