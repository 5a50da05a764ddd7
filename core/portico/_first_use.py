"""What is imported with the first request that needs it, for those who would rather have it now.

A Worker starts from a snapshot of its memory, which has what was imported by then. An import after
that takes it long: the first form would wait for a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

_MODULES: Final = (
    "portico._abort",
    "portico._body_sync",
    "portico._byte_ranges",
    "portico._collect",
    "portico._cookie",
    "portico._cookies",
    "portico._exit",
    "portico._fault",
    "portico._form_data",
    "portico._form_files",
    "portico._held_stream",
    "portico._json_depth",
    "portico._media_type_names",
    "portico._mirror_build",
    "portico._mirror_copies",
    "portico._multipart_decoder",
    "portico._pairs",
    "portico._problem",
    "portico._remaining",
    "portico._revise",
    "portico._running",
    "portico._key",
    "portico._server_sent_event",
    "portico._stream_answer",
    "portico._url",
    "portico._whole_way",
    "werkzeug.http",
)

# What compiles an expression when it is first called.
_EXPRESSIONS: Final = (
    ("portico._headers", "_is_name"),
    ("portico._headers", "_is_value"),
    ("portico._request", "_absolute_form"),
    ("portico._request", "host_expression"),
    ("portico._request", "_is_method"),
)


def load() -> None:
    """Import it, and compile expressions."""
    for name in _MODULES:
        import_module(name)
    for module, expression in _EXPRESSIONS:
        getattr(import_module(module), expression)()
