"""The sans-IO half of multipart/form-data: bytes in, part heads and data out (RFC 7578).

werkzeug's decoder finds the delimiters; this module sees to what that leaves open:

- It takes the line break before a delimiter for data when the delimiter is cut between two chunks
  after its boundary (`\\r\\n--boundary-`), and a padded one whole. So bytes that may still become a
  delimiter wait here (`_undecided`).
- It lets a part without headers, or headers without their blank line, run into the next part.
- It reads `filename*`, which RFC 7578 section 4.2 forbids and no browser sends.
- It keeps preamble, headers and epilogue however long they are.

Imported with the first form, since werkzeug is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio import multipart as werkzeug

from portico._headers import Headers
from portico._mime import MimeType
from portico._multipart import (
    PART_END,
    MultipartError,
    MultipartEvent,
    MultipartLimitError,
    MultipartLimits,
    PartHead,
)
from portico._multipart_whole import WHOLE_SIZE, whole_events

# How much werkzeug is given at a time, so that memory stays bounded whatever the chunks are.
_SLICE = 64 * 1024
_PADDING = b" \t\v\f"
_BOUNDARY_LENGTH = 70  # RFC 2046 section 5.1.1

# How clients write it, where the general parser would find the same.
_usual_type = re.compile(r"multipart/form-data; ?boundary=([0-9A-Za-z_.\-]{1,70})").fullmatch
# One parameter of a Content-Disposition. Browsers percent-encode a quote inside a quoted value and
# leave a backslash alone (HTML Standard section 4.10.21.8), so that one at the end is no escape;
# `\"` in the middle is how curl before 7.81 and urllib3 before 1.25 escape a quote.
_parameter = re.compile(
    r"""[ \t]*;[ \t]*([^\s=;"]+)[ \t]*=[ \t]*"""
    r"""(?:"((?:[^"]|(?<=\\)"(?![ \t]*(?:;|\Z)))*)"|([^\s";]*))(?=[ \t]*(?:;|\Z))"""
)
_percent_encoded = re.compile("%22|%0D|%0A", re.IGNORECASE)
_DECODED = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class MultipartDecoder:
    """Turns the chunks of a body into events: a `PartHead`, its data, `PART_END`, and so on.

    `receive` a chunk, take each `next_event` until it is None, and so on until `is_complete`.
    Memory is bounded by a few times 64 KiB and `max_header_bytes` beyond the chunk itself, whatever
    the size of the body.

    Args:
        content_type: the Content-Type of the body, with its boundary.
        limits: when to refuse.

    Raises:
        MultipartError: it is not multipart/form-data, or has no boundary.
    """

    def __init__(self, content_type: str, limits: MultipartLimits) -> None:
        boundary = _boundary_of(content_type)
        self._delimiter = b"--" + boundary
        self._limits = limits
        # Of what stands before a part's headers; a delimiter must fit however low the limit is.
        self._max_preamble = limits.max_header_bytes + len(self._delimiter) + len("\r\n--\r\n")
        self._received = 0
        self._parts = 0
        self._held = b""
        self._events: Iterator[MultipartEvent] = iter(())
        self._is_broken = False
        self._is_whole = False
        self.is_complete: bool = False
        self._boundary = boundary
        self._made: werkzeug.MultipartDecoder | None = None

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
        try:
            event = next(self._events, None)
        except RequestEntityTooLarge:
            raise MultipartLimitError(
                f"The form has more than the limit of {self._limits.max_parts} parts."
            ) from None
        self._is_broken = False
        return event

    def _feed(self, data: bytes) -> Iterator[MultipartEvent]:
        self._received += len(data)
        if self._received > self._limits.max_size:
            raise MultipartLimitError(
                f"The form is larger than the limit of {self._limits.max_size} bytes."
            )
        if self._received == len(data) <= WHOLE_SIZE:
            events = whole_events(data, self._delimiter, self._limits)
            if events is not None:
                self._is_whole = True
                yield from events
        for position in range(0, len(data), _SLICE):
            if self._closed:
                return  # what follows is the epilogue, which means nothing (RFC 2046 section 5.1.1)
            yield from self._feed_slice(data[position : position + _SLICE])

    def _finish(self) -> Iterator[MultipartEvent]:
        held, self._held = self._held, b""
        if not self._closed:
            yield from self._decode(held)
        if not self._closed:
            raise MultipartError(
                "The multipart body ended without the closing delimiter of its boundary. It was "
                "cut short, or the boundary is not the one that the Content-Type names."
            )
        self.is_complete = True

    @property
    def _closed(self) -> bool:
        return self._is_whole or self._decoder.state is werkzeug.State.EPILOGUE

    @property
    def _decoder(self) -> werkzeug.MultipartDecoder:
        """Made when it is needed: most bodies are whole."""
        if self._made is None:
            self._made = werkzeug.MultipartDecoder(
                self._boundary,
                # A second line of defence, never reached: what is left of one slice, and the next.
                max_form_memory_size=2 * (_SLICE + self._limits.max_header_bytes),
                max_parts=self._limits.max_parts,
            )
        return self._made

    def _feed_slice(self, data: bytes) -> Iterator[MultipartEvent]:
        data = self._held + data
        cut = self._undecided(data)
        self._held = data[cut:]
        if len(self._held) > self._max_preamble:
            raise MultipartError("A multipart delimiter is followed by too much white space.")
        yield from self._decode(data[:cut])

    def _undecided(self, data: bytes) -> int:
        """Where the end of `data` begins that may become a delimiter with the bytes to come.

        A delimiter is a line break, `--`, the boundary, and then either `--` or white space and a
        line break, which may be that of the next. To hold back too much does no harm.
        """
        cut = len(data) - data.endswith(b"\r")
        is_whole = False
        while True:
            line_break = max(data.rfind(b"\r", 0, cut), data.rfind(b"\n", 0, cut))
            if not self._may_delimit(data[line_break + 1 : cut], is_whole=is_whole):
                return cut
            if line_break < 0:
                return 0
            cut = line_break - data.endswith(b"\r\n", 0, line_break + 1)
            is_whole = True

    def _may_delimit(self, line: bytes, *, is_whole: bool) -> bool:
        if not line.startswith(self._delimiter):
            return not is_whole and self._delimiter.startswith(line)
        rest = line[len(self._delimiter) :]
        return not rest.strip(_PADDING) or (rest == b"-" and not is_whole)

    def _decode(self, data: bytes) -> Iterator[MultipartEvent]:
        self._decoder.receive_data(data)
        while not isinstance(event := self._next_event(), werkzeug.NeedData):
            if isinstance(event, werkzeug.Data):
                if event.data:
                    yield event.data
                if not event.more_data:
                    yield PART_END
            elif isinstance(event, werkzeug.Field | werkzeug.File):
                yield self._head_of(event)

    def _next_event(self) -> werkzeug.Event:
        buffer, state = self._decoder.buffer, self._decoder.state
        if state is werkzeug.State.PART and buffer.startswith((b"\r", b"\n")):
            raise self._malformed("it has no headers")
        before = len(buffer)
        try:
            event = self._decoder.next_event()
        except ValueError as error:
            raise self._malformed(str(error)) from error
        is_waiting = isinstance(event, werkzeug.NeedData)
        self._bound(state, before if is_waiting else before - len(buffer))
        return event

    def _bound(self, state: werkzeug.State, length: int) -> None:
        """Refuse a preamble or headers of `length` bytes, complete or not, that are too long."""
        limit = self._limits.max_header_bytes
        if state is werkzeug.State.PREAMBLE and length > self._max_preamble:
            raise MultipartError(
                "The multipart body does not begin with its boundary: it is not within the first "
                f"{limit} bytes."
            )
        if state is werkzeug.State.PART and length > limit:
            raise MultipartLimitError(
                f"The headers of part {self._parts + 1} are larger than the limit of {limit} bytes."
            )

    def _head_of(self, event: werkzeug.Field | werkzeug.File) -> PartHead:
        headers = Headers()
        for name, value in event.headers:
            # The first line of a part whose headers lack their blank line; it passes for a name.
            if name.encode().startswith(self._delimiter):
                raise self._malformed("its headers do not end with a blank line")
            try:
                headers.append(name, value.encode().decode("latin-1"))
            except ValueError:
                raise self._malformed(f"the header {name!r} is not valid") from None
        dispositions = event.headers.getlist("content-disposition")
        if len(dispositions) != 1:
            raise self._malformed("it has several Content-Disposition headers")
        fields = self._disposition(dispositions[0])
        if "name" not in fields:
            # RFC 7578 section 4.2 demands one; to skip the part would hide what was sent.
            raise self._malformed("its Content-Disposition has no name")
        self._parts += 1
        return PartHead(fields["name"], fields.get("filename"), headers)

    def _disposition(self, value: str) -> dict[str, str]:
        """The parameters of a Content-Disposition; `filename*` is one that nobody asks for."""
        kind = value.partition(";")[0]
        if kind.strip().lower() != "form-data":
            raise self._malformed(f"its Content-Disposition is {kind!r}, not 'form-data'")
        fields: dict[str, str] = {}
        position = len(kind.rstrip(" \t"))
        while match := _parameter.match(value, position):
            position = match.end()
            name, quoted, token = match[1].lower(), match[2], match[3]
            if name in fields:
                raise self._malformed(f"its Content-Disposition has two parameters {name!r}")
            fields[name] = token if quoted is None else _unescaped(quoted)
        if value[position:].strip(" \t;"):
            raise self._malformed("its Content-Disposition cannot be parsed")
        return fields

    def _malformed(self, why: str) -> MultipartError:
        return MultipartError(f"Part {self._parts + 1} of the multipart body is malformed: {why}.")


def _boundary_of(content_type: str) -> bytes:
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


def _unescaped(text: str) -> str:
    text = text.replace('\\"', '"')
    return _percent_encoded.sub(lambda match: _DECODED[match[0].upper()], text)
