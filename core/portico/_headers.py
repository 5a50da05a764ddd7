"""`Headers`: the ordered multi-map of header fields (Fetch Standard section 2.2.2 and 5.1).

Names are lower case. Values are text in which each character stands for one byte (latin-1, RFC 9110
section 5.5), so that what came from the wire goes back to it unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TypeAlias, cast

HeadersInit: TypeAlias = "Headers | Mapping[str, str] | Iterable[tuple[str, str]]"

_WHITESPACE = " \t\r\n"

# Fields that real traffic repeats; a name seen here needs neither check nor lower-casing.
_known_names: dict[str, str] = {}
_KNOWN_NAMES_LIMIT = 512


class Headers:
    """Header fields, in the order in which they were given, duplicates kept.

    Iteration yields `(name, value)` pairs. Several `set-cookie` fields are never joined (RFC 6265
    section 3); any other repeated field reads as one value joined by `", "` (RFC 9110 section 5.3).

    Args:
        init: another `Headers`, a mapping, or pairs of name and value.

    Raises:
        ValueError: a name is not a token, or a value has a character that HTTP does not allow.
    """

    __slots__ = ("_pairs",)

    def __init__(self, init: HeadersInit | None = None) -> None:
        self._pairs: list[tuple[str, str]] = []
        if init is None:
            return
        if isinstance(init, Headers):
            self._pairs = init._pairs.copy()
            return
        for name, value in _pairs_of(init):
            self.append(name, value)

    @classmethod
    def from_wire(cls, fields: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Build from fields that a server has already checked; names may have any case.

        White space around a value is no part of it (RFC 9112 section 5.1); some parsers, such as
        llhttp, leave what follows it.
        """
        headers = cls()
        headers._pairs = [
            (name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))
            for name, value in fields
        ]
        return headers

    @classmethod
    def from_pairs(cls, pairs: list[tuple[str, str]]) -> Headers:
        """Take over a list of lower-cased names and values that were already checked."""
        headers = cls()
        headers._pairs = pairs
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a field, repeated fields joined by `", "`; the first for `set-cookie`."""
        name = name.lower()
        found = None
        for key, value in self._pairs:
            if key == name:
                if found is not None:
                    return found if name == "set-cookie" else ", ".join(self.get_all(name))
                found = value
        return default if found is None else found

    def get_all(self, name: str) -> list[str]:
        """Every value of a field, in order; empty when there is none."""
        name = name.lower()
        return [value for key, value in self._pairs if key == name]

    def get_set_cookie(self) -> list[str]:
        """Every `set-cookie` value, in order (Fetch Standard `getSetCookie()`)."""
        return self.get_all("set-cookie")

    def has(self, name: str) -> bool:
        """Whether a field of that name is there."""
        name = name.lower()
        return any(key == name for key, _ in self._pairs)

    def append(self, name: str, value: str) -> None:
        """Add a field, keeping those of the same name."""
        key = _known_names.get(name) or _checked_name(name)
        self._pairs.append((key, _plain_value(value) or _checked_value(name, value)))

    def set(self, name: str, value: str) -> None:
        """Replace every field of that name by one, at the place of the first."""
        key = _known_names.get(name) or _checked_name(name)
        pair, pairs = (key, _plain_value(value) or _checked_value(name, value)), self._pairs
        for index, present in enumerate(pairs):
            if present[0] == key:
                pairs[index] = pair
                if index + 1 < len(pairs):
                    pairs[index + 1 :] = [other for other in pairs[index + 1 :] if other[0] != key]
                return
        pairs.append(pair)

    def set_default(self, name: str, value: str) -> None:
        """Add a field unless one of that name is there."""
        if not self.has(name):
            self.append(name, value)

    def add_missing(self, others: Headers) -> None:
        """Add the fields whose names are not there, and every `set-cookie`."""
        present = {name for name, _ in self._pairs}
        present.discard("set-cookie")
        self._pairs += [pair for pair in others._pairs if pair[0] not in present]

    def delete(self, name: str) -> None:
        """Remove every field of that name; nothing happens when there is none."""
        name = name.lower()
        self._pairs = [pair for pair in self._pairs if pair[0] != name]

    def keys(self) -> list[str]:
        """The names, each once, in order of first appearance."""
        return list(dict(self._pairs))

    def values(self) -> list[str]:
        """The values of all fields, in order."""
        return [value for _, value in self._pairs]

    def items(self) -> list[tuple[str, str]]:
        """The pairs of name and value, in order, duplicates kept."""
        return self._pairs.copy()

    def to_wire(self) -> list[tuple[bytes, bytes]]:
        """The fields as bytes, names lower case, in order."""
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self._pairs]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs.copy())

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, Headers) else NotImplemented

    def __repr__(self) -> str:
        # Values may be credentials, and a repr ends up in logs.
        return f"Headers({', '.join(self.keys())})"


def _pairs_of(init: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    if isinstance(init, Mapping):
        return cast("Mapping[str, str]", init).items()
    return init


# Most names are known after a while and most values are plain: what asks for an expression is rare,
# and a start that compiles none is shorter.


@cache
def _is_name() -> Callable[[str], object]:
    return re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


@cache
def _is_value() -> Callable[[str], object]:
    # RFC 9110 section 5.5: visible characters, space, tab and obs-text. CR, LF and NUL would end
    # the field on servers that do not look; the other control characters some servers refuse late.
    return re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


def _checked_name(name: str) -> str:
    known = _known_names.get(name)
    if known is not None:
        return known
    if not _is_name()(name):
        raise ValueError(
            f"The header name {name!r} is not valid. A name is letters, digits and "
            "!#$%&'*+-.^_`|~ (RFC 9110 section 5.1). Remove the other characters."
        )
    lowered = name.lower()
    if len(_known_names) < _KNOWN_NAMES_LIMIT:
        _known_names[name] = lowered
    return lowered


def _plain_value(value: str) -> str | None:
    """The value of a field where it is printable ASCII, as nearly all are; else None, or empty."""
    if value.__class__ is str and value.isascii() and value.isprintable():
        return value.strip(" ")
    return None


def _checked_value(name: str, value: str) -> str:
    try:
        value = value.strip(_WHITESPACE)
    except (AttributeError, TypeError):
        raise TypeError(
            f"The value of the header {name!r} is {value!r} of type {type(value).__name__}. "
            "Expected a text. Convert it with `str()`, or decode it."
        ) from None
    is_value = _is_value()
    if not is_value(value):
        position = next(i for i, char in enumerate(value) if not is_value(char))
        raise ValueError(
            f"The value of the header {name!r} has the character U+{ord(value[position]):04X} at "
            f"position {position}. Header values are latin-1 text without control characters "
            "(RFC 9110 section 5.5). Encode the value, for example by percent-encoding."
        )
    return value
