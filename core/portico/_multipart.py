"""multipart/form-data: its limits, its errors, and reading a whole form (RFC 7578).

One decoder (`_multipart_decoder`) makes events of bytes and one builder makes a `FormData` of
events; what is here twice is only the loop that fetches the next chunk. `_multipart_parts` reads a
form part by part.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from portico._blob import File
from portico._errors import BodyTooLargeError, PeerError
from portico._form_data import FormData
from portico._headers import Headers
from portico._spool import Spool

if TYPE_CHECKING:
    from portico._multipart_decoder import MultipartDecoder


class MultipartError(PeerError):
    """The body is not valid multipart/form-data (400)."""


class MultipartLimitError(BodyTooLargeError):
    """The form is larger, in one of the ways of `MultipartLimits`, than is allowed (413)."""


class MultipartLimits:
    """How much of a form is read before it is refused with 413.

    Args:
        max_size: bytes of the whole body.
        max_parts: fields and files together.
        max_header_bytes: bytes of one part's headers; also of what stands before the first part.
        max_field_bytes: bytes of one part that is held in memory: a field of a form, and
            `Part.bytes()`. Files of a form go to disk and count only towards `max_size`.

    Raises:
        ValueError: a limit is not positive.
    """

    __slots__ = ("max_field_bytes", "max_header_bytes", "max_parts", "max_size")

    def __init__(
        self,
        *,
        max_size: int = 16 * 1024 * 1024,
        max_parts: int = 1000,
        max_header_bytes: int = 8 * 1024,
        max_field_bytes: int = 1024 * 1024,
    ) -> None:
        self.max_size: int = max_size
        self.max_parts: int = max_parts
        self.max_header_bytes: int = max_header_bytes
        self.max_field_bytes: int = max_field_bytes
        if min(max_size, max_parts, max_header_bytes, max_field_bytes) < 1:
            wrong = next(name for name in self.__slots__ if getattr(self, name) < 1)
            raise ValueError(
                f"MultipartLimits got {wrong}={getattr(self, wrong)}. A limit is 1 or more. "
                "Leave it out for its default."
            )


class PartHead:
    """What stands before the data of a part.

    Attributes:
        name: the name of the field.
        filename: the name of the file as the peer gave it, never to be trusted as a path; None
            where the part is a field. Browsers send an empty one for "no file chosen"; `filename*`
            is not read (RFC 7578 section 4.2).
        headers: the header fields of the part.
    """

    __slots__ = ("filename", "headers", "name")

    def __init__(self, name: str, filename: str | None, headers: Headers) -> None:
        self.name: str = name
        self.filename: str | None = filename
        self.headers: Headers = headers

    @property
    def content_type(self) -> str:
        """The Content-Type as it came; text/plain where there is none (RFC 7578 section 4.4)."""
        return self.headers.get("content-type") or "text/plain"


class PartEnd:
    """The data of the current part is complete."""

    __slots__ = ()


PART_END = PartEnd()
MultipartEvent: TypeAlias = "PartHead | bytes | PartEnd"


async def read_form(
    chunks: AsyncIterable[bytes], content_type: str, limits: MultipartLimits | None = None
) -> FormData:
    """The whole form; a file of more than 64 KiB lies in a temporary file (Fetch Standard 5.2).

    Fields are decoded as UTF-8 whatever their charset, and wrong bytes become U+FFFD. Files keep
    their Content-Type. Writing to disk blocks for as long as the system's cache takes.

    Raises:
        MultipartError: it is not multipart/form-data, or malformed (400).
        MultipartLimitError: it is over a limit (413).
        OSError: the disk is full, or failed.
    """
    limits = limits or MultipartLimits()
    decoder, source = decoder_for(content_type, limits), aiter(chunks)
    builder = _FormBuilder(limits)
    while not decoder.is_complete:
        decoder.receive(await anext(source, None))
        builder.take(decoder)
    return builder.form


def read_form_sync(
    chunks: Iterable[bytes], content_type: str, limits: MultipartLimits | None = None
) -> FormData:
    """As `read_form`, in synchronous code."""
    limits = limits or MultipartLimits()
    decoder, source = decoder_for(content_type, limits), iter(chunks)
    builder = _FormBuilder(limits)
    while not decoder.is_complete:
        decoder.receive(next(source, None))
        builder.take(decoder)
    return builder.form


class Events:
    """The events of a body that arrives asynchronously."""

    # Not an asynchronous generator: one that is left half read needs a loop to close it.
    __slots__ = ("_chunks", "_decoder")

    def __init__(self, chunks: AsyncIterable[bytes], decoder: MultipartDecoder) -> None:
        self._chunks = aiter(chunks)
        self._decoder = decoder

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> MultipartEvent:
        while (event := self._decoder.next_event()) is None:
            if self._decoder.is_complete:
                raise StopAsyncIteration
            self._decoder.receive(await anext(self._chunks, None))
        return event


class SyncEvents:
    """The events of a body in synchronous code."""

    __slots__ = ("_chunks", "_decoder")

    def __init__(self, chunks: Iterable[bytes], decoder: MultipartDecoder) -> None:
        self._chunks = iter(chunks)
        self._decoder = decoder

    def __iter__(self) -> SyncEvents:
        return self

    def __next__(self) -> MultipartEvent:
        while (event := self._decoder.next_event()) is None:
            if self._decoder.is_complete:
                raise StopIteration
            self._decoder.receive(next(self._chunks, None))
        return event


_NO_HEAD: Final = PartHead("", None, Headers())


class _FormBuilder:
    """Makes a form of events: fields in memory, files spooled."""

    __slots__ = ("_field", "_head", "_limits", "_spool", "form")

    def __init__(self, limits: MultipartLimits) -> None:
        self.form = FormData()
        self._limits = limits
        self._spool = Spool()
        self._head = _NO_HEAD
        # Of a part that is a field; None while the part is a file.
        self._field: FieldBuffer | None = None

    def take(self, decoder: MultipartDecoder) -> None:
        """Add all that a decoder has so far."""
        while (event := decoder.next_event()) is not None:
            self._add(event)

    def _add(self, event: MultipartEvent) -> None:
        if isinstance(event, PartHead):
            self._head = event
            is_field = event.filename is None
            limit = self._limits.max_field_bytes
            self._field = FieldBuffer(event.name, limit) if is_field else None
        elif isinstance(event, PartEnd):
            self.form.append(self._head.name, self._value())
        elif self._field is not None:
            self._field.add(event)
        else:
            self._spool.write(event)

    def _value(self) -> str | File:
        if self._field is not None:
            return self._field.bytes().decode("utf-8", "replace")
        head = self._head
        return File.from_piece(self._spool.take(), head.filename or "", head.content_type)


class FieldBuffer:
    """The data of a part that is held in memory, up to the limit."""

    __slots__ = ("_data", "_limit", "_name")

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._data = bytearray()

    def add(self, chunk: builtins.bytes) -> None:
        """Add data; raises `MultipartLimitError` when it becomes too much."""
        if len(self._data) + len(chunk) > self._limit:
            raise MultipartLimitError(
                f"The field {self._name!r} is larger than the limit of {self._limit} bytes."
            )
        self._data += chunk

    def bytes(self) -> builtins.bytes:
        """The data so far."""
        return builtins.bytes(self._data)


def decoder_for(content_type: str, limits: MultipartLimits) -> MultipartDecoder:
    """A decoder for one body; raises `MultipartError` where the type has no boundary."""
    from portico._multipart_decoder import MultipartDecoder

    return MultipartDecoder(content_type, limits)
