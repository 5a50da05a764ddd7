"""The instructions of a function's own code, for what is worked out of them before it runs.

`dis` says the same and much more, and takes longer to load than a route to compile. A unit of code
is two bytes, an opcode and its argument; units of opcode 0 (`CACHE`) are room for the interpreter,
and `EXTENDED_ARG` brings the high bytes of the argument that follows it (CPython's `dis`
documentation, "Python Bytecode Instructions"). What an argument stands for differs between
versions, for 3.11 to 3.14 as said here; an instruction that is not known keeps its bare argument.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, lru_cache
from opcode import cmp_op, opname
from types import CodeType
from typing import Any, Final


class Instruction:
    """One instruction.

    Attributes:
        offset: where it begins, in bytes; jumps and handlers lead to such offsets.
        opname: what CPython calls it.
        arg: its argument, as a number.
        value: what the argument stands for: a name, two names, a constant, an operator, or the
            offset that a jump leads to; None where it stands for nothing more.
    """

    __slots__ = ("arg", "offset", "opname", "value")

    def __init__(self, offset: int, opname: str, arg: int, value: Any) -> None:
        self.offset: int = offset
        self.opname: str = opname
        self.arg: int = arg
        self.value: Any = value


class Handler:
    """Where an exception goes.

    Attributes:
        start, end: the offsets of the code that it is for, the end not included.
        target: the offset of the handler.
        depth: how much of the stack is kept.
        keeps_place: whether the place of the exception lies on the stack below it.
    """

    __slots__ = ("depth", "end", "keeps_place", "start", "target")

    def __init__(self, start: int, end: int, target: int, depth: int, keeps_place: bool) -> None:
        self.start: int = start
        self.end: int = end
        self.target: int = target
        self.depth: int = depth
        self.keeps_place: bool = keeps_place


@lru_cache(maxsize=256)
def instructions(code: CodeType) -> tuple[Instruction, ...]:
    """The instructions of a code object, without those that only make room or extend others."""
    units = code.co_code
    raw: list[tuple[int, int, int]] = []
    begin, high = -1, 0
    for at in range(0, len(units), 2):
        opcode = units[at]
        if opcode == _CACHE:
            continue
        if begin < 0:
            begin = at
        arg = high | units[at + 1]
        if opcode == _EXTENDED_ARG:
            high = arg << 8
        else:
            raw.append((begin, opcode, arg))
            begin, high = -1, 0
    # A jump counts from where its instruction and its room end: where the next one begins.
    ends = [*(begin for begin, _, _ in raw[1:]), len(units)]
    places, found = _places(code), list[Instruction]()
    for (begin, opcode, arg), end in zip(raw, ends, strict=True):
        name = opname[opcode]
        found.append(Instruction(begin, name, arg, _reader(name)(code, places, arg, end)))
    return tuple(found)


def handlers(code: CodeType) -> list[Handler]:
    """Where the exceptions of a code object go, none of them for the same place as another.

    The table is a row of numbers of six bits a byte, the highest first; 0x40 says that another one
    follows (CPython's `InternalDocs/exception_handling.md`).
    """
    found: list[Handler] = []
    numbers, number = list[int](), 0
    for byte in code.co_exceptiontable:
        number = number << 6 | byte & 0x3F
        if not byte & 0x40:
            numbers.append(number)
            number = 0
    for at in range(0, len(numbers), 4):
        start, length, target, depth = numbers[at : at + 4]
        end = (start + length) * 2
        found.append(Handler(start * 2, end, target * 2, depth >> 1, bool(depth & 1)))
    return found


def opnames(names: str) -> frozenset[str]:
    """A set of names of instructions, or of others."""
    return frozenset(names.split())


def line_of(code: CodeType, offset: int) -> int:
    """The line in which an instruction stands."""
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return line
    return code.co_firstlineno


def _places(code: CodeType) -> tuple[str, ...]:
    """The names of what a frame has room for: its own names, cells and those from around it."""
    own = code.co_varnames
    cells = tuple(name for name in code.co_cellvars if name not in own)
    return own + cells + code.co_freevars


_CACHE: Final = 0
_EXTENDED_ARG: Final = opname.index("EXTENDED_ARG")
_OPERATORS: Final = ("+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^")
_BINARY: Final = (*_OPERATORS, *(f"{operator}=" for operator in _OPERATORS), "[]")
# A comparison has its operator above what the interpreter notes of it.
_COMPARISON_SHIFT: Final = {11: 0, 12: 4}.get(sys.version_info[1], 5)
# From 3.12 on the lowest bit of an attribute says whether it is loaded to be called.
_ATTRIBUTE_SHIFT: Final = 0 if sys.version_info < (3, 12) else 1

_Read = Callable[[CodeType, tuple[str, ...], int, int], Any]


def _read_nothing(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> None:
    return None


def _read_constant(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> Any:
    return code.co_consts[arg]


def _read_name(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> str:
    return code.co_names[arg]


def _read_global(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> str:
    return code.co_names[arg >> 1]


def _read_attribute(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> str:
    return code.co_names[arg >> _ATTRIBUTE_SHIFT]


def _read_place(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> str:
    return places[arg]


def _read_two_places(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> Any:
    return places[arg >> 4], places[arg & 15]


def _read_binary(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> str | None:
    return _BINARY[arg] if arg < len(_BINARY) else None


def _read_comparison(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> str:
    return cmp_op[arg >> _COMPARISON_SHIFT]


def _read_jump(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> int:
    return end + 2 * arg


def _read_jump_back(code: CodeType, places: tuple[str, ...], arg: int, end: int) -> int:
    return end - 2 * arg


_NAMED: Final[dict[str, _Read]] = {
    "LOAD_CONST": _read_constant,
    "RETURN_CONST": _read_constant,
    "KW_NAMES": _read_constant,
    "LOAD_GLOBAL": _read_global,
    "LOAD_ATTR": _read_attribute,
    "BINARY_OP": _read_binary,
    "COMPARE_OP": _read_comparison,
    "FOR_ITER": _read_jump,
    "SEND": _read_jump,
}
_NAMES: Final = opnames(
    "LOAD_NAME STORE_NAME DELETE_NAME STORE_GLOBAL DELETE_GLOBAL STORE_ATTR DELETE_ATTR "
    "LOAD_METHOD IMPORT_NAME IMPORT_FROM LOAD_FROM_DICT_OR_GLOBALS"
)
_PLACES: Final = ("_FAST", "_DEREF", "_CLASSDEREF", "_CLOSURE", "MAKE_CELL")
_TWO_PLACES: Final = opnames(
    "LOAD_FAST_LOAD_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST "
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW"
)


@cache
def _reader(name: str) -> _Read:
    """What reads the argument of an instruction."""
    if name in _NAMED:
        return _NAMED[name]
    if name in _NAMES:
        return _read_name
    if name in _TWO_PLACES:
        return _read_two_places
    if "JUMP" in name:
        return _read_jump_back if "BACKWARD" in name else _read_jump
    return _read_place if any(part in name for part in _PLACES) else _read_nothing
