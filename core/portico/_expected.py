"""What a type expects, in words: the texts of every fault. Loaded with the first fault."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import inspect as mi

from portico._fault import Fault
from portico._faults import pointer_to
from portico._form_files import is_file, limits_of

_LISTED: Final = 20
_PLACE: Final = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|(?P<unknown>\[\.\.\.\])")
_KIND: Final = re.compile(r"Expected `(?P<kind>[^`]+)`, got ")

_PLAIN: Final[dict[type[mi.Type], str]] = {
    mi.AnyType: "any value",
    mi.NoneType: "null",
    mi.BoolType: "a boolean",
    mi.BytesType: "a base64 string",
    mi.ByteArrayType: "a base64 string",
    mi.MemoryViewType: "a base64 string",
    mi.DateType: "a date (YYYY-MM-DD)",
    mi.TimeDeltaType: "a duration (ISO 8601)",
    mi.UUIDType: "a UUID",
    mi.DecimalType: "a decimal number",
    mi.RawType: "any value",
    mi.StructType: "an object",
    mi.DataclassType: "an object",
    mi.TypedDictType: "an object",
}


def expectation(node: mi.Type) -> str:
    """What `node` expects, as a noun phrase: `"an array of at least 1 item"`."""
    match node:
        case mi.Metadata():
            return _file(node) or expectation(node.type)
        case mi.IntType():
            return "an integer" + _bounds(node)
        case mi.FloatType():
            return "a number" + _bounds(node)
        case mi.StrType():
            return "a string" + _lengths(node, "character") + _pattern(node.pattern)
        case mi.DateTimeType():
            return "a date and time (RFC 3339)" + _zone(node.tz)
        case mi.TimeType():
            return "a time (RFC 3339)" + _zone(node.tz)
        case mi.EnumType():
            return one_of(member.value for member in node.cls)
        case mi.LiteralType():
            return one_of(node.values)
        case mi.UnionType():
            return " or ".join(dict.fromkeys(expectation(member) for member in node.types))
        case _:
            return _container(node)


def one_of(values: Iterable[object]) -> str:
    """A choice: `"one of 'a', 'b'"`, in the order given, of which the first twenty are listed."""
    texts = ["null" if value is None else repr(value) for value in values]
    listed = ", ".join(texts[:_LISTED]) + (", ..." if len(texts) > _LISTED else "")
    return listed if len(texts) == 1 else f"one of {listed}"


def fault_of(error: Exception, *, part: str, base: str = "") -> Fault:
    """msgspec's own sentence as a fault; its place up to the first key that msgspec leaves out."""
    if isinstance(error, RecursionError):
        return Fault(part, base, "less nesting")
    text = str(error)
    place = _PLACE.search(text)
    if place is None:
        return Fault(part, base, _kind(text))
    for step in _STEP.finditer(place["path"]):
        if step["unknown"]:
            break
        base = pointer_to(base, step["name"] or step["index"])
    return Fault(part, base, _kind(text[: place.start()]))


def _kind(text: str) -> str:
    if text == "Integer value out of range":
        return "a smaller integer"
    expected = _KIND.match(text)
    return text if expected is None else expected["kind"]


def positions(node: mi.StructType | mi.NamedTupleType) -> tuple[int, int | None]:
    """How many items the array of an object without names has, at least and at most."""
    required = sum(field.required for field in node.fields)
    if isinstance(node, mi.NamedTupleType):
        return required, len(node.fields)
    tag = node.tag_field is not None
    return required + tag, len(node.fields) + tag if node.forbid_unknown_fields else None


def _container(node: mi.Type) -> str:
    match node:
        case mi.StructType(array_like=True) | mi.NamedTupleType():
            return "an array" + _counted("item", *positions(node))
        case mi.TupleType():
            return "an array" + _counted("item", len(node.item_types), len(node.item_types))
        case mi.CollectionType():
            return "an array" + _lengths(node, "item")
        case mi.DictType() | mi.FrozenDictType():
            return "an object" + _lengths(node, "member")
        case mi.CustomType():
            return "a file" if is_file(node) else f"a {node.cls.__name__}"
        case _:
            return _PLAIN.get(type(node), "a value of the declared type")


def _file(node: mi.Metadata) -> str:
    limits = limits_of(node)
    if limits is None:
        return ""
    inner = node.type
    members = inner.types if isinstance(inner, mi.UnionType) else ()
    return limits.expectation + (" or null" if any(map(_is_null, members)) else "")


def _is_null(node: mi.Type) -> bool:
    return isinstance(node, mi.NoneType)


def _bounds(node: mi.IntType | mi.FloatType) -> str:
    words = (
        ("at least", node.ge),
        ("more than", node.gt),
        ("at most", node.le),
        ("less than", node.lt),
        ("a multiple of", node.multiple_of),
    )
    if node.ge is not None and node.le is not None and node.multiple_of is None:
        return f" from {node.ge} to {node.le}"
    said = [f"{word} {limit}" for word, limit in words if limit is not None]
    if not said:
        return ""
    if said[0].startswith("a multiple"):
        return f" that is {said[0]}"
    return " of " + " and ".join(said)


def _lengths(
    node: mi.StrType | mi.CollectionType | mi.DictType | mi.FrozenDictType, unit: str
) -> str:
    return _counted(unit, node.min_length or 0, node.max_length)


def _counted(unit: str, least: int, most: int | None) -> str:
    if most is None:
        return f" of at least {least} {unit}{_s(least)}" if least else ""
    if least == most:
        return f" of {most} {unit}{_s(most)}"
    if least:
        return f" of {least} to {most} {unit}s"
    return f" of at most {most} {unit}{_s(most)}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _pattern(pattern: str | None) -> str:
    return "" if pattern is None else f" that matches {pattern}"


def _zone(tz: bool | None) -> str:
    if tz is None:
        return ""
    return " with a time zone" if tz else " without a time zone"
