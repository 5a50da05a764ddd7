"""Statuses, redirects, and answers without a body."""

from collections.abc import AsyncIterator, Iterator
from typing import Literal

from portico import Context, Reply, Response, redirect, status
from portico_conformance.application._app import app
from portico_conformance.application._signals import count

RedirectStatus = Literal[301, 302, 303, 307, 308]

WITHOUT_BODY = frozenset({204, 205, 304})


def answer(code: int) -> Reply[int, str] | Reply[int, None]:
    """Any status, with a text where the status admits one."""
    if code in WITHOUT_BODY:
        return status(code)
    return status(code, f"status {code}")


@app.get("/async/status/{code}")
async def status_async(code: int) -> object:
    """A status, from asynchronous code."""
    return answer(code)


@app.get("/sync/status/{code}")
def status_sync(code: int) -> object:
    """A status, from synchronous code."""
    return answer(code)


@app.get("/set-status/{code}")
async def set_status(ctx: Context, code: int) -> str:
    """A status by `ctx.set`, beside a plain value."""
    ctx.set.status = code
    return "set"


@app.get("/not-modified")
async def not_modified() -> Response:
    """A 304 with the fields that it may have (RFC 9110 section 15.4.5)."""
    return Response(status=304, headers={"etag": '"one"', "cache-control": "max-age=60"})


@app.get("/async/bodiless/{code}/{name}")
async def bodiless_async(code: int, name: str) -> object:
    """A stream given to a status that has no body."""

    async def chunks() -> AsyncIterator[str]:
        try:
            yield "never"
            yield "sent"
        finally:
            count(name)

    return status(code, chunks())


@app.get("/sync/bodiless/{code}/{name}")
def bodiless_sync(code: int, name: str) -> object:
    """A stream given to a status that has no body."""

    def chunks() -> Iterator[str]:
        try:
            yield "never"
            yield "sent"
        finally:
            count(name)

    return status(code, chunks())


@app.get("/none")
async def declared_none() -> None:
    """Nothing, and declared so."""


@app.get("/empty")
async def undeclared_none(ctx: Context) -> object:
    """Nothing, where something could have been."""
    return None


@app.get("/redirect/{code}")
async def redirect_to(code: RedirectStatus, to: str) -> Response:
    """A redirect to where the peer says, which must stay on this origin."""
    return redirect(to, code)


@app.get("/redirect-external")
async def redirect_anywhere(to: str) -> Response:
    """A redirect to a target that the application trusts."""
    return redirect(to, external=True)
