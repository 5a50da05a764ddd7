"""Reading a body: counting what passes by, and decoding what has come."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from portico._errors import BodyTooLargeError, DisconnectError, PeerError
from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._form_data import FormData
    from portico._multipart import MultipartLimits

BodySource: TypeAlias = "bytes | Iterable[bytes] | AsyncIterable[bytes] | None"

# What an asynchronous source may have besides: all that is left of it, each chunk passed by `add`.
Gather: TypeAlias = "Callable[[Callable[[bytes], bytes]], Awaitable[list[bytes]]]"


# What a source may have besides: the whole body where it is there without waiting, exactly of the
# declared length, or, where none is declared, within the limit. On None nothing of it is lost.
Whole: TypeAlias = "Callable[[int | None, int | None], bytes | None]"

# What a synchronous one may have besides: all of a body of so many bytes, or less where it ended
# before. None, with nothing of it lost, where it is to be read chunk by chunk.
WholeHere: TypeAlias = "Callable[[int], bytes | None]"


class Count:
    """Holds a body to its limit and to its Content-Length while it passes by."""

    __slots__ = ("declared", "limit", "total")

    def __init__(self, limit: int | None, declared: int | None) -> None:
        if limit is not None and declared is not None and declared > limit:
            raise _too_large(limit)
        self.limit = limit
        self.declared = declared
        self.total = 0

    def add(self, chunk: bytes) -> bytes:
        self.total += len(chunk)
        if self.limit is not None and self.total > self.limit:
            raise _too_large(self.limit)
        if self.declared is not None and self.total > self.declared:
            raise PeerError(f"The body is longer than its Content-Length of {self.declared} bytes.")
        return chunk

    def end(self) -> None:
        if self.declared is not None and self.total < self.declared:
            raise DisconnectError(
                f"The body ended after {self.total} of the {self.declared} bytes that its "
                "Content-Length says."
            )


async def gathered(source: BodySource, count: Count) -> bytes:
    """All bytes of a source, from asynchronous code."""
    if source is None or type(source) is bytes or not hasattr(source, "__aiter__"):
        return gathered_here(source, count)
    every: AsyncIterable[bytes] = cast("AsyncIterable[bytes]", source)
    chunks = [count.add(chunk) async for chunk in every if chunk]
    count.end()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def gathered_here(source: BodySource, count: Count) -> bytes:
    """The same from synchronous code."""
    if source is None or isinstance(source, bytes):
        data = count.add(source) if source else b""
    else:
        every = cast("Iterable[bytes]", source)
        chunks = [count.add(chunk) for chunk in every if chunk]
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    count.end()
    return data


class Counted:
    """A source that passes by its count: not a generator, so that it may be left half read."""

    __slots__ = ("_begun", "_count", "_is_async", "_iterator", "_source")

    _iterator: Any

    def __init__(self, source: BodySource, count: Count) -> None:
        self._count = count
        self._source = source
        self._begun = False
        self._is_async = False

    def _begin(self, *, prefer_async: bool) -> None:
        self._begun = True
        source = self._source
        if source is None or isinstance(source, bytes):
            self._iterator = iter([source] if source else [])
        elif isinstance(source, AsyncIterable) and (
            prefer_async or not isinstance(source, Iterable)
        ):
            self._is_async = True
            self._iterator = aiter(source)
        else:
            self._iterator = iter(source)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._begun:
            self._begin(prefer_async=False)
        for chunk in self._iterator:
            if chunk:
                return self._count.add(chunk)
        self._count.end()
        raise StopIteration

    def close(self) -> None:
        """Close a source that is a stream of ours; any other belongs to its server."""
        if isinstance(self._source, ByteStream):
            self._source.close()

    async def aclose(self) -> None:
        """Close a source that is a stream of ours; any other belongs to its server."""
        if isinstance(self._source, ByteStream):
            await self._source.aclose()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._begun:
            self._begin(prefer_async=True)
        while True:
            if self._is_async:
                chunk = await anext(self._iterator, _END)
            else:
                chunk = next(self._iterator, _END)
            if chunk is _END:
                self._count.end()
                raise StopAsyncIteration
            if chunk:
                return self._count.add(chunk)


_END: Any = object()


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is larger than the limit of {limit} bytes.")


def decode_text(data: bytes) -> str:
    """UTF-8 decode (Encoding Standard): a leading byte order mark is dropped, errors replaced."""
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def is_multipart(content_type: str) -> bool:
    return content_type[:19].lower() == "multipart/form-data"


def is_urlencoded(content_type: str) -> bool:
    return content_type[:33].lower() == "application/x-www-form-urlencoded"


@lru_cache(maxsize=16)  # an application has one or two
def multipart_limits(size: int | None) -> MultipartLimits:
    """The limits of a form of so many bytes; they are shared, and not to be changed."""
    from portico._multipart import MultipartLimits

    # The stream that the decoder reads is counted already; its own bound is no tighter.
    return MultipartLimits(max_size=sys.maxsize if size is None else size)


@cache
def _multipart_reader() -> Callable[[bytes, str, MultipartLimits], FormData]:
    # Loaded with the first form; the statement costs more than the call, each time.
    from portico._multipart_decoder import read_whole_form

    return read_whole_form


def form_of(data: bytes, content_type: str, limits: MultipartLimits) -> FormData:
    if is_multipart(content_type):
        return _multipart_reader()(data, content_type, limits)
    from portico._form_data import FormData
    from portico._url_search_params import parse_urlencoded

    if data.count(b"&") >= limits.max_parts:
        raise BodyTooLargeError(f"The form has more fields than the limit of {limits.max_parts}.")
    return FormData(parse_urlencoded(data))
