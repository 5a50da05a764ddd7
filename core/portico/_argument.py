"""`Argument`: one bound parameter, and the reading of all those of a function in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

from portico._context import UNPARSED
from portico._errors import InvalidInputError
from portico._media import JSON
from portico._pattern import RESERVED_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portico._argument_source import TextsCall
    from portico._coerce import TextParameter
    from portico._context import Context
    from portico._fault import Fault
    from portico._faults import SchemaError

    Read = Callable[[Context], Any]
    # What decodes JSON in ASCII, and what says why it could not.
    Decoding = tuple[Callable[[bytes], Any], Callable[..., Exception]]

GENERAL: Final[Any] = object()
"""Stands for the value of a function that was not called, which is left to the general way."""

_JSON: Final = JSON.type
_NOTHING: Final[Mapping[str, str]] = {}
# Where the text of a step is, in the sources that are at hand for a request.
_NOWHERE: Final = 0
_PATH: Final = 1
_QUERY: Final = 2


class Argument:
    """One bound parameter: how its value is read, and what that needs of the body.

    Attributes:
        name: the parameter.
        keyword: whether it is passed by name.
        read: gives the value; raises `SchemaError` with its faults.
        body: what it takes of the body: `""`, `"auto"` (by content type), `"bytes"`, `"form"`
            or `"stream"`.
        is_key: whether its value is that of a key, which may not be there before the call.
        part: the part of the request that it takes as a whole: a reserved name, or `""`.
        texts: how texts of the path or the query that have its name are read, where it is made of
            these; `read` does the same.
        decoding: how a body of JSON is decoded, where there is nothing else to it; `read` does the
            same.
    """

    __slots__ = ("body", "decoding", "is_key", "keyword", "name", "part", "read", "texts")

    def __init__(
        self,
        name: str,
        keyword: bool,
        read: Read,
        body: str = "",
        *,
        is_key: bool = False,
        texts: TextParameter | None = None,
        decoding: Decoding | None = None,
    ) -> None:
        self.name = name
        self.keyword = keyword
        self.read = read
        self.body = body
        self.is_key = is_key
        self.part = name if name in RESERVED_NAMES and not is_key else ""
        self.texts = texts
        self.decoding = decoding


# How one argument is read, as a plain tuple, which the interpreter takes apart the fastest:
# - where the text is that it is made of, if it is made of one, and its name there;
# - what reads that text, or returns it `Refused`;
# - its value where no text came; MISSING where there is none;
# - the general way: for what is no text, or not one of the declared type.
_Step: TypeAlias = "tuple[int, str, Callable[[str], Any], Any, Read]"


def caller_of(arguments: Sequence[Argument], fn: Callable[..., Any]) -> Callable[[Context], Any]:
    """A function that reads the values of the arguments and calls `fn` with them.

    It raises `InvalidInputError` with every fault of every argument.
    """
    if len(arguments) == 1 and arguments[0].texts is None and not arguments[0].keyword:
        (argument,) = arguments
        general = _caller_of_one(argument.read, fn)
        return _caller_of_body(argument.decoding, general, fn) if argument.decoding else general
    from portico._faults import MISSING, Refused, SchemaError

    steps, read_query = _steps_of(arguments, with_keys=True)
    positional = not any(each.keyword for each in arguments)

    def call(ctx: Context) -> Any:
        values: list[Any] = []
        query = _NOTHING
        if read_query is not None:  # as hooks have left it
            changed = ctx._query
            query = read_query(ctx.request.raw_query) if changed is None else dict(changed.items())
        sources = (_NOTHING, ctx.params, query)
        try:
            for source, name, scalar, default, read in steps:
                text = sources[source].get(name)
                if text and (value := scalar(text)).__class__ is not Refused:
                    values.append(value)
                elif text is None and default is not MISSING:
                    values.append(default)
                else:
                    values.append(read(ctx))
        except SchemaError as error:
            rest = [step[-1] for step in steps[len(values) + 1 :]]
            raise InvalidInputError(_all_faults(error, rest, ctx)) from None
        return fn(*values) if positional else call_by_kind(fn, arguments, values)

    plain = plain_caller_of(arguments, fn)
    return call if plain is None else _trying(plain, call)


def plain_caller_of(arguments: Sequence[Argument], fn: Callable[..., Any]) -> TextsCall | None:
    """The same for texts, where nothing else is bound, without a context; see `texts_caller`."""
    texts = [(each.texts, each.keyword) for each in arguments if _is_text(each.texts)]
    if len(texts) < len(arguments):
        return None
    from portico._argument_source import texts_caller

    _, read_query = _steps_of(arguments, with_keys=True)
    return texts_caller(texts, fn, read_query)


def _trying(plain: TextsCall, general: Callable[[Context], Any]) -> Callable[[Context], Any]:
    def call(ctx: Context) -> Any:
        if ctx._query is None:  # as it came
            value = plain(ctx.params, ctx.request.raw_query)
            if value is not GENERAL:
                return value
        return general(ctx)

    return call


def _is_text(texts: TextParameter | None) -> TypeGuard[TextParameter]:
    return texts is not None and not texts.many


def _caller_of_one(read: Read, fn: Callable[..., Any]) -> Callable[[Context], Any]:
    from portico._faults import MAX_FAULTS, SchemaError

    def call(ctx: Context) -> Any:
        try:
            value = read(ctx)
        except SchemaError as error:
            raise InvalidInputError(error.faults[:MAX_FAULTS]) from None
        return fn(value)

    return call


def _caller_of_body(
    decoding: Decoding, general: Callable[[Context], Any], fn: Callable[..., Any]
) -> Callable[[Context], Any]:
    """The same as `general` for a body of JSON: what nearly all send needs no closer look."""
    from portico._faults import MAX_FAULTS, SchemaError

    decode, refused = decoding

    def invalid(error: Exception) -> Exception:
        if isinstance(error, SchemaError):
            return InvalidInputError(error.faults[:MAX_FAULTS])
        return error

    def call(ctx: Context) -> Any:
        request = ctx.request
        if ctx._parsed is not UNPARSED or request._content_type() != _JSON:
            return general(ctx)
        data = request._data
        if data is None:
            data = request._bytes_here()
        if not data or not data.isascii():
            return general(ctx)
        try:
            value = decode(data)
        except (ValueError, RecursionError) as error:
            # Bound to no name, or it would hold this frame, and the frame it, until a collection.
            raise invalid(refused(data, error, part="body")) from None
        return fn(value)

    return call


def collector_of(
    arguments: Sequence[Argument],
) -> Callable[[Context, list[Fault]], list[Any]]:
    """A function that gives the values of the arguments, and adds what is wrong to a list.

    None stands in the place of a value that is wrong, and of one of a key, which is read later.
    """
    from portico._faults import MISSING, Refused, SchemaError

    steps, read_query = _steps_of(arguments, with_keys=False)

    def collect(ctx: Context, faults: list[Fault]) -> list[Any]:
        values: list[Any] = []
        query = _NOTHING
        if read_query is not None:  # as hooks have left it
            changed = ctx._query
            query = read_query(ctx.request.raw_query) if changed is None else dict(changed.items())
        sources = (_NOTHING, ctx.params, query)
        for source, name, scalar, default, read in steps:
            text = sources[source].get(name)
            if text and (value := scalar(text)).__class__ is not Refused:
                values.append(value)
            elif text is None and default is not MISSING:
                values.append(default)
            else:
                try:
                    values.append(read(ctx))
                except SchemaError as error:
                    faults += error.faults
                    values.append(None)
        return values

    return collect


def _steps_of(
    arguments: Sequence[Argument], *, with_keys: bool
) -> tuple[list[_Step], Callable[[str], Mapping[str, str]] | None]:
    """How arguments are read, and what reads the query where one of them is of it."""
    from portico._faults import MISSING

    steps = [_step_of(each, MISSING, with_keys=with_keys) for each in arguments]
    if all(step[0] != _QUERY for step in steps):
        return steps, None
    from portico._url_search_params import last_values

    return steps, last_values


def _step_of(argument: Argument, required: object, *, with_keys: bool) -> _Step:
    if argument.is_key and not with_keys:
        return (_NOWHERE, "", _nothing, None, argument.read)
    texts = argument.texts
    if texts is None or texts.many:
        return (_NOWHERE, "", _nothing, required, argument.read)
    source = _PATH if texts.part == "path" else _QUERY
    return (source, argument.name, texts.read_one, texts.default, argument.read)


def _nothing(text: str) -> Any:
    return text


def _all_faults(first: SchemaError, rest: Sequence[Read], ctx: Context) -> Sequence[Fault]:
    """Every fault of every part: those of the first one that failed, and of the ones after it."""
    from portico._faults import MAX_FAULTS, SchemaError

    faults = list(first.faults)
    for read in rest:
        try:
            read(ctx)
        except SchemaError as error:
            faults += error.faults
    return faults[:MAX_FAULTS]


def call_by_kind(fn: Callable[..., Any], arguments: Sequence[Argument], values: list[Any]) -> Any:
    """Call a function with values, those of keyword parameters by name."""
    pairs = list(zip(arguments, values, strict=True))
    return fn(
        *(value for argument, value in pairs if not argument.keyword),
        **{argument.name: value for argument, value in pairs if argument.keyword},
    )
