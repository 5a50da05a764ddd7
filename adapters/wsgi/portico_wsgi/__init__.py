"""Portico behind WSGI (PEP 3333): `application = WSGI(app)` for any WSGI server."""

from typing import TYPE_CHECKING

from portico_wsgi._handler import WSGI
from portico_wsgi._platform import CAPABILITIES, WsgiPlatform
from portico_wsgi._request import WsgiRequest

if TYPE_CHECKING:
    from portico_wsgi._raw import WsgiRaw
else:

    def __getattr__(name: str) -> object:
        # What few applications ask for is loaded when they do.
        if name != "WsgiRaw":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from portico_wsgi._raw import WsgiRaw

        globals()[name] = WsgiRaw
        return WsgiRaw


__all__ = ["CAPABILITIES", "WSGI", "WsgiPlatform", "WsgiRaw", "WsgiRequest"]
