"""The chunks of an open file: all of it, or some ranges of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Iterator, Sequence

    from portico._byte_ranges import Span
    from portico._file_open import OpenFile
    from portico._stream import Chunk

CHUNK_SIZE: Final = 64 * 1024


class FileStream(ByteStream):
    """A whole file, which an adapter may let its server send instead of reading the chunks.

    It closes the stream in any case, and so the file.

    Attributes:
        file: open for reading, at its first byte; as long as the stream when it was opened.
    """

    __slots__ = ("file",)

    is_file = True

    def __init__(self, source: Iterable[Chunk] | AsyncIterable[Chunk], file: OpenFile) -> None:
        super().__init__(source, length=file.size)
        self.file: OpenFile = file

    def over(self, source: AsyncIterable[Chunk]) -> ByteStream:
        """The same file, read by way of another source."""
        return FileStream(source, self.file)


def whole(file: OpenFile) -> FileStream:
    """A stream of all of it, which closes it."""
    return FileStream(_Chunks(file, [(b"", (0, file.size))], b""), file)


def span_of(file: OpenFile, span: Span) -> ByteStream:
    """A stream of one range of it, which closes it."""
    return ByteStream(_Chunks(file, [(b"", span)], b""), length=span[1] - span[0])


def spans_of(file: OpenFile, spans: Sequence[Span], content_type: str, boundary: str) -> ByteStream:
    """A stream of several ranges as `multipart/byteranges` (RFC 9110 section 14.6); closes it."""
    parts = [
        (
            f"\r\n--{boundary}\r\ncontent-type: {content_type}\r\n"
            f"content-range: bytes {start}-{stop - 1}/{file.size}\r\n\r\n".encode("latin-1"),
            (start, stop),
        )
        for start, stop in spans
    ]
    end = f"\r\n--{boundary}--\r\n".encode()
    length = sum(len(head) + stop - start for head, (start, stop) in parts) + len(end)
    return ByteStream(_Chunks(file, parts, end), length=length)


class _Chunks:
    """Ranges of a file, each behind its head. A file that became shorter breaks the answer."""

    __slots__ = ("_chunks", "_file")

    def __init__(self, file: OpenFile, parts: Sequence[tuple[bytes, Span]], end: bytes) -> None:
        self._file = file
        self._chunks = _read(file, parts, end)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        self._file.handle.close()


def _read(file: OpenFile, parts: Sequence[tuple[bytes, Span]], end: bytes) -> Iterator[bytes]:
    handle = file.handle
    for head, (start, stop) in parts:
        if head:
            yield head
        handle.seek(start)
        while start < stop:
            chunk = handle.read(min(CHUNK_SIZE, stop - start))
            if not chunk:
                raise ShorterFileError(file)
            start += len(chunk)
            yield chunk
    if end:
        yield end


class ShorterFileError(Exception):
    """A file became shorter while it was sent."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__(
            f"{file.path} had {file.size} bytes when its answer began, and became shorter before "
            "its response's Content-Length was sent. Put a new file in its place (`os.replace`) "
            "instead of writing into it."
        )
