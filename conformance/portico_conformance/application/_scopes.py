"""Scopes: for each kind of hook, key and schema, and each scope, a nest of four applications.

`main` uses `parent`, which uses `current`, where the hook is registered, which uses `child`. Each
of them has one route in front of what it registers and uses, and one behind. What is reached says
so in the field `x-reached`; a schema says it by what it refuses or leaves out.
"""

from typing import Any, Final, Literal

from msgspec import Struct

from portico import Context, HTTPError, Portico, Response, Span
from portico_conformance.application._app import app
from portico_conformance.application._signals import count

Scope = Literal["local", "scoped", "global"]

HOOKS: Final = (
    "before_parse",
    "parse",
    "transform",
    "before_handle",
    "after_handle",
    "map_response",
    "after_response",
    "error",
    "trace",
)
KEYS: Final = ("derive", "resolve")
PARTS: Final = ("headers", "params", "query", "body", "cookies")
STANDALONE: Final = tuple(f"standalone-{part}" for part in PARTS)
KINDS: Final = (*HOOKS, *KEYS, *PARTS, *STANDALONE, "response")

SCOPES: Final[tuple[Scope, ...]] = ("local", "scoped", "global")
POSITIONS: Final = ("child", "current", "parent", "main")

RAISED: Final = ("before_handle", "derive", "query", "standalone-query", "response")
"""The kinds whose scope is raised by `as_` as well."""

RAISES: Final = ("as-scoped", "as-scoped-twice", "as-global")


class Needed(Struct):
    """What a guard demands of a part of the request."""

    needed: int


class Item(Struct):
    """What a guard demands of the path."""

    item: int


class Own(Struct):
    """What a route takes of any part of the request by itself."""

    item: str = ""


class Shown(Struct):
    """What a guard lets out."""

    name: str


def reached(ctx: Context) -> None:
    """Say that the request was reached."""
    ctx.set.headers.set("x-reached", "yes")


def reached_with_value(ctx: Context, value: object) -> None:
    """The same with an argument more, which is left as it is."""
    reached(ctx)


def reached_span(ctx: Context, span: Span) -> None:
    """The same for a span."""
    reached(ctx)


def reached_body(ctx: Context, content_type: str) -> str:
    """The same for a body."""
    reached(ctx)
    return "parsed"


def made(ctx: Context) -> str:
    """The same for a value."""
    reached(ctx)
    return "made"


def counted(ctx: Context, response: Response) -> None:
    """The same after the answer, where a field is too late."""
    count(ctx.headers.get("x-name") or "")


def attach(kind: str, to: Portico, scope: Scope) -> None:
    """Register the one hook, key or schema of a nest."""
    match kind:
        case "before_parse" | "transform" | "before_handle":
            getattr(to, kind)(reached, scope=scope)
        case "after_handle" | "map_response" | "error":
            getattr(to, kind)(reached_with_value, scope=scope)
        case "parse":
            to.parse(reached_body, scope=scope)
        case "after_response":
            to.after_response(counted, scope=scope)
        case "trace":
            to.trace(reached_span, scope=scope)
        case "derive" | "resolve":
            getattr(to, kind)(scope=scope)(made)
        case "response":
            to.apply(response={200: Shown}, scope=scope)
        case _:
            part = kind.removeprefix("standalone-")
            schema: dict[str, Any] = {part: Item if part == "params" else Needed}
            to.apply(scope=scope, standalone=kind in STANDALONE, **schema)


def answer(ctx: Context) -> Any:
    """What every route of the nests answers."""
    return {"name": "shown", "secret": "hidden"}


def failing(ctx: Context) -> Any:
    """What those answer whose errors matter."""
    raise HTTPError(409)


def add_route(to: Portico, kind: str, position: str) -> None:
    """The route of a position; one with schemas of its own where those must not override."""
    part = kind.removeprefix("standalone-")
    options: dict[str, Any] = {part: Own} if kind in STANDALONE else {}
    handler = failing if kind == "error" else answer
    to.all(f"/{position}/{{item}}", handler, blocking=False, **options)


def nest(kind: str, scope: str) -> Portico:
    """The four applications of a cell, as the outermost one."""
    early, child = Portico(), Portico()
    current, parent, main = Portico(), Portico(), Portico()
    add_route(early, kind, "early-child")
    add_route(child, kind, "child")

    current.use(early)
    add_route(current, kind, "early-current")
    attach(kind, current, scope if scope in SCOPES else "local")
    current.use(child)
    add_route(current, kind, "current")
    if scope.startswith("as-"):
        current.as_("global" if scope == "as-global" else "scoped")

    add_route(parent, kind, "early-parent")
    parent.use(current)
    add_route(parent, kind, "parent")
    if scope == "as-scoped-twice":
        parent.as_("scoped")

    add_route(main, kind, "early-main")
    main.use(parent)
    add_route(main, kind, "main")
    return main


CELLS: Final = (
    *((kind, scope) for kind in KINDS for scope in SCOPES),
    *((kind, scope) for kind in RAISED for scope in RAISES),
)

for _kind, _scope in CELLS:
    # A group keeps what it is given, also what is global.
    app.group(f"/scopes/{_kind}/{_scope}").use(nest(_kind, _scope))
