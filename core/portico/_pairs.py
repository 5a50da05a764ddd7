"""Reading names and texts as an object: queries, forms, headers, cookies and path parameters.

- A field that is a list takes every text of its name; any other field takes the last.
- In headers, names are compared without case and `_` in a field's name stands for `-`. Repeated
  header fields are one, joined by commas, since servers and gateways join them already
  (RFC 9110 section 5.3): a list is split at commas outside quotes, a scalar keeps them all.
- A field that is an object takes a text of JSON.
- A field that is a file takes a file; what a browser sends for "no file chosen" is no file.
- Of a union of tagged Structs, the text under the tag's name chooses one.
- Unknown names are faults where the type forbids them, but never in headers and cookies, where
  clients and proxies add their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec
from msgspec import inspect as mi

from portico._annotation import annotation_of
from portico._errors import DefinitionError
from portico._fault import Fault
from portico._faults import MISSING, SchemaError, pointer_to
from portico._form_files import accept_files, file_fields, is_left_empty, refuse_misplaced_files
from portico._schema_msgspec import (
    MsgspecSchema,
    ObjectType,
    fault_finder,
    is_object,
    is_positional,
    members_of,
    type_name,
)
from portico._texts import Text, text_of

if TYPE_CHECKING:
    from portico._described import Described

OPEN_PARTS: Final = frozenset({"headers", "cookies"})

# One field of an object that arrives as names and texts: its name there, its name in the object,
# what its texts make, and whether it has a default.
_Field: TypeAlias = tuple[str, str, Text, bool]


class Reader(Protocol):
    """Reads names and texts as an object."""

    def read(self, pairs: Iterable[tuple[str, object]]) -> Any:
        """The object; see `Schema.validate_strings`."""
        ...


def reader_for(schema: MsgspecSchema, *, part: str) -> Reader:
    """The reader of the type of a schema.

    Raises:
        DefinitionError: the type has no named fields, or a file where there can be none.
    """
    objects = [m for m in members_of(schema.node) if is_object(m)]
    tagged = [m for m in objects if isinstance(m, mi.StructType) and m.tag_field is not None]
    if not objects or (len(objects) > 1 and len(tagged) != len(objects)):
        hint = " A body that is a file as a whole is a `Blob`." if schema.has_files else ""
        raise DefinitionError(
            f"The type `{type_name(schema.type)}` cannot be read from {part}, which is names and "
            "texts. Expected one class with fields (Struct, dataclass, TypedDict), several Structs "
            f"with tags, or a dict.{hint}"
        )
    readers = [PairsReader(schema, node, part=part) for node in objects]
    return readers[0] if len(readers) == 1 else _TaggedReader(tagged, readers, part)


class _TaggedReader:
    """Reads names and texts as one of several Structs, which their tag tells apart."""

    __slots__ = ("_name", "_part", "_readers", "_tags")

    def __init__(
        self, nodes: Sequence[mi.StructType], readers: Sequence[Reader], part: str
    ) -> None:
        self._part = part
        self._name = _wire_name(nodes[0].tag_field or "", part)
        self._tags = [node.tag for node in nodes]
        self._readers = dict(zip(map(str, self._tags), readers, strict=True))

    def read(self, pairs: Iterable[tuple[str, object]]) -> Any:
        """The object; see `Schema.validate_strings`."""
        given = list(pairs)
        tags = [value for name, value in given if _wire_name(name, self._part) == self._name]
        reader = self._readers.get(str(tags[-1])) if tags else None
        if reader is None:
            from portico._expected import one_of

            found = tags[-1] if tags else MISSING
            at = pointer_to("", self._name)
            raise SchemaError([Fault(self._part, at, one_of(self._tags), found)])
        return reader.read(given)


class PairsReader:
    """Reads names and texts as an object of one type.

    Raises:
        DefinitionError: the type has a file where there can be none.
    """

    __slots__ = (
        "_described",
        "_fields",
        "_files",
        "_hook",
        "_make",
        "_node",
        "_part",
        "_rest",
        "_revised",
        "_tag",
        "_type",
        "_unknown",
    )

    def __init__(self, schema: MsgspecSchema, node: mi.Type, *, part: str) -> None:
        self._part = part
        self._hook = schema.hook
        # Nothing is revised where there are neither decimals nor limits of files.
        revises = schema.has_decimals or schema.limits_files
        self._revised = schema.revised if revises else None
        if schema.has_files:
            refuse_misplaced_files(node, part=part)
        self._make, self._type, self._node = _shape(node)
        self._rest = _rest_of(node, part)
        self._fields = _fields_of(node, part)
        self._tag = _tag_of(node, part)
        self._described: Described | None = None  # of what is refused, once something is
        # Where nothing but files is to be looked at, the fields that have some.
        only_files = schema.limits_files and not schema.has_decimals
        self._files = file_fields(self._node) if only_files else None
        self._unknown = part not in OPEN_PARTS and getattr(node, "forbid_unknown_fields", False)

    def read(self, pairs: Iterable[tuple[str, object]]) -> Any:
        """The object; see `Schema.validate_strings`."""
        given = list(joined_fields(pairs) if self._part == "headers" else pairs)
        if self._part == "body":
            given = [p for p in given if type(p[1]) is str or not is_left_empty(p[1])]
        members = self._soften(given)
        raw: object = members
        try:
            if self._files is not None:
                accept_files(members, self._files)
            elif self._revised is not None:
                raw = self._revised(raw, self._node)
            value = msgspec.convert(raw, self._type, dec_hook=self._hook, str_keys=True)
            return value if self._make is None else self._make(**msgspec.structs.asdict(value))
        except (ValueError, RecursionError) as error:
            if self._described is None:
                from portico._described import Described

                self._described = Described()
            known = self._described
            faults = fault_finder()(raw, self._node, error, part=self._part, known=known)
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
        if self._tag is not None:
            key, name, tag = self._tag
            if key in last:
                raw[name] = tag if last[key] == str(tag) else last[key]
        if self._rest is not None:
            self._soften_rest(self._rest, pairs, raw)
        elif self._unknown:
            known = {key for key, _, _, _ in self._fields} | {self._tag and self._tag[0]}
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
        return list_items(values) if self._part == "headers" else values


def joined_fields(pairs: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    """Header fields by lower-cased name, each as one text."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else str(value)
    return joined.items()


def list_items(values: Sequence[object]) -> list[object]:
    """The items of a header field that is a list; empty ones do not count (section 5.6.1)."""
    items = (item.strip(" \t") for value in values for item in _list_item().findall(str(value)))
    return [item for item in items if item]


@cache
def _list_item() -> re.Pattern[str]:
    # A quote that is never closed takes the rest, or a hostile field would cost quadratic time.
    return re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.?)*+(?:"|$))++', re.DOTALL)


def _fields_of(node: mi.Type, part: str) -> tuple[_Field, ...]:
    fields = node.fields if isinstance(node, ObjectType) else ()
    return tuple(
        (
            _wire_name(field.encode_name, part),
            field.encode_name,
            text_of(field.type, part=part),
            not field.required,
        )
        for field in fields
    )


def _tag_of(node: mi.Type, part: str) -> tuple[str, str, str | int] | None:
    """The wire name of the tag, its name as a member, and its value; None where there is none."""
    name = node.tag_field if isinstance(node, mi.StructType) and not node.array_like else None
    if name is None or not isinstance(node, mi.StructType) or node.tag is None:
        return None
    return _wire_name(name, part), name, node.tag


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
