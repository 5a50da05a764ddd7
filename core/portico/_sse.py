"""`sse()`: server-sent events, and streams of them (WHATWG HTML section 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, TypeVar, overload

from portico._idle import Idle
from portico._server_sent_event import COMMENT, ServerSentEvent, as_event

if TYPE_CHECKING:
    from datetime import timedelta

    from portico._held_stream import Rest

T = TypeVar("T")

Hold: TypeAlias = Callable[[Any], ServerSentEvent[Any]]

_OPENING: Final = ServerSentEvent(None)
_TEXT: Final[frozenset[type]] = frozenset({str})


class EventStream:
    """What `sse()` makes of a synchronous source: an iterator of events.

    Attributes:
        idle: the comment that is sent while the source gives nothing, or None.
    """

    __slots__ = ("_hold", "_opens", "_source", "idle")

    def __init__(self, source: Iterator[Any], idle: Idle | None) -> None:
        self._source = source
        self._opens = idle is not None
        self._hold: Hold = as_event
        self.idle: Idle | None = idle

    def hold(self, hold: Hold) -> None:
        """Let each event be what `hold` makes of it; what it raises ends the stream."""
        self._hold = lambda value: hold(as_event(value))

    def __iter__(self) -> Iterator[ServerSentEvent[Any]]:
        return self

    def __next__(self) -> ServerSentEvent[Any]:
        if self._opens:
            self._opens = False
            return _OPENING
        value = next(self._source)
        while value is None:
            value = next(self._source)
        return self._hold(value)

    def rest(self) -> Rest:
        """How to go on without this; see `Rest`."""
        return self._source, self._source, self._hold, _passing(self._hold)

    def close(self) -> None:
        """Close the source."""
        close: Callable[[], object] | None = getattr(self._source, "close", None)
        if close is not None:
            close()


class AsyncEventStream:
    """The same for an asynchronous source."""

    __slots__ = ("_hold", "_iterator", "_opens", "_source", "idle")

    def __init__(self, source: AsyncIterable[Any], idle: Idle | None) -> None:
        self._source = source
        self._iterator = aiter(source)
        self._opens = idle is not None
        self._hold: Hold = as_event
        self.idle: Idle | None = idle

    def hold(self, hold: Hold) -> None:
        """Let each event be what `hold` makes of it; what it raises ends the stream."""
        self._hold = lambda value: hold(as_event(value))

    def __aiter__(self) -> AsyncIterator[ServerSentEvent[Any]]:
        return self

    async def __anext__(self) -> ServerSentEvent[Any]:
        if self._opens:
            self._opens = False
            return _OPENING
        value = await anext(self._iterator)
        while value is None:
            value = await anext(self._iterator)
        return self._hold(value)

    def rest(self) -> Rest:
        """How to go on without this; see `Rest`."""
        closed = self._source if self._iterator is self._source else self
        return closed, self._iterator, self._hold, _passing(self._hold)

    async def aclose(self) -> None:
        """Close the source, and the iterator over it where that is another."""
        iterator: object = self._iterator
        others = [] if iterator is self._source else [self._source]
        for each in (iterator, *others):
            aclose: Callable[[], Awaitable[object]] | None = getattr(each, "aclose", None)
            if aclose is not None:
                await aclose()


def _passing(hold: Hold) -> frozenset[type]:
    """The classes of values that need not be made events of, to be sent as those."""
    return _TEXT if hold is as_event else frozenset()


@overload
def sse(  # type: ignore[overload-overlap]  # a source is not the data of an event
    data: AsyncIterable[ServerSentEvent[T]], /, *, keep_alive: float | None = None
) -> AsyncIterator[ServerSentEvent[T]]: ...
@overload
def sse(  # type: ignore[overload-overlap]  # a source is not the data of an event
    data: AsyncIterable[ServerSentEvent[T] | T], /, *, keep_alive: float | None = None
) -> AsyncIterator[ServerSentEvent[T]]: ...
@overload
def sse(  # type: ignore[overload-overlap]  # a source is not the data of an event
    data: Iterator[ServerSentEvent[T]], /, *, keep_alive: float | None = None
) -> Iterator[ServerSentEvent[T]]: ...
@overload
def sse(  # type: ignore[overload-overlap]  # a source is not the data of an event
    data: Iterator[ServerSentEvent[T] | T], /, *, keep_alive: float | None = None
) -> Iterator[ServerSentEvent[T]]: ...
@overload
def sse(
    data: T,
    /,
    *,
    event: str | None = None,
    id: str | int | None = None,
    retry: int | timedelta | None = None,
    comment: str | None = None,
) -> ServerSentEvent[T]: ...
def sse(data: Any, /, *, keep_alive: float | None = None, **fields: Any) -> Any:
    """A server-sent event, or, of an iterator, a stream of them.

    A generator whose first value is an event is an event stream, in which plain values are the data
    of events::

        @app.get("/prices")
        async def prices(ctx: Context) -> AsyncIterator[ServerSentEvent[Price] | Price]:
            yield sse(await latest(after=ctx.last_event_id), id=7, retry=2000)
            yield await latest()

    A source of plain values becomes one by `sse(source)`, which a handler returns. Values of None
    are left out. In a `Response` it brings the Content-Type alone; every other field is the
    handler's to give.

    With `keep_alive` the answer begins at once, with a comment, so that nothing in the source can
    change its status or header fields any more; and another comment is sent each time that the
    source has given nothing for so long. Where nothing can be sent while a source is waited for,
    that is left out: on Lambda, which sends an answer when it is whole, and for synchronous sources
    behind WSGI and on Workers.

    Args:
        data: text, a value with a form in JSON, None for an event without data, or a source: an
            iterator, synchronous or not, or any asynchronous iterable. It is closed once.
        event: the type that a reader listens for.
        id: what a reader that comes back sends as `Last-Event-ID`; see `ctx.last_event_id`.
        retry: when a reader comes back: a number of milliseconds, or a `timedelta`.
        comment: text that readers skip.
        keep_alive: seconds, more than 0; for a source alone.

    Raises:
        TypeError: `data` is bytes, `retry` is no number, or an argument does not go with `data`.
        ValueError: a field has a character that would end it, or a number is out of its range.
    """
    if _is_async_source(data):
        return AsyncEventStream(data, _idle(keep_alive, fields))
    if _is_source(data):
        return EventStream(data, _idle(keep_alive, fields))
    if keep_alive is not None:
        raise TypeError(
            f"sse() got keep_alive={keep_alive!r} and data of type {type(data).__name__}, which is "
            "one event. Give it an iterator or an asynchronous iterable: `sse(source, ...)`."
        )
    return ServerSentEvent(data, **fields)


def _idle(keep_alive: float | None, fields: dict[str, Any]) -> Idle | None:
    if fields:
        raise TypeError(
            f"sse() got a source and {', '.join(fields)}, which one event has. Give them to the "
            "events of the source: `yield sse(value, ...)`."
        )
    if keep_alive is None:
        return None
    if not 0 < keep_alive < float("inf"):
        raise ValueError(
            f"sse() got the keep_alive {keep_alive!r}. It is a number of seconds above 0."
        )
    return Idle(keep_alive, COMMENT)


def _is_async_source(value: object) -> TypeGuard[AsyncIterable[Any]]:
    return isinstance(value, AsyncIterable)


def _is_source(value: object) -> TypeGuard[Iterator[Any]]:
    return isinstance(value, Iterator)
