"""From what a handler declares of a text of the request to what is known of its value.

What a type declares is what Portico makes; so it is as good as a look at the value, unless code of
somebody's own has a say in it, which may do anything.
"""

from __future__ import annotations

import sys
from enum import Enum, EnumType
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from portico._known_enums import is_plain_enum, plain_enum
from portico._known_types import (
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NONE,
    PLAIN,
    STR,
    Kinds,
    MayBlock,
    joined,
    kinds_of_object,
    one,
)
from portico._type_forms import resolved, type_name

_BUILTIN: Final[dict[Any, Kinds]] = {
    str: STR,
    int: INT,
    float: FLOAT,
    bool: BOOL,
    bytes: BYTES,
    NoneType: NONE,
}
_STANDARD: Final = (
    ("uuid", "UUID"),
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
)


def text_kinds(annotation: Any) -> Kinds:
    """What a path or query parameter holds, which texts were converted to.

    Raises:
        MayBlock: code of somebody's own converts it.
    """
    annotation = resolved(annotation)
    for cls, kinds in _BUILTIN.items():
        if annotation is cls:
            return kinds
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(getattr(each, "pattern", None) is not None for each in arguments[1:]):
            raise MayBlock("is held to a pattern, which may take its time")
        return text_kinds(arguments[0])
    if origin in (Union, UnionType):
        return joined([text_kinds(each) for each in arguments])
    if origin is list:
        return one(list, joined([text_kinds(each) for each in arguments]))
    if origin is Literal:
        return joined(map(kinds_of_object, arguments))
    for module, name in _STANDARD:
        standard: Any = getattr(sys.modules.get(module), name, None)
        if annotation is standard:
            return plain(standard)
    if annotation is getattr(sys.modules.get("decimal"), "Decimal", None):
        return None  # whose arithmetic is that of a context which anybody sets
    return enum_kinds(annotation)


def plain(cls: type) -> Kinds:
    """The kinds of a class of the standard library whose values are plain."""
    PLAIN.add(cls)
    return one(cls)


def enum_kinds(cls: Any) -> Kinds:
    """What a member is, which is found without code of its class."""
    silent = (
        type(cls) is EnumType
        and not any("_missing_" in vars(base) for base in cls.__mro__ if base is not Enum)
        and all(type(member._value_) in _BUILTIN for member in cls._member_map_.values())
    )
    if not silent:
        raise MayBlock(f"is converted to {type_name(cls)}, which may run code of its own")
    return plain_enum(cls) if is_plain_enum(cls) else None
