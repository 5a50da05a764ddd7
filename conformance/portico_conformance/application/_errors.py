"""Handlers that fail."""

from collections.abc import Iterator

from portico import Context, HTTPError
from portico_conformance.application._app import app


class OutOfOrderError(Exception):
    """An exception that only this application knows."""


@app.all("/async/error")
async def error_async() -> object:
    """An exception with a secret in its text."""
    raise OutOfOrderError("the secret of the exception")


@app.all("/sync/error")
def error_sync() -> object:
    """An exception with a secret in its text."""
    raise OutOfOrderError("the secret of the exception")


@app.post("/error-after-read")
async def error_after_read(ctx: Context) -> object:
    """An exception after the body was read."""
    await ctx.request.bytes()
    raise OutOfOrderError("the secret of the exception")


@app.post("/error-unread")
async def error_unread() -> object:
    """An exception while the body was not read."""
    raise OutOfOrderError("the secret of the exception")


@app.get("/error/status/{code}")
async def error_status(code: int) -> object:
    """An error that is raised with a status that the peer chooses."""
    raise HTTPError(code, "raised on purpose")


@app.get("/error/nested")
async def error_nested() -> object:
    """An exception whose cause has a secret."""
    try:
        raise OutOfOrderError("the secret of the cause")
    except OutOfOrderError as error:
        raise LookupError("the secret of the effect") from error


@app.get("/error/recursion")
def error_recursion() -> int:
    """A call that never ends."""
    return error_recursion()


@app.get("/error/stop-iteration")
async def error_stop_iteration() -> object:
    """An exception that generators take for their own end."""
    return next(iter(()))


@app.get("/error/sync-stop-iteration")
def error_sync_stop_iteration() -> object:
    """The same on a thread."""
    empty: Iterator[object] = iter(())
    return next(empty)


@app.get("/error/cancelled-looking")
async def error_timeout() -> object:
    """A timeout of the handler's own."""
    raise TimeoutError("the secret of the timeout")
