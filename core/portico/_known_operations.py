"""What operators do with values of known types: nothing that takes its time, or it may block."""

from __future__ import annotations

import sys
from types import NoneType
from typing import Any, Final

from portico._context import Context
from portico._headers import Headers
from portico._held_values import held_size
from portico._key import ConstantKey, RequestKey, ResourceKey
from portico._known_calls import is_textual, limited
from portico._known_types import (
    BOOL,
    CONTAINERS,
    FLOAT,
    INT,
    NUMBER,
    NUMBERS,
    PLAIN,
    SLICE,
    STR,
    Kind,
    Kinds,
    MayBlock,
    Value,
    joined,
    one,
)
from portico._url_search_params import URLSearchParams

_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "//", "%", "&", "|", "^", ">>"})
_TEXTS: Final = frozenset({str, bytes, list, tuple})
_FIELDS: Final = frozenset({Headers, URLSearchParams})
ITEMS: Final[dict[type, Kinds]] = {Headers: STR, URLSearchParams: STR}
"""What `holder[name]` gives, of Portico's own classes."""
_KEYS: Final = (ConstantKey, RequestKey, ResourceKey)


def binary(operator: str | None, left: Value, right: Value) -> Value:
    """The result of a binary operator.

    Raises:
        MayBlock: it may be code of anybody's, or take its time.
    """
    if operator == "[]":
        return item(left, right)
    bare = (operator or "").removesuffix("=")
    if bare not in _ARITHMETIC:
        raise MayBlock(f"uses `{operator or 'an unknown operator'}`, whose result may be huge")
    if left.kinds is None or right.kinds is None:
        raise MayBlock(f"uses `{operator}` with a value whose type is not known")
    pairs = [(a.cls, b.cls) for a in left.kinds for b in right.kinds]
    kinds = joined([_combined(operator or "", bare, a, b) for a, b in pairs])
    return limited(Value(kinds, size=_size(bare, kinds, left, right)), product=bare == "*")


def _size(bare: str, kinds: Kinds, left: Value, right: Value) -> int:
    """How large the result is: numbers grow when they are multiplied, texts when they are added."""
    if kinds == FLOAT:
        return 1
    grows = bare == "*" or (bare == "+" and any(kind.cls in _TEXTS for kind in kinds or ()))
    return left.size + right.size if grows else max(left.size, right.size)


def _combined(operator: str, bare: str, left: type, right: type) -> Kinds:
    if left in NUMBERS and right in NUMBERS:
        if bare == "/" or (float in (left, right) and bare in "+-*//%"):
            return FLOAT
        return joined((INT, BOOL)) if bare in "&|^" else INT
    # `+=` changes a list in place, for all who have it.
    if left is right and left in _TEXTS and bare == "+" and (left, operator) != (list, "+="):
        return one(left)
    # Of what is left most combinations are a TypeError, but `%` formats and `*` repeats.
    if left in PLAIN and right in PLAIN and bare not in "%*" and _is_builtin(left, right):
        return frozenset()
    raise MayBlock(f"uses `{operator}` with {left.__qualname__} and {right.__qualname__}")


def _is_builtin(*classes: type) -> bool:
    return all(cls in (str, bytes, int, float, bool, NoneType) for cls in classes)


def negated(value: Value) -> Value:
    """The result of `-` or `+` in front of a value."""
    if value.kinds is None or not all(kind.cls in NUMBERS for kind in value.kinds):
        raise MayBlock("uses `-` with a value whose type is not known")
    return Value(NUMBER, size=value.size)


def compared(operator: str, left: Value, right: Value) -> Value:
    """The result of a comparison."""
    if not (left.is_plain and right.is_plain):
        raise MayBlock(f"compares with `{operator}` a value whose type is not known")
    _check_bytes(left, right)
    return Value(BOOL)


def _check_bytes(left: Value, right: Value) -> None:
    """Refuse to compare bytes with others, of which Python warns where it is told to."""
    classes = {kind.cls for kind in (left.kinds or frozenset()) | (right.kinds or frozenset())}
    if bytes in classes and len(classes) > 1:
        raise MayBlock("compares bytes with something else")


def contained(needle: Value, holder: Value) -> Value:
    """The result of `in`."""
    if not needle.is_plain or holder.kinds is None:
        raise MayBlock("asks with `in` for a value whose type is not known")
    if Kind(bytes) in (needle.kinds or ()):
        raise MayBlock("asks with `in` for bytes")
    for kind in holder.kinds:
        if kind.cls in (str, bytes, dict) or kind.cls in _FIELDS or kind.cls is NoneType:
            continue
        items = kind.item if kind.cls in CONTAINERS else None
        if items is None or not all(each.cls in PLAIN for each in items):
            raise MayBlock("asks with `in` of values whose type is not known")
    return Value(BOOL)


def truth(value: Value) -> None:
    """Refuse to ask for the truth of what may answer with code of its own."""
    if value.kinds is None:
        raise MayBlock("asks for the truth of a value whose type is not known")
    for kind in value.kinds:
        cls = kind.cls
        if not (cls in PLAIN or cls in CONTAINERS or cls in _FIELDS or _is_silent_struct(cls)):
            raise MayBlock(f"asks for the truth of {cls.__qualname__}")


def _is_silent_struct(cls: type) -> bool:
    if type(cls) is type or "msgspec" not in sys.modules:
        return False
    from portico._struct_types import has_truth, is_silent

    return is_silent(cls) and not has_truth(cls)


def item(holder: Value, key: Value) -> Value:
    """The result of `holder[key]`.

    Raises:
        MayBlock: it may be code of anybody's.
    """
    if holder.kinds is None:
        raise MayBlock("takes an item of a value whose type is not known")
    kinds = joined([_item(kind, key) for kind in holder.kinds])
    is_text = all(kind.cls in (str, bytes) for kind in holder.kinds)
    return Value(kinds, size=holder.size if is_text else held_size(holder))


def _item(kind: Kind, key: Value) -> Kinds:
    if kind.cls is Context:
        if type(key.known) in _KEYS:
            return None
        raise MayBlock("reads a key that is not known, or a state")
    is_slice = key.kinds == SLICE
    if not (is_slice or key.is_plain):
        raise MayBlock("takes an item by a key whose type is not known")
    if kind.cls is str:
        return STR
    if kind.cls in (list, tuple):
        return frozenset({kind}) if is_slice else kind.item
    if kind.cls is dict:
        return kind.item
    if kind.cls in ITEMS and not is_slice:
        return ITEMS[kind.cls]
    if kind.cls is bytes:
        return one(bytes) if is_slice else INT
    if kind.cls in PLAIN and type(kind.cls) is type:
        return frozenset()  # it raises
    raise MayBlock(f"takes an item of {kind.cls.__qualname__}")


def sliced(bounds: list[Value]) -> Value:
    """A slice, whose bounds are numbers or None."""
    if not all(value.is_plain for value in bounds):
        raise MayBlock("takes a part by bounds whose type is not known")
    return Value(SLICE)


def formatted(value: Value, spec: Value | None) -> Value:
    """The text of a value in an f-string.

    Raises:
        MayBlock: it may be code of anybody's, or long.
    """
    if not is_textual(value):
        raise MayBlock("formats a value whose type is not known")
    if spec is not None:
        text: Any = spec.constant
        builtin = all(_is_builtin(kind.cls) for kind in value.kinds or ())
        if type(text) is not str or len(text) > 4 or not builtin:
            raise MayBlock("formats with a width that is not known")
    return Value(STR, size=value.size)
