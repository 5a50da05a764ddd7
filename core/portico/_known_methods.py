"""Methods of values whose class is known, and what a call of each gives.

What stands here is in C, or Portico's own; it comes back in a time in proportion to its arguments,
and runs no code of anybody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from portico._headers import Headers
from portico._held_values import check_kept, held_size
from portico._known_calls import Call, giving, giving_of_constants
from portico._known_types import (
    BOOL,
    FLOAT,
    INT,
    LIST_OF_STR,
    MAX_SIZE,
    NONE,
    OPTIONAL_STR,
    PLAIN,
    STR,
    Kinds,
    MayBlock,
    Value,
    joined,
    one,
)
from portico._url_search_params import URLSearchParams

T = TypeVar("T")


def _each(names: str, value: T) -> dict[str, T]:
    """The same for each of some names."""
    return dict.fromkeys(names.split(), value)


_CODECS: Final = frozenset({"utf-8", "utf8", "ascii", "latin-1"})  # others may have to be loaded
_ERRORS: Final = frozenset({"strict", "ignore", "replace", "backslashreplace"})


def _coding(kinds: Kinds) -> Call:
    def call(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        known = [value.constant for value in arguments[1:]]
        codecs_known = all(codec in _CODECS for codec in known[:1])
        if named or not codecs_known or not all(error in _ERRORS for error in known[1:]):
            raise MayBlock("with a codec that may have to be loaded")
        return Value(kinds, size=arguments[0].size)

    return call


def _replaced(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    old_and_new = [value.constant for value in arguments[1:]]
    if named or len(old_and_new) != 2 or not all(type(each) is str for each in old_and_new):
        raise MayBlock("with a value that is not a constant, so that it may take its time")
    old, new = old_and_new
    if not old or len(new) > 4 * len(old):
        raise MayBlock("with a text that makes it much longer")
    return Value(STR, size=arguments[0].size * max(1, -(-len(new) // len(old))))


_LONG_SEPARATOR: Final = 16


def _joined(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    if named or len(arguments) != 2 or type(arguments[0].constant) is not str:
        raise MayBlock("of a text that is not a constant")
    kinds = arguments[1].kinds
    if kinds is None or not all(kind.cls in (list, tuple) for kind in kinds):
        raise MayBlock("with a value that it iterates over")
    for kind in kinds:
        if kind.item is None or not all(item.cls in PLAIN for item in kind.item):
            raise MayBlock("with values whose type is not known")
    if len(arguments[0].constant) > _LONG_SEPARATOR:
        raise MayBlock("of a long text")
    if any(kind.cls is list for kind in kinds):  # which may have been appended to
        return Value(STR, size=MAX_SIZE)
    return Value(STR, size=arguments[1].size * (1 + len(arguments[0].constant)))


def _got(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """`dict.get`: the keys of a dict that is known are plain, so the one asked for must be."""
    if named or len(arguments) not in (2, 3) or not arguments[1].is_plain:
        raise MayBlock("with a key whose type is not known")
    default = NONE if len(arguments) == 2 else arguments[2].kinds
    items = [kind.item for kind in arguments[0].kinds or ()]
    return Value(joined((*items, default)), size=held_size(arguments[0]))


def field_got(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """`Headers.get` and `URLSearchParams.get`."""
    if not all(value.is_plain for value in (*arguments[1:], *named.values())):
        raise MayBlock("with a name whose type is not known")
    defaults = (*arguments[2:], *named.values())
    return Value(joined((OPTIONAL_STR, *(value.kinds for value in defaults))))


def _appended(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    if len(arguments) != 2 or named:
        raise MayBlock("with other arguments than it takes")
    for kind in arguments[0].kinds or ():
        if kind.is_kept:
            raise MayBlock("of a list that others may have as well")
        check_kept(kind.item, arguments[1])
    return Value(NONE)


def with_receiver(call: Call) -> Call:
    """A method whose receiver is not plain, but its arguments."""
    return lambda arguments, named: call(arguments[1:], named)


_STR: Final[dict[str, Call]] = {
    **_each(
        "capitalize casefold lower upper swapcase title removeprefix removesuffix", giving(STR)
    ),
    **_each(
        "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable "
        "isspace istitle isupper",
        giving(BOOL),
    ),
    **_each("find index count", giving(INT)),
    # These take the product of both lengths, or a length that their argument says.
    **_each("strip lstrip rstrip zfill ljust rjust center", giving_of_constants(STR)),
    **_each("rfind rindex", giving_of_constants(INT)),
    **_each("split rsplit splitlines", giving_of_constants(LIST_OF_STR)),
    **_each("partition rpartition", giving_of_constants(one(tuple, STR))),
    "replace": _replaced,
    "join": _joined,
    "encode": _coding(one(bytes)),
}


def _affix(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """`startswith` and `endswith`, which take a tuple of texts too."""
    for value in arguments[1:2]:
        kinds = value.kinds or ()
        items = [kind.item for kind in kinds if kind.cls is tuple]
        others = [kind for kind in kinds if kind.cls is not tuple and kind.cls not in PLAIN]
        if value.kinds is None or others or not all(Value(item).is_plain for item in items):
            raise MayBlock("with a value whose type is not known")
    if named or not all(value.is_plain for value in arguments[2:]):
        raise MayBlock("with a value whose type is not known")
    return Value(BOOL)


_STR["startswith"] = _STR["endswith"] = _affix

_FIELDS: Final[dict[str, Call]] = {
    "get": field_got,
    "get_all": with_receiver(giving(LIST_OF_STR)),
    "has": with_receiver(giving(BOOL)),
    "keys": with_receiver(giving(LIST_OF_STR)),
    "values": with_receiver(giving(LIST_OF_STR)),
}
METHODS: Final[dict[type, dict[str, Call]]] = {
    str: _STR,
    bytes: {
        "decode": _coding(STR),
        "hex": giving_of_constants(STR),
        "startswith": _affix,
        "endswith": _affix,
    },
    int: {"bit_length": giving(INT)},
    float: {"is_integer": giving(BOOL)},
    list: {"append": _appended},
    dict: {"get": _got},
    Headers: {
        **_FIELDS,
        "append": with_receiver(giving(NONE)),
        "set": with_receiver(giving(NONE)),
        "set_default": with_receiver(giving(NONE)),
        "delete": with_receiver(giving(NONE)),
    },
    URLSearchParams: _FIELDS,
}
STANDARD: Final[dict[str, tuple[dict[str, Kinds], dict[str, Call]]]] = {
    "UUID": ({"hex": STR, "int": INT, "version": None, "bytes": one(bytes)}, {}),
    "date": (
        _each("year month day", INT),
        {"isoformat": giving(STR), "weekday": giving(INT)},
    ),
    "datetime": (
        _each("year month day hour minute second microsecond", INT),
        {"isoformat": giving(STR), "timestamp": giving(FLOAT), "weekday": giving(INT)},
    ),
    "time": (
        _each("hour minute second microsecond", INT),
        {"isoformat": giving(STR)},
    ),
    "timedelta": ({"days": INT, "seconds": INT}, {"total_seconds": giving(FLOAT)}),
}
