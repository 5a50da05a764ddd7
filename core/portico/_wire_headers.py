"""`WireHeaders`: the fields that a server gave as bytes, decoded as far as they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._headers import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping


class WireHeaders(Headers):
    """Header fields over those of the wire.

    Most requests are asked for one field or none. A field that is asked for by its name alone is
    decoded alone; anything else decodes all of them, once.

    Args:
        fields: names and values, as a server has checked them; names may have any case.
        by_name: the same, or None where a name repeats.
    """

    __slots__ = ("_by_name", "_fields")

    def __init__(
        self, fields: list[tuple[bytes, bytes]], by_name: Mapping[bytes, bytes] | None
    ) -> None:
        # Not `super().__init__`: `_pairs` is made by `__getattr__`, where it is not there yet.
        self._fields = fields
        self._by_name = by_name

    def __getattr__(self, name: str) -> list[tuple[str, str]]:
        if name != "_pairs":
            raise AttributeError(name)
        self._by_name = None  # from here on the pairs may be changed
        self._pairs = Headers.from_wire(self._fields)._pairs
        return self._pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a field, repeated fields joined by `", "`; the first for `set-cookie`."""
        by_name = self._by_name
        if by_name is not None:
            value = by_name.get(name.lower().encode("latin-1", "replace"))
            if value is not None:
                return value.decode("latin-1").strip(" \t")
            if _are_lower(by_name):
                return default
        return super().get(name, default)

    def get_all(self, name: str) -> list[str]:
        """Every value of a field, in order; empty when there is none."""
        if self._by_name is None:
            return super().get_all(name)
        value = self.get(name)
        return [] if value is None else [value]

    def has(self, name: str) -> bool:
        """Whether a field of that name is there."""
        return super().has(name) if self._by_name is None else self.get(name) is not None


def _are_lower(names: Mapping[bytes, bytes]) -> bool:
    """Whether names are lower case, so that one that was not found is not there."""
    joined = b"".join(names)
    return joined == joined.lower()
