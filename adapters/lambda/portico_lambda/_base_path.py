"""Where an API is mounted, by what its own resource or route says of the path.

API Gateway leaves the mapping of a custom domain name in the path of the event, and the stage too
where the mapping does not name one, but matches what follows them::

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

from portico_lambda._fields import table, text

if TYPE_CHECKING:
    from portico_lambda._fields import Fields


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
