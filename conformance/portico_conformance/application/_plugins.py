"""Plugins, groups, guards and macros: what ran is told in the fields `x-ran`, in order."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from portico import Context, Hooks, HTTPError, Key, Portico, macro, status, use
from portico_conformance.application._app import app


def runs(name: str) -> Callable[[Context], None]:
    """A hook that tells that it ran."""

    def hook(ctx: Context) -> None:
        ctx.set.headers.append("x-ran", name)

    return hook


def ran() -> str:
    """What the routes answer."""
    return "ran"


# Two plugins of one name, and others

area: Final = app.group("/plugins")


def plugin(name: str = "", seed: object = None, *, says: str = "plugin") -> Portico:
    """A plugin with one hook for whoever uses it."""
    made = Portico(name=name, seed=seed)
    made.before_handle(runs(says), scope="global")
    return made


def diamond() -> Portico:
    """Two plugins that use twins of a third, and a route that all of them reach."""
    top, left, right = Portico(), Portico(), Portico()
    left.use(plugin("conformance-shared"))
    left.get("/left", ran)
    right.use(plugin("conformance-shared"))
    right.get("/right", ran)
    top.use(left).use(right).use(plugin("conformance-shared"))
    top.get("/top", ran)
    return top


area.group("/diamond").use(diamond())

for _path, _first, _second in (
    ("same-seed", plugin("conformance-seeded", 1), plugin("conformance-seeded", 1)),
    ("other-seed", plugin("conformance-seeded", 1), plugin("conformance-seeded", 2)),
    ("unhashable-seed", plugin("conformance-seeded", [1]), plugin("conformance-seeded", [1])),
    ("unnamed", plugin(), plugin()),
):
    area.group(f"/{_path}").use(_first).use(_second).get("/", ran)

_again: Final = plugin()
area.group("/the-same-unnamed").use(_again).use(_again).get("/", ran)


class Counted(Struct):
    """A mutable object, to see which one it is."""

    number: int = 0


def counting() -> tuple[Portico, Key[Counted]]:
    """A plugin with a value of each request, which tells how often it was made."""
    made = Portico(name="conformance-counting")

    @made.derive(scope="global")
    def counted(ctx: Context) -> Counted:
        ctx.set.headers.append("x-ran", "counted")
        return Counted()

    return made, counted


_one, _one_key = counting()
_other, _other_key = counting()
_twins: Final = area.group("/twin-keys").use(_one).use(_other)


@_twins.get("/")
def same_object(one: Counted = use(_one_key), other: Counted = use(_other_key)) -> bool:
    """Whether keys of two plugins of one name have one value."""
    return one is other


# Prefixes


def params(ctx: Context) -> dict[str, str]:
    """The parameters of every prefix on the way."""
    return dict(ctx.params)


_nested = Portico(prefix="/five")
_nested.get("/end/{e}", params)
_nested.get("/", "five")
for _prefix in ("/four/{d}", "/three", "/two/{b}", "/one"):
    _outer = Portico(prefix=_prefix)
    _outer.before_handle(runs(_prefix))
    _outer.use(_nested)
    _nested = _outer
area.group("/deep/{a}/").use(_nested)


def registers_here(group: Any) -> None:
    """A function as a plugin, which returns nothing."""
    group.before_handle(runs("function"))
    group.get("/function", ran)


def returns_an_application(group: Any) -> Portico:
    """One that returns an application, with a hook of its own."""
    made = Portico()
    made.get("/made", ran, before_handle=runs("made"))
    return made


area.use(registers_here, prefix="/by-function")
area.use(returns_an_application, prefix="/by-function")
area.use("portico_conformance.application._lazy_area:plain", prefix="/by-name")
area.use("portico_conformance.application._lazy_area:area", prefix="/lazy/{where}", lazy=True)
area.get("/beside-lazy", ran)


# Groups and guards

_groups: Final = area.group("/groups")
_groups.get("/before", ran)

with _groups.group("/in", before_handle=[runs("option"), runs("second")]) as _inner:
    _inner.get("/early", ran)
    _inner.before_handle(runs("later"))
    _inner.get("/late", ran, before_handle=runs("own"))
    with _inner.group("/side/{s}", Hooks(before_handle=runs("hooks"))) as _side:
        _side.get("/", ran)
    _inner.get("/after-side", ran)

_groups.get("/after", ran)


class Page(Struct):
    """What one guard wants of the query."""

    page: int


class Size(Struct):
    """What another one wants."""

    size: int


_queries: Final = _groups.guard(query=Page)
_queries.get("/guarded", ran)
_queries.get("/overridden", ran, query=Size)
_queries.guard(query=Size).get("/overridden-by-guard", ran)
_queries.guard(query=Size, standalone=True).get("/both", ran)
_queries.get("/both-by-hooks", ran, Hooks(query=Size))


@_queries.get("/own")
def own_query(query: Size) -> int:
    """A handler's own parameter overrides."""
    return query.size


# Macros

_macros: Final = area.group("/macros")


@macro
def role(name: str) -> Hooks:
    """Let those in who say that they have the role; the field stands for a real check."""

    def require(ctx: Context) -> object:
        ctx.set.headers.append("x-ran", f"role {name}")
        if ctx.headers.get("x-role") is None:
            raise HTTPError(401, "say who you are")
        return None if ctx.headers.get("x-role") == name else status(403, "another role")

    return Hooks(before_handle=require, tags=[name], detail={"role": name})


@_macros.derive(lazy=True)
def visitor(ctx: Context) -> str:
    """A value that a macro makes run."""
    ctx.set.headers.append("x-ran", "visitor")
    return ctx.headers.get("x-visitor", "nobody") or "nobody"


@macro
def paged(limit: int) -> Hooks:
    """A key, a schema, a hook after the handler and another macro in one value."""

    def cut(ctx: Context, value: str) -> str:
        return value[:limit]

    return Hooks(role("reader"), derive=visitor, query=Page, after_handle=cut)


_macros.get("/owner", ran, role("owner"))
_macros.get("/order", ran, role("owner"), before_handle=runs("option"))
_guarded: Final = _macros.guard(role("owner"))
_guarded.get("/once", ran, role("owner"))
_guarded.get("/twice", ran, role("boss"))


@_macros.get("/paged", paged(3), query=Size)
def page(name: str = use(visitor)) -> str:
    """Everything that a macro brings."""
    return name
