"""What a search for faults wants to know of a description of a type, found out once."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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


class Described:
    """Keeps what was found out of the types within one description.

    They are known by their identity, so it lives as long as the description, and no longer.
    """

    __slots__ = ("_annotations", "_expectations", "_members", "_secrets")

    def __init__(self) -> None:
        self._annotations: dict[int, Any] = {}
        self._expectations: dict[int, str] = {}
        self._members: dict[int, Sequence[Member]] = {}
        self._secrets: dict[int, bool] = {}

    def annotation(self, node: mi.Type) -> Any:
        """The type that is described."""
        known = self._annotations.get(id(node))
        if known is None:
            known = self._annotations[id(node)] = annotation_of(node)
        return known

    def expectation(self, node: mi.Type) -> str:
        """What it expects, in words."""
        known = self._expectations.get(id(node))
        if known is None:
            known = self._expectations[id(node)] = expectation(node)
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

    def is_secret(self, node: mi.Type) -> bool:
        """Whether its values must not be shown."""
        known = self._secrets.get(id(node))
        if known is None:
            known = self._secrets[id(node)] = _is_secret(node)
        return known


def matches_never(value: object, node: mi.Type) -> bool:
    """Whether a value of JSON is of no use to a type, by their kinds alone."""
    return type(value) in _NO_MATCH.get(type(node), _NOTHING)


def _is_secret(node: mi.Type) -> bool:
    if isinstance(node, mi.UnionType):
        return any(map(_is_secret, node.types))
    if not isinstance(node, mi.Metadata):
        return False
    extra: dict[str, object] = getattr(node, "extra", None) or {}
    return bool(extra.get("secret")) or _is_secret(node.type)
