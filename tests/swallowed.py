"""Where the adapters take an exception and say nothing of it, found in their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ADAPTERS = Path(__file__).parent.parent / "adapters"
# Calls by which an exception goes on: to the log, to who waits for it, or to the peer.
_TELLING = {
    *(
        "report",
        "failed",
        "_failed",
        "set_exception",
        "_crashed",
        "broken",
        "fail",
        "throw",
        "give_up",
    ),
    *(
        "init_failed",
        "restore_failed",
        "_log",
        "own_result",
        "send_alone",
        "write_failure",
        "failure",
    ),
}


def swallowed() -> set[str]:
    """`"asgi/_receive.py Inbox._drop"` for each handler, or `suppress`, that ends an exception."""
    found: set[str] = set()
    for path in sorted(ADAPTERS.glob("*/*/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = f"{path.relative_to(ADAPTERS).parts[0]}/{path.name}"
        found |= {f"{name} {place}" for place in _places(tree, "")}
    return found


def _places(node: ast.AST, place: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = place
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{place}.{child.name}" if place else child.name
        elif isinstance(child, ast.ExceptHandler) and not _goes_on(child):
            yield place or "the module"
        elif isinstance(child, ast.Call) and getattr(child.func, "id", "") == "suppress":
            yield place
        yield from _places(child, inner)


def _goes_on(handler: ast.ExceptHandler) -> bool:
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if called in _TELLING:
                return True
        # Kept in a variable or an attribute, to be raised later.
        if isinstance(node, ast.Assign) and handler.name is not None:
            names = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
            if handler.name in names:
                return True
    return False
