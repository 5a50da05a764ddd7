"""What happens on Lambda in place of what it does not have natively."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from portico.contract import Capability

__all__ = ["DEGRADATIONS"]

DEGRADATIONS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.STREAM_REQUEST: "the event has the whole body, which is then read in pieces",
        Capability.STREAM_RESPONSE: (
            "the stream is collected and sent as a whole when it has ended; one that never ends "
            "never leaves"
        ),
        Capability.DISCONNECT: "nothing tells of it: `signal` is never aborted for that",
        Capability.BACKGROUND: "work runs before the answer is given, which waits for it",
        Capability.STARTUP: "it is the first invocation of an environment, or a call of `start()`",
        Capability.SHUTDOWN: "an environment ends without a word: resources are never left",
        Capability.EARLY_HINTS: "`early_hints` sends nothing, and says so",
        Capability.TRAILERS: "`send_trailers` sends nothing, and says so",
        Capability.WEBSOCKET: (
            "there is no handshake: an event is one request; `Lambda(app, connections=...)` serves "
            "the handlers of `open`, `message` and `close` behind a WebSocket API"
        ),
        Capability.TOPICS: (
            "`subscribe` is a `CapabilityError`, and so is `publish` without a broker of the "
            "application's own"
        ),
        Capability.MULTIPLE_SET_COOKIE: (
            "VPC Lattice, and a load balancer without multi-value headers, take the last one "
            "alone: a warning, or an error with `strict`"
        ),
        Capability.RAW_PATH: "an HTTP API decodes the path, so that encoded slashes are lost",
        Capability.REPEATED_HEADERS: (
            "payload format 2.0 and VPC Lattice join their values with commas; a load balancer "
            "without multi-value headers keeps the last"
        ),
    }
)
"""By capability, for each that is emulated or absent."""
