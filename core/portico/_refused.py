"""Texts that could not be read as what was declared, on their way to the collector of faults."""

from __future__ import annotations


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
