"""What instructions do with names, attributes and the stack."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Final

from portico._bytecode import Instruction
from portico._frame import NULL, Frame, Perform, for_each, push
from portico._known_calls import is_listed
from portico._known_members import attribute, set_attribute
from portico._known_types import (
    NOTHING,
    UNKNOWN,
    MayBlock,
    Value,
    constant,
    kinds_of_object,
    named,
)


def _nothing(frame: Frame, step: Instruction) -> None:
    pass


def _pop(frame: Frame, step: Instruction) -> None:
    frame.stack.pop()


def _copy(frame: Frame, step: Instruction) -> None:
    frame.stack.append(frame.stack[-step.arg])


def _swap(frame: Frame, step: Instruction) -> None:
    stack = frame.stack
    stack[-1], stack[-step.arg] = stack[-step.arg], stack[-1]


def _load_const(frame: Frame, step: Instruction) -> None:
    frame.stack.append(constant(step.value))


def _load_small_int(frame: Frame, step: Instruction) -> None:
    frame.stack.append(constant(step.arg))


def _load_common(frame: Frame, step: Instruction) -> None:
    # The first two are exceptions (CPython's Include/internal/pycore_opcode_utils.h).
    if step.arg > 1:
        raise MayBlock("calls `all`, `any` or `tuple`")
    frame.stack.append(Value(known=(AssertionError, NotImplementedError)[step.arg]))


def _load_fast(frame: Frame, step: Instruction) -> None:
    frame.stack.append(frame.local.get(step.value, UNKNOWN))


def _load_two(frame: Frame, step: Instruction) -> None:
    frame.stack += [frame.local.get(name, UNKNOWN) for name in step.value]


def _store_fast(frame: Frame, step: Instruction) -> None:
    frame.local[step.value] = frame.stack.pop()


def _store_two(frame: Frame, step: Instruction) -> None:
    for name in step.value:
        frame.local[name] = frame.stack.pop()


def _store_and_load(frame: Frame, step: Instruction) -> None:
    stored, loaded = step.value
    frame.local[stored] = frame.stack.pop()
    frame.stack.append(frame.local.get(loaded, UNKNOWN))


def _delete_fast(frame: Frame, step: Instruction) -> None:
    frame.local.pop(step.value, None)


def _load_global(frame: Frame, step: Instruction) -> None:
    if step.arg & 1:
        frame.stack.append(NULL)
    frame.stack.append(_global(frame, step.value))


def _global(frame: Frame, name: str) -> Value:
    names = frame.names
    if name not in names.module:
        return named(names.builtins.get(name), name)
    value = names.module[name]
    kinds = kinds_of_object(value)
    if kinds is not None and names.is_final(name):
        return Value(kinds, name=name)
    return _variable(frame, names.module, name, value)


def _variable(frame: Frame, holder: object, name: str, value: object) -> Value:
    found = named(value, name)
    if found.known is NOTHING:
        return frame.supposing.variable(holder, name, value)
    if type(value) is FunctionType and not is_listed(value):
        return frame.supposing.function(holder, name, value)
    return found


def _load_deref(frame: Frame, step: Instruction) -> None:
    names, name = frame.names, step.value
    if name not in names.cells:
        raise MayBlock("shares a name with a function inside it")
    frame.stack.append(_variable(frame, names.cells[name], name, names.of(name)))


def _load_attr(frame: Frame, step: Instruction) -> None:
    value = _attribute(frame, step.value)
    # From 3.12 on the lowest bit says that it is to be called; before, that is LOAD_METHOD.
    if step.opname == "LOAD_METHOD" or (sys.version_info >= (3, 12) and step.arg & 1):
        frame.stack.append(NULL)
    frame.stack.append(value)


def _attribute(frame: Frame, name: str) -> Value:
    holder = frame.stack.pop()
    module = holder.known
    if type(module) is ModuleType and name in vars(module):
        return _variable(frame, vars(module), name, vars(module)[name])
    value = attribute(holder, name)
    is_open = value.kinds is None and value.known is NOTHING
    return (frame.supposing.field(holder, name) if is_open else None) or value


def _store_attr(frame: Frame, step: Instruction) -> None:
    value, holder = frame.take(2)
    set_attribute(holder, step.value, value)


NAMES: Final[dict[str, Perform]] = {
    **for_each("RESUME NOP PRECALL NOT_TAKEN COPY_FREE_VARS", _nothing),
    "PUSH_NULL": push(NULL),
    # What a coroutine is sent first is None.
    "RETURN_GENERATOR": push(UNKNOWN),
    **for_each("POP_TOP POP_EXCEPT", _pop),
    "COPY": _copy,
    "SWAP": _swap,
    "LOAD_CONST": _load_const,
    "LOAD_SMALL_INT": _load_small_int,
    "LOAD_COMMON_CONSTANT": _load_common,
    "LOAD_ASSERTION_ERROR": push(Value(known=AssertionError, name="AssertionError")),
    **for_each("LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_BORROW", _load_fast),
    **for_each("LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW", _load_two),
    "STORE_FAST": _store_fast,
    "STORE_FAST_STORE_FAST": _store_two,
    "STORE_FAST_LOAD_FAST": _store_and_load,
    "DELETE_FAST": _delete_fast,
    "LOAD_GLOBAL": _load_global,
    "LOAD_DEREF": _load_deref,
    **for_each("LOAD_ATTR LOAD_METHOD", _load_attr),
    "STORE_ATTR": _store_attr,
}
