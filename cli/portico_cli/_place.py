"""How places and functions are shown to people."""

from pathlib import Path
from typing import Any


def shown_place(where: str) -> str:
    """`"/here/main.py:12"` as `"main.py:12"`, where the file is in the current folder."""
    file, colon, line = where.rpartition(":")
    try:
        return f"{Path(file).relative_to(Path.cwd())}{colon}{line}"
    except ValueError:
        return where


def handler_name(handler: Any) -> str:
    """The name of a function; a value as it is written."""
    if not callable(handler):
        return repr(handler)
    return str(getattr(handler, "__name__", None) or type(handler).__name__)
