"""`Body`: reading a body once, as bytes, text, JSON, form, blob or stream (Fetch Standard 5.2).

The rules, the same on every runtime:

- `bytes()` reads the body whole and keeps it; `text()`, `json()`, `blob()` and `form_data()` of an
  urlencoded body derive from the kept bytes, so that they may follow each other in any order.
- `form_data()` of a multipart body streams it, files to disk; the form is kept, the bytes are not.
- `stream()` gives the chunks as they arrive and keeps nothing.
- What was consumed without being kept is gone: asking again raises `BodyUsedError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeAlias

from portico._body_reading import (
    BodySource,
    Count,
    Counted,
    decode_text,
    form_of,
    gathered,
    is_multipart,
    is_urlencoded,
    multipart_limits,
)
from portico._errors import (
    BodyUsedError,
    PeerError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from portico._blob import Blob
    from portico._body_reading import Gather, Whole, WholeHere
    from portico._body_sync import SyncBody
    from portico._form_data import FormData
    from portico._headers import Headers
    from portico._multipart_parts import Part

# The class below has a method of that name, which hides the type from its annotations.
Data: TypeAlias = bytes

MIB = 1024 * 1024


class BodyLimits:
    """How much of a body may be read; all are bytes.

    Attributes:
        max_body_size: of a body that is read whole.
        max_form_size: of a multipart body.
        max_stream_size: of a body that is streamed, or None for no limit.
    """

    __slots__ = ("form_size", "size", "stream_size")

    max_body_size = 1 * MIB
    max_form_size = 16 * MIB

    def __init__(self, max_body_size: int, max_form_size: int, max_stream_size: int | None) -> None:
        self.size: int | None = max_body_size
        self.form_size: int | None = max_form_size
        self.stream_size: int | None = max_stream_size


NO_LIMITS = BodyLimits(0, 0, None)
NO_LIMITS.size = NO_LIMITS.form_size = None


class Body:
    """The body half of `Request` and `Response`."""

    __slots__ = ("_data", "_form", "_headers", "_source", "_used", "limits")

    _headers: Headers | None
    _source: BodySource
    _data: bytes | None
    _form: FormData | None
    _used: bool
    limits: BodyLimits

    @property
    def headers(self) -> Headers:
        """The header fields."""
        if self._headers is None:
            self._headers = self._read_headers()
        return self._headers

    def _own_headers(self) -> Headers:
        if self._headers is None:
            self._headers = self._read_headers()
        return self._headers

    def _read_headers(self) -> Headers:
        """Read them from the native object, the first time that they are wanted."""
        from portico._headers import Headers

        return Headers()

    @property
    def body_used(self) -> bool:
        """Whether the body was consumed, in whole or in part."""
        return self._used

    @property
    def sync(self) -> SyncBody:
        """The same readings for synchronous code."""
        from portico._body_sync import SyncBody

        return SyncBody(self)

    async def bytes(self) -> bytes:
        """The whole body; read once and kept.

        Raises:
            BodyTooLargeError: it is longer than `max_body_size`.
            BodyUsedError: it was consumed as a stream or as a multipart form.
            PeerError: it is shorter or longer than its Content-Length, or has a Content-Encoding.
        """
        data = self._data
        if data is None:
            data = self._data = self._taken(self.limits.size)
        return await self._gathered() if data is None else data

    async def _gathered(self) -> Data:
        """The whole body of a source that has to be waited for."""
        count = self._begin(self.limits.size)
        source, self._source = self._source, None
        gather: Gather | None = getattr(source, "gather", None)
        if gather is None:
            data = await gathered(source, count)
        else:
            chunks = await gather(count.add)
            count.end()
            data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._data = data
        return data

    def load(self) -> Awaitable[Data] | None:
        """Read the body as `bytes` does, on an event loop: here where it has come as a whole.

        Returns:
            None where it is read; else what reads it.
        """
        if self._data is None:
            self._data = self._taken(self.limits.size)
            if self._data is None:
                return self._gathered()
        return None

    def load_form(self, content_type: str) -> Awaitable[FormData] | None:
        """The same for `form_data` of a body of this type, which is multipart/form-data."""
        if self._form is None and self._data is None:
            data = self._taken(self.limits.form_size)
            if data is not None:
                self._form = self._form_of(data, content_type)
        return self.form_data() if self._form is None else None

    def _taken(self, limit: int | None) -> Data | None:
        """The whole body where its source has it without waiting, held to limit and length.

        None, with nothing consumed, leaves it to be read chunk by chunk; so does whatever is to be
        refused, so that it is said in one place.
        """
        whole: Whole | None = getattr(self._source, "whole", None)
        if whole is None or self._used:
            return None
        declared = self._declared_length()
        if limit is not None and declared is not None and declared > limit:
            return None
        self._used = True  # as it is where the source raises
        data = whole(declared, limit)
        if data is None:
            self._used = False
        else:
            self._source = None
        return data

    def _taken_here(self, limit: int | None) -> Data | None:
        """As `_taken`, of what is in memory, or can be waited for by a thread that may block."""
        source = self._source
        if self._used or limit is None:
            return None
        if type(source) is bytes:
            data, declared = source, self._declared_length()
        else:
            read: WholeHere | None = getattr(source, "whole_here", None)
            declared = None if read is None else self._declared_length()
            if read is None or declared is None or declared > limit:
                return None
            self._used = True  # as it is where the source raises
            found = read(declared)
            self._used = False
            if found is None:
                return None
            data = self._source = found  # no more will come
        if len(data) > limit or (declared is not None and len(data) != declared):
            return None
        self._source, self._used = None, True
        return data

    def _bytes_here(self) -> Data:
        """The whole body, from synchronous code; see `SyncBody.bytes`."""
        data = self._data
        if data is None:
            data = self._data = self._taken_here(self.limits.size)
        return self.sync.bytes() if data is None else data

    def _content_type(self) -> str | None:
        """What the Content-Type says, as `headers` have it."""
        return self.headers.get("content-type")

    async def text(self) -> str:
        """The body as UTF-8 text; malformed bytes become U+FFFD (Encoding Standard `decode`)."""
        return decode_text(await self.bytes())

    async def json(self) -> Any:
        """The body as JSON (RFC 8259).

        Raises:
            PeerError: it is not JSON, or too deeply nested (400).
        """
        from portico._json import decode_json

        return decode_json(await self.bytes())

    async def blob(self) -> Blob:
        """The body as a `Blob` with the type of the Content-Type field."""
        from portico._blob import Blob

        return Blob([await self.bytes()], type=self.headers.get("content-type") or "")

    async def form_data(self) -> FormData:
        """The body as a form, urlencoded or multipart; read once and kept.

        Raises:
            PeerError: the content type is not that of a form (415), or the form is malformed (400).
            BodyTooLargeError: it is over `max_form_size`, or has too many or too large parts.
        """
        if self._form is None:
            content_type, limit = self._form_type(), self.limits.form_size
            if self._data is not None or not is_multipart(content_type):
                self._form = self._form_of(await self.bytes(), content_type)
            elif (data := self._taken(limit)) is not None:
                self._form = self._form_of(data, content_type)
            else:
                from portico._multipart import read_form

                source = self._counted(self._begin(limit))
                self._form = await read_form(source, content_type, multipart_limits(limit))
        return self._form

    def _form_of(self, data: Data, content_type: str) -> FormData:
        return form_of(data, content_type, multipart_limits(self.limits.form_size))

    def parts(self) -> AsyncIterator[Part]:
        """The parts of a multipart form as they arrive, each a stream; consumes the body.

        Nothing is kept: memory stays bounded however long the upload is.

        Raises:
            PeerError: the content type is not multipart/form-data (415), or, while reading, the
                form is malformed (400) or over a limit (413).
        """
        from portico._multipart_parts import iter_parts

        limits = multipart_limits(self.limits.stream_size)
        return iter_parts(self.stream(), self._form_type(multipart=True), limits)

    def stream(self) -> AsyncIterator[Data]:
        """The chunks of the body as they arrive; consumes it.

        Raises:
            BodyTooLargeError: while reading, when it is over `max_stream_size`.
            BodyUsedError: it was consumed before.
        """
        if self._data is not None:
            self._used = True
            return Counted(self._data, Count(None, None))
        return self._counted(self._begin(self.limits.stream_size))

    def _begin(self, limit: int | None) -> Count:
        if self._used:
            raise BodyUsedError(
                "The body was already consumed as a stream or a multipart form, which keep no "
                "bytes. Read it once, or read `bytes()` first, or `clone()` before reading."
            )
        count = Count(limit, self._declared_length())
        self._used = True
        return count

    def _declared_length(self) -> int | None:
        """What the Content-Length says; raises where the body cannot be read as it is."""
        return None

    def _counted(self, count: Count) -> Counted:
        source, self._source = self._source, None
        return Counted(source, count)

    def _form_type(self, *, multipart: bool = False) -> str:
        content_type = self._content_type() or ""
        if is_multipart(content_type) or (not multipart and is_urlencoded(content_type)):
            return content_type
        accepted = "multipart/form-data"
        if not multipart:
            accepted += " or application/x-www-form-urlencoded"
        raise PeerError(
            f"The body has the content type {content_type!r}. Send {accepted}.", status=415
        )


def clone_source(body: Body) -> BodySource:
    """Split the unread source of a body in two: one stays, one is returned."""
    if body._data is not None or body._form is not None:
        return None
    if body._used:
        raise BodyUsedError("The body was already consumed, so it cannot be cloned. Clone first.")
    if body._source is None or isinstance(body._source, bytes):
        return body._source
    from portico._tee import tee

    body._source, other = tee(body._source)
    return other
