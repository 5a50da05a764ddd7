"""`Blob` and `File`: immutable bytes with a type (File API sections 3 and 4).

A blob is a list of pieces, each a range of bytes in memory or of a temporary file. Slices and
blobs made of blobs share the pieces, so that no bytes are copied until they are read.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias, cast

from portico._media import WithMedia

if TYPE_CHECKING:
    from portico._spool import SpoolFile

BlobPart: TypeAlias = "bytes | bytearray | memoryview | str | Blob"
# A range of bytes: where they are, the first and the one after the last.
Piece: TypeAlias = "tuple[bytes | SpoolFile, int, int]"

FILE_SCHEMA = {"type": "string", "contentMediaType": "application/octet-stream"}
"""What JSON Schema says of a file in a form (OpenAPI 3.1.1 section 4.8.14.5)."""

_CHUNK_SIZE = 64 * 1024


class Blob(WithMedia):
    """Immutable bytes with a MIME type, in memory or on disk (File API section 3).

    Reading bytes that lie on disk blocks for as long as the disk takes, in asynchronous code too:
    they were written a moment ago and are nearly always in the system's cache.

    Args:
        parts: bytes, texts (encoded as UTF-8, lone surrogates replaced) and other blobs, in order.
        type: the MIME type, lower-cased; the empty text where it is not known.

    Raises:
        TypeError: `parts` is itself bytes or a text, or holds something else.
    """

    __slots__ = ("_pieces", "_size", "_type")

    def __init__(self, parts: Iterable[BlobPart] = (), *, type: str = "") -> None:
        self._pieces: tuple[Piece, ...] | None = tuple(_pieces_of(parts))
        self._size = sum(stop - start for _, start, stop in self._pieces)
        # File API section 3.2: a type with any character but 0x20 to 0x7E is no type at all.
        self._type = type.lower() if type.isascii() and type.isprintable() else ""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    @property
    def type(self) -> str:
        """The MIME type; the empty text where it is not known."""
        return self._type

    @property
    def sync(self) -> SyncBlob:
        """The same reads for synchronous code: `blob.sync.bytes()`."""
        return SyncBlob(self)

    def slice(self, start: int = 0, end: int | None = None, content_type: str = "") -> Blob:
        """The bytes from `start` to before `end`; negative positions count from the end.

        The slice has its own type and shares the bytes (File API section 3.3.1).
        """
        first, last, _ = slice(start, end).indices(self._size)
        part = Blob(type=content_type)
        part._pieces = tuple(_cut(self.pieces, first, last))
        part._size = max(last - first, 0)
        return part

    async def bytes(self) -> builtins.bytes:
        """All bytes.

        Raises:
            ValueError: the blob was closed.
        """
        return self.sync.bytes()

    async def text(self) -> str:
        """All bytes as UTF-8; a byte order mark is removed, wrong bytes become U+FFFD.

        Raises:
            ValueError: the blob was closed.
        """
        return self.sync.text()

    def stream(self) -> AsyncIterator[builtins.bytes]:
        """The bytes in chunks of at most 64 KiB.

        Raises:
            ValueError: the blob was closed.
        """
        return _Stream(self.sync.stream())

    def close(self) -> None:
        """Let go of the bytes now rather than when the blob is collected; reading then fails.

        A temporary file is deleted once no other blob, such as a slice, reads from it.
        """
        self._pieces = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Where the bytes are; for code that sends them without reading them first."""
        if self._pieces is None:
            raise ValueError(
                f"{self!r} was closed, so its bytes are gone. Files of a form live as long as the "
                "request. Read the bytes, or keep a slice, before that."
            )
        return self._pieces

    def __repr__(self) -> str:
        return f"<Blob {self._size} bytes, type {self._type!r}>"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, object]:
        """Let models of pydantic have fields of this type: an instance, as it is."""
        return {"type": "is-instance", "cls": cls, "cls_repr": "a file"}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, str]:
        """Its JSON Schema within a model of pydantic, the same as everywhere."""
        return dict(FILE_SCHEMA)


class File(Blob):
    """A blob with a file name (File API section 4).

    Args:
        parts: as for `Blob`.
        name: the file name, as the peer gave it: never to be trusted as a path.
        type: as for `Blob`.
        last_modified: milliseconds since 1970-01-01 UTC. The standard's default is the current
            time; there is no clock here, so it is 0.
    """

    __slots__ = ("_last_modified", "_name")

    def __init__(
        self,
        parts: Iterable[BlobPart],
        name: str,
        *,
        type: str = "",
        last_modified: int | None = None,
    ) -> None:
        super().__init__(parts, type=type)
        self._name = scalar_text(name)
        self._last_modified = last_modified or 0

    @classmethod
    def from_piece(cls, piece: Piece, name: str, type: str) -> File:
        """Build over bytes that are already somewhere; the type is kept as it is."""
        file = cls.__new__(cls)
        file._pieces = (piece,)
        file._size = piece[2] - piece[1]
        file._type = type
        file._name = scalar_text(name)
        file._last_modified = 0
        return file

    def renamed(self, name: str) -> File:
        """The same file under another name; the bytes are shared."""
        file = File([self], name, last_modified=self._last_modified)
        file._type = self._type
        return file

    @property
    def name(self) -> str:
        """The file name, as the peer gave it: never to be trusted as a path."""
        return self._name

    @property
    def last_modified(self) -> int:
        """Milliseconds since 1970-01-01 UTC; 0 where it is not known."""
        return self._last_modified

    def __repr__(self) -> str:
        return f"<File {self._name!r}, {self._size} bytes, type {self._type!r}>"


class SyncBlob:
    """The reads of a `Blob` for synchronous code."""

    __slots__ = ("_blob",)

    def __init__(self, blob: Blob) -> None:
        self._blob = blob

    def bytes(self) -> builtins.bytes:
        """All bytes, as `Blob.bytes`."""
        return b"".join([read_piece(*piece) for piece in self._blob.pieces])

    def text(self) -> str:
        """All bytes as text, as `Blob.text`."""
        return self.bytes().decode("utf-8", "replace").removeprefix("\ufeff")

    def stream(self) -> Iterator[builtins.bytes]:
        """The bytes in chunks of at most 64 KiB, as `Blob.stream`."""
        return _chunks(self._blob.pieces)


class _Stream:
    # Not an asynchronous generator: one that is left half read needs a loop to close it.
    __slots__ = ("_chunks",)

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


def read_piece(source: bytes | SpoolFile, start: int, stop: int) -> bytes:
    """The bytes of a piece; no copy is made of whole bytes in memory."""
    if isinstance(source, bytes):
        return source[start:stop]
    return source.read(start, stop)


def _chunks(pieces: tuple[Piece, ...]) -> Iterator[bytes]:
    for source, start, stop in pieces:
        for position in range(start, stop, _CHUNK_SIZE):
            yield read_piece(source, position, min(position + _CHUNK_SIZE, stop))


def _pieces_of(parts: Iterable[BlobPart]) -> Iterator[Piece]:
    """The pieces of the parts, neighbours in memory joined."""
    if isinstance(parts, bytes | bytearray | memoryview | str | Blob):
        raise TypeError(
            f"Blob got {type(parts).__name__} as its parts. It takes a list of bytes, texts and "
            "blobs. Write `Blob([value])`."
        )
    joined: list[bytes] = []
    for part in parts:
        if isinstance(part, Blob):
            yield from _piece_in_memory(joined)
            yield from part.pieces
        else:
            joined.append(_encoded(part))
    yield from _piece_in_memory(joined)


def _piece_in_memory(joined: list[bytes]) -> Iterator[Piece]:
    data = b"".join(joined)
    joined.clear()
    if data:
        yield data, 0, len(data)


def _encoded(part: object) -> bytes:
    if isinstance(part, str):
        return scalar_text(part).encode()
    if isinstance(part, bytes):
        return part
    if isinstance(part, bytearray | memoryview):
        return bytes(cast("bytearray", part))
    raise TypeError(
        f"A part of a blob is {type(part).__name__}. Parts are bytes, texts and blobs. Convert it "
        "first, for example with `str()`."
    )


def scalar_text(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD (Infra section 4.6, "convert")."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _cut(pieces: tuple[Piece, ...], first: int, last: int) -> Iterator[Piece]:
    position = 0
    for source, start, stop in pieces:
        low = max(start, start + first - position)
        high = min(stop, start + last - position)
        if low < high:
            yield source, low, high
        position += stop - start
