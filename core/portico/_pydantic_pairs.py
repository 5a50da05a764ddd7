"""Reading names and texts for a pydantic model, before pydantic sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import inspect as mi

from portico._blob import Blob
from portico._coerce import TextParameter
from portico._errors import DefinitionError, PeerError
from portico._fault import Fault
from portico._faults import MISSING, Refused, SchemaError, pointer_to
from portico._form_files import is_left_empty
from portico._json import decode_json
from portico._pairs import OPEN_PARTS, joined_fields, list_items
from portico._pydantic_fields import ModelField
from portico._schema_msgspec import describe, members_of
from portico._upload import UploadLimits

Faults = dict[str, tuple[Fault, ...]]

_LEFT_OUT: Final = object()


class ModelPairs:
    """Reads names and texts into what a model is validated from.

    Raises:
        DefinitionError: the model has no named fields, or a file where there can be none.
    """

    __slots__ = ("_fields", "_keeps_unknown", "_part", "keys")

    def __init__(self, model: Any, fields: Sequence[ModelField], *, part: str) -> None:
        if getattr(model, "__pydantic_root_model__", False):
            raise DefinitionError(
                f"The type `{model.__qualname__}` cannot be read from {part}, which is names and "
                "texts: a RootModel has no named fields. Expected a model that has."
            )
        for field in fields:
            _refuse_misplaced_files(field, part)
        self._part = part
        self._fields = [(field, _scalar(field, part)) for field in fields]
        self.keys = tuple(field.keys[0] for field in fields)
        extra = model.model_config.get("extra", "ignore")
        self._keeps_unknown = extra != "ignore" and part not in OPEN_PARTS

    def read(self, pairs: Iterable[tuple[str, object]]) -> tuple[dict[str, object], Faults]:
        """The values by key, and the faults of those that are refused before pydantic sees them."""
        given = joined_fields(pairs) if self._part == "headers" else pairs
        raw: dict[str, list[object]] = {}
        for name, value in given:
            if not is_left_empty(value):
                raw.setdefault(name, []).append(value)
        values: dict[str, object] = {}
        faults: Faults = {}
        for field, scalar in self._fields:
            key = field.keys[0]
            found = self._take(field, raw)
            if not found:
                continue
            try:
                value = self._value(field, scalar, found)
            except SchemaError as error:
                faults[key] = error.faults
                value = found if field.takes_many else found[-1]
                if any(isinstance(each, Blob) for each in found):
                    value = _LEFT_OUT  # a validator that wants a text need not expect a file
            if value is not _LEFT_OUT:
                values[key] = value
        if self._keeps_unknown:
            values.update((name, texts[-1]) for name, texts in raw.items())
        return values, faults

    def _take(self, field: ModelField, raw: dict[str, list[object]]) -> list[object]:
        """What came for a field, under the first of its names that is there."""
        found: list[object] = []
        for key in field.keys:
            name = key.replace("_", "-").lower() if self._part == "headers" else key
            found = found or raw.pop(name, [])
        if self._part == "headers" and field.takes_many:
            return list_items(found)
        return found

    def _value(
        self, field: ModelField, scalar: TextParameter | None, found: list[object]
    ) -> object:
        texts = [value for value in found if isinstance(value, str)]
        if scalar is not None and len(texts) == len(found):
            return scalar.read(texts)
        if field.limits is not None:
            return self._files(field, field.limits, found)
        if len(texts) < len(found) and field.annotation not in (Any, object):
            index = next(i for i, value in enumerate(found) if not isinstance(value, str))
            at = self._place(field, index)
            raise SchemaError([Fault(self._part, at, "a text, not a file", found[index])])
        items = [_object_in(value) if field.takes_object else value for value in found]
        return items if field.takes_many else items[-1]

    def _files(self, field: ModelField, limits: UploadLimits, found: list[object]) -> object:
        """Files, and nothing else, each within its limits."""
        if found == [""] and not field.is_required:
            return _LEFT_OUT
        values = found if field.takes_many else found[-1:]
        accepted = [limits.accept(v) if isinstance(v, Blob) else Refused(str(v)) for v in values]
        faults = [
            Fault(self._part, self._place(field, index), limits.expectation, value.text)
            for index, value in enumerate(accepted)
            if isinstance(value, Refused)
        ]
        if faults:
            raise SchemaError(faults)
        return accepted if field.takes_many else accepted[-1]

    def _place(self, field: ModelField, index: int) -> str:
        steps = (field.keys[0], index) if field.takes_many else (field.keys[0],)
        return pointer_to("", *steps)


def _refuse_misplaced_files(field: ModelField, part: str) -> None:
    if part != "body" and (field.limits is not None or field.hides_files):
        raise DefinitionError(
            f"The field {field.keys[0]!r} is a file, which {part} cannot bring. Files come in the "
            "body, of a multipart form: declare it there."
        )
    if field.hides_files:
        raise DefinitionError(
            f"The field {field.keys[0]!r} has a file inside an object, which a form brings as JSON "
            "text, without files. Move the file to a field of the body's own type."
        )


def _scalar(field: ModelField, part: str) -> TextParameter | None:
    """How the texts of a field are read; None where that is for pydantic to do."""
    if not field.is_plain:
        return None
    default = MISSING if field.is_required else _LEFT_OUT
    try:
        if any(isinstance(m, mi.BytesType) for m in members_of(describe(field.annotation))):
            return None  # JSON's base64 here, but the text itself to pydantic
        return TextParameter(field.keys[0], field.annotation, part=part, default=default)
    except DefinitionError:
        return None


def _object_in(text: object) -> object:
    if not isinstance(text, str) or text[:1] not in ("{", "["):
        return text
    try:
        return decode_json(text.encode())
    except (PeerError, UnicodeEncodeError):
        return text
