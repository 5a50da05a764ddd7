"""`Platform`: what a runtime gives to one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from portico._options import DEFAULT_OPTIONS, Options
from portico._runtime import (
    NATIVE,
    UNKNOWN_PEER,
    Capabilities,
    Capability,
    Peer,
    Promise,
    Runtime,
    Support,
)

if TYPE_CHECKING:
    from typing import Protocol, TypeVar

    from portico._abort import AbortSignal
    from portico._background import Background
    from portico._forwarding import Forwarding

    class Ending(Protocol):
        """What is left to do for a request behind all of the work of `wait_until`.

        Attributes:
            needs_loop: whether it needs an event loop.
        """

        @property
        def needs_loop(self) -> bool: ...

        async def leave(self, error: BaseException | None) -> None:
            """Do it."""
            ...

    T = TypeVar("T")


OVER: Final = ()
"""Stands in the place of a request's work when the request is over."""

_NO_BINDINGS: Final[Mapping[str, Any]] = MappingProxyType({})


class Platform:
    """What the runtime gives to one request. Every member is always there; absence is a value.

    The base class is the platform of a test: no peer, no deadline, inline calls. An adapter
    overrides what its runtime has.

    Attributes:
        options: those of the adapter.
        env: the platform's environment, text to text.
        bindings: the objects that the platform was configured with (Workers), by name.
        deadline: when the platform ends the call, on the clock of `monotonic`, or None.
        signal: aborted when nobody waits for the answer any more, as far as the runtime is told.
    """

    __slots__ = (
        "_endings",
        "_forwarding",
        "_peer",
        "_root_path",
        "_signal",
        "_work",
        "options",
    )

    runtime: ClassVar[Runtime] = Runtime("test", "serial")
    capabilities: ClassVar[Capabilities] = MappingProxyType(
        # An emulated WebSocket is one whose events come one by one.
        {**dict.fromkeys(Capability, Support.EMULATED), Capability.WEBSOCKET: Support.NATIVE}
    )
    promise: ClassVar[Promise] = Promise.AFTER_RESPONSE
    on_loop: ClassVar[bool] = False
    """Whether `handle` is called on an event loop, which nothing may block; see `runtime`."""
    _forwarding: Forwarding  # made when it is first asked for, which is not in most requests

    def __init__(
        self,
        options: Options | None = None,
        peer: Peer | None = UNKNOWN_PEER,
        root_path: str | None = "",
    ) -> None:
        self.options: Options = DEFAULT_OPTIONS if options is None else options
        # None is what the two `_read_` methods say, when somebody asks.
        self._peer: Peer | None = peer
        self._root_path: str | None = root_path
        self._signal: AbortSignal | None = None
        self._work: Background | tuple[()] | None = None
        self._endings: list[Ending] | None = None

    def __init_subclass__(cls) -> None:
        cls.on_loop = cls.runtime.concurrency == "loop"

    @property
    def peer(self) -> Peer:
        """Who is on the other side; the client, where the proxies before it are believed."""
        if self._peer is None:
            seen = self._read_peer()
            trusted = self.options.trust is not None
            self._peer = self.forwarding.peer(seen) if trusted else seen
        return self._peer

    @property
    def forwarding(self) -> Forwarding:
        """What believed proxies say of the request, where the option `trust` is set.

        Raises:
            ValueError: it is not.
        """
        try:
            return self._forwarding
        except AttributeError:
            pass
        from portico._forwarding import Forwarding

        trust = self.options.trust
        if trust is None:
            raise ValueError("No proxy is believed. Set the option `trust` of the adapter.")
        self._forwarding = Forwarding(
            trust, self._read_peer(), self._read_fields(), self._forwarded_by_platform()
        )
        return self._forwarding

    @property
    def root_path(self) -> str:
        """Where the application is mounted; never a part of `request.raw_path`."""
        if self._root_path is None:
            self._root_path = self._read_root_path()
        return self._root_path

    # What an adapter overrides that leaves these out until somebody asks

    def _read_peer(self) -> Peer:
        """Who is on the other side, as the socket or the gateway says."""
        return UNKNOWN_PEER

    def _read_fields(self) -> Callable[[str], list[str]]:
        """How the values of a header field are found by its lower-cased name, for `trust`."""
        return lambda name: []

    def _forwarded_by_platform(self) -> frozenset[str]:
        """The fields but X-Forwarded-For to which a gateway adds its own word, for `trust`."""
        return frozenset()

    def _read_root_path(self) -> str:
        return ""

    def _take_trailers(self, fields: Mapping[str, Callable[[], str]]) -> bool:
        """Send these, whose names are lower case and may stand there; see `send_trailers`."""
        return False

    @property
    def env(self) -> Mapping[str, str]:
        """The platform's environment: `os.environ`, or a Worker's text bindings."""
        import os

        return os.environ

    @property
    def bindings(self) -> Mapping[str, Any]:
        """Objects that the platform was configured with; empty where there is no such thing."""
        return _NO_BINDINGS

    @property
    def deadline(self) -> float | None:
        """When the platform ends the call, in seconds of `monotonic()`, or None."""
        return None

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the peer is known to be gone, or the request given up for its deadline."""
        if self._signal is None:
            from portico._abort import AbortSignal

            self._signal = AbortSignal()
        return self._signal

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call a function that may block, off the event loop where there is one.

        The base class calls it inline, as runtimes without threads do.
        """
        return fn()

    def wait_until(self, work: Awaitable[object] | Callable[[], object], /) -> Promise:
        """Take work that is not a part of the answer; the promise says when it runs.

        An awaitable is awaited, a function is called where it may block, with the context variables
        of now, and an `async` function is both. An exception of the work goes to `report`. Work of
        one request runs in order; work that others give meanwhile, from any thread, comes last.

        Raises:
            TypeError: it is no work.
            PorticoError: the request is over, its work done.
        """
        from portico._background import take

        take(self, work)
        return self.promise

    def cancel_on_disconnect(self, wanted: bool, /) -> None:
        """Say whether a handler under way is cancelled when its peer leaves.

        A route with the option `on_disconnect` calls it; without it the option of the adapter
        holds. Nothing happens on a runtime that is not told of its peer while a handler runs, where
        `DISCONNECT` is not native.
        """

    async def early_hints(self, links: Iterable[str], /) -> bool:
        """Send 103 with these `Link` values (RFC 8297); False says that it was not sent."""
        return False

    def send_trailers(self, fields: Mapping[str, Callable[[], str]], /) -> bool:
        """Send these fields behind the content (RFC 9110 section 6.5); False says that none go out.

        Each function is called when all of the content has been sent, and gives the value of its
        field; what it raises breaks the answer off. To be called before the answer begins: a
        generator does so before its first value. They follow whatever is answered, an error among
        it, but what has no content at all (204, 304). Called again, it adds to the fields. True
        needs a server that sends them, and a client with `TE: trailers`.

        Raises:
            ValueError: a name is none, or that of a field that must not stand there.
            TypeError: a value is no function.
        """
        from portico._trailers import checked_trailers

        return self._take_trailers(checked_trailers(fields))

    def report(self, error: BaseException, where: str) -> None:
        """Log an exception that nobody else will see, with its traceback."""
        import logging

        logging.getLogger("portico").error("%s", where, exc_info=error)

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        import time

        return time.monotonic()

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        import time

        return time.time()

    async def sleep(self, seconds: float, /) -> None:
        """Wait on the runtime's event loop."""
        import anyio

        await anyio.sleep(seconds)

    def raw(self, kind: type[T], /) -> T:
        """The native objects of the call: `AsgiRaw`, `WsgiRaw`, `LambdaRaw` or `WorkerRaw`.

        Raises:
            CapabilityError: this runtime has another kind.
        """
        from portico._errors import CapabilityError

        raise CapabilityError(
            f"{kind.__name__} was asked for on the runtime {self.runtime.name!r}, which does not "
            "have it. Look at `platform.runtime.name` first."
        )

    @property
    def has_threads(self) -> bool:
        """Whether `run_blocking` has threads to run on."""
        return self.capabilities[Capability.THREADS] is NATIVE

    @property
    def has_work(self) -> bool:
        """Whether there is work of the request that has not run."""
        return bool(self._work or self._endings)

    @property
    def needs_loop(self) -> bool:
        """Whether some of the work needs an event loop, so that `afinish` must run it."""
        from portico._background import needs_loop

        return needs_loop(self)

    def end(self) -> bool:
        """Say that the request is over, so that it takes no more work.

        False says that it is not: there is work, which `finish` or `afinish` does first.
        """
        if self._work or self._endings:
            return False
        self._work = OVER
        return True

    async def afinish(self) -> None:
        """Run the work of `wait_until`, in order; adapters call it at the promised moment.

        What the core has to end behind it is a part of it, so it runs in the task of the request
        where cancel scopes are to be left there. Cancelled, it reports by name what is not done.
        """
        from portico._background import run

        await run(self)

    def finish(self) -> None:
        """Run the work of `wait_until` as far as it needs no event loop.

        Where `has_work` is still true then, `afinish` has to do the rest.
        """
        from portico._background import run_now

        run_now(self)

    @property
    def unfinished(self) -> list[str]:
        """The names of the work that is not done: what is being done, and what waits."""
        from portico._background import unfinished

        return unfinished(self)

    def give_up(self, reason: str, /) -> None:
        """Run no more of the work, and report what is not done by name (`UnfinishedWorkError`).

        What is being done at the moment, in another thread, goes on as long as it can.

        Args:
            reason: why, as the end of a sentence: `"the server stops"`.
        """
        from portico._background import give_up

        give_up(self, reason)

    def _at_end(self, ending: Ending) -> None:
        """Do this behind all of the work, the last one first."""
        if self._endings is None:
            self._endings = []
        self._endings.append(ending)
