"""`file()`: a file as an answer, conditional and by range (RFC 9110 sections 13 and 14).

This is the one place in the core that touches a file system, and only when a handler returns it;
it is called off the event loop, like any function that may block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._answer import BlockingAnswer
from portico._errors import HTTPError, PeerError
from portico._file_open import OpenFile, open_file
from portico._file_stream import CHUNK_SIZE, ShorterFileError, span_of, spans_of, whole
from portico._headers import Headers
from portico._response import Response

if TYPE_CHECKING:
    from os import PathLike

    from portico._byte_ranges import Span
    from portico._context import Context
    from portico._headers import HeadersInit


def file(
    path: str | PathLike[str],
    *,
    root: str | PathLike[str] | None = None,
    content_type: str | None = None,
    download: str | None = None,
    headers: HeadersInit | None = None,
    precompressed: bool = False,
) -> FileAnswer:
    """Answer with a file of this machine.

    Without a root the path is the developer's: text of a request must not become a part of it.
    With one, the path may come from a request: a file that does not lie in the root, links
    followed, does not exist. A file that does not exist, or is none (a folder, FIFO, device or
    socket), is a 404.

    One range or several are answered with these (206), as the client asks. A file that becomes
    shorter while it is sent breaks the answer off: put a new one in its place instead.

    Args:
        path: the file, relative to the root where there is one.
        root: the folder that the file must lie in.
        content_type: its type; by the ending of the name without one.
        download: the name under which a browser saves it, instead of showing it.
        headers: fields for the answers that have to do with the file, 304 among them, such as
            Cache-Control.
        precompressed: whether to send what lies beside it under the same name and `.br`, `.zst` or
            `.gz`, where the client takes that. Each has its own ETag.
    """
    return FileAnswer(path, root, content_type, download, headers, precompressed=precompressed)


class FileAnswer(BlockingAnswer):
    """What `file()` returns."""

    __slots__ = ("content_type", "download", "headers", "path", "precompressed", "root")

    def __init__(
        self,
        path: str | PathLike[str],
        root: str | PathLike[str] | None,
        content_type: str | None,
        download: str | None,
        headers: HeadersInit | None = None,
        *,
        precompressed: bool = False,
    ) -> None:
        self.path: str | PathLike[str] = path
        self.root: str | PathLike[str] | None = root
        self.content_type: str | None = content_type
        self.download: str | None = download
        # Of an iterator of fields each answer takes a copy.
        self.headers: Headers | None = None if headers is None else Headers(headers)
        self.precompressed: bool = precompressed

    def respond(self, ctx: Context, /) -> Response:
        """The response to this request: 200, 206, 304, 412 or 416."""
        found = open_file(self.path, self.root)
        if found is None:
            raise HTTPError(404, "The file does not exist.")
        coding = ""
        try:
            if self.precompressed:
                found, coding = self._variant(ctx, found)
            return self._answer(ctx, found, coding)
        except BaseException:
            found.handle.close()
            raise

    def _variant(self, ctx: Context, found: OpenFile) -> tuple[OpenFile, str]:
        """The file that the client would rather have, and the coding that it is in."""
        import os

        from portico._precompressed import SUFFIXES, accepted_codings

        for coding in accepted_codings(ctx.headers.get("accept-encoding")):
            variant = open_file(os.fspath(self.path) + SUFFIXES[coding], self.root)
            if variant is not None:
                found.handle.close()
                return variant, coding
        return found, ""

    def _answer(self, ctx: Context, found: OpenFile, coding: str) -> Response:
        from werkzeug.http import http_date

        seconds = found.modified // 10**9
        etag = f'"{found.modified:x}-{found.size:x}{"-" * bool(coding)}{coding}"'
        headers = Headers(self.headers)
        if self.precompressed:
            headers.append("vary", "accept-encoding")
        headers.set("etag", etag)
        headers.set("last-modified", http_date(seconds))
        headers.set("accept-ranges", "bytes")
        method = ctx.request.method
        if method in ("GET", "HEAD"):
            settled = _precondition(ctx.headers, etag, seconds)
            if settled is not None:
                found.handle.close()
                return Response.ready(settled, headers)
        self._describe(headers, coding)
        if method == "HEAD":
            found.handle.close()
            headers.set("content-length", str(found.size))
            return Response.ready(200, headers)
        spans = None
        if method == "GET":
            spans = _requested_spans(ctx.headers, etag, seconds, found.size)
        return _whole(found, headers) if spans is None else _partial(found, headers, spans)

    def _describe(self, headers: Headers, coding: str) -> None:
        import os

        from portico._media_type_names import media_type_of

        name = os.path.basename(self.path)
        if self.content_type is not None or not headers.has("content-type"):
            headers.set("content-type", self.content_type or media_type_of(name))
        if coding:
            headers.set("content-encoding", coding)
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


def _requested_spans(headers: Headers, etag: str, modified: int, size: int) -> list[Span] | None:
    """The bytes to send, or None for the whole (RFC 9110 section 14.2).

    A Range that is malformed, or asks for too much, is answered with the whole file, as the section
    allows.
    """
    value = headers.get("range")
    if value is None or not _range_applies(headers.get("if-range"), etag, modified):
        return None
    from portico._byte_ranges import requested_spans

    spans = requested_spans(value, size)
    if spans == [] and size == 0 and "=-" in value:
        return None  # All of the last bytes of nothing: no Content-Range can say that.
    if spans == []:
        raise PeerError(
            f"The range {value!r} lies outside of the {size} bytes of the file.",
            status=416,
            headers={"content-range": f"bytes */{size}"},
        )
    return spans


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


def _whole(found: OpenFile, headers: Headers) -> Response:
    """All of a file: a small one in memory, which spares it a way back to where it may block."""
    if found.size > CHUNK_SIZE:
        return Response.ready(200, headers, whole(found))
    content = found.handle.read(found.size)
    found.handle.close()
    if len(content) != found.size:
        raise ShorterFileError(found)
    return Response.ready(200, headers, content)


def _partial(found: OpenFile, headers: Headers, spans: list[Span]) -> Response:
    """One range as it is, several as `multipart/byteranges` (RFC 9110 section 15.3.7)."""
    if len(spans) == 1:
        start, stop = spans[0]
        headers.set("content-range", f"bytes {start}-{stop - 1}/{found.size}")
        return Response.ready(206, headers, span_of(found, spans[0]))
    from portico._form_data import new_boundary

    boundary = new_boundary()
    content_type = headers.get("content-type") or "application/octet-stream"
    headers.set("content-type", f"multipart/byteranges; boundary={boundary}")
    return Response.ready(206, headers, spans_of(found, spans, content_type, boundary))


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
