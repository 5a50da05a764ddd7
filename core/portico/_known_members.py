"""Attributes and methods of values whose class is known, and what they give.

What stands here is in C, or Portico's own, and comes back at once. What does not may be anything:
a property that asks a database, a method that sleeps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import EnumType
from typing import Final, NamedTuple

from portico._context import Context, Settings
from portico._headers import Headers
from portico._held_values import check_kept
from portico._known_calls import Call
from portico._known_enums import has_member, is_plain_enum, member_kinds, plain_enum
from portico._known_methods import METHODS, STANDARD, with_receiver
from portico._known_standard import class_constant, class_method
from portico._known_types import (
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


ATTRIBUTES: Final[dict[type, dict[str, Kinds]]] = {
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
HOLDERS: Final[set[type]] = {Settings}
"""Portico's own classes whose attributes may be set, to what they are known to be."""


def attribute(value: Value, name: str) -> Value:
    """What an attribute of a value is, a method included.

    Raises:
        MayBlock: it may be code that blocks.
    """
    if value.kinds is None:
        return _of_known(value, name)
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


def _of_known(value: Value, name: str) -> Value:
    """An attribute of a class."""
    known = value.known
    if is_plain_enum(known) and has_member(known, name):
        return Value(plain_enum(known), name=name)
    if type(known) is type:
        call, kinds = class_method(known, name), class_constant(known, name)
        if call is not None:
            return Value(known=Method(value, [with_receiver(call)]), name=name)
        if kinds is not None:
            return Value(kinds, name=name)
    raise MayBlock(_taking(name, value))


def _taking(name: str, value: Value) -> str:
    of = f"`{value.name}`" if value.name else "a value"
    return f"takes the attribute `{name}` of {of}, whose type is not known"


_RAISES: Final = Value(frozenset())
"""What there is not, so that no code goes on after it was asked for."""


def _member(kind: Kind, name: str) -> Value | Call | None:
    """An attribute or method; None where it may be anything."""
    cls = kind.cls
    if cls is Context and name == "cookies":
        from portico._known_cookies import JAR  # it puts what it knows into the tables

        return JAR
    if name in METHODS.get(cls, ()):
        return METHODS[cls][name]
    if type(cls) is EnumType:
        return Value(member_kinds(cls, name)) if name in ("name", "value") else None
    if cls in ATTRIBUTES:
        return Value(ATTRIBUTES[cls][name]) if name in ATTRIBUTES[cls] else None
    if cls in PLAIN and cls not in METHODS and cls.__name__ in STANDARD:
        attributes, methods = STANDARD[cls.__name__]
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
        settable = type(kind.cls) is not type or kind.cls in HOLDERS
        member = _member(kind, name) if settable else None
        if not isinstance(member, Value):
            raise MayBlock(f"sets the attribute `{name}` of {kind.cls.__qualname__}")
        if kind.is_kept:
            raise MayBlock(f"sets the attribute `{name}` of what others may have as well")
        if value.size > 1:  # its size is lost, as that of an item; see `_HELD`
            raise MayBlock("keeps a large value")
        check_kept(member.kinds, value)
    if holder.kinds is None:
        raise MayBlock(f"sets the attribute `{name}` of a value whose type is not known")
