"""MIME types, by the MIME Sniffing Standard section 4 (Representing, parsing, serializing)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

# The standard's "HTTP whitespace", "HTTP token code points" and "HTTP quoted-string token code
# points" (MIME Sniffing section 3).
_WHITESPACE = " \t\r\n"
_is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_quotable = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


class MimeType:
    """A parsed MIME type, such as `text/html;charset=utf-8`. It does not change.

    Args:
        type: the part before the slash, a token.
        subtype: the part after the slash, a token.
        parameters: names and values; names are tokens, values have no control characters.

    Raises:
        ValueError: a part has a character that the standard does not allow there.
    """

    __slots__ = ("_parameters", "_subtype", "_type")

    def __init__(self, type: str, subtype: str, parameters: Mapping[str, str] | None = None):
        for label, token in (("type", type), ("subtype", subtype), *_names(parameters)):
            if not _is_token(token):
                raise ValueError(
                    f"The MIME {label} {token!r} is not a token. It is made of letters, digits "
                    "and !#$%&'*+-.^_`|~. Remove the other characters."
                )
        for name, value in (parameters or {}).items():
            if not _is_quotable(value):
                raise ValueError(
                    f"The MIME parameter {name!r} has the value {value!r}. A value is latin-1 "
                    "text without control characters. Remove or encode them."
                )
        self._type = type.lower()
        self._subtype = subtype.lower()
        self._parameters = {name.lower(): value for name, value in (parameters or {}).items()}

    @classmethod
    def parse(cls, text: str) -> MimeType | None:
        """Parse a MIME type; None where the standard says failure (section 4.4).

        A wrong parameter does not fail the whole: it is dropped, as is a repeated one.
        """
        major, slash, rest = text.strip(_WHITESPACE).partition("/")
        subtype, semicolon, rest = rest.partition(";")
        subtype = subtype.rstrip(_WHITESPACE)
        if not (slash and _is_token(major) and _is_token(subtype)):
            return None
        mime = cls.__new__(cls)
        mime._type = major.lower()
        mime._subtype = subtype.lower()
        mime._parameters = _parse_parameters(rest) if semicolon else {}
        return mime

    @property
    def type(self) -> str:
        """The part before the slash, lower case."""
        return self._type

    @property
    def subtype(self) -> str:
        """The part after the slash, lower case."""
        return self._subtype

    @property
    def essence(self) -> str:
        """Type and subtype, such as `text/html`."""
        return f"{self._type}/{self._subtype}"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters in order; names are lower case, values are as they came."""
        return MappingProxyType(self._parameters)

    @property
    def charset(self) -> str | None:
        """The `charset` parameter, as it came."""
        return self._parameters.get("charset")

    def __str__(self) -> str:
        """The serialisation of section 4.5, such as `text/html;charset=utf-8`."""
        return self.essence + "".join(
            f";{name}={_quoted(value)}" for name, value in self._parameters.items()
        )

    def __repr__(self) -> str:
        return f"MimeType({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MimeType):
            return NotImplemented
        return self.essence == other.essence and self._parameters == other._parameters

    def __hash__(self) -> int:
        return hash((self._type, self._subtype, frozenset(self._parameters.items())))


def essence(content_type: str) -> str:
    """Type and subtype of a Content-Type value, lower case and unchecked.

    For choosing a parser on the hot path: `"Text/HTML; charset=x"` gives `"text/html"`. Text that
    is no MIME type comes back as some text that equals no known one.
    """
    return content_type.partition(";")[0].strip(_WHITESPACE).lower()


def charset(content_type: str) -> str | None:
    """The `charset` parameter of a Content-Type value, as it came; None where there is none."""
    if ";" not in content_type:
        return None
    mime = MimeType.parse(content_type)
    return None if mime is None else mime.charset


def _names(parameters: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return [("parameter name", name) for name in parameters or ()]


def _quoted(value: str) -> str:
    if _is_token(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parse_parameters(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text):
        name, value, position = _parse_parameter(text, position)
        # The name is compared before it is lower-cased: `str.lower` maps U+212A to "k".
        if value is None or not _is_token(name) or not _is_quotable(value):
            continue
        parameters.setdefault(name.lower(), value)
    return parameters


def _parse_parameter(text: str, start: int) -> tuple[str, str | None, int]:
    """One `name=value` from `start` and where the next begins; no value where it is dropped."""
    end = text.find(";", start)
    end = len(text) if end < 0 else end
    equals = text.find("=", start, end)
    if equals < 0:
        return "", None, end + 1
    name = text[start:equals].lstrip(_WHITESPACE)
    if text[equals + 1 : equals + 2] == '"':
        value, after = _parse_quoted_string(text, equals + 2)
        # What stands between the closing quote and the semicolon is ignored.
        end = text.find(";", after)
        return name, value, len(text) if end < 0 else end + 1
    return name, text[equals + 1 : end].rstrip(_WHITESPACE) or None, end + 1


def _parse_quoted_string(text: str, position: int) -> tuple[str, int]:
    """Fetch Standard section 2.2, "collect an HTTP quoted string", with the extract-value flag."""
    value: list[str] = []
    while position < len(text):
        char = text[position]
        position += 1
        if char == '"':
            break
        if char == "\\" and position < len(text):
            char = text[position]
            position += 1
        value.append(char)
    return "".join(value), position
