"""`OpenWork`: the requests of a process whose background work the end of it waits for.

Work runs in the server's threads. Those of some servers are daemons, which end with the interpreter
wherever they are.
"""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portico.contract import Platform


class OpenWork:
    """The requests that are answered and not over."""

    __slots__ = ("_changed", "_open")

    def __init__(self) -> None:
        self._open: set[Platform] = set()
        self._changed = Condition()

    def add(self, platform: Platform) -> None:
        """Keep a request in mind."""
        with self._changed:
            self._open.add(platform)

    def discard(self, platform: Platform) -> None:
        """Forget a request: it is over."""
        with self._changed:
            self._open.discard(platform)
            self._changed.notify_all()

    def end(self, seconds: float) -> None:
        """Wait for work that was given, and report by name what is not done by then."""
        with self._changed:
            self._changed.wait_for(self._is_done, seconds)
            left = list(self._open)
        for platform in left:
            platform.give_up(f"the application has stopped, and waited {seconds} s for it")

    def _is_done(self) -> bool:
        return not any(platform.unfinished for platform in self._open)
