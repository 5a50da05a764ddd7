"""What became of one runtime: its answers, or why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from portico_conformance.runtimes import WireResponse

Answer = WireResponse | str
"""What came back; a text says why nothing did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One runtime, after it was asked.

    Attributes:
        name: the runtime's.
        interface: how the application was spoken to.
        answers: one for each request; none where it did not run.
        port: where it serves, on 127.0.0.1.
        start: seconds from being told to start until it was ready.
        work: seconds for all the answers.
        missing: what it lacks here, with the command that gets it.
        failure: why it did not start although nothing is missing.
    """

    name: str
    interface: str
    answers: Sequence[Answer] = field(default_factory=tuple[Answer, ...])
    port: int = 0
    start: float = 0.0
    work: float = 0.0
    missing: str = ""
    failure: str = ""

    @property
    def ran(self) -> bool:
        """Whether it started."""
        return not (self.missing or self.failure)
