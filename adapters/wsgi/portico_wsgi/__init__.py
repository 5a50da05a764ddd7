"""Portico behind WSGI (PEP 3333): `application = WSGI(app)` for any WSGI server."""

from portico_wsgi._handler import WSGI
from portico_wsgi._platform import CAPABILITIES, WsgiPlatform, WsgiRaw
from portico_wsgi._request import WsgiRequest

__all__ = ["CAPABILITIES", "WSGI", "WsgiPlatform", "WsgiRaw", "WsgiRequest"]
