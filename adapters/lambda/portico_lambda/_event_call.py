"""One invocation with an event that is no request: to its handler, and its failures to Lambda."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from portico_lambda._service_events import REPORTS_EACH, read_service_event
from portico_lambda._shapes import EventError, unknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context

    from portico.contract import EventReceiver, Failure, PlatformEvent
    from portico_lambda._environment import Environment
    from portico_lambda._platform import LambdaPlatform
    from portico_lambda._response import Result


def handle_event(
    app: EventReceiver,
    event: object,
    platform: LambdaPlatform,
    entered: Callable[[], Environment],
) -> Result | None:
    """Give an event to its handler.

    Where Lambda is told of each record, and some are done, it is told which are not
    (`batchItemFailures`), and their errors are reported. Anything else that fails is an exception:
    Lambda retries the event, or the batch, as it is configured to.

    Args:
        app: the application, which has handlers.
        event: the event.
        platform: that of the invocation.
        entered: gives the started application.

    Raises:
        EventError: the event is none that is known.
        UnhandledEventError: the application has no handler for it.
        Exception: what the handler raised, or the start of the application.
        ExceptionGroup: what it raised for several records.
    """
    known = read_service_event(event)
    if known is None:
        kinds = ", ".join(sorted({repr(each.kind) for each in app.events}))
        raise EventError(f"{unknown(event)} Events with handlers here are of the kinds {kinds}.")
    environment = entered()
    context = copy_context()
    try:
        failures = context.run(app.event, known, platform, environment.running)
        if not isinstance(failures, list):
            failures = environment.loop.run(_awaited(failures), context)
    finally:
        _finish(platform, environment, context)
    if not failures:
        return {"batchItemFailures": []} if _reports_each(known) else None
    if not _reports_each(known) or len(failures) == len(known.deliveries):
        raise _together([each.error for each in failures if each.error is not None], known)
    for failure in failures:
        if failure.error is not None:
            platform.report(failure.error, failure.where)
    return {
        "batchItemFailures": [{"itemIdentifier": each.delivery.identifier} for each in failures]
    }


async def _awaited(failures: Awaitable[list[Failure]]) -> list[Failure]:
    return await failures


def _reports_each(event: PlatformEvent) -> bool:
    return event.kinds[0] in REPORTS_EACH


def _together(errors: list[Exception], event: PlatformEvent) -> Exception:
    if len(errors) == 1:
        return errors[0]
    return ExceptionGroup(f"{len(errors)} records of the {event} failed", errors)


def _finish(platform: LambdaPlatform, environment: Environment, context: Context) -> None:
    """Do what was given to `wait_until`, which never raises."""
    if not platform.end():
        from portico_lambda._background import do_work
        from portico_lambda._time_limit import time_limit

        do_work(platform, environment, context, time_limit(platform))
