"""From what is declared of a value that others have made to what may be supposed of it.

Nobody enforces such a declaration. So it is a guess, which counts only where the class of the value
is looked at before the function runs (`_supposition`); that says nothing of what the value holds.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

from portico._declared_types import plain
from portico._key import ConstantKey, StateKey
from portico._known_enums import is_plain_enum, plain_enum
from portico._known_types import (
    SCALARS,
    Kind,
    Kinds,
    joined,
    kinds_of_object,
)
from portico._signature import Signature
from portico._type_forms import bare, is_union

if TYPE_CHECKING:
    from portico._chain import Chain
    from portico._key import Key

_HOLDING: Final = frozenset({list, tuple, set, frozenset})
# A moment and a time of day are left out, since what says their time zone may be anything.
_STANDARD: Final = (
    ("uuid", "UUID"),
    ("datetime", "date"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
)


def kinds_of_key(key: Key[Any], chain: Chain) -> Kinds:
    """What the value of a key may be supposed to be; nothing of a state, which others may set."""
    if chain.known(key) is not key or isinstance(key, StateKey):
        return None
    overridden = chain.surroundings.overridden
    if key in overridden:
        return kinds_of_class(type(overridden[key]))
    if isinstance(key, ConstantKey):
        return kinds_of_class(type(key.value))
    signature = Signature(key.fn)  # type: ignore[attr-defined] # every other key has one
    declared = signature.annotations().get("return")
    if signature.is_generator:
        declared = next(iter(get_args(declared)), None)
    return None if declared is None else kinds_of_annotation(declared)


def kinds_of_annotation(annotation: Any) -> Kinds:
    """What a value may be supposed to be of which that is declared."""
    annotation = bare(annotation)
    if is_union(annotation):
        return joined(map(kinds_of_annotation, get_args(annotation)))
    origin = get_origin(annotation) or annotation
    if origin is Literal:
        return joined(map(kinds_of_object, get_args(annotation)))
    return kinds_of_class(origin)


def kinds_of_class(cls: Any) -> Kinds:
    """What is known of a value of exactly this class that others have made."""
    if type(cls) is type:
        if cls in SCALARS:
            return SCALARS[cls]
        if cls in _HOLDING:
            return frozenset({Kind(cls, is_kept=True)})
        known = (getattr(sys.modules.get(module), name, None) for module, name in _STANDARD)
        return plain(cls) if any(cls is each for each in known) else None
    if is_plain_enum(cls):
        return plain_enum(cls)
    if "msgspec" in sys.modules:
        from portico._struct_types import is_silent

        if is_silent(cls):
            return frozenset({Kind(cls, is_kept=True)})
    return None


def kinds_of_field(cls: type, name: str) -> Kinds:
    """The same of a field of a Struct."""
    annotation = _annotations(cls).get(name)
    return None if annotation is None else kinds_of_annotation(annotation)


@lru_cache(maxsize=256)
def _annotations(cls: Any) -> dict[str, Any]:
    from msgspec.structs import fields

    try:
        return {field.name: field.type for field in fields(cls)}
    except Exception:  # noqa: BLE001 - they may name what is there for a checker alone
        return {}
