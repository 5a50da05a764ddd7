"""Files in declared types: where they may stand, and holding those of a form to their limits.

A file comes as an entry of a multipart form. So it is a field of the body's own type, or an item of
such a field; never of an object inside, which a form has as JSON text, and in no other part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias, cast

from msgspec import inspect as mi

from portico._blob import Blob
from portico._errors import DefinitionError
from portico._schema import Schema
from portico._schema_msgspec import MsgspecSchema, ObjectType, members_of, types_within
from portico._upload import NO_LIMITS, UploadLimits

FilesUse: TypeAlias = Literal["none", "optional", "required"]
"""Whether a type takes files; without those that are required there is no value of it."""

FileField: TypeAlias = "tuple[str, mi.Type, UploadLimits]"
"""The name of a field, its type, and the limits of the file that it is."""

_Mapping: TypeAlias = mi.DictType | mi.FrozenDictType


def limits_of(node: mi.Type, around: UploadLimits = NO_LIMITS) -> UploadLimits | None:
    """The limits of a file, of a type that is one or may be one; None for every other type."""
    while isinstance(node, mi.Metadata):
        extra = cast("dict[str, Any]", node.extra or {})
        if around is NO_LIMITS:
            around = extra.get("upload", around)
        node = node.type
    if isinstance(node, mi.UnionType):
        found = (limits_of(member, around) for member in node.types)
        return next((limits for limits in found if limits is not None), None)
    return around if is_file(node) else None


def is_file(node: mi.Type) -> bool:
    """Whether a type is `File`, or `Blob`, without metadata."""
    return isinstance(node, mi.CustomType) and issubclass(node.cls, Blob)


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


def accept_file(value: object, node: mi.Type) -> object:
    """A file within its limits, or `Refused`; anything else as it is. A `Leaf` of `revise`."""
    return (limits_of(node) or NO_LIMITS).accept(value) if isinstance(value, Blob) else value


def file_fields(node: mi.Type) -> Sequence[FileField] | None:
    """The fields of an object that have files, with their limits; None where it is no object."""
    if not isinstance(node, ObjectType):
        return None
    return [
        (name, inner, limits_of(inner) or NO_LIMITS)
        for name, inner in _fields(node)
        if _has_files(inner)
    ]


def accept_files(members: dict[str, object], fields: Sequence[FileField]) -> dict[str, object]:
    """The members of an object, as `revise` leaves them with `accept_file`; they are changed."""
    for name, node, limits in fields:
        value = members.get(name)
        if isinstance(value, Blob):
            members[name] = limits.accept(value)
        elif value is not None:
            from portico._revise import revise  # lists of files alone need it

            members[name] = revise(value, node, accept_file)
    return members


def is_left_empty(value: object) -> bool:
    """Whether a file is what browsers send for "no file chosen": without a name, and empty.

    HTML Standard section 4.10.21.4, "constructing the entry list", step 5.8.
    """
    return isinstance(value, Blob) and value.size == 0 and getattr(value, "name", None) == ""


def _fields(node: mi.Type) -> Iterator[tuple[str, mi.Type]]:
    for member in members_of(node):
        if isinstance(member, ObjectType):
            yield from ((field.encode_name, field.type) for field in member.fields)


def _has_files(node: mi.Type) -> bool:
    return any(map(is_file, types_within(node, set())))
