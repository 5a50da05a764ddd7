"""From what a handler declares of a part of the request to what is known of its value.

msgspec makes the value in C, and in no other way than its type says, unless the type has code of
its own: a class with `__post_init__`, a dataclass, a model, an adapter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import inspect as mi

from portico._declared_types import enum_kinds, plain
from portico._known_types import (
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NONE,
    PLAIN,
    STR,
    Kind,
    Kinds,
    MayBlock,
    joined,
    kinds_of_object,
    one,
)
from portico._schema import schema_for
from portico._schema_msgspec import MsgspecSchema
from portico._struct_types import is_silent, remember_fields
from portico._type_forms import type_name


def part_kinds(annotation: Any) -> Kinds:
    """What a part of the request holds that is validated as a whole.

    Raises:
        MayBlock: code of somebody's own has a say in it.
    """
    schema = schema_for(annotation)
    if not isinstance(schema, MsgspecSchema):
        raise MayBlock(f"is validated as {type_name(annotation)}, by code of its own")
    return _kinds(schema.node, set())


def _kinds(node: mi.Type, seen: set[type]) -> Kinds:
    read = _NODES.get(type(node))
    if read is None:
        cls = getattr(node, "cls", type(node))
        raise MayBlock(f"is validated as {type_name(cls)}, which may run code of its own")
    return read(node, seen)


def _simple(kinds: Kinds) -> Callable[[Any, set[type]], Kinds]:
    return lambda node, seen: kinds


def _text(node: mi.StrType, seen: set[type]) -> Kinds:
    if node.pattern is not None:
        raise MayBlock("is held to a pattern, which may take its time")
    return STR


def _standard(module: str, name: str) -> Callable[[Any, set[type]], Kinds]:
    return lambda node, seen: plain(getattr(sys.modules[module], name))


def _union(node: mi.UnionType, seen: set[type]) -> Kinds:
    return joined([_kinds(each, seen) for each in node.types])


def _literal(node: mi.LiteralType, seen: set[type]) -> Kinds:
    return joined(map(kinds_of_object, node.values))


def _metadata(node: mi.Metadata, seen: set[type]) -> Kinds:
    return _kinds(node.type, seen)


def _enum(node: mi.EnumType, seen: set[type]) -> Kinds:
    return enum_kinds(node.cls)


def _sequence(cls: type) -> Callable[[Any, set[type]], Kinds]:
    return lambda node, seen: one(cls, _kinds(node.item_type, seen))


def _hashed(cls: type) -> Callable[[Any, set[type]], Kinds]:
    def read(node: Any, seen: set[type]) -> Kinds:
        return one(cls, _hashable(_kinds(node.item_type, seen), node))

    return read


def _tuple(node: mi.TupleType, seen: set[type]) -> Kinds:
    return one(tuple, joined([_kinds(each, seen) for each in node.item_types]))


def _dict(node: mi.DictType, seen: set[type]) -> Kinds:
    _hashable(_kinds(node.key_type, seen), node)
    return one(dict, _kinds(node.value_type, seen))


def _hashable(kinds: Kinds, node: mi.Type) -> Kinds:
    """The kinds of what is hashed, where that runs no code of anybody's."""
    if kinds is None or any(kind.cls not in PLAIN for kind in kinds):
        raise MayBlock(f"has a {type(node).__name__} of keys that may run code of their own")
    return kinds


def _struct(node: mi.StructType, seen: set[type]) -> Kinds:
    cls = node.cls
    if not is_silent(cls):
        raise MayBlock(f"is validated as {type_name(cls)}, which may run code of its own")
    if cls in seen:
        return frozenset({Kind(cls, None, True)})
    seen.add(cls)
    fields = {each.name: _field(each, seen) for each in node.fields}
    if getattr(cls, "__parameters__", ()):  # whose fields have other types elsewhere
        return frozenset({Kind(cls)})
    remember_fields(cls, fields)
    return frozenset({Kind(cls, None, True)})


def _typed_dict(node: mi.TypedDictType, seen: set[type]) -> Kinds:
    if node.cls not in seen:
        seen.add(node.cls)
        for each in node.fields:
            _kinds(each.type, seen)
    return one(dict)


def _field(field: mi.Field, seen: set[type]) -> Kinds:
    kinds = _kinds(field.type, seen)
    if field.default is not msgspec.NODEFAULT:
        return joined((kinds, kinds_of_object(field.default)))
    if field.default_factory is not msgspec.NODEFAULT:
        factory: Any = field.default_factory
        return joined((kinds, one(factory, frozenset())))  # an empty container
    return kinds


_NODES: Final[dict[type, Callable[[Any, set[type]], Kinds]]] = {
    mi.AnyType: _simple(None),
    mi.RawType: _simple(None),
    mi.DecimalType: _simple(None),
    mi.NoneType: _simple(NONE),
    mi.BoolType: _simple(BOOL),
    mi.IntType: _simple(INT),
    mi.FloatType: _simple(FLOAT),
    mi.StrType: _text,
    mi.BytesType: _simple(BYTES),
    mi.UUIDType: _standard("uuid", "UUID"),
    mi.DateTimeType: _standard("datetime", "datetime"),
    mi.DateType: _standard("datetime", "date"),
    mi.TimeType: _standard("datetime", "time"),
    mi.TimeDeltaType: _standard("datetime", "timedelta"),
    mi.UnionType: _union,
    mi.LiteralType: _literal,
    mi.Metadata: _metadata,
    mi.EnumType: _enum,
    mi.ListType: _sequence(list),
    mi.VarTupleType: _sequence(tuple),
    mi.SetType: _hashed(set),
    mi.FrozenSetType: _hashed(frozenset),
    mi.TupleType: _tuple,
    mi.DictType: _dict,
    mi.StructType: _struct,
    mi.TypedDictType: _typed_dict,
}
