"""A text that could not be read as the scalar that was declared."""

from __future__ import annotations


class Refused:
    """Stands in the place of such a text: no declared type takes it, so validation reports it.

    Attributes:
        text: the text as it came.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text
