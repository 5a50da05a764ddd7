"""What each instruction does with what is known: the table of those that only compute.

What stands here means the same in CPython 3.11 to 3.14, or says where it does not. An instruction
that does not stand here may block: those that iterate, import, wait, enter a `with`, or make
functions, and any that a later version brings.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from portico._bytecode import Instruction
from portico._frame import NULL, Frame
from portico._known_calls import is_plain_exception, is_textual, limited, result_of
from portico._known_members import (
    Method,
    attribute,
    check_kept,
    held_size,
    set_attribute,
)
from portico._known_operations import (
    binary,
    compared,
    contained,
    formatted,
    item,
    negated,
    sliced,
    truth,
)
from portico._known_types import (
    BOOL,
    CONTAINERS,
    INT,
    NOTHING,
    PLAIN,
    STR,
    UNKNOWN,
    Kinds,
    MayBlock,
    Value,
    constant,
    joined,
    kinds_of_object,
    named,
    one,
)

if TYPE_CHECKING:
    from portico._names import Names

Perform: TypeAlias = "Callable[[Frame, Instruction], None]"

EXCEPTION: Final = Value(one(BaseException))
"""An exception that was caught: of some class."""

LAST: Final = frozenset(
    "RETURN_VALUE RETURN_CONST RAISE_VARARGS RERAISE JUMP_FORWARD JUMP_BACKWARD "
    "JUMP_BACKWARD_NO_INTERRUPT".split()
)
"""Instructions that do not go on with the next one."""


def perform(frame: Frame, step: Instruction) -> None:
    """Do what an instruction does.

    Raises:
        MayBlock: it may block.
    """
    act = _STEPS.get(step.opname)
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


# Names and the stack


def _nothing(frame: Frame, step: Instruction) -> None:
    pass


def _push(value: Value) -> Perform:
    return lambda frame, step: frame.stack.append(value)


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
    frame.stack.append(_global(frame.names, step.value))


def _global(names: Names, name: str) -> Value:
    if name not in names.module:
        return named(names.builtins.get(name), name)
    value = names.module[name]
    final = str(names.module.get("__annotations__", {}).get(name, ""))
    kinds = kinds_of_object(value) if final.startswith(_FINAL) else None
    return named(value, name) if kinds is None else Value(kinds, name=name)


# What a module declares to be final stays as it is; a checker sees to that.
_FINAL: Final = ("Final", "typing.Final")


def _load_deref(frame: Frame, step: Instruction) -> None:
    if step.value not in frame.names.cells:
        raise MayBlock("shares a name with a function inside it")
    frame.stack.append(named(frame.names.of(step.value), step.value))


# Operators


def _binary(frame: Frame, step: Instruction) -> None:
    left, right = frame.take(2)
    frame.stack.append(binary(step.value, left, right))


def _subscript(frame: Frame, step: Instruction) -> None:
    holder, key = frame.take(2)
    frame.stack.append(item(holder, key))


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


def _intrinsic(frame: Frame, step: Instruction) -> None:
    # 3 renames a StopIteration, 5 is unary plus, 6 makes a tuple of a list that is on no other
    # name (CPython's Include/internal/pycore_intrinsics.h).
    if step.arg == 5:
        _negate(frame, step)
    elif step.arg == 6:
        _list_to_tuple(frame, step)
    elif step.arg != 3:
        raise MayBlock("does what is not known (CALL_INTRINSIC_1)")


def _get_len(frame: Frame, step: Instruction) -> None:
    if not _is_builtin(frame.stack[-1]):
        raise MayBlock("asks for the length of a value whose type is not known")
    frame.stack.append(Value(INT))


def _is_builtin(value: Value) -> bool:
    kinds = value.kinds
    return kinds is not None and all(k.cls in PLAIN or k.cls in CONTAINERS for k in kinds)


# Attributes and items


def _load_attr(frame: Frame, step: Instruction) -> None:
    value = _attribute(frame, step.value)
    # From 3.12 on the lowest bit says that it is to be called; before, that is LOAD_METHOD.
    if step.opname == "LOAD_METHOD" or (sys.version_info >= (3, 12) and step.arg & 1):
        frame.stack.append(NULL)
    frame.stack.append(value)


def _attribute(frame: Frame, name: str) -> Value:
    holder = frame.stack.pop()
    return attribute(holder, name)


def _store_attr(frame: Frame, step: Instruction) -> None:
    value, holder = frame.take(2)
    set_attribute(holder, step.value, value)


def _store_subscript(frame: Frame, step: Instruction) -> None:
    value, holder, key = frame.take(3)
    for kind in holder.kinds or ():
        if kind.cls is not dict or not key.is_plain:
            raise MayBlock(f"sets an item of {kind.cls.__qualname__}")
        check_kept(kind.item, value)
    if holder.kinds is None:
        raise MayBlock("sets an item of a value whose type is not known")


# Displays


def _build(cls: type) -> Perform:
    def build(frame: Frame, step: Instruction) -> None:
        frame.stack.append(_holding(cls, frame.take(step.arg)))

    return build


def _holding(cls: type, values: list[Value]) -> Value:
    """A container of values; of an empty one, which may be filled, nothing is known."""
    kinds = joined(value.kinds for value in values) if values else None
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
        items = joined([*mine, *(kind.item for kind in added.kinds)])
        if holder.kinds is None:
            raise MayBlock("builds what is not known")
        (cls,) = {kind.cls for kind in holder.kinds}
        size = holder.size + added.size
        frame.stack[at] = limited(Value(one(cls, items), size=size))

    return extend


def _list_to_tuple(frame: Frame, step: Instruction) -> None:
    value = frame.stack.pop()
    items = joined(kind.item for kind in value.kinds or ())
    frame.stack.append(Value(one(tuple, items), size=value.size))


def _build_string(frame: Frame, step: Instruction) -> None:
    parts = frame.take(step.arg)
    size = sum(part.size for part in parts if part.constant is NOTHING)
    frame.stack.append(limited(Value(STR, size=max(1, size))))


def _format_value(frame: Frame, step: Instruction) -> None:
    spec = frame.stack.pop() if step.arg & 4 else None
    value = frame.stack.pop()
    frame.stack.append(_formatted(value, spec, converts=bool(step.arg & 3)))


def _format_simple(frame: Frame, step: Instruction) -> None:
    frame.stack.append(_formatted(frame.stack.pop(), None, converts=False))


def _format_with_spec(frame: Frame, step: Instruction) -> None:
    value, spec = frame.take(2)
    frame.stack.append(_formatted(value, spec, converts=False))


def _convert(frame: Frame, step: Instruction) -> None:
    frame.stack.append(_formatted(frame.stack.pop(), None, converts=True))


def _formatted(value: Value, spec: Value | None, *, converts: bool) -> Value:
    if converts:
        if not is_textual(value):
            raise MayBlock("formats a value whose type is not known")
        value = Value(STR, size=value.size)
    return formatted(value, spec)


def _unpack(frame: Frame, step: Instruction) -> None:
    value = frame.stack.pop()
    kinds = value.kinds
    if kinds is None or not all(kind.cls in (list, tuple, NoneType) for kind in kinds):
        raise MayBlock("unpacks a value whose type is not known")
    items = joined(kind.item for kind in kinds if kind.cls is not NoneType)
    frame.stack += [Value(items, size=held_size(value))] * step.arg


# Ways


def _jump(frame: Frame, step: Instruction) -> None:
    frame.jump(step.value)
    frame.is_over = True


def _jump_if(frame: Frame, step: Instruction) -> None:
    # From 3.13 on it is asked for before, by TO_BOOL; the result is a bool, whose truth is known.
    truth(frame.stack.pop())
    frame.jump(step.value)


def _jump_if_none(frame: Frame, step: Instruction) -> None:
    frame.stack.pop()
    frame.jump(step.value)


def _jump_if_or_pop(frame: Frame, step: Instruction) -> None:
    truth(frame.stack[-1])
    frame.jump(step.value)
    frame.stack.pop()


def _end(frame: Frame, step: Instruction) -> None:
    frame.is_over = True


def _raise(frame: Frame, step: Instruction) -> None:
    raised = frame.take(step.arg)
    for value in raised:
        _check_raised(value)
    frame.is_over = True


def _check_raised(value: Value) -> None:
    """Refuse to raise what may be made, by code of its own, when it is raised."""
    if is_plain_exception(value.known):
        result_of(value.known, (), {})
        return
    kinds = value.kinds
    if kinds is None or not all(
        kind.cls in (BaseException, NoneType) or is_plain_exception(kind.cls) for kind in kinds
    ):
        raise MayBlock("raises a value whose type is not known")


def _begin_handling(frame: Frame, step: Instruction) -> None:
    raised = frame.stack.pop()
    frame.stack += [UNKNOWN, raised]


def _match_exception(frame: Frame, step: Instruction) -> None:
    # It looks at the bases of a class, and asks no code of its own.
    frame.stack.pop()
    frame.stack.append(Value(BOOL))


# Calls


def _name_keywords(frame: Frame, step: Instruction) -> None:
    frame.keywords = step.value


def _call(frame: Frame, step: Instruction) -> None:
    keywords, frame.keywords = frame.keywords, ()
    _called(frame, step.arg, keywords)


def _call_with_keywords(frame: Frame, step: Instruction) -> None:
    keywords = frame.stack.pop().known
    _called(frame, step.arg, keywords)


def _called(frame: Frame, count: int, keywords: tuple[str, ...]) -> None:
    arguments = frame.take(count)
    # Where the room beside the function is differs between versions; where it is not left free, it
    # has the first argument.
    function, *first = [value for value in frame.take(2) if value is not NULL]
    first_named = len(arguments) - len(keywords)
    by_name = dict(zip(keywords, arguments[first_named:], strict=True))
    frame.stack.append(_result(function, [*first, *arguments[:first_named]], by_name))


def _result(function: Value, arguments: list[Value], by_name: dict[str, Value]) -> Value:
    known: Any = function.known
    try:
        if type(known) is Method:
            return known.result(arguments, by_name)
        return result_of(known, arguments, by_name)
    except MayBlock as reason:
        why = f" {reason}" if str(reason) else ""
        called = f"`{function.name}`" if function.name else "what is not known"
        raise MayBlock(f"calls {called}{why}") from None


_STEPS: Final[dict[str, Perform]] = {
    **dict.fromkeys(
        "RESUME NOP PRECALL NOT_TAKEN COPY_FREE_VARS EXTENDED_ARG CACHE".split(), _nothing
    ),
    "PUSH_NULL": _push(NULL),
    # What a coroutine is sent first is None.
    "RETURN_GENERATOR": _push(UNKNOWN),
    "POP_TOP": _pop,
    "POP_EXCEPT": _pop,
    "COPY": _copy,
    "SWAP": _swap,
    "LOAD_CONST": _load_const,
    "LOAD_SMALL_INT": _load_small_int,
    "LOAD_COMMON_CONSTANT": _load_common,
    "LOAD_ASSERTION_ERROR": _push(Value(known=AssertionError, name="AssertionError")),
    **dict.fromkeys("LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_BORROW".split(), _load_fast),
    **dict.fromkeys("LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW".split(), _load_two),
    "STORE_FAST": _store_fast,
    "STORE_FAST_STORE_FAST": _store_two,
    "STORE_FAST_LOAD_FAST": _store_and_load,
    "DELETE_FAST": _delete_fast,
    "LOAD_GLOBAL": _load_global,
    "LOAD_DEREF": _load_deref,
    "BINARY_OP": _binary,
    "BINARY_SUBSCR": _subscript,
    "BINARY_SLICE": _binary_slice,
    "BUILD_SLICE": _build_slice,
    "COMPARE_OP": _compare,
    "IS_OP": _is,
    "CONTAINS_OP": _contains,
    "UNARY_NEGATIVE": _negate,
    "UNARY_POSITIVE": _negate,
    "UNARY_NOT": _to_bool,
    "TO_BOOL": _to_bool,
    "CALL_INTRINSIC_1": _intrinsic,
    "GET_LEN": _get_len,
    # They look at a flag of the class.
    **dict.fromkeys("MATCH_SEQUENCE MATCH_MAPPING".split(), _push(Value(BOOL))),
    "LOAD_ATTR": _load_attr,
    "LOAD_METHOD": _load_attr,
    "STORE_ATTR": _store_attr,
    "STORE_SUBSCR": _store_subscript,
    "BUILD_TUPLE": _build(tuple),
    "BUILD_LIST": _build(list),
    "BUILD_SET": _build_set,
    "BUILD_MAP": _build_map,
    "BUILD_CONST_KEY_MAP": _build_const_key_map,
    "LIST_EXTEND": _extend(list, tuple),
    "SET_UPDATE": _extend(frozenset),
    "DICT_UPDATE": _extend(dict),
    "LIST_TO_TUPLE": _list_to_tuple,
    "BUILD_STRING": _build_string,
    "FORMAT_VALUE": _format_value,
    "FORMAT_SIMPLE": _format_simple,
    "FORMAT_WITH_SPEC": _format_with_spec,
    "CONVERT_VALUE": _convert,
    "UNPACK_SEQUENCE": _unpack,
    **dict.fromkeys("JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT".split(), _jump),
    **dict.fromkeys(
        "POP_JUMP_IF_TRUE POP_JUMP_IF_FALSE POP_JUMP_FORWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE "
        "POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_BACKWARD_IF_FALSE".split(),
        _jump_if,
    ),
    **dict.fromkeys(
        "POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_FORWARD_IF_NONE "
        "POP_JUMP_FORWARD_IF_NOT_NONE POP_JUMP_BACKWARD_IF_NONE "
        "POP_JUMP_BACKWARD_IF_NOT_NONE".split(),
        _jump_if_none,
    ),
    **dict.fromkeys("JUMP_IF_TRUE_OR_POP JUMP_IF_FALSE_OR_POP".split(), _jump_if_or_pop),
    "RETURN_VALUE": _end,
    "RETURN_CONST": _end,
    "RAISE_VARARGS": _raise,
    "RERAISE": _end,
    "KW_NAMES": _name_keywords,
    "CALL": _call,
    "CALL_KW": _call_with_keywords,
    "PUSH_EXC_INFO": _begin_handling,
    "CHECK_EXC_MATCH": _match_exception,
}
