"""What a server gets when an application is not well defined and only a call of it shows that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico import PorticoError
from portico_asgi._handler import ASGI
from portico_asgi._platform import ProcessPlatform
from portico_asgi._response import write_failure

if TYPE_CHECKING:
    from portico.contract import Application
    from portico_asgi._receive import Receive, Send
    from portico_asgi._request import Scope


def adapter_for(app: Application) -> ASGI | Refusal:
    """The adapter of an application that is given to a server itself, `uvicorn main:app`.

    A mistake in it would be raised in the server's first call, where servers take an exception for
    "no lifespan" and go on. So it becomes an answer: a startup that failed.
    """
    try:
        return ASGI(app)
    except PorticoError as error:
        return Refusal(error)


class Refusal:
    """Tells a server, and where it has no lifespan each peer, that there is nothing to serve."""

    def __init__(self, error: PorticoError) -> None:
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Fail the startup with the mistake's text, or answer 500 and log it."""
        platform = ProcessPlatform(None)
        platform.report(self._error, "the application is not well defined")
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(self._error)})
        elif scope["type"] == "http":
            await write_failure(send)
        else:
            raise self._error
