"""What is inferred of a function before it runs: whether it may block, and why.

The answer is sound, not clever: a function is taken not to block only where every instruction of it
is known to do nothing but compute (`_straight_code`); for any other there is a reason, for people.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from portico._bytecode import line_of
from portico._known_types import UNKNOWN, Value
from portico._named_keys import names_of
from portico._signature import is_generator_function, plain_function
from portico._straight_code import run

if TYPE_CHECKING:
    from collections.abc import Mapping


class Inferred(NamedTuple):
    """What is inferred of a function.

    Attributes:
        is_straight: whether it is straight-line code: it computes and comes to its end, so that
            nothing in it waits, sets a context variable, or takes a time that nobody bounds. A
            coroutine of it is over when it was begun.
        reason: why it is not, as a verb phrase: `"calls `open` (line 12)"`; else `""`.
    """

    is_straight: bool
    reason: str


STRAIGHT: Final = Inferred(is_straight=True, reason="")


def infer(fn: Any, given: Mapping[str, Value]) -> Inferred:
    """What is inferred of a function.

    Args:
        fn: the function, or what is called like one.
        given: what is known of the values of its parameters; nothing is of those that are missing,
            and of all of them where `fn` hides what becomes of its arguments.
    """
    function = plain_function(fn)
    if function is None:
        return Inferred(is_straight=False, reason="is not written in Python")
    if is_generator_function(function):
        return Inferred(is_straight=False, reason="yields")
    code = function.__code__
    try:
        finding = run(code, names_of(function), _parameters(fn, function, given))
    except (LookupError, RecursionError, TypeError, ValueError):
        # The code of another implementation, or of a version that is not known here.
        return Inferred(is_straight=False, reason="has code that cannot be read")
    if finding is None:
        return STRAIGHT
    line = line_of(code, finding.offset)
    return Inferred(is_straight=False, reason=f"{finding.reason} (line {line})")


def _parameters(fn: Any, function: FunctionType, given: Mapping[str, Value]) -> dict[str, Value]:
    """What is known of every parameter when the code begins."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    local = dict.fromkeys(code.co_varnames[:count], UNKNOWN)
    if isinstance(fn, FunctionType | MethodType) and not hasattr(fn, "__wrapped__"):
        # The first parameter of a method is its object, of whatever name.
        own = list(local)[isinstance(fn, MethodType) :]
        local.update({name: given[name] for name in own if name in given})
    return local
