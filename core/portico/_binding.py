"""Binding: from a handler's signature to the values of its parameters.

`plan` looks at names, kinds and annotations once; what it returns reads a request's values in one
pass and reports every fault of every part together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from portico._argument import Argument, call_by_kind, caller_of, collector_of
from portico._context import Context
from portico._errors import DefinitionError
from portico._key import Use, key_of
from portico._pattern import RESERVED_NAMES
from portico._signature import EMPTY, Parameter, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portico._coerce import TextParameter as Texts
    from portico._fault import Fault
    from portico._key import Key
    from portico._request import Request


class Plan:
    """How a function is called with what a request has.

    Attributes:
        arguments: in the order of the signature.
        takes_context: whether the whole request is within its reach.
        keys: the keys that it binds.
        body: what it takes of the body; see `Argument`.
    """

    __slots__ = ("_collect", "arguments", "body", "keys", "positional", "takes_context")

    def __init__(self, arguments: Sequence[Argument], keys: Sequence[Key[Any]]) -> None:
        self.arguments: tuple[Argument, ...] = tuple(arguments)
        self.keys: tuple[Key[Any], ...] = tuple(keys)
        self.takes_context: bool = any(argument.read is read_context for argument in arguments)
        self.body: str = next((argument.body for argument in arguments if argument.body), "")
        self.positional: bool = not any(argument.keyword for argument in arguments)
        self._collect: Callable[[Context, list[Fault]], list[Any]] | None = None

    def caller(self, fn: Callable[..., Any]) -> Callable[[Context], Any]:
        """A function that reads the values and calls `fn` with them."""
        if not self.arguments:
            return lambda ctx: fn()
        if len(self.arguments) == 1 and self.takes_context:
            return fn if self.positional else lambda ctx: fn(ctx=ctx)
        return caller_of(self.arguments, fn)

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the request that it takes as a whole."""
        return frozenset(argument.part for argument in self.arguments) - {""}

    @property
    def validates(self) -> bool:
        """Whether anything of the request can be wrong with it."""
        return any(
            not (argument.is_key or argument.read is read_context) for argument in self.arguments
        )

    def collect(self, ctx: Context, faults: list[Fault]) -> list[Any]:
        """The values of the parameters but those of keys; what is wrong is added to `faults`."""
        if self._collect is None:
            self._collect = collector_of(self.arguments)
        return self._collect(ctx, faults)

    def call_collected(self, fn: Callable[..., Any], values: list[Any], ctx: Context) -> Any:
        """Call `fn` with what was collected, and with the values that keys have now."""
        for index, argument in enumerate(self.arguments):
            if argument.is_key:
                values[index] = argument.read(ctx)
        return fn(*values) if self.positional else call_by_kind(fn, self.arguments, values)


def plan(signature: Signature, path_names: Sequence[str]) -> Plan:
    """Find out where each parameter of a handler comes from.

    Raises:
        DefinitionError: a parameter has no source; the message names it and the likely fix.
    """
    return plan_with(signature, path_names, {})


def plan_with(
    signature: Signature, path_names: Sequence[str], given: Mapping[str, Argument]
) -> Plan:
    """The same for a handler some of whose parameters come from elsewhere; see `plan`."""
    if not signature.parameters:
        return Plan((), ())
    annotations = signature.annotations()
    binder = _Binder(signature, annotations, frozenset(path_names))
    arguments = [
        given.get(parameter.name) or binder.bind(index, parameter)
        for index, parameter in enumerate(signature.parameters)
    ]
    return Plan(arguments, binder.keys)


class _Binder:
    __slots__ = ("annotations", "keys", "path_names", "signature")

    def __init__(
        self, signature: Signature, annotations: Mapping[str, Any], path_names: frozenset[str]
    ) -> None:
        self.signature = signature
        self.annotations = annotations
        self.path_names = path_names
        self.keys: list[Key[Any]] = []

    def bind(self, index: int, parameter: Parameter) -> Argument:
        name, default = parameter.name, parameter.default
        annotation = self.annotations.get(name, EMPTY)
        if annotation is Context:
            if index:
                raise self._error(name, "is annotated `Context` but is not the first. Move it.")
            return Argument(name, parameter.keyword, read_context)
        if isinstance(default, Use):
            self.keys.append(key := key_of(default))
            return Argument(name, parameter.keyword, itemgetter(key), is_key=True)
        if annotation is EMPTY:
            raise self._error(
                name,
                "has no annotation, so it is not known where its value comes from. Annotate it: "
                "`Context` for the first parameter, a type for any other. A method is registered "
                "bound, as `app.get(path, thing.method)`.",
            )
        if name in self.path_names:
            return self._path_parameter(parameter, annotation)
        if name in RESERVED_NAMES:
            return self._part(parameter, annotation)
        return self._query_parameter(parameter, annotation)

    def _path_parameter(self, parameter: Parameter, annotation: Any) -> Argument:
        name = parameter.name
        texts = self._texts(parameter, annotation, "path")

        def read(ctx: Context) -> Any:
            text = ctx.params.get(name)
            return texts.read(() if text is None else (text,))

        return Argument(name, parameter.keyword, read, texts=texts)

    def _query_parameter(self, parameter: Parameter, annotation: Any) -> Argument:
        name = parameter.name
        texts = self._texts(parameter, annotation, "query")

        def read(ctx: Context) -> Any:
            return texts.read(ctx.query.get_all(name))

        return Argument(name, parameter.keyword, read, texts=texts)

    def _part(self, parameter: Parameter, annotation: Any) -> Argument:
        name = parameter.name
        if name == "body":
            from portico._binding_body import body_argument

            return body_argument(parameter, annotation, self.signature)
        from portico._faults import SchemaError
        from portico._schema import schema_for

        part, pairs_of, default = (
            "path" if name == "params" else name,
            PAIRS[name],
            parameter.default,
        )
        try:
            schema = schema_for(annotation)
            with suppress(SchemaError):
                # Whether names and texts can make such an object shows when some are read.
                schema.validate_strings((), part=part)
        except DefinitionError as error:
            raise self._error(name, f"cannot be validated: {error}") from error

        def read(ctx: Context) -> Any:
            pairs = pairs_of(ctx)
            if not pairs and default is not EMPTY:
                return default
            return schema.validate_strings(pairs, part=part)

        return Argument(name, parameter.keyword, read)

    def _texts(self, parameter: Parameter, annotation: Any, part: str) -> Texts:
        from portico._coerce import TextParameter as Texts
        from portico._faults import MISSING

        default = parameter.default
        if default is EMPTY:
            default = None if _admits_none(annotation) else MISSING
        try:
            return Texts(parameter.name, annotation, part=part, default=default)
        except DefinitionError as error:
            raise self._error(
                parameter.name,
                f"is taken for a {part} parameter and has the type {_show(annotation)}, which no "
                "text converts to. A scalar (str, int, float, bool, Enum, Literal, UUID, date, "
                "time, datetime, timedelta, Decimal) or a list of one is read from the path or "
                "the query; an object comes as `body`, `query`, `params`, `headers` or `cookies`.",
            ) from error

    def _error(self, name: str, problem: str) -> DefinitionError:
        return DefinitionError(f"{self.signature.where}: the parameter {name!r} {problem}")


def decoded_body(request: Request) -> Any:
    """The body decoded by its content type; it must have been read, or be readable here."""
    if not request.has_body:
        return None
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return request.sync.form_data()
    data = request.sync.bytes()
    if not data:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        return request.sync.json()
    return request.sync.text() if kind.startswith("text/") else data


def read_context(ctx: Context) -> Context:
    """What reads a leading parameter that is annotated `Context`."""
    return ctx


@cache
def _parser() -> Callable[[str], list[tuple[str, str]]]:
    # Loaded with the first query; the statement costs more than the call, each time.
    from portico._url_search_params import parse_urlencoded

    return parse_urlencoded


def query_pairs(ctx: Context) -> list[tuple[str, str]]:
    """The pairs of the query, as hooks have left it."""
    if ctx._query is None:  # what it would be made of
        return _parser()(ctx.request.raw_query.removeprefix("?"))
    return ctx._query.items()


PAIRS: Final[dict[str, Callable[[Context], list[tuple[str, str]]]]] = {
    "query": query_pairs,
    "params": lambda ctx: list(ctx.params.items()),
    "headers": lambda ctx: ctx.headers.items(),
    "cookies": lambda ctx: ctx.cookies.came(),
}


def _admits_none(annotation: Any) -> bool:
    from typing import get_args

    return type(None) in get_args(annotation)


def _show(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else repr(annotation)
