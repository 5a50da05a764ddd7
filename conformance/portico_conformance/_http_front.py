"""The server side of HTTP/1.1 for a gateway: one request off a socket, one answer onto it.

Strict where a lenient server would let hostile input through to the function:
what RFC 9112 forbids is a `RequestRefused` with the status to send. Nothing is
decoded: the target and the headers stay as they were sent.
"""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from io import BufferedReader

from ._lambda_arrival import RequestRefused
from ._wire import WireRequest, WireResponse

LINE_LIMIT = 16 * 1024
HEADER_LIMIT = 200
# Docs: API Gateway takes at most 10 MB; an invocation holds less (`to_event`).
BODY_LIMIT = 10 * 1024 * 1024
LINGER_SECONDS = 0.5

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


def read_request(
    connection: socket.socket, stream: BufferedReader
) -> tuple[WireRequest, bool] | None:
    """The next request of a connection, and whether the client keeps it open.

    `stream` reads from `connection`, which is written to only for the interim
    answer to `Expect: 100-continue`. None where the client sends no more.
    Raises `RequestRefused` with the status to answer; the connection is of no
    further use then.
    """
    head = _read_head(stream)
    if head is None:
        return None
    return _with_body(connection, stream, head), _keeps_alive(head)


def send_response(connection: socket.socket, response: WireResponse, *, close: bool) -> None:
    """Write `response` as it is; its headers already say how long the body is."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append("connection: close" if close else "connection: keep-alive")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + response.body)


def linger(connection: socket.socket) -> None:
    """Let the client read a refusal although it still sends (RFC 9112 section 9.6)."""
    shut(connection, socket.SHUT_WR)
    connection.settimeout(LINGER_SECONDS)
    left = BODY_LIMIT
    while left > 0 and (sent := connection.recv(65536)):
        left -= len(sent)


def shut(connection: socket.socket, how: int) -> None:
    """`connection.shutdown(how)`, or nothing where it is closed already."""
    with suppress(OSError):
        connection.shutdown(how)


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def _read_head(stream: BufferedReader) -> _Head | None:
    """The request line and headers, None where the client sent no more requests."""
    line = _read_line(stream, at_start=True)
    if not line:
        return None
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise RequestRefused(400, f"malformed request line {line!r}")
    if parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise RequestRefused(505, f"unknown version {parts[2]!r}")
    headers = _read_headers(stream)
    head = _Head(parts[0].decode(), parts[1].decode(), parts[2].decode(), headers)
    hosts = head.values("host")
    if len(hosts) > 1 or (not hosts and head.version == "HTTP/1.1"):
        raise RequestRefused(400, f"{len(hosts)} Host headers, one is expected")
    return head


def _read_headers(stream: BufferedReader) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    while line := _read_line(stream):
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        # A space before the colon and a folded line both fail here (RFC 9112 section 5).
        if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise RequestRefused(400, f"malformed header {line!r}")
        headers.append((name.decode(), value.decode("latin-1")))
        if len(headers) > HEADER_LIMIT:
            raise RequestRefused(431, f"more than {HEADER_LIMIT} headers")
    return headers


def _read_line(stream: BufferedReader, *, at_start: bool = False) -> bytes:
    """One line without its CRLF; nothing at all is fine only before a request."""
    line = stream.readline(LINE_LIMIT + 1)
    if not line and at_start:
        return b""
    if len(line) > LINE_LIMIT:
        raise RequestRefused(431, f"a line is longer than {LINE_LIMIT} bytes")
    if not line.endswith(b"\r\n"):
        raise RequestRefused(400, f"line {line!r} does not end in CRLF")
    return line[:-2]


def _with_body(connection: socket.socket, stream: BufferedReader, head: _Head) -> WireRequest:
    codings = [value.strip().lower() for value in head.values("transfer-encoding")]
    length = _content_length(head)
    if codings and length is not None:
        raise RequestRefused(400, "both Transfer-Encoding and Content-Length")
    if codings and (codings != ["chunked"] or head.version == "HTTP/1.0"):
        raise RequestRefused(501, f"Transfer-Encoding {codings!r}, only chunked is known")
    expected = [value.lower() for value in head.values("expect")]
    if expected == ["100-continue"] and head.version == "HTTP/1.1":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _read_chunked(stream) if codings else _read_exactly(stream, length or 0)
    return WireRequest(head.method, head.target, head.headers, body)


def _content_length(head: _Head) -> int | None:
    values = head.values("content-length")
    if not values:
        return None
    # int() takes signs, spaces and underscores; the grammar takes digits alone.
    if len(set(values)) != 1 or not re.fullmatch(r"[0-9]+", values[0]):
        raise RequestRefused(400, f"malformed Content-Length {values!r}")
    if len(values[0]) > 18 or int(values[0]) > BODY_LIMIT:
        raise RequestRefused(413, f"Content-Length {values[0][:40]} is over {BODY_LIMIT}")
    return int(values[0])


def _read_exactly(stream: BufferedReader, length: int) -> bytes:
    body = stream.read(length)
    if len(body) != length:
        raise RequestRefused(400, f"the body ends after {len(body)} of {length} bytes")
    return body


def _read_chunked(stream: BufferedReader) -> bytes:
    body = bytearray()
    while True:
        size = _read_line(stream).partition(b";")[0].strip(b" \t")
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", size):
            raise RequestRefused(400, f"malformed chunk size {size!r}")
        if len(body) + int(size, 16) > BODY_LIMIT:
            raise RequestRefused(413, f"the body is over {BODY_LIMIT} bytes")
        if int(size, 16) == 0:
            _read_headers(stream)  # trailers: no event shape has a place for them
            return bytes(body)
        body += _read_exactly(stream, int(size, 16))
        if _read_line(stream):
            raise RequestRefused(400, "a chunk is longer than its size")


def _keeps_alive(head: _Head) -> bool:
    tokens = {t.strip().lower() for value in head.values("connection") for t in value.split(",")}
    return "close" not in tokens and (head.version == "HTTP/1.1" or "keep-alive" in tokens)
