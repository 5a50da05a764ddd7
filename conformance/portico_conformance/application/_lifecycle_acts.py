"""What the hooks and handlers of the lifecycle's area do when a request tells them to."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from portico import Context, DefinitionError, HTTPError, Response, redirect, status
from portico_conformance.application._lifecycle_order import ran


class BrokenError(Exception):
    """An error that has a hook of its own."""


class BadlyBrokenError(BrokenError):
    """One that is caught by the hook of its class's base."""


class AloneError(Exception):
    """An error that only the fallback knows."""


def _fails(error: Exception) -> Callable[[Context], object]:
    def fail(ctx: Context) -> object:
        raise error

    return fail


def _prepare(ctx: Context) -> object:
    """Everything that can be set on an answer, of which an error keeps a part."""
    ctx.set.status = 201
    for name in ("x-set", "content-type", "content-encoding", "etag"):
        ctx.set.headers.set(name, "prepared")
    ctx.cookies["prepared"].value = "1"
    raise AloneError("the secret of the exception")


def _with_status(ctx: Context) -> object:
    ctx.set.status = 410
    return "chosen"


def _with_no_status(ctx: Context) -> object:
    ctx.set.status = 999
    return "acted"


def _changes_body(ctx: Context) -> object:
    ctx.body = {"n": 7}
    return None


def _changes_query(ctx: Context) -> object:
    ctx.query.set("limit", "7")
    return None


def _breaks_query(ctx: Context) -> object:
    ctx.query.set("limit", "many")
    return None


def _of_colour(ctx: Context, values: list[str], error: Exception | None = None) -> object:
    async def later() -> AsyncIterator[str]:
        if error is not None:
            raise error
        for value in values:
            yield value

    def now() -> Iterator[str]:
        if error is not None:
            raise error
        yield from values

    return later() if ctx.path.startswith("/async/") else now()


ACTS: Final[dict[str, Callable[[Context], object]]] = {
    "none": lambda ctx: None,
    "text": lambda ctx: "acted",
    "false": lambda ctx: False,
    "zero": lambda ctx: 0,
    "empty-text": lambda ctx: "",
    "empty-list": lambda ctx: [],
    "object": lambda ctx: {"acted": 1},
    "response": lambda ctx: Response("acted", status=203, headers={"x-own": "1"}),
    "redirect": lambda ctx: redirect("/text"),
    "status-202": lambda ctx: status(202, "acted"),
    "status-204": lambda ctx: status(204),
    "status-401": lambda ctx: status(401, "acted", headers={"x-why": "told"}),
    "status-404": lambda ctx: status(404),
    "status-503": lambda ctx: status(503, {"acted": 1}),
    "set-410": _with_status,
    "set-999": _with_no_status,
    "stream": lambda ctx: _of_colour(ctx, ["one,", "two"]),
    "stream-of-nothing": lambda ctx: _of_colour(ctx, []),
    "stream-401": lambda ctx: _of_colour(ctx, [], HTTPError(401, "raised")),
    "stream-broken": lambda ctx: _of_colour(ctx, [], BrokenError("secret")),
    "unsendable": lambda ctx: object(),
    "raise-401": _fails(HTTPError(401, "raised", headers={"x-why": "told"})),
    "raise-409": _fails(HTTPError(409, "raised")),
    "raise-503": _fails(HTTPError(503, "raised")),
    "raise-broken": _fails(BrokenError("the secret of the exception")),
    "raise-badly-broken": _fails(BadlyBrokenError("the secret of the exception")),
    "raise-alone": _fails(AloneError("the secret of the exception")),
    "raise-value-error": _fails(ValueError("the secret of the exception")),
    "raise-definition": _fails(DefinitionError("the secret of the exception")),
    "raise-stop": _fails(StopIteration("the secret of the exception")),
    "raise-group": _fails(ExceptionGroup("the secret", [BrokenError("of the exception")])),
    "raise-prepared": _prepare,
    "change-body": _changes_body,
    "change-query": _changes_query,
    "break-query": _breaks_query,
}
"""What a hook or handler can be told to do."""


def told(ctx: Context, name: str) -> str:
    """The word that the request has for a hook."""
    for part in (ctx.request.headers.get("x-do") or "").split(";"):
        hook, _, word = part.strip().partition("=")
        if hook == name:
            return word
    return "none"


def act(ctx: Context, name: str) -> Any:
    """Say that a hook runs, and do what it is told."""
    ran(ctx, name)
    return ACTS[told(ctx, name)](ctx)
