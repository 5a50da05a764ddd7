"""Answers: from the value that a handler returns to a `Response`.

=============================  ==================================================================
value                          response
=============================  ==================================================================
`Response`                     as it is
`Reply` (of `status()`)        its value's response, with its status and headers
`str`                          `text/plain`
`bytes`                        `application/octet-stream`
`bool`, `int`, `float`         its JSON text, as `text/plain`
`None`                         204 where the handler is annotated `-> None`, else an empty 200
`Problem`                      `application/problem+json`
`Blob`, `FormData`, ...        as `Response` takes them
generator, any iterator        a stream, whose first value decides the type: text, bytes, events,
                               or newline-delimited JSON; without a value, what it returns
`sse()`                        `text/event-stream`: of one event, or a stream
`file()`                       the file, conditional and by range
anything else                  `application/json`
=============================  ==================================================================
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

from portico._framing import put_fields
from portico._headers import Headers
from portico._json import to_json
from portico._media import BYTES, JSON, TEXT, Media, WithMedia
from portico._reply import Problem, Reply
from portico._response import Response
from portico._stream import ByteStream

if TYPE_CHECKING:
    from portico._blob import Blob
    from portico._context import Context
    from portico._form_data import FormData
    from portico._url_search_params import URLSearchParams


class BlockingAnswer:
    """A value whose response takes I/O that blocks, such as `file()`."""

    __slots__ = ()

    def respond(self, ctx: Context, /) -> Response:
        """The response; called off the event loop where there is one."""
        raise NotImplementedError


# Classes whose values were found to be sent as JSON, which depends on nothing else.
_json_classes: Final[set[type]] = set()
_MOST_CLASSES: Final = 1024  # for those that make their classes anew for each answer

_CLOSED: Final = frozenset({str, dict, list, bytes, Response, type(None)})
_OPEN_ENDED: Final = (AsyncIterator, Awaitable)
_BLOCKING: Final = (BlockingAnswer, Iterator)


def is_open_ended(value: object, *, may_block: bool = True) -> bool:
    """Whether an event loop is needed to turn a value into a response.

    It is for what can only be awaited, and, where nothing may block, for what has to be offloaded:
    a file, or the first value of a generator.
    """
    while is_reply(value):
        value = value.value
    if type(value) in _CLOSED or type(value) in _json_classes:
        return False
    return isinstance(value, _OPEN_ENDED) or (not may_block and isinstance(value, _BLOCKING))


def is_json_class(kind: type) -> bool:
    """Whether values of exactly this class are known to be sent as JSON."""
    return kind in _json_classes or kind is dict or kind is list


def is_reply(value: object) -> TypeGuard[Reply[Any, Any]]:
    """Whether a value is what `status()` returns."""
    return isinstance(value, Reply)


def _is_awaitable(value: object) -> TypeGuard[Awaitable[object]]:
    return isinstance(value, Awaitable)


def _is_binary(value: object) -> TypeGuard[bytes]:
    return isinstance(value, bytes | bytearray | memoryview)


def _is_iterator(value: object) -> TypeGuard[Iterator[Any]]:
    return isinstance(value, Iterator)


def _is_async_iterator(value: object) -> TypeGuard[AsyncIterator[Any]]:
    return isinstance(value, AsyncIterator)


def to_response(value: object, ctx: Context, none_status: int) -> Response:
    """The response of any value but those that are `is_open_ended`.

    Raises:
        Exception: whatever a generator raises before its first value.
        TypeError: the value has no form on the wire.
    """
    kind = type(value)
    if kind is str:
        return _simple(ctx, TEXT, str(value).encode())
    if kind is dict or kind is list or kind in _json_classes:
        return _simple(ctx, JSON, to_json(value))
    if isinstance(value, Response):
        # A copy: what this request adds must not stay on an object that another may be given.
        copy = value.copy()
        value._used = value._used or isinstance(copy.content, ByteStream)  # it can be sent once
        return copy
    if value is None:
        settings = ctx._set
        has_status = settings is not None and settings.status is not None
        return Response.ready(200 if has_status else none_status, Headers())
    if is_reply(value):
        return _of_reply(value, lambda inner: to_response(inner, ctx, value.code))
    if kind in _NUMBERS:
        return _simple(ctx, TEXT, to_json(value))
    if isinstance(value, BlockingAnswer):
        return value.respond(ctx)
    if _is_iterator(value):
        return _opened()(value, ctx, lambda inner: to_response(inner, ctx, none_status))
    return _of_object(value, ctx)


async def to_response_on_loop(value: object, ctx: Context, none_status: int) -> Response:
    """The response of any value, from asynchronous code; what blocks is offloaded."""
    from portico._resumption import offload

    while _is_awaitable(value):
        value = await value
    if _is_async_iterator(value):
        return await _opened_async()(value, ctx)
    if is_reply(value):
        inner = await to_response_on_loop(value.value, ctx, value.code)
        return _of_reply(value, lambda _: inner)
    if _is_iterator(value) or isinstance(value, BlockingAnswer):
        blocking: object = value
        return await offload(ctx.platform, lambda: to_response(blocking, ctx, none_status))
    return to_response(value, ctx, none_status)


# Loaded with the first of them, since many applications have none and a start should not wait: the
# statement costs more than the call, each time.


@cache
def _opened() -> Callable[[Iterator[Any], Context, Callable[[Any], Response]], Response]:
    from portico._stream_answer import opened

    return opened


@cache
def _opened_async() -> Callable[[AsyncIterator[Any], Context], Awaitable[Response]]:
    from portico._stream_answer import opened_async

    return opened_async


@cache
def _problem_response() -> Callable[[int, Problem], Response]:
    from portico._problem import problem_response

    return problem_response


def _simple(ctx: Context, media: Media, data: bytes) -> Response:
    settings = ctx._set
    if settings is None or not settings.has_headers:
        return Response.plain(media, data)
    return Response.ready(200, usual(ctx, [media.field]), data)


def usual(ctx: Context, pairs: list[tuple[str, str]]) -> Headers:
    """The fields that a kind of value brings, but for those that `ctx.set` has."""
    settings = ctx._set
    if settings is not None and settings.has_headers:
        pairs = [pair for pair in pairs if not settings.headers.has(pair[0])]
    return Headers.from_pairs(pairs)


_NUMBERS: Final = frozenset({bool, int, float})


def _of_object(value: object, ctx: Context) -> Response:
    if isinstance(value, WithMedia):
        return Response(cast("Blob | FormData | URLSearchParams", value))
    from portico._server_sent_event import EVENT_STREAM, is_event

    if is_event(value):
        from portico._stream_answer import streamed

        return streamed(ctx, EVENT_STREAM, bytes(value))
    if isinstance(value, Problem):
        return _problem_response()(500, value)
    if _is_binary(value):
        return _simple(ctx, BYTES, bytes(value))
    if isinstance(value, str):  # a subclass, such as a StrEnum's member
        return _simple(ctx, TEXT, str(value).encode())
    if len(_json_classes) < _MOST_CLASSES:
        _json_classes.add(type(value))
    return _simple(ctx, JSON, to_json(value))


def _of_reply(reply: Reply[Any, Any], convert: Callable[[Any], Response]) -> Response:
    value = reply.value
    if reply.code >= 400 and (value is None or isinstance(value, Problem)):
        response = _problem_response()(reply.code, value or Problem())
    elif value is None:
        response = Response.ready(reply.code, Headers())
    else:
        response = convert(value)
        response.status = reply.code
    put_fields(response, reply.headers)
    return response
