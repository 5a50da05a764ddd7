"""`Parts`: what an event says of a request, whichever shape it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import Peer
    from portico_lambda._event_body import EventBody


class Parts(NamedTuple):
    """What an event says of a request.

    Attributes:
        method: as the client wrote it.
        path: percent-encoded, without the root path.
        query: percent-encoded, without the question mark.
        headers: all of them, `cookie` once.
        body: its source, or None.
        host: the Host field, or the service's name.
        scheme: `"http"` or `"https"`.
        root_path: the stage of an API, or what the options say.
        peer: the client, as the service saw it.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: EventBody
    host: str
    scheme: str
    root_path: str
    peer: Peer
