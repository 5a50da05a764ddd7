"""`SocketLink`: the handlers of a WebSocket, as the one link that stands where a handler does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._binding import Plan
from portico._conversation import Conversation
from portico._errors import DefinitionError, InvalidInputError, PeerError
from portico._link import Link
from portico._returns import Returns
from portico._socket_handler import SocketHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portico._context import Context
    from portico._fault import Fault
    from portico._key import Key
    from portico._socket import Socket


class SocketLink(Link):
    """Begins a conversation, once all that its handlers bind was read.

    Attributes:
        handlers: by event; see `EVENTS`.
        max_message_size: how many bytes a message may have.
        idle_timeout: after how many seconds without a message the connection is closed, or None.
        subprotocols: those that are spoken, the best one first.
    """

    __slots__ = ("handlers", "idle_timeout", "max_message_size", "subprotocols")

    def __init__(
        self, socket: Socket, path_names: Sequence[str], where: str, *, validates: bool
    ) -> None:
        if not socket.functions:
            raise DefinitionError(
                f"{where} has no handler. Give it one, as in `@app.ws(path)` above a function, or "
                "`socket = app.ws(path)` and `@socket.message`."
            )
        self.handlers: dict[str, SocketHandler] = {
            event: SocketHandler(event, fn, path_names, blocking=blocking, validates=validates)
            for event, (fn, blocking) in socket.functions.items()
        }
        self.max_message_size: int = socket.max_message_size
        self.idle_timeout: float | None = socket.idle_timeout
        self.subprotocols: tuple[str, ...] = socket.subprotocols
        first = next(iter(self.handlers.values())).link
        super().__init__("handle", first.fn, path_names, blocking=False, reads_body=False)
        self._returns = Returns({200: Any}, where=first.signature.where, is_open=True)
        self.take_plan(SocketPlan(self.handlers, self.begin))

    def begin(self, ctx: Context, values: list[list[Any]]) -> Conversation:
        """The conversation that an upgrade leads to.

        Raises:
            PeerError: the request asks for something else.
        """
        if ctx.request.method != "GET":  # of a name that only the router knows
            raise PeerError("A WebSocket begins with GET (RFC 6455 section 4.1).", status=404)
        offered = ctx.request.headers.get("sec-websocket-protocol") or ""
        names = {name.strip() for name in offered.split(",")}
        chosen = next((each for each in self.subprotocols if each in names), None)
        collected = dict(zip(self.handlers, values, strict=True))
        return Conversation(ctx, self, collected, chosen)

    def parts(self) -> Iterable[Link]:
        """The handlers."""
        return [handler.link for handler in self.handlers.values()]

    def check(self) -> None:
        """Raise what is wrong with the handlers."""
        for handler in self.handlers.values():
            handler.prepare()

    def named_keys(self) -> frozenset[Key[Any]]:
        """The keys that the code of a handler names."""
        return self._joined(Link.named_keys)

    def read_keys(self) -> frozenset[Key[Any]]:
        """The keys that the code of a handler reads."""
        return self._joined(Link.read_keys)

    def asked_keys(self) -> frozenset[Key[Any]]:
        """The keys that the code of a handler asks for."""
        return self._joined(Link.asked_keys)

    def hands_context_on(self) -> bool:
        """Whether others may read keys of the context: a `WebSocket` may go anywhere."""
        return True

    def may_ask_for_keys(self) -> bool:
        """Whether it may `await ctx.get(key)`, or somebody that it hands its context to."""
        return True

    def body_need(self) -> str:
        """Nothing: a request that asks for an upgrade has no body."""
        return ""

    def _joined(self, keys_of: Callable[[Link], frozenset[Key[Any]]]) -> frozenset[Key[Any]]:
        return frozenset[Any]().union(*(keys_of(each.link) for each in self.handlers.values()))


class SocketPlan(Plan):
    """What all handlers bind, read in one go before the connection is accepted."""

    __slots__ = ("_begin", "_handlers")

    def __init__(
        self,
        handlers: dict[str, SocketHandler],
        begin: Callable[[Context, list[list[Any]]], Conversation],
    ) -> None:
        self._begin = begin
        self._handlers = list(handlers.values())
        asked = [argument for handler in self._handlers for argument in handler.asked]
        keys = [key for handler in self._handlers for key in handler.plan.keys]
        super().__init__(asked, tuple(dict.fromkeys(keys)))

    def caller(self, fn: Callable[..., Any]) -> Callable[[Context], Any]:
        """A function that reads the values and begins the conversation; `fn` stands for it."""

        def call(ctx: Context) -> Any:
            from portico._faults import MAX_FAULTS

            faults: list[Fault] = []
            values = self.collect(ctx, faults)
            if faults:
                distinct = {fault[:3]: fault for fault in faults}
                raise InvalidInputError(list(distinct.values())[:MAX_FAULTS])
            return self._begin(ctx, values)

        return call

    def collect(self, ctx: Context, faults: list[Fault]) -> list[Any]:
        """The values of each handler, in the order of the handlers."""
        return [handler.plan.collect(ctx, faults) for handler in self._handlers]

    def call_collected(self, fn: Callable[..., Any], values: list[Any], ctx: Context) -> Any:
        """Begin the conversation with what was collected; `fn` stands for it."""
        return self._begin(ctx, values)
