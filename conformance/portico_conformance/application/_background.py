"""Work that outlives its answer, from wherever a request can give it, and handlers left alone."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Final

from portico import Context, HTTPError, PorticoError, Response, status
from portico_conformance.application._app import app
from portico_conformance.application._signals import (
    count,
    is_raised,
    raise_signal,
    until,
    until_blocking,
)

_orders: Final[dict[str, list[str]]] = {}
_number: Final[ContextVar[int]] = ContextVar("number", default=0)


class NoSuchThingError(Exception):
    """What a handler raises here, so that an error hook gives work."""


@app.get("/background/from/async/{name}")
async def from_async(ctx: Context, name: str) -> str:
    """Work of an asynchronous handler."""
    return ctx.wait_until(lambda: count(name)).value


@app.get("/background/from/sync/{name}")
def from_sync(ctx: Context, name: str) -> str:
    """Asynchronous work of a synchronous handler."""

    async def work() -> None:
        await ctx.platform.sleep(0)
        count(name)

    return ctx.wait_until(work).value


@app.get("/background/from/stream-async/{name}")
async def from_stream_async(ctx: Context, name: str) -> AsyncIterator[str]:
    """Work of a stream, given behind its first chunk."""
    yield ""
    yield ctx.wait_until(lambda: count(name)).value


@app.get("/background/from/stream-sync/{name}")
def from_stream_sync(ctx: Context, name: str) -> Iterator[str]:
    """The same of a synchronous stream."""
    yield ""
    yield ctx.wait_until(lambda: count(name)).value


with app.group("/background/from") as _failing:

    @_failing.error(NoSuchThingError)
    def give_for_error(ctx: Context, error: NoSuchThingError) -> object:
        """Work of an error hook."""
        name = str(error)
        return status(404, ctx.wait_until(lambda: count(name)).value)

    @_failing.get("/error-hook/{name}")
    async def from_error_hook(name: str) -> str:
        """Fail, so that the hook gives work."""
        raise NoSuchThingError(name)


def _answer_early(ctx: Context) -> str:
    name = ctx.params["name"]
    return ctx.wait_until(lambda: count(name)).value


@app.get("/background/from/early-answer/{name}", before_handle=_answer_early)
async def from_early_answer(name: str) -> str:
    """Never called: the hook has answered."""
    raise HTTPError(500, name)


def _give_after_response(ctx: Context, response: Response) -> None:
    name = ctx.params["name"]
    ctx.wait_until(lambda: count(name))


@app.get("/background/from/after-response/{name}", after_response=_give_after_response)
async def from_after_response(ctx: Context) -> str:
    """The hook behind the answer gives more work."""
    return ctx.platform.promise.value


@app.get("/background/from/a-function-that-gives-an-awaitable/{name}")
def from_function(ctx: Context, name: str) -> str:
    """A plain function whose value is to be awaited."""

    async def work() -> None:
        await ctx.platform.sleep(0)
        count(name)

    def give() -> Awaitable[None]:
        return work()

    return ctx.wait_until(give).value


@app.get("/background/order/{name}")
async def in_order(ctx: Context, name: str) -> str:
    """Works of every kind, among them one that fails and one that gives another."""
    order = _orders.setdefault(name, [])

    async def later(what: str) -> None:
        await ctx.platform.sleep(0)
        order.append(what)

    def fail() -> None:
        order.append("fails")
        raise RuntimeError("the secret of the work")

    def give_more() -> None:
        order.append("gives more")
        ctx.wait_until(lambda: order.append("given later"))

    ctx.wait_until(lambda: order.append("function"))
    ctx.wait_until(later("coroutine"))
    ctx.wait_until(fail)
    ctx.wait_until(give_more)
    ctx.wait_until(lambda: later("awaited"))
    ctx.wait_until(partial(later, "async function"))
    return ctx.wait_until(lambda: raise_signal(f"{name}-last")).value


@app.get("/background/order/{name}/seen")
async def seen_order(ctx: Context, name: str) -> list[str]:
    """What has run, in order, once there are seven."""
    await until(ctx, lambda: len(_orders.get(name, ())) >= 7)
    return _orders.get(name, [])


@app.get("/background/variables/{name}")
async def with_variables(ctx: Context, name: str) -> str:
    """Functions that say which value of a context variable they see."""
    seen = _orders.setdefault(name, [])
    for number in (1, 2):
        _number.set(number)
        ctx.wait_until(lambda: seen.append(str(_number.get())))
    _number.set(3)
    return ctx.platform.promise.value


@app.get("/background/variables/{name}/seen")
async def seen_variables(ctx: Context, name: str) -> list[str]:
    """What they saw."""
    await until(ctx, lambda: len(_orders.get(name, ())) >= 2)
    return _orders.get(name, [])


@app.get("/background/blocks/{name}")
async def with_work_that_blocks(ctx: Context, name: str) -> str:
    """A function that blocks until the signal is raised."""

    def work() -> None:
        raise_signal(f"{name}-begun")
        if until_blocking(lambda: is_raised(name)):
            raise_signal(f"{name}-ended")

    return ctx.wait_until(work).value


@app.get("/background/late/{name}")
async def keep_context(ctx: Context, name: str) -> None:
    """Keep what belongs to this request for another one."""
    _kept[name] = ctx


_kept: Final[dict[str, Context]] = {}


@app.get("/background/late/{name}/give")
async def give_late(name: str) -> str:
    """Give work to the request that is over."""
    try:
        return _kept.pop(name).wait_until(lambda: count(name)).value
    except PorticoError:
        return "refused"


# Handlers whose peer leaves


@app.get("/alone/cancel/{name}", on_disconnect="cancel")
async def cancelled(ctx: Context, name: str) -> str:
    """Wait for the signal; being cancelled, do work in what is left of the request."""
    ctx.wait_until(lambda: count(name))
    return await _wait(ctx, name)


@app.get("/alone/signal/{name}")
async def left_alone(ctx: Context, name: str) -> str:
    """The same, where nobody asks for a cancellation."""
    return await _wait(ctx, name)


async def _wait(ctx: Context, name: str) -> str:
    raise_signal(f"{name}-begun")
    how = "cancelled"
    try:
        await until(ctx, lambda: is_raised(name))
        how = "released"
    finally:
        raise_signal(f"{name}-{how}")
    return how
