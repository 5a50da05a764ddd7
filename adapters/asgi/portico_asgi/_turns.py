"""`Turns`: when a stream lets the other tasks of its loop have a turn.

A stream that never waits, sent to a server that never does (hypercorn, granian and daphne, once the
peer is gone), would keep everybody else from running, the task among them that sees the peer leave.
So it takes a turn after each chunk of `LARGE` bytes, to which that adds little. After a short chunk
it would cost several times what the chunk does. So there one is taken once `SHARE` seconds have
passed since the last: by so much, and one chunk, others wait longer than if the stream had waited.

Even to read the clock costs a fifth of what a short chunk does, so that it is read after the first
chunk and then less and less often, for as long as chunks take no time to speak of. After chunks
that take long it is read each time again. So nobody waits for more than the time that one slow
chunk takes, but where a stream changes its pace: then for `MOST` of them, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LARGE: Final = 16 * 1024
SHARE: Final = 0.001
_GROWTH: Final = 8
MOST: Final = _GROWTH**2

_QUICK: Final = SHARE / 8


class Turns:
    """Those that one stream takes.

    Args:
        checkpoint: awaited, gives the others a turn.
        clock: seconds.

    Attributes:
        is_due: whether it is time for one.
    """

    __slots__ = ("_asked", "_checkpoint", "_clock", "_since", "_stride", "is_due")

    def __init__(
        self, checkpoint: Callable[[], Awaitable[None]], clock: Callable[[], float]
    ) -> None:
        self._checkpoint = checkpoint
        self._clock = clock
        self._since = self._asked = clock()
        self._stride = 1
        self.is_due: bool = False

    def ask(self, size: int) -> int:
        """Look whether one `is_due`; returns after how many chunks to ask again.

        A chunk of `LARGE` bytes asks in any case.

        Args:
            size: that of the chunk that was sent last.
        """
        now = self._clock()
        if now - self._asked >= _QUICK:
            self._stride = 1
        elif self._stride < MOST:
            self._stride *= _GROWTH
        self._asked = now
        self.is_due = size >= LARGE or now - self._since >= SHARE
        return self._stride

    async def take(self) -> None:
        """Take the one that is due."""
        self.is_due = False
        await self._checkpoint()
        self._asked = self._since = self._clock()
