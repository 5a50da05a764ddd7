"""Cron triggers and queue messages: from what the runtime calls with, to the handlers of `app.on`.

A message that is done is acknowledged by itself, and one that has failed is retried by itself, as
the queue is configured to; so is one that has no form in Python, such as a `Map` whose keys are
objects. A schedule that has failed, and an event without a handler, is reported and then an
exception, by which the runtime knows.
"""

from __future__ import annotations

from contextvars import copy_context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portico import QueueMessage, ScheduledEvent
from portico.contract import Delivery, PlatformEvent
from portico_cloudflare._exchange import start_task
from portico_cloudflare._platform import WorkerPlatform

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from portico.contract import EventReceiver, Failure
    from portico_cloudflare._isolate import Isolate
    from portico_cloudflare._platform import WorkerRaw


async def handle_schedule(isolate: Isolate, app: EventReceiver, raw: WorkerRaw) -> None:
    """Give a cron trigger to its handler; `raw.request` is the controller.

    Raises:
        UnhandledEventError: the application has no handler for it.
        ValueError: it has no time that could be read.
        Exception: what the handler raised, or the start of the application.
    """
    try:
        event = _schedule(raw.request)
    except ValueError as error:
        WorkerPlatform(isolate.options, raw).report(error, "a cron trigger could not be read")
        raise
    for failure in await _failures(isolate, app, event, raw):
        if failure.error is not None:
            WorkerPlatform(isolate.options, raw).report(failure.error, failure.where)
            raise failure.error


def _schedule(controller: Any) -> PlatformEvent:
    due = _time(controller.scheduledTime)
    name = str(controller.cron)
    delivery = Delivery(ScheduledEvent(name, due, controller), due.isoformat())
    return PlatformEvent(["schedule"], [name], [delivery])


async def handle_batch(isolate: Isolate, app: EventReceiver, raw: WorkerRaw) -> None:
    """Give the messages of a queue to their handler; `raw.request` is the batch.

    Raises:
        UnhandledEventError: the application has no handler for the queue.
        Exception: the start of the application failed.
    """
    batch = raw.request
    queue = str(batch.queue)
    platform = WorkerPlatform(isolate.options, raw)
    deliveries: list[Delivery] = []
    unread: list[Any] = []
    for native in batch.messages:
        try:
            deliveries.append(_message(native, queue))
        except Exception as error:  # noqa: BLE001 - of this message alone, which its sender has made
            platform.report(error, f"the message {native.id!r} of {queue!r} could not be read")
            unread.append(native)
    event = PlatformEvent(["queue"], [queue], deliveries)
    failures = await _failures(isolate, app, event, raw)
    failed = {id(failure.delivery) for failure in failures}
    for native in unread:
        native.retry()
    for failure in failures:
        if failure.error is not None:
            platform.report(failure.error, failure.where)
    for delivery in deliveries:
        native = delivery.record.raw
        if id(delivery) in failed:
            native.retry()
        else:
            native.ack()


async def _failures(
    isolate: Isolate, app: EventReceiver, event: PlatformEvent, raw: WorkerRaw
) -> list[Failure]:
    raw = raw._replace(request=None)
    platform = WorkerPlatform(isolate.options, raw)
    context = copy_context()
    try:
        running = isolate.started or await isolate.running(raw)
        failures = context.run(app.event, event, platform, running)
        # In a task of its own, which has the context, and may leave the cancel scopes it enters.
        return await start_task(_finished(failures, platform), context)
    except Exception as error:
        platform.report(error, f"the {event} failed")
        raise


async def _finished(
    failures: list[Failure] | Awaitable[list[Failure]], platform: WorkerPlatform
) -> list[Failure]:
    try:
        return failures if isinstance(failures, list) else await failures
    finally:
        await platform.afinish()


def _message(native: Any, queue: str) -> Delivery:
    message = QueueMessage(
        id=str(native.id),
        body=_value(native.body),
        queue=queue,
        attempts=int(native.attempts),
        sent=_time(native.timestamp),
        attributes={},
        group=None,
        raw=native,
    )
    return Delivery(message, message.id)


def _value(native: Any) -> Any:
    """A message's body as Python's: text, bytes (of a buffer), or objects and lists."""
    if native is None or isinstance(native, str | int | float):
        return native
    if hasattr(native, "to_py"):
        native = native.to_py()
    if isinstance(native, memoryview):  # of a buffer
        return native.tobytes()
    return None if type(native).__name__ == "JsNull" else native


def _time(native: Any) -> datetime:
    """A time of JavaScript: a `Date`, or milliseconds since 1970.

    Raises:
        ValueError: it is none, or in no year of the calendar.
    """
    if isinstance(native, datetime):
        return native.astimezone(UTC)
    try:
        milliseconds = native if isinstance(native, int | float) else native.getTime()
        return datetime.fromtimestamp(float(milliseconds) / 1000, UTC)
    except (ArithmeticError, AttributeError, OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"The runtime gave the time {native!r}. Expected a Date, or milliseconds since 1970."
        ) from error
