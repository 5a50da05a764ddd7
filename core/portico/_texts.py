"""Reading texts by msgspec's description of a type. Loaded with the first type that needs it.

A text becomes what JSON would have held in its place: an int, float, bool, or still a text where
the type is written as one (dates, UUIDs, ...). Then msgspec validates strictly, so that a text is
read by one set of rules (`portico._coerce`) and a value is checked by another, the same as JSON's.
A text that cannot be read goes on as `Refused`, which no type takes: the one collector reports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import msgspec
from msgspec import inspect as mi

from portico._coerce import (
    CHECKBOX_PARTS,
    Read,
    Scalar,
    is_number,
    read_bool,
    read_checkbox,
    read_float,
    read_int,
    read_str,
)
from portico._errors import DefinitionError, PeerError
from portico._faults import MISSING, Refused, SchemaError
from portico._json import decode_json
from portico._schema import decode_custom
from portico._schema_msgspec import ObjectType, describe, is_object, members_of


def described_scalar(tp: object, *, part: str) -> Scalar:
    """How texts become values of any type that msgspec can describe."""
    from portico._described import Described
    from portico._expected import expectation

    node = describe(tp)
    text = text_of(node, part=part)
    if not all(map(_is_scalar, members_of(text.reads))):
        raise DefinitionError(
            f"The type `{tp}` cannot be read from one text. Expected str, int, float, bool, Enum, "
            "Literal, UUID, date, time, datetime, timedelta, Decimal or bytes, or a list, an "
            "Optional or an Annotated of these. Take an object as a whole part of the request."
        )

    # Of a class msgspec keeps what it knows; of other types it finds it out each time.
    known = Described()
    held = msgspec.defstruct("Held", [("value", cast("Any", tp))], array_like=True)

    def finish(value: object) -> object:
        try:
            whole: Any = msgspec.convert((value,), held, dec_hook=decode_custom)
            return whole.value
        except ValueError:
            return fail(value)

    def fail(value: object) -> object:
        try:
            return msgspec.convert(value, cast("Any", tp), dec_hook=decode_custom)
        except ValueError as error:
            from portico._collect import find_faults

            faults = find_faults(value, node, error, part=part, known=known)
            raise SchemaError(faults) from None

    return Scalar(
        text.read,
        expectation(node),
        many=text.many,
        nullable=text.nullable,
        takes_empty=text.takes_empty,
        finish=finish,
    )


class Text:
    """What a type makes of its texts.

    Attributes:
        reads: the type of one text: the item's for a list, else the type itself.
        read, many, nullable, takes_empty: see `Scalar`.
    """

    __slots__ = ("many", "nullable", "read", "reads", "takes_empty")

    def __init__(
        self, reads: mi.Type, read: Read, *, many: bool, nullable: bool, takes_empty: bool
    ) -> None:
        self.reads = reads
        self.read: Read = read
        self.many = many
        self.nullable = nullable
        self.takes_empty = takes_empty

    def soften(self, text: str, *, has_default: bool) -> object:
        """What JSON would have held for a text; MISSING where nothing was meant."""
        if text or self.takes_empty:
            return self.read(text)
        return MISSING if has_default else None if self.nullable else Refused(text)

    def soften_all(self, values: Sequence[object], *, has_default: bool = False) -> object:
        """The same for a list; one empty text alone is no item, where items are not texts."""
        if values == [""] and not self.takes_empty:
            if has_default:
                return MISSING
            if self.nullable:
                return None
        return [self.one(value) for value in values]

    def one(self, value: object) -> object:
        """One text, read; a file of a form as it is."""
        return self.read(value) if isinstance(value, str) else value


def text_of(node: mi.Type, *, part: str) -> Text:
    """What a type makes of its texts."""
    members = members_of(node)
    lists = [m for m in members if isinstance(m, mi.CollectionType)]
    reads = lists[0].item_type if lists else node
    return Text(
        reads=reads,
        read=reader_of(reads, part=part),
        many=bool(lists),
        nullable=any(isinstance(m, mi.NoneType) for m in members),
        takes_empty=any(_takes_empty(m) for m in members_of(reads)),
    )


def reader_of(node: mi.Type, *, part: str) -> Read:
    """The function that reads one text by a type."""
    match node:
        case mi.Metadata():
            return reader_of(node.type, part=part)
        case mi.IntType():
            return read_int
        case mi.FloatType():
            return read_float
        case mi.BoolType():
            return read_checkbox if part in CHECKBOX_PARTS else read_bool
        case mi.DecimalType():
            return _read_decimal
        case mi.EnumType():
            return _choice([member.value for member in node.cls])
        case mi.LiteralType():
            return _choice(node.values)
        case mi.NoneType():
            return Refused
        case mi.UnionType():
            return _first_of(node.types, part=part)
        case _:
            return _read_json if _is_container(node) else read_str


def soften(value: object, node: mi.Type, *, part: str) -> object:
    """A copy of a value in which texts are read by the type, at any depth."""
    if isinstance(value, str):
        return reader_of(node, part=part)(value)
    if isinstance(value, dict):
        return _soften_object(cast("dict[object, object]", value), node, part)
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        kinds = [m.item_type for m in members_of(node) if isinstance(m, mi.CollectionType)]
        return [soften(item, kinds[0], part=part) for item in items] if kinds else items
    return value


def _soften_object(value: dict[object, object], node: mi.Type, part: str) -> object:
    types: dict[object, mi.Type] = {}
    other: mi.Type = mi.AnyType()
    for member in members_of(node):
        if isinstance(member, mi.DictType | mi.FrozenDictType):
            other = member.value_type
        elif isinstance(member, ObjectType):
            types.update((field.encode_name, field.type) for field in member.fields)
    return {key: soften(item, types.get(key, other), part=part) for key, item in value.items()}


def _is_container(node: mi.Type) -> bool:
    return is_object(node) or isinstance(node, mi.CollectionType | mi.TupleType)


def _is_scalar(node: mi.Type) -> bool:
    return not (_is_container(node) or isinstance(node, mi.AnyType | mi.CustomType | mi.RawType))


def _takes_empty(node: mi.Type) -> bool:
    match node:
        case mi.StrType() | mi.AnyType() | mi.BytesType():
            return True
        case mi.EnumType():
            return any(member.value == "" for member in node.cls)
        case mi.LiteralType():
            return "" in node.values
        case _:
            return False


def _read_decimal(text: str) -> object:
    return text if is_number(text) else Refused(text)


def _read_json(text: str) -> object:
    if text[:1] not in ("{", "["):
        return Refused(text)
    try:
        return decode_json(text.encode())
    except (PeerError, UnicodeEncodeError):
        return Refused(text)


def _choice(values: Iterable[object]) -> Read:
    """Reads the text of a value; other texts go on as they are, for an Enum's `_missing_`."""
    by_text = {str(value): value for value in values if value is not None}
    has_int = any(isinstance(value, int) for value in by_text.values())

    def read(text: str) -> object:
        value = by_text.get(text)
        if value is not None:
            return value
        return read_int(text) if has_int else text

    return read


_ORDER: Final[dict[type[mi.Type], int]] = {
    mi.IntType: 1,
    mi.FloatType: 2,
    mi.BoolType: 3,
    mi.DecimalType: 4,
}
_LAST: Final = 9


def _first_of(types: Sequence[mi.Type], *, part: str) -> Read:
    """Reads a text by the first member that takes it: numbers first, types of any text last."""
    bare = [inner for member in types for inner in members_of(member)]
    if any(isinstance(member, mi.StrType | mi.AnyType) for member in bare):
        return read_str
    ordered = sorted(bare, key=_rank)
    reads = [reader_of(member, part=part) for member in ordered]

    def read(text: str) -> object:
        for attempt in reads:
            value = attempt(text)
            if not isinstance(value, Refused):
                return value
        return Refused(text)

    return read


def _rank(node: mi.Type) -> int:
    return _ORDER.get(type(node), 5 if _is_container(node) else _LAST)
