"""The schema of everything that msgspec knows. Loaded with the first schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

import msgspec
from msgspec import inspect as mi

from portico._errors import DefinitionError
from portico._faults import HugeNumber, SchemaError
from portico._json import BOM, STACK_IS_SHORT, malformed, refuse_depth, to_json
from portico._schema import JSONSchema, Mode, adapter_for, decode_custom, schema_for

if TYPE_CHECKING:
    from portico._described import Described
    from portico._fault import Fault
    from portico._pairs import Reader

_SUPPORTED: Final = (
    "str, int, float, bool, None, bytes, UUID, Decimal, date, time, datetime, timedelta, Enum, "
    "Literal, list, tuple, set, dict, unions of these, Struct, dataclass, TypedDict, attrs class, "
    "NamedTuple, pydantic model, and any class with a `__schema_adapter__`"
)

ObjectType = mi.StructType | mi.DataclassType | mi.TypedDictType | mi.NamedTupleType
PositionalType: TypeAlias = mi.StructType | mi.NamedTupleType


@cache
def fault_finder() -> Callable[..., tuple[Fault, ...]]:
    """What finds every fault; loaded with the first of them, which costs more than the call."""
    from portico._collect import find_faults

    return find_faults


class MsgspecSchema:
    """A `Schema` over one type. It keeps no state of a call, so threads may share it.

    Args:
        tp: the type.

    Raises:
        DefinitionError: the type, or one inside it, is not supported.
    """

    __slots__ = (
        "_decode",
        "_described",
        "_readers",
        "decode_ascii",
        "has_decimals",
        "has_files",
        "hook",
        "limits_files",
        "node",
        "type",
    )

    vendor = "msgspec"

    def __init__(self, tp: object) -> None:
        self.type: Any = tp
        self.node = describe(tp)
        within = list(types_within(self.node, set()))
        custom = [node.cls for node in within if isinstance(node, mi.CustomType)]
        self.hook = decode_custom if custom else None
        self.has_decimals = any(isinstance(node, mi.DecimalType) for node in within)
        self.has_files = any(map(_is_file, custom))
        self.limits_files = self.has_files and any(map(_declares_limits, within))
        self._decode = msgspec.json.Decoder(self.type, dec_hook=self.hook).decode
        # What `validate_json` comes down to for ASCII, whose errors are those of `json_error`.
        is_plain = not (self.has_decimals or STACK_IS_SHORT)
        self.decode_ascii: Callable[[bytes], Any] | None = self._decode if is_plain else None
        self._readers: dict[str, Reader] = {}
        self._described: Described | None = None  # of what is refused, once something is

    @property
    def is_plain_object(self) -> bool:
        """Whether it is one class with named fields, which a form can bring by their names.

        Files in it may yet stand where no form can have them.
        """
        kinds = mi.StructType | mi.DataclassType | mi.TypedDictType
        is_row = isinstance(self.node, mi.StructType) and self.node.array_like
        return isinstance(self.node, kinds) and not is_row

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        """See `Schema.validate`."""
        if coerce:
            from portico._texts import soften

            value = soften(value, self.node, part=part)
        try:
            value = self.revised(value, self.node)
            return msgspec.convert(value, self.type, dec_hook=self.hook, str_keys=True)
        except (ValueError, RecursionError) as error:
            raise SchemaError(self._faults(value, error, part)) from None

    def validate_json(self, data: bytes, *, part: str) -> Any:
        """See `Schema.validate_json`."""
        if STACK_IS_SHORT:
            refuse_depth(data)
        try:
            if not data.isascii():
                data.decode()  # msgspec does not look into the members that it skips
            value = self._decode(data)
        except (ValueError, RecursionError) as error:
            if data.startswith(BOM):
                return self.validate_json(data[len(BOM) :], part=part)
            raise self.json_error(data, error, part=part) from None
        if self.has_decimals:
            self._check_decimals(data, part)
        return value

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> Any:
        """See `Schema.validate_strings`."""
        reader = self._readers.get(part)
        if reader is None:
            from portico._pairs import reader_for

            reader = self._readers[part] = reader_for(self, part=part)
        return reader.read(pairs)

    def dump_json(self, value: Any) -> bytes:
        """See `Schema.dump_json`."""
        return to_json(value)

    def json_schema(self, ref_template: str, mode: Mode) -> tuple[JSONSchema, dict[str, Any]]:
        """See `Schema.json_schema`; msgspec has one shape for both modes."""
        components: dict[str, Any] = {}

        def of_adapter(cls: type) -> JSONSchema:
            if cls.__module__.startswith("portico."):
                from portico._blob import FILE_SCHEMA

                return dict(FILE_SCHEMA)
            schema, inner = schema_for(cls).json_schema(ref_template, mode)
            components.update(inner)
            return schema

        (schema,), own = msgspec.json.schema_components(
            (self.type,), schema_hook=of_adapter, ref_template=ref_template
        )
        return schema, components | own

    def revised(self, value: object, node: mi.Type) -> object:
        """A copy in which what no type takes is `Refused`: decimals that are none, wrong files."""
        if self.has_decimals:
            from portico._decimals import refuse_decimals

            value, _ = refuse_decimals(value, node)
        if self.limits_files:
            from portico._form_files import accept_file
            from portico._revise import revise

            value = revise(value, node, accept_file)
        return value

    def _faults(self, value: object, error: Exception, part: str) -> tuple[Fault, ...]:
        if self._described is None:
            from portico._described import Described

            self._described = Described()
        return fault_finder()(value, self.node, error, part=part, known=self._described)

    def _check_decimals(self, data: bytes, part: str) -> None:
        from portico._decimals import may_have_traps, refuse_decimals

        if not may_have_traps(data):
            return
        try:
            value, refused = refuse_decimals(_decode_untyped(data), self.node)
        except RecursionError as error:
            raise malformed(error, data) from None
        if refused:
            wrong = msgspec.ValidationError("Expected `decimal`, got `str`")
            raise SchemaError(self._faults(value, wrong, part))

    def json_error(self, data: bytes, error: Exception, *, part: str) -> Exception:
        """What `validate_json` raises for bytes that msgspec refused with `error`."""
        if not isinstance(error, msgspec.ValidationError):
            return malformed(error, data)
        try:
            value = _decode_untyped(data)
        except msgspec.ValidationError:  # an integer beyond every limit
            from portico._expected import fault_of

            return SchemaError((fault_of(error, part=part),))
        except (ValueError, RecursionError) as worse:
            return malformed(worse, data)
        if self.has_decimals or self.limits_files:
            with suppress(RecursionError):  # then the faults of decimals are left out
                value = self.revised(value, self.node)
        return SchemaError(self._faults(value, error, part))


def describe(tp: object) -> mi.Type:
    """msgspec's description of a type.

    Raises:
        DefinitionError: the type, or one inside it, is not supported; it is named.
    """
    try:
        node = mi.type_info(tp)
        msgspec.json.Decoder(tp)
    except NameError as error:
        raise DefinitionError(
            f"The type `{type_name(tp)}` names something that is not defined: {error}. Import the "
            "name where the type is declared, not only under TYPE_CHECKING."
        ) from error
    except TypeError as error:
        raise DefinitionError(
            f"The type `{type_name(tp)}` cannot be validated: {error}. Supported are {_SUPPORTED}."
        ) from error
    for inner in types_within(node, set()):
        if isinstance(inner, mi.CustomType):
            if not _is_known(inner.cls):
                raise DefinitionError(
                    f"The type `{type_name(tp)}` cannot be validated: `{type_name(inner.cls)}` is "
                    f"not supported. Supported are {_SUPPORTED}."
                )
        elif inner is not node:
            _refuse_adapter(tp, inner)
    return node


def _refuse_adapter(tp: object, inner: mi.Type) -> None:
    """Raise for an adapter that would not be asked: msgspec validates what it knows by itself."""
    cls = getattr(inner, "cls", None)
    if cls is None or cls is tp or adapter_for(cls) is None:
        return
    raise DefinitionError(
        f"The type `{type_name(tp)}` cannot be validated: `{type_name(cls)}` in it has a schema "
        "adapter of its own, which is not asked inside of another type, since msgspec knows such "
        "classes. Make it a plain class, or give the whole type an adapter."
    )


def _is_known(cls: type) -> bool:
    """Whether values of a class that msgspec does not know may pass as they are, or by adapter."""
    return (
        cls is object
        or cls.__module__.partition(".")[0] == "portico"  # File and Blob, in forms
        or adapter_for(cls) is not None
    )


def types_within(node: mi.Type, seen: set[int]) -> Iterator[mi.Type]:
    """A type, and every one within it; types may contain themselves."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield node
    for inner in _inner_types(node):
        yield from types_within(inner, seen)


def _inner_types(node: mi.Type) -> Iterable[mi.Type]:
    match node:
        case mi.Metadata():
            return (node.type,)
        case mi.UnionType():
            return node.types
        case mi.CollectionType():
            return (node.item_type,)
        case mi.TupleType():
            return node.item_types
        case mi.DictType() | mi.FrozenDictType():
            return (node.key_type, node.value_type)
        case mi.StructType() | mi.DataclassType() | mi.TypedDictType() | mi.NamedTupleType():
            return tuple(field.type for field in node.fields)
        case _:
            return ()


def _is_file(cls: type) -> bool:
    from portico._blob import Blob

    return issubclass(cls, Blob)


def members_of(node: mi.Type) -> tuple[mi.Type, ...]:
    """The members of a union, else the type itself; without metadata."""
    while isinstance(node, mi.Metadata):
        node = node.type
    if isinstance(node, mi.UnionType):
        return tuple(inner for member in node.types for inner in members_of(member))
    return (node,)


def is_object(node: mi.Type) -> bool:
    """Whether JSON writes it as an object, or a form brings it by the names of its fields."""
    return isinstance(node, ObjectType | mi.DictType | mi.FrozenDictType)


def is_positional(node: mi.Type) -> TypeGuard[PositionalType]:
    """Whether JSON writes an object of this type as an array."""
    return isinstance(node, mi.NamedTupleType) or (
        isinstance(node, mi.StructType) and node.array_like
    )


def _declares_limits(node: mi.Type) -> bool:
    extra: dict[str, Any] | None = getattr(node, "extra", None)
    return isinstance(node, mi.Metadata) and "upload" in (extra or {})


def type_name(tp: object) -> str:
    """A type, in messages."""
    return tp.__qualname__ if isinstance(tp, type) else str(tp)


def _number(text: str) -> object:
    value = float(text)
    # A number that is 0 only because no double is so small would be one to a Decimal.
    return value if isfinite(value) and (value or not _is_tiny(text)) else HugeNumber(text)


def _is_tiny(text: str) -> bool:
    return any(digit in "123456789" for digit in text.lower().partition("e")[0])


_decode_untyped: Final[Callable[[bytes], Any]] = msgspec.json.Decoder(float_hook=_number).decode
