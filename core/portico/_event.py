"""An event that tasks wait for, of the library that runs them."""

from __future__ import annotations

from typing import Protocol


class Event(Protocol):
    """What is set once, and waited for until then."""

    def set(self) -> object:
        """Let those pass who wait, now and later."""
        ...

    async def wait(self) -> object:
        """Wait until it is set."""
        ...


def new_event() -> Event:
    """An event of the library that runs the current task."""
    try:
        from anyio import Event as AnyioEvent
    except ImportError:  # a runtime without it, such as Workers, runs asyncio
        from asyncio import Event as AsyncioEvent

        return AsyncioEvent()
    return AnyioEvent()
