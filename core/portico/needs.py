"""What an application needs of a runtime: the values that `Portico.needs` is made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from portico._runtime import Capability

__all__ = ["MEANINGS", "Need", "RouteNeeds"]

MEANINGS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.STREAM_REQUEST: "a body is read while the client sends it",
        Capability.STREAM_RESPONSE: "an answer is sent while it is made",
        Capability.DISCONNECT: "code is told that the client is gone",
        Capability.BACKGROUND: "work runs after the answer, in nobody's way",
        Capability.STARTUP: "resources are entered before the first request",
        Capability.SHUTDOWN: "resources are left at the end",
        Capability.SHARED_RESOURCES: "requests share what does I/O, such as a pool",
        Capability.THREADS: "what blocks runs in a thread",
        Capability.FILESYSTEM: "files are read and written",
        Capability.SOCKETS: "connections are opened",
        Capability.DEADLINE: "code is told when the platform ends the call",
        Capability.EARLY_HINTS: "103 is sent before the answer",
        Capability.TRAILERS: "fields are sent behind the body",
        Capability.WEBSOCKET: "a connection becomes a WebSocket",
        Capability.TOPICS: "what is published reaches WebSockets that have subscribed",
        Capability.MULTIPLE_SET_COOKIE: "an answer sets several cookies",
        Capability.RAW_PATH: "the path is seen as it was sent, encoded slashes among it",
        Capability.REPEATED_HEADERS: "fields that were sent several times are seen one by one",
    }
)
"""What a runtime does that has a capability."""


class Need(NamedTuple):
    """One thing that is needed, and who says so.

    Attributes:
        capability: what.
        why: who needs it and what for, as a sentence without its stop.
        is_declared: whether the route says it with `needs`. Then it makes no sense without: a
            runtime that lacks it refuses the application. What is inferred is known from the code;
            where a runtime has it not, that code gets what the runtime has instead.
    """

    capability: Capability
    why: str
    is_declared: bool


class RouteNeeds(NamedTuple):
    """What one route needs.

    Attributes:
        method: `"*"` stands for every method; empty for what the application needs as a whole.
        path: the pattern; empty likewise.
        where: file and line of the registration; empty likewise.
        needs: one for each capability, in the order of `Capability`.
        is_open: whether a function hands its context on, so that there may be others.
    """

    method: str
    path: str
    where: str
    needs: tuple[Need, ...]
    is_open: bool
