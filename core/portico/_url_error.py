"""The error of a string that is no URL."""

from __future__ import annotations

from portico._errors import PorticoError


class URLError(PorticoError, ValueError):
    """A string is not a URL, or not one that can be resolved against the given base."""

    def __init__(self, problem: str, value: str, remedy: str) -> None:
        # A hostile peer can send megabytes here, and the message ends up in logs.
        shown = value if len(value) <= 200 else f"{value[:200]}..."
        super().__init__(f"{problem}: {shown!r}. {remedy}")
