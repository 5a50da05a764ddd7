"""`EventHandler`: a function that `app.on` registered, and how it is called with a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from portico._errors import DefinitionError
from portico._event_record import PAYLOADS, RECORDS
from portico._key import Key, RequestKey, Use, key_of
from portico._resource import reading
from portico._signature import EMPTY, Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from portico._lived import Lived
    from portico._schema import Schema
    from portico._signature import Parameter


class EventInfo(NamedTuple):
    """What an application tells people and tools of a handler of events.

    Attributes:
        kind: of the events: `"sqs"`.
        source: the name of the queue, topic, rule, bucket, table or stream; None is any.
        handler: the function.
        where: file and line of the registration.
    """

    kind: str
    source: str | None
    handler: Callable[..., Any]
    where: str


class EventCall:
    """A handler whose parameters are bound: called with a record and what keys are read of.

    Attributes:
        is_async: whether it gives an awaitable.
    """

    __slots__ = ("_fields", "_fn", "_reads", "_record_name", "_schema", "_takes_record", "is_async")

    def __init__(
        self,
        signature: Signature,
        record: tuple[Parameter, tuple[str, ...], Any] | None,
        reads: Mapping[str, Callable[[Lived], Any]],
    ) -> None:
        self._fn = signature.fn
        self._reads = reads
        self.is_async: bool = signature.is_async
        self._takes_record = record is not None
        self._fields: tuple[str, ...] = ()
        self._schema: Schema | type | None = None
        if record is not None:
            _, self._fields, declared = record
            self._schema = _payload_schema(declared) if self._fields else None

    def __call__(self, record: Any, source: Lived) -> Any:
        """Call the handler.

        Raises:
            SchemaError: the payload is not of the declared type; it lists every fault.
            MalformedJSONError: the payload is no JSON.
        """
        values = {name: read(source) for name, read in self._reads.items()}
        if not self._takes_record:
            return self._fn(**values)
        if self._schema is not None:
            record = record._replace(
                **{
                    name: _decoded(getattr(record, name), self._schema, name)
                    for name in self._fields
                    if getattr(record, name) is not None or len(self._fields) == 1
                }
            )
        return self._fn(record, **values)


class EventHandler:
    """One registration of `app.on`.

    Attributes:
        kind: of the events.
        source: the one source that it takes, or None for any.
        fn: the function.
        where: file and line of the registration.
        identity: the same in each copy of its plugin; given by the application.
        needs: the keys that it binds.

    Raises:
        DefinitionError: the function yields, or its parameters have no names.
    """

    __slots__ = ("_call", "_signature", "fn", "identity", "kind", "needs", "source", "where")

    def __init__(self, kind: str, source: str | None, fn: Callable[..., Any], where: str) -> None:
        self.kind = kind
        self.source = source
        self.fn = fn
        self.where = where
        self.identity: object = None
        self._signature = Signature(fn)
        self._call: EventCall | None = None
        if self._signature.is_generator:
            raise DefinitionError(
                f"{self._signature.where} yields, and handles events, where nobody reads what it "
                "yields. Return instead."
            )
        defaults = [each.default for each in self._signature.parameters]
        self.needs: tuple[Key[Any], ...] = tuple(
            key_of(default) for default in defaults if isinstance(default, Use)
        )

    def __str__(self) -> str:
        name = f"{self.kind!r}" if self.source is None else f"{self.kind!r} of {self.source!r}"
        return f"{name} ({self.where})"

    def info(self) -> EventInfo:
        """What is told of it."""
        return EventInfo(self.kind, self.source, self.fn, self.where)

    def bound(self, provided: Collection[Key[Any]] | None = None) -> EventCall:
        """How it is called; worked out once.

        Args:
            provided: the app-lived keys that there are, or None where that is not to be checked.

        Raises:
            DefinitionError: a parameter has no source, or the record is of another class.
        """
        if self._call is None or provided is not None:
            self._call = self._bind(provided)
        return self._call

    def _bind(self, provided: Collection[Key[Any]] | None) -> EventCall:
        signature = self._signature
        annotations = signature.annotations()
        if annotations.get("return", None) not in (None, EMPTY, type(None)):
            raise DefinitionError(
                f"{signature.where} handles events and returns {annotations['return']!r}, which "
                "goes nowhere. It returns None; an exception says that it has failed."
            )
        parameters = list(signature.parameters)
        record = None
        if parameters and not _is_bound_by_name(parameters[0]):
            record = self._record(parameters.pop(0), annotations)
        elif self.kind != "schedule":
            raise DefinitionError(
                f"{signature.where} handles events of {self.kind!r} and does not take them. "
                f"Its first parameter is the record: `record: {RECORDS[self.kind].__name__}`."
            )
        reads = {each.name: self._read(each, annotations, provided) for each in parameters}
        return EventCall(signature, record, reads)

    def _record(
        self, parameter: Parameter, annotations: Mapping[str, Any]
    ) -> tuple[Parameter, tuple[str, ...], Any]:
        expected = RECORDS[self.kind]
        annotation = annotations.get(parameter.name, EMPTY)
        if (get_origin(annotation) or annotation) is not expected or parameter.keyword:
            fields = PAYLOADS.get(expected, ())
            example = f"{expected.__name__}[Order]" if fields else expected.__name__
            raise DefinitionError(
                f"{self._signature.where} handles events of {self.kind!r}, and its first "
                f"parameter is {parameter.name!r}: {annotation!r}. Annotate it with the class of "
                f"their records: `{parameter.name}: {example}`."
            )
        arguments = get_args(annotation)
        return parameter, PAYLOADS.get(expected, ()), arguments[0] if arguments else Any

    def _read(
        self,
        parameter: Parameter,
        annotations: Mapping[str, Any],
        provided: Collection[Key[Any]] | None,
    ) -> Callable[[Lived], Any]:
        where = self._signature.where
        if isinstance(parameter.default, Use):
            key = key_of(parameter.default)
            if isinstance(key, RequestKey):
                raise DefinitionError(
                    f"{where} handles events and uses {key!r}, which is made of a request, and "
                    "an event is none. Make it a resource, or call its function here."
                )
            if provided is not None and key not in provided:
                raise DefinitionError(
                    f"{where} uses {key!r}, which is no key of the application that serves. "
                    "Register its application with `app.use(...)`."
                )
        elif not _is_bound_by_name(parameter):
            raise DefinitionError(
                f"{where}: the parameter {parameter.name!r} of a handler of events has no source. "
                "It binds the record first, then `env`, `platform`, and app-lived keys with "
                "`use(key)`."
            )
        return reading(parameter, annotations, provided, where)


def _is_bound_by_name(parameter: Parameter) -> bool:
    return isinstance(parameter.default, Use) or parameter.name in ("env", "platform")


def _payload_schema(declared: Any) -> Schema | type | None:
    """What a payload is decoded by: a schema, or `str` or `bytes`; None takes it as it came."""
    if declared is Any or declared is object:
        return None
    if declared is str or declared is bytes:
        text: type = declared
        return text
    from portico._schema import schema_for

    return schema_for(declared)


def _decoded(value: Any, schema: Schema | type, name: str) -> Any:
    if isinstance(schema, type):
        return _as_text(value, schema, name)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return schema.validate_json(value, part=name)
    return schema.validate(value, part=name)


def _as_text(value: Any, wanted: type, name: str) -> Any:
    """A payload as `str` or `bytes`."""
    if isinstance(value, wanted):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    from portico._fault import Fault
    from portico._faults import SchemaError

    raise SchemaError([Fault(name, "", "a text in UTF-8" if wanted is str else "bytes", value)])
