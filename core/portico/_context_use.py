"""What a function's own code does with its context: what it takes of it, and whether others see it.

It is read off the code in one pass, without running it. Where a context goes is known only as long
as all that is done with it is to take members of it, as in `ctx.headers`, to set them, and to read
keys.
"""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from portico._bytecode import instructions, opnames
from portico._named_keys import is_attribute, keys_in, last_loaded, names_of, speaking
from portico._signature import plain_function

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

    from portico._bytecode import Instruction

# With these a function sees its own names, the context among them.
_SEES_NAMES: Final = frozenset({"locals", "vars", "eval", "exec"})


class ContextUse(NamedTuple):
    """What a function that keeps its context to itself does with it.

    Attributes:
        reads: the members that it takes; those of the request as `"request.headers"`.
        sets: the members that it sets.
    """

    reads: frozenset[str]
    sets: frozenset[str]


def context_use(fn: Callable[..., Any], context: str) -> ContextUse | None:
    """What a function does with its context; None where others may get it, or it is not known.

    Args:
        fn: the function.
        context: the name of the parameter.
    """
    function = plain_function(fn)
    if function is None or hasattr(fn, "__wrapped__"):
        return None
    code = function.__code__
    if not _SEES_NAMES.isdisjoint(code.co_names):
        return None
    steps = speaking(code)
    reads, sets = set[str](), set[str]()
    for at, step in enumerate(steps):
        value = step.value
        if value != context and not (type(value) is tuple and context in value):
            continue
        if step.opname in _OF_OTHERS:
            continue
        if at + 1 == len(steps) or not _loads_last(step, context):
            return None
        if is_attribute(steps, at + 1):
            reads.add(_member(steps, at + 1))
        elif steps[at + 1].opname == "STORE_ATTR":
            sets.add(steps[at + 1].value)
        elif at not in _reading_keys(steps, function):
            return None
    return ContextUse(frozenset(reads), frozenset(sets))


def _reading_keys(steps: list[Instruction], function: FunctionType) -> frozenset[int]:
    """Where a context is loaded to read a key of it."""
    found = keys_in(steps, names_of(function))
    return frozenset(begin - 1 for _, use, begin in found if use == "reads")


# What these name is an attribute, a constant, or somewhere else.
_OF_OTHERS: Final = opnames(
    "LOAD_CONST RETURN_CONST KW_NAMES LOAD_ATTR LOAD_METHOD STORE_ATTR DELETE_ATTR LOAD_GLOBAL "
    "IMPORT_NAME IMPORT_FROM"
)


def _loads_last(step: Instruction, name: str) -> bool:
    """Whether all that an instruction does with a local name is to load it on top."""
    value = step.value
    if isinstance(value, tuple) and name in value[:-1]:
        return False
    return "LOAD_FAST" in step.opname and last_loaded(step) == name


def _member(steps: list[Instruction], at: int) -> str:
    name: str = steps[at].value
    if name == "request" and is_attribute(steps, at + 1):
        return f"request.{steps[at + 1].value}"
    return name


def reads_body(code: CodeType) -> bool:
    """Whether `body` is read of anything but `request`: `ctx.body`, not `ctx.request.body`."""
    previous: object = None
    for instruction in instructions(code):
        if instruction.value == "body" and previous != "request":
            return True
        previous = instruction.value
    return any(reads_body(each) for each in code.co_consts if isinstance(each, CodeType))
