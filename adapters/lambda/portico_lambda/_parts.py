"""`Parts`: what an event says of a request, whichever shape it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import Peer
    from portico_lambda._event_body import EventBody


class Parts:
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

    __slots__ = (
        "body",
        "headers",
        "host",
        "method",
        "path",
        "peer",
        "query",
        "root_path",
        "scheme",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: Headers,
        body: EventBody,
        host: str,
        scheme: str,
        root_path: str,
        peer: Peer,
    ) -> None:
        self.method: str = method
        self.path: str = path
        self.query: str = query
        self.headers: Headers = headers
        self.body: EventBody = body
        self.host: str = host
        self.scheme: str = scheme
        self.root_path: str = root_path
        self.peer: Peer = peer
