"""Attributes and methods of values whose class is known, and what they give.

What stands here is in C, or Portico's own, and comes back at once. What does not may be anything:
a property that asks a database, a method that sleeps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from portico._context import Context, Settings
from portico._headers import Headers
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
    Kind,
    Kinds,
    MayBlock,
    Value,
    joined,
    one,
)
from portico._request import Request
from portico._url_search_params import URLSearchParams


class Method(NamedTuple):
    """A method that was taken of a value, to be called.

    Attributes:
        receiver: the value.
        calls: what a call of it gives, for each thing that the value may be.
    """

    receiver: Value
    calls: Sequence[Call]

    def result(self, arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        """What a call gives.

        Raises:
            MayBlock: it may block.
        """
        arguments = (self.receiver, *arguments)
        results = [call(arguments, named) for call in self.calls]
        kinds = joined(result.kinds for result in results)
        return Value(kinds, size=max((result.size for result in results), default=1))


# What is put into something that changes is read from it again under another name, so that its
# size is lost on the way: small things may be put in, and none that comes out counts as small.
_HELD: Final = MAX_SIZE // 8


def held_size(holder: Value) -> int:
    """The size of something that is read from a container, or from a field."""
    return max(holder.size, _HELD)


def check_kept(kinds: Kinds, value: Value) -> None:
    """Refuse to put a value where values of some kinds are known to be.

    Raises:
        MayBlock: it may be of another kind, or large.
    """
    if value.size > _HELD:
        raise MayBlock("keeps a large value")
    if kinds is not None and (value.kinds is None or not value.kinds <= kinds):
        raise MayBlock("puts a value of another type among those whose type is known")


_ATTRIBUTES: Final[dict[type, dict[str, Kinds]]] = {
    Context: {
        "path": STR,
        "route": STR,
        "headers": one(Headers),
        "query": one(URLSearchParams),
        "set": one(Settings),
        "request": one(Request),
        "params": None,
    },
    Request: {"method": STR, "raw_path": STR, "raw_query": STR, "headers": one(Headers)},
    Settings: {"status": None, "headers": one(Headers)},
}
_SET: Final[dict[type, frozenset[str]]] = {Settings: frozenset({"status"})}

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
    if len(new) > 4 * len(old):
        raise MayBlock("with a text that makes it much longer")
    return Value(STR, size=arguments[0].size * max(1, -(-len(new) // len(old))))


def _joined(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    if named or len(arguments) != 2 or type(arguments[0].constant) is not str:
        raise MayBlock("of a text that is not a constant")
    kinds = arguments[1].kinds
    if kinds is None or not all(kind.cls in (list, tuple) for kind in kinds):
        raise MayBlock("with a value that it iterates over")
    for kind in kinds:
        if kind.item is None or not all(item.cls in PLAIN for item in kind.item):
            raise MayBlock("with values whose type is not known")
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


def _field_got(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """`Headers.get` and `URLSearchParams.get`."""
    if not all(value.is_plain for value in (*arguments[1:], *named.values())):
        raise MayBlock("with a name whose type is not known")
    defaults = (*arguments[2:], *named.values())
    return Value(joined((OPTIONAL_STR, *(value.kinds for value in defaults))))


def _appended(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    if len(arguments) != 2 or named:
        raise MayBlock("with other arguments than it takes")
    for kind in arguments[0].kinds or ():
        check_kept(kind.item, arguments[1])
    return Value(NONE)


def _with_receiver(call: Call) -> Call:
    """A method whose receiver is not plain, but its arguments."""
    return lambda arguments, named: call(arguments[1:], named)


_STR: Final[dict[str, Call]] = {
    **dict.fromkeys(
        "capitalize casefold lower upper swapcase title removeprefix removesuffix".split(),
        giving(STR),
    ),
    **dict.fromkeys(
        "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable "
        "isspace istitle isupper".split(),
        giving(BOOL),
    ),
    **dict.fromkeys("find index count".split(), giving(INT)),
    # These take the product of both lengths, or a length that their argument says.
    **dict.fromkeys("strip lstrip rstrip zfill ljust rjust center".split(), giving_of_constants(STR)),
    **dict.fromkeys("rfind rindex".split(), giving_of_constants(INT)),
    **dict.fromkeys("split rsplit splitlines".split(), giving_of_constants(LIST_OF_STR)),
    **dict.fromkeys("partition rpartition".split(), giving_of_constants(one(tuple, STR))),
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
    "get": _field_got,
    "get_all": _with_receiver(giving(LIST_OF_STR)),
    "has": _with_receiver(giving(BOOL)),
    "keys": _with_receiver(giving(LIST_OF_STR)),
    "values": _with_receiver(giving(LIST_OF_STR)),
}
_METHODS: Final[dict[type, dict[str, Call]]] = {
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
        "append": _with_receiver(giving(NONE)),
        "set": _with_receiver(giving(NONE)),
        "set_default": _with_receiver(giving(NONE)),
        "delete": _with_receiver(giving(NONE)),
    },
    URLSearchParams: _FIELDS,
}
_STANDARD: Final[dict[str, tuple[dict[str, Kinds], dict[str, Call]]]] = {
    "UUID": ({"hex": STR, "int": INT, "version": None, "bytes": one(bytes)}, {}),
    "date": (
        dict.fromkeys("year month day".split(), INT),
        {"isoformat": giving(STR), "weekday": giving(INT)},
    ),
    "datetime": (
        dict.fromkeys("year month day hour minute second microsecond".split(), INT),
        {"isoformat": giving(STR), "timestamp": giving(FLOAT), "weekday": giving(INT)},
    ),
    "time": (dict.fromkeys("hour minute second microsecond".split(), INT), {"isoformat": giving(STR)}),
    "timedelta": ({"days": INT, "seconds": INT}, {"total_seconds": giving(FLOAT)}),
}


def attribute(value: Value, name: str) -> Value:
    """What an attribute of a value is, a method included.

    Raises:
        MayBlock: it may be code that blocks.
    """
    if value.kinds is None:
        raise MayBlock(_taking(name, value))
    found: list[Value] = []
    calls: list[Call] = []
    for kind in value.kinds:
        member = _member(kind, name)
        if member is None:
            raise MayBlock(f"takes the attribute `{name}` of {kind.cls.__qualname__}")
        if not isinstance(member, Value):
            calls.append(member)
        elif member is not _RAISES:
            found.append(member)
    if found and calls:
        raise MayBlock(_taking(name, value))
    if calls:
        return Value(known=Method(value, calls), name=name)
    kinds = joined(member.kinds for member in found)
    return Value(kinds, name=name, size=value.size)


def _taking(name: str, value: Value) -> str:
    of = f"`{value.name}`" if value.name else "a value"
    return f"takes the attribute `{name}` of {of}, whose type is not known"


_RAISES: Final = Value(frozenset())
"""What there is not, so that no code goes on after it was asked for."""


def _member(kind: Kind, name: str) -> Value | Call | None:
    """An attribute or method; None where it may be anything."""
    cls = kind.cls
    if cls in _METHODS and name in _METHODS[cls]:
        return _METHODS[cls][name]
    if cls in _ATTRIBUTES:
        return Value(_ATTRIBUTES[cls][name]) if name in _ATTRIBUTES[cls] else None
    if cls in PLAIN and cls not in _METHODS and cls.__name__ in _STANDARD:
        attributes, methods = _STANDARD[cls.__name__]
        return Value(attributes[name]) if name in attributes else methods.get(name)
    if cls in PLAIN and not hasattr(cls, name):
        return _RAISES
    if type(cls) is not type and "msgspec" in sys.modules:
        from portico._struct_types import field, is_silent

        return field(kind, name) if is_silent(cls) else None
    return None


def set_attribute(holder: Value, name: str, value: Value) -> None:
    """Refuse to set an attribute that may be code, or of whose value something is known.

    Raises:
        MayBlock: it is such a one.
    """
    for kind in holder.kinds or ():
        if name in _SET.get(kind.cls, ()):
            continue
        member = _member(kind, name) if type(kind.cls) is not type else None
        if not isinstance(member, Value):
            raise MayBlock(f"sets the attribute `{name}` of {kind.cls.__qualname__}")
        if value.size > 1:  # its size is lost, as that of an item; see `_HELD`
            raise MayBlock("keeps a large value")
        check_kept(member.kinds, value)
    if holder.kinds is None:
        raise MayBlock(f"sets the attribute `{name}` of a value whose type is not known")
