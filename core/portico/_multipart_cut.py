"""A multipart/form-data body that arrives cut into chunks, or is in any way unusual (RFC 7578).

werkzeug's decoder finds the delimiters; this module sees to what that leaves open:

- It takes the line break before a delimiter for data when the delimiter is cut between two chunks
  after its boundary (`\\r\\n--boundary-`), and a padded one whole. So bytes that may still become a
  delimiter wait here (`_undecided`).
- It lets a part without headers, or headers without their blank line, run into the next part.
- It reads `filename*`, which RFC 7578 section 4.2 forbids and no browser sends.
- It keeps preamble, headers and epilogue however long they are.

Imported with the first form that needs it, since werkzeug is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio import multipart as werkzeug

from portico._headers import Headers
from portico._multipart import (
    PART_END,
    MultipartError,
    MultipartEvent,
    MultipartLimitError,
    MultipartLimits,
    PartHead,
)

# How much werkzeug is given at a time, so that memory stays bounded whatever the chunks are.
_SLICE = 64 * 1024
_PADDING = b" \t\v\f"

# One parameter of a Content-Disposition. Browsers percent-encode a quote inside a quoted value and
# leave a backslash alone (HTML Standard section 4.10.21.8), so that one at the end is no escape;
# `\"` in the middle is how curl before 7.81 and urllib3 before 1.25 escape a quote.
_parameter = re.compile(
    r"""[ \t]*;[ \t]*([^\s=;"]+)[ \t]*=[ \t]*"""
    r"""(?:"((?:[^"]|(?<=\\)"(?![ \t]*(?:;|\Z)))*)"|([^\s";]*))(?=[ \t]*(?:;|\Z))"""
)
_percent_encoded = re.compile("%22|%0D|%0A", re.IGNORECASE)
_DECODED = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class CutDecoder:
    """Turns the chunks of a body into events; memory is bounded whatever the chunks are.

    Args:
        boundary: of the parts.
        limits: when to refuse; `max_size` is not looked at.
    """

    def __init__(self, boundary: bytes, limits: MultipartLimits) -> None:
        self._delimiter = b"--" + boundary
        self._limits = limits
        # Of what stands before a part's headers; a delimiter must fit however low the limit is.
        self._max_preamble = limits.max_header_bytes + len(self._delimiter) + len("\r\n--\r\n")
        self._parts = 0
        self._held = b""
        # So much of it is known to be delimiters, and is not looked at again with each chunk.
        self._checked = 0
        self._decoder = werkzeug.MultipartDecoder(
            boundary,
            # A second line of defence, never reached: what is left of one slice, and the next.
            max_form_memory_size=2 * (_SLICE + limits.max_header_bytes),
            max_parts=limits.max_parts,
        )

    def feed(self, data: bytes) -> Iterator[MultipartEvent]:
        """The events of the next chunk.

        Raises:
            MultipartError: the body is malformed.
            MultipartLimitError: it is over a limit.
        """
        for position in range(0, len(data), _SLICE):
            if self._closed:
                return  # what follows is the epilogue, which means nothing (RFC 2046 section 5.1.1)
            yield from self._feed_slice(data[position : position + _SLICE])

    def finish(self) -> Iterator[MultipartEvent]:
        """The events that the end of the body leaves; it raises as `feed`."""
        held, self._held = self._held, b""
        if not self._closed:
            yield from self._decode(held)
        if not self._closed:
            raise MultipartError(
                "The multipart body ended without the closing delimiter of its boundary. It was "
                "cut short, or the boundary is not the one that the Content-Type names."
            )

    @property
    def _closed(self) -> bool:
        return self._decoder.state is werkzeug.State.EPILOGUE

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
        cut, last = len(data) - data.endswith(b"\r"), -1
        while True:
            line_break = max(data.rfind(b"\r", 0, cut), data.rfind(b"\n", 0, cut))
            if not self._may_delimit(data[line_break + 1 : cut], is_whole=last >= 0):
                break
            cut = max(line_break, 0) - data.endswith(b"\r\n", 0, line_break + 1)
            last = max(last, cut)
            if cut <= self._checked:
                cut = 0
                break
        self._checked = max(last - cut, 0)
        return cut

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
            # In smaller pieces headers that are too long would have been refused before.
            self._bound(state, before - len(buffer) or _head_size(buffer))
            raise self._malformed(str(error)) from error
        except RequestEntityTooLarge:
            self._bound(state, before - len(buffer))  # likewise
            raise MultipartLimitError(
                f"The form has more than the limit of {self._limits.max_parts} parts."
            ) from None
        if isinstance(event, werkzeug.Preamble):
            # Whether the line break behind its delimiter has come by now makes no difference.
            self._bound(state, len(event.data) + len(self._delimiter))
        else:
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


def _head_size(buffer: bytearray) -> int:
    end = werkzeug.BLANK_LINE_RE.search(buffer)
    return len(buffer) if end is None else end.end()


def _unescaped(text: str) -> str:
    text = text.replace('\\"', '"')
    return _percent_encoded.sub(lambda match: _DECODED[match[0].upper()], text)
