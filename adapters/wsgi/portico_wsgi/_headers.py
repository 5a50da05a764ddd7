"""`EnvironHeaders`: the header fields of an environ, read as far as they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico import Headers

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# CGI's own variables carry these two (RFC 3875 section 4.1); some servers give both forms.
_TWICE: Final = frozenset({"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"})
# PEP 3333 "environ Variables": these two may be empty or missing, which means the same.
_OWN: Final = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class EnvironHeaders(Headers):
    """Header fields over an environ.

    Most requests are asked for one field or none. A field that is asked for by its name alone is
    looked up alone, in upper case, as RFC 3875 section 4.1.18 has it; anything else reads all of
    them, once, and forgets the environ.
    """

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        # Not `super().__init__`: `_pairs` is made by `__getattr__`, where it is not there yet.
        self._environ: WSGIEnvironment | None = environ

    def __getattr__(self, name: str) -> list[tuple[str, str]]:
        if name != "_pairs" or self._environ is None:
            raise AttributeError(name)
        self._pairs = _pairs_of(self._environ)
        self._environ = None  # from here on the pairs may be changed
        return self._pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a field; servers have joined repeated ones."""
        environ = self._environ
        if environ is None:
            return super().get(name, default)
        name = name.lower()
        own = _OWN.get(name)
        if own is not None:
            return environ.get(own) or default
        if "_" in name or not name.isascii():
            return default  # there the one is a hyphen, and the other some other letter
        value: str | None = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return default if value is None else value.strip(" \t")

    def get_all(self, name: str) -> list[str]:
        """The value of a field, of which there is one at most; empty when there is none."""
        if self._environ is None:
            return super().get_all(name)
        value = self.get(name)
        return [] if value is None else [value]

    def has(self, name: str) -> bool:
        """Whether a field of that name is there."""
        return super().has(name) if self._environ is None else self.get(name) is not None


def _pairs_of(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    pairs = [
        # Some servers leave the white space after a value (RFC 9112 section 5.1).
        (key[5:].replace("_", "-").lower(), value.strip(" \t"))
        for key, value in environ.items()
        if key.startswith("HTTP_") and key not in _TWICE
    ]
    return pairs + [(name, environ[key]) for name, key in _OWN.items() if environ.get(key)]
