"""Mirrors of pydantic models, and of classes with a schema adapter of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from portico._errors import DefinitionError
from portico._faults import SchemaError
from portico._mirror import PART, Build, Mirror, UnfitError, unfit
from portico._mirror_copies import attributes_of, model_copier
from portico._mirror_objects import Member, changed_members
from portico._schema import Schema
from portico._type_forms import type_name

# By name, since pydantic is not imported here: with one of these a field is written otherwise than
# its type says.
_SERIALIZERS: Final = frozenset({"PlainSerializer", "WrapSerializer", "SerializeAsAny"})

# What an adapter may be able to make an object of.
_JSON: Final = frozenset({str, int, float, dict, list})


def fill_adapted(mirror: Mirror, tp: Any, schema: Schema, build: Build) -> None:
    """The mirror of a class whose values are written by an adapter."""
    mirror.expected = f"`{type_name(tp)}`"
    mirror.roots = frozenset({tp})
    if schema.vendor == "pydantic" and hasattr(tp, "__pydantic_fields__"):
        _fill_model(mirror, tp, schema, build)
    else:
        mirror.fit = _validated(mirror, schema, _dumped(tp, schema))
        mirror.classes = mirror.roots


def _fill_model(mirror: Mirror, tp: Any, schema: Schema, build: Build) -> None:
    """pydantic writes a field by its type, but any object that is not of it as it finds it."""
    members = list(_members(tp, build))
    origin = tp.__pydantic_generic_metadata__["origin"] or tp
    copy = model_copier(tp)

    def fit_instance(value: Any) -> Any:
        if not isinstance(value, origin):  # `Page(items=...)` where `Page[User]` is declared
            return None
        changes = changed_members(value, members)
        if type(value) is tp and not changes:
            return value
        made = copy(value)
        attributes_of(made).update(changes or {})
        return made

    mirror.fit = _validated(mirror, schema, fit_instance)
    if not members:
        mirror.classes = mirror.roots


def _members(model: Any, build: Build) -> list[Member]:
    """The fields whose values are looked at: those that pydantic may find something else in."""
    members: list[Member] = []
    for name, field in model.model_fields.items():
        if any(type(each).__name__ in _SERIALIZERS for each in field.metadata):
            continue
        try:
            mirror = build.of(field.annotation)
        except DefinitionError:  # pydantic writes more types than the rest of the framework knows
            continue
        if build.is_strict or not mirror.is_trusted:
            members.append((name, field.serialization_alias or field.alias or name, mirror))
    return members


def _dumped(tp: Any, schema: Schema) -> Callable[[Any], Any]:
    """An object of a subclass, written by the adapter of the declared class."""

    def fit_instance(value: Any) -> Any:
        import msgspec

        return msgspec.Raw(schema.dump_json(value)) if isinstance(value, tp) else None

    return fit_instance


def _validated(
    mirror: Mirror, schema: Schema, fit_instance: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    def fit(value: Any) -> Any:
        fitted = fit_instance(value)
        if fitted is not None:
            return fitted
        if type(value) not in _JSON:
            raise unfit(mirror.expected, value)
        try:
            return mirror(schema.validate(value, part=PART))
        except SchemaError as error:
            raise UnfitError(error.faults) from None

    return fit
