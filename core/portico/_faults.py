"""What is wrong with an input: one `Fault` for every place, all of them in one `SchemaError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_FAULTS: Final = 256
"""How many faults one value reports; without a limit a small body would buy a huge answer."""

_NEVER_SHOWN: Final = frozenset({"headers", "cookies"})
_LONGEST_SHOWN: Final = 200


class Missing:
    """The type of `MISSING`, of which there is one, also in copies and behind a pickle."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""Stands where no value was found, or where the value must not be shown."""


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


class SchemaError(ValueError):
    """A value does not have the declared shape.

    Attributes:
        faults: every fault, never none, in the order of the declaration; at most `MAX_FAULTS`.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__()

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault in self.faults[:10])

    def __repr__(self) -> str:
        return f"SchemaError({str(self)!r})"


class Refused:
    """Stands in the place of a text that is no scalar of the declared type.

    No declared type takes it, so validation reports it.

    Attributes:
        text: the text as it came.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class HugeNumber(Refused):
    """Stands in the place of a JSON number beyond a double, too large or too small for it.

    A Decimal takes it; to a float the small one is 0.
    """

    __slots__ = ()


def pointer_to(base: str, *steps: str | int) -> str:
    """The JSON pointer `base`, followed by member names and indexes (RFC 6901 section 3)."""
    for step in steps:
        base += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return base


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


def describe_type(tp: object) -> str:
    """What a type expects, in the words that its faults use: `"an integer of at least 1"`."""
    from portico._coerce import simple_scalar

    simple = simple_scalar(tp, part="query")
    if simple is not None:
        return simple.expected
    from portico._expected import expectation
    from portico._schema_msgspec import describe

    return expectation(describe(tp))
