"""Method, path and query as a request has them: ASCII, percent-encoded, whatever the event says.

Where an API is mounted, its own resource or route says of the path. API Gateway leaves the mapping
of a custom domain name in the path of the event, and the stage too where the mapping does not name
one, but matches what follows them::

    URL                            path           context path   resource      root path
    execute-api.../prod/users      /users         /prod/users    /{proxy+}     /prod
    own name, stage mapped         /users         /users         /{proxy+}
    own name, nothing mapped       /prod/users    /prod/users    /{proxy+}     /prod
    own name, /v1 and stage        /v1/users      /v1/users      /{proxy+}     /v1
    own name, /v1 alone            /v1/prod/users /v1/prod/users /{proxy+}     /v1/prod

So what stands before the resource, its parameters filled in, is where the API is mounted.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from portico import PeerError
from portico_lambda._fields import required, table, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico_lambda._fields import Fields

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# RFC 3986 section 3.3: `pchar` without the percent sign, and the slash.
_PATH = "/-._~!$&'()*+,;=:@"
# RFC 3986 section 3.4, without what separates fields and what a form reads as a space.
_QUERY_VALUE = "/-._~!$'()*,;:@?"
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def method_of(fields: Fields, name: str) -> str:
    """The method, which is a token (RFC 9110 section 9.1)."""
    method = required(fields, name)
    if method not in _METHODS and not _is_token()(method):
        raise PeerError(f"The event has a malformed {name!r}. A method is a token, such as 'GET'.")
    return method


@cache  # most methods are known
def _is_token() -> Callable[[str], object]:
    return re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


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


def before_resource(event: Fields, path: str, resource: str) -> tuple[str, str] | None:
    """Split a path in the part below the root path and the root path.

    Args:
        event: it has the values of the parameters, decoded or not.
        path: percent-encoded.
        resource: a template of the path, such as `/users/{id}`.

    Returns:
        None where the template does not say it: it is another, or a value is missing.
    """
    if resource[:1] != "/":
        return None
    given = table(event, "pathParameters")
    parameter = _parameter()
    names = parameter.findall(resource)
    if any(not text(given, name) for name in names):
        return None
    if resource == "/":
        return "/", path.rstrip("/")
    matched = parameter.sub(lambda match: text(given, match[1]), resource)
    start = _start_of(path, matched)
    return None if start is None else (path[start:], path[:start])


@cache  # a resource `$default` has no template
def _parameter() -> re.Pattern[str]:
    # `{id}` and the greedy `{proxy+}`.
    return re.compile(r"\{([^{}+]+)\+?\}")


def _start_of(path: str, matched: str) -> int | None:
    """Where the longest end of a path begins that is a text, as it stands or decoded."""
    if path == matched or (path.endswith(matched) and "%" not in path):
        return len(path) - len(matched)
    if "%" not in path:
        return None
    from urllib.parse import unquote

    wanted = (matched, unquote(matched))
    found = len(path) - len(matched) if path.endswith(matched) else None
    start, length = len(path), 0
    for segment in reversed(path.split("/")[1:]):
        start -= len(segment) + 1
        # Only an end of the right length is decoded: all of them would take a square of the time.
        length += len(unquote(segment)) + 1
        if any(length == len(each) for each in wanted) and unquote(path[start:]) in wanted:
            found = start if found is None else min(start, found)
    return found


def stage_before(path: str, whole: str, stage: str) -> str:
    """The stage as a root path, where the path of the URL has it before that of the event."""
    root = f"/{stage}"
    found = stage and (whole == root + path or (path == "/" and whole == root))
    return root if found else ""
