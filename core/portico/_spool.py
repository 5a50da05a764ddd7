"""Bytes that may be too many for memory: kept there up to a threshold, then in a temporary file.

One `SpoolFile` serves a whole form: its parts arrive one after another, so each is a range of the
file and a form of a thousand files holds one file descriptor. The file has no name in the file
system and is gone when the last value that reads from it is.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from portico._blob import Piece

SPOOL_THRESHOLD = 64 * 1024


class SpoolFile:
    """A temporary file that is written at its end and read at any range.

    Reading and writing block for as long as the disk takes; it is safe from several threads.
    """

    __slots__ = ("__weakref__", "_file", "_lock", "_size")

    def __init__(self, file: IO[bytes]) -> None:
        from threading import Lock
        from weakref import finalize

        self._file = file
        self._lock = Lock()
        self._size = 0
        # Not `__del__`: in a reference cycle the file could be collected first, and complain.
        finalize(self, file.close)

    @classmethod
    def create(cls) -> SpoolFile | None:
        """A new empty file; None where the platform has no writable file system."""
        try:
            from tempfile import TemporaryFile

            # With a buffer, a full disk would be found out when the file is read, or closed.
            return cls(TemporaryFile(buffering=0))
        except (ImportError, OSError):
            return None

    def append(self, data: bytes) -> None:
        """Write at the end.

        Raises:
            OSError: the disk is full, or failed.
        """
        with self._lock:
            self._file.seek(self._size)
            rest = memoryview(data)
            while rest:  # a disk that gets full takes a part, and refuses the rest
                rest = rest[self._file.write(rest) :]
            self._size += len(data)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop`."""
        with self._lock:
            self._file.seek(start)
            data = self._file.read(stop - start)
            while len(data) < stop - start and (more := self._file.read(stop - start - len(data))):
                data += more  # the system reads at most 2 GiB at once
            return data

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size


class Spool:
    """Collects the files of one form, each first in memory and then, past the threshold, on disk.

    `write` any number of times, then `take` what was written as one piece, and so on for the next.
    """

    __slots__ = ("_chunks", "_disk", "_held", "_on_disk_from", "_threshold")

    def __init__(self, threshold: int = SPOOL_THRESHOLD) -> None:
        self._threshold = threshold
        self._disk: SpoolFile | None = None
        self._on_disk_from: int | None = None
        self._chunks: list[bytes] = []
        self._held = 0

    def write(self, data: bytes) -> None:
        """Add to the current piece."""
        if self._disk is not None and self._on_disk_from is not None:
            self._disk.append(data)
            return
        self._chunks.append(data)
        self._held += len(data)
        if self._held > self._threshold:
            self._move_to_disk()

    def take(self) -> Piece:
        """The current piece, whole; the next `write` begins another."""
        if self._disk is not None and self._on_disk_from is not None:
            piece: Piece = (self._disk, self._on_disk_from, self._disk.size)
        else:
            data = b"".join(self._chunks)
            piece = (data, 0, len(data))
        self._on_disk_from = None
        self._chunks = []
        self._held = 0
        return piece

    def _move_to_disk(self) -> None:
        disk = self._disk or SpoolFile.create()
        if disk is None:
            self._threshold *= 2  # no file system: ask again later, but not with every chunk
            return
        self._disk = disk
        self._on_disk_from = disk.size
        for chunk in self._chunks:
            disk.append(chunk)
        self._chunks = []
