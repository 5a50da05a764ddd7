"""From a decorated function to a `Resource`: what it binds and how it is entered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from portico._errors import DefinitionError
from portico._key import Key, RequestKey, ResourceKey, Use, key_of
from portico._lived import Lived, Resource
from portico._signature import EMPTY, Parameter, Signature, plain_function

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping


def make_resource(fn: Callable[..., Any], key: Key[Any]) -> Resource:
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
    bind, call = _binding(fn, signature, key)
    return Resource(
        key,
        bind,
        call,
        is_async=signature.is_async,
        is_generator=signature.is_generator,
        needs=_needs(signature),
    )


def _needs(signature: Signature) -> tuple[Key[Any], ...]:
    """The keys that a function binds; an annotation has no part in that."""
    defaults = [parameter.default for parameter in signature.parameters]
    return tuple(key_of(default) for default in defaults if isinstance(default, Use))


def life_hook(fn: Callable[..., Any], *, at_start: bool) -> Resource:
    """A hook of start or stop, as a resource whose value nobody asks for.

    Raises:
        DefinitionError: it is a generator, or its parameters have no names.
    """
    signature = Signature(fn)
    if signature.is_generator:
        raise DefinitionError(
            f"{signature.where} yields, and is a hook of start or stop. What is to be entered at "
            "start and left at stop is `@app.resource`'s."
        )
    key: Key[Any] = Key(getattr(fn, "__name__", repr(fn)))
    bind, call = _binding(fn, signature, key)
    if at_start:
        return Resource(
            key,
            bind,
            call,
            is_async=signature.is_async,
            is_generator=False,
            needs=_needs(signature),
        )
    at_stop = _stopping_async if signature.is_async else _stopping
    return Resource(
        key,
        bind,
        lambda running: at_stop(call, running),
        is_async=signature.is_async,
        is_generator=True,
        needs=_needs(signature),
    )


def _stopping(call: Callable[[Lived], Any], running: Lived) -> Iterator[None]:
    yield None
    call(running)


async def _stopping_async(call: Callable[[Lived], Any], running: Lived) -> AsyncIterator[None]:
    yield None
    await call(running)


Bind = Callable[["Collection[Key[Any]] | None"], None]


def _binding(
    fn: Callable[..., Any], signature: Signature, key: Key[Any]
) -> tuple[Bind, Callable[[Lived], Any]]:
    """How a function's parameters are bound at start, and how it is called then."""
    reads: dict[str, Callable[[Lived], Any]] = {}

    def bind(provided: Collection[Key[Any]] | None = None) -> None:
        if not signature.parameters:
            return
        annotations = signature.annotations()
        for parameter in signature.parameters:
            reads[parameter.name] = reading(parameter, annotations, provided, signature.where)
        if isinstance(key, ResourceKey) and not key.io:
            _refuse_io(signature)

    def call(running: Lived) -> Any:
        if not reads:
            bind()
        return fn(**{name: read(running) for name, read in reads.items()})

    return bind, call


def _refuse_io(signature: Signature) -> None:
    for key in _needs(signature):
        if isinstance(key, ResourceKey) and key.io:
            raise DefinitionError(
                f"{signature.where} is a resource with `io=False` and uses {key!r}, which has to "
                "do with I/O and may live as long as a request. Declare that one `io=False` too, "
                "if nothing of it does I/O, or this one not."
            )


def _makes_context_managers(fn: Any) -> bool:
    wrapped = plain_function(getattr(fn, "__wrapped__", None))
    helper = plain_function(fn)
    return wrapped is not None and helper is not None and helper.__module__ == "contextlib"


def reading(
    parameter: Parameter,
    annotations: Mapping[str, Any],
    provided: Collection[Key[Any]] | None,
    where: str,
) -> Callable[[Lived], Any]:
    """Where a parameter of a function that lives longer than a request gets its value.

    Args:
        parameter: the parameter.
        annotations: those of its function.
        provided: the keys that it may use, or None where that is not to be checked.
        where: the function, for messages.

    Raises:
        DefinitionError: there is no such value.
    """
    if isinstance(parameter.default, Use):
        key: Key[Any] = key_of(parameter.default)
        if isinstance(key, RequestKey):
            raise DefinitionError(
                f"{where} uses {key!r}, whose value lives as long as a request, and lives longer "
                "itself. Make it a resolve, or give it what makes the value."
            )
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


def _environment(annotation: Any, where: str) -> Callable[[Lived], Any]:
    if annotation is EMPTY:
        raise DefinitionError(f"{where}: annotate `env` with the class that describes it.")
    from portico._faults import SchemaError
    from portico._schema import schema_for

    schema = schema_for(annotation)

    def read(running: Lived) -> Any:
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
