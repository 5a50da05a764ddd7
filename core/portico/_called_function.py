"""Functions that are called by one that is gone through: what their parameters are then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._known_types import MayBlock, Value, kinds_of_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FunctionType

# CPython's code flags (Include/cpython/code.h): what takes any arguments, and what does not run
# when it is called.
_OTHER: Final = 0x04 | 0x08 | 0x20 | 0x80 | 0x200


def bound(
    function: FunctionType, arguments: Sequence[Value], named: dict[str, Value]
) -> dict[str, Value]:
    """The parameters of a function as a call gives them.

    Raises:
        MayBlock: it is no plain function, or takes other arguments.
    """
    code = function.__code__
    if code.co_flags & _OTHER:
        raise MayBlock(", which is no plain function")
    names = code.co_varnames[: code.co_argcount]
    given = dict(zip(names, arguments, strict=False))
    positional = names[: code.co_posonlyargcount]
    if len(arguments) > len(names) or not named.keys().isdisjoint({*given, *positional}):
        raise MayBlock("with other arguments than it takes")
    given |= named
    defaults = _defaults(function)
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        if name not in given:
            if name not in defaults:
                raise MayBlock("with other arguments than it takes")
            given[name] = Value(kinds_of_object(defaults[name]), name=name)
    if len(given) > code.co_argcount + code.co_kwonlyargcount:
        raise MayBlock("with other arguments than it takes")
    return given


def _defaults(function: FunctionType) -> dict[str, object]:
    code, values = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}
