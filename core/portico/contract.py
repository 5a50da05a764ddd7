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
        platform.finish() or await platform.afinish()           once per request, at the end

Each request is handled in a context (`contextvars`) of its own; on a loop the adapter sees to that.

`handle` never raises but for cancellation: whatever goes wrong becomes an answer. What it returns
is ready for the wire: `content` is bytes, or a stream that must be closed exactly once, whether it
was read or not; HEAD and the null body statuses have no content; `content-length` is set where it
is known. In an awaited answer on a runtime with `concurrency == "loop"` a stream is asynchronous.
A stream that raises must reach the peer as a broken message, never as a complete one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextvars import copy_context
from enum import Enum
from functools import partial
from types import MappingProxyType, TracebackType
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    TypeGuard,
    TypeVar,
    cast,
)

from portico._abort import AbortSignal
from portico._request import BodyLimits, NativeRequest, Request
from portico._response import Response
from portico._stream import ByteStream

__all__ = [
    "ABSENT",
    "EMULATED",
    "NATIVE",
    "Application",
    "BodyLimits",
    "ByteStream",
    "Capability",
    "NativeRequest",
    "OptionArguments",
    "Options",
    "Peer",
    "Platform",
    "Promise",
    "Request",
    "Response",
    "Running",
    "Runtime",
    "Support",
]

T = TypeVar("T")


class Support(Enum):
    """How a runtime has a capability."""

    NATIVE = "native"
    EMULATED = "emulated"
    ABSENT = "absent"


NATIVE: Final = Support.NATIVE
EMULATED: Final = Support.EMULATED
ABSENT: Final = Support.ABSENT


class Capability(Enum):
    """What a runtime can do; every adapter declares each of them in a table."""

    STREAM_REQUEST = "stream_request"
    STREAM_RESPONSE = "stream_response"
    DISCONNECT = "disconnect"
    BACKGROUND = "background"
    STARTUP = "startup"
    SHUTDOWN = "shutdown"
    SHARED_RESOURCES = "shared_resources"
    THREADS = "threads"
    FILESYSTEM = "filesystem"
    SOCKETS = "sockets"
    DEADLINE = "deadline"
    EARLY_HINTS = "early_hints"
    TRAILERS = "trailers"
    WEBSOCKET = "websocket"
    MULTIPLE_SET_COOKIE = "multiple_set_cookie"
    RAW_PATH = "raw_path"
    REPEATED_HEADERS = "repeated_headers"


Capabilities: TypeAlias = Mapping[Capability, Support]


class Runtime(NamedTuple):
    """Which runtime it is, and who may block.

    Attributes:
        name: `"asgi"`, `"wsgi"`, `"lambda"`, `"cloudflare"`, or `"test"`.
        concurrency: `"loop"`: `handle` is called on an event loop and must not block it;
            `"threads"` and `"serial"`: it is called on a thread that may block.
    """

    name: str
    concurrency: Literal["loop", "threads", "serial"]


class Peer(NamedTuple):
    """Who is on the other side, and who says so.

    Attributes:
        address: an IP address in text form, or None when it is not known.
        port: its port, or None.
        source: `"socket"` (seen by the server), `"gateway"` (told by the platform that
            terminates the connection), `"trusted-header"`, or `"unknown"`.
    """

    address: str | None
    port: int | None
    source: Literal["socket", "gateway", "trusted-header", "unknown"]


UNKNOWN_PEER: Final = Peer(None, None, "unknown")


class Promise(Enum):
    """What `wait_until` promises about the work that it was given: when it runs."""

    BEFORE_RESPONSE = "before-response"
    AFTER_RESPONSE = "after-response"
    DETACHED = "detached"


class OptionArguments(TypedDict, total=False):
    """The arguments of `Options`, for an adapter's own `**options: Unpack[OptionArguments]`."""

    max_body_size: int
    max_form_size: int
    max_stream_size: int | None
    hosts: Collection[str] | None
    root_path: str | None
    strict: bool
    check: Literal["now", "deferred"]


class Options:
    """The options that every adapter has.

    Args:
        max_body_size: bytes of a body that is read whole; more is a 413.
        max_form_size: bytes of a multipart body, whose files are kept on disk.
        max_stream_size: bytes of a body that the handler streams; None sets no limit.
        hosts: the Host values to answer, lower case, with the port where it is not the default
            one; any other is a 400. None admits all.
        root_path: the path under which the application is mounted, such as `"/api"`; None takes
            what the runtime says.
        strict: raise where the runtime would lose a part of the answer, instead of a warning.
        check: `"now"` checks the application when the adapter is constructed; `"deferred"` leaves
            it to the first hit of each route, for the shortest cold start.
    """

    __slots__ = ("check", "hosts", "limits", "root_path", "strict")

    def __init__(
        self,
        *,
        max_body_size: int = BodyLimits.max_body_size,
        max_form_size: int = BodyLimits.max_form_size,
        max_stream_size: int | None = None,
        hosts: Collection[str] | None = None,
        root_path: str | None = None,
        strict: bool = False,
        check: Literal["now", "deferred"] = "now",
    ) -> None:
        if check not in ("now", "deferred"):
            raise ValueError(f"check is {check!r}. It is 'now' or 'deferred'.")
        if root_path and (not root_path.startswith("/") or root_path.endswith("/")):
            raise ValueError(
                f"root_path is {root_path!r}. It starts with a slash and ends without one, "
                "such as '/api'."
            )
        for name, size in (
            ("max_body_size", max_body_size),
            ("max_form_size", max_form_size),
            ("max_stream_size", max_stream_size),
        ):
            if size is not None and (type(size) is not int or size < 0):
                raise ValueError(f"{name} is {size!r}. It is a number of bytes, such as 1_048_576.")
        if isinstance(hosts, str):
            raise TypeError(f"hosts is the text {hosts!r}. It is a list of host names.")
        self.limits: BodyLimits = BodyLimits(max_body_size, max_form_size, max_stream_size)
        if any("/" in host for host in hosts or ()):
            raise ValueError(f"hosts is {hosts!r}. A host is a name without scheme and path.")
        self.hosts: frozenset[str] | None = (
            None if hosts is None else frozenset(host.lower() for host in hosts)
        )
        self.root_path: str | None = root_path
        self.strict: bool = strict
        self.check = check


class Platform:
    """What the runtime gives to one request. Every member is always there; absence is a value.

    The base class is the platform of a test: no peer, no deadline, inline calls. An adapter
    overrides what its runtime has.

    Attributes:
        options: those of the adapter.
        env: the platform's environment, text to text.
        bindings: the objects that the platform was configured with (Workers), by name.
        peer: who is on the other side.
        root_path: where the application is mounted; never a part of `request.raw_path`.
        deadline: when the platform ends the call, on the clock of `monotonic`, or None.
        signal: aborted when the peer is known to be gone.
    """

    __slots__ = ("_signal", "_work", "options", "peer", "root_path")

    runtime: ClassVar[Runtime] = Runtime("test", "serial")
    capabilities: ClassVar[Capabilities] = MappingProxyType(
        dict.fromkeys(Capability, Support.EMULATED)
    )
    promise: ClassVar[Promise] = Promise.AFTER_RESPONSE

    def __init__(
        self, options: Options | None = None, peer: Peer = UNKNOWN_PEER, root_path: str = ""
    ) -> None:
        self.options: Options = DEFAULT_OPTIONS if options is None else options
        self.peer: Peer = peer
        self.root_path: str = root_path
        self._signal: AbortSignal | None = None
        self._work: list[Awaitable[object] | Callable[[], object]] | None = None

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
        """Aborted when the peer is known to be gone; never where `DISCONNECT` is absent."""
        if self._signal is None:
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
        one request runs in order.
        """
        from portico._signature import is_coroutine_function

        if not _is_awaitable(work) and not callable(work):
            raise TypeError(f"wait_until() got {work!r}. Give it a function or an awaitable.")
        if self._work is None:
            self._work = []
        if is_coroutine_function(work):
            work = cast("Callable[[], Awaitable[object]]", work)()
        if not _is_awaitable(work):
            work = partial(copy_context().run, cast("Callable[[], object]", work))
        self._work.append(work)
        return self.promise

    async def early_hints(self, links: Iterable[str], /) -> bool:
        """Send 103 with these `Link` values (RFC 8297); False says that it was not sent."""
        return False

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
        """Whether `wait_until` was given work that has not run."""
        return bool(self._work)

    async def afinish(self) -> None:
        """Run the work of `wait_until`, in order; adapters call it at the promised moment."""
        while self._work:
            work = self._work.pop(0)
            try:
                result: object = work
                if callable(work):
                    result = await self.run_blocking(work)
                if _is_awaitable(result):
                    await result
            except Exception as error:  # noqa: BLE001 - reported; the other work still runs
                self.report(error, "background work failed")

    def finish(self) -> None:
        """Run the work of `wait_until` without an event loop, for calls that had none.

        An awaitable is reported and not run; `needs_loop` tells beforehand whether there is one.
        """
        while self._work:
            work = self._work.pop(0)
            try:
                if not callable(work):
                    raise TypeError(f"{work!r} needs an event loop: call `afinish`.")
                result = work()
                if _is_awaitable(result):
                    raise TypeError(
                        f"Background work gave {result!r}, which nobody awaits here. Give "
                        "`wait_until` the coroutine, or the `async` function, itself."
                    )
            except Exception as error:  # noqa: BLE001 - reported; the other work still runs
                self.report(error, "background work failed")

    @property
    def needs_loop(self) -> bool:
        """Whether the work of `wait_until` has an awaitable, so that `afinish` must run it."""
        return bool(self._work) and any(isinstance(work, Awaitable) for work in self._work or ())


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
        """Answer one request; the `running` is the one that `start` returned."""
        ...


def _is_awaitable(value: object) -> TypeGuard[Awaitable[object]]:
    return isinstance(value, Awaitable)


_NO_BINDINGS: Final[Mapping[str, Any]] = MappingProxyType({})
DEFAULT_OPTIONS: Final = Options()
