"""Mirrors of objects: Structs, dataclasses and attrs classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast, get_origin

import msgspec

from portico._errors import DefinitionError
from portico._faults import SchemaError
from portico._members import hints_of
from portico._mirror import PART, Build, Mirror, UnfitError, unfit
from portico._mirror_containers import as_dict, is_mapping
from portico._schema import schema_for
from portico._type_forms import type_name

if TYPE_CHECKING:
    from portico._fault import Fault

Member: TypeAlias = tuple[str, str, Mirror]
"""A field of a class: its attribute, its name in JSON, and the mirror of its type."""

_ABSENT: Final[Any] = object()


def fill_object(mirror: Mirror, origin: Any, tp: Any, build: Build) -> bool:
    """The mirror of a class with fields that msgspec writes, if `origin` is one."""
    if isinstance(origin, msgspec.StructMeta):
        config = origin.__struct_config__
        keys = dict(zip(origin.__struct_fields__, origin.__struct_encode_fields__, strict=True))
        _fill(mirror, tp, keys, build)
        if mirror.keys is not None and config.tag_field is not None:
            mirror.keys |= {config.tag_field}
    elif hasattr(origin, "__dataclass_fields__"):
        from dataclasses import fields

        names = [field.name for field in fields(origin)]
        _fill(mirror, tp, {name: name for name in names}, build)
    elif hasattr(origin, "__attrs_attrs__"):
        names = [field.name for field in origin.__attrs_attrs__]
        # msgspec writes whatever such an object has in its `__dict__`, fields or not.
        loose = any("__dict__" in vars(owner) for owner in origin.__mro__)
        _fill(mirror, tp, {name: name for name in names}, build, loose=loose)
    else:
        return False
    mirror.expected = f"`{type_name(tp)}`"
    return True


def _fill(
    mirror: Mirror,
    tp: Any,
    keys: Mapping[str, str],
    build: Build,
    *,
    loose: bool = False,
) -> None:
    cls = get_origin(tp) or tp
    if getattr(cls, "__abstractmethods__", None):
        raise DefinitionError(
            f"An answer is declared as `{type_name(tp)}`, which is abstract: no object can show "
            "what it has and no more. Declare the union of the classes that are sent."
        )
    hints = hints_of(tp)
    members = [(name, key, build.of(hints.get(name, Any))) for name, key in keys.items()]
    # What an exact instance has in a field that can carry nothing is trusted.
    inner = [each for each in members if build.is_strict or not each[2].is_trusted]

    @cache
    def copier() -> Callable[[dict[str, Any]], Any]:
        # Most values are sent as they are.
        from portico._mirror_copies import attribute_copier, struct_copier

        return struct_copier(cls) if isinstance(cls, msgspec.StructMeta) else attribute_copier(cls)

    def copied(value: Any) -> Any:
        return copier()(_attributes(value, keys) | (changed_members(value, members) or {}))

    def fit(value: Any) -> Any:
        if type(value) is cls:
            if loose and not keys.keys() >= cast("dict[str, Any]", vars(value)).keys():
                return copied(value)
            changes = changed_members(value, inner)
            return copier()(_attributes(value, keys) | changes) if changes else value
        if isinstance(value, cls):
            # A subclass may have given a field another type, so each is looked at.
            return copied(value)
        if not is_mapping(value):
            raise unfit(mirror.expected, value)
        return mirror(converted(mirror, tp, as_dict(value)))

    mirror.fit = fit
    mirror.roots = frozenset({cls})
    mirror.keys = frozenset(keys.values())
    if not inner and not loose:
        mirror.classes = mirror.roots


def changed_members(value: Any, members: Iterable[Member]) -> dict[str, Any] | None:
    """The attributes of an object that are not what they should be, fitted; None if all are.

    Raises:
        UnfitError: with the faults of every attribute.
    """
    changes: dict[str, Any] | None = None
    faults: list[Fault] = []
    for name, key, mirror in members:
        given = getattr(value, name, _ABSENT)
        if type(given) in mirror.classes or given is _ABSENT:
            continue
        try:
            new = mirror.fit(given)
        except UnfitError as error:
            faults += error.below(key)
        else:
            if new is not given:
                changes = {**(changes or {}), name: new}
    if faults:
        raise UnfitError(faults)
    return changes


def converted(mirror: Mirror, tp: Any, value: Any) -> Any:
    """An object of the dict, or the array, that has its shape.

    Raises:
        UnfitError: it has not.
    """
    try:
        return schema_for(tp).validate(value, part=PART)
    except SchemaError as error:
        raise UnfitError(error.faults) from None
    except DefinitionError:  # it can be written, but not told from other types when it is read
        raise unfit(f"{mirror.expected}, built: it cannot be made of a dict", value) from None


def _attributes(value: Any, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(value, name, _ABSENT) for name in names}
    return {name: each for name, each in found.items() if each is not _ABSENT}
