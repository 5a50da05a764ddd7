"""What the terminal can show: its width, its characters, its colours."""

import os
import shutil
from dataclasses import dataclass
from typing import Literal, TextIO

Colour = Literal["green", "red", "dim", "bold"]

_CODES: dict[Colour, str] = {"green": "32", "red": "31", "dim": "2", "bold": "1"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """A place to print.

    Attributes:
        width: in characters.
        encoding: of what is printed; what it lacks is shown escaped.
        coloured: whether escape sequences for colours are understood and wanted.
    """

    width: int = 120
    encoding: str = "utf-8"
    coloured: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> "Terminal":
        """The terminal that a stream leads to; colours only for a TTY, none with NO_COLOR."""
        wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(
            shutil.get_terminal_size((120, 24)).columns,
            stream.encoding or "ascii",
            stream.isatty() and wanted,
        )

    def shown(self, text: str) -> str:
        """The text as it can be printed on one line: control characters are escaped."""
        line = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
        )
        return line.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def cut(self, text: str, width: int) -> str:
        """The text as it can be printed in so many characters; marked where some are left out."""
        line = self.shown(text)
        if len(line) <= width:
            return line
        mark = "…" if self._has("…") else ".."
        return line[: max(width - len(mark), 0)] + mark

    def rule(self, width: int) -> str:
        """A line across."""
        return ("─" if self._has("─") else "-") * width

    def paint(self, text: str, colour: Colour) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.coloured else text

    def _has(self, char: str) -> bool:
        try:
            char.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True
