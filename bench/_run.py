"""One run of a mode: with whom, how long, and what it had to leave out."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench._contenders import Contender
from bench._environments import ROOT, Environments
from bench._settings import Settings

Result = dict[str, Any]


class Run:
    """What a mode measures with.

    Attributes:
        left_out: by who or what was left out, the reason in one line.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        environments: Environments,
        settings: Settings,
        logs: Path,
    ) -> None:
        self.contenders = contenders
        self.environments = environments
        self.settings = settings
        self.logs = logs
        self.left_out: dict[str, str] = {}

    def behind(self, interface: str) -> list[Contender]:
        """The contenders of an interface."""
        return [one for one in self.contenders if one.interface == interface]

    def leave_out(self, what: str, reason: str) -> None:
        """Print the reason whole, and keep its first line for the report."""
        lines = reason.replace(str(ROOT), ".").strip().splitlines() or ["it gave no reason"]
        print(f"left out: {what}:", "\n".join(lines), file=sys.stderr)
        self.left_out[what] = lines[0][:300]


def last_line(output: str | None) -> str:
    """What a process that failed said last."""
    return next(reversed((output or "").strip().splitlines()), "it said nothing")
