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
generator, any iterator        a stream, whose first value decides the type: text, bytes, or
                               newline-delimited JSON
`file()`                       the file, conditional and by range
anything else                  `application/json`
=============================  ==================================================================
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from portico._headers import Headers
from portico._json import to_json
from portico._problem import problem_response
from portico._reply import Problem, Reply
from portico._response import NULL_BODY_STATUSES, Response
from portico._stream import ByteStream, Chunk, offloaded

if TYPE_CHECKING:
    from portico._context import Context

TEXT: Final = "text/plain;charset=UTF-8"
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
BYTES: Final = "application/octet-stream"

# RFC 9110 section 7.6.1: they concern one connection, so they are the server's to write.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

_END: Final[Any] = object()


class BlockingAnswer:
    """A value whose response takes I/O that blocks, such as `file()`."""

    __slots__ = ()

    def respond(self, ctx: Context, /) -> Response:
        """The response; called off the event loop where there is one."""
        raise NotImplementedError


_CLOSED: Final = frozenset({str, dict, list, bytes, Response, type(None)})
_OPEN_ENDED: Final = (AsyncIterator, Awaitable)


def is_open_ended(value: object, *, may_block: bool = True) -> bool:
    """Whether an event loop is needed to turn a value into a response.

    It is for what can only be awaited, and, where nothing may block, for what has to be offloaded.
    """
    while is_reply(value):
        value = value.value
    if type(value) in _CLOSED:
        return False
    return isinstance(value, _OPEN_ENDED) or (not may_block and isinstance(value, BlockingAnswer))


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
    if kind is dict or kind is list:
        return _simple(ctx, JSON, to_json(value))
    if isinstance(value, Response):
        # A copy: what this request adds must not stay on an object that another may be given.
        copy = Response.ready(value.status, Headers(value.headers), value.content)
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
        return _open(value, ctx, lambda inner: to_response(inner, ctx, none_status))
    return _of_object(value, ctx)


async def to_response_on_loop(value: object, ctx: Context, none_status: int) -> Response:
    """The response of any value, from asynchronous code; what blocks is offloaded."""
    from portico._offload import offload

    while _is_awaitable(value):
        value = await value
    if _is_async_iterator(value):
        return await _open_async(value, ctx)
    if is_reply(value):
        inner = await to_response_on_loop(value.value, ctx, value.code)
        return _of_reply(value, lambda _: inner)
    if _is_iterator(value) or isinstance(value, BlockingAnswer):
        blocking: object = value
        return await offload(ctx.platform, lambda: to_response(blocking, ctx, none_status))
    return to_response(value, ctx, none_status)


def settle(response: Response, ctx: Context) -> Response:
    """Add what `ctx.set` and `ctx.cookies` say, and make the message fit for the wire."""
    settings = ctx._set
    if settings is not None:
        if settings.status is not None and response.status == 200:
            response.status = _checked_status(settings.status)
        if settings.has_headers:
            present = set(response.headers.keys())
            for name, value in settings.headers:
                if name == "set-cookie" or name not in present:
                    response.headers.append(name, value)
    if ctx._cookies is not None:
        for line in ctx._cookies.set_cookie_lines():
            response.headers.append("set-cookie", line)
    return frame(response, ctx.request.method)


def _checked_status(status: int) -> int:
    if not 200 <= status <= 599:
        raise ValueError(f"`ctx.set.status` is {status!r}. A response has a status of 200 to 599.")
    return status


def frame(response: Response, method: str) -> Response:
    """Content-Length, and what HTTP leaves out: hop-by-hop fields, bodies of HEAD and 204.

    A stream that must not be sent stays on a response without content until `dropped` closes it.
    """
    headers = response.headers
    for name in _HOP_BY_HOP.intersection(headers.keys()):
        headers.delete(name)
    content = response.content
    if response.status in NULL_BODY_STATUSES:
        headers.delete("content-type")  # RFC 9110 section 15.4.5 would have none in a 304 either
        if response.status == 205:
            # RFC 9112 section 6.3 does not count it among the answers that end with their head.
            headers.set("content-length", "0")
        elif response.status != 304:
            headers.delete("content-length")
    elif isinstance(content, bytes):
        # A handler of HEAD alone may say how long the answer to GET is.
        if content or method != "HEAD" or _declared_length(headers) is None:
            headers.set("content-length", str(len(content)))
    elif content.length is not None:
        headers.set("content-length", str(content.length))
        content.expect(content.length)
    elif (declared := _declared_length(headers)) is not None and method != "HEAD":
        content.expect(declared)
    return response


def _declared_length(headers: Headers) -> int | None:
    """What a handler says of a body whose length is not known."""
    text = headers.get("content-length")
    if text is not None and not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"The answer has the Content-Length {text!r}. It is one decimal number (RFC 9110 "
            "section 8.6). Leave it out where the length is not known."
        )
    return None if text is None else int(text)


def must_drop(response: Response, method: str) -> bool:
    """Whether the content of a response is not to be sent."""
    return method == "HEAD" or response.status in NULL_BODY_STATUSES


def drop(response: Response) -> None:
    """Take the content away; a synchronous stream is closed here."""
    content = response.content
    if isinstance(content, ByteStream):
        content.close()
    response.content = b""


async def drop_on_loop(response: Response, ctx: Context) -> None:
    """Take the content away; a stream is closed, off the loop where it may block."""
    content = response.content
    response.content = b""
    if isinstance(content, ByteStream):
        await (content if content.is_async else offloaded(content, ctx.platform)).aclose()


def _simple(ctx: Context, content_type: str, data: bytes) -> Response:
    return Response.ready(200, _usual(ctx, [("content-type", content_type)]), data)


def _usual(ctx: Context, pairs: list[tuple[str, str]]) -> Headers:
    """The fields that a kind of value brings, but for those that `ctx.set` has."""
    settings = ctx._set
    if settings is not None and settings.has_headers:
        pairs = [pair for pair in pairs if not settings.headers.has(pair[0])]
    return Headers.from_pairs(pairs)


_NUMBERS: Final = frozenset({bool, int, float})


def _of_object(value: object, ctx: Context) -> Response:
    from portico._blob import Blob
    from portico._form_data import FormData
    from portico._url_search_params import URLSearchParams

    if isinstance(value, Blob | FormData | URLSearchParams):
        return Response(value)
    if isinstance(value, Problem):
        return problem_response(500, value)
    if _is_binary(value):
        return _simple(ctx, BYTES, bytes(value))
    if isinstance(value, str):  # a subclass, such as a StrEnum's member
        return _simple(ctx, TEXT, str(value).encode())
    return _simple(ctx, JSON, to_json(value))


def _of_reply(reply: Reply[Any, Any], convert: Callable[[Any], Response]) -> Response:
    value = reply.value
    if reply.code >= 400 and (value is None or isinstance(value, Problem)):
        response = problem_response(reply.code, value or Problem())
    elif value is None:
        response = Response.ready(reply.code, Headers())
    else:
        response = convert(value)
        response.status = reply.code
    put_fields(response, reply.headers)
    return response


def put_fields(response: Response, fields: Headers | None) -> None:
    """Put fields in the place of those of the same names; several of one name all count."""
    for name in fields.keys() if fields is not None else ():
        if name != "set-cookie":
            response.headers.delete(name)
    for name, value in fields or ():
        response.headers.append(name, value)


def _open(source: Iterator[Any], ctx: Context, convert: Callable[[Any], Response]) -> Response:
    """Start a synchronous stream. A generator without values answers with what it returns."""
    try:
        first = next(source)
    except StopIteration as end:
        return convert(end.value)
    content_type, encode = _stream_type(first)
    return Response.ready(
        200,
        _usual(ctx, [("content-type", content_type), ("cache-control", "no-cache")]),
        ByteStream(_Started(first, source, encode)),
    )


async def _open_async(source: AsyncIterator[Any], ctx: Context) -> Response:
    first = await anext(source, _END)
    if first is _END:
        return Response.ready(200, Headers())
    content_type, encode = _stream_type(first)
    return Response.ready(
        200,
        _usual(ctx, [("content-type", content_type), ("cache-control", "no-cache")]),
        ByteStream(_StartedAsync(first, source, encode)),
    )


def _stream_type(first: object) -> tuple[str, Callable[[Any], Chunk]]:
    if isinstance(first, str):
        return TEXT, _as_chunk
    if isinstance(first, bytes | bytearray | memoryview):
        return BYTES, _as_chunk
    return NDJSON, _json_line


def _as_chunk(value: Any) -> Chunk:
    if value is None:
        return b""
    if isinstance(value, str | bytes | bytearray):
        return value
    return value.tobytes() if isinstance(value, memoryview) else _json_line(value)


def _json_line(value: Any) -> Chunk:
    return b"" if value is None else to_json(value) + b"\n"


class _Started:
    """A stream whose first value was taken to see what it is."""

    __slots__ = ("_encode", "_first", "_source")

    def __init__(self, first: Any, source: Any, encode: Callable[[Any], Chunk]) -> None:
        self._first = first
        self._source = source
        self._encode = encode

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        value, self._first = self._first, _END
        return self._encode(next(self._source) if value is _END else value)

    def close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


class _StartedAsync:
    __slots__ = ("_encode", "_first", "_source")

    def __init__(self, first: Any, source: Any, encode: Callable[[Any], Chunk]) -> None:
        self._first = first
        self._source = source
        self._encode = encode

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        value, self._first = self._first, _END
        return self._encode(await anext(self._source) if value is _END else value)

    async def aclose(self) -> None:
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()
