"""Which members of a context lead where."""

from __future__ import annotations

from typing import Final

BODILESS: Final = frozenset(
    {
        "path",
        "route",
        "params",
        "query",
        "headers",
        "cookies",
        "set",
        "env",
        "deadline",
        "last_event_id",
        "request.method",
        "request.raw_path",
        "request.raw_query",
        "request.headers",
        "request.cookies",
        "request.host",
        "request.scheme",
        "request.url",
        "request.has_body",
    }
)
"""Members of the context that say nothing of the body, and lead to nothing that does."""

MEMBERS: Final = BODILESS | frozenset(
    {
        "body",
        "wait_until",
        "request.sync",
        "request.json",
        "request.text",
        "request.bytes",
        "request.form_data",
        "request.blob",
        "request.stream",
        "request.parts",
    }
)
"""Members through which no other member of the context gets another value."""
