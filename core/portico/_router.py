"""The router: from a method and a canonical path to what was registered for them.

Static segments beat parameters, parameters beat the rest of the path, with backtracking: a branch
that has the path but not the method gives way to a less specific one that has both. Patterns
without parameters are found by one dictionary look-up. Of two registrations of the same method and
pattern the last wins. HEAD follows GET where it has no target of its own.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from portico._path import parameter_value
from portico._pattern import Form, Parameter, Pattern

T = TypeVar("T")

ANY_METHOD = "*"


class Match(Generic[T]):
    """What was found: the target and the values of its parameters, by name."""

    __slots__ = ("params", "target")

    def __init__(self, target: T, params: dict[str, str]) -> None:
        self.target = target
        self.params = params


class _Node(Generic[T]):
    __slots__ = ("leaf", "parameter", "rest", "static")

    def __init__(self) -> None:
        self.static: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.rest: _Leaf[T] | None = None
        self.leaf: _Leaf[T] | None = None


# By method: the target and the names of the parameters, in order.
_Leaf = dict[str, tuple[T, tuple[str, ...]]]


class Router(Generic[T]):
    """Routes by method and pattern.

    Args:
        strict: `/a` and `/a/` are two paths; else they are one.
    """

    __slots__ = ("_root", "_static", "_strict")

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._root: _Node[T] = _Node()
        self._static: dict[str, _Leaf[T]] = {}

    def add(self, method: str, pattern: Pattern, target: T) -> None:
        """Register a target; `"*"` stands for every method without one of its own."""
        for form in pattern.forms:
            segments = form[:-1] if not self._strict and form[-1:] == ("",) else form
            names = tuple(part.name for part in segments if isinstance(part, Parameter))
            self._leaf(segments)[method] = (target, names)
            if not names:
                path = "/" + "/".join(str(segment) for segment in segments)
                self._static.setdefault(path, {})[method] = (target, ())
                if not self._strict and path != "/":
                    self._static.setdefault(path + "/", {})[method] = (target, ())

    def find(self, method: str, path: str) -> Match[T] | frozenset[str]:
        """The target, or the methods that the path has (empty: there is no such path)."""
        leaf = self._static.get(path)
        if leaf is not None:
            found = _of_method(leaf, method)
            if found is not None:
                return Match(found[0], {})
        # Not `_Search[T](...)`: a call through the alias takes as long as the search.
        search: _Search[T] = _Search(method, path[1:].split("/"), strict=self._strict)
        hit = search.visit(self._root, 0)
        if hit is None:
            return frozenset(search.allowed)
        target, names = hit
        return Match(
            target,
            {
                name: parameter_value(value)
                for name, value in zip(names, search.values, strict=True)
            },
        )

    def methods(self) -> frozenset[str]:
        """Every method that some path has."""
        found: set[str] = set()
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            found.update(node.leaf or (), node.rest or ())
            nodes.extend(node.static.values())
            if node.parameter is not None:
                nodes.append(node.parameter)
        return frozenset(found)

    def _leaf(self, segments: Form) -> _Leaf[T]:
        node = self._root
        for segment in segments:
            if isinstance(segment, str):
                node = node.static.setdefault(segment, _Node())
            elif segment.is_rest:
                if node.rest is None:
                    node.rest = {}
                return node.rest
            else:
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
        if node.leaf is None:
            node.leaf = {}
        return node.leaf


class _Search(Generic[T]):
    """One depth-first walk; `values` are those of the parameters on the current branch."""

    __slots__ = ("allowed", "end", "method", "segments", "values")

    def __init__(self, method: str, segments: list[str], *, strict: bool) -> None:
        self.method = method
        self.segments = segments
        # Where the path may end: at its last segment, or before an empty one.
        self.end = len(segments) - (not strict and segments[-1] == "")
        self.values: list[str] = []
        self.allowed: set[str] = set()

    def visit(self, node: _Node[T], index: int) -> tuple[T, tuple[str, ...]] | None:
        if index >= self.end and node.leaf is not None:
            hit = self._take(node.leaf)
            if hit is not None:
                return hit
        if index < len(self.segments):
            return self._descend(node, index)
        return None

    def _descend(self, node: _Node[T], index: int) -> tuple[T, tuple[str, ...]] | None:
        segment = self.segments[index]
        child = node.static.get(segment)
        if child is not None:
            hit = self.visit(child, index + 1)
            if hit is not None:
                return hit
        if node.parameter is not None and segment:
            self.values.append(segment)
            hit = self.visit(node.parameter, index + 1)
            if hit is not None:
                return hit
            self.values.pop()
        if node.rest is not None:
            hit = self._take(node.rest)
            if hit is not None:
                self.values.append("/".join(self.segments[index:]))
                return hit
        return None

    def _take(self, leaf: _Leaf[T]) -> tuple[T, tuple[str, ...]] | None:
        self.allowed.update(leaf)
        return _of_method(leaf, self.method)


def _of_method(leaf: _Leaf[T], method: str) -> tuple[T, tuple[str, ...]] | None:
    found = leaf.get(method)
    if found is None and method == "HEAD":
        found = leaf.get("GET")  # before any method: HEAD answers as GET does (RFC 9110 9.3.2)
    return leaf.get(ANY_METHOD) if found is None else found
