"""What is wrong with an input: the error that has every `Fault`, and what stands for a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portico._fault import Fault

MAX_FAULTS: Final = 256
"""How many faults one value reports; without a limit a small body would buy a huge answer."""


class Missing:
    """The type of `MISSING`, of which there is one, also in copies and behind a pickle."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""Stands where no value was found, or where the value must not be shown."""


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


def describe_type(tp: object) -> str:
    """What a type expects, in the words that its faults use: `"an integer of at least 1"`."""
    from portico._coerce import simple_scalar

    simple = simple_scalar(tp, part="query")
    if simple is not None:
        return simple.expected
    from portico._expected import expectation
    from portico._schema_msgspec import describe

    return expectation(describe(tp))
