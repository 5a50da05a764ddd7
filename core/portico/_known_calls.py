"""Calls that are known to come back at once, and what they give.

There is a fixed list of them. Each is in C, or Portico's own; none runs code of anybody else's as
long as its arguments are what the list asks for, and none takes longer than in proportion to them.
A call that is not in the list, or whose arguments are not known, may block.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import EnumType
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import Any, Final, TypeAlias

from portico._errors import HTTPError, PorticoError
from portico._headers import Headers
from portico._held_values import held_size
from portico._known_types import (
    BOOL,
    CONTAINERS,
    FLOAT,
    HOOKS,
    INT,
    MAX_SIZE,
    NOTHING,
    NUMBER,
    NUMBERS,
    PLAIN,
    STR,
    Kind,
    Kinds,
    MayBlock,
    Value,
    joined,
    one,
)
from portico._redirect import redirect
from portico._reply import Problem, Reply, status
from portico._response import Response

Call: TypeAlias = Callable[[Sequence[Value], dict[str, Value]], Value]
"""What a call gives, of its arguments by place and by name; it raises `MayBlock`."""

_LONG: Final = 1000
"""Characters: no constant may make a text longer than this."""


def _plain(arguments: Sequence[Value], named: dict[str, Value]) -> None:
    """Refuse arguments whose comparison, hash or text may be code of anybody's."""
    for value in (*arguments, *named.values()):
        if not value.is_plain:
            raise MayBlock("with a value whose type is not known")


def constants(arguments: Sequence[Value], named: dict[str, Value]) -> None:
    """Refuse arguments that are not in the code: the work grows with them beyond proportion."""
    for value in (*arguments, *named.values()):
        if value.constant is NOTHING:
            raise MayBlock("with a value that is not a constant, so that it may take its time")
        if isinstance(value.constant, int) and abs(value.constant) > _LONG:
            raise MayBlock(f"with {value.constant}, which makes a long text")


def giving(kinds: Kinds) -> Call:
    """A call with plain arguments."""

    def call(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        _plain(arguments, named)
        sizes = (value.size for value in (*arguments, *named.values()))
        return Value(kinds, size=max(sizes, default=1))

    return call


def giving_of_constants(kinds: Kinds) -> Call:
    """A call of which only the first argument, that of a method, comes from elsewhere."""

    def call(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        _plain(arguments, named)
        constants(arguments[1:], named)
        return Value(kinds, size=arguments[0].size)

    return call


def made(cls: type) -> Call:
    """An object that only keeps what it is made of."""
    return lambda arguments, named: Value(one(cls))


# Functions


def _of_known(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """The length, or the class, of something whose class is known."""
    if len(arguments) != 1 or named or not _is_builtin(arguments[0]):
        raise MayBlock("with a value whose type is not known")
    return Value(INT)


def _truth(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    _of_known(arguments, named)
    return Value(BOOL)


def _is_builtin(value: Value) -> bool:
    kinds = value.kinds
    return kinds is not None and all(k.cls in PLAIN or k.cls in CONTAINERS for k in kinds)


def _text(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    if len(arguments) > 1 or named or not all(map(is_textual, arguments)):
        raise MayBlock("with a value whose type is not known")
    return Value(STR, size=sum(value.size for value in arguments))


def is_textual(value: Value) -> bool:
    """Whether its text is made without code of anybody's."""
    # The text of bytes is a warning where Python is told to warn of it.
    return value.is_plain and bytes not in {kind.cls for kind in value.kinds or ()}


def _integer(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    # Of a long text it takes the square of the length, which Python therefore limits.
    if len(arguments) > 1 or named or not 0 < sys.get_int_max_str_digits() <= 10_000:
        raise MayBlock("with a base, or without Python's limit of digits")
    _plain(arguments, named)
    return Value(INT, size=sum(value.size for value in arguments))


def _container(cls: type) -> Call:
    def call(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        if not arguments:
            items = joined(value.kinds for value in named.values()) if named else None
            return Value(one(cls, items))
        if cls is dict:
            raise MayBlock("with a value that it iterates over")
        items = (_plain_items if cls is set else _items)(arguments, named)
        return Value(one(cls, items), size=held_size(arguments[0]))

    return call


def _is_instance(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    # Of an unknown object it asks the `__class__`, which lazy objects answer with a query.
    cls = arguments[1].known if len(arguments) == 2 else NOTHING
    if type(cls) is not type and not _is_silent_struct(cls):
        raise MayBlock("with a class that may have a say in it")
    kinds = arguments[0].kinds
    if kinds is None or not all(map(_tells_its_class, kinds)):
        raise MayBlock("with a value whose type is not known")
    return Value(BOOL)


def _tells_its_class(kind: Kind) -> bool:
    return kind.cls in PLAIN or kind.cls in CONTAINERS or _is_silent_struct(kind.cls)


def _is_silent_struct(cls: Any) -> bool:
    if type(cls) is type or "msgspec" not in sys.modules:
        return False
    from portico._struct_types import is_silent

    return is_silent(cls)


def _items(arguments: Sequence[Value], named: dict[str, Value]) -> Kinds:
    """What a container holds that a call goes through, without code of anybody's."""
    kinds = arguments[0].kinds if len(arguments) == 1 and not named else None
    if kinds is None or not all(kind.cls in _ITERATED for kind in kinds):
        raise MayBlock("with a value that it iterates over")
    return joined(kind.item for kind in kinds)


_ITERATED: Final = frozenset({list, tuple, set, frozenset})


def _plain_items(arguments: Sequence[Value], named: dict[str, Value]) -> Kinds:
    items = _items(arguments, named)
    if not Value(items).is_plain:
        raise MayBlock("with values whose type is not known")
    return items


def _any_of(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    _plain_items(arguments, named)
    return Value(BOOL)


def _sum(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    items = _plain_items(arguments, named)
    if any(kind.cls not in NUMBERS for kind in items or ()):
        raise MayBlock("with what may be no number")
    return Value(NUMBER, size=held_size(arguments[0]))


def _least(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    if len(arguments) == 1:
        return Value(_plain_items(arguments, named), size=held_size(arguments[0]))
    if not arguments or named:
        raise MayBlock("with a function of which nothing is known")
    _plain(arguments, named)
    return Value(joined(value.kinds for value in arguments), size=max(v.size for v in arguments))


def _magnitude(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    _plain(arguments, named)
    if any(kind.cls not in NUMBERS for value in arguments for kind in value.kinds or ()):
        raise MayBlock("with what may be no number")
    if len(arguments) != 1:
        raise MayBlock("with other arguments than it takes")
    return Value(NUMBER, size=max(value.size for value in arguments))


# Portico's own


def with_headers(cls: type, plain: Sequence[str]) -> Call:
    """A call that reads the header fields that it gets, and `plain` arguments; it keeps others.

    Args:
        cls: what it makes.
        plain: the names of its parameters in order; those with a star in front may be anything.
    """
    places = [name.lstrip("*") for name in plain]
    free = {name[1:] for name in plain if name.startswith("*")}

    def call(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        for name, value in (*zip(places, arguments, strict=False), *named.items()):
            if name == "headers":
                _headers(value)
            elif name not in free:
                _plain((value,), {})
        return Value(one(cls))

    return call


def _headers(value: Value) -> None:
    """Refuse header fields that are made by anybody's code."""
    for kind in value.kinds or ():
        if kind.cls is dict:
            _plain((Value(kind.item),), {})
        elif kind.cls not in (NoneType, Headers):
            raise MayBlock("with header fields whose type is not known")
    if value.kinds is None:
        raise MayBlock("with header fields whose type is not known")


_FUNCTIONS: Final[dict[Any, Call]] = {
    len: _of_known,
    str: _text,
    repr: _text,
    int: _integer,
    float: giving(FLOAT),
    bool: _truth,
    abs: _magnitude,
    min: _least,
    max: _least,
    sum: _sum,
    any: _any_of,
    all: _any_of,
    isinstance: _is_instance,
    list: _container(list),
    dict: _container(dict),
    set: _container(set),
    tuple: _container(tuple),
    object: made(object),
    status: with_headers(Reply, ("code", "*value", "headers")),
    redirect: giving(one(Response)),
    Problem: made(Problem),
    HTTPError: with_headers(HTTPError, ("status", "*value", "headers")),
    Response: with_headers(Response, ("body", "status", "headers")),
    Headers: with_headers(Headers, ("headers",)),
}
_PORTICO: Final = (HTTPError, PorticoError)
_IN_PYTHON: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE (CPython's Include/object.h)
_CONTROL: Final = (StopIteration, StopAsyncIteration)
"""Exceptions that mean something else where they leave a coroutine than where they leave a call."""


def is_listed(function: object) -> bool:
    """Whether a function is in the list, so that its own code is of no interest."""
    from portico._known_standard import standard_call

    return function in _FUNCTIONS or standard_call(function) is not None


def result_of(function: Any, arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """What a call of a function or class gives.

    Raises:
        MayBlock: it is not in the list, or its arguments are not what the list asks for.
    """
    if type(function) in (type, FunctionType, BuiltinFunctionType):
        call = _FUNCTIONS.get(function)
        if call is not None:
            return call(arguments, named)
        if is_plain_exception(function):
            if issubclass(function, HTTPError):
                return _FUNCTIONS[HTTPError](arguments, named)
            return Value(one(function))
        from portico._known_standard import standard_call

        call = standard_call(function)
        if call is not None:
            return call(arguments, named)
    elif type(function) is EnumType:
        return _member(function, arguments, named)
    elif _is_silent_struct(function):
        return Value(frozenset({Kind(function)}))
    raise MayBlock("")


def _member(cls: EnumType, arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """The member of an enumeration that has a value."""
    from portico._declared_types import enum_kinds

    _plain(arguments, named)
    if len(arguments) != 1 or named:
        raise MayBlock("with other arguments than a value")
    return Value(enum_kinds(cls))


def is_plain_exception(cls: Any) -> bool:
    """Whether a class is an exception that can be made and raised without code of its own."""
    if type(cls) is not type or not issubclass(cls, Exception) or issubclass(cls, _CONTROL):
        return False
    own = [base for base in cls.__mro__ if base.__flags__ & _IN_PYTHON and base not in _PORTICO]
    return all(type(base) is type and HOOKS.isdisjoint(vars(base)) for base in own)


def limited(value: Value, *, product: bool = False) -> Value:
    """The same value, unless it may have grown too large.

    Args:
        value: the value.
        product: whether it took more time to make than in proportion to its size.

    Raises:
        MayBlock: it may.
    """
    if value.size > (MAX_SIZE // 4 if product else MAX_SIZE):
        raise MayBlock("makes ever larger values")
    return value
