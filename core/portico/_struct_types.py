"""What is known of Structs: which of them run no code but msgspec's, and what their fields hold.

A Struct without hooks of its own is made, read and written by msgspec alone, in C. Whatever its
class defines besides fields may be anything, a property that asks a database as well.
"""

from __future__ import annotations

from types import MemberDescriptorType
from typing import Any, Final

import msgspec

from portico._known_types import HOOKS, Kind, Kinds, Value

_META: Final = type(msgspec.Struct)
_OWN: Final = frozenset(msgspec.Struct.__mro__)
_CONTAINERS: Final[tuple[Any, ...]] = (list, dict, set, bytearray)

_fields: Final[dict[type, dict[str, Kinds]]] = {}


def is_silent(cls: type) -> bool:
    """Whether making, reading, writing and dropping an instance runs no code of anybody's."""
    if type(cls) is not _META:
        return False
    bases = [base for base in cls.__mro__ if base not in _OWN]
    if any(type(base) is not _META and type(base) is not type for base in bases):
        return False
    return all(HOOKS.isdisjoint(vars(base)) for base in bases) and all(
        factory in _CONTAINERS for factory in _factories(cls)
    )


def _factories(cls: Any) -> list[object]:
    return [default.factory for default in cls.__struct_defaults__ if hasattr(default, "factory")]


def has_truth(cls: type) -> bool:
    """Whether the truth of an instance is asked of code of its class."""
    return any("__bool__" in vars(base) or "__len__" in vars(base) for base in cls.__mro__[:-1])


def remember_fields(cls: type, fields: dict[str, Kinds]) -> None:
    """Keep what the fields of a class have the types of where an instance was validated."""
    _fields[cls] = fields


def field(kind: Kind, name: str) -> Value | None:
    """The value of a field; None where the name may be something else."""
    for base in kind.cls.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            if type(found) is not MemberDescriptorType or base in _OWN:
                return None
            return Value(_fields.get(kind.cls, {}).get(name) if kind.is_checked else None)
    return None
