"""`OpenWork`: the requests of a process whose background work the end of it waits for.

Work runs in the server's threads. Those of some servers are daemons, which end with the interpreter
wherever they are.
"""

from __future__ import annotations

from _thread import TIMEOUT_MAX, allocate_lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _thread import LockType

    from portico.contract import Platform


class OpenWork:
    """The requests that are answered and not over."""

    __slots__ = ("_lock", "_open", "_waits")

    def __init__(self) -> None:
        self._open: set[Platform] = set()
        self._lock = allocate_lock()
        # Held until who waits for the end may go on.
        self._waits: LockType | None = None

    def add(self, platform: Platform) -> None:
        """Keep a request in mind."""
        with self._lock:
            self._open.add(platform)

    def discard(self, platform: Platform) -> None:
        """Forget a request: it is over."""
        with self._lock:
            self._open.discard(platform)
            if self._waits is not None and self._is_done():
                self._waits.release()
                self._waits = None

    def end(self, seconds: float) -> None:
        """Wait for work that was given, and report by name what is not done by then."""
        waits = allocate_lock()
        with self._lock:
            if not self._is_done():
                waits.acquire()
                self._waits = waits
        waits.acquire(timeout=min(seconds, TIMEOUT_MAX))
        with self._lock:
            self._waits, left = None, list(self._open)
        for platform in left:
            platform.give_up(f"the application has stopped, and waited {seconds} s for it")

    def _is_done(self) -> bool:
        return not any(platform.unfinished for platform in self._open)
