"""The slow path of validation: after msgspec refused a value, find every fault in it.

msgspec stops at the first fault and names its place only in a sentence. So a refused value is
walked again beside the description of its type (`msgspec.inspect`), and every leaf is converted on
its own.

The walk goes bottom-up: it returns what it converted, and an object whose members are all right is
built from its converted members. So a class that refuses its fields (`__post_init__`) is asked once
for each object, and the walk takes time proportional to the value, however deep it is; and it ends
after so many faults, or so many values, that a hostile body cannot make it long.

msgspec has the last word: a value that it refused and that the walk finds nothing in gets one fault
made of msgspec's own sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, Final, cast

import msgspec
from msgspec import inspect as mi

from portico._annotation import annotation_of, dict_of
from portico._described import Described, Facts, ObjectType
from portico._expected import expectation, fault_of, one_of, positions
from portico._fault import Fault
from portico._faults import (
    MAX_FAULTS,
    MISSING,
    HugeNumber,
    Missing,
    Refused,
    SchemaError,
    pointer_to,
)
from portico._form_files import is_file
from portico._schema import adapter_for, decode_custom
from portico._schema_msgspec import PositionalType, is_positional

FAILED: Final = MISSING
_new: Final[Callable[[type[Fault], tuple[object, ...]], Fault]] = tuple[Any, ...].__new__

MAX_VISITS: Final = 50_000
"""How many values one walk looks at: a tenth of a second, where a body could ask for many."""


def find_faults(
    value: object,
    node: mi.Type,
    error: Exception,
    *,
    part: str,
    base: str = "",
    known: Described | None = None,
) -> tuple[Fault, ...]:
    """Every fault of a value that msgspec refused with `error`; never none.

    Args:
        value: the refused value: untyped JSON, or texts turned into scalars where they could be.
        node: msgspec's description of the type.
        error: what msgspec raised.
        part: the part of the request, for the faults.
        base: the pointer to the value within the part.
        known: what earlier calls have found out of the same description.
    """
    walk = _Walk(part, known or Described())
    try:  # noqa: SIM105 - `suppress` takes as long as a short walk
        walk.value(value, node, base)
    except (RecursionError, _EnoughError):
        pass  # too deep for the stack, or enough: what was found until there must do
    return tuple(walk.faults) or (fault_of(error, part=part, base=base),)


class _EnoughError(Exception):
    """Ends a walk that has found or seen as much as it may."""


class _Walk:
    """One walk over one value; `faults` grows in the order of the declaration."""

    __slots__ = ("_known", "_visits", "faults", "part")

    def __init__(self, part: str, known: Described) -> None:
        self.faults: list[Fault] = []
        self.part = part
        self._visits = 0
        self._known = known

    def value(self, value: object, node: mi.Type, at: str) -> object:
        """The converted value, or FAILED after adding what is wrong with it."""
        self._visits += 1
        if self._visits > MAX_VISITS or len(self.faults) >= MAX_FAULTS:
            raise _EnoughError
        if isinstance(value, Refused):
            return self._refused(value, node, at)
        return _WALKS.get(type(node), _Walk._leaf)(self, value, node, at)

    def _scalar(self, value: object, node: mi.Type, facts: Facts, at: str) -> object:
        """As `value`, of a scalar of JSON: most values show by their class what they are."""
        self._visits += 1
        if self._visits > MAX_VISITS or len(self.faults) >= MAX_FAULTS:
            raise _EnoughError
        _, expected, _, never, same, is_whole = facts
        kind = type(value)
        if kind in same:
            return value
        if kind in never or (is_whole and isinstance(value, float) and not value.is_integer()):
            self.faults.append(_new(Fault, (self.part, at, expected, value)))  # as in `_fail`
            return FAILED
        if isinstance(value, Refused):
            return self._refused(value, node, at)
        return self._converted(value, facts, at)

    def _fail(self, value: object, expected: str, at: str) -> Missing:
        # What `Fault(...)` does, without the call of the function that a named tuple has for it.
        self.faults.append(_new(Fault, (self.part, at, expected, value)))
        return FAILED

    def _refused(self, value: Refused, node: mi.Type, at: str) -> object:
        bare = _unwrapped(node)
        members = bare.types if isinstance(bare, mi.UnionType) else (bare,)
        takes_any_size = any(isinstance(_unwrapped(m), mi.DecimalType) for m in members)
        if takes_any_size and isinstance(value, HugeNumber):
            return Decimal(value.text)
        if isinstance(value, HugeNumber) and isfinite(float(value.text)):
            return self.value(float(value.text), node, at)
        facts = self._known.facts(node)
        return self._fail(MISSING if facts.is_secret else value.text, facts.expectation, at)

    def _leaf(self, value: object, node: mi.Type, at: str) -> object:
        return self._converted(value, self._known.facts(node), at)

    def _converted(self, value: object, facts: Facts, at: str) -> object:
        if type(value) not in facts.never:
            try:
                return msgspec.convert(value, facts.annotation, dec_hook=decode_custom)
            except ValueError:  # msgspec's, an adapter's, or a text that is no UTF-8
                pass
        return self._fail(MISSING if facts.is_secret else value, facts.expectation, at)

    def _annotated(self, value: object, node: mi.Metadata, at: str) -> object:
        before = len(self.faults)
        if is_file(node.type):
            return self._leaf(value, node, at)  # what is expected of it is in the metadata
        converted = self.value(value, node.type, at)
        if self._known.facts(node).is_secret:
            hidden = [fault._replace(found=MISSING) for fault in self.faults[before:]]
            self.faults[before:] = hidden
        return converted

    def _custom(self, value: object, node: mi.CustomType, at: str) -> object:
        adapter = adapter_for(node.cls)
        if adapter is None:
            return self._leaf(value, node, at)
        try:
            return adapter.validate(value, part=self.part)
        except SchemaError as error:
            self.faults += [f._replace(pointer=at + f.pointer) for f in error.faults]
            return FAILED

    def _union(self, value: object, node: mi.UnionType, at: str) -> object:
        """At most one member takes an object and one an array, but where a tag tells them apart."""
        found = _object_of(value)
        types = [_unwrapped(member) for member in node.types]
        if found is not None:
            types = [member for member in types if _takes_objects(member)]
        elif _array_of(value) is not None:
            types = [member for member in types if _takes_arrays(member)]
        else:
            return self._leaf(value, node, at)
        if len(types) > 1:
            return self._tagged(value, types, node, at)
        return self.value(value, types[0], at) if types else self._leaf(value, node, at)

    def _tagged(self, value: object, members: Sequence[mi.Type], node: mi.Type, at: str) -> object:
        structs = [m for m in members if isinstance(m, mi.StructType) and m.tag_field is not None]
        if len(structs) != len(members):
            return self._leaf(value, node, at)
        tag, place = _tag_of(value, structs[0])
        for member in structs:
            if _is_tag(tag, member):
                return self.value(value, member, at)
        return self._fail(tag, one_of(m.tag for m in structs), pointer_to(at, place))

    def _struct(self, value: object, node: mi.StructType, at: str) -> object:
        walk = self._positional if node.array_like else self._object
        return walk(value, node, at)

    def _object(self, value: object, node: ObjectType, at: str) -> object:
        members = _object_of(value)
        if members is None:
            return self._leaf(value, node, at)
        before = len(self.faults)
        built: dict[str, object] = {}
        if isinstance(node, mi.StructType) and node.tag_field is not None:
            self._check_tag(value, node, at)
            built[node.tag_field] = node.tag
        for name, step, kind, required, facts in self._known.members(node):
            if name in members:
                if facts is None:
                    built[name] = self.value(members[name], kind, at + step)
                else:
                    built[name] = self._scalar(members[name], kind, facts, at + step)
            elif required:
                self._fail(MISSING, self._known.facts(kind).expectation + " (required)", at + step)
        if isinstance(node, mi.StructType) and node.forbid_unknown_fields:
            self._unknown(members, node, at)
        if len(self.faults) > before:
            return FAILED
        # A TypedDict has no class to ask; to build it would only copy what it contains, again.
        return built if isinstance(node, mi.TypedDictType) else self._build(built, value, node, at)

    def _check_tag(self, value: object, node: mi.StructType, at: str) -> None:
        tag, place = _tag_of(value, node)
        # An object of the only type that is possible may leave its tag out.
        optional = tag is MISSING and not node.array_like
        if not optional and not _is_tag(tag, node):
            self._fail(tag, one_of([node.tag]), pointer_to(at, place))

    def _unknown(self, members: Iterable[str], node: mi.StructType, at: str) -> None:
        known = {field.encode_name for field in node.fields} | {node.tag_field}
        for name in members:
            if name not in known:
                self._fail(MISSING, "no member of this name", pointer_to(at, name))

    def _build(self, built: object, value: object, node: mi.Type, at: str) -> object:
        """The object of converted members; its class may refuse them in `__post_init__`."""
        try:
            return msgspec.convert(
                built, self._known.facts(node).annotation, dec_hook=decode_custom
            )
        except msgspec.ValidationError as error:
            if fault_of(error, part=self.part).pointer:
                return FAILED  # not the class's own refusal: members convert only once, as a whole
            return self._fail(value, str(error), at)

    def _positional(self, value: object, node: PositionalType, at: str) -> object:
        """A named tuple, or a Struct that is written as an array, after its tag if it has one."""
        items = _array_of(value)
        if items is None:
            return self._leaf(value, node, at)
        before = len(self.faults)
        built: list[object] = []
        if isinstance(node, mi.StructType) and node.tag_field is not None:
            self._check_tag(value, node, at)
            built.append(node.tag)
        least, most = positions(node)
        if len(items) < least or (most is not None and len(items) > most):
            self._fail(value, expectation(node), at)
        start = len(built)
        for index, (item, field) in enumerate(zip(items[start:], node.fields, strict=False), start):
            built.append(self.value(item, field.type, pointer_to(at, index)))
        return FAILED if len(self.faults) > before else self._build(built, value, node, at)

    def _mapping(self, value: object, node: mi.DictType | mi.FrozenDictType, at: str) -> object:
        members = _object_of(value)
        if members is None:
            return self._leaf(value, node, at)
        before = len(self.faults)
        self._length(value, len(members), node, at)
        built: dict[object, object] = {}
        for key, item in members.items():
            place = pointer_to(at, str(key))
            name = self._key(key, node.key_type, place)
            built[name] = self.value(item, node.value_type, place)
        return FAILED if len(self.faults) > before else built

    def _key(self, key: object, node: mi.Type, at: str) -> object:
        try:
            kind = dict_of(annotation_of(node), None)
            return next(iter(msgspec.convert({key: None}, kind, str_keys=True)))
        except msgspec.ValidationError:
            return self._fail(key, "a member name that is " + expectation(node), at)

    def _tuple(self, value: object, node: mi.TupleType, at: str) -> object:
        items = _array_of(value)
        if items is None:
            return self._leaf(value, node, at)
        before = len(self.faults)
        if len(items) != len(node.item_types):
            self._fail(value, expectation(node), at)
        pairs = zip(items, node.item_types, strict=False)
        built = [self.value(item, t, pointer_to(at, i)) for i, (item, t) in enumerate(pairs)]
        return FAILED if len(self.faults) > before else tuple(built)

    def _collection(self, value: object, node: mi.CollectionType, at: str) -> object:
        items = _array_of(value)
        if items is None:
            return self._leaf(value, node, at)
        before = len(self.faults)
        self._length(value, len(items), node, at)
        built = [
            self.value(item, node.item_type, pointer_to(at, index))
            for index, item in enumerate(items)
        ]
        return FAILED if len(self.faults) > before else built

    def _length(
        self,
        value: object,
        length: int,
        node: mi.CollectionType | mi.DictType | mi.FrozenDictType,
        at: str,
    ) -> None:
        least, most = node.min_length or 0, node.max_length
        if length < least or (most is not None and length > most):
            self._fail(value, expectation(node), at)


_WALKS: Final[dict[type[mi.Type], Callable[[_Walk, Any, Any, str], object]]] = {
    mi.Metadata: _Walk._annotated,
    mi.UnionType: _Walk._union,
    mi.StructType: _Walk._struct,
    mi.DataclassType: _Walk._object,
    mi.TypedDictType: _Walk._object,
    mi.NamedTupleType: _Walk._positional,
    mi.DictType: _Walk._mapping,
    mi.FrozenDictType: _Walk._mapping,
    mi.TupleType: _Walk._tuple,
    mi.ListType: _Walk._collection,
    mi.SetType: _Walk._collection,
    mi.FrozenSetType: _Walk._collection,
    mi.VarTupleType: _Walk._collection,
    mi.CustomType: _Walk._custom,
}


def _object_of(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _array_of(value: object) -> Sequence[object] | None:
    if isinstance(value, set | frozenset):
        return list(cast("Iterable[object]", value))
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else None


def _tag_of(value: object, node: mi.StructType) -> tuple[object, str | int]:
    """The tag that a value has, or MISSING, and its place in the value."""
    items = _array_of(value)
    if items is not None:
        return (items[0] if items else MISSING), 0
    field = node.tag_field or ""
    return (_object_of(value) or {}).get(field, MISSING), field


def _is_tag(tag: object, node: mi.StructType) -> bool:
    return tag == node.tag and type(tag) is type(node.tag)


def _unwrapped(node: mi.Type) -> mi.Type:
    while isinstance(node, mi.Metadata):
        node = node.type
    return node


def _takes_arrays(node: mi.Type) -> bool:
    return is_positional(node) or isinstance(node, mi.TupleType | mi.CollectionType)


def _takes_objects(node: mi.Type) -> bool:
    objects = mi.StructType | mi.DataclassType | mi.TypedDictType | mi.DictType | mi.FrozenDictType
    return isinstance(node, objects) and not is_positional(node)
