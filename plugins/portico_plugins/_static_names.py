"""Which paths may be names of files: those that are a plain name in a folder on every system.

A path is refused for what it would mean anywhere, so that no file is served on one machine and
guarded, or another one, on the next: a backslash separates on Windows, a colon begins a stream or
ends a drive there, and it drops dots and spaces at the end of a name.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Final

_HAS_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f\\:<>"|?*]').search

# "Naming Files, Paths, and Namespaces" (Microsoft): devices, whatever follows a dot in the name.
_IS_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(\.|$)",
    re.IGNORECASE,
).match

# Where two spellings of a name are one file, a guard of the one would not see the other.
_IGNORES_CASE: Final = sys.platform in ("win32", "darwin")


def file_name_of(path: str, *, hidden: bool) -> str | None:
    """The name below a folder that a decoded path stands for, with forward slashes.

    Args:
        path: decoded, with no slash at its ends; empty for the folder itself.
        hidden: whether names that begin with a dot are among them.

    Returns:
        None where it is no name of a file that is to be served.
    """
    if not path:
        return ""
    is_plain = all(_is_plain(part, hidden=hidden) for part in path.split("/"))
    return path if is_plain else None


def _is_plain(part: str, *, hidden: bool) -> bool:
    if part in ("", ".", "..") or part[-1] in ". " or (part[0] == "." and not hidden):
        return False
    return not _HAS_FORBIDDEN(part) and not _IS_DEVICE(part)


def is_spelled(folder: str, name: str, *, ignores_case: bool = _IGNORES_CASE) -> bool:
    """Whether a name is spelled as the file system has it, each part of it.

    Args:
        folder: where the name begins.
        name: as `file_name_of` gives it.
        ignores_case: whether the file system might take another spelling.
    """
    if not ignores_case or not name:
        return True
    for part in name.split("/"):
        if part not in os.listdir(folder):
            return False
        folder = os.path.join(folder, part)
    return True
