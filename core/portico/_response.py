"""`Response`: what goes back, and how each kind of body is put on the wire (Fetch Standard 5.5)."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from portico._body import NO_LIMITS, Body, clone_source
from portico._errors import BodyUsedError
from portico._headers import Headers, HeadersInit
from portico._stream import ByteStream, Chunk

if TYPE_CHECKING:
    from portico._blob import Blob
    from portico._body_reading import Count
    from portico._form_data import FormData
    from portico._media import Media
    from portico._url_search_params import URLSearchParams

    BodyInit: TypeAlias = (
        str
        | bytes
        | bytearray
        | memoryview
        | Blob
        | FormData
        | URLSearchParams
        | Iterable[Chunk]
        | AsyncIterable[Chunk]
        | None
    )

# Fetch Standard 2.2.3: a response with one of these has no body.
NULL_BODY_STATUSES: Final = frozenset({101, 103, 204, 205, 304})
_WHOLE_BLOB_SIZE: Final = 64 * 1024
_STREAMED: Final = -1  # in the place of a size
REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
# The fields of lengths that were sent, as text and as bytes; most are short.
_MOST_LENGTHS: Final = 4096
_lengths: Final[dict[int, tuple[tuple[str, str], tuple[bytes, bytes]]]] = {}


class Response(Body):
    """One answer: status, headers and body.

    Args:
        body: text (sent as UTF-8), bytes, a `Blob`, `FormData`, `URLSearchParams`, or an iterable,
            synchronous or not, whose chunks are streamed and which is closed once.
        status: 200 to 599.
        headers: header fields. A Content-Type that is not among them is that of the body's kind.

    Raises:
        ValueError: the status is out of range, or has no body but one was given.
    """

    __slots__ = ("_added", "_media", "_size", "status")

    _media: Media | None
    _size: int
    _added: list[tuple[str, str]] | None

    def __init__(
        self, body: BodyInit = None, *, status: int = 200, headers: HeadersInit | None = None
    ) -> None:
        if not 200 <= status <= 599:
            raise ValueError(f"A response has a status of 200 to 599, not {status!r}.")
        if body is not None and status in NULL_BODY_STATUSES:
            raise ValueError(f"A response with status {status} has no body. Leave it out.")
        self.status: int = status
        source, content_type = extract_body(body)
        own = Headers(headers)
        if content_type is not None:
            own.set_default("content-type", content_type)
        self._set(own, b"" if source is None else source)

    @classmethod
    def plain(
        cls,
        media: Media,
        content: bytes,
        status: int = 200,
        added: list[tuple[str, str]] | None = None,
    ) -> Response:
        """Put together what most answers are: bytes, their type and length, and a few more fields.

        The fields are not made before somebody asks for them, which an adapter does in the form
        that its protocol has.
        """
        response = cls.__new__(cls)
        response.status = status
        response._media = media
        response._size = len(content)
        response._added = added
        response._headers = None
        response._source = content
        response._data = None
        response._form = None
        response._used = False
        response.limits = NO_LIMITS
        return response

    @classmethod
    def streaming(cls, media: Media, content: ByteStream) -> Response:
        """Put together what most streams are, in the same way: a kind of content of no length."""
        response = cls.__new__(cls)
        response.status = 200
        response._media = media
        response._size = _STREAMED
        response._headers = response._added = response._data = response._form = None
        response._source = content
        response._used = False
        response.limits = NO_LIMITS
        return response

    @classmethod
    def ready(cls, status: int, headers: Headers, content: bytes | ByteStream = b"") -> Response:
        """Put together what is known to be right; nothing is checked or added."""
        response = cls.__new__(cls)
        response.status = status
        response._set(headers, content)
        return response

    @classmethod
    def from_json(
        cls, value: object, *, status: int = 200, headers: HeadersInit | None = None
    ) -> Response:
        """An answer of JSON (Fetch Standard `Response.json`).

        Raises:
            TypeError: the value has no JSON form.
        """
        from portico._json import to_json

        own = Headers(headers)
        own.set_default("content-type", "application/json")
        return cls(to_json(value), status=status, headers=own)

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> Response:
        """A redirect to any URL, relative or absolute, as it is given.

        The function `redirect` refuses foreign origins; this one is the standard's.
        """
        if status not in REDIRECT_STATUSES:
            raise ValueError(f"A redirect has status 301, 302, 303, 307 or 308, not {status!r}.")
        return cls(status=status, headers=[("location", url)])

    def _set(self, headers: Headers, content: bytes | ByteStream) -> None:
        self._media = None
        self._headers = headers
        self._source = content
        self._data = None
        self._form = None
        self._used = False
        self.limits = NO_LIMITS

    @property
    def headers(self) -> Headers:
        """The header fields; they can be changed until the response is sent."""
        return self._own_headers()

    def _read_headers(self) -> Headers:
        if self._media is None:
            return Headers()
        return Headers.from_pairs(self.fields())

    def _begin(self, limit: int | None) -> Count:
        self._own_headers()  # while the length of the content is known
        return super()._begin(limit)

    @property
    def is_plain(self) -> bool:
        """Whether nobody has asked for its fields, which are what a plain answer has."""
        return self._headers is None

    def fields(self) -> list[tuple[str, str]]:
        """The header fields as text, for a protocol that has them so; the list is the caller's."""
        if self._headers is None and self._media is not None:
            if self._size == _STREAMED:
                return [*self._media.stream_fields]
            size = self._size
            fields = [self._media.field, (_lengths.get(size) or _length_fields(size))[0]]
            if self._added is not None:
                fields += self._added
            return fields
        return self._own_headers().items()

    def wire_fields(self) -> list[tuple[bytes, bytes]]:
        """The same as bytes."""
        if self._headers is None and self._media is not None:
            if self._size == _STREAMED:
                return [*self._media.stream_wire]
            size = self._size
            fields = [self._media.wire, (_lengths.get(size) or _length_fields(size))[1]]
            if self._added is not None:
                for name, value in self._added:
                    fields.append((name.encode("latin-1"), value.encode("latin-1")))
            return fields
        return self._own_headers().to_wire()

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status <= 299

    @property
    def content(self) -> bytes | ByteStream:
        """What goes on the wire: bytes, or a stream that its reader must close."""
        source = self._source
        if type(source) is bytes and self._data is None and not self._used:
            return source
        if self._data is not None:
            return self._data
        if self._used:
            raise BodyUsedError(
                "The body of this response was consumed as a stream, so it cannot be sent. Build "
                "a new response from what was read, or `clone()` it before reading."
            )
        return source if isinstance(source, bytes | ByteStream) else b""

    @content.setter
    def content(self, value: bytes | ByteStream) -> None:
        self._own_headers()  # which tell of the content that there was
        self._data = None
        self._source = value

    def copy(self) -> Response:
        """A response that shares the content of this one, but none of its fields."""
        return self.plain_copy() or Response.ready(self.status, Headers(self.headers), self.content)

    def plain_copy(self) -> Response | None:
        """The same of one that `plain` made and nobody has asked for its fields, else None."""
        content, media = self._source, self._media
        if media is None or self._headers is not None or self._data is not None or self._used:
            return None
        if type(content) is not bytes:
            return None
        return Response.plain(media, content, self.status, self._added)

    def clone(self) -> Response:
        """A second response with the same body, which both can read.

        Raises:
            BodyUsedError: the body was consumed and not kept.
        """
        source = clone_source(self)
        if not isinstance(self._source, bytes | ByteStream | None):
            self._source = ByteStream(self._source)
        content = source if isinstance(source, bytes) else b"" if source is None else source
        copy = Response.ready(
            self.status,
            Headers(self.headers),
            content if isinstance(content, bytes) else ByteStream(content),
        )
        copy._data, copy._form, copy._used = self._data, self._form, self._used
        return copy

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


def extract_body(body: BodyInit) -> tuple[bytes | ByteStream | None, str | None]:
    """The source of a body and the Content-Type that it brings (Fetch Standard 5.1 `extract`)."""
    if body is None:
        return None, None
    if isinstance(body, str):
        return body.encode(), "text/plain;charset=UTF-8"
    if isinstance(body, bytes):
        return body, None
    if isinstance(body, bytearray):
        return bytes(body), None
    if isinstance(body, memoryview):
        return body.tobytes(), None
    return _extract_object(body)


def _extract_object(
    body: Blob | FormData | URLSearchParams | Iterable[Chunk] | AsyncIterable[Chunk],
) -> tuple[bytes | ByteStream, str | None]:
    from portico._blob import Blob
    from portico._form_data import FormData
    from portico._server_sent_event import EVENT_STREAM
    from portico._sse import AsyncEventStream, EventStream
    from portico._url_search_params import URLSearchParams

    if isinstance(body, Blob):
        return _extract_blob(body), body.type or None
    if isinstance(body, URLSearchParams):
        return str(body).encode(), "application/x-www-form-urlencoded;charset=UTF-8"
    if isinstance(body, FormData):
        return _extract_form(body)
    if isinstance(body, ByteStream):
        return body, None
    if isinstance(body, EventStream | AsyncEventStream):
        return ByteStream(body, idle=body.idle), EVENT_STREAM
    _check_iterable(body)
    return ByteStream(body), None


def _check_iterable(body: object) -> None:
    """Refuse what has no chunks; of a mapping the keys would be sent."""
    kind = type(body).__name__
    if isinstance(body, Mapping) or not isinstance(body, Iterable | AsyncIterable):
        raise TypeError(
            f"A body is of type {kind}. Expected text, bytes, a Blob, FormData, URLSearchParams or "
            "an iterable of chunks. Make JSON with `Response.from_json`."
        )


def _extract_blob(blob: Blob) -> bytes | ByteStream:
    """A small one whole; a large one, which may lie on disk, in chunks."""
    if blob.size <= _WHOLE_BLOB_SIZE:
        return blob.sync.bytes()
    return ByteStream(blob.sync.stream(), length=blob.size)


def _extract_form(form: FormData) -> tuple[bytes | ByteStream, str]:
    from portico._form_data import multipart_blob, new_boundary

    boundary = new_boundary()
    blob = multipart_blob(form, boundary)
    return _extract_blob(blob), f"multipart/form-data; boundary={boundary}"


def _length_fields(size: int) -> tuple[tuple[str, str], tuple[bytes, bytes]]:
    fields = ("content-length", str(size)), (b"content-length", b"%d" % size)
    if size < _MOST_LENGTHS:
        _lengths[size] = fields
    return fields
