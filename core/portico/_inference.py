"""What is inferred of a function before it runs: whether it may block, and why.

The answer is sound, not clever: a function is taken not to block only where every instruction of it
is known to do nothing but compute (`_straight_code`); for any other there is a reason, for people.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from portico._bytecode import line_of
from portico._key import Key
from portico._known_types import UNKNOWN, Value
from portico._named_keys import names_of
from portico._signature import is_generator_function, plain_function
from portico._straight_code import run
from portico._supposition import Supposing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portico._chain import Chain
    from portico._supposition import Supposition


class Inferred(NamedTuple):
    """What is inferred of a function.

    Attributes:
        is_straight: whether it is straight-line code: it computes and comes to its end, so that
            nothing in it waits, sets a context variable, or takes a time that nobody bounds. A
            coroutine of it is over when it was begun.
        reason: why it is not, as a verb phrase: `"calls `open` (line 12)"`; else `""`.
        supposes: where it is not known to be, what makes it so: it is, in every call before which
            all of these hold. Empty where nothing does.
    """

    is_straight: bool
    reason: str
    supposes: tuple[Supposition, ...] = ()


STRAIGHT: Final = Inferred(is_straight=True, reason="")


def infer(fn: Any, given: Mapping[str, Value], chain: Chain | None = None) -> Inferred:
    """What is inferred of a function.

    Args:
        fn: the function, or what is called like one.
        chain: the chain in which it stands, whose keys it reads.
        given: what is known of the values of its parameters; nothing is of those that are missing,
            and of all of them where `fn` hides what becomes of its arguments.
    """
    function = plain_function(fn)
    if function is None:
        return Inferred(is_straight=False, reason="is not written in Python")
    if is_generator_function(function):
        return Inferred(is_straight=False, reason="yields")
    try:
        return _gone_through(fn, function, given, chain)
    except (LookupError, RecursionError, TypeError, ValueError):
        # The code of another implementation, or of a version that is not known here.
        return Inferred(is_straight=False, reason="has code that cannot be read")


def _gone_through(
    fn: Any, function: FunctionType, given: Mapping[str, Value], chain: Chain | None
) -> Inferred:
    code, names = function.__code__, names_of(function)
    supposing = Supposing(chain, is_on=False)
    finding = run(code, names, _parameters(fn, function, given, supposing), supposing)
    if finding is not None and supposing.might:
        supposing = Supposing(chain, is_on=True)
        finding = run(code, names, _parameters(fn, function, given, supposing), supposing)
    if finding is not None:
        reason = f"{finding.reason} (line {line_of(code, finding.offset)})"
        return Inferred(is_straight=False, reason=reason)
    supposes = supposing.suppositions()
    if not supposes:
        return STRAIGHT
    reason = f"may do anything unless {', '.join(map(str, supposes))}"
    return Inferred(is_straight=False, reason=reason, supposes=supposes)


def _parameters(
    fn: Any, function: FunctionType, given: Mapping[str, Value], supposing: Supposing
) -> dict[str, Value]:
    """What is known of every parameter when the code begins."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    local = dict.fromkeys(code.co_varnames[:count], UNKNOWN)
    if isinstance(fn, FunctionType | MethodType) and not hasattr(fn, "__wrapped__"):
        # The first parameter of a method is its object, of whatever name.
        own = list(local)[isinstance(fn, MethodType) :]
        for name in own:
            value = given.get(name, UNKNOWN)
            key = None if value.origin is None else value.origin.root
            local[name] = supposing.key(key, name) if isinstance(key, Key) else value
    return local
