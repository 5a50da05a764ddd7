"""Reading names and texts as an object: queries, forms, headers, cookies and path parameters.

- A field that is a list takes every text of its name; any other field takes the last.
- In headers, names are compared without case and `_` in a field's name stands for `-`. Repeated
  header fields are one, joined by commas, since servers and gateways join them already
  (RFC 9110 section 5.3): a list is split at commas outside quotes, a scalar keeps them all.
- A field that is an object takes a text of JSON.
- Unknown names are faults where the type forbids them, but never in headers and cookies, where
  clients and proxies add their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect as mi

from portico._annotation import annotation_of
from portico._collect import decode_custom, find_faults
from portico._errors import DefinitionError
from portico._faults import MISSING, SchemaError
from portico._texts import ObjectType, Text, is_object, members_of, text_of

_OPEN_PARTS: Final = frozenset({"headers", "cookies"})
# A quote that is never closed takes the rest, or a hostile field would cost quadratic time.
_LIST_ITEM: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.?)*+(?:"|$))++', re.DOTALL)


class _Field(NamedTuple):
    """One field of an object that arrives as names and texts."""

    key: str
    name: str
    text: Text
    has_default: bool


class PairsReader:
    """Reads names and texts as an object of one type.

    Raises:
        DefinitionError: the type has no named fields.
    """

    __slots__ = ("_fields", "_make", "_node", "_part", "_rest", "_type", "_unknown")

    def __init__(self, tp: object, node: mi.Type, *, part: str) -> None:
        objects = [m for m in members_of(node) if is_object(m)]
        if len(objects) != 1:
            raise DefinitionError(
                f"The type `{tp}` cannot be read from {part}, which is names and texts. Expected "
                "one class with fields, or a dict. Declare a Struct, dataclass or TypedDict."
            )
        self._part = part
        self._make, self._type, self._node = _shape(objects[0])
        self._rest = _rest_of(objects[0], part)
        self._fields = _fields_of(objects[0], part)
        self._unknown = part not in _OPEN_PARTS and getattr(
            objects[0], "forbid_unknown_fields", False
        )

    def read(self, pairs: Iterable[tuple[str, object]]) -> Any:
        """The object; see `Schema.validate_strings`."""
        raw = self._soften(self._grouped(pairs))
        try:
            value = msgspec.convert(raw, self._type, dec_hook=decode_custom, str_keys=True)
        except ValueError as error:
            faults = find_faults(raw, self._node, error, part=self._part)
            if self._part == "headers":
                faults = tuple(f._replace(pointer=f.pointer.replace("_", "-")) for f in faults)
            raise SchemaError(faults) from None
        return value if self._make is None else self._make(*msgspec.structs.astuple(value))

    def _grouped(self, pairs: Iterable[tuple[str, object]]) -> dict[str, list[object]]:
        grouped: dict[str, list[object]] = {}
        for name, value in pairs:
            grouped.setdefault(name, []).append(value)
        return _one_per_name(grouped) if self._part == "headers" else grouped

    def _soften(self, grouped: dict[str, list[object]]) -> dict[str, object]:
        raw: dict[str, object] = {}
        for field in self._fields:
            values = grouped.pop(field.key, None)
            if values is not None:
                if field.text.many and self._part == "headers":
                    values = _list_items(values)
                value = field.text.soften(values, has_default=field.has_default)
                if value is not MISSING:
                    raw[field.name] = value
        if self._rest is not None:
            for name, values in grouped.items():
                raw[name] = self._rest.soften(values, has_default=False)
        elif self._unknown:
            raw.update(grouped)
        return raw


def _one_per_name(grouped: dict[str, list[object]]) -> dict[str, list[object]]:
    """Header fields by lower-cased name, each as one text."""
    joined: dict[str, list[object]] = {}
    for name, values in grouped.items():
        joined.setdefault(name.lower(), []).extend(values)
    return {name: [", ".join(map(str, values))] for name, values in joined.items()}


def _list_items(values: Sequence[object]) -> list[object]:
    """The items of a header field that is a list; empty ones do not count (section 5.6.1)."""
    items = (item.strip(" \t") for value in values for item in _LIST_ITEM.findall(str(value)))
    return [item for item in items if item]


def _fields_of(node: mi.Type, part: str) -> tuple[_Field, ...]:
    fields = node.fields if isinstance(node, ObjectType) else ()
    return tuple(
        _Field(
            key=_wire_name(field.encode_name, part),
            name=field.encode_name,
            text=text_of(field.type, part=part),
            has_default=not field.required,
        )
        for field in fields
    )


def _rest_of(node: mi.Type, part: str) -> Text | None:
    if isinstance(node, mi.DictType | mi.FrozenDictType):
        return text_of(node.value_type, part=part)
    return None


def _wire_name(name: str, part: str) -> str:
    return name.replace("_", "-").lower() if part == "headers" else name


def _shape(node: mi.Type) -> tuple[Any, Any, mi.Type]:
    """What makes the value of a Struct of the same fields, or None; that Struct; its description.

    A type that JSON writes as an array still has names here.
    """
    if not isinstance(node, mi.NamedTupleType):
        kind = annotation_of(node)
        return None, kind, node
    fields: list[Any] = [
        (f.name, annotation_of(f.type))
        if f.required
        else (f.name, annotation_of(f.type), f.default)
        for f in node.fields
    ]
    twin = msgspec.defstruct(node.cls.__name__, fields)
    return node.cls, twin, mi.type_info(twin)
