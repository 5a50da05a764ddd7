"""`SocketHandler`: one handler of a WebSocket on one route: what it is called with and gives.

Its parameters are bound as those of any handler, and read before the connection is accepted; to
these come the `WebSocket`, and what the event brings.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

from portico._argument import Argument, call_by_kind
from portico._binding import plan_with, read_context
from portico._context import Context
from portico._declared import Declared
from portico._errors import DefinitionError
from portico._link import Link
from portico._message import decoder_of
from portico._resumption import offload
from portico._signature import EMPTY
from portico._websocket import WebSocket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portico._binding import Plan
    from portico._hook import Kind
    from portico._signature import Signature
    from portico._upgrade import Data

Values: TypeAlias = "list[Any]"
"""What was read for the parameters of one handler, in their order."""

EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "open": (),
    "loop": (),
    "message": ("message",),
    "error": ("error",),
    "close": ("code", "reason"),
}
"""What a handler may be for, and what it is given by name."""

_END: Final[Any] = object()


class SocketHandler:
    """A handler of one event.

    Attributes:
        link: the function, as the chain knows functions.
        decode: what turns a message into what the handler takes.
    """

    __slots__ = ("_declared", "_decode", "_message", "_sources", "_validates", "link")

    def __init__(
        self,
        event: str,
        fn: Callable[..., Any],
        path_names: Sequence[str],
        *,
        blocking: bool | None,
        validates: bool,
    ) -> None:
        kind = cast("Kind", f"ws.{event}")  # for people; parameters are bound as a handler's
        self.link = Link(kind, fn, path_names, blocking=blocking, reads_body=False)
        signature = self.link.signature
        annotations = signature.annotations()
        self._sources = _sources(event, signature, annotations, path_names)
        given = _arguments(self._sources, signature)
        self.link.take_plan(plan_with(signature, path_names, given))
        self._message: Any = annotations.get("message", EMPTY)
        self._decode: Callable[[Data], Any] | None = None
        self._declared: Declared | None = None
        self._validates = validates

    @property
    def plan(self) -> Plan:
        """How its parameters are bound."""
        return self.link.plan

    @property
    def asked(self) -> list[Argument]:
        """The parameters that are read of the request."""
        return [each for each in self.plan.arguments if each.name not in self._sources]

    @property
    def decode(self) -> Callable[[Data], Any]:
        """What turns a message into what the handler takes."""
        if self._decode is None:
            self._decode = decoder_of(self._message, self.link.signature.where)
        return self._decode

    def prepare(self) -> None:
        """Raise what is wrong with it, and build what its first message would wait for.

        Raises:
            DefinitionError: a type cannot be read or written.
        """
        self.link.check()
        if "message" in self._sources:
            self.decode  # noqa: B018 - it raises
        self._held().prepare()

    async def answers(
        self, ctx: Context, collected: Values, given: dict[str, Any]
    ) -> AsyncGenerator[Any]:
        """Call it, and give each value that it returns or yields, held to what it declares.

        Args:
            ctx: the request that the connection began with.
            collected: what was read for its parameters then.
            given: what the event brings, by name.
        """
        result = await self._called(ctx, collected, given)
        if result is None:
            return
        value: object = self._held().settle(result, self.link.returns)
        if _is_async_iterator(value):
            try:
                async for item in value:
                    yield item
            finally:
                await _close(value)
        elif _is_iterator(value):
            try:
                while (item := await self._next(value, ctx)) is not _END:
                    yield item
            finally:
                getattr(value, "close", _nothing)()
        elif value is not None:
            yield value

    async def _called(self, ctx: Context, collected: Values, given: dict[str, Any]) -> Any:
        plan, fn = self.plan, self.link.fn
        values = list(collected)
        for index, argument in enumerate(plan.arguments):
            source = self._sources.get(argument.name)
            if source is not None:
                values[index] = given[source]
            elif argument.is_key:
                values[index] = argument.read(ctx)

        def call() -> Any:
            return fn(*values) if plan.positional else call_by_kind(fn, plan.arguments, values)

        result = await offload(ctx.platform, lambda: (call(),)) if self.link.blocks else (call(),)
        value: object = result[0]
        return await value if _is_awaitable(value) else value

    async def _next(self, values: Iterator[Any], ctx: Context) -> Any:
        if self.link.blocks:
            return await offload(ctx.platform, lambda: next(values, _END))
        return next(values, _END)

    def _held(self) -> Declared:
        if self._declared is None:
            self._declared = Declared(self.link.returns, validate=self._validates)
        return self._declared


def _sources(
    event: str, signature: Signature, annotations: Mapping[str, Any], path_names: Sequence[str]
) -> dict[str, str]:
    """The parameters that are not bound to the request, and what each is given."""
    found: dict[str, str] = {}
    for parameter in signature.parameters:
        name = parameter.name
        if annotations.get(name) is WebSocket:
            found[name] = "ws"
        elif name in EVENTS[event]:
            if name in path_names:
                raise DefinitionError(
                    f"{signature.where}: {name!r} is what a handler of {event!r} is given, and a "
                    "parameter of the path too. Give that another name."
                )
            found[name] = name
        elif name == "body":
            raise DefinitionError(
                f"{signature.where} takes a body, which the request of a WebSocket does not have. "
                "A message comes as `message`."
            )
    return found


def _arguments(sources: Mapping[str, str], signature: Signature) -> dict[str, Argument]:
    """They as arguments whose values come with each call, as those of keys do."""
    return {
        parameter.name: Argument(parameter.name, parameter.keyword, read_context, is_key=True)
        for parameter in signature.parameters
        if parameter.name in sources
    }


async def _close(source: Any) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()


def _nothing() -> None:
    return None


def _is_async_iterator(value: object) -> TypeGuard[AsyncIterator[Any]]:
    return isinstance(value, AsyncIterator)


def _is_iterator(value: object) -> TypeGuard[Iterator[Any]]:
    return isinstance(value, Iterator)


def _is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
    return isinstance(value, Awaitable)
