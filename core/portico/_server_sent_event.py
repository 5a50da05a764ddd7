"""`ServerSentEvent`: one event, and its form on the wire (WHATWG HTML section 9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeGuard, TypeVar

if TYPE_CHECKING:
    from datetime import timedelta

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

EVENT_STREAM: Final = "text/event-stream"
COMMENT: Final = b":\n\n"
"""A line that readers skip, which keeps a silent connection open."""


class ServerSentEvent(Generic[T_co]):
    """One event of a `text/event-stream`; `bytes(event)` is its form on the wire.

    Attributes:
        data: text, of which each line becomes a line of the event, or a value that is sent as its
            JSON. None sends no data: a reader takes `id` and `retry` of such an event, but does not
            show it to anyone.
        event: the type that a reader listens for; `"message"` where it is None.
        id: what a reader that comes back sends as `Last-Event-ID`; `""` takes it back.
        retry: milliseconds that a reader waits before it comes back.
        comment: text that readers skip.

    Raises:
        TypeError: `data` is bytes, or `retry` is neither a whole number nor a `timedelta`.
        ValueError: a field has a character that would end it, or `retry` is negative.
    """

    __slots__ = ("comment", "data", "event", "id", "retry")

    def __init__(
        self,
        data: T_co,
        *,
        event: str | None = None,
        id: str | int | None = None,
        retry: int | timedelta | None = None,
        comment: str | None = None,
    ) -> None:
        self.data: T_co = _not_bytes(data)
        self.event: str | None = None if event is None else _line("event", event, "\r\n")
        # A reader ignores an id that has a NUL (section 9.2.6).
        self.id: str | None = None if id is None else _line("id", str(id), "\0\r\n")
        self.retry: int | None = None if retry is None else _milliseconds(retry)
        self.comment: str | None = comment

    def with_data(self, data: T) -> ServerSentEvent[T]:
        """The same event with other data."""
        return ServerSentEvent(
            data, event=self.event, id=self.id, retry=self.retry, comment=self.comment
        )

    def __bytes__(self) -> bytes:
        """Its fields, each on a line, and the blank line that ends them (section 9.2.5).

        Raises:
            UnencodableError: the data has no form in JSON.
        """
        lines: list[str] = []
        if self.comment is not None:
            lines += [f": {line}" for line in _lines(self.comment)]
        for name, value in (("id", self.id), ("event", self.event), ("retry", self.retry)):
            if value is not None:
                lines.append(f"{name}: {value}")
        if self.data is not None:
            lines += [f"data: {line}" for line in _lines(_text(self.data))]
        return ("\n".join(lines) + "\n\n").encode() if lines else COMMENT

    def __eq__(self, other: object) -> bool:
        if not is_event(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __repr__(self) -> str:
        named = [(name, getattr(self, name)) for name in ("event", "id", "retry", "comment")]
        given = [repr(self.data), *(f"{k}={v!r}" for k, v in named if v is not None)]
        return f"ServerSentEvent({', '.join(given)})"


def is_event(value: object) -> TypeGuard[ServerSentEvent[Any]]:
    return isinstance(value, ServerSentEvent)


def _is_binary(value: object) -> TypeGuard[bytes]:
    return isinstance(value, bytes | bytearray | memoryview)


def _is_whole_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _not_bytes(data: T) -> T:
    if _is_binary(data):
        raise TypeError(
            f"An event got data of type {type(data).__name__}. An event stream is text in UTF-8. "
            "Decode the bytes, or encode them as base64."
        )
    return data


def _line(name: str, value: str, forbidden: str) -> str:
    if any(character in value for character in forbidden):
        raise ValueError(
            f"An event got the {name} {value!r}. It is one line without {forbidden!r}, which would "
            "end it (WHATWG HTML section 9.2.6). Put what has lines into the data."
        )
    return value


def _milliseconds(retry: int | timedelta) -> int:
    from datetime import timedelta

    if isinstance(retry, timedelta):
        retry = retry // timedelta(milliseconds=1)
    if not _is_whole_number(retry):
        raise TypeError(
            f"An event got the retry {retry!r} of type {type(retry).__name__}. It is a whole "
            "number of milliseconds, or a timedelta."
        )
    if retry < 0:
        raise ValueError(f"An event got the retry {retry!r}. It is 0 milliseconds or more.")
    return retry


def _text(data: object) -> str:
    if isinstance(data, str):
        return data
    from portico._json import to_json

    return to_json(data).decode()


def _lines(text: str) -> list[str]:
    """The lines of a text by the three ends that the format knows; `str.splitlines` knows more."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def as_event(value: object) -> ServerSentEvent[Any]:
    """A value of an event stream: an event, or the data of one."""
    return value if is_event(value) else ServerSentEvent(value)
