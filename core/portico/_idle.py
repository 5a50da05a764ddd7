"""`Idle`: what is sent while a stream gives nothing."""

from __future__ import annotations

from typing import NamedTuple


class Idle(NamedTuple):
    """What to send while a stream gives nothing.

    Attributes:
        seconds: how long it has given nothing, each time, before the chunk is sent.
        chunk: not empty; whole in itself, as the stream's own chunks are.
    """

    seconds: float
    chunk: bytes
