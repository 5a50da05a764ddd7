"""From a decorated function to a `Resource`: what it binds and how it is entered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._errors import DefinitionError
from portico._key import Key, ResourceKey, Use, key_of
from portico._running import AppRunning, Resource
from portico._signature import EMPTY, Parameter, Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def make_resource(fn: Callable[..., Any]) -> Resource:
    """The resource of a function, whose parameters are bound at start."""
    signature = Signature(fn)
    reads: dict[str, Callable[[AppRunning], Any]] = {}
    key: ResourceKey[Any, Any, Any] = ResourceKey(fn)

    def call(running: AppRunning) -> Any:
        if not reads and signature.parameters:
            annotations = signature.annotations()
            for parameter in signature.parameters:
                reads[parameter.name] = _reading(parameter, annotations, signature.where)
        return fn(**{name: read(running) for name, read in reads.items()})

    return Resource(key, call, is_async=signature.is_async, is_generator=signature.is_generator)


def _reading(
    parameter: Parameter, annotations: Mapping[str, Any], where: str
) -> Callable[[AppRunning], Any]:
    if isinstance(parameter.default, Use):
        key: Key[Any] = key_of(parameter.default)
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

    def read(running: AppRunning) -> Any:
        from portico._faults import SchemaError
        from portico._schema import schema_for

        # Environment variables are upper case by custom; fields are not.
        pairs = [(name.lower(), value) for name, value in running.platform.env.items()]
        try:
            return schema_for(annotation).validate_strings(pairs, part="query")
        except SchemaError as error:
            raise DefinitionError(f"{where}: the environment lacks something: {error}") from error

    return read
