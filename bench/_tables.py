"""Markdown tables, and how numbers are written in them."""

from collections.abc import Sequence

MISSING = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, are_texts: bool = False) -> str:
    """A Markdown table; columns of numbers, all but the first, are right-aligned.

    Raises:
        ValueError: a row is not as long as the head.
    """
    wrong = [row for row in rows if len(row) != len(head)]
    if wrong:
        raise ValueError(f"A row has {len(wrong[0])} cells under {len(head)} heads: {wrong[0]!r}")
    rule = ["---", *["---" if are_texts else "---:"] * (len(head) - 1)]
    return "\n".join(_line(cells) for cells in (head, rule, *rows)) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def number(value: float | None) -> str:
    """Three significant digits, without an exponent; `-` for None."""
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    size = abs(value)
    digits = 2 if size < 10 else 1 if size < 100 else 0
    return f"{value:.{digits}f}" if size >= 0.1 else f"{value:.3g}"


def times(value: float | None) -> str:
    """A ratio: `2.50x`."""
    return MISSING if value is None else f"{number(value)}x"


def microseconds(nanoseconds: float | None) -> str:
    """Nanoseconds, in microseconds, without the unit."""
    return number(None if nanoseconds is None else nanoseconds / 1000)


def milliseconds(seconds: float | None) -> str:
    """Seconds, in milliseconds, without the unit."""
    return number(None if seconds is None else seconds * 1000)


def kibibytes(count: float | None) -> str:
    """Bytes, in KiB, without the unit."""
    return number(None if count is None else count / 1024)
