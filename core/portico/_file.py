"""`file()`: a file as an answer, conditional and by range (RFC 9110 sections 13 and 14).

This is the one place in the core that touches a file system, and only when a handler returns it;
it is called off the event loop, like any function that may block.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from portico._blocking_answer import BlockingAnswer
from portico._errors import HTTPError, PeerError
from portico._headers import Headers
from portico._response import Response
from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from portico._context import Context

CHUNK_SIZE: Final = 64 * 1024


def file(
    path: str | PathLike[str],
    *,
    root: str | PathLike[str] | None = None,
    content_type: str | None = None,
    download: str | None = None,
) -> FileAnswer:
    """Answer with a file of this machine.

    Without a root the path is the developer's: text of a request must not become a part of it.
    With one, the path may come from a request: a file that does not lie in the root, links
    followed, does not exist. A file that does not exist is a 404.

    Args:
        path: the file, relative to the root where there is one.
        root: the folder that the file must lie in.
        content_type: its type; guessed from the name without one.
        download: the name under which a browser saves it, instead of showing it.
    """
    return FileAnswer(path, root, content_type, download)


class FileAnswer(BlockingAnswer):
    """What `file()` returns."""

    __slots__ = ("content_type", "download", "path", "root")

    def __init__(
        self,
        path: str | PathLike[str],
        root: str | PathLike[str] | None,
        content_type: str | None,
        download: str | None,
    ) -> None:
        self.path: str | PathLike[str] = path
        self.root: str | PathLike[str] | None = root
        self.content_type: str | None = content_type
        self.download: str | None = download

    def respond(self, ctx: Context, /) -> Response:
        """The response to this request: 200, 206, 304, 412 or 416."""
        import os
        import stat

        try:
            handle = open(self._location(), "rb")  # noqa: SIM115 - the stream closes it
        except PermissionError:
            raise
        except (OSError, ValueError) as error:  # no such file, a name too long, or with a NUL
            raise HTTPError(404, "The file does not exist.") from error
        try:
            status = os.fstat(handle.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise HTTPError(404, "The file does not exist.")
            return self._answer(ctx, handle, status.st_size, status.st_mtime_ns)
        except BaseException:
            handle.close()
            raise

    def _location(self) -> str:
        import os

        if self.root is None:
            return os.fspath(self.path)
        root = os.path.realpath(self.root)
        location = os.path.realpath(os.path.join(root, self.path))
        if os.path.commonpath([root, location]) != root:
            raise FileNotFoundError(f"{location} does not lie in {root}.")
        return location

    def _answer(self, ctx: Context, handle: IO[bytes], size: int, modified: int) -> Response:
        from werkzeug.http import http_date

        etag = f'"{modified:x}-{size:x}"'
        headers = Headers(
            {
                "etag": etag,
                "last-modified": http_date(modified // 10**9),
                "accept-ranges": "bytes",
            }
        )
        if ctx.request.method in ("GET", "HEAD"):
            settled = _precondition(ctx.headers, etag, modified // 10**9)
            if settled is not None:
                handle.close()
                return Response.ready(settled, headers)
        self._describe(headers)
        span = None
        if ctx.request.method == "GET":
            span = _requested_range(ctx.headers, etag, modified // 10**9, size)
        if span is None:
            return _sent(200, headers, handle, 0, size)
        start, stop = span
        headers.set("content-range", f"bytes {start}-{stop - 1}/{size}")
        return _sent(206, headers, handle, start, stop)

    def _describe(self, headers: Headers) -> None:
        from mimetypes import guess_type

        guessed, encoding = guess_type(self.path)
        content_type = self.content_type
        if content_type is None and guessed is not None and encoding is None:
            content_type = f"{guessed};charset=UTF-8" if guessed.startswith("text/") else guessed
        headers.set("content-type", content_type or "application/octet-stream")
        if self.download is not None:
            headers.set("content-disposition", _attachment(self.download))


def _precondition(headers: Headers, etag: str, modified: int) -> int | None:
    """The status that ends the request early (RFC 9110 section 13.2.2), or None."""
    from werkzeug.http import parse_etags

    match = headers.get("if-match")
    unmodified = _date(headers.get("if-unmodified-since"))
    if match is not None:
        if not parse_etags(match).contains(etag.strip('"')):
            return 412
    elif unmodified is not None and modified > unmodified:
        return 412
    none_match = headers.get("if-none-match")
    since = _date(headers.get("if-modified-since"))
    if none_match is not None:
        return 304 if parse_etags(none_match).contains_weak(etag.strip('"')) else None
    return 304 if since is not None and modified <= since else None


def _requested_range(
    headers: Headers, etag: str, modified: int, size: int
) -> tuple[int, int] | None:
    """First byte and the one after the last, or None for the whole (RFC 9110 section 14.2).

    Several ranges, and a Range that is malformed, are answered with the whole file, as the section
    allows.
    """
    from werkzeug.http import parse_range_header

    value = headers.get("range")
    if value is None or not _range_applies(headers.get("if-range"), etag, modified):
        return None
    parsed = parse_range_header(value)
    if parsed is None or parsed.units != "bytes" or len(parsed.ranges) != 1:
        return None
    first, end = parsed.ranges[0]
    if first < 0:  # the last bytes, of which there may be fewer (RFC 9110 section 14.1.2)
        return (max(0, size + first), size) if size else None
    if first >= size:
        raise PeerError(
            f"The range {value!r} lies outside of the {size} bytes of the file.",
            status=416,
            headers={"content-range": f"bytes */{size}"},
        )
    return first, size if end is None else min(end, size)


def _range_applies(condition: str | None, etag: str, modified: int) -> bool:
    if condition is None or condition == etag:
        return True
    return _date(condition) == modified


def _date(value: str | None) -> int | None:
    """An HTTP date in seconds since the epoch, or None where there is none or it is malformed."""
    if value is None:
        return None
    from werkzeug.http import parse_date

    parsed = parse_date(value)
    return None if parsed is None else int(parsed.timestamp())


def _sent(status: int, headers: Headers, handle: IO[bytes], start: int, stop: int) -> Response:
    handle.seek(start)
    stream = ByteStream(_Chunks(handle, stop - start), length=stop - start)
    return Response.ready(status, headers, stream)


def _attachment(name: str) -> str:
    """Content-Disposition with a name (RFC 6266, RFC 8187)."""
    plain = "".join(char if char.isascii() and char.isprintable() else "_" for char in name)
    quoted = plain.replace("\\", "_").replace('"', "_")
    if quoted == name:
        return f'attachment; filename="{quoted}"'
    encoded = "".join(
        char
        if char.isascii() and (char.isalnum() or char in "-._~")
        else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in name
    )
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{encoded}"


class _Chunks:
    """The next `left` bytes of a file. One that became shorter meanwhile breaks the answer."""

    __slots__ = ("_handle", "_left")

    def __init__(self, handle: IO[bytes], left: int) -> None:
        self._handle = handle
        self._left = left

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._handle.read(min(CHUNK_SIZE, self._left)) if self._left else b""
        if not chunk:
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._handle.close()
