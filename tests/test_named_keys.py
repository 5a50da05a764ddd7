"""What the code of a function says of the keys that it names, without running it."""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import pytest

from portico import Context, Key
from portico._context_use import context_use
from portico._named_keys import NamedKeys

key: Key[Any] = Key("key")
module: Any = ModuleType("module")
module.key = key
package: Any = ModuleType("package")
package.module = module


class Keys:
    """A class that holds the key."""

    key = key


def make_closure() -> Callable[..., Any]:
    inner = key

    def closure(ctx: Context) -> Any:
        return ctx[inner]

    return closure


def by_global(ctx: Context) -> Any:
    return ctx[key]


def by_module(ctx: Context) -> Any:
    return ctx[module.key]


def by_package(ctx: Context) -> Any:
    return ctx[package.module.key]


def by_class(ctx: Context) -> Any:
    return ctx[Keys.key]


def by_inner(ctx: Context) -> Any:
    return (lambda: ctx[key])()


def among_others(ctx: Context) -> Any:
    ctx.body = 1
    ctx.set.status = 2
    with ctx[key].open() as file:
        return ctx.params, file(ctx.path)


@wraps(by_global)
def wrapped(*args: Any) -> Any:
    return by_global(*args)


async def asks(ctx: Context) -> Any:
    return await ctx.get(key)


async def asks_by_package(ctx: Context) -> Any:
    return await ctx.get(package.module.key)


async def asks_and_reads(ctx: Context) -> Any:
    await ctx.get(key)
    return ctx[key]


def of_a_dict(ctx: Context) -> Any:
    return {key: ctx.path}[key]


def calls_it(ctx: Context) -> Any:
    return ctx.platform, repr(key)


def hands_to(ctx: Context) -> Any:
    return repr(ctx)


def keeps(ctx: Context, kept: list[Context]) -> Any:
    kept.append(ctx)


def by_local(ctx: Context, name: str) -> Any:
    found = {name: key}[name]
    return ctx[found]


# The function, and whether it names the key, reads it, and hands its context on.
FUNCTIONS: list[tuple[Callable[..., Any], bool, bool, bool]] = [
    (by_global, True, True, False),
    (by_module, True, True, False),
    (by_package, True, True, False),
    (by_class, True, True, False),
    (make_closure(), True, True, False),
    (among_others, True, True, False),
    (by_inner, True, True, True),
    (wrapped, True, True, True),
    (asks, False, False, False),
    (asks_by_package, False, False, False),
    (asks_and_reads, True, True, False),
    (of_a_dict, True, False, False),
    (calls_it, True, False, False),
    (hands_to, False, False, True),
    (keeps, False, False, True),
    (by_local, True, False, True),
    (print, False, False, True),
]


@pytest.mark.parametrize(
    ("fn", "names", "reads", "on"), FUNCTIONS, ids=[row[0].__name__ for row in FUNCTIONS]
)
def test_code_tells_what_is_done_with_a_key_and_with_the_context(
    fn: Callable[..., Any], names: bool, reads: bool, on: bool
) -> None:
    found = NamedKeys(fn)

    assert found.named == (frozenset({key}) if names else frozenset())
    assert found.read == (frozenset({key}) if reads else frozenset())
    assert (context_use(fn, "ctx") is None) is on


def test_a_name_that_is_not_assigned_yet_is_no_key() -> None:
    def show(ctx: Context) -> Any:
        return ctx[later]

    assert NamedKeys(show).named == frozenset()

    later = key

    assert NamedKeys(show).named == {later}


class Ring:
    """A class that its own names lead back to."""

    inner: Any = None


Ring.inner = Ring


def in_a_ring() -> Any:
    return Ring.inner.inner.name


def test_names_that_lead_back_to_themselves_name_no_key() -> None:
    assert NamedKeys(in_a_ring).named == frozenset()


def test_code_without_a_key_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portico._named_keys.speaking", pytest.fail)

    assert NamedKeys(in_a_ring).read == frozenset()
