"""Events on their way to a handler, and what became of them: the adapter's side of `app.on`.

An event is a batch of records, often of one. They are given to the handler one after the other, in
order. One that fails leaves the others alone, but for those behind it in its own group: their order
would be lost, so they count as failed without being tried.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from portico._errors import UnhandledEventError
from portico._lived import enter_async_on
from portico._resumption import need_loop, offload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portico._event_handler import EventCall, EventHandler
    from portico._key import Key
    from portico._running import AppRunning
    from portico.contract import Platform

T = TypeVar("T")


class Delivery(NamedTuple):
    """One record of an event.

    Attributes:
        record: an instance of the kind's class, its payload as it came.
        identifier: by what the platform knows it.
        group: those of one group are in order; None is in none.
    """

    record: Any
    identifier: str
    group: str | None = None


class PlatformEvent(NamedTuple):
    """What a platform has called with, other than a request.

    Attributes:
        kinds: what it is, the narrowest kind first: `("sqs", "queue")`.
        sources: the names by which a handler may ask for it, the narrowest first: that of the
            queue, topic, rule, bucket, table or stream.
        deliveries: its records.
    """

    kinds: Sequence[str]
    sources: Sequence[str]
    deliveries: Sequence[Delivery]

    def __str__(self) -> str:
        return f"{self.kinds[0]!r} event of {self.sources[0]!r}"


class Failure(NamedTuple):
    """One record that is not done.

    Attributes:
        delivery: the record.
        error: why; None where it was not tried, because one before it in its group has failed.
        where: what failed, in words, for the log.
    """

    delivery: Delivery
    error: Exception | None
    where: str


class _OfEvent:
    """What handlers and their resources are made of, for one event."""

    __slots__ = ("_running", "platform", "values")

    def __init__(self, platform: Platform, running: AppRunning) -> None:
        self.platform: Platform = platform
        self._running = running
        self.values: dict[Key[Any], Any] = {}

    def value(self, key: Key[T], /) -> T:
        if key in self.values:
            own: T = self.values[key]
            return own
        return self._running.value(key, self.values)


def handler_for(handlers: Sequence[EventHandler], event: PlatformEvent) -> EventHandler:
    """The handler of an event: one that names its source before one that takes any.

    Raises:
        UnhandledEventError: there is none.
    """
    for source in (*event.sources, None):
        for kind in event.kinds:
            for handler in handlers:
                if handler.kind == kind and handler.source == source:
                    return handler
    registered = ", ".join(sorted(map(str, handlers))) or "none"
    raise UnhandledEventError(
        f"There is no handler for an {event}. Registered are: {registered}. Register one with "
        f"`@app.on({event.kinds[-1]!r})`."
    )


async def deliver(
    handlers: Sequence[EventHandler], event: PlatformEvent, platform: Platform, running: AppRunning
) -> list[Failure]:
    """Call the handler for each record of an event, and say which failed."""
    handler = handler_for(handlers, event)
    call = handler.bound()
    source = _OfEvent(platform, running)
    failures: list[Failure] = []
    failed_groups: set[str] = set()
    run = _Runner(platform)
    async with AsyncExitStack() as stack:
        for resource in running.resources_of_call(handler.needs):
            source.values[resource.key] = await enter_async_on(stack, resource, source)
        for delivery in event.deliveries:
            where = f"{handler} failed for {delivery.identifier!r} of {event.sources[0]!r}"
            if delivery.group in failed_groups:
                failures.append(Failure(delivery, None, where))
                continue
            try:
                await run(call, delivery.record, source)
            except Exception as error:  # noqa: BLE001 - the adapter reports or raises it
                failures.append(Failure(delivery, error, where))
                if delivery.group is not None:
                    failed_groups.add(delivery.group)
    return failures


class _Runner:
    """Calls a handler where it may block, or on the event loop, which is entered for it."""

    __slots__ = ("_on_loop", "_platform")

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._on_loop = platform.on_loop

    async def __call__(self, call: EventCall, record: Any, source: _OfEvent) -> None:
        if self._platform.on_loop and not call.is_async:
            # In a tuple, since trio does not let a thread give back a coroutine.
            (result,) = await offload(self._platform, lambda: (call(record, source),))
        else:
            if call.is_async:
                await self._enter_loop()
            result = call(record, source)
        if result is not None and hasattr(result, "__await__"):
            await self._enter_loop()
            await result

    async def _enter_loop(self) -> None:
        if not self._on_loop:
            self._on_loop = True
            await need_loop()
