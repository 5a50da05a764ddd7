"""Attribute values of DynamoDB, as Python values.

A number is an `int` where it is whole, else a `Decimal`, which keeps all of its 38 digits; a set is
a list, since items of it may be bytes.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from portico import PeerError
from portico_lambda._fields import as_table, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico_lambda._fields import Fields


def item_of(fields: Fields) -> dict[str, Any]:
    """An item: attribute values by name.

    Raises:
        PeerError: one of them is none.
    """
    return {name: value_of(value) for name, value in fields.items()}


def value_of(value: object) -> Any:
    """One attribute value: an object with one member, whose name is the type."""
    members = list(as_table(value, "an attribute value").items())
    if len(members) != 1 or members[0][0] not in _READERS:
        names = sorted(name for name, _ in members)
        raise PeerError(f"The event has an attribute value with the members {names}.")
    ((kind, inner),) = members
    try:
        return _READERS[kind](inner)
    except (InvalidOperation, Base64Error, TypeError, ValueError):
        raise PeerError(f"The event has an attribute value that is no {kind!r}.") from None


def _number(value: Any) -> int | Decimal:
    if not isinstance(value, str):
        raise TypeError  # `Decimal` takes other things for numbers
    number = Decimal(value)
    return int(value) if "." not in value and "e" not in value.lower() else number


def _bytes(value: Any) -> bytes:
    return a2b_base64(value, strict_mode=True)  # else it skips what is none


def _texts(value: Any) -> list[Any]:
    return listed(value, "a set")


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "S": lambda value: value,
    "N": _number,
    "B": _bytes,
    "BOOL": lambda value: value,
    "NULL": lambda value: None,
    "M": lambda value: item_of(as_table(value, "a map")),
    "L": lambda value: [value_of(each) for each in listed(value, "a list")],
    "SS": _texts,
    "NS": lambda value: [_number(each) for each in _texts(value)],
    "BS": lambda value: [_bytes(each) for each in _texts(value)],
}
