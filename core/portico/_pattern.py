"""Path patterns: `/users/{id}`, `/files/{path:path}`, `/archive/{year?}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from portico._errors import DefinitionError

RESERVED_NAMES: Final = frozenset({"body", "query", "params", "headers", "cookies"})

_MOST_KNOWN: Final = 1024


class Parameter:
    """A place for one segment, or for the rest of the path; equal to another of the same kind."""

    __slots__ = ("is_rest", "name")

    def __init__(self, name: str, *, is_rest: bool = False) -> None:
        self.name = name
        self.is_rest = is_rest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameter):
            return NotImplemented
        return self.name == other.name and self.is_rest == other.is_rest

    def __hash__(self) -> int:
        return hash((self.name, self.is_rest))

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, is_rest={self.is_rest})"


Form: TypeAlias = "tuple[str | Parameter, ...]"

# Segments that were read before and mean the same in every pattern. Their number is limited: who
# makes applications at run time may give each parameters of its own.
_known: dict[str, str | Parameter] = {"": ""}


class Pattern:
    """A parsed path pattern.

    A parameter takes one segment that is not empty; the rest of the path may be empty, but the
    slash before it must be there: `/files/{path:path}` answers `/files/`, not `/files`.

    Attributes:
        text: as it was written.
        names: the parameters, in order.
        forms: the pattern with and without its optional parts, each a tuple of segments, which
            are text or a `Parameter`. `/a/{b?}` has two.
    """

    __slots__ = ("forms", "names", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.names, self.forms = _read_before(text) or _Reader(text).read()

    def under(self, prefix: str) -> Pattern:
        """The same pattern behind a prefix, which is a pattern too, or empty.

        Raises:
            DefinitionError: they do not go together.
        """
        if not prefix:
            return self
        if "{" in prefix:
            return Pattern(joined(prefix, self.text))
        # Of plain text nothing can go wrong with what follows it.
        head = prefix.removesuffix("/")
        pattern = Pattern.__new__(Pattern)
        pattern.text = head + self.text
        pattern.names = self.names
        before = head.split("/")[1:]
        pattern.forms = [(*before, *form) for form in self.forms]
        return pattern


_Read: TypeAlias = "tuple[tuple[str, ...], list[Form]]"


def _read_before(text: str) -> _Read | None:
    """The names and forms of a pattern of segments that need no reading; None where some do."""
    if text[:1] != "/":
        return None
    form: list[str | Parameter] = []
    names: list[str] = []
    for segment in text[1:].split("/"):
        part = segment if segment.isalnum() else _known.get(segment)
        if part is None:
            return None
        if isinstance(part, Parameter):
            if part.name in names:
                return None
            names.append(part.name)
        form.append(part)
    return tuple(names), [tuple(form)]


class _Reader:
    """Reads one pattern, and finds what is wrong with it."""

    __slots__ = ("_names", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._names: list[str] = []

    def read(self) -> _Read:
        """The names and forms."""
        text = self._text
        if not text.startswith("/"):
            raise DefinitionError(
                f"The path {text!r} does not start with a slash. Write '/{text}'."
            )
        if "%" in text or "?" in text.replace("?}", "}") or "#" in text:
            raise DefinitionError(
                f"The path {text!r} is written as a URL. A path is plain text without escapes, "
                "query or fragment; 'é' matches both 'é' and '%C3%A9'."
            )
        forms: list[Form] = [()]
        segments = text[1:].split("/")
        for position, segment in enumerate(segments):
            forms = self._extend(forms, segment, last=position == len(segments) - 1)
        return tuple(self._names), forms

    def _extend(self, forms: list[Form], segment: str, *, last: bool) -> list[Form]:
        if segment in (".", ".."):
            raise DefinitionError(
                f"The path {self._text!r} has the segment {segment!r}, which no canonical path has."
            )
        if segment[:1] in (":", "*", "<"):
            raise DefinitionError(
                f"The path {self._text!r} has the segment {segment!r}, as other frameworks write a "
                "parameter. Write '{name}', or '{name:path}' for the rest of the path."
            )
        inside = segment[1:-1]
        is_parameter = segment == f"{{{inside}}}"
        if not is_parameter or "{" in inside or "}" in inside:
            if "{" in segment or "}" in segment:
                raise DefinitionError(
                    f"The path {self._text!r} has the segment {segment!r}. A parameter takes a "
                    "whole segment, such as '{name}'; take it apart in the handler."
                )
            _know(segment, segment)
            return [(*form, segment) for form in forms]
        parameter, kind = self._parameter(inside)
        if parameter.is_rest:
            if not last:
                raise DefinitionError(
                    f"The path {self._text!r} goes on after {segment!r}. A parameter of the "
                    "kind 'path' takes the rest, so it comes last."
                )
            return [(*form, parameter) for form in forms]
        longer: list[Form] = [(*form, parameter) for form in forms]
        if kind == "?":
            return longer + forms
        _know(segment, parameter)
        return longer

    def _parameter(self, text: str) -> tuple[Parameter, str]:
        name, colon, rest = text.partition(":")
        kind = colon + rest
        if name.endswith("?") and not kind:
            name, kind = name[:-1], "?"
        if kind not in ("", "?", ":path") or not (name.isascii() and name.isidentifier()):
            raise DefinitionError(
                f"The path {self._text!r} has the parameter '{{{text}}}'. Write '{{name}}', "
                "'{name?}' for an optional one, or '{name:path}' for the rest of the path."
            )
        if name in RESERVED_NAMES:
            raise DefinitionError(
                f"The path {self._text!r} has a parameter named {name!r}, which names a part of "
                f"the request. Choose another name, such as '{name}_id'."
            )
        if name in self._names:
            raise DefinitionError(f"The path {self._text!r} has the parameter {name!r} twice.")
        self._names.append(name)
        return Parameter(name, is_rest=kind == ":path"), kind


def _know(segment: str, part: str | Parameter) -> None:
    if len(_known) < _MOST_KNOWN:
        _known[segment] = part


def build_path(pattern: Pattern, params: Mapping[str, object]) -> str | None:
    """The path with these parameters, or None where the pattern has others."""
    for form in pattern.forms:
        if {part.name for part in form if isinstance(part, Parameter)} == set(params):
            return "/" + "/".join(_segment(part, params) for part in form)
    return None


def _segment(part: str | Parameter, params: Mapping[str, object]) -> str:
    from portico._url_percent import COMPONENT, percent_encode

    if isinstance(part, str):
        return percent_encode(part, COMPONENT)
    text = str(params[part.name])
    if part.is_rest:
        return "/".join(percent_encode(piece, COMPONENT) for piece in text.split("/"))
    if text in ("", ".", ".."):
        raise ValueError(f"The path parameter {part.name!r} is {text!r}, which no path has.")
    return percent_encode(text, COMPONENT)


def joined(prefix: str, path: str) -> str:
    """Two paths, one after the other: `/v1` and `/users` as `/v1/users`, `/` alone as the first."""
    if path in ("", "/"):
        return prefix + path if not prefix.endswith("/") else prefix
    return prefix.removesuffix("/") + path
