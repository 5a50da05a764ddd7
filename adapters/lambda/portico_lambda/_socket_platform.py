"""What Lambda gives to one event of a WebSocket."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar, cast

from portico.contract import EMULATED, Capabilities, Capability
from portico_lambda._connections import Connection
from portico_lambda._platform import CAPABILITIES, LambdaPlatform

if TYPE_CHECKING:
    from portico.contract import Options
    from portico_lambda._fields import Fields
    from portico_lambda._request import Parts

T = TypeVar("T")

SOCKET_CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {**CAPABILITIES, Capability.WEBSOCKET: EMULATED}
)
"""Those of `Lambda(app, connections=...)`."""

_FORWARDED: Final = frozenset({"x-forwarded-proto", "x-forwarded-port"})


class SocketPlatform(LambdaPlatform):
    """The platform of one event; what it says of the client is that of the handshake.

    Args:
        options: those of the adapter.
        parts: those of the handshake.
        event: the event.
        context: the runtime's context object.
        connection: whose event it is.
    """

    __slots__ = ("_connection", "_parts")

    capabilities: ClassVar[Capabilities] = SOCKET_CAPABILITIES

    def __init__(
        self,
        options: Options,
        parts: Parts,
        event: Fields,
        context: object,
        connection: Connection,
    ) -> None:
        # What the service says of the client is not all, where proxies before it are believed.
        peer = parts.peer if options.trust is None else None
        super().__init__(options, peer, parts.root_path, event, context)
        self._parts = parts
        self._connection = connection

    def _forwarded_by_platform(self) -> frozenset[str]:
        return _FORWARDED

    def _read_parts(self, event: Fields) -> Parts:
        return self._parts

    def raw(self, kind: type[T], /) -> T:
        """The connection, as `Connection`; event and context, as `LambdaRaw`."""
        if kind is Connection:
            return cast("T", self._connection)
        return super().raw(kind)
