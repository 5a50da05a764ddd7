"""`Fault`: one place where an input is not what was declared, and how it is told."""

from __future__ import annotations

from typing import Final, NamedTuple

from portico._faults import MISSING

_NEVER_SHOWN: Final = frozenset({"headers", "cookies"})
_LONGEST_SHOWN: Final = 200


class Fault(NamedTuple):
    """One place where the input is not what was declared.

    Attributes:
        part: `"body"`, `"query"`, `"path"`, `"headers"` or `"cookies"`.
        pointer: a JSON pointer (RFC 6901) into the part: `"/tags/1"`, or `""` for its root.
        expected: what should be there, as a noun phrase: `"an integer of at least 1"`; or the text
            of the ValueError by which a class refused its fields.
        found: what was there, or `MISSING`. It may be a secret: show it through `describe` alone.
    """

    part: str
    pointer: str
    expected: str
    found: object = MISSING

    def __str__(self) -> str:
        return f"{self.part}{self.pointer}: expected {self.expected}"

    def describe(self, *, debug: bool = False) -> dict[str, object]:
        """The members of a problem+json error: `in`, `pointer`, `expected` and, in debug, `found`.

        What was found is left out for headers, cookies and secret fields. Texts are cut after 200
        characters and containers are named instead of shown, so that no nested secret goes along.
        """
        members: dict[str, object] = {
            "in": self.part,
            "pointer": self.pointer,
            "expected": self.expected,
        }
        if debug and self.found is not MISSING and self.part not in _NEVER_SHOWN:
            members["found"] = _shown(self.found)
        return members


def _shown(found: object) -> object:
    match found:
        case None | bool() | float():
            return found
        case int():
            # A number of thousands of digits is as little help as a text of that length.
            return found if abs(found) < 10**_LONGEST_SHOWN else "a very large integer"
        case str():
            return found if len(found) <= _LONGEST_SHOWN else found[:_LONGEST_SHOWN] + "..."
        case dict():
            return "an object"
        case list() | tuple():
            return "an array"
        case _:
            return f"a value of type {type(found).__name__}"
