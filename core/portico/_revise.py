"""Walking a value beside the description of its type, to replace some of what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Final, TypeAlias, cast

from msgspec import inspect as mi

from portico._schema_msgspec import ObjectType, members_of

Leaf: TypeAlias = Callable[[object, mi.Type], object]

_ANY: Final = mi.AnyType()


def revise(value: object, node: mi.Type, leaf: Leaf) -> object:
    """A copy of a value in which `leaf(scalar, type)` stands for every scalar, at any depth.

    What has no declared type is left as it is.
    """
    if isinstance(node, mi.AnyType):
        return value
    if isinstance(value, dict):
        return revise_members(cast("dict[str, object]", value), node, leaf)
    if isinstance(value, list | tuple | set | frozenset):
        items = list(cast("Sequence[object]", value))
        return [
            revise(item, inner, leaf)
            for item, inner in zip(items, _item_types(items, node), strict=False)
        ]
    return leaf(value, node)


def revise_members(members: dict[str, object], node: mi.Type, leaf: Leaf) -> dict[str, object]:
    """The same for the members of an object."""
    types: dict[str, mi.Type] = {}
    rest: mi.Type = _ANY
    for member in members_of(node):
        if isinstance(member, mi.DictType | mi.FrozenDictType):
            rest = member.value_type
        elif isinstance(member, ObjectType) and _is_meant(member, members):
            types.update((field.encode_name, field.type) for field in member.fields)
    return {name: revise(item, types.get(name, rest), leaf) for name, item in members.items()}


def _is_meant(node: ObjectType, members: dict[str, object]) -> bool:
    """Whether an object is of this type and not of another of the union, which has another tag."""
    if not isinstance(node, mi.StructType) or node.tag_field is None:
        return True
    return members.get(node.tag_field, node.tag) == node.tag


def _item_types(items: Sequence[object], node: mi.Type) -> Iterator[mi.Type]:
    """The type of each item of an array, endlessly."""
    for member in members_of(node):
        match member:
            case mi.CollectionType():
                yield from repeat(member.item_type)
            case mi.TupleType():
                yield from member.item_types
            case mi.StructType(array_like=True, tag=tag) if tag is not None and items[:1] == [tag]:
                yield _ANY
                yield from (field.type for field in member.fields)
            case mi.StructType(array_like=True, tag=None) | mi.NamedTupleType():
                yield from (field.type for field in member.fields)
            case _:
                pass
    yield from repeat(_ANY)
