"""The router: from a method and a canonical path to what was registered for them.

Static segments beat parameters, parameters beat the rest of the path, with backtracking: a branch
that has the path but not the method gives way to a less specific one that has both. Of two
registrations of the same method and pattern the last wins. HEAD follows GET where it has no target
of its own.

A path is looked for in three ways, each of which hands on to the next what it does not find: in
the table of the patterns without parameters; straight down the tree, by the most specific child of
each node; and in the whole tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from portico._errors import PeerError
from portico._path import canonical_path, parameter_value
from portico._pattern import Form, Pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

ANY_METHOD = "*"

UPGRADE_ONLY: Final = "(websocket)"
"""Stands for a path that accepts WebSockets; no request has it as its method, being no token."""


class _Node(Generic[T]):
    """A place in the tree; that of the rest of a path has no children."""

    __slots__ = ("leaf", "parameter", "rest", "static")

    def __init__(self) -> None:
        # Most nodes have no static child: they share one mapping, which nothing is put into.
        self.static: dict[str, _Node[T]] = _NO_CHILDREN
        self.parameter: _Node[T] | None = None
        self.rest: _Node[T] | None = None
        self.leaf: _Leaf[T] | None = None

    def child(self, segment: str) -> _Node[T]:
        """The static child of a segment, made where there is none."""
        known = self.static.get(segment)
        if known is not None:
            return known
        made: _Node[T] = _Node()
        if self.static is _NO_CHILDREN:
            self.static = {segment: made}
        else:
            self.static[segment] = made
        return made


_NO_CHILDREN: Final[dict[str, Any]] = {}

_NO_METHODS: Final = frozenset[str]()

# A target and the names of its parameters, in order; and these by method.
_Entry = tuple[T, tuple[str, ...]]
_Leaf = dict[str, _Entry[T]]


class Router(Generic[T]):
    """Routes by method and pattern.

    Args:
        strict: `/a` and `/a/` are two paths; else they are one.

    Attributes:
        static: by method and path, the targets that have no parameter. Every path here is its own
            canonical form, so that one of a request can be looked up as it came. What is not here
            (HEAD that follows GET, a target of any method) `find` may find.
    """

    __slots__ = ("_root", "_strict", "static")

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._root: _Node[T] = _Node()
        self.static: dict[str, dict[str, T]] = {}

    def add(self, method: str, pattern: Pattern, target: T) -> None:
        """Register a target; `"*"` stands for every method without one of its own."""
        for form in pattern.forms:
            segments = form
            if self._strict:
                segments = form or ("",)  # "/", as `/{name?}` has it without its parameter
            elif form[-1:] == ("",):
                segments = form[:-1]
            if not self._add(segments, method, target):
                path = "/" + "/".join(map(str, segments))
                if _is_canonical(path):
                    table = self.static.setdefault(method, {})
                    table[path] = target
                    if not self._strict and path != "/":
                        table[path + "/"] = target

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | frozenset[str]:
        """The target with the values of its parameters, or the methods that the path has.

        Returns:
            A tuple, or a set, which is empty where there is no such path.

        Raises:
            PeerError: the value of a parameter is not valid; see `parameter_value`.
        """
        table = self.static.get(method)
        if table is not None and path in table:
            return table[path], {}
        segments = path[1:].split("/")
        node = self._root
        values: list[str] = []
        for segment in segments:
            child = node.static.get(segment)
            if child is None:
                child = node.parameter
                if child is None or not segment:
                    if node is self._root and node.rest is None and segment:
                        return _NO_METHODS  # most of what nobody answers ends here
                    break
                values.append(segment)
            node = child
        else:
            entry = None if node.leaf is None else node.leaf.get(method)
            # An empty last segment may be the slash after a path that ends before it.
            if entry is not None and (segments[-1] or self._strict):
                return entry[0], _params(entry[1], values, path)
        return self._search(method, path, segments)

    def methods(self) -> frozenset[str]:
        """Every method that some path has."""
        found: set[str] = set()
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            found.update(node.leaf or ())
            nodes += node.static.values()
            nodes += (child for child in (node.parameter, node.rest) if child is not None)
        return frozenset(found)

    def _add(self, segments: Form, method: str, target: T) -> tuple[str, ...]:
        """Put a target into the tree; returns the names of its parameters."""
        node = self._root
        names: list[str] = []
        for segment in segments:
            if isinstance(segment, str):
                node = node.child(segment)
                continue
            names.append(segment.name)
            if segment.is_rest:
                node.rest = node = node.rest or _Node()
            else:
                node.parameter = node = node.parameter or _Node()
        if node.leaf is None:
            node.leaf = {}
        node.leaf[method] = target, tuple(names)
        return node.leaf[method][1]

    def _search(
        self, method: str, path: str, segments: list[str]
    ) -> tuple[T, dict[str, str]] | frozenset[str]:
        """Search the whole tree, depth first; each node of it is visited once at most."""
        last = len(segments)
        # Where the path may end: at its last segment, or before an empty one.
        end = last
        if not segments[-1] and not self._strict:
            end -= 1
            for each in _in_turn(method):
                if path in self.static.get(each, ()):
                    return self.static[each][path], {}
        allowed: set[str] = set()
        # What is left to try, the next at the end: a node, how many segments lead to it, and the
        # values of the parameters among them.
        todo: list[tuple[_Node[T], int, tuple[str, ...]]] = [(self._root, 0, ())]
        while todo:
            node, index, values = todo.pop()
            if index >= end and node.leaf is not None:
                for each in _in_turn(method):
                    if each in node.leaf:
                        target, names = node.leaf[each]
                        return target, _params(names, values, path)
                allowed.update(node.leaf)
            if index < last:
                todo += _children(node, index, values, segments)
        return frozenset(allowed)


def _children(
    node: _Node[T], index: int, values: tuple[str, ...], segments: list[str]
) -> list[tuple[_Node[T], int, tuple[str, ...]]]:
    """Where a search goes on from a node, the most specific way last."""
    segment = segments[index]
    found: list[tuple[_Node[T], int, tuple[str, ...]]] = []
    if node.rest is not None:
        found.append((node.rest, len(segments), (*values, "/".join(segments[index:]))))
    if node.parameter is not None and segment:
        found.append((node.parameter, index + 1, (*values, segment)))
    child = node.static.get(segment)
    if child is not None:
        found.append((child, index + 1, values))
    return found


def _in_turn(method: str) -> tuple[str, ...]:
    """What may answer a method, in order: HEAD is answered as GET is (RFC 9110 section 9.3.2)."""
    return ("HEAD", "GET", ANY_METHOD) if method == "HEAD" else (method, ANY_METHOD)


def _params(names: tuple[str, ...], values: Sequence[str], path: str) -> dict[str, str]:
    if "%" in path:
        values = [parameter_value(value) for value in values]
    # One or two, as most patterns have, take a third of what `zip` takes.
    if len(names) == 1:
        return {names[0]: values[0]}
    if len(names) == 2:
        return {names[0]: values[0], names[1]: values[1]}
    return dict(zip(names, values, strict=True))


def _is_canonical(path: str) -> bool:
    """Whether a request can have this canonical path: one with a NUL, for example, cannot."""
    if path.isascii() and "\0" not in path:
        return True
    try:
        return canonical_path(path) == path
    except PeerError:
        return False
