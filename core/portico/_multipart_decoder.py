"""The sans-IO half of multipart/form-data: bytes in, part heads and data out (RFC 7578).

A body that is there as a whole is taken apart at once (`_multipart_whole`), where it is regular;
any other as it arrives (`_multipart_cut`), which loads werkzeug.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portico._mime import MimeType
from portico._multipart import (
    MultipartError,
    MultipartEvent,
    MultipartLimitError,
    MultipartLimits,
    read_form_sync,
)
from portico._multipart_whole import WHOLE_SIZE, whole_events, whole_form

if TYPE_CHECKING:
    from portico._form_data import FormData
    from portico._multipart_cut import CutDecoder

_BOUNDARY_LENGTH = 70  # RFC 2046 section 5.1.1

# How clients write it, where the general parser would find the same.
_usual_type = re.compile(r"multipart/form-data; ?boundary=([0-9A-Za-z_.\-]{1,70})").fullmatch


class MultipartDecoder:
    """Turns the chunks of a body into events: a `PartHead`, its data, `PART_END`, and so on.

    `receive` a chunk, take each `next_event` until it is None, and so on until `is_complete`.
    Memory is bounded by a few times 256 KiB and `max_header_bytes` beyond the chunk itself,
    whatever the size of the body.

    Args:
        content_type: the Content-Type of the body, with its boundary.
        limits: when to refuse.

    Raises:
        MultipartError: it is not multipart/form-data, or has no boundary.
    """

    def __init__(self, content_type: str, limits: MultipartLimits) -> None:
        self._boundary = boundary_of(content_type)
        self._limits = limits
        self._received = 0
        self._events: Iterator[MultipartEvent] = iter(())
        self._is_broken = False
        self._is_whole = False
        self._cut: CutDecoder | None = None
        self.is_complete: bool = False

    def receive(self, data: bytes | None) -> None:
        """Take the next chunk of the body; None at its end."""
        self._events = self._finish() if data is None else self._feed(data)

    def next_event(self) -> MultipartEvent | None:
        """The next event of what was received; None where more must be received first.

        Raises:
            MultipartError: the body is malformed, or ended before its closing delimiter.
            MultipartLimitError: it is over a limit.
        """
        if self._is_broken:
            raise MultipartError("The multipart body was refused, so no more of it can be read.")
        self._is_broken = True  # unless the next line returns
        event = next(self._events, None)
        self._is_broken = False
        return event

    def _feed(self, data: bytes) -> Iterator[MultipartEvent]:
        self._received += len(data)
        if self._received > self._limits.max_size:
            raise MultipartLimitError(
                f"The form is larger than the limit of {self._limits.max_size} bytes."
            )
        if self._received == len(data) <= WHOLE_SIZE:
            events = whole_events(data, b"--" + self._boundary, self._limits)
            if events is not None:
                self._is_whole = True
                yield from events
        if not self._is_whole:  # else it is the epilogue, which means nothing
            yield from self._general().feed(data)

    def _finish(self) -> Iterator[MultipartEvent]:
        if not self._is_whole:
            yield from self._general().finish()
        self.is_complete = True

    def _general(self) -> CutDecoder:
        if self._cut is None:
            from portico._multipart_cut import CutDecoder

            self._cut = CutDecoder(self._boundary, self._limits)
        return self._cut


def read_whole_form(data: bytes, content_type: str, limits: MultipartLimits) -> FormData:
    """As `read_form`, of a body that is there as a whole."""
    if len(data) <= WHOLE_SIZE and len(data) <= limits.max_size:
        form = whole_form(data, b"--" + boundary_of(content_type), limits)
        if form is not None:
            return form
    return read_form_sync([data], content_type, limits)


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart/form-data body; raises as `MultipartDecoder`."""
    usual = _usual_type(content_type)
    if usual is not None:
        return usual[1].encode()
    mime = MimeType.parse(content_type)
    if mime is None or mime.essence != "multipart/form-data":
        raise MultipartError(
            f"The body has the Content-Type {content_type!r}. A form with files is "
            "multipart/form-data."
        )
    boundary = mime.parameters.get("boundary", "")
    if not 1 <= len(boundary) <= _BOUNDARY_LENGTH:
        raise MultipartError(
            f"The Content-Type {content_type!r} has no valid boundary. It is a parameter of 1 to "
            f"{_BOUNDARY_LENGTH} characters: multipart/form-data; boundary=..."
        )
    return boundary.encode("latin-1")
