"""What instructions do that build containers, and take them apart."""

from __future__ import annotations

from types import NoneType
from typing import Final

from portico._bytecode import Instruction
from portico._frame import Frame, Perform, for_each
from portico._held_values import held_size
from portico._known_calls import limited
from portico._known_types import Kinds, MayBlock, Value, constant, joined, one, shallow


def _build(cls: type) -> Perform:
    def build(frame: Frame, step: Instruction) -> None:
        frame.stack.append(_holding(cls, frame.take(step.arg)))

    return build


def _holding(cls: type, values: list[Value]) -> Value:
    """A container of values; of an empty one, which may be filled, nothing is known."""
    kinds = shallow(joined(value.kinds for value in values)) if values else None
    return limited(Value(one(cls, kinds), size=max(1, sum(value.size for value in values))))


def _build_set(frame: Frame, step: Instruction) -> None:
    values = frame.take(step.arg)
    _check_keys(values)
    frame.stack.append(_holding(set, values))


def _build_map(frame: Frame, step: Instruction) -> None:
    pairs = frame.take(2 * step.arg)
    _check_keys(pairs[::2])
    frame.stack.append(_holding(dict, pairs[1::2]))


def _build_const_key_map(frame: Frame, step: Instruction) -> None:
    *values, keys = frame.take(step.arg + 1)
    _check_keys([constant(key) for key in keys.known])
    frame.stack.append(_holding(dict, values))


def _check_keys(keys: list[Value]) -> None:
    if not all(key.is_plain for key in keys):
        raise MayBlock("hashes a value whose type is not known")


def _extend(*classes: type) -> Perform:
    """What is put into a display that has just begun, which has no other name yet."""

    def extend(frame: Frame, step: Instruction) -> None:
        added, at = frame.stack.pop(), -step.arg
        holder = frame.stack[at]
        if added.kinds is None or not all(kind.cls in classes for kind in added.kinds):
            raise MayBlock("iterates over a value whose type is not known")
        mine: list[Kinds] = [kind.item for kind in holder.kinds or ()]
        items = shallow(joined([*mine, *(kind.item for kind in added.kinds)]))
        if holder.kinds is None:
            raise MayBlock("builds what is not known")
        (cls,) = {kind.cls for kind in holder.kinds}
        size = holder.size + added.size
        frame.stack[at] = limited(Value(one(cls, items), size=size))

    return extend


def _add(frame: Frame, step: Instruction) -> None:
    """One value more in a display; outside of one it is a loop that adds."""
    value, at = frame.stack.pop(), -step.arg
    holder = frame.stack[at]
    if holder.kinds is None:
        raise MayBlock("builds what is not known")
    if step.opname == "SET_ADD":
        _check_keys([value])
    (cls,) = {kind.cls for kind in holder.kinds}
    items = shallow(joined([value.kinds, *(kind.item for kind in holder.kinds)]))
    frame.stack[at] = limited(Value(one(cls, items), size=holder.size + value.size))


def list_to_tuple(frame: Frame, step: Instruction) -> None:
    """Make a tuple of a list that is on no other name."""
    value = frame.stack.pop()
    items = joined(kind.item for kind in value.kinds or ())
    frame.stack.append(Value(one(tuple, items), size=value.size))


def _unpack(frame: Frame, step: Instruction) -> None:
    value = frame.stack.pop()
    kinds = value.kinds
    if kinds is None or not all(kind.cls in (list, tuple, NoneType) for kind in kinds):
        raise MayBlock("unpacks a value whose type is not known")
    items = joined(kind.item for kind in kinds if kind.cls is not NoneType)
    frame.stack += [Value(items, size=held_size(value))] * step.arg


DISPLAYS: Final[dict[str, Perform]] = {
    "BUILD_TUPLE": _build(tuple),
    "BUILD_LIST": _build(list),
    "BUILD_SET": _build_set,
    "BUILD_MAP": _build_map,
    "BUILD_CONST_KEY_MAP": _build_const_key_map,
    "LIST_EXTEND": _extend(list, tuple),
    "SET_UPDATE": _extend(frozenset),
    "DICT_UPDATE": _extend(dict),
    **for_each("LIST_APPEND SET_ADD", _add),
    "LIST_TO_TUPLE": list_to_tuple,
    "UNPACK_SEQUENCE": _unpack,
}
