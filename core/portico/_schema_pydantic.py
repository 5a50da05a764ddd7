"""The schema of a pydantic model. Loaded only where the application has imported pydantic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portico._faults import MAX_FAULTS, Fault, SchemaError, pointer_to
from portico._json import decode_json
from portico._schema import JSONSchema, Mode


class PydanticSchema:
    """A `Schema` over one class of pydantic models, by pydantic's own rules.

    Those differ from the rest of Portico in texts: pydantic reads `" 1"` and `"1.0"` as integers,
    and `"1"` also in JSON unless the model is strict.
    """

    __slots__ = ("_model",)

    vendor = "pydantic"

    def __init__(self, model: Any) -> None:
        self._model = model

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        """See `Schema.validate`; whether texts are read is for the model to say."""
        try:
            return self._model.model_validate(value)
        except ValueError as error:  # pydantic.ValidationError is one
            raise _schema_error(error, part) from None

    def validate_json(self, data: bytes, *, part: str) -> Any:
        """See `Schema.validate_json`."""
        return self.validate(decode_json(data), part=part)

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> Any:
        """See `Schema.validate_strings`."""
        raw: dict[str, Any] = {}
        for name, value in pairs:
            raw.setdefault(name.lower() if part == "headers" else name, []).append(value)
        values: dict[str, Any] = {}
        for name, field in self._model.model_fields.items():
            key = field.alias or name
            texts = raw.get(key.replace("_", "-").lower() if part == "headers" else key)
            if texts:
                values[key] = texts if _takes_many(field.annotation) else texts[-1]
        return self.validate(values, part=part, coerce=True)

    def dump_json(self, value: Any) -> bytes:
        """See `Schema.dump_json`."""
        return bytes(value.model_dump_json(by_alias=True).encode())

    def json_schema(self, ref_template: str, mode: Mode) -> tuple[JSONSchema, dict[str, Any]]:
        """See `Schema.json_schema`."""
        schema = self._model.model_json_schema(
            ref_template=ref_template.replace("{name}", "{model}"), mode=mode
        )
        return schema, schema.pop("$defs", {})


def _takes_many(annotation: Any) -> bool:
    text = str(annotation)
    return "list[" in text or "set[" in text or "tuple[" in text


def _schema_error(error: Any, part: str) -> SchemaError:
    return SchemaError(
        Fault(part, pointer_to("", *each["loc"]), each["msg"], each["input"])
        for each in error.errors(include_url=False, include_context=False)[:MAX_FAULTS]
    )
