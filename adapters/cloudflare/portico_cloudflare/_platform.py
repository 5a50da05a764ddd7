"""What the runtime gives to a request, and which capabilities that makes."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeVar, cast

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
    Promise,
    Runtime,
)
from portico_cloudflare._bindings import Bindings, binding_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico import AbortController, AbortSignal

T = TypeVar("T")

CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        Capability.STREAM_REQUEST: NATIVE,
        Capability.STREAM_RESPONSE: NATIVE,
        # Seen when the answer is a stream; a handler that is under way is not told.
        Capability.DISCONNECT: EMULATED,
        Capability.BACKGROUND: NATIVE,
        # The import may do no I/O, so it is the first request.
        Capability.STARTUP: EMULATED,
        # Nothing tells an isolate that it ends.
        Capability.SHUTDOWN: ABSENT,
        # What one request opened, a stream or a connection, another may not use.
        Capability.SHARED_RESOURCES: ABSENT,
        Capability.THREADS: ABSENT,
        # In memory: each isolate has its own, which ends with it.
        Capability.FILESYSTEM: EMULATED,
        # The sockets of Python go through the runtime's `connect`, where it lets them.
        Capability.SOCKETS: EMULATED,
        Capability.DEADLINE: ABSENT,
        Capability.EARLY_HINTS: ABSENT,
        Capability.TRAILERS: ABSENT,
        Capability.WEBSOCKET: NATIVE,
        # Connections are of requests, which may not send for each other.
        Capability.TOPICS: ABSENT,
        Capability.MULTIPLE_SET_COOKIE: NATIVE,
        Capability.RAW_PATH: NATIVE,
        # The runtime joins repeated fields of a request.
        Capability.REPEATED_HEADERS: EMULATED,
    }
)


EVENT_KINDS: Final = frozenset({"queue", "schedule"})
"""The kinds of events, of `app.on`, that come to a Worker."""


# Pyodide takes a shorter one for no time at all (it asks for the next turn of the loop, not for a
# timer), and the runtime sends and receives nothing between such turns.
SHORTEST_SLEEP: Final = 0.004


async def sleep(seconds: float) -> None:
    """Let the runtime send and receive for so many seconds, or a little more."""
    import asyncio

    await asyncio.sleep(max(seconds, SHORTEST_SLEEP))


class WorkerRaw(NamedTuple):
    """What the runtime called the entrypoint with.

    Attributes:
        request: the `workers.Request`, whose `js_object` is JavaScript's; None at the start.
        env: the bindings, as attributes.
        ctx: the execution context.
    """

    request: Any
    env: Any
    ctx: Any


class WorkerPlatform(Platform):
    """The platform of one request.

    There are no threads: what blocks is called inline and holds up every request of the isolate.
    `report` logs to the logger `portico`, which without a configuration writes to standard error,
    and that is the Worker's log.
    """

    __slots__ = ("_bindings", "_controller", "_is_gone", "_raw")

    runtime: ClassVar[Runtime] = Runtime("cloudflare", "loop")
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    promise: ClassVar[Promise] = Promise.AFTER_RESPONSE

    def __init__(self, options: Options, raw: WorkerRaw) -> None:
        # All that `super().__init__` does, without the call: one is made for every request.
        self.options: Options = options
        self._root_path = options.root_path or ""
        self._peer = self._signal = self._work = self._endings = None
        self._raw = raw
        self._bindings: Mapping[str, Any] | None = None
        self._controller: AbortController | None = None
        self._is_gone = False

    def _read_peer(self) -> Peer:
        return read_peer(self._raw.request)

    def _forwarded_by_platform(self) -> frozenset[str]:
        return frozenset({"x-forwarded-proto"})

    def _read_fields(self) -> Callable[[str], list[str]]:
        request = self._raw.request
        headers = getattr(request, "js_object", request).headers

        def values(name: str) -> list[str]:
            value: str | None = headers.get(name)
            return [value] if value else []

        return values

    @property
    def env(self) -> Mapping[str, str]:
        """The text bindings: variables and secrets."""
        return {name: value for name, value in self.bindings.items() if isinstance(value, str)}

    @property
    def bindings(self) -> Mapping[str, Any]:
        """All bindings by name, each as an attribute of `env` gives it."""
        if self._bindings is None:
            self._bindings = Bindings(self._raw.env, binding_names())
        return self._bindings

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the runtime gives a stream up before its end; nothing tells it earlier."""
        if self._controller is None:
            from portico import AbortController

            self._controller = AbortController()
            if self._is_gone:
                self._controller.abort()
        return self._controller.signal

    def abort(self) -> None:
        """The peer is gone: abort the signal, or the one that somebody asks for later."""
        self._is_gone = True
        if self._controller is not None:
            self._controller.abort()

    def hold(self, work: Awaitable[object]) -> None:
        """Keep the call alive until this is done, beyond the answer, as far as the runtime does."""
        self._raw.ctx.waitUntil(work)

    async def sleep(self, seconds: float, /) -> None:
        """Wait on the runtime's event loop, for at least `SHORTEST_SLEEP` seconds."""
        await sleep(seconds)

    def raw(self, kind: type[T], /) -> T:
        """Request, env and context, as `WorkerRaw`."""
        if kind is WorkerRaw:
            return cast("T", self._raw)
        return super().raw(kind)


def read_peer(request: Any) -> Peer:
    """Who Cloudflare says the peer is; a Worker that runs elsewhere does not know."""
    if request is None:
        return UNKNOWN_PEER
    headers = getattr(request, "js_object", request).headers
    address = headers.get("cf-connecting-ip")
    return Peer(address, None, "gateway") if address else UNKNOWN_PEER
