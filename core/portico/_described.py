"""What a search for faults wants to know of a description of a type, found out once."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from msgspec import inspect as mi

from portico._annotation import annotation_of
from portico._expected import expectation
from portico._faults import pointer_to

if TYPE_CHECKING:
    from collections.abc import Sequence

ObjectType: TypeAlias = mi.StructType | mi.DataclassType | mi.TypedDictType
Member: TypeAlias = "tuple[str, str, mi.Type, bool, Facts | None]"
"""Of an object: its name, the step of the pointer to it, its type, whether it must be there.

Last what is known of its type, where that is one of JSON's scalars without metadata.
"""

# What JSON has that msgspec converts to no value of a type, whatever the constraints: to ask it
# would cost an exception. A number may be one of the other kind (`1.0` is an int).
_CONTAINERS: Final[frozenset[type]] = frozenset({dict, list, NoneType})
_NO_MATCH: Final[dict[type[mi.Type], frozenset[type]]] = {
    mi.StrType: _CONTAINERS | {bool, int, float},
    mi.BoolType: _CONTAINERS | {str, int, float},
    mi.IntType: _CONTAINERS | {str, bool},
    mi.FloatType: _CONTAINERS | {str, bool},
}
_NOTHING: Final[frozenset[type]] = frozenset()
# What msgspec gives back as it is, where the type has no constraints.
_SAME: Final[dict[type[mi.Type], tuple[mi.Type, frozenset[type]]]] = {
    mi.StrType: (mi.StrType(), frozenset({str})),
    mi.BoolType: (mi.BoolType(), frozenset({bool})),
    mi.IntType: (mi.IntType(), frozenset({int})),
    mi.FloatType: (mi.FloatType(), frozenset({float})),
}


class Facts(NamedTuple):
    """Of one type within a description.

    Attributes:
        annotation: the type that is described.
        expectation: what it expects, in words.
        is_secret: whether its values must not be shown.
        never: classes of JSON whose values are of no use to it.
        same: classes of JSON whose values are right as they are.
        is_whole: whether it takes no float with a fraction.
    """

    annotation: Any
    expectation: str
    is_secret: bool
    never: frozenset[type]
    same: frozenset[type]
    is_whole: bool


class Described:
    """Keeps what was found out of the types within one description.

    They are known by their identity, so it lives as long as the description, and no longer.
    """

    __slots__ = ("_facts", "_members")

    def __init__(self) -> None:
        self._facts: dict[int, Facts] = {}
        self._members: dict[int, Sequence[Member]] = {}

    def facts(self, node: mi.Type) -> Facts:
        """What is known of a type."""
        known = self._facts.get(id(node))
        if known is None:
            known = self._facts[id(node)] = Facts(
                annotation_of(node),
                expectation(node),
                _is_secret(node),
                _NO_MATCH.get(type(node), _NOTHING),
                _same(node),
                isinstance(node, mi.IntType),
            )
        return known

    def members(self, node: ObjectType) -> Sequence[Member]:
        """The fields of an object."""
        known = self._members.get(id(node))
        if known is None:
            known = self._members[id(node)] = tuple(map(self._member, node.fields))
        return known

    def _member(self, field: mi.Field) -> Member:
        name, kind = field.encode_name, field.type
        facts = self.facts(kind) if type(kind) in _NO_MATCH else None
        return name, pointer_to("", name), kind, field.required, facts


def _same(node: mi.Type) -> frozenset[type]:
    unconstrained, same = _SAME.get(type(node), (None, _NOTHING))
    return same if node == unconstrained else _NOTHING


def _is_secret(node: mi.Type) -> bool:
    if isinstance(node, mi.UnionType):
        return any(map(_is_secret, node.types))
    if not isinstance(node, mi.Metadata):
        return False
    extra: dict[str, object] = getattr(node, "extra", None) or {}
    return bool(extra.get("secret")) or _is_secret(node.type)
