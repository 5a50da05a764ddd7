"""The contract between the core and an adapter: all that the two owe each other.

An adapter turns a native call into a `Request` and a `Platform`, calls the application, and turns
the `Response` into the native answer. It translates and does nothing else. Its four parts stand in
files of the same names in every adapter: `_request.py`, `_platform.py`, `_response.py` and
`_handler.py`.

The order of calls::

    app.check(capabilities)                     once, when the adapter is constructed
    running = app.start(platform)               once per process, environment or isolate
    with running: ...                           where `running.is_async` is false
    async with running: ...                     where it is true: entered and left in one task
        answer = app.handle(request, platform, running)         once per request
        response = answer if isinstance(answer, Response) else await answer
        write response.status, response.headers and response.content; close the content
        answer = app.connect(request, platform, running)        the same, for a WebSocket
        upgrade = answer if isinstance(answer, Response) else await answer
        accept, then await upgrade.run(channel); or write it, where it is no `Upgrade`
        platform.end()                                          once per request, at the end
        where it was false: platform.finish(), then, if `has_work`, await platform.afinish()

The answer is awaited, and its stream read and closed, in one task, since task groups and cancel
scopes may be open through both; so is `afinish` where `SHARED_RESOURCES` is absent, since there
`handle` enters the resources of the application for each request, and `afinish` leaves them.

`end` says that the request is over; where it is false there is work, which `finish` does up to what
needs an event loop, and `afinish` on one; there `finish` is left out. No work may be dropped: what
there is no time for is given to `give_up`, and `afinish` does the same where it is cancelled.

Each request is handled in a context (`contextvars`) of its own, which the adapter makes.

What goes wrong outside of `handle` (a start, a malformed event) is reported and answered with
`failure(method)`.

`handle` never raises but for cancellation: whatever goes wrong becomes an answer. What it returns
is ready for the wire: `content` is bytes, or a stream that must be closed exactly once, whether it
was read or not; HEAD and the null body statuses have no content; `content-length` is set where it
is known. In an awaited answer on a runtime with `concurrency == "loop"` a stream is asynchronous.
While a chunk of a stream with an `idle` takes longer than `idle.seconds`, a runtime that can send
meanwhile sends `idle.chunk`, each time that long; the read that is under way goes on untouched.
`connect` is for a request that asks for a WebSocket (RFC 6455), on an event loop. Its method is
GET, its scheme http or https, and it has no body. An `Upgrade` accepts: its headers are for the
answer to the handshake, beside what the server writes of it (`sec-websocket-...`), and `run`, in
the task that awaited the answer, is the whole connection. Any other `Response` refuses. Where a
runtime gives each event of a connection as a call of its own (`WEBSOCKET` is `EMULATED`), `connect`
is asked with the same request each time, and `run` is given the event.
A stream that raises must reach the peer as a broken message, never as a complete one.

A stream with `is_file` is one whole file, `file_of(stream)`: where the server can send files by
itself, it may be given that instead of the chunks, and the stream is closed all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from portico._options import Options
from portico._platform import Platform
from portico._reply import phrase
from portico._request import BodyLimits, NativeRequest, Request, path_of
from portico._response import Response
from portico._runtime import (
    ABSENT,
    EMULATED,
    NATIVE,
    UNKNOWN_PEER,
    Capabilities,
    Capability,
    Peer,
    Promise,
    Runtime,
    Support,
)
from portico._stream import ByteStream, file_of

if TYPE_CHECKING:
    from portico._event_delivery import Delivery, Failure, PlatformEvent
    from portico._event_handler import EventInfo
    from portico._gathered import LongerError, gathered, gathered_on_loop
    from portico._idle import Idle
    from portico._option_arguments import OptionArguments
    from portico._problem import failure
    from portico._resumption import Begun
    from portico._trailers import made_trailers
    from portico._upgrade import POSTED_LIMIT, Channel, Closed, SocketEvent, Upgrade
    from portico._wire_headers import WireHeaders
else:

    def __getattr__(name: str) -> object:
        # What some adapters and applications need alone is loaded when they ask for it.
        module = _LATE.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from importlib import import_module

        found = globals()[name] = getattr(import_module(module), name)
        return found


_LATE: Final = {
    "POSTED_LIMIT": "portico._upgrade",
    "Begun": "portico._resumption",
    "Channel": "portico._upgrade",
    "Closed": "portico._upgrade",
    "Delivery": "portico._event_delivery",
    "EventInfo": "portico._event_handler",
    "Failure": "portico._event_delivery",
    "Idle": "portico._idle",
    "LongerError": "portico._gathered",
    "OptionArguments": "portico._option_arguments",
    "PlatformEvent": "portico._event_delivery",
    "SocketEvent": "portico._upgrade",
    "Upgrade": "portico._upgrade",
    "WireHeaders": "portico._wire_headers",
    "failure": "portico._problem",
    "gathered": "portico._gathered",
    "gathered_on_loop": "portico._gathered",
    "made_trailers": "portico._trailers",
}

__all__ = [
    "ABSENT",
    "EMULATED",
    "NATIVE",
    "POSTED_LIMIT",
    "UNKNOWN_PEER",
    "Application",
    "Begun",
    "BodyLimits",
    "ByteStream",
    "Capabilities",
    "Capability",
    "Channel",
    "Closed",
    "Connecting",
    "Delivery",
    "EventInfo",
    "EventReceiver",
    "Failure",
    "Idle",
    "LongerError",
    "NativeRequest",
    "OptionArguments",
    "Options",
    "Peer",
    "Platform",
    "PlatformEvent",
    "Promise",
    "Request",
    "Response",
    "Running",
    "Runtime",
    "SocketEvent",
    "Support",
    "Upgrade",
    "WireHeaders",
    "failure",
    "file_of",
    "gathered",
    "gathered_on_loop",
    "made_trailers",
    "path_of",
    "phrase",
]


class Running(Protocol):
    """The application between start and stop; it owns every app-lived value.

    It is a context manager. Where `is_async` is true, `async with` enters and leaves it in one
    task that lives as long as it, because task groups and cancel scopes may be open inside.
    """

    @property
    def is_async(self) -> bool:
        """Whether an app-lived value needs an event loop."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...


class Application(Protocol):
    """What an adapter may call."""

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """Find mistakes of the application before the first request.

        Raises:
            DefinitionError: a name, kind, key or option is wrong.
            CapabilityError: a route needs what `capabilities` declares absent.
        """
        ...

    def start(self, platform: Platform) -> Running:
        """A new `Running` that has not been entered; the platform is that of the process."""
        ...

    def handle(
        self, request: Request, platform: Platform, running: Any
    ) -> Response | Awaitable[Response]:
        """Answer one request; the `running` is the one that `start` returned.

        Call it in a context (`contextvars`) of the request's own, which what awaits the answer and
        reads its stream runs in too. On an event loop it is called in the task that awaits what it
        returns, and that is awaited before anything else is: it may have begun already.
        """
        ...


class EventReceiver(Protocol):
    """What an adapter may call beside, where an application takes events that are no requests."""

    @property
    def events(self) -> Sequence[EventInfo]:
        """The handlers; an adapter gives an event only to an application that has some."""
        ...

    def event(
        self, event: PlatformEvent, platform: Platform, running: Any
    ) -> list[Failure] | Awaitable[list[Failure]]:
        """Give the records of an event to their handler, and say which of them failed.

        It is called as `handle` is: in a context of its own, with a started `Running`, and
        `platform.finish()` or `await platform.afinish()` follows. The adapter tells the platform
        of the failures, in its own way, and reports those errors that it does not raise.

        Raises:
            UnhandledEventError: there is no handler for the event.
        """
        ...


class Connecting(Application, Protocol):
    """An application that may accept WebSockets."""

    def accepts_websockets(self) -> bool:
        """Whether any of its paths may; where none does, requests need not be looked at for it."""
        ...

    def connect(
        self, request: Request, platform: Platform, running: Any
    ) -> Upgrade | Response | Awaitable[Upgrade | Response]:
        """Answer one request for a WebSocket; otherwise as `handle`."""
        ...
