"""What happens on ASGI in place of what it does not have natively."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from portico.contract import Capability

__all__ = ["DEGRADATIONS"]

DEGRADATIONS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.DEADLINE: "`deadline` is None: a server has no end of a call that it tells of",
        Capability.EARLY_HINTS: (
            "they are sent where the server has the extension; `early_hints` says whether it has"
        ),
        Capability.TRAILERS: (
            "they are sent where the server has the extension and the client has `TE: trailers`; "
            "`send_trailers` says whether"
        ),
        Capability.WEBSOCKET: "the handshake is refused with a 403",
    }
)
"""By capability, for each that is emulated or absent."""
