"""What an ASGI server gives to a request, and which capabilities that makes."""

from __future__ import annotations

from math import inf
from threading import get_ident
from time import monotonic
from types import CoroutineType, MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from portico.contract import (
    ABSENT,
    EMULATED,
    NATIVE,
    Begun,
    Capabilities,
    Capability,
    Options,
    Peer,
    Platform,
    Runtime,
)
from portico_asgi._receive import Inbox
from portico_asgi._request import read_root_path
from portico_asgi._threads import in_worker_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeVar

    from portico import AbortSignal
    from portico_asgi._loop_types import Interruption, Tasks
    from portico_asgi._receive import Message, Receive, Send
    from portico_asgi._request import Scope

    T = TypeVar("T")


_COROUTINE: Final[Any] = CoroutineType

CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        Capability.STREAM_REQUEST: NATIVE,
        Capability.STREAM_RESPONSE: NATIVE,
        Capability.DISCONNECT: NATIVE,
        Capability.BACKGROUND: NATIVE,
        # By the lifespan protocol; where the server has none, at the first request.
        Capability.STARTUP: NATIVE,
        Capability.SHUTDOWN: NATIVE,
        Capability.SHARED_RESOURCES: NATIVE,
        Capability.THREADS: NATIVE,
        Capability.FILESYSTEM: NATIVE,
        Capability.SOCKETS: NATIVE,
        Capability.DEADLINE: ABSENT,
        # An extension that few servers have; `early_hints` says whether it was sent.
        Capability.EARLY_HINTS: EMULATED,
        # Likewise; `send_trailers` says whether they will be.
        Capability.TRAILERS: EMULATED,
        Capability.WEBSOCKET: NATIVE,
        Capability.TOPICS: NATIVE,
        Capability.MULTIPLE_SET_COOKIE: NATIVE,
        # Optional in the scope, but every known server gives it.
        Capability.RAW_PATH: NATIVE,
        Capability.REPEATED_HEADERS: NATIVE,
    }
)


class ProcessPlatform(Platform):
    """The platform of the application's start: there is no request and no peer."""

    __slots__ = ()

    runtime: ClassVar[Runtime] = Runtime("asgi", "loop")
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def monotonic(self) -> float:
        """As the base class has it, without an import for each time: streams ask often."""
        return monotonic()

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call it in a worker thread."""
        return await in_worker_thread(fn)


class AsgiPlatform(ProcessPlatform):
    """The platform of one request.

    Attributes:
        has_body: whether a body may come, by the request's framing.
        send: the server's own.
        started: whether the answer has begun.
        streams: whether a stream is being sent.
    """

    __slots__ = (
        "_cancels",
        "_inbox",
        "_receive",
        "_scope",
        "_stretch",
        "_tasks",
        "has_body",
        "send",
        "started",
        "streams",
    )

    def __init__(
        self, options: Options, scope: Scope, receive: Receive, send: Send, tasks: Tasks
    ) -> None:
        # All that `super().__init__` does, without the call: one is made for every request.
        self.options: Options = options
        self._peer = self._root_path = self._signal = self._work = self._endings = None
        self._scope = scope
        self._receive = receive
        self._tasks = tasks
        self._inbox: Inbox | None = None
        self._stretch: Interruption | None = None
        self._cancels: bool | None = None  # as the options say
        self.has_body: bool = False
        self.send: Send = send
        self.started: bool = False
        self.streams: bool = False

    @property
    def inbox(self) -> Inbox:
        """The messages of the server."""
        if self._inbox is None:
            seconds = self.options.body_timeout
            self._inbox = Inbox(
                self._receive,
                self._tasks,
                has_body=self.has_body,
                seconds=inf if seconds is None else seconds,
            )
        return self._inbox

    def follow(self, stretch: Interruption) -> None:
        """Take the stretch of the handler, which ends when the peer leaves, if that is wanted."""
        self._stretch = stretch
        cancels = self._cancels
        if self.options.on_disconnect == "cancel" if cancels is None else cancels:
            self.cancel_on_disconnect(True)

    def whole_body(self, declared: int | None, limit: int | None) -> bytes | None:
        """The body, where all of it is in the server's first message, and as long as it should be.

        Most are. Else nothing is lost: the inbox goes on as if it had asked for the message itself.
        To be called in the task that reads the body otherwise, before anything else is awaited.

        Args:
            declared: the Content-Length, or None where there is none.
            limit: bytes at most where there is none, or None for no limit.
        """
        tasks = self._tasks
        # Somebody else may be waiting for messages, another thread cannot, and where scopes have to
        # nest the one that bounds the wait has to be entered before the server's own.
        if self._inbox is not None or tasks.must_enter_first or get_ident() != tasks.thread:
            return None
        pending: Any = self._receive()
        if type(pending) is not _COROUTINE:
            self.inbox.expected = pending
            return None
        try:
            waits_for = pending.send(None)
        except StopIteration as end:
            message: Message = end.value
        except OSError:
            self.inbox.lose()
            return None
        else:
            self.inbox.expected = Begun(pending, waits_for)
            return None
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body") or b""
            size = len(body)
            fits = size == declared or (declared is None and (limit is None or size <= limit))
            if fits and type(body) is bytes:
                self.has_body = False  # nothing of it is left
                return body
        self.inbox.note(message)
        return None

    def ends_quietly(self) -> bool:
        """Whether nothing is left of the request but to send its answer; then it is over."""
        inbox = self._inbox
        if self._work or self._endings or (self.has_body if inbox is None else not inbox.is_quiet):
            return False
        self._work = ()
        return True

    @property
    def must_close(self) -> bool:
        """Whether the connection is of no use for another request, though the server may not see.

        RFC 9110 section 15.5.9: what is left of a body that was given up may come at any time.
        HTTP/2 has no field for it (RFC 9113 section 8.2.2), and ends the stream alone.
        """
        is_late = self._inbox is not None and self._inbox.is_late
        return is_late and self._scope["http_version"][:1] == "1"

    @property
    def sends_paths(self) -> bool:
        """Whether the server sends files by itself (ASGI extension `http.response.pathsend`)."""
        if self._inbox is not None and self._inbox.has_trailers:
            return False
        return "http.response.pathsend" in (self._scope.get("extensions") or ())

    def _read_peer(self) -> Peer:
        return read_peer(self._scope)

    def _read_fields(self) -> Callable[[str], list[str]]:
        headers = self._scope["headers"]

        def values(wanted: str) -> list[str]:
            name = wanted.encode()
            return [value.decode("latin-1") for key, value in headers if key.lower() == name]

        return values

    def _read_root_path(self) -> str:
        return read_root_path(self._scope, self.options)

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the peer leaves before it has the answer; asking starts a watcher.

        From a thread, ask in one of the event loop's worker threads.
        """
        if not self.inbox.on_loop():
            from anyio import from_thread

            return from_thread.run_sync(lambda: self.inbox.signal)
        return self.inbox.signal

    def cancel_on_disconnect(self, wanted: bool, /) -> None:
        """Say whether the handler is cancelled when the peer leaves; if so, a watcher starts."""
        self._cancels = wanted
        stretch = self._stretch
        if stretch is not None:
            self.inbox.on_leave(stretch.interrupt if wanted else None)

    @property
    def state(self) -> Mapping[str, Any]:
        """What others keep for all requests (ASGI "Lifespan Protocol" 2.0, "Lifespan State")."""
        state: Mapping[str, Any] = self._scope.get("state") or {}
        return state

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call it in a worker thread.

        While a stream is sent these are the steps of a synchronous source, the closing among them,
        which must not be lost to a cancellation.
        """
        self.inbox  # noqa: B018 - made here, on the loop, before a thread may ask for it
        return await in_worker_thread(fn, shield=self.streams)

    async def early_hints(self, links: Iterable[str], /) -> bool:
        """Send 103 where the server has the extension `http.response.early_hint`.

        The extension's page places it after the start; the servers that have it take it before,
        which is where RFC 8297 has a use for it.
        """
        extensions: Mapping[str, Any] = self._scope.get("extensions") or {}
        if self.started or "http.response.early_hint" not in extensions:
            return False
        from portico import Headers

        checked = Headers([("link", link) for link in links])
        values = [value for _, value in checked.to_wire()]
        await self.send({"type": "http.response.early_hint", "links": values})
        return True

    def _take_trailers(self, fields: Mapping[str, Callable[[], str]]) -> bool:
        from portico_asgi._trailers import TrailingSend, takes_trailers

        if self.started or not fields or not takes_trailers(self._scope):
            return False
        if not isinstance(self.send, TrailingSend):
            self.send = TrailingSend(self.send)
            self.inbox.has_trailers = True
        self.send.fields |= fields
        return True

    def raw(self, kind: type[T], /) -> T:
        """The call's arguments, as `AsgiRaw`."""
        from portico_asgi._raw import AsgiRaw

        if kind is AsgiRaw:
            return cast("T", AsgiRaw(self._scope, self._receive, self.send))
        return super().raw(kind)


def read_peer(scope: Scope) -> Peer:
    """The `client` of the scope (ASGI 3.0 "HTTP connection scope").

    Servers give a list or a tuple, the port as a text (granian), and nothing or an empty host for
    Unix sockets.
    """
    client = scope.get("client")
    if not client or not client[0]:
        return Peer(None, None, "unknown")
    port = str(client[1])
    is_port = len(port) <= 5 and port.isascii() and port.isdigit()
    return Peer(client[0], int(port) if is_port else None, "socket")
