"""What a route, group, guard or `Hooks` may be given by name, and the hooks that this makes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict, TypeGuard, cast

from portico._errors import DefinitionError
from portico._hook import PARTS, Hook, Kind, Scope

if TYPE_CHECKING:
    from portico._context import Context
    from portico._key import RequestKey
    from portico._response import Response
    from portico._runtime import Capability
    from portico._span import Span

ContextHook: TypeAlias = "Callable[[Context], object]"
ParseHook: TypeAlias = "Callable[[Context, str], object]"
ValueHook: TypeAlias = "Callable[[Context, Any], object]"
ResponseHook: TypeAlias = "Callable[[Context, Response], object]"
ErrorHook: TypeAlias = "Callable[[Context, Any], object]"
TraceHook: TypeAlias = "Callable[[Context, Span], object]"
AnyRequestKey: TypeAlias = "RequestKey[..., Any, Any]"

# fmt: off
# 500 is not among them: it is the status of every exception that has none of its own.
ErrorStatus: TypeAlias = Literal[
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418,
    421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 501, 502, 503, 504, 505, 507, 508, 511,
]
# fmt: on
"""A status whose error hooks get an `HTTPError`."""


class SharedOptions(TypedDict, total=False):
    """What every request has, one for a WebSocket among them; see `HookOptions`."""

    before_parse: ContextHook | Sequence[ContextHook]
    transform: ContextHook | Sequence[ContextHook]
    derive: AnyRequestKey | Sequence[AnyRequestKey]
    resolve: AnyRequestKey | Sequence[AnyRequestKey]
    before_handle: ContextHook | Sequence[ContextHook]
    after_handle: ValueHook | Sequence[ValueHook]
    map_response: ValueHook | Sequence[ValueHook]
    after_response: ResponseHook | Sequence[ResponseHook]
    error: (
        ErrorHook
        | Sequence[ErrorHook]
        | Mapping[type[Exception] | int, ErrorHook | Sequence[ErrorHook]]
    )
    trace: TraceHook | Sequence[TraceHook]
    query: Any
    params: Any
    headers: Any
    cookies: Any
    tags: list[str] | tuple[str, ...]
    detail: Mapping[str, Any]


class HookOptions(SharedOptions, total=False):
    """The hooks, keys, schemas and descriptions that reach one route or several.

    Every hook is one function or several, in the order in which they are to run.

    Attributes:
        before_parse: see `Portico.before_parse`; so with the other hooks.
        parse: functions, and the names of parsers: `"json"`, `"text"`, `"form"`, `"bytes"`,
            `"none"` (the body is left to the handler), or one of `Portico.parser`.
        derive: keys of `Portico.derive` that run before validation.
        resolve: keys of `Portico.resolve` that run after it.
        error: functions for every error, or a mapping of exception classes and statuses to them.
        body, query, params, headers, cookies: types that the parts of the request must have; a
            handler that binds the part itself overrides it.
        response: what the answers must have: a type for 200, or a mapping of statuses to types.
        tags, detail: descriptions for the API's documentation; tags add up, members of `detail`
            override outer ones.
    """

    parse: str | ParseHook | Sequence[str | ParseHook]
    body: Any
    response: Any


class GuardOptions(HookOptions, total=False):
    """What a group or guard may be given.

    Attributes:
        standalone: whether its schemas are held to beside those of its routes, instead of being
            overridden by them.
        blocking: whether its synchronous functions may block.
    """

    standalone: bool
    blocking: bool


class RouteOptions(HookOptions, total=False):
    """What a registration may say about its route.

    Attributes:
        blocking: whether its synchronous functions may block; False keeps them on the event loop.
        needs: capabilities without which the route makes no sense; an adapter of a runtime that
            lacks one refuses the application when it is constructed.
        on_disconnect: what happens to the handler when its peer leaves, whatever the adapter's
            option says: `"signal"` aborts `request.signal`, `"cancel"` cancels the handler too.
    """

    blocking: bool
    on_disconnect: Literal["signal", "cancel"]
    needs: Collection[Capability]


_FUNCTIONS: Final[tuple[Kind, ...]] = (
    "before_parse",
    "parse",
    "transform",
    "before_handle",
    "after_handle",
    "map_response",
    "after_response",
    "trace",
)
DESCRIPTIONS: Final = frozenset({"tags", "detail"})


def check_options(options: Mapping[str, Any], known: type, what: str) -> None:
    """Refuse an option that there is not, and a value that none can have.

    Raises:
        DefinitionError: naming it, and those that there are.
    """
    names: list[str] = list(known.__annotations__)
    for base in getattr(known, "__orig_bases__", ()):
        names = [*getattr(base, "__annotations__", ()), *names]
    names = list(dict.fromkeys(names))
    if unknown := set(options) - set(names):
        raise DefinitionError(
            f"{what} has the unknown option {min(unknown)!r}. There are {', '.join(names)}."
        )
    for name, value in options.items():
        expected = _unexpected(name, value)
        if expected:
            raise DefinitionError(f"{what} has {name}={value!r}. It is {expected}.")


def _unexpected(name: str, value: Any) -> str:
    """What the value of an option must be where it is something else, or `""`."""
    if name in ("standalone", "blocking") and not isinstance(value, bool):
        return "True or False"
    if name == "on_disconnect" and value not in ("signal", "cancel"):
        return "'signal' or 'cancel'"
    if name == "detail" and not isinstance(value, Mapping):
        return "a mapping, such as {'summary': 'All users'}"
    if name in ("tags", "needs") and (isinstance(value, str) or not isinstance(value, Collection)):
        return f"a list, such as [{value!r}]"
    return ""


def hooks_of(
    options: Mapping[str, Any],
    *,
    blocking: bool | None,
    where: str,
    owner: str,
    standalone: bool = False,
    scope: Scope = "local",
) -> Iterator[Hook]:
    """The hooks that options make, in the order of the lifecycle."""

    def hook(kind: Kind, target: Any, matches: Any = None, *, adds: bool = False) -> Hook:
        return Hook(
            kind,
            target,
            scope=scope,
            matches=matches,
            standalone=adds,
            blocking=blocking,
            owner=owner,
            where=where,
        )

    for kind in _FUNCTIONS:
        for target in _several(options.get(kind)):
            yield hook(kind, _checked(kind, target, where))
    for kind in cast("tuple[Kind, ...]", ("derive", "resolve")):
        for key in _several(options.get(kind)):
            yield key_hook(kind, key, scope=scope, where=where, owner=owner)
    for matches, target in _errors(options.get("error"), where):
        yield hook("error", target, matches)
    for part in PARTS:
        if part in options:
            yield hook("schema", options[part], part, adds=standalone)
    if "response" in options:
        for status, tp in _responses(options["response"], where).items():
            yield hook("schema", tp, ("response", status))
    if not DESCRIPTIONS.isdisjoint(options):
        yield hook("describe", {name: options[name] for name in DESCRIPTIONS & options.keys()})


def key_hook(kind: Kind, key: Any, *, scope: Scope, where: str, owner: str) -> Hook:
    """The hook that runs a key's function on every route that it reaches.

    Raises:
        DefinitionError: it is no key of that kind.
    """
    source: Hook | None = getattr(key, "hook", None)
    if source is None or source.kind != kind:
        other = "" if source is None else f", which is a {source.kind}"
        raise DefinitionError(
            f"{where}: the option {kind!r} got {key!r}{other}. It takes what `@app.{kind}` "
            "returned."
        )
    return Hook(
        kind,
        key,
        scope=scope,
        blocking=source.blocking,
        owner=owner,
        where=where,
        identity=key,
    )


def _several(given: Any) -> Iterable[Any]:
    if given is None:
        return ()
    return given if _is_list(given) else (given,)


def _is_list(given: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(given, Sequence) and not isinstance(given, str)


def _checked(kind: Kind, target: Any, where: str) -> Any:
    if callable(target) or (kind == "parse" and isinstance(target, str)):
        return target
    raise DefinitionError(
        f"{where}: the option {kind!r} got {target!r}. It takes a function, or a list of "
        "functions; `Hooks` have no name."
    )


def _errors(given: Any, where: str) -> Iterator[tuple[Any, Any]]:
    if isinstance(given, Mapping):
        for matches, targets in cast("Mapping[object, Any]", given).items():
            check_error_match(matches, where)
            for target in _several(targets):
                yield matches, _checked("error", target, where)
    else:
        for target in _several(given):
            yield None, _checked("error", target, where)


def check_match(kind: Kind, matches: Any, where: str) -> None:
    """Refuse what a hook of a kind cannot be for.

    Raises:
        DefinitionError: an error hook is for no exception class or status, a parse hook for no
            media type.
    """
    if kind == "error":
        check_error_match(matches, where)
    elif kind == "parse":
        check_media_type(matches, where)


def check_error_match(matches: object, where: str) -> None:
    """Refuse what no error can match.

    Raises:
        DefinitionError: it is neither an exception class nor a status of 400 to 599.
    """
    if isinstance(matches, type) and issubclass(matches, Exception):
        return
    if isinstance(matches, int) and 400 <= matches <= 599:
        return
    raise DefinitionError(
        f"{where}: an error hook for {matches!r}. It is for a class of exceptions, for a status of "
        "400 to 599, or without either for every error."
    )


def check_media_type(matches: str, where: str) -> None:
    """Refuse what no request has as its media type.

    Raises:
        DefinitionError: it has no slash, or has parameters.
    """
    kind, slash, rest = matches.partition("/")
    if not (kind and slash and rest) or ";" in rest or matches != matches.strip():
        raise DefinitionError(
            f"{where} is for the media type {matches!r}. It is written without parameters, such "
            "as 'application/yaml'."
        )


def _responses(given: Any, where: str) -> dict[int, Any]:
    if not isinstance(given, Mapping):
        return {200: given}
    types = cast("Mapping[int, Any]", given)
    for status in types:
        if type(status) is not int or not 200 <= status <= 599:
            raise DefinitionError(
                f"{where}: the option 'response' has the status {status!r}. It is a number of 200 "
                "to 599, such as 404."
            )
    return dict(types)
