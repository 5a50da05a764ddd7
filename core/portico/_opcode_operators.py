"""What instructions do with operators, and what they ask of values."""

from __future__ import annotations

from typing import Final

from portico._bytecode import Instruction
from portico._frame import Frame, Perform, for_each, push
from portico._headers import Headers
from portico._held_values import check_kept
from portico._key import Key
from portico._known_operations import binary, compared, contained, item, negated, sliced, truth
from portico._known_types import BOOL, CONTAINERS, INT, PLAIN, MayBlock, Value


def _binary(frame: Frame, step: Instruction) -> None:
    left, right = frame.take(2)
    is_key = step.value == "[]" and issubclass(type(right.known), Key)
    value = binary(step.value, left, right)
    frame.stack.append(frame.supposing.key(right.known) if is_key else value)


def _subscript(frame: Frame, step: Instruction) -> None:
    holder, key = frame.take(2)
    value = item(holder, key)
    is_key = issubclass(type(key.known), Key)
    frame.stack.append(frame.supposing.key(key.known) if is_key else value)


def _binary_slice(frame: Frame, step: Instruction) -> None:
    holder, *bounds = frame.take(3)
    frame.stack.append(item(holder, sliced(bounds)))


def _build_slice(frame: Frame, step: Instruction) -> None:
    frame.stack.append(sliced(frame.take(step.arg)))


def _compare(frame: Frame, step: Instruction) -> None:
    left, right = frame.take(2)
    frame.stack.append(compared(step.value, left, right))


def _is(frame: Frame, step: Instruction) -> None:
    frame.take(2)
    frame.stack.append(Value(BOOL))


def _contains(frame: Frame, step: Instruction) -> None:
    needle, holder = frame.take(2)
    frame.stack.append(contained(needle, holder))


def _negate(frame: Frame, step: Instruction) -> None:
    frame.stack.append(negated(frame.stack.pop()))


def _to_bool(frame: Frame, step: Instruction) -> None:
    truth(frame.stack.pop())
    frame.stack.append(Value(BOOL))


def _get_len(frame: Frame, step: Instruction) -> None:
    if not _is_builtin(frame.stack[-1]):
        raise MayBlock("asks for the length of a value whose type is not known")
    frame.stack.append(Value(INT))


def _is_builtin(value: Value) -> bool:
    kinds = value.kinds
    return kinds is not None and all(k.cls in PLAIN or k.cls in CONTAINERS for k in kinds)


def _store_subscript(frame: Frame, step: Instruction) -> None:
    value, holder, key = frame.take(3)
    for kind in holder.kinds or ():
        is_field = kind.cls is Headers and value.is_plain
        if not key.is_plain or not (is_field or kind.cls is dict):
            raise MayBlock(f"sets an item of {kind.cls.__qualname__}")
        if not is_field:
            check_kept(kind.item, value)
    if holder.kinds is None:
        raise MayBlock("sets an item of a value whose type is not known")


OPERATORS: Final[dict[str, Perform]] = {
    "BINARY_OP": _binary,
    "BINARY_SUBSCR": _subscript,
    "BINARY_SLICE": _binary_slice,
    "BUILD_SLICE": _build_slice,
    "STORE_SUBSCR": _store_subscript,
    "COMPARE_OP": _compare,
    "IS_OP": _is,
    "CONTAINS_OP": _contains,
    **for_each("UNARY_NEGATIVE UNARY_POSITIVE", _negate),
    **for_each("UNARY_NOT TO_BOOL", _to_bool),
    "GET_LEN": _get_len,
    # They look at a flag of the class.
    **for_each("MATCH_SEQUENCE MATCH_MAPPING", push(Value(BOOL))),
}
