"""Files in declared types: where they may stand, and holding those of a form to their limits.

A file comes as an entry of a multipart form. So it is a field of the body's own type, or an item of
such a field; never of an object inside, which a form has as JSON text, and in no other part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Final, Literal, TypeAlias, cast

from msgspec import inspect as mi

from portico._blob import Blob
from portico._errors import DefinitionError
from portico._file_type import is_file, limits_of
from portico._schema import Schema
from portico._schema_msgspec import MsgspecSchema, custom_types
from portico._texts import ObjectType, members_of
from portico._upload import NO_LIMITS

FilesUse: TypeAlias = Literal["none", "optional", "required"]
"""Whether a type takes files; without those that are required there is no value of it."""

_Mapping: TypeAlias = mi.DictType | mi.FrozenDictType
_ANY: Final = mi.AnyType()


def files_use(schema: Schema) -> FilesUse:
    """Whether values of a schema have files."""
    if not isinstance(schema, MsgspecSchema):
        use: FilesUse = getattr(schema, "files_use", "none")
        return use
    if not schema.has_files:
        return "none"
    objects = [member for member in members_of(schema.node) if isinstance(member, ObjectType)]
    required = (field.type for one in objects for field in one.fields if field.required)
    alone = (members_of(inner) for inner in required)
    return "required" if any(len(m) == 1 and is_file(m[0]) for m in alone) else "optional"


def refuse_misplaced_files(node: mi.Type, *, part: str) -> None:
    """Raise `DefinitionError` for a file that no request can bring to its place."""
    mappings = [("*", m.value_type) for m in members_of(node) if isinstance(m, _Mapping)]
    for name, inner in (*_fields(node), *mappings):
        if not _has_files(inner):
            continue
        if part != "body":
            raise DefinitionError(
                f"The field {name!r} is a file, which {part} cannot bring. Files come in the body, "
                "of a multipart form: declare it there."
            )
        for member in members_of(inner):
            item = member.item_type if isinstance(member, mi.CollectionType) else member
            if _has_files(item) and not any(map(is_file, members_of(item))):
                raise DefinitionError(
                    f"The field {name!r} has a file inside an object or array, which a form brings "
                    "as JSON text, without files. Move the file, or a list of files, to a field of "
                    "the body's own type."
                )


def accept_files(value: object, node: mi.Type) -> object:
    """A copy of a value in which files that break their limits are `Refused`, at any depth."""
    if isinstance(value, Blob):
        return (limits_of(node) or NO_LIMITS).accept(value)
    if isinstance(value, dict):
        return accept_members(cast("dict[str, object]", value), node)
    if isinstance(value, list | tuple | set | frozenset):
        items_in_order = list(cast("Sequence[object]", value))
        return list(map(accept_files, items_in_order, _item_types(node)))
    return value


def accept_members(members: dict[str, object], node: mi.Type) -> dict[str, object]:
    """The same for the members of an object."""
    types = dict(_fields(node))
    rest = next((m.value_type for m in members_of(node) if isinstance(m, _Mapping)), _ANY)
    return {name: accept_files(item, types.get(name, rest)) for name, item in members.items()}


def is_left_empty(value: object) -> bool:
    """Whether a file is what browsers send for "no file chosen": without a name, and empty.

    HTML Standard section 4.10.21.4, "constructing the entry list", step 5.8.
    """
    return isinstance(value, Blob) and value.size == 0 and getattr(value, "name", None) == ""


def _fields(node: mi.Type) -> Iterator[tuple[str, mi.Type]]:
    for member in members_of(node):
        if isinstance(member, ObjectType):
            yield from ((field.encode_name, field.type) for field in member.fields)


def _item_types(node: mi.Type) -> Iterator[mi.Type]:
    """The type of each item of an array, endlessly."""
    for member in members_of(node):
        match member:
            case mi.CollectionType():
                yield from repeat(member.item_type)
            case mi.TupleType():
                yield from member.item_types
            case mi.StructType() | mi.NamedTupleType():
                yield from (field.type for field in member.fields)
            case _:
                pass
    yield from repeat(_ANY)


def _has_files(node: mi.Type) -> bool:
    return any(map(is_file, custom_types(node, set())))
