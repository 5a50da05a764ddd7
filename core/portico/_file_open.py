"""Opening a file to be sent: a regular one, and of a folder only what lies in it.

A folder is the limit of what a request may reach, so nothing that happens between a look and the
opening may lead out of it. Links are resolved first; where the system can, the resolved path is
then walked from the folder's own descriptor, one name at a time and no link followed, so that a
name that has become a link since then ends the walk. What is said of a file is read from the
descriptor that is sent.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import IO, Final, NamedTuple

# Emscripten has the call, and an in-memory file system that nobody else changes.
_CAN_WALK: Final = (
    os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and sys.platform != "emscripten"
)

# Without O_NONBLOCK the opening of a FIFO waits for a writer; without O_NOCTTY that of a terminal
# makes it the process's own.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


class OpenFile(NamedTuple):
    """A regular file that is open for reading.

    Attributes:
        handle: at its first byte; whoever has it closes it.
        path: where it is, absolute, and with the links resolved where it was opened in a folder.
        size: in bytes, when it was opened.
        modified: when it last changed, in nanoseconds since 1970-01-01T00:00:00Z.
    """

    handle: IO[bytes]
    path: str
    size: int
    modified: int


def open_file(path: str | os.PathLike[str], root: str | os.PathLike[str] | None) -> OpenFile | None:
    """Open a regular file, or return None where there is none.

    Args:
        path: the file, relative to the root where there is one.
        root: the folder that it must lie in, links followed.

    Raises:
        PermissionError: the process may not read it.
    """
    try:
        location, descriptor = _opened(path, root)
    except PermissionError:
        raise
    except (OSError, ValueError):  # no such file, a name too long, or with a NUL
        return None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            handle = os.fdopen(descriptor, "rb")
            return OpenFile(handle, location, status.st_size, status.st_mtime_ns)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _opened(path: str | os.PathLike[str], root: str | os.PathLike[str] | None) -> tuple[str, int]:
    if root is None:
        location = os.path.abspath(path)
        _check_kind(location)
        return location, os.open(location, _FLAGS)
    folder = os.path.realpath(root)
    location = os.path.realpath(os.path.join(folder, path))
    if os.path.commonpath([folder, location]) != folder:
        raise FileNotFoundError(f"{location} does not lie in {folder}.")
    _check_kind(location)
    if not _CAN_WALK:
        return location, os.open(location, _FLAGS)
    return location, _walked(folder, os.path.relpath(location, folder).split(os.sep))


def _check_kind(location: str) -> None:
    """Refuse what is no regular file before it is opened, since a device may act on that."""
    if not stat.S_ISREG(os.stat(location).st_mode):
        raise FileNotFoundError(f"{location} is no regular file.")


def _walked(folder: str, names: list[str]) -> int:
    *folders, name = names
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for each in folders:
            inner = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, _FLAGS | os.O_NOFOLLOW, dir_fd=at)
    finally:
        os.close(at)
