"""Where in the application's own code something was written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

# Their frames are between a mistake and the line that made it.
_OWN_PACKAGES: Final = frozenset(
    {
        "portico",
        "portico_asgi",
        "portico_cloudflare",
        "portico_lambda",
        "portico_plugins",
        "portico_wsgi",
    }
)
_CORE: Final = frozenset({"portico"})


def caller() -> str:
    """File and line of the code that called into this package, directly or through an adapter."""
    return _outside(_OWN_PACKAGES)


def registration() -> str:
    """File and line of the code that registers something, also where that is one of our plugins."""
    return _outside(_CORE)


def _outside(packages: Collection[str]) -> str:
    frame: Any = sys._getframe(2)  # pyright: ignore[reportPrivateUsage] # `inspect` is slow to import
    while frame.f_back is not None and _package(frame) in packages:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _package(frame: Any) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
