"""What a function's return annotation declares: the type of the answer for each status."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator, Iterable, Mapping
from types import NoneType
from typing import Any, Final, Literal, NoReturn, TypeGuard, get_args, get_origin

from portico._answer import BlockingAnswer
from portico._errors import DefinitionError
from portico._reply import Reply
from portico._response import Response
from portico._signature import EMPTY
from portico._type_forms import bare, is_union, resolved, type_name, union_of

_ANYTHING: Final = (EMPTY, Any, object)
_WHOLE_ANSWERS: Final = (Response, BlockingAnswer)
_NEVER: Final = frozenset({"Never", "NoReturn"})


class Returns:
    """What the return annotation of one function (handler or hook) declares.

    Attributes:
        where: the function, for errors: `"get_user() (app.py:12)"`.
        types: by status, the type of the value. Plain values stand under 200, or under 204 where
            None is the only plain value.
        rest: the type under every other status (`Reply[int, Problem]`), or `EMPTY`.
        is_open: whether the function may answer with any status and value: its annotation is
            missing, `Any` or `object`, or has one of these among others.
        has_response: whether it declares a `Response` or `file()`, of which nothing more is known.
        has_open_end: whether it is a generator that may return anything where it yields nothing.
    """

    __slots__ = ("has_open_end", "has_response", "is_open", "rest", "types", "where")

    def __init__(
        self,
        types: Mapping[int, Any],
        *,
        where: str = "",
        rest: Any = EMPTY,
        is_open: bool = False,
        has_response: bool = False,
        has_open_end: bool = False,
    ) -> None:
        self.types: Mapping[int, Any] = types
        self.where: str = where
        self.rest: Any = rest
        self.is_open: bool = is_open
        self.has_response: bool = has_response
        self.has_open_end: bool = has_open_end

    def __repr__(self) -> str:
        texts = [f"{code}: {type_name(tp)}" for code, tp in self.types.items()]
        return f"Returns({', '.join(texts)}{', is_open=True' if self.is_open else ''})"


def returns_of(annotation: Any, where: str = "") -> Returns:
    """Read a return annotation.

    Args:
        annotation: evaluated, or `EMPTY`. That of an `async def` is the type that is awaited.
        where: the function, for errors.

    Raises:
        DefinitionError: a `Reply` has a code that no answer has.
    """
    found = _Found(where)
    _read(annotation, found)
    is_open = "open" in found.flags
    types: dict[int, Any] = {}
    if is_open:
        types[200] = Any
    elif found.plain == [NoneType]:
        types[204] = NoneType
    elif found.plain:
        types[200] = union_of(found.plain)
    for code, values in found.replies.items():
        named = [*values, types[code]] if code in types else values
        types[code] = union_of(named)
    return Returns(
        types,
        where=where,
        rest=union_of(found.rest) if found.rest else EMPTY,
        is_open=is_open,
        has_response="response" in found.flags,
        has_open_end="open end" in found.flags,
    )


def of_error_hook(found: Returns, status: int | None) -> Returns:
    """What an error hook declares, whose plain values are sent with the status of the error.

    Args:
        found: what its annotation says.
        status: the one that it is for; None where it is for several.
    """
    plain = found.types.get(200)
    if found.is_open or plain is None:
        return found
    inner = bare(plain)
    members = get_args(inner) if is_union(inner) else (plain,)
    answers = [member for member in members if bare(member) is not NoneType]
    types = {code: tp for code, tp in found.types.items() if code != 200}
    rest = union_of([*answers, *([] if found.rest is EMPTY else [found.rest])])
    if status is not None:
        types[status] = union_of([*([types[status]] if status in types else []), *answers])
    return Returns(types, where=found.where, rest=rest, has_response=found.has_response)


def declared_responses(option: Any) -> Mapping[int, Any]:
    """The option `response=...` by status: one type stands for 200.

    Raises:
        DefinitionError: a key is no status that an answer has.
    """
    if not _is_by_status(option):
        return {200: option}
    for code in option:
        _check_code(code, "The option `response`")
    return option


def _is_by_status(option: object) -> TypeGuard[Mapping[int, Any]]:
    return isinstance(option, Mapping)


class _Found:
    """What has been read of an annotation so far."""

    __slots__ = ("flags", "plain", "replies", "rest", "where")

    def __init__(self, where: str) -> None:
        self.where = where
        self.plain: list[Any] = []
        self.replies: dict[int, list[Any]] = {}
        self.rest: list[Any] = []
        self.flags: set[Literal["open", "open end", "response"]] = set()


def _read(annotation: Any, found: _Found) -> None:
    if _is_plain_class(annotation):
        found.plain.append(annotation)
        return
    whole = EMPTY if annotation is EMPTY else resolved(annotation)
    inner = EMPTY if whole is EMPTY else bare(whole)
    origin = get_origin(inner) or inner
    if any(inner is each for each in _ANYTHING):
        found.flags.add("open")
    elif is_union(inner):
        for member in get_args(inner):
            _read(member, found)
    elif origin is Awaitable or origin is Coroutine:
        _read((get_args(inner) or (Any,))[-1], found)
    elif origin is Reply:
        _read_reply(get_args(inner) or (int, Any), found)
    elif isinstance(origin, type) and issubclass(origin, _WHOLE_ANSWERS):
        found.flags.add("response")
    elif inner is not NoReturn and getattr(inner, "_name", "") not in _NEVER:
        found.plain.append(whole)
        if origin is Generator:
            _read_end(get_args(inner), found)


def _is_plain_class(annotation: Any) -> bool:
    """Whether it is for sure a class of plain values, as most annotations are."""
    return (
        type(annotation) is type  # no alias, no abstract class
        and annotation is not object
        and annotation is not Reply
        and not issubclass(annotation, _WHOLE_ANSWERS)
    )


def _read_end(arguments: tuple[Any, ...], found: _Found) -> None:
    """What a generator returns is the answer where it yields nothing."""
    if len(arguments) != 3 or bare(arguments[2]) is NoneType:
        return
    if any(bare(arguments[2]) is each for each in _ANYTHING):
        # Its items are held to their type all the same.
        found.flags.add("open end")
    else:
        _read(arguments[2], found)


def _read_reply(arguments: Iterable[Any], found: _Found) -> None:
    code, value = arguments
    code = bare(code)
    if is_union(code):
        for member in get_args(code):
            _read_reply((member, value), found)
    elif get_origin(code) is Literal:
        for each in get_args(code):
            _check_code(each, f"The return annotation of {found.where or 'a function'}")
            found.replies.setdefault(each, []).append(resolved(value))
    else:
        found.rest.append(resolved(value))


def _check_code(code: Any, where: str) -> None:
    if type(code) is not int or not 200 <= code <= 599:
        raise DefinitionError(
            f"{where} has the status {code!r}. A response has one of 200 to 599, such as "
            "`NotFound[Problem]` or `{404: Problem}`."
        )
