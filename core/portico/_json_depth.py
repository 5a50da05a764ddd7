"""How deep JSON text is nested, told before a recursive parser reads it.

A parser that recurses in C stops at the interpreter's limit, by an exception. In WebAssembly the
host's stack ends before that limit is met (between 2000 and 5000 levels in workerd), and with it
the process and every request in it. There, texts that could be too deep are looked through first.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 800
"""Arrays and objects inside each other: honest documents have a dozen, and CPython takes 1000."""

_OPENING: Final = b"[{"
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")

# Most documents collapse to nothing in as many steps as they have levels.
_USUAL_DEPTH: Final = 8


def is_too_deep(data: bytes) -> bool:
    """Whether JSON text is nested deeper than `MAX_DEPTH`; text that is no JSON may count as it."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _outside_texts(data).translate(None, _NOT_BRACKETS)
    return not _collapses(brackets) and _depth_exceeds(brackets)


def _outside_texts(data: bytes) -> bytes:
    if b"\\" in data:
        # In this order: a quote behind an even number of backslashes ends its text.
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(data.split(b'"')[::2])


def _collapses(brackets: bytes) -> bool:
    for _ in range(_USUAL_DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def _depth_exceeds(brackets: bytes) -> bool:
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in _OPENING else -1
        if depth > MAX_DEPTH:
            return True
    return False
