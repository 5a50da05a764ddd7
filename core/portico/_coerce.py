"""Texts to values: what `"42"` means where a query, path, header or cookie declares an int.

A text is read by the declared type, and strictly: what a human would not write for the type is
refused rather than guessed. So:

- int: an optional minus and at most 300 ASCII digits; not `1e3`, `1.0`, `+1`, ` 1` or `1_000`.
- float: a JSON number, also with leading zeros or no digit before the point; never nan or infinite.
- bool: `true`, `false`, `1`, `0` in any case; in queries and forms also `on`, as a checkbox sends.
- Decimal: as float, with any exponent. Neither NaN nor Infinity.
- date, time, datetime: RFC 3339; not an epoch number. timedelta: ISO 8601; not a number of seconds.
- Enum and Literal: by value. In a union that has str, every text is that str.
- An empty text for a type that has no empty text is nothing: the default, or None, or a fault.

The four builtin scalars, optional or not, are read without loading msgspec.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from portico._errors import DefinitionError
from portico._faults import MISSING, Refused, SchemaError, pointer_to

if TYPE_CHECKING:
    from portico._fault import Fault

Read: TypeAlias = Callable[[str], object]
"""Reads a text as a scalar, or returns it `Refused`."""

MAX_DIGITS: Final = 300
CHECKBOX_PARTS: Final = frozenset({"query", "body"})

_BOOLS: Final = {"true": True, "1": True, "false": False, "0": False}
_CHECKBOX: Final = {**_BOOLS, "on": True}


class CoercionError(ValueError):
    """A text is not of the declared type.

    Attributes:
        expected: what was expected, as a noun phrase: `"an integer"`.
        text: the text. It may be a secret.
    """

    def __init__(self, expected: str, text: str) -> None:
        super().__init__(f"expected {expected}")
        self.expected = expected
        self.text = text


def read_str(text: str) -> object:
    """Any text is a str."""
    return text


def read_int(text: str) -> object:
    """An optional minus and ASCII digits."""
    if text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS:
        return int(text)
    digits = text.removeprefix("-")
    if digits.isdigit() and digits.isascii() and len(digits) <= MAX_DIGITS:
        return int(text)
    return Refused(text)


def read_float(text: str) -> object:
    """A decimal number that a double can hold."""
    if not is_number(text):
        return Refused(text)
    value = float(text)
    return value if abs(value) != float("inf") else Refused(text)


def read_bool(text: str) -> object:
    """`true`, `false`, `1` or `0`."""
    value = _BOOLS.get(text.lower())
    return Refused(text) if value is None else value


def read_checkbox(text: str) -> object:
    """As `read_bool`, and `on`: what a browser sends for a checked box."""
    value = _CHECKBOX.get(text.lower())
    return Refused(text) if value is None else value


def is_number(text: str) -> bool:
    """Whether the text is a decimal number, of a length that is no attack."""
    return len(text) <= MAX_DIGITS and _number().fullmatch(text) is not None


@cache  # many read none, and to compile it takes longer than to read a thousand
def _number() -> re.Pattern[str]:
    return re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)


_SIMPLE: Final[tuple[tuple[object, Read, str], ...]] = (
    (str, read_str, "a string"),
    (int, read_int, "an integer"),
    (float, read_float, "a number"),
    (bool, read_bool, "a boolean"),
)


class Scalar:
    """How the texts of one type are read.

    Attributes:
        read: reads one text that is there.
        expected: the type in words.
        many: whether it takes every text of its name; otherwise the last one counts.
        nullable: whether None is one of its values.
        takes_empty: whether the empty text is one of its values.
        finish: turns what was read into the final value, checking constraints; it raises
            `SchemaError` with pointers that start at the value, which `_placed` moves.
    """

    __slots__ = ("expected", "finish", "many", "nullable", "read", "takes_empty")

    def __init__(
        self,
        read: Read,
        expected: str,
        *,
        many: bool = False,
        nullable: bool = False,
        takes_empty: bool = False,
        finish: Callable[[object], object] | None = None,
    ) -> None:
        self.read: Read = read
        self.expected = expected
        self.many = many
        self.nullable = nullable
        self.takes_empty = takes_empty
        self.finish = finish


def scalar_of(tp: object, *, part: str) -> Scalar:
    """How texts become values of `tp`.

    Raises:
        DefinitionError: the type is not supported.
    """
    simple = simple_scalar(tp, part=part)
    if simple is not None:
        return simple
    from portico._texts import described_scalar

    return described_scalar(tp, part=part)


def simple_scalar(tp: object, *, part: str) -> Scalar | None:
    """How texts become values of a builtin scalar or `X | None` of one; None for other types."""
    bare, nullable = _without_none(tp)
    for kind, read, expected in _SIMPLE:
        if kind is bare:
            if read is read_bool and part in CHECKBOX_PARTS:
                read = read_checkbox
            words = expected + " or null" if nullable else expected
            return Scalar(read, words, nullable=nullable, takes_empty=read is read_str)
    return None


def coerce_scalar(tp: object, *, part: str = "query") -> Callable[[str], object]:
    """The function that reads one text as a value of `tp`; it raises `CoercionError`.

    Args:
        tp: a scalar type, optional or annotated with constraints.
        part: where the texts come from.

    Raises:
        DefinitionError: the type is not supported.
    """
    scalar = scalar_of(tp, part=part)
    read, expected, finish = scalar.read, scalar.expected, scalar.finish
    if scalar.many:
        raise DefinitionError(
            f"The type `{tp}` takes several texts and was declared for one. Declare its item type."
        )

    def coerce(text: str) -> object:
        if not text and scalar.nullable and not scalar.takes_empty:
            return None
        value = read(text)
        if finish is not None:
            try:
                return finish(value)
            except SchemaError as error:
                raise CoercionError(error.faults[0].expected, text) from None
        if value.__class__ is Refused:
            raise CoercionError(expected, text)
        return value

    return coerce


class TextParameter:
    """One named parameter that arrives as texts: in a path or a query.

    Args:
        name: its name, for the faults.
        tp: a scalar type or a list of scalars; optional, or annotated with constraints.
        part: where it comes from.
        default: its value where no text came; without one it is required.

    Raises:
        DefinitionError: the type is not supported.
    """

    __slots__ = ("_scalar", "default", "name", "part", "read_one")

    def __init__(
        self, name: str, tp: object, *, part: str = "query", default: object = MISSING
    ) -> None:
        self.name = name
        self.part = part
        self.default = default
        self._scalar = scalar_of(tp, part=part)
        self.read_one: Read = _reading_whole(self._scalar)
        """Gives the value of one text that is not empty, or returns `Refused`."""

    @property
    def many(self) -> bool:
        """Whether it takes every text of its name; otherwise the last one counts."""
        return self._scalar.many

    def read(self, texts: Sequence[str]) -> object:
        """The value of the texts that came under its name, in order.

        Raises:
            SchemaError: they are not of the type, or none came and there is no default.
        """
        scalar = self._scalar
        if not texts:
            return self._absent()
        text = texts[-1]
        if not (text or scalar.takes_empty or (scalar.many and len(texts) > 1)):
            if self.default is not MISSING:
                return self.default
            if scalar.nullable:
                return None
        value = [scalar.read(each) for each in texts] if scalar.many else scalar.read(text)
        if scalar.finish is not None:
            return self._finish(scalar.finish, value)
        if value.__class__ is Refused:
            raise SchemaError((self._fault(scalar.expected, text),))
        return value

    def _absent(self) -> object:
        if self.default is MISSING:
            raise SchemaError((self._fault(self._scalar.expected + " (required)", MISSING),))
        return self.default

    def _finish(self, finish: Callable[[object], object], value: object) -> object:
        try:
            return finish(value)
        except SchemaError as error:
            base = pointer_to("", self.name)
            faults = [f._replace(pointer=base + f.pointer) for f in error.faults]
            raise SchemaError(faults) from None

    def _fault(self, expected: str, found: object) -> Fault:
        from portico._fault import Fault

        return Fault(self.part, pointer_to("", self.name), expected, found)


def _reading_whole(scalar: Scalar) -> Read:
    read, finish = scalar.read, scalar.finish
    if finish is None:
        return read

    def read_and_finish(text: str) -> object:
        try:
            return finish(read(text))
        except SchemaError:
            return Refused(text)

    return read_and_finish


def _without_none(tp: object) -> tuple[typing.Any, bool]:
    """`X | None` as X and True; any other type as itself and False."""
    if typing.get_origin(tp) in (types.UnionType, typing.Union):
        members = typing.get_args(tp)
        if len(members) == 2 and types.NoneType in members:
            return members[members[0] is types.NoneType], True
    return tp, False
