"""A class whose schema is written by hand: any library's can stand in its place."""

from collections.abc import Iterable
from typing import Any, Literal

from portico import Fault, SchemaError


class ByHand:
    """A class whose schema is written by hand, without any library."""

    def __init__(self, number: int, name: str, tags: list[int]) -> None:
        self.number = number
        self.name = name
        self.tags = tags

    @classmethod
    def __schema_adapter__(cls, tp: object) -> "HandMadeSchema":
        return HandMadeSchema()


class HandMadeSchema:
    """What a library of anyone's gives Portico: an object with these methods."""

    vendor = "by hand"

    def validate(self, value: object, *, part: str, coerce: bool = False) -> ByHand:
        """Check every member, and collect the faults."""
        members: dict[str, Any] = {**value} if isinstance(value, dict) else {}
        number, name, tags = (members.get(key) for key in ("number", "name", "tags"))
        faults: list[Fault] = []
        if type(number) is not int or number < 0:
            faults.append(Fault(part, "/number", "a number by hand", number))
        if not isinstance(name, str | None):
            faults.append(Fault(part, "/name", "a name by hand", name))
        for index, tag in enumerate(tags or ()):
            if type(tag) is not int:
                faults.append(Fault(part, f"/tags/{index}", "a tag by hand", tag))
        if faults:
            raise SchemaError(faults)
        return ByHand(number or 0, "?" if name is None else name, tags or [])

    def validate_json(self, data: bytes, *, part: str) -> ByHand:
        """Decode, then check."""
        from msgspec.json import decode

        return self.validate(decode(data), part=part)

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> ByHand:
        """Read texts as numbers where they are, then check."""
        members: dict[str, Any] = {}
        for name, value in pairs:
            key, text = name.lower(), str(value)
            if key == "tags":
                members.setdefault(key, []).extend(map(_number, text.split(", ")))
            else:
                members[key] = text if key == "name" else _number(text)
        return self.validate(members, part=part)

    def dump_json(self, value: ByHand) -> bytes:
        """Write the members."""
        from msgspec.json import encode

        return encode({"number": value.number, "name": value.name, "tags": value.tags})

    def json_schema(
        self, ref_template: str, mode: Literal["validation", "serialization"]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Say little."""
        return {"type": "object"}, {}


def _number(text: str) -> object:
    return int(text) if text.isdecimal() else text
