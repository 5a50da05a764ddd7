"""What a WSGI server gives to a request, and which capabilities that makes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, cast

from portico.contract import (
    ABSENT,
    EMULATED,
    NATIVE,
    UNKNOWN_PEER,
    Capabilities,
    Capability,
    Options,
    Peer,
    Platform,
    Runtime,
)
from portico_wsgi._request import read_root_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar
    from wsgiref.types import WSGIEnvironment

    from portico import AbortController, AbortSignal

    T = TypeVar("T")


CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        # Reads block until a whole chunk is there, and some servers buffer the body first.
        Capability.STREAM_REQUEST: EMULATED,
        Capability.STREAM_RESPONSE: NATIVE,
        # Seen when the next chunk cannot be sent: the server closes the iterable early.
        Capability.DISCONNECT: EMULATED,
        # In `close()` of the iterable: the peer has its answer, the worker is still taken.
        Capability.BACKGROUND: EMULATED,
        # WSGI has no such moments. They are the first request, and the end of the interpreter,
        # which a server that is killed by a signal never comes to.
        Capability.STARTUP: EMULATED,
        Capability.SHUTDOWN: EMULATED,
        Capability.SHARED_RESOURCES: NATIVE,
        Capability.THREADS: NATIVE,
        Capability.FILESYSTEM: NATIVE,
        Capability.SOCKETS: NATIVE,
        Capability.DEADLINE: ABSENT,
        Capability.EARLY_HINTS: ABSENT,
        Capability.TRAILERS: ABSENT,
        Capability.WEBSOCKET: ABSENT,
        Capability.TOPICS: ABSENT,
        Capability.MULTIPLE_SET_COOKIE: NATIVE,
        # Servers that give neither REQUEST_URI nor RAW_URI lose encoded slashes.
        Capability.RAW_PATH: EMULATED,
        # The environ has one value for a name: servers join repeated fields.
        Capability.REPEATED_HEADERS: EMULATED,
    }
)


class WsgiPlatform(Platform):
    """The platform of one request, or, without an environ, of the process.

    Its event loop, if any, is shared by the server's threads, so what blocks goes to a worker
    thread. `report` logs to the logger `portico`, not to `wsgi.errors`: that one belongs to a call
    and has no levels, and `logging` without a configuration writes to standard error, where
    servers point `wsgi.errors` too.
    """

    __slots__ = ("_controller", "_environ")

    runtime: ClassVar[Runtime] = Runtime("wsgi", "threads")
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, options: Options, environ: WSGIEnvironment | None = None) -> None:
        # All that `super().__init__` does, without the call: one is made for every request.
        self.options: Options = options
        self._peer = self._root_path = self._signal = self._work = self._endings = None
        self._environ = environ
        self._controller: AbortController | None = None

    def _read_peer(self) -> Peer:
        return UNKNOWN_PEER if self._environ is None else read_peer(self._environ)

    def _read_fields(self) -> Callable[[str], list[str]]:
        environ = self._environ or {}

        def values(name: str) -> list[str]:
            value: str | None = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
            return [] if value is None else [value]

        return values

    def _read_root_path(self) -> str:
        given = self.options.root_path
        if given is None and self._environ is not None:
            return read_root_path(self._environ)
        return given or ""

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the server gives a stream up before its end; nothing tells it earlier."""
        if self._controller is None:
            from portico import AbortController

            self._controller = AbortController()
        return self._controller.signal

    @property
    def is_watched(self) -> bool:
        """Whether anybody has asked for the signal."""
        return self._controller is not None

    def abort(self) -> None:
        """Abort the signal, in the thread of those who wait for it."""
        if self._controller is not None:
            self._controller.abort()

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call it in a worker thread, and wait for it even when cancelled.

        It may be reading `wsgi.input`, which the server takes back when the request is over.
        """
        from portico_wsgi._loop import in_worker_thread

        return await in_worker_thread(fn)

    async def sleep(self, seconds: float, /) -> None:
        """Wait on the event loop, which is always asyncio's."""
        import asyncio

        await asyncio.sleep(seconds)

    def raw(self, kind: type[T], /) -> T:
        """The environ, as `WsgiRaw`."""
        from portico_wsgi._raw import WsgiRaw

        if kind is WsgiRaw and self._environ is not None:
            return cast("T", WsgiRaw(self._environ))
        return super().raw(kind)


class SerialWsgiPlatform(WsgiPlatform):
    """The same where the server calls from one thread, which runs the event loop itself.

    Nobody else waits for that loop, so what blocks is called inline.
    """

    __slots__ = ()

    runtime: ClassVar[Runtime] = Runtime("wsgi", "serial")

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call it here: the server's thread has nothing else to do."""
        return fn()


def read_peer(environ: WSGIEnvironment) -> Peer:
    """REMOTE_ADDR and REMOTE_PORT (RFC 3875 section 4.1.8), which the server took of its socket."""
    address: str = environ.get("REMOTE_ADDR") or ""
    if not address:  # a Unix socket
        return Peer(None, None, "unknown")
    port = str(environ.get("REMOTE_PORT") or "")
    is_port = len(port) <= 5 and port.isascii() and port.isdigit()
    return Peer(address, int(port) if is_port else None, "socket")
