"""The fields of an event, which is JSON from outside: any may be missing, null or of another type.

Missing and null mean the same everywhere: AWS leaves a field out in one place and sends null in the
next. A value of another type than the documented one is the peer's fault, a 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from portico import PeerError

Fields: TypeAlias = Mapping[str, object]

NOTHING: Final[Fields] = MappingProxyType({})


def seen(value: object) -> Fields:
    """A value's own fields, of which anything that is not an object has none."""
    return cast("Fields", value) if isinstance(value, dict) else NOTHING


def table(fields: Fields, name: str) -> Fields:
    """A field that is an object, or is not there."""
    return as_table(fields.get(name), name)


def as_table(value: object, name: str) -> Fields:
    """A value that is an object or null."""
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        return cast("Fields", value)
    raise malformed(name, value, "an object")


def text(fields: Fields, name: str) -> str:
    """A field that is a text, or is not there: `""`."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise malformed(name, value, "a text")


def required(fields: Fields, name: str) -> str:
    """A field that is a text of at least one character."""
    value = text(fields, name)
    if not value:
        raise PeerError(f"The event has no {name!r}. It must be a text that is not empty.")
    return value


def listed(value: object, name: str) -> list[object]:
    """A value that is a list or null."""
    if value is None:
        return []
    if isinstance(value, list):
        return cast("list[object]", value)
    raise malformed(name, value, "a list")


def texts(value: object, name: str) -> list[str]:
    """A value that is a text, a list of texts, or null."""
    if isinstance(value, str):
        return [value]
    items = listed(value, name)
    if not all(isinstance(item, str) for item in items):
        raise malformed(name, value, "a text or a list of texts")
    return cast("list[str]", items)


def flag(fields: Fields, name: str) -> bool:
    """A field that is true or false, or is not there: False."""
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise malformed(name, value, "true or false")


def malformed(name: str, value: object, expected: str) -> PeerError:
    """What to raise of a value; it names the type alone, since values may be secrets."""
    return PeerError(f"The event has {type(value).__name__} as {name!r}. It must be {expected}.")
