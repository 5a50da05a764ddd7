"""Cookies that are changed in every way, behind every kind of answer."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from portico import Context, HTTPError, Response, redirect, status
from portico_conformance.application._app import app

Change = Callable[[Context], object]


class Seen(Struct):
    """Cookies as one value, one of them signed and one of them a number."""

    signed: str | None = None
    visits: int = 0


def _assign(name: str, value: object) -> Change:
    return lambda ctx: setattr(ctx.cookies[name], "value", value)


def _assign_attribute(**attributes: Any) -> Change:
    def change(ctx: Context) -> None:
        cookie = ctx.cookies["c"]
        cookie.value = "v"
        for name, value in attributes.items():
            setattr(cookie, name, value)

    return change


def _set(**attributes: Any) -> Change:
    return lambda ctx: ctx.cookies["c"].set("v", **attributes)


def _update(**attributes: Any) -> Change:
    return lambda ctx: ctx.cookies["c"].update(**attributes)


def _remove(name: str, **where: str) -> Change:
    return lambda ctx: ctx.cookies[name].remove(**where)


def _refresh(name: str) -> Change:
    return lambda ctx: ctx.cookies[name].refresh()


def _in_turn(*changes: Change) -> Change:
    def change(ctx: Context) -> None:
        for each in changes:
            each(ctx)

    return change


EVERY_ATTRIBUTE: Final[dict[str, Any]] = {
    "path": "/p",
    "domain": "app.test",
    "max_age": timedelta(minutes=2),
    "expires": datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC),
    "secure": True,
    "http_only": False,
    "same_site": "strict",
    "partitioned": True,
    "priority": "high",
}

CHANGES: Final[dict[str, Change]] = {
    "nothing": lambda ctx: None,
    "read": lambda ctx: [ctx.cookies[name].value for name in ("c", "signed", "never")],
    "iterate": lambda ctx: [*ctx.cookies, len(ctx.cookies), "c" in ctx.cookies],
    "assign": _assign("c", "v"),
    "assign-empty": _assign("c", ""),
    "assign-twice": _in_turn(_assign("c", "other"), _assign("c", "v")),
    "set": _set(),
    "set-after-update": _in_turn(_update(path="/p", priority="low"), _set(max_age=1)),
    "update": _update(max_age=60),
    "update-same": _update(path="/", http_only=True, same_site="lax", secure=None),
    "refresh": _refresh("c"),
    "remove": _remove("c"),
    "remove-there": _remove("c", path="/p", domain="app.test"),
    "remove-and-assign": _in_turn(_remove("c"), _assign("c", "v")),
    "assign-and-remove": _in_turn(_assign("c", "v"), _remove("c")),
    "every-attribute": _set(**EVERY_ATTRIBUTE),
    "every-attribute-updated": _update(**EVERY_ATTRIBUTE),
    "every-attribute-assigned": _assign_attribute(**EVERY_ATTRIBUTE),
    **{
        f"{name}-assigned": _assign_attribute(**{name: value})
        for name, value in EVERY_ATTRIBUTE.items()
    },
    "same-site-none": _set(same_site="none"),
    "same-site-left-out": _set(same_site=None),
    "host-prefix": lambda ctx: ctx.cookies["__Host-c"].set("v"),
    "secure-prefix": lambda ctx: ctx.cookies["__Secure-c"].set("v", domain="app.test"),
    "host-prefix-elsewhere": lambda ctx: ctx.cookies["__Host-c"].set("v", domain="app.test"),
    "host-prefix-below": lambda ctx: ctx.cookies["__Host-c"].set("v", path="/p"),
    "secure-prefix-insecure": lambda ctx: ctx.cookies["__Secure-c"].set("v", secure=False),
    "naive-date": _set(expires=datetime(2031, 2, 3)),
    "unknown-word": _set(same_site="Lax"),
    "relative-path": _set(path="p"),
    "line-break": _set(path="/\r\nSet-Cookie: x=1"),
    "no-text": _assign("c", {"a": 1}),
    "assign-signed": lambda ctx: setattr(ctx.cookies["signed"], "value", ctx.query["value"]),
    "assign-again": lambda ctx: setattr(
        ctx.cookies["signed"], "value", ctx.cookies["signed"].value or ""
    ),
    "refresh-signed": _refresh("signed"),
    "remove-signed": _remove("signed"),
}


@app.get("/async/cookie/{change}")
async def changed_async(ctx: Context, change: str) -> dict[str, str]:
    """The cookies that came, after something was done to them."""
    came = {name: ctx.cookies.get(name) or "" for name in ctx.cookies}
    CHANGES[change](ctx)
    return came


@app.get("/sync/cookie/{change}")
def changed_sync(ctx: Context, change: str) -> dict[str, str]:
    """The cookies that came, after something was done to them."""
    came = {name: ctx.cookies.get(name) or "" for name in ctx.cookies}
    CHANGES[change](ctx)
    return came


@app.get("/cookie-of-size")
async def of_size(ctx: Context, size: int) -> str:
    """A cookie whose line is that long."""
    rest = "c=; Path=/; Secure; HttpOnly; SameSite=Lax"
    ctx.cookies["c"].set("x" * (size - len(rest)), secure=True)
    return "set"


@app.get("/bound/signed")
async def bound_signed(cookies: Seen) -> Seen:
    """The cookies as a Struct, which makes a number of one."""
    return cookies


@app.get("/bound/all-cookies")
def bound_all(cookies: dict[str, str]) -> dict[str, str]:
    """Every cookie."""
    return cookies


def _stream() -> Iterator[str]:
    yield "one,"
    yield "two"


ANSWERS: Final[dict[str, Callable[[], object]]] = {
    "text": lambda: "text",
    "json": lambda: {"a": 1},
    "none": lambda: None,
    "response": lambda: Response("own", status=203),
    "response-204": lambda: Response(None, status=204),
    "response-304": lambda: Response(None, status=304),
    "reply": lambda: status(201, {"a": 1}),
    "reply-error": lambda: status(409, {"a": 1}),
    "redirect": lambda: redirect("/text"),
    "stream": _stream,
}

ERRORS: Final[dict[str, Callable[[], Exception]]] = {
    "raised-401": lambda: HTTPError(401, "who?", headers={"www-authenticate": "Basic"}),
    "raised-422": lambda: HTTPError(422, {"faults": []}),
    "raised-503": lambda: HTTPError(503),
    "exception": lambda: RuntimeError("after the cookie was set"),
}


def _answer(ctx: Context, kind: str) -> object:
    ctx.cookies["c"].value = "v"
    if kind in ERRORS:
        error = ERRORS[kind]()
        raise error
    return ANSWERS[kind]()


@app.get("/async/with-cookie/{kind}")
async def with_cookie_async(ctx: Context, kind: str) -> object:
    """A cookie, and then an answer of every kind."""
    return _answer(ctx, kind)


@app.get("/sync/with-cookie/{kind}")
def with_cookie_sync(ctx: Context, kind: str) -> object:
    """A cookie, and then an answer of every kind."""
    return _answer(ctx, kind)


@app.get("/async/cookie-in-stream")
async def in_stream_async(ctx: Context) -> AsyncIterator[str]:
    """A cookie that is set before the first chunk."""
    ctx.cookies["c"].value = "v"
    yield "one,"
    yield "two"


@app.get("/sync/cookie-in-stream")
def in_stream_sync(ctx: Context) -> Iterator[str]:
    """A cookie that is set before the first chunk."""
    ctx.cookies["c"].value = "v"
    yield from _stream()
