"""Portico behind ASGI 3.0: `application = ASGI(app)` for any server, on asyncio or trio."""

from typing import TYPE_CHECKING

from portico_asgi._handler import ASGI
from portico_asgi._platform import CAPABILITIES, AsgiPlatform
from portico_asgi._refusal import adapter_for
from portico_asgi._request import AsgiRequest

if TYPE_CHECKING:
    from portico_asgi._raw import AsgiRaw
else:

    def __getattr__(name: str) -> object:
        # What few applications ask for is loaded when they do.
        if name != "AsgiRaw":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from portico_asgi._raw import AsgiRaw

        globals()[name] = AsgiRaw
        return AsgiRaw


__all__ = ["ASGI", "CAPABILITIES", "AsgiPlatform", "AsgiRaw", "AsgiRequest", "adapter_for"]
