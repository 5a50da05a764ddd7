"""Reading event streams as a browser does (WHATWG HTML section 9.2.6)."""

import re
from dataclasses import dataclass, field

_LINE_END = re.compile("\r\n|\n|\r")


@dataclass(frozen=True)
class Event:
    """An event as a listener gets it.

    Attributes:
        data: its lines, with LF between them.
        type: what a listener listens for.
        id: the last that the stream gave, with this event or before.
    """

    data: str
    type: str = "message"
    id: str = ""


@dataclass
class EventStream:
    """What a reader has after a stream, or the beginning of one.

    Attributes:
        events: those that a listener was given.
        comments: those that nobody is given, as they stand.
        retry: the last time to wait that was given, in milliseconds, or None.
        last_id: what the reader would send as `Last-Event-ID`.
    """

    events: list[Event] = field(default_factory=list[Event])
    comments: list[str] = field(default_factory=list[str])
    retry: int | None = None
    last_id: str = ""
    _data: str = ""
    _type: str = ""
    _id: str = ""

    def read_line(self, line: str) -> None:
        """Take one line."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            self._dispatch()
        elif not name:
            self.comments.append(value)
        elif name == "data":
            self._data += value + "\n"
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_id = self._id
        if self._data:
            data = self._data.removesuffix("\n")
            self.events.append(Event(data, self._type or "message", self.last_id))
        self._data = self._type = ""


def read_events(body: bytes) -> EventStream:
    """Read as much of a stream as there is; what no blank line has ended is not an event."""
    stream = EventStream()
    *lines, _ = _LINE_END.split(body.decode().removeprefix("\ufeff"))
    for line in lines:
        stream.read_line(line)
    return stream
