"""The parts of a multipart/form-data body, read one by one while it arrives (RFC 7578)."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeGuard

from portico._errors import BodyUsedError
from portico._multipart import (
    PART_END,
    Events,
    FieldBuffer,
    MultipartEvent,
    MultipartLimits,
    PartHead,
    SyncEvents,
    decoder_for,
)


class _OpenPart(PartHead):
    """A part whose data may still be read."""

    __slots__ = ("_is_complete", "_is_passed", "_limit")

    def __init__(self, head: PartHead, limits: MultipartLimits) -> None:
        super().__init__(head.name, head.filename, head.headers)
        self._limit = limits.max_field_bytes
        self._is_complete = False
        self._is_passed = False

    def pass_over(self) -> None:
        """The next part is wanted: what is left of this one will be skipped."""
        self._is_passed = not self._is_complete

    def _must_wait(self) -> bool:
        """Whether more data is to come."""
        if self._is_passed:
            raise BodyUsedError(
                f"The part {self.name!r} was passed over when the next part was asked for. Read "
                "it before, and keep what you need of it."
            )
        return not self._is_complete

    def _is_data(self, event: MultipartEvent) -> TypeGuard[builtins.bytes]:
        self._is_complete = event is PART_END
        return isinstance(event, bytes)


class Part(_OpenPart):
    """One part of a form that is arriving; iterate over it for its data, in chunks, once."""

    __slots__ = ("_events",)

    def __init__(self, head: PartHead, limits: MultipartLimits, events: Events) -> None:
        super().__init__(head, limits)
        self._events = events

    def __aiter__(self) -> Part:
        return self

    async def __anext__(self) -> builtins.bytes:
        if self._must_wait() and self._is_data(event := await anext(self._events)):
            return event
        raise StopAsyncIteration

    async def bytes(self) -> builtins.bytes:
        """What is left of the data, whole.

        Raises:
            MultipartLimitError: it is longer than `max_field_bytes` (413).
        """
        field = FieldBuffer(self.name, self._limit)
        async for chunk in self:
            field.add(chunk)
        return field.bytes()

    async def text(self) -> str:
        """What is left of the data as UTF-8; wrong bytes become U+FFFD. As `bytes` otherwise."""
        return (await self.bytes()).decode("utf-8", "replace")


class SyncPart(_OpenPart):
    """As `Part`, in synchronous code."""

    __slots__ = ("_events",)

    def __init__(self, head: PartHead, limits: MultipartLimits, events: SyncEvents) -> None:
        super().__init__(head, limits)
        self._events = events

    def __iter__(self) -> SyncPart:
        return self

    def __next__(self) -> builtins.bytes:
        if self._must_wait() and self._is_data(event := next(self._events)):
            return event
        raise StopIteration

    def bytes(self) -> builtins.bytes:
        """What is left of the data, as `Part.bytes`."""
        field = FieldBuffer(self.name, self._limit)
        for chunk in self:
            field.add(chunk)
        return field.bytes()

    def text(self) -> str:
        """What is left of the data as text, as `Part.text`."""
        return self.bytes().decode("utf-8", "replace")


def iter_parts(
    chunks: AsyncIterable[bytes], content_type: str, limits: MultipartLimits | None = None
) -> AsyncIterator[Part]:
    """The parts of a form while it arrives: nothing is kept.

    What was not read of a part is skipped when the next one is asked for. While iterating, a
    malformed body raises `MultipartError` (400) and one over a limit `MultipartLimitError` (413).

    Args:
        chunks: the body; who made it closes it.
        content_type: its Content-Type, with the boundary.
        limits: when to refuse.

    Raises:
        MultipartError: it is not multipart/form-data, or has no boundary.
    """
    limits = limits or MultipartLimits()
    return _Parts(Events(chunks, decoder_for(content_type, limits)), limits)


def iter_parts_sync(
    chunks: Iterable[bytes], content_type: str, limits: MultipartLimits | None = None
) -> Iterator[SyncPart]:
    """As `iter_parts`, in synchronous code."""
    limits = limits or MultipartLimits()
    return _SyncParts(SyncEvents(chunks, decoder_for(content_type, limits)), limits)


class _Parts:
    __slots__ = ("_events", "_limits", "_part")

    def __init__(self, events: Events, limits: MultipartLimits) -> None:
        self._events = events
        self._limits = limits
        self._part: Part | None = None

    def __aiter__(self) -> _Parts:
        return self

    async def __anext__(self) -> Part:
        if self._part is not None:
            self._part.pass_over()
        async for event in self._events:
            if isinstance(event, PartHead):
                self._part = Part(event, self._limits, self._events)
                return self._part
        raise StopAsyncIteration


class _SyncParts:
    __slots__ = ("_events", "_limits", "_part")

    def __init__(self, events: SyncEvents, limits: MultipartLimits) -> None:
        self._events = events
        self._limits = limits
        self._part: SyncPart | None = None

    def __iter__(self) -> _SyncParts:
        return self

    def __next__(self) -> SyncPart:
        if self._part is not None:
            self._part.pass_over()
        for event in self._events:
            if isinstance(event, PartHead):
                self._part = SyncPart(event, self._limits, self._events)
                return self._part
        raise StopIteration
