"""What is known of enumerations: which of them run no code of their own, and what members hold."""

from __future__ import annotations

from enum import Enum, EnumType, IntEnum, ReprEnum, StrEnum
from typing import Any, Final, TypeGuard

from portico._bytecode import opnames
from portico._known_types import PLAIN, STR, Kinds, joined, kinds_of_object, one

_STOCK: Final[tuple[type, ...]] = (Enum, IntEnum, StrEnum, ReprEnum, str, int, object)
"""Classes whose methods an enumeration may have without code of its own."""
_SILENT: Final = opnames(
    "__module__ __qualname__ __doc__ __dict__ __weakref__ __slots__ __annotations__ __annotate__ "
    "__annotate_func__ __annotations_cache__ __firstlineno__ __static_attributes__ "
    "__msgspec_cache__"
)
"""Names that a class has of itself, which Python asks no instance for."""


def is_plain_enum(cls: object) -> TypeGuard[EnumType]:
    """Whether members are compared, hashed, formatted and read without code of their class."""
    if type(cls) is not EnumType:
        return False
    bases = [base for base in cls.__mro__ if base not in _STOCK]
    return all(type(base) is EnumType for base in bases) and not any(
        _is_own(name, value) for base in bases for name, value in vars(base).items()
    )


def _is_own(name: str, value: object) -> bool:
    """Whether a class has code of its own under a name that Python itself asks for."""
    if name in ("name", "value"):
        return True
    if name in _SILENT or not (name.startswith("__") and name.endswith("__")):
        return False
    # `enum` gives a class some methods of those around it.
    return all(value is not vars(base).get(name) for base in _STOCK)


def plain_enum(cls: EnumType) -> Kinds:
    """The kinds of a member of a plain enumeration."""
    PLAIN.add(cls)
    return one(cls)


def member_kinds(cls: Any, name: str) -> Kinds:
    """What `name` or `value` of a member is."""
    if name == "name":
        return STR
    return joined(kinds_of_object(member._value_) for member in cls._member_map_.values())


def has_member(cls: Any, name: str) -> bool:
    """Whether `cls.name` is one of the members."""
    return name in cls._member_map_
