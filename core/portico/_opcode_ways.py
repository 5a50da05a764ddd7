"""What instructions do that go somewhere else: jumps, exceptions and calls."""

from __future__ import annotations

from types import FunctionType, NoneType
from typing import Any, Final

from portico._bytecode import Instruction
from portico._frame import NULL, Frame, Perform, for_each
from portico._known_calls import is_listed, is_plain_exception, result_of
from portico._known_members import Method
from portico._known_operations import truth
from portico._known_types import BOOL, UNKNOWN, MayBlock, Value, constant


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


def _return(frame: Frame, step: Instruction) -> None:
    frame.returned = frame.stack.pop()
    frame.is_over = True


def _return_constant(frame: Frame, step: Instruction) -> None:
    frame.returned = constant(step.value)
    frame.is_over = True


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
    frame.stack.append(_result(frame, function, [*first, *arguments[:first_named]], by_name))


def _result(
    frame: Frame, function: Value, arguments: list[Value], by_name: dict[str, Value]
) -> Value:
    known: Any = function.known
    try:
        if type(known) is Method:
            return known.result(arguments, by_name)
        if type(known) is FunctionType and not is_listed(known):
            return frame.calls(known, arguments, by_name)
        return result_of(known, arguments, by_name)
    except MayBlock as reason:
        words = str(reason)
        why = f" {words}" if words and words[0] != "," else words
        called = f"`{function.name}`" if function.name else "what is not known"
        raise MayBlock(f"calls {called}{why}") from None


WAYS: Final[dict[str, Perform]] = {
    **for_each("JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT", _jump),
    **for_each("POP_JUMP_IF_TRUE POP_JUMP_IF_FALSE", _jump_if),
    **for_each("POP_JUMP_FORWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE", _jump_if),
    **for_each("POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_BACKWARD_IF_FALSE", _jump_if),
    **for_each("POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE", _jump_if_none),
    **for_each("POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE", _jump_if_none),
    **for_each("POP_JUMP_BACKWARD_IF_NONE POP_JUMP_BACKWARD_IF_NOT_NONE", _jump_if_none),
    **for_each("JUMP_IF_TRUE_OR_POP JUMP_IF_FALSE_OR_POP", _jump_if_or_pop),
    "RETURN_VALUE": _return,
    "RETURN_CONST": _return_constant,
    "RERAISE": _end,
    "RAISE_VARARGS": _raise,
    "PUSH_EXC_INFO": _begin_handling,
    "CHECK_EXC_MATCH": _match_exception,
    "KW_NAMES": _name_keywords,
    "CALL": _call,
    "CALL_KW": _call_with_keywords,
}
