"""Sockets whose events come one by one: what such a runtime cannot give, found before it serves.

Where each event of a connection is a call of its own, nothing of the connection stays in memory
from one to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._errors import CapabilityError
from portico._key import is_request_key
from portico._runtime import EMULATED, Capability
from portico._signature import Signature
from portico._socket_link import SocketLink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portico._chain import Surroundings
    from portico._route import Route
    from portico._runtime import Capabilities


def check_routes(
    routes: Iterable[Route],
    surroundings: Surroundings,
    capabilities: Capabilities,
    runtime: str,
) -> None:
    """Refuse what needs the connection to stay in memory; `optional` sockets are refused later.

    Raises:
        CapabilityError: a socket has a function for the whole connection, an `idle_timeout`, or a
            generator that would be open as long as the connection.
    """
    if capabilities.get(Capability.WEBSOCKET) is not EMULATED:
        return
    for route in routes:
        if Capability.WEBSOCKET in route.needs:
            socket = route.chain(surroundings).handler
            found = unfit(socket) if isinstance(socket, SocketLink) else None
            if found is not None:
                raise CapabilityError(
                    f"{route.name} ({route.where}): on the runtime {runtime!r} each event of a "
                    f"WebSocket is a call of its own, and {found}"
                )


def unfit(socket: SocketLink) -> str | None:
    """What a socket has that needs the connection in memory, and what to do instead."""
    if "loop" in socket.handlers:
        return (
            f"{socket.handlers['loop'].link.signature.where} has the connection for as long as it "
            "runs. Take a `message`, or the handlers of events: `@socket.open`, `@socket.message`."
        )
    if socket.idle_timeout is not None:
        return (
            f"nothing runs in between that could see idle_timeout={socket.idle_timeout!r}. Leave "
            "it out: the service closes idle connections itself."
        )
    for signature in _key_functions(socket):
        if signature.is_generator:
            return (
                f"{signature.where} is a generator, which would be open as long as the connection. "
                "Return the value, or enter what has to be left inside of the handlers."
            )
    return None


def _key_functions(socket: SocketLink) -> Iterable[Signature]:
    """The functions of the request-lived keys that are made for it, or that it asks for."""
    chain = socket.chain
    if chain is not None:
        yield from (link.signature for link in (*chain.early, *chain.late) if link.key)
    yield from (Signature(key.fn) for key in socket.asked_keys() if is_request_key(key))
