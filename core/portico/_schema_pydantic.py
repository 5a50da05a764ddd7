"""The schema of a pydantic model. Loaded only where the application has imported pydantic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from portico._fault import Fault
from portico._faults import MAX_FAULTS, MISSING, SchemaError, pointer_to
from portico._json import BOM, decode_json
from portico._pydantic_fields import ModelField, fields_of, is_secret
from portico._schema import JSONSchema, Mode

if TYPE_CHECKING:
    from portico._form_files import FilesUse
    from portico._pydantic_pairs import ModelPairs


class PydanticSchema:
    """A `Schema` over one class of pydantic models.

    Texts, of queries, forms, headers and cookies, are read by Portico's rules where a field is a
    plain scalar or a list of them, so that `" 1"` and `"1.0"` are no integers here either; pydantic
    gets what was read. Fields with validators of their own that run before pydantic's, and types
    that pydantic alone knows, get the text. JSON is read by the model's own rules: unless it is
    strict, pydantic takes `"1"` for an integer there.
    """

    __slots__ = ("_fields", "_model", "_readers")

    vendor = "pydantic"

    def __init__(self, model: Any) -> None:
        self._model = model
        self._fields: tuple[ModelField, ...] | None = None
        self._readers: dict[str, ModelPairs] = {}

    @property
    def fields(self) -> tuple[ModelField, ...]:
        """The fields of the model; they are complete once the model is."""
        if self._fields is None:
            self._fields = fields_of(self._model)
        return self._fields

    @property
    def files_use(self) -> FilesUse:
        """See `files_use`."""
        uses = [f for f in self.fields if f.limits is not None or f.hides_files]
        required = any(field.is_required and not field.is_nullable for field in uses)
        return "required" if required else "optional" if uses else "none"

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        """See `Schema.validate`; whether texts are read is for the model to say."""
        try:
            return self._model.model_validate(value)
        except ValueError as error:  # pydantic.ValidationError is one
            raise SchemaError(self._faults(error, part)) from None

    def validate_json(self, data: bytes, *, part: str) -> Any:
        """See `Schema.validate_json`."""
        value = decode_json(data)
        try:
            # Not of `value`: a strict model takes a date from a text of JSON, but not of Python.
            return self._model.model_validate_json(data.removeprefix(BOM))
        except ValueError as error:
            if _errors(error)[0]["type"] == "json_invalid":
                return self.validate(value, part=part)
            raise SchemaError(self._faults(error, part)) from None

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> Any:
        """See `Schema.validate_strings`."""
        reader = self._readers.get(part)
        if reader is None:
            from portico._pydantic_pairs import ModelPairs

            reader = self._readers[part] = ModelPairs(self._model, self.fields, part=part)
        values, refused = reader.read(pairs)
        faults = {key: self._shown(key, found) for key, found in refused.items()}
        try:
            value = self._model.model_validate(values)
        except ValueError as error:
            for fault in self._faults(error, part):
                key = fault.pointer.partition("/")[2].partition("/")[0]
                if key not in refused:  # else it is said already what is wrong there
                    faults[key] = (*faults.get(key, ()), fault)
        else:
            if not faults:
                return value
        raise SchemaError(islice(_in_order(faults, reader.keys, part), MAX_FAULTS))

    def _shown(self, key: str, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        """Faults of a field, without what was found where it is a secret."""
        if not is_secret(self._model, (key,)):
            return faults
        return tuple(fault._replace(found=MISSING) for fault in faults)

    def dump_json(self, value: Any) -> bytes:
        """See `Schema.dump_json`."""
        return bytes(value.model_dump_json(by_alias=True).encode())

    def json_schema(self, ref_template: str, mode: Mode) -> tuple[JSONSchema, dict[str, Any]]:
        """See `Schema.json_schema`."""
        schema = self._model.model_json_schema(
            ref_template=ref_template.replace("{name}", "{model}"), mode=mode
        )
        return schema, schema.pop("$defs", {})

    def _faults(self, error: Any, part: str) -> Iterator[Fault]:
        for each in _errors(error)[:MAX_FAULTS]:
            found = MISSING if is_secret(self._model, each["loc"]) else each["input"]
            yield Fault(part, pointer_to("", *each["loc"]), each["msg"], found)


def _errors(error: Any) -> list[dict[str, Any]]:
    errors: list[dict[str, Any]] = error.errors(include_url=False, include_context=False)
    return errors


def _in_order(
    faults: dict[str, tuple[Fault, ...]], keys: tuple[str, ...], part: str
) -> Iterator[Fault]:
    """The faults in the order of the declaration, those of the model as a whole at the end."""
    for key in (*keys, *(key for key in faults if key not in keys)):
        for fault in faults.get(key, ()):
            place = fault.pointer.replace("_", "-") if part == "headers" else fault.pointer
            yield fault._replace(pointer=place)
