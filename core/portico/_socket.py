"""`Socket`: what `app.ws` registers, and takes handlers for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from portico._errors import DefinitionError, HTTPError
from portico._hook_options import SharedOptions
from portico._key import Key
from portico._pattern import Pattern
from portico._runtime import Capability
from portico._signature import Signature
from portico._socket_route import SOCKET, SocketRoute
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from portico._app import Portico
    from portico._context import Context
    from portico._hook import Hook, Hooks
    from portico._registrar import Registrar

F = TypeVar("F", bound=Callable[..., Any])

_MAX_MESSAGE_SIZE: Final = 1 << 20
_TOKEN: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
)


class SocketOptions(SharedOptions, total=False):
    """What a registration may say about a WebSocket: the hooks of its request, and its limits.

    Attributes:
        optional: whether a runtime without WebSockets serves the application all the same, and
            answers 426 (Upgrade Required) here.
        max_message_size: how many bytes a message may have, text counted as UTF-8; a larger one
            closes the connection with 1009. 1 MiB, unless given. What a server allows is a limit
            of its own.
        idle_timeout: after how many seconds without a message the connection is closed with 1001.
        origins: the values of `Origin` that are let in, such as `"https://app.example"`; another
            one, which a browser sends for a page from elsewhere, is answered with 403. Who sends
            none is no browser, and is let in (RFC 6455 section 10.2).
        subprotocols: those that are spoken, the best one first (RFC 6455 section 1.9); the first
            that the peer offers is chosen.
    """

    optional: bool
    max_message_size: int
    idle_timeout: float
    origins: Sequence[str]
    subprotocols: Sequence[str]
    blocking: bool
    needs: Collection[Capability]


class Socket:
    """A WebSocket of an application, and the decorators for its handlers.

    ::

        chat = app.ws("/chat/{room}")

        @chat.open
        async def joined(ws: WebSocket, room: str) -> None:
            await ws.subscribe(room)

        @chat.message
        async def said(ws: WebSocket, message: Said, room: str) -> None:
            await ws.publish(room, message)

    Each decorator returns the function unchanged. As a decorator itself, it takes a function with
    a parameter `message` for every message, any other for the whole connection.

    Attributes:
        path: the pattern, with the prefixes that it was registered behind.
        functions: the handlers by event, each with whether it may block.
        max_message_size, idle_timeout, subprotocols: see `SocketOptions`.
    """

    __slots__ = (
        "_app",
        "_blocking",
        "functions",
        "idle_timeout",
        "max_message_size",
        "path",
        "subprotocols",
    )

    def __init__(
        self, app: Portico, path: str, options: SocketOptions, *, blocking: bool | None
    ) -> None:
        self._app = app
        self._blocking = blocking
        self.path: str = path
        self.functions: dict[str, tuple[Callable[..., Any], bool | None]] = {}
        self.max_message_size: int = options.get("max_message_size", _MAX_MESSAGE_SIZE)
        self.idle_timeout: float | None = options.get("idle_timeout")
        self.subprotocols: tuple[str, ...] = tuple(options.get("subprotocols", ()))

    def __call__(self, fn: F, /) -> F:
        """Take a function for every message, or one without `message` for the whole connection."""
        takes = {parameter.name for parameter in self._checked(fn, "handler").parameters}
        return self._add("message" if "message" in takes else "loop", fn)

    def open(self, fn: F, /) -> F:
        """Take a function to call once the connection is accepted."""
        return self._add("open", fn)

    def message(self, fn: F, /) -> F:
        """Take a function to call with each message, as the annotation of `message` says."""
        return self._add("message", fn)

    def close(self, fn: F, /) -> F:
        """Take a function to call once the connection has ended; it may bind `code`, `reason`."""
        return self._add("close", fn)

    def error(self, fn: F, /) -> F:
        """Take a function to call with what went wrong with a message or a handler, as `error`.

        What it returns is sent, and the connection goes on; where it returns None and has not
        closed it, the error closes it.
        """
        return self._add("error", fn)

    def _add(self, event: str, fn: F) -> F:
        what = f"The handler of {event!r} of {SOCKET} {self.path} ({caller()})"
        self._app._must_be_open(what)
        signature = self._checked(fn, event)
        taken = {"message", "loop"} if event in ("message", "loop") else {event}
        known = [self.functions[name][0] for name in taken if name in self.functions]
        if known:
            raise DefinitionError(
                f"{what} is a second one: {Signature(known[0]).where} is there already. Register "
                "one function, or another path."
            )
        if event == "message" and "message" not in {each.name for each in signature.parameters}:
            raise DefinitionError(
                f"{signature.where} is a handler of messages without a parameter `message`. Add "
                "it: `message: str`, or the type that its JSON has."
            )
        self.functions[event] = fn, self._blocking
        return fn

    def _checked(self, fn: object, event: str) -> Signature:
        if not callable(fn) or isinstance(fn, Key | type):
            raise DefinitionError(
                f"{SOCKET} {self.path} got {fn!r} as its {event}. It takes a function."
            )
        return Signature(fn)

    @property
    def __name__(self) -> str:
        """The name of the function that it is mostly about, for people."""
        for event in ("message", "loop", "open"):
            if event in self.functions:
                fn = self.functions[event][0]
                return str(getattr(fn, "__name__", None) or type(fn).__name__)
        return "ws"

    def __repr__(self) -> str:
        return f"<WebSocket {self.path}>"


def register(
    registrar: Registrar, path: str, hooks: tuple[Hooks, ...], options: SocketOptions
) -> Socket:
    """Register a WebSocket on an application or a group; see `Portico.ws`.

    Raises:
        DefinitionError: the path or an option is wrong, or the application is in use already.
    """
    where = caller()
    app = registrar._application()
    prefix = registrar._prefix_path()
    pattern = Pattern(path).under(prefix) if path or not prefix else Pattern(prefix)
    what = f"{SOCKET} {pattern.text}"
    app._must_be_open(what)
    _check(options, f"{what} ({where})")
    blocking = options.get("blocking", registrar._blocking)
    needs = tuple(options.get("needs", ()))
    if not options.get("optional", False):
        needs = (*needs, Capability.WEBSOCKET)
    said = cast("Mapping[str, Any]", options)
    own = registrar._own_hooks(hooks, said, where, what) if hooks or options else ()
    if "origins" in options:
        own = (_hook_for(options["origins"], where), *own)
    socket = Socket(app, pattern.text, options, blocking=blocking)
    layers = (*registrar._layers(), own) if own else registrar._layers()
    route = SocketRoute(
        SOCKET, pattern, socket, layers, blocking=blocking, needs=needs, where=where
    )
    app._add_route(route)
    return socket


def _hook_for(origins: Sequence[str], where: str) -> Hook:
    """The hook that lets pages of these origins in alone, before anything is read."""
    from portico._hook import Hook

    allowed = frozenset(origins)

    def check_origin(ctx: Context) -> None:
        origin = ctx.headers.get("origin")
        if origin is not None and origin not in allowed:
            raise HTTPError(403, "Pages of this origin are not let in.")

    # What they name is not loaded here.
    check_origin.__annotations__ = {}
    return Hook("before_parse", check_origin, blocking=False, where=where)


def _check(options: SocketOptions, what: str) -> None:
    if not options:
        return
    from portico._hook_options import check_options

    check_options(cast("Mapping[str, Any]", options), SocketOptions, what)
    for name, value in options.items():
        expected, is_right = _VALUES.get(name, ("", _is_anything))
        if not is_right(value):
            raise DefinitionError(f"{what} has {name}={value!r}. It is {expected}.")


def _is_anything(given: object) -> bool:
    return True


def _is_bool(given: object) -> bool:
    return isinstance(given, bool)


def _is_size(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given > 0


def _is_time(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and given > 0


def _are_names(given: object) -> bool:
    # RFC 6455 section 4.1: each is a token (RFC 9110 section 5.6.2).
    return isinstance(given, list | tuple) and all(
        isinstance(name, str) and name and _TOKEN.issuperset(name)
        for name in cast("Sequence[object]", given)
    )


def _are_origins(given: object) -> bool:
    # RFC 6454 section 6.2: a scheme, a host and perhaps a port; or "null".
    return isinstance(given, list | tuple) and all(
        isinstance(origin, str)
        and (origin == "null" or (origin.count("/") == 2 and "://" in origin))
        for origin in cast("Sequence[object]", given)
    )


_VALUES: Final[dict[str, tuple[str, Callable[[object], bool]]]] = {
    "optional": ("True or False", _is_bool),
    "max_message_size": ("a number of bytes, from 1", _is_size),
    "idle_timeout": ("a number of seconds above 0", _is_time),
    "origins": ("a list of origins, such as ['https://app.example']", _are_origins),
    "subprotocols": ("a list of names, such as ['chat.v2']", _are_names),
}
