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
from portico._collect import find_faults, is_positional
from portico._errors import DefinitionError
from portico._faults import MISSING, SchemaError
from portico._schema_msgspec import MsgspecSchema
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

    __slots__ = ("_fields", "_hook", "_make", "_node", "_part", "_rest", "_type", "_unknown")

    def __init__(self, schema: MsgspecSchema, *, part: str) -> None:
        objects = [m for m in members_of(schema.node) if is_object(m)]
        if len(objects) != 1:
            raise DefinitionError(
                f"The type `{schema.type}` cannot be read from {part}, which is names and texts. "
                "Expected one class with fields (Struct, dataclass, TypedDict) or a dict."
            )
        self._part = part
        self._hook = schema.hook
        self._make, self._type, self._node = _shape(objects[0])
        self._rest = _rest_of(objects[0], part)
        self._fields = _fields_of(objects[0], part)
        self._unknown = part not in _OPEN_PARTS and getattr(
            objects[0], "forbid_unknown_fields", False
        )

    def read(self, pairs: Iterable[tuple[str, object]]) -> Any:
        """The object; see `Schema.validate_strings`."""
        given = list(_joined(pairs) if self._part == "headers" else pairs)
        raw = self._soften(given)
        try:
            value = msgspec.convert(raw, self._type, dec_hook=self._hook, str_keys=True)
            return value if self._make is None else self._make(**msgspec.structs.asdict(value))
        except ValueError as error:
            faults = find_faults(raw, self._node, error, part=self._part)
            if self._part == "headers":
                faults = tuple(f._replace(pointer=f.pointer.replace("_", "-")) for f in faults)
            raise SchemaError(faults) from None

    def _soften(self, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        """What JSON would have held: of one name the last value, or all where they are a list."""
        last = dict(pairs)
        raw: dict[str, object] = {}
        for key, name, text, has_default in self._fields:
            value = last.get(key)
            if value is None:
                continue
            if text.many:
                value = text.soften_all(self._all(pairs, key), has_default=has_default)
            elif isinstance(value, str):
                value = text.soften(value, has_default=has_default)
            if value is not MISSING:
                raw[name] = value
        if self._rest is not None:
            self._soften_rest(self._rest, pairs, raw)
        elif self._unknown:
            known = {field.key for field in self._fields}
            raw.update((name, value) for name, value in last.items() if name not in known)
        return raw

    def _soften_rest(
        self, text: Text, pairs: Sequence[tuple[str, object]], raw: dict[str, object]
    ) -> None:
        grouped: dict[str, list[object]] = {}
        for name, value in pairs:
            grouped.setdefault(name, []).append(value)
        for name, values in grouped.items():
            raw[name] = text.soften_all(values) if text.many else text.one(values[-1])

    def _all(self, pairs: Sequence[tuple[str, object]], key: str) -> list[object]:
        values = [value for name, value in pairs if name == key]
        return _list_items(values) if self._part == "headers" else values


def _joined(pairs: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    """Header fields by lower-cased name, each as one text."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else str(value)
    return joined.items()


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
    """How to make the value, or None where msgspec does; a type that has names; its description.

    What JSON writes as an array has names here: a Struct of the same fields is read in its place.
    """
    if not is_positional(node):
        return None, annotation_of(node), node
    fields = [(f.name, annotation_of(f.type), _declared(f)) for f in node.fields]
    twin = msgspec.defstruct(node.cls.__name__, fields)
    return node.cls, twin, mi.type_info(twin)


def _declared(field: mi.Field) -> Any:
    name = field.encode_name
    if field.default is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default=field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default_factory=field.default_factory)
    return msgspec.field(name=name)
