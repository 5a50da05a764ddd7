"""What happens on Workers in place of what they do not have natively."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from portico.contract import Capability

__all__ = ["DEGRADATIONS"]

DEGRADATIONS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.DISCONNECT: "it is seen when a stream is given up; a handler is not told",
        Capability.STARTUP: "it is the first request of each isolate",
        Capability.SHUTDOWN: "an isolate ends without a word: resources are never left",
        Capability.SHARED_RESOURCES: (
            "each request enters its own, and leaves it after its answer, unless it is `io=False`"
        ),
        Capability.THREADS: (
            "what blocks is called in place, and holds up the isolate meanwhile; a body that "
            "synchronous code takes as a stream is read whole before (`max_body_size`) where the "
            "runtime cannot set a stack aside"
        ),
        Capability.FILESYSTEM: "each isolate has its own, in memory",
        Capability.SOCKETS: "they go through the runtime's `connect`, where it lets them",
        Capability.DEADLINE: "`deadline` is None",
        Capability.EARLY_HINTS: "`early_hints` sends nothing, and says so",
        Capability.TRAILERS: "`send_trailers` sends nothing, and says so",
        Capability.WEBSOCKET: "the upgrade is not made: the request is one like any other",
        Capability.TOPICS: (
            "`subscribe` is a `CapabilityError`, and so is `publish` without a broker of the "
            "application's own"
        ),
        Capability.REPEATED_HEADERS: "the runtime joins their values with commas",
    }
)
"""By capability, for each that is emulated or absent."""
