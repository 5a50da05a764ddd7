"""From msgspec's description of a type back to the type, so that one part of it can be checked."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Annotated, Any, Final, Literal, Union

import msgspec
from msgspec import inspect as mi

_SAME: Final[dict[type[mi.Type], Any]] = {
    mi.AnyType: Any,
    mi.NoneType: None,
    mi.BoolType: bool,
    mi.IntType: int,
    mi.FloatType: float,
    mi.StrType: str,
    mi.BytesType: bytes,
    mi.ByteArrayType: bytearray,
    mi.MemoryViewType: memoryview,
    mi.DateTimeType: datetime.datetime,
    mi.TimeType: datetime.time,
    mi.DateType: datetime.date,
    mi.TimeDeltaType: datetime.timedelta,
    mi.UUIDType: uuid.UUID,
    mi.DecimalType: decimal.Decimal,
    mi.RawType: msgspec.Raw,
    mi.ListType: list,
    mi.SetType: set,
    mi.FrozenSetType: frozenset,
}
_CONSTRAINTS: Final = (
    "gt",
    "ge",
    "lt",
    "le",
    "multiple_of",
    "pattern",
    "min_length",
    "max_length",
    "tz",
)


def annotation_of(node: mi.Type) -> Any:
    """The type that `node` describes; constraints and `extra` in `Annotated[..., Meta(...)]`."""
    bare = _bare(node)
    given = {name: getattr(node, name, None) for name in _CONSTRAINTS}
    given = {name: limit for name, limit in given.items() if limit is not None}
    return Annotated[bare, msgspec.Meta(**given)] if given else bare


def dict_of(key: Any, value: Any) -> Any:
    """The type `dict[key, value]`, of types that are known only here."""
    return _of(dict, (key, value))


def _of(generic: Any, arguments: Any) -> Any:
    return generic[arguments]


def _bare(node: mi.Type) -> Any:
    match node:
        case mi.Metadata():
            inner = annotation_of(node.type)
            # Whether it is a secret, and the limits of a file, are said there.
            extra: dict[str, Any] | None = getattr(node, "extra", None)
            return Annotated[inner, msgspec.Meta(extra=extra)] if extra else inner
        case mi.UnionType():
            return Union[tuple(annotation_of(member) for member in node.types)]  # noqa: UP007
        case mi.LiteralType():
            return Literal[node.values]
        case mi.VarTupleType():
            return _of(tuple, (annotation_of(node.item_type), ...))
        case mi.CollectionType():
            return _of(_SAME[type(node)], annotation_of(node.item_type))
        case mi.TupleType():
            return _of(tuple, tuple(annotation_of(item) for item in node.item_types))
        case mi.DictType() | mi.FrozenDictType():
            return dict_of(annotation_of(node.key_type), annotation_of(node.value_type))
        case _:
            named = getattr(node, "cls", None)
            return _SAME[type(node)] if named is None else named
