"""The keys that a function's own code names, as in `ctx[current_user]`."""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard

from portico._key import Key
from portico._signature import plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def named_keys(fn: Callable[..., Any]) -> frozenset[Key[Any]]:
    """Every key that a function names: as a global, in its closure, or as a module's attribute.

    Naming is all that is looked at; whether the code reads it is not known.
    """
    function = plain_function(fn)
    return frozenset() if function is None else frozenset(_named(function))


def _named(function: FunctionType) -> Iterator[Key[Any]]:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    for code in _codes(function.__code__):
        for name in code.co_names:
            value = function.__globals__.get(name)
            if _is_key(value):
                yield value
            elif isinstance(value, ModuleType):
                yield from filter(_is_key, (vars(value).get(other) for other in code.co_names))
        for name in code.co_freevars:
            try:
                value = cells[name].cell_contents
            except (KeyError, ValueError):  # of a function inside, or not assigned yet
                continue
            if _is_key(value):
                yield value


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_key(value: object) -> TypeGuard[Key[Any]]:
    return isinstance(value, Key)
