"""The body of the runtime's request: its chunks as they arrive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portico_cloudflare._javascript import JavaScript

CHUNK_SIZE = 64 * 1024
OWN_CHUNK_SIZE = 4096  # what workerd gives at a time to who brings no buffer

_is_length = re.compile(r"[0-9]{1,18}").fullmatch


def read_body(native: Any, headers: Any, javascript: JavaScript) -> RequestBody | None:
    """The body, or None where the runtime knows that there is none."""
    stream = native.body
    if stream is javascript.null:
        return None
    kind = BlockingRequestBody if javascript.can_run_sync else RequestBody
    return kind(headers, stream, javascript)


class RequestBody:
    """The runtime's `ReadableStream` of a request: its chunks as they arrive.

    A large body is read into a buffer of ours, where the stream has that (Streams Standard section
    4.5, `ReadableStreamBYOBReader`), and the same one each time: workerd makes chunks of 4 KiB by
    itself, which are garbage of JavaScript and a turn of its loop each.
    """

    __slots__ = ("_buffer", "_error", "_headers", "_javascript", "_reader", "_remaining", "_stream")

    def __init__(self, headers: Any, stream: Any, javascript: JavaScript) -> None:
        self._headers = headers
        self._stream = stream
        self._reader: Any = None
        self._buffer: Any = None
        self._remaining = 0
        self._javascript = javascript
        self._error = javascript.error

    def __aiter__(self) -> RequestBody:
        return self

    async def __anext__(self) -> bytes:
        if self._reader is None:
            self._open()
        elif self._remaining == 0:
            # The last byte that Content-Length says was there, and a turn of the runtime's loop to
            # be told so costs more than the whole request.
            raise StopAsyncIteration
        try:
            result = await self._read()
        except self._error as error:
            raise _disconnect() from error
        if result.done:
            raise StopAsyncIteration
        value = result.value
        chunk: bytes = value.to_bytes()
        self._remaining -= len(chunk)
        if self._buffer is not None:
            # The read has taken the memory from it (`TransferArrayBuffer`), and gives it back here.
            self._buffer = self._javascript.js.Uint8Array.new(value.buffer)
        return chunk

    def _open(self) -> None:
        self._remaining = _declared(self._headers)
        if 0 <= self._remaining <= OWN_CHUNK_SIZE:
            self._reader = self._stream.getReader()
            return
        try:
            self._reader = self._stream.getReader(mode="byob")
        except self._error:
            # Only a stream of bytes has one; that of a request made by JavaScript may be another.
            self._reader = self._stream.getReader()
        else:
            self._buffer = self._javascript.js.Uint8Array.new(CHUNK_SIZE)

    def _read(self) -> Any:
        return self._reader.read() if self._buffer is None else self._reader.read(self._buffer)


class BlockingRequestBody(RequestBody):
    """The same for synchronous readers too, whose stack the runtime sets aside while they wait.

    Other requests go on meanwhile (JavaScript Promise Integration).
    """

    __slots__ = ("_run_sync",)

    def __init__(self, headers: Any, stream: Any, javascript: JavaScript) -> None:
        super().__init__(headers, stream, javascript)
        self._run_sync = javascript.run_sync

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self._run_sync(anext(self, None))) is not None:
            yield chunk


def _declared(headers: Any) -> int:
    """The bytes that Content-Length says are to come (RFC 9110 section 8.6), or -1."""
    length: str = headers.get("content-length") or ""
    return int(length) if _is_length(length) else -1


def _disconnect() -> Exception:
    from portico import DisconnectError

    return DisconnectError()
