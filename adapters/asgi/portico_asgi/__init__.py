"""Portico behind ASGI 3.0: `application = ASGI(app)` for any server, on asyncio or trio."""

from portico_asgi._handler import ASGI
from portico_asgi._platform import CAPABILITIES, AsgiPlatform, AsgiRaw
from portico_asgi._refusal import adapter_for
from portico_asgi._request import AsgiRequest

__all__ = ["ASGI", "CAPABILITIES", "AsgiPlatform", "AsgiRaw", "AsgiRequest", "adapter_for"]
