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
from typing import TYPE_CHECKING

from portico_lambda._fields import table, text

if TYPE_CHECKING:
    from portico_lambda._fields import Fields

# `{id}` and the greedy `{proxy+}`.
_parameter = re.compile(r"\{([^{}+]+)\+?\}")


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
    names = _parameter.findall(resource)
    if any(not text(given, name) for name in names):
        return None
    if resource == "/":
        return "/", path.rstrip("/")
    matched = _parameter.sub(lambda match: text(given, match[1]), resource)
    start = 0
    while start != -1:
        if _is_same(path[start:], matched):
            return path[start:], path[:start]
        start = path.find("/", start + 1)
    return None


def _is_same(path: str, matched: str) -> bool:
    if path == matched:
        return True
    if "%" not in path:
        return False
    from urllib.parse import unquote

    plain = unquote(path)
    return plain in (matched, unquote(matched))
