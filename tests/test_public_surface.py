"""Each package exports exactly what its `__init__.py` brings in, in one order."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = (
    "portico",
    "portico_asgi",
    "portico_wsgi",
    "portico_lambda",
    "portico_cloudflare",
    "portico_plugins",
    "portico_cli",
    "portico_conformance",
)


def exported(package: str) -> list[str]:
    names: list[str] = import_module(package).__all__
    return names


def bound(package: str) -> set[str]:
    """The public names that a package's own `__init__.py` defines or takes from its modules."""
    file = import_module(package).__file__
    assert file is not None
    tree = ast.parse(Path(file).read_text("utf-8"))
    return {name for name in bound_below(tree, package) if not name.startswith("_")}


def bound_below(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and (
            node.level or (node.module or "").partition(".")[0] == package
        ):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.If):
            yield from bound_below(node, package)


def in_order(name: str) -> tuple[int, list[tuple[int, str]]]:
    """The key of ruff's RUF022: constants, classes, the rest; numbers in names by their value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    pieces = re.split(r"(\d+)", name)
    return kind, [(int(piece) if piece.isdigit() else -1, piece) for piece in pieces]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_exported_names_are_sorted_and_listed_once(package: str) -> None:
    names = exported(package)

    assert names == sorted(set(names), key=in_order)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_is_there(package: str) -> None:
    module = import_module(package)

    assert [name for name in exported(package) if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_exported(package: str) -> None:
    assert bound(package) - set(exported(package)) == set()
