"""Method, path and query as a request has them: ASCII, percent-encoded, whatever the event says."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from portico import PeerError
from portico_lambda._fields import required, texts

if TYPE_CHECKING:
    from portico_lambda._fields import Fields

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# RFC 3986 section 3.3: `pchar` without the percent sign, and the slash.
_PATH = "/-._~!$&'()*+,;=:@"
# RFC 3986 section 3.4, without what separates fields and what a form reads as a space.
_QUERY_VALUE = "/-._~!$'()*,;:@?"
_is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


def method_of(fields: Fields, name: str) -> str:
    """The method, which is a token (RFC 9110 section 9.1)."""
    method = required(fields, name)
    if not _is_token(method):
        raise PeerError(f"The event has a malformed {name!r}. A method is a token, such as 'GET'.")
    return method


def path_of_decoded(path: str) -> str:
    """Encode a path that the service has decoded, percent signs included."""
    return _quoted(path, _PATH)


def path_of_encoded(path: str) -> str:
    """A path as the client sent it; what cannot stand in one is encoded, as tools need it."""
    return _quoted(path, f"{_PATH}%")


def _quoted(text: str, safe: str) -> str:
    if _left_as_they_are(safe).issuperset(text):
        return text
    from urllib.parse import quote  # slow to load, and most events need none of it

    return quote(text, safe)


@cache
def _left_as_they_are(safe: str) -> frozenset[str]:
    return _UNRESERVED | frozenset(safe)


def query_of_encoded(query: str) -> str:
    """A query as the client sent it; what cannot stand in one is encoded."""
    return _quoted(query, f"{_QUERY_VALUE}&+=%[]{{}}|^`\\")


def query_of_decoded_fields(fields: Fields) -> str:
    """A query of fields that the service has decoded, in their order."""
    return "&".join(
        f"{_quoted(name, _QUERY_VALUE)}={_quoted(value, _QUERY_VALUE)}"
        for name, values in fields.items()
        for value in texts(values, name)
    )


def query_of_encoded_fields(fields: Fields) -> str:
    """A query of fields that the service has split and not decoded, in their order."""
    pairs = ((name, value) for name, values in fields.items() for value in texts(values, name))
    return query_of_encoded("&".join(f"{name}={value}" for name, value in pairs))


def mounted(path: str, given: str | None, stage: str = "") -> tuple[str, str]:
    """Split a path in the part below the root path and the root path.

    Args:
        path: percent-encoded.
        given: the option `root_path`. The path may or may not begin with it: the mapping of a
            custom domain name is in the path of a REST API and not in that of an HTTP API.
        stage: the name of a stage that may stand at the beginning of the path.
    """
    if given is None and stage in ("", "$default"):
        return path, ""
    root = f"/{stage}" if given is None else given
    below = _below(path, root)
    if below is not None:
        return below, root
    return path, "" if given is None else root


def _below(path: str, root: str) -> str | None:
    if path == root:
        return "/"
    # A root of "/prod" has nothing to do with "/products".
    return path[len(root) :] if path.startswith(f"{root}/") else None
