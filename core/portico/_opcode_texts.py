"""What instructions do that build texts: those of f-strings."""

from __future__ import annotations

from typing import Final

from portico._bytecode import Instruction
from portico._frame import Frame, Perform
from portico._known_calls import is_textual, limited
from portico._known_operations import formatted
from portico._known_types import NOTHING, STR, MayBlock, Value


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


TEXTS: Final[dict[str, Perform]] = {
    "BUILD_STRING": _build_string,
    "FORMAT_VALUE": _format_value,
    "FORMAT_SIMPLE": _format_simple,
    "FORMAT_WITH_SPEC": _format_with_spec,
    "CONVERT_VALUE": _convert,
}
