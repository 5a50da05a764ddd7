"""Known differences: where a server or platform does something else by itself, and why.

Each is held as a strict expected failure: the suite is red when the difference is gone. What our
core or an adapter does wrong does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["DIFFERENCES", "Difference", "difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Cases that come out otherwise on some rows.

    Attributes:
        case: the case's name, with `*` for anything.
        rows: the rows' ids, each with `*` for anything.
        reason: what does it, and how it shows.
    """

    case: str
    rows: tuple[str, ...]
    reason: str

    def covers(self, case: str, row: str) -> bool:
        """Whether it is about this case on this row."""
        return _matches(self.case, case) and any(_matches(rows, row) for rows in self.rows)


def difference(case: str, row: str, known: Iterable[Difference] | None = None) -> Difference | None:
    """The known difference of a case on a row, if there is one."""
    candidates = DIFFERENCES if known is None else known
    return next((entry for entry in candidates if entry.covers(case, row)), None)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


DIFFERENCES: tuple[Difference, ...] = ()
