"""The work of `wait_until`: done before the function returns, as far as its time goes."""

from __future__ import annotations

from threading import Timer
from typing import TYPE_CHECKING, Final

from portico_lambda._time_limit import OutOfTimeError

if TYPE_CHECKING:
    from contextvars import Context

    from portico_lambda._environment import Environment
    from portico_lambda._platform import LambdaPlatform
    from portico_lambda._time_limit import TimeLimit

_NO_TIME: Final = "the function was about to reach its timeout"


def do_work(
    platform: LambdaPlatform, environment: Environment, context: Context, limit: TimeLimit | None
) -> None:
    """Do the work of an invocation; it never raises, and what is not done is reported by name."""
    watch = None if limit is None else _watched(platform, limit)
    try:
        _do(platform, environment, context, limit)
    except OutOfTimeError:
        platform.give_up(_NO_TIME)
    except Exception as error:  # noqa: BLE001 - the answer is there; the work has failed
        platform.report(error, "background work failed")
    finally:
        if watch is not None:
            watch.cancel()
        platform.give_up("it could not be run")
        platform.end()


def _watched(platform: LambdaPlatform, limit: TimeLimit) -> Timer:
    """Have what is not done reported, while there is time for that."""
    watch = Timer(limit.for_report(), platform.give_up, [_NO_TIME])
    watch.daemon = True
    watch.start()
    return watch


def _do(
    platform: LambdaPlatform, environment: Environment, context: Context, limit: TimeLimit | None
) -> None:
    if limit is None or platform.options.deadline_margin is None:
        context.run(platform.finish)
    else:
        environment.worker.call(
            lambda: context.run(platform.finish), limit.for_work(), lambda _: None
        )
    if platform.has_work:
        limits = None if limit is None else (limit.for_work(), limit.for_report())
        environment.loop.run(platform.afinish(), context, limits)
