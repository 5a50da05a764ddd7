"""`redirect()`: to another path of this origin, or declared to be elsewhere."""

from __future__ import annotations

from typing import Literal

from portico._errors import PeerError
from portico._response import REDIRECT_STATUSES, Response


def redirect(
    url: str, status: Literal[301, 302, 303, 307, 308] = 302, *, external: bool = False
) -> Response:
    """Send the peer to another URL.

    Args:
        url: a path of this origin, such as `"/login"`; with `external=True` any URL.
        status: 301 and 308 are permanent; 307 and 308 keep the method and the body.
        external: admit another origin. Without it a URL that a browser would take for one is
            refused, so that input passed on as a target is no open redirect.

    Raises:
        PeerError: the URL may leave this origin (400).
        ValueError: the status is not that of a redirect.
    """
    if status not in REDIRECT_STATUSES:
        raise ValueError(f"redirect() got status {status!r}. It is 301, 302, 303, 307 or 308.")
    if not external and _may_leave(url):
        # Such a target comes from the peer far more often than from a developer.
        raise PeerError(
            f"The redirect target {url!r} may lead to another origin. Expected a path that starts "
            "with one slash; a target that the application trusts takes `external=True`."
        )
    return Response.redirect(_encoded(url), status)


def _may_leave(url: str) -> bool:
    # A browser drops tab, newline and leading controls, and reads a backslash as a slash (URL
    # Standard, basic URL parser), so `/\t/evil.example` and `/\\evil.example` are other origins.
    if any(char <= " " or char in ("\\", "\x7f") for char in url):
        return True
    if url.startswith("/"):
        return url.startswith("//")
    return not url or ":" in url.partition("/")[0].partition("?")[0].partition("#")[0]


def _encoded(url: str) -> str:
    """A Location of ASCII (RFC 9110 section 10.2.2): other characters percent-encoded as UTF-8."""
    if url.isascii():
        return url
    return "".join(
        char if char.isascii() else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in url
    )
