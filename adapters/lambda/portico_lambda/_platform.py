"""What Lambda gives to a request, and which capabilities that makes."""

from __future__ import annotations

from functools import cache
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
    Promise,
    Runtime,
)
from portico_lambda._fields import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from portico import AbortController, AbortSignal
    from portico_lambda._fields import Fields
    from portico_lambda._request import Parts

    T = TypeVar("T")


CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {
        # The event has the whole body; the answer is posted whole.
        Capability.STREAM_REQUEST: EMULATED,
        Capability.STREAM_RESPONSE: EMULATED,
        Capability.DISCONNECT: ABSENT,
        # The process is frozen once it has answered: the work is done before that.
        Capability.BACKGROUND: EMULATED,
        # At the first invocation of an environment. Environments end without a word.
        Capability.STARTUP: EMULATED,
        Capability.SHUTDOWN: ABSENT,
        Capability.SHARED_RESOURCES: NATIVE,
        Capability.THREADS: NATIVE,
        # Only /tmp can be written to.
        Capability.FILESYSTEM: NATIVE,
        Capability.SOCKETS: NATIVE,
        Capability.DEADLINE: NATIVE,
        Capability.EARLY_HINTS: ABSENT,
        Capability.TRAILERS: ABSENT,
        Capability.WEBSOCKET: ABSENT,
        Capability.TOPICS: ABSENT,
        # Not behind VPC Lattice, nor a load balancer without multi-value headers.
        Capability.MULTIPLE_SET_COOKIE: EMULATED,
        # HTTP APIs decode the path; an encoded slash is lost there.
        Capability.RAW_PATH: EMULATED,
        # Payload format 2.0 and VPC Lattice join them; a plain load balancer keeps the last.
        Capability.REPEATED_HEADERS: EMULATED,
    }
)


EVENT_KINDS: Final = frozenset(
    {"dynamodb", "eventbridge", "kinesis", "queue", "s3", "schedule", "sns", "sqs"}
)
"""The kinds of events, of `app.on`, that come to a function."""

# What the runtime of our own has for requests of function URLs and REST APIs.
STREAMING_CAPABILITIES: Final[Capabilities] = MappingProxyType(
    {**CAPABILITIES, Capability.STREAM_RESPONSE: NATIVE}
)

_SHAPES_THAT_FORWARD: Final = frozenset({"rest", "http", "url", "alb", "alb-multi"})
_FORWARDED: Final = frozenset({"x-forwarded-proto", "x-forwarded-port"})


@cache  # many applications ask for no peer; the statement costs more than the call, each time
def _api_peer() -> Callable[[Fields], Peer]:
    from portico_lambda._events import api_peer

    return api_peer


class LambdaPlatform(Platform):
    """The platform of one invocation, or, without an event, of the environment.

    An environment answers one invocation at a time, so what blocks is called inline, unless the
    option `deadline_margin` wants it where it can be left behind.

    Args:
        options: those of the adapter.
        peer: the client; None where an event of API Gateway or a function URL is yet to be asked.
        root_path: where the application is mounted.
        event: the event.
        context: the runtime's context object.
    """

    __slots__ = ("_context", "_controller", "_deadline", "_event")

    runtime: ClassVar[Runtime] = Runtime("lambda", "serial")
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    promise: ClassVar[Promise] = Promise.BEFORE_RESPONSE

    def __init__(
        self,
        options: Options,
        peer: Peer | None = UNKNOWN_PEER,
        root_path: str = "",
        event: Fields | None = None,
        context: object = None,
    ) -> None:
        # All that `super().__init__` does, without the call: one is made for every request.
        self.options: Options = options
        self._peer, self._root_path = peer, root_path
        self._signal = self._work = self._endings = None
        self._event = event
        self._context = context
        self._deadline: float | None = None

    def _read_peer(self) -> Peer:
        if self.options.trust is not None and self._event is not None:
            return self._read_parts(self._event).peer
        return _api_peer()(NOTHING if self._event is None else self._event)

    def _read_fields(self) -> Callable[[str], list[str]]:
        if self._event is None:
            return super()._read_fields()
        return self._read_parts(self._event).headers.get_all

    def _forwarded_by_platform(self) -> frozenset[str]:
        from portico_lambda._shapes import shape_of

        # CloudFront keeps them from functions, and VPC Lattice leaves them as they are.
        own = self._event is not None and shape_of(self._event) in _SHAPES_THAT_FORWARD
        return _FORWARDED if own else frozenset()

    def _read_parts(self, event: Fields) -> Parts:
        """The parts of the event once more: only what `trust` is asked for comes here."""
        from portico_lambda._events import read_event
        from portico_lambda._shapes import shape_of

        return read_event(shape_of(event), event, self.options.root_path)

    @property
    def deadline(self) -> float | None:
        """When Lambda ends the invocation; None where the context does not say.

        Lambda's own clock counts milliseconds since 1970, so that it is read once.
        """
        if self._deadline is None:
            remaining = getattr(self._context, "get_remaining_time_in_millis", None)
            if remaining is not None:
                self._deadline = self.monotonic() + float(remaining()) / 1000
        return self._deadline

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the invocation is given up for its deadline; no peer is seen to leave."""
        return self._aborter().signal

    def abort(self, reason: Exception) -> None:
        """Abort the signal, for code that goes on though the peer has its answer."""
        self._aborter().abort(reason)

    def _aborter(self) -> AbortController:
        # Not made with the platform, of which there is one for every request.
        controller: AbortController | None = getattr(self, "_controller", None)
        if controller is None:
            from portico import AbortController

            controller = self._controller = AbortController()
        return controller

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call it here, or in a thread where `deadline_margin` has what blocks left behind."""
        if self.options.deadline_margin is None or self.deadline is None:
            return fn()
        import asyncio
        from contextvars import copy_context

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, copy_context().run, fn)

    async def sleep(self, seconds: float, /) -> None:
        """Wait on the event loop, which is always asyncio's."""
        import asyncio

        await asyncio.sleep(seconds)

    def raw(self, kind: type[T], /) -> T:
        """Event and context, as `LambdaRaw`."""
        from portico_lambda._raw import LambdaRaw

        if kind is LambdaRaw and self._event is not None:
            return cast("T", LambdaRaw(self._event, self._context))
        return super().raw(kind)
