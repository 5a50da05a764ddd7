"""The conformance application: one `Portico`, with every route that the cases use.

It is written as an application is to be written: with the public names of `portico` alone, and so
that it runs on every runtime: no event loop by name, no thread, and nothing at import but
registrations. Routes under `/async/` and `/sync/` do the same in two colours.

A row serves `app` with `OPTIONS`, sets `ENVIRONMENT` in the platform's environment, and, where it
answers one request at a time, shares the folder `PORTICO_CONFORMANCE_DIR` with the cases.
"""

from importlib import import_module
from typing import Final

from portico_conformance.application._app import (
    COOKIE_SECRET,
    ENVIRONMENT,
    MAX_BODY_SIZE,
    MAX_FORM_SIZE,
    OPTIONS,
    app,
)

__all__ = [
    "COOKIE_SECRET",
    "ENVIRONMENT",
    "MAX_BODY_SIZE",
    "MAX_FORM_SIZE",
    "OPTIONS",
    "app",
]

# Each registers the routes of an area when it is imported.
_AREAS: Final = (
    "_answers",
    "_background",
    "_binding",
    "_bodies",
    "_capabilities",
    "_cookies",
    "_errors",
    "_events",
    "_fields",
    "_files",
    "_form_types",
    "_generators",
    "_guarded",
    "_inference",
    "_inputs",
    "_key_generators",
    "_keys",
    "_large",
    "_lazy_area",
    "_lifecycle",
    "_lifecycle_order",
    "_mounts",
    "_parsers",
    "_paths",
    "_platform",
    "_plugins",
    "_reflected",
    "_scalars",
    "_scopes",
    "_seen",
    "_signals",
    "_sockets",
    "_static_files",
    "_statuses",
    "_streams",
    "_traced",
    "_without_route",
)

for _area in _AREAS:
    import_module(f"{__name__}.{_area}")
