"""An ASGI response on its way: what may follow what, and whether it has its declared length.

Responses to requests and those that deny a WebSocket follow the same rules.
"""

import re

from portico_conformance._asgi_shapes import AsgiViolation, Message

_DIGITS = re.compile(rb"[0-9]+")
_NO_CONTENT = (204, 205, 304)  # RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5


class Response:
    """One response; `prefix` is the part of its messages' types before `.start`."""

    def __init__(self, method: str, prefix: str) -> None:
        self.started = False
        self.ended = False  # the body; trailers may follow
        self._method = method
        self._prefix = prefix
        self._status = 0
        self._declared: int | None = None
        self._length = 0
        self._counted = True

    def start(self, message: Message) -> None:
        """Note the start: once, with a final status and headers that fit it."""
        status, headers = message["status"], list(message.get("headers", []))
        if self.started:
            raise _wrong(f"{self._prefix}.start must be sent once", message)
        if not 200 <= status <= 599:
            raise _wrong(f"{self._prefix}.start must have a status of 200 to 599", status)
        self.started, self._status = True, status
        self._declared = self._content_length(headers)
        for name, value in headers:
            # A server must ignore it and does it itself, so one is a mistake.
            if name == b"transfer-encoding":
                raise _wrong("transfer-encoding must be left to the server", value)

    def body(self, message: Message) -> None:
        """Note a part of the body."""
        body: bytes = message.get("body", b"")
        self.between(message)
        if body and (self._method == "HEAD" or self._status in _NO_CONTENT):
            what = f"{self._method} and status {self._status}"
            raise _wrong(f"a response to {what} must have no body", body[:100])
        self._count(len(body))
        if not message.get("more_body", False):
            self._end()

    def file(self, message: Message) -> None:
        """Note a part of the body that comes from a file."""
        self.between(message)
        if "count" in message:
            self._count(message["count"])
        else:
            self._counted = False
        if not message.get("more_body", False):
            self._end()

    def between(self, message: Message) -> None:
        """Note what comes after the start and before the last of the body."""
        if not self.started:
            raise _wrong(f"{message['type']} must come after {self._prefix}.start", message)
        self.before_end(message)

    def before_end(self, message: Message) -> None:
        """Note what comes before the last of the body.

        The page of the extension has early hints behind the start. Those are of no use (RFC 8297
        section 2), and the servers that have the extension take them before it alone.
        """
        if self.ended:
            raise _wrong(f"{message['type']} must come before the body's end", message)

    def _content_length(self, headers: list[tuple[bytes, bytes]]) -> int | None:
        lengths = [value for name, value in headers if name == b"content-length"]
        if not lengths:
            return None
        if len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0]):
            raise _wrong("content-length must be one number in digits", lengths)
        if self._status == 204:
            # RFC 9110 section 8.6: "MUST NOT send" it with 204.
            raise _wrong("a response with status 204 must have no content-length", lengths)
        return int(lengths[0])

    def _count(self, size: int) -> None:
        self._length += size
        if self._declared is not None and self._length > self._declared:
            sent = f"{self._length} bytes of {self._declared}"
            raise _wrong("a body must not be longer than content-length", sent)

    def _end(self) -> None:
        self.ended = True
        if self._declared is None or self._method == "HEAD" or self._status == 304:
            return
        if self._counted and self._length != self._declared:
            sent = f"{self._length} bytes of {self._declared}"
            raise _wrong("a body must be as long as content-length", sent)


def _wrong(rule: str, value: object) -> AsgiViolation:
    return AsgiViolation("application", rule, value)
