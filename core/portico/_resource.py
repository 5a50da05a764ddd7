"""From a decorated function to a `Resource`: what it binds and how it is entered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._errors import DefinitionError
from portico._key import Key, ResourceKey, Use, key_of
from portico._running import AppRunning, Resource
from portico._signature import EMPTY, Parameter, Signature, plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


def make_resource(fn: Callable[..., Any]) -> Resource:
    """The resource of a function, whose parameters are bound at start.

    Raises:
        DefinitionError: the function is a context manager, or its parameters have no names.
    """
    signature = Signature(fn)
    if _makes_context_managers(fn):
        raise DefinitionError(
            f"{signature.where} is decorated as a context manager, which `app.resource` does by "
            "itself. Remove `@contextmanager` or `@asynccontextmanager`."
        )
    reads: dict[str, Callable[[AppRunning], Any]] = {}
    key: ResourceKey[Any, Any, Any] = ResourceKey(fn)

    def bind(provided: Collection[Key[Any]] | None = None) -> None:
        if not signature.parameters:
            return
        annotations = signature.annotations()
        for parameter in signature.parameters:
            reads[parameter.name] = _reading(parameter, annotations, provided, signature.where)

    def call(running: AppRunning) -> Any:
        if not reads:
            bind()
        return fn(**{name: read(running) for name, read in reads.items()})

    return Resource(
        key, bind, call, is_async=signature.is_async, is_generator=signature.is_generator
    )


def _makes_context_managers(fn: Any) -> bool:
    wrapped = plain_function(getattr(fn, "__wrapped__", None))
    helper = plain_function(fn)
    return wrapped is not None and helper is not None and helper.__module__ == "contextlib"


def _reading(
    parameter: Parameter,
    annotations: Mapping[str, Any],
    provided: Collection[Key[Any]] | None,
    where: str,
) -> Callable[[AppRunning], Any]:
    if isinstance(parameter.default, Use):
        key: Key[Any] = key_of(parameter.default)
        if provided is not None and key not in provided:
            raise DefinitionError(
                f"{where} uses {key!r}, which is not a resource that stands before it."
            )
        return lambda running: running.value(key)
    if parameter.name == "platform":
        return lambda running: running.platform
    if parameter.name == "env":
        return _environment(annotations.get("env", EMPTY), where)
    raise DefinitionError(
        f"{where}: the parameter {parameter.name!r} of a resource has no source. A resource binds "
        "`env`, `platform`, and other resources with `use(key)`."
    )


def _environment(annotation: Any, where: str) -> Callable[[AppRunning], Any]:
    if annotation is EMPTY:
        raise DefinitionError(f"{where}: annotate `env` with the class that describes it.")
    from portico._faults import SchemaError
    from portico._schema import schema_for

    schema = schema_for(annotation)

    def read(running: AppRunning) -> Any:
        # Environment variables are upper case by custom; fields are not.
        pairs = [(name.lower(), value) for name, value in running.platform.env.items()]
        try:
            return schema.validate_strings(pairs, part="cookies")  # unknown names are no fault
        except SchemaError as error:
            faults = "; ".join(
                f"{fault.pointer.removeprefix('/').upper()} is not {fault.expected}"
                for fault in error.faults
            )
            raise DefinitionError(
                f"{where}: the environment does not have what it needs: {faults}."
            ) from error

    return read
