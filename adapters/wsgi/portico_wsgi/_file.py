"""`SentFile`: a file as `wsgi.file_wrapper` takes it (PEP 3333, its section on file handling)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import IO

    from portico_wsgi._response import Ending

FILE_CHUNK_SIZE: Final = 64 * 1024


class SentFile:
    """A file that a server sends, by its descriptor (gunicorn) or by reading it.

    It is held to the size that was announced: a file that became shorter fails, so that the server
    breaks the connection off instead of keeping it for the next answer.

    Args:
        handle: at its first byte.
        path: of the file, for messages.
        size: the bytes that were announced.
        ending: told of the end; it closes the handle.
    """

    __slots__ = ("_closed", "_ending", "_handle", "_path", "_position", "_size")

    def __init__(self, handle: IO[bytes], path: str, size: int, ending: Ending) -> None:
        self._handle = handle
        self._path = path
        self._size = size
        self._ending = ending
        self._position = 0
        self._closed = False

    def fileno(self) -> int:
        """The descriptor, at the first byte."""
        return self._handle.fileno()

    def seekable(self) -> bool:
        """Whether the server may move around in it: no, since it would look for another end."""
        return False

    def seek(self, position: int, /) -> int:
        """Told by `socket.sendfile`: how far it has sent the file."""
        self._position = position
        return position

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes.

        Raises:
            ValueError: there are none, though more were announced.
        """
        left = self._size - self._position
        chunk = self._handle.read(left if size < 0 else min(size, left))
        if left and size and not chunk:
            error = self._shorter()
            self._ending.failed(error)
            raise error
        self._position += len(chunk)
        return chunk

    def close(self) -> None:
        """Called by the server in every case; once counts.

        Raises:
            ValueError: the file became shorter, and the server sent less than was announced.
        """
        if self._closed:
            return
        self._closed = True
        left = self._size - self._position
        became_shorter = left > 0 and os.fstat(self.fileno()).st_size < self._size
        self._ending.end(cut_short=left > 0)
        if became_shorter:
            raise self._shorter()

    def _shorter(self) -> ValueError:
        return ValueError(
            f"{self._path} became shorter than the {self._size} bytes that its answer "
            "was announced with. Put a new file in its place instead of writing into it."
        )
