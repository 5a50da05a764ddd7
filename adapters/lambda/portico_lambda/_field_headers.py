"""`FieldHeaders`: the header fields of an event, listed only where that is asked for."""

from __future__ import annotations

from portico import Headers


class FieldHeaders(Headers):
    """Header fields over those of an event, each of which has one value.

    Most requests are asked for one field or none. A field that is asked for by its name alone is
    looked up; anything else lists all of them, once, and forgets the event's.

    Args:
        fields: names and values, checked, the names lower-cased.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, str]) -> None:
        # Not `super().__init__`: `_pairs` is made by `__getattr__`, where it is not there yet.
        self._fields: dict[str, str] | None = fields

    def __getattr__(self, name: str) -> list[tuple[str, str]]:
        if name != "_pairs" or self._fields is None:
            raise AttributeError(name)
        self._pairs = [*self._fields.items()]
        self._fields = None  # from here on the pairs may be changed
        return self._pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a field."""
        if self._fields is None:
            return super().get(name, default)
        return self._fields.get(name.lower(), default)

    def get_all(self, name: str) -> list[str]:
        """The value of a field, of which there is one at most; empty when there is none."""
        if self._fields is None:
            return super().get_all(name)
        value = self.get(name)
        return [] if value is None else [value]

    def has(self, name: str) -> bool:
        """Whether a field of that name is there."""
        return super().has(name) if self._fields is None else name.lower() in self._fields
