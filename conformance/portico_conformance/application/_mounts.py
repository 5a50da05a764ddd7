"""Mounted applications: one that is mounted in several places, and one that is no `Portico`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from typing import Any, Final

from msgspec import Struct

from portico import Context, HTTPError, Portico, Request, Response, use
from portico.contract import Capabilities, Platform
from portico_conformance.application._app import app
from portico_conformance.application._plugins import runs
from portico_conformance.application._seen import seen
from portico_conformance.application._signals import count


class OnlyInsideError(Exception):
    """What the mounted application answers itself."""


class OutsideError(Exception):
    """What the application around it answers."""


inner: Final = Portico(name="inner")
inner.before_handle(runs("inner"))


@inner.resource
def lives() -> Iterator[list[str]]:
    """A value that lives as long as the mounted application."""
    yield ["entered"]


@inner.error(OnlyInsideError)
def answered_inside(ctx: Context, error: OnlyInsideError) -> str:
    """An error that does not get out."""
    ctx.set.status = 409
    return "answered inside"


@inner.all("/async/seen/{rest:path}")
@inner.all("/async")
@inner.all("/")
async def seen_async(ctx: Context) -> dict[str, object]:
    """What the mounted application sees."""
    return seen(ctx)


@inner.all("/sync/seen/{rest:path}")
@inner.all("/sync")
def seen_sync(ctx: Context) -> dict[str, object]:
    """The same in synchronous code."""
    return seen(ctx)


@inner.get("/lives")
def lives_on(value: list[str] = use(lives)) -> list[str]:
    """The value of the resource."""
    return value


@inner.post("/async/echo")
async def echo_async(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream in both directions."""
    async for chunk in body:
        yield chunk


@inner.post("/sync/echo")
def echo_sync(body: Iterator[bytes]) -> Iterator[bytes]:
    """A stream in both directions."""
    yield from body


@inner.post("/async/json")
async def json_async(ctx: Context) -> Any:
    """A body that is read whole."""
    return await ctx.request.json()


@inner.post("/sync/json")
def json_sync(body: dict[str, int]) -> dict[str, int]:
    """A body that is bound."""
    return body


@inner.get("/async/fails")
async def fails_async() -> object:
    """An error of the mounted application's own."""
    raise OnlyInsideError


@inner.get("/sync/fails")
def fails_sync() -> object:
    """An error of the mounted application's own."""
    raise OnlyInsideError


@inner.get("/breaks")
def breaks() -> object:
    """An error that nobody expects."""
    raise LookupError("the secret of the mounted application")


@inner.get("/later")
async def later(ctx: Context, name: str) -> str:
    """Work after the answer."""
    return ctx.wait_until(lambda: count(name)).value


@inner.get("/cookies")
def cookies(ctx: Context) -> str:
    """Cookies of both applications on one answer."""
    ctx.cookies["inside"].value = "1"
    return "cookies"


class Bare:
    """The least that can be mounted: nothing of Portico's but the contract."""

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """Nothing can be wrong with it."""

    def start(self, platform: Platform) -> Any:
        """Nothing lives as long as it."""
        return BareRunning()

    def handle(self, request: Request, platform: Platform, running: Any) -> Response:
        """The path, or an error."""
        if request.raw_path == "/raises":
            raise OutsideError
        if request.raw_path == "/refuses":
            raise HTTPError(403, "not here")
        return Response(f"{platform.root_path} {request.raw_path}")


class BareRunning(nullcontext[None]):
    """A life without anything in it."""

    is_async = False


class Key(Struct):
    """What a guard wants of the header fields."""

    x_key: str


area: Final = app.group("/mounts")
area.before_handle(runs("outer"))


@area.after_handle
def taken(ctx: Context, value: object) -> None:
    """What the hooks around a mount are given."""
    ctx.set.headers.append("x-ran", f"taken {type(value).__name__}")


@area.map_response
def mapped(ctx: Context, value: object) -> object:
    """A hook that may put another answer in the place of the mounted application's."""
    if "replaced" in ctx.query:
        return "replaced"
    ctx.cookies["outside"].value = "2"
    return None


@area.error(OutsideError)
def answered_outside(ctx: Context, error: OutsideError) -> str:
    """What a mounted application raises."""
    ctx.set.status = 502
    return "answered outside"


@area.before_handle
async def refused(ctx: Context) -> object:
    """An answer in front of the mounted application."""
    if "refused" in ctx.query:
        raise HTTPError(401)
    return await ctx.request.text() if "read" in ctx.query else None


middle: Final = Portico()
middle.get("/own", "of the middle")
middle.mount("/deep/{level}", inner)

area.mount("/in", inner)
area.mount("/of/{tenant}/", inner)
area.mount("/middle", middle)
area.mount("/bare", Bare())
area.guard(headers=Key).mount("/guarded", inner)
area.get("/in/beside", "beside the mount")

# Nothing around it: no hook, no other answer.
app.mount("/mounted", inner)
