"""One protocol for validation, whichever library does it: `Schema`, found by `schema_for(type)`.

The core knows only this protocol. Which implementation a type gets is decided once, in order:

1. the type's own `__schema_adapter__`, called with the type;
2. the predicates given to `register_schema`, the last one first;
3. pydantic, for its models, when the application has imported it;
4. msgspec, for Struct, dataclass, TypedDict, attrs, NamedTuple, containers, unions and scalars.

In unions and containers of msgspec, classes of 1 to 3 are validated by their own adapter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

JSONSchema: TypeAlias = "dict[str, Any]"
Mode: TypeAlias = "Literal['validation', 'serialization']"


class Schema(Protocol):
    """A type that can validate values, and write them and itself as JSON.

    An implementation is used by several threads at once and must not keep state between calls.
    """

    @property
    def vendor(self) -> str:
        """The library behind it: `"msgspec"`, `"pydantic"`."""
        ...

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        """The typed value of a Python value made of dicts, lists and scalars.

        Args:
            value: what to validate. It is not changed.
            part: where it came from, for the faults: `"body"`, `"query"`, ...
            coerce: whether texts stand for scalars, as they do in forms and queries.

        Raises:
            SchemaError: the value does not have the declared shape; it lists every fault.
        """
        ...

    def validate_json(self, data: bytes, *, part: str) -> Any:
        """The typed value of JSON text, decoded and validated in one pass.

        Raises:
            SchemaError: the value does not have the declared shape; it lists every fault.
            MalformedJSONError: the text is not JSON (400).
        """
        ...

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> Any:
        """The typed value of names and texts, as queries, forms, headers and cookies have them.

        Args:
            pairs: every pair as it came, in order; values are texts, or files in a form.
            part: where they came from; it decides how names are matched and values are read.

        Raises:
            SchemaError: the pairs do not have the declared shape; it lists every fault.
        """
        ...

    def dump_json(self, value: Any) -> bytes:
        """A value of this type as JSON text.

        Raises:
            UnencodableError: something in the value has no form in JSON.
        """
        ...

    def json_schema(self, ref_template: str, mode: Mode) -> tuple[JSONSchema, dict[str, Any]]:
        """The type as JSON Schema 2020-12, and by name the components that it refers to.

        Args:
            ref_template: the form of a reference, `"#/components/schemas/{name}"`.
            mode: the shape that is accepted, or the shape that is written.
        """
        ...


SchemaFactory: TypeAlias = Callable[[Any], Schema]

_schemas: Final[dict[object, Schema]] = {}
_registered: Final[list[tuple[Callable[[Any], bool], SchemaFactory]]] = []


def schema_for(tp: object) -> Schema:
    """The schema of a type; the same object each time it is asked for.

    Raises:
        DefinitionError: no adapter supports the type.
    """
    try:
        return _schemas[tp]
    except KeyError:
        schema = _schemas[tp] = _build(tp)
        return schema
    except TypeError:  # not hashable: metadata of an Annotated, say
        return _build(tp)


def register_schema(predicate: Callable[[Any], bool], factory: SchemaFactory) -> None:
    """Let `factory` make the schema of every type for which `predicate` is true.

    Call it before the types concerned are used: values that are being validated keep the schema
    that they have.
    """
    _registered.insert(0, (predicate, factory))
    _schemas.clear()


def adapter_for(tp: object) -> Schema | None:
    """The schema of a type that brings or was given an adapter of its own; None for msgspec's."""
    factory = _own_factory(tp)
    if factory is None:
        return None
    try:
        return _schemas[tp]
    except KeyError:
        schema = _schemas[tp] = factory(tp)
        return schema


def decode_custom(tp: type, value: object) -> object:
    """Give a class with an adapter of its own to that adapter; others must be instances already."""
    if type(value) is tp:
        return value
    adapter = adapter_for(tp)
    if adapter is None or isinstance(value, tp):
        return value
    return adapter.validate(value, part="body")


def _build(tp: object) -> Schema:
    factory = _own_factory(tp)
    if factory is not None:
        return factory(tp)
    from portico._schema_msgspec import MsgspecSchema

    return MsgspecSchema(tp)


def _own_factory(tp: object) -> SchemaFactory | None:
    if isinstance(tp, type):
        own = getattr(tp, "__schema_adapter__", None)
        if own is not None:
            return cast("SchemaFactory", own)
    for predicate, factory in _registered:
        if predicate(tp):
            return factory
    return _pydantic_factory(tp)


def _pydantic_factory(tp: object) -> SchemaFactory | None:
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not isinstance(tp, type) or not issubclass(tp, pydantic.BaseModel):
        return None
    from portico._schema_pydantic import PydanticSchema

    return PydanticSchema
