"""What the fields of a pydantic model are, as far as reading texts and files needs to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple, cast, get_args, get_origin

from portico._blob import Blob
from portico._upload import NO_LIMITS, UploadLimits

# Metadata that only narrows what a type takes, and leaves it to be read as it always is.
_NARROWING: Final = frozenset(
    {"AllowInfNan", "Meta", "PydanticGeneralMetadata", "Strict", "StringConstraints"}
)
_COLLECTIONS: Final = (list, set, frozenset, tuple)


class ModelField(NamedTuple):
    """One field of a model.

    Attributes:
        keys: the names under which its value may come, the first one first.
        annotation: its type, without the metadata of the field itself.
        is_plain: whether nothing of the model reads its value before pydantic does.
        is_required: whether it has no default.
        is_nullable: whether None is one of its values.
        takes_many: whether it is a collection.
        takes_object: whether it, or an item of it, is a model or a dict.
        limits: of a file; None where it takes none.
        hides_files: whether a model inside of it has files.
    """

    keys: tuple[str, ...]
    annotation: Any
    is_plain: bool
    is_required: bool
    is_nullable: bool
    takes_many: bool
    takes_object: bool
    limits: UploadLimits | None
    hides_files: bool


def fields_of(model: Any) -> tuple[ModelField, ...]:
    """The fields of a model, in order."""
    return tuple(_field(model, name, info) for name, info in model.model_fields.items())


def is_secret(model: Any, location: Sequence[str | int]) -> bool:
    """Whether what is found at a place of a model must not be shown."""
    if model.model_config.get("hide_input_in_errors"):
        return True
    fields = _fields_by_key(model)
    for index, step in enumerate(location):
        info = fields.get(step) if isinstance(step, str) else None
        if info is None:
            continue
        parts = [*_parts_of(info.annotation), *info.metadata]
        if any(hasattr(part, "get_secret_value") or _says_secret(part) for part in parts):
            return True
        inner = location[index + 1 :]
        return any(_is_model(part) and is_secret(part, inner) for part in parts)
    return False


def _field(model: Any, name: str, info: Any) -> ModelField:
    parts = list(_parts_of(info.annotation))
    metadata = [*info.metadata, *parts]
    limits = next((found for each in metadata if (found := _limits_of(each)) is not None), None)
    if limits is None and any(map(_is_file, parts)):
        limits = NO_LIMITS
    # A text of JSON is one value, whatever it is to become.
    is_json = any(getattr(each, "__name__", type(each).__name__) == "Json" for each in metadata)
    return ModelField(
        keys=_keys(model, name, info),
        annotation=info.annotation,
        is_plain=all(map(_is_type_or_narrowing, metadata)) and not _reads_before(model, name),
        is_required=info.is_required(),
        is_nullable=type(None) in parts,
        takes_many=not is_json and any(map(_is_collection, parts)),
        takes_object=not is_json and any(map(_is_object, parts)),
        limits=limits,
        hides_files=any(_is_model(part) and _has_files(part, {model}) for part in parts),
    )


def _keys(model: Any, name: str, info: Any) -> tuple[str, ...]:
    alias = info.validation_alias
    choices = getattr(alias, "choices", [alias])
    # Of a path into a value (`AliasPath`) the first step is the name.
    keys = [getattr(choice, "path", [choice])[0] for choice in choices if choice is not None]
    config = model.model_config
    if not keys or config.get("populate_by_name") or config.get("validate_by_name"):
        keys.append(name)
    return tuple(dict.fromkeys(map(str, keys)))


def _reads_before(model: Any, name: str) -> bool:
    decorators = model.__pydantic_decorators__
    of_field = (
        each.info.mode
        for each in decorators.field_validators.values()
        if name in each.info.fields or "*" in each.info.fields
    )
    of_model = (each.info.mode for each in decorators.model_validators.values())
    return any(mode != "after" for mode in (*of_field, *of_model))


def _parts_of(annotation: Any) -> Iterator[Any]:
    """A type, and every type and metadata that it is made of."""
    yield annotation
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
        yield from _parts_of(annotation.__origin__)
        return
    for argument in get_args(annotation):
        yield from _parts_of(argument)


def _is_type_or_narrowing(part: Any) -> bool:
    if isinstance(part, type) or get_origin(part) is not None or part in (None, ...):
        return True
    kind = cast("Any", type(part))
    return kind.__module__ in ("builtins", "annotated_types") or any(
        base.__name__.lstrip("_") in _NARROWING for base in kind.__mro__
    )


def _limits_of(part: Any) -> UploadLimits | None:
    found = _extra_of(part).get("upload")
    return found if isinstance(found, UploadLimits) else None


def _says_secret(part: Any) -> bool:
    return bool(_extra_of(part).get("secret"))


def _extra_of(part: Any) -> dict[str, Any]:
    """What msgspec's `Meta` says beyond its constraints; pydantic passes it by."""
    extra: dict[str, Any] | None = part.extra if type(part).__name__ == "Meta" else None
    return extra or {}


def _is_file(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Blob)


def _has_files(model: Any, seen: set[Any]) -> bool:
    """Whether a model has files, at any depth; models may contain themselves."""
    if model in seen:
        return False
    seen.add(model)
    parts = [part for info in model.model_fields.values() for part in _parts_of(info.annotation)]
    return any(_is_file(part) or (_is_model(part) and _has_files(part, seen)) for part in parts)


def _is_collection(part: Any) -> bool:
    return part in _COLLECTIONS or get_origin(part) in _COLLECTIONS


def _is_object(part: Any) -> bool:
    return _is_model(part) or part is dict or get_origin(part) is dict


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and hasattr(part, "__pydantic_decorators__")


def _fields_by_key(model: Any) -> dict[str, Any]:
    fields = getattr(model, "model_fields", {})
    return {key: info for name, info in fields.items() for key in (name, *_keys(model, name, info))}
