"""What happens on WSGI in place of what it does not have natively."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from portico.contract import Capability

__all__ = ["DEGRADATIONS"]

DEGRADATIONS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.STREAM_REQUEST: (
            "a read waits until a whole piece is there, as long as the server lets it "
            "(`body_timeout` bounds nothing), and some servers collect the body first"
        ),
        Capability.DISCONNECT: "it is seen when the next piece of a stream cannot be sent",
        Capability.BACKGROUND: "work runs after the answer, in the worker that gave it",
        Capability.STARTUP: "it is the first request of each process, or a call of `start()`",
        Capability.SHUTDOWN: "it is the end of the interpreter, which no killed process comes to",
        Capability.DEADLINE: "`deadline` is None",
        Capability.EARLY_HINTS: "`early_hints` sends nothing, and says so",
        Capability.TRAILERS: "`send_trailers` sends nothing, and says so",
        Capability.WEBSOCKET: "there is no handshake: the request is one like any other",
        Capability.TOPICS: (
            "`subscribe` is a `CapabilityError`, and so is `publish` without a broker of the "
            "application's own"
        ),
        Capability.RAW_PATH: (
            "a server that gives neither REQUEST_URI nor RAW_URI loses encoded slashes"
        ),
        Capability.REPEATED_HEADERS: "the server joins their values with commas",
    }
)
"""By capability, for each that is emulated or absent."""
