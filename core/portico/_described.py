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
Member: TypeAlias = "tuple[str, str, mi.Type, bool]"
"""Of an object: its name, the step of the pointer to it, its type, whether it must be there."""

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


class Facts(NamedTuple):
    """Of one type within a description.

    Attributes:
        annotation: the type that is described.
        expectation: what it expects, in words.
        is_secret: whether its values must not be shown.
        never: classes of JSON whose values are of no use to it.
    """

    annotation: Any
    expectation: str
    is_secret: bool
    never: frozenset[type]


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
            )
        return known

    def members(self, node: ObjectType) -> Sequence[Member]:
        """The fields of an object."""
        known = self._members.get(id(node))
        if known is None:
            known = self._members[id(node)] = tuple(
                (field.encode_name, pointer_to("", field.encode_name), field.type, field.required)
                for field in node.fields
            )
        return known


def _is_secret(node: mi.Type) -> bool:
    if isinstance(node, mi.UnionType):
        return any(map(_is_secret, node.types))
    if not isinstance(node, mi.Metadata):
        return False
    extra: dict[str, object] = getattr(node, "extra", None) or {}
    return bool(extra.get("secret")) or _is_secret(node.type)
