"""`AsgiRaw`: what the server called the application with, for those who ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from portico_asgi._receive import Receive, Send
    from portico_asgi._request import Scope


class AsgiRaw(NamedTuple):
    """What the server called the application with (ASGI 3.0 "Applications").

    Whoever awaits `receive` takes messages away from the request's body.

    Attributes:
        scope: the dictionary itself.
        receive: the server's own.
        send: the server's own.
    """

    scope: Scope
    receive: Receive
    send: Send
