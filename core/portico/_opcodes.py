"""What each instruction does with what is known: the table of those that only compute.

What stands here means the same in CPython 3.11 to 3.14, or says where it does not. An instruction
that does not stand here may block: those that iterate, import, wait, enter a `with`, or make
functions, and any that a later version brings.
"""

from __future__ import annotations

from typing import Final

from portico._bytecode import Instruction, opnames
from portico._frame import Frame, Perform
from portico._known_types import MayBlock, Value, one
from portico._opcode_displays import DISPLAYS
from portico._opcode_names import NAMES
from portico._opcode_operators import OPERATORS
from portico._opcode_texts import TEXTS
from portico._opcode_ways import WAYS

EXCEPTION: Final = Value(one(BaseException))
"""An exception that was caught: of some class."""

LAST: Final = opnames(
    "RETURN_VALUE RETURN_CONST RAISE_VARARGS RERAISE JUMP_FORWARD JUMP_BACKWARD "
    "JUMP_BACKWARD_NO_INTERRUPT"
)
"""Instructions that do not go on with the next one."""


def perform(frame: Frame, step: Instruction) -> None:
    """Do what an instruction does.

    Raises:
        MayBlock: it may block.
    """
    act = _TABLE.get(step.opname)
    if act is None:
        raise MayBlock(_WORDS.get(step.opname, f"does what is not known ({step.opname})"))
    act(frame, step)


_WORDS: Final = {
    "GET_ITER": "iterates",
    "FOR_ITER": "iterates",
    "IMPORT_NAME": "imports",
    "IMPORT_FROM": "imports",
    "BEFORE_WITH": "enters a `with`",
    "BEFORE_ASYNC_WITH": "enters an `async with`",
    "LOAD_SPECIAL": "enters a `with`",
    "MAKE_FUNCTION": "defines a function",
    "MAKE_CELL": "defines a function",
    "LOAD_BUILD_CLASS": "defines a class",
    "YIELD_VALUE": "yields",
    "GET_AWAITABLE": "awaits",
    "GET_YIELD_FROM_ITER": "yields",
    "CALL_FUNCTION_EX": "calls something with `*` or `**`",
    "STORE_GLOBAL": "sets a global name",
    "STORE_DEREF": "sets a name of the function around it",
    "MATCH_CLASS": "matches a class",
    "MATCH_KEYS": "matches keys",
    "UNPACK_EX": "unpacks with `*`",
    "DELETE_ATTR": "deletes an attribute",
    "LOAD_SUPER_ATTR": "calls `super()`",
}


def _intrinsic(frame: Frame, step: Instruction) -> None:
    # 3 renames a StopIteration, 5 is unary plus, 6 makes a tuple of a list that is on no other
    # name (CPython's Include/internal/pycore_intrinsics.h).
    if step.arg == 5:
        OPERATORS["UNARY_NEGATIVE"](frame, step)
    elif step.arg == 6:
        DISPLAYS["LIST_TO_TUPLE"](frame, step)
    elif step.arg != 3:
        raise MayBlock("does what is not known (CALL_INTRINSIC_1)")


_TABLE: Final[dict[str, Perform]] = {
    **NAMES,
    **OPERATORS,
    **DISPLAYS,
    **TEXTS,
    **WAYS,
    "CALL_INTRINSIC_1": _intrinsic,
}
