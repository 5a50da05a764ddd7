"""The static assets of a Worker, asked of its binding (Cloudflare "Static Assets", `ASSETS`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from portico import Headers, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from portico import Context

# The binding looks at the path alone; a name that nobody can own (RFC 2606 section 2).
_ORIGIN: Final = "https://assets.invalid"

_ASKED: Final = (
    "accept",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
)


async def asset(ctx: Context, assets: Any, path: str) -> Response:
    """What the binding answers for a file.

    Args:
        ctx: the request's.
        assets: the binding, an object of JavaScript with `fetch`.
        path: the file's, decoded, with no slash in front.
    """
    fields = [[name, value] for name, value in ctx.headers if name in _ASKED]
    ffi = import_module("pyodide.ffi")
    native = await assets.fetch(
        f"{_ORIGIN}/{quote(path)}",
        method=ctx.request.method,
        headers=ffi.to_js(fields),
        redirect="manual",
    )
    headers = Headers([(pair[0], pair[1]) for pair in native.headers])
    location = headers.get("location")
    if location is not None:
        headers.set("location", _relative(location, path))
    if headers.has("content-encoding"):
        # Whoever reads the stream gets it decoded (Fetch Standard 4.6).
        headers.delete("content-encoding")
        headers.delete("content-length")
    if ctx.request.method == "HEAD" or native.body is ffi.jsnull:
        return Response(None, status=native.status, headers=headers)
    return Response(_chunks(native.body.getReader()), status=native.status, headers=headers)


def _relative(location: str, path: str) -> str:
    """A redirect inside the assets, from where the client sees the file.

    The binding does not know under which prefix it is served. No redirect of it leads elsewhere.
    """
    target = location.removeprefix(_ORIGIN).lstrip("/\\")
    return ("../" * path.count("/") or "./") + target


async def _chunks(reader: Any) -> AsyncIterator[bytes]:
    is_over = False
    try:
        while not (result := await reader.read()).done:
            yield result.value.to_bytes()
        is_over = True
    finally:
        if not is_over:
            reader.cancel()
