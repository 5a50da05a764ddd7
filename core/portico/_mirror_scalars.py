"""Mirrors of what has no fields: scalars, enums, literals, and values that are sent as they are."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from portico._errors import DefinitionError
from portico._mirror import Mirror, unfit
from portico._type_forms import metadata_of, type_name

_SCALARS: Final[dict[type, tuple[type, ...]]] = {
    NoneType: (NoneType,),
    bool: (bool,),
    int: (int,),
    float: (float, int),  # as type checkers promote them (PEP 484)
    str: (str,),
    bytes: (bytes, bytearray, memoryview),
    bytearray: (bytearray,),
    memoryview: (memoryview,),
    datetime.datetime: (datetime.datetime,),
    datetime.date: (datetime.date,),
    datetime.time: (datetime.time,),
    datetime.timedelta: (datetime.timedelta,),
    uuid.UUID: (uuid.UUID,),
    decimal.Decimal: (decimal.Decimal,),
    msgspec.Raw: (msgspec.Raw,),
    msgspec.UnsetType: (msgspec.UnsetType,),
}

# A class of these has a form on the wire, as what it is a kind of, whatever it adds to it.
_KINDS: Final = (str, bytes, int, float, dict, list, tuple, Mapping, Iterator, AsyncIterator)


def fill_open(mirror: Mirror) -> None:
    """The mirror of `Any`: every value passes."""
    mirror.is_open = mirror.is_trusted = True
    mirror.expected = "any value"
    mirror.roots = frozenset({object})
    mirror.fit = _same


def fill_scalar(mirror: Mirror, cls: Any) -> bool:
    """The mirror of a scalar or enum, if `cls` is one."""
    classes = _SCALARS.get(cls) or ((cls,) if _is_enum(cls) else ())
    if not classes:
        return False

    def fit(value: Any) -> Any:
        if isinstance(value, classes):
            return value
        try:
            return msgspec.convert(value, cls)
        except (msgspec.ValidationError, TypeError):
            raise unfit(mirror.expected, value) from None

    _fill(mirror, classes, fit, type_name(cls))
    mirror.classes = frozenset(classes)
    return True


def fill_literal(mirror: Mirror, tp: Any) -> None:
    """The mirror of a `Literal`: its values, each of its own class."""
    values = get_args(tp)

    def fit(value: Any) -> Any:
        if any(type(value) is type(each) and value == each for each in values):
            return value
        raise unfit(mirror.expected, value)

    expected = " or ".join(repr(each) for each in values)
    classes: set[type[Any]] = {type(each) for each in values}
    _fill(mirror, tuple(classes), fit, expected)


def fill_plain_class(mirror: Mirror, cls: Any) -> None:
    """The mirror of any other class: of the framework, or a kind of text, number or container.

    Raises:
        DefinitionError: a value of the class has no form on the wire.
    """
    own = cls.__module__.partition(".")[0] == "portico"  # `Problem`, `Blob`, ...: fields are theirs
    if not own and not _is_kind(cls):
        raise DefinitionError(
            f"An answer is declared as `{type_name(cls)}`, which has no form on the wire. Declare "
            "a Struct, dataclass, TypedDict, attrs class, NamedTuple, pydantic model, scalar or "
            "container of these, `Response`, or a class with a `__schema_adapter__`."
        )

    def fit(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        raise unfit(mirror.expected, value)

    _fill(mirror, (cls,), fit, type_name(cls))
    mirror.classes = frozenset({cls})


def has_limits(annotated: Any) -> bool:
    """Whether an `Annotated` constrains its values: with others, it only describes them."""
    return any(isinstance(each, msgspec.Meta) for each in metadata_of(annotated))


def fill_limited(mirror: Mirror, inner: Mirror, bare: Any, annotated: Any) -> None:
    """The strict mirror of a type with constraints: what fits `inner` is held to them too."""
    # Of a container only its length is left to check: what is in it fits already.
    limited = get_origin(bare) if get_origin(bare) in (list, set, dict) else bare
    for limit in metadata_of(annotated):
        if isinstance(limit, msgspec.Meta):
            limited = Annotated[limited, limit]

    def fit(value: Any) -> Any:
        fitted = inner(value)
        try:
            msgspec.convert(fitted, limited)
        except msgspec.ValidationError as error:
            raise unfit(f"{inner.expected}: {error}", value) from None
        except TypeError:  # constraints on what msgspec cannot read, such as a union of two texts
            return fitted
        return fitted

    mirror.become(inner)
    mirror.classes = frozenset()
    mirror.is_trusted = False
    mirror.fit = fit


def _fill(mirror: Mirror, roots: tuple[type, ...], fit: Any, expected: str) -> None:
    mirror.roots = frozenset(roots)
    mirror.fit = fit
    mirror.expected = f"`{expected}`"
    mirror.is_trusted = True


def _is_enum(cls: Any) -> bool:
    return issubclass(cls, Enum)


def _is_kind(cls: Any) -> bool:
    return issubclass(cls, _KINDS)


def _same(value: Any) -> Any:
    return value
