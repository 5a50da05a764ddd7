"""The work of `wait_until`: taken in order, done once, and named where it cannot be done.

A platform takes work until the request is over. Then there is nobody who would do it, so that
whoever gives some still (a thread of its own, say) is told with an exception. What was taken is
done, or is reported by name as given up; nothing is dropped in silence.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

from portico._errors import PorticoError, UnfinishedWorkError
from portico._platform import OVER

if TYPE_CHECKING:
    from portico._platform import Ending, Platform

Given: TypeAlias = "Awaitable[object] | Callable[[], object]"

# Held for a few steps, whenever work comes or goes: threads of the request may give work too.
_lock: Final = allocate_lock()


class Work:
    """One piece of work.

    Attributes:
        name: that of the function or coroutine, for reports.
    """

    __slots__ = ("_target", "name")

    def __init__(self, given: Given) -> None:
        from portico._signature import is_coroutine_function

        self.name: str = name_of(given)
        if is_coroutine_function(given):
            given = cast("Callable[[], Awaitable[object]]", given)()
        if not is_awaitable(given):
            given = partial(copy_context().run, cast("Callable[[], object]", given))
        self._target: Given = given

    @property
    def needs_loop(self) -> bool:
        """Whether it is to be awaited."""
        return is_awaitable(self._target)

    async def run(self, platform: Platform) -> None:
        """Do it on an event loop."""
        result: object = self._target
        if not is_awaitable(result):
            call = cast("Callable[[], object]", result)
            result, end = await platform.run_blocking(partial(_called, call))
            if end is not None:
                raise end
        if is_awaitable(result):
            await result

    def run_now(self) -> Work | None:
        """Do it here; what it gives to be awaited is work that is left."""
        if not is_awaitable(self._target):
            result = cast("Callable[[], object]", self._target)()
            if not is_awaitable(result):
                return None
            self._target = result
        return self

    def close(self) -> None:
        """Give it up: a coroutine that nobody awaits is one that the interpreter warns of."""
        close_awaitable(self._target)


class Background:
    """The work of one request, in the order in which it was given.

    Attributes:
        waiting: what is not begun.
        current: what is being done.
    """

    __slots__ = ("current", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Work] = []
        self.current: Work | None = None

    def __bool__(self) -> bool:
        return bool(self.waiting)


def take(platform: Platform, given: Given) -> None:
    """Take work.

    Raises:
        TypeError: it is none.
        PorticoError: the request is over.
    """
    if not is_awaitable(given) and not callable(given):
        raise TypeError(f"wait_until() got {given!r}. Give it a function or an awaitable.")
    with _lock:
        kept = platform._work
        if kept is None:
            kept = platform._work = Background()
    if isinstance(kept, Background):
        work = Work(given)
        with _lock:
            if platform._work is kept:
                kept.waiting.append(work)
                return
        work.close()
    close_awaitable(given)
    raise PorticoError(
        f"wait_until() got {name_of(given)!r} after the request was over, and nobody would do it. "
        "Give it from the handler, a hook, a stream or other work of the request."
    )


def _next(platform: Platform) -> Work | Ending | None:
    """What is to be done next; None says that the request is over, and takes no more."""
    with _lock:
        kept = platform._work
        if isinstance(kept, Background):
            kept.current = kept.waiting.pop(0) if kept.waiting else None
            if kept.current is not None:
                return kept.current
        if platform._endings:
            return platform._endings.pop()
        platform._work = OVER
        return None


async def run(platform: Platform) -> None:
    """Do all of the work; see `Platform.afinish`."""
    before, cancelled = _cancellations(), None
    while (task := _next(platform)) is not None:
        try:
            await (task.run(platform) if isinstance(task, Work) else task.leave(cancelled))
        except Exception as error:  # noqa: BLE001 - reported; the other work still runs
            _report_failure(platform, task, error)
        except GeneratorExit:  # nothing can be awaited any more
            give_up(platform, "its event loop has ended")
            raise
        except BaseException as error:  # noqa: BLE001 - raised again behind what must be ended
            if _is_own(error, before):
                _report_failure(platform, task, error)
                continue
            give_up(platform, "it was cancelled", error)
            cancelled = error
    if cancelled is not None:
        raise cancelled


def run_now(platform: Platform) -> None:
    """Do the work up to what needs an event loop; see `Platform.finish`."""
    from portico._resumption import run_now as end_now

    while not _is_next_for_loop(platform) and (task := _next(platform)) is not None:
        try:
            if not isinstance(task, Work):
                end_now(task.leave(None))
            elif (rest := task.run_now()) is not None:
                _put_back(platform, rest)
        except Exception as error:  # noqa: BLE001 - reported; the other work still runs
            _report_failure(platform, task, error)
        except BaseException as error:
            give_up(platform, "it was interrupted", error)
            raise


def _is_next_for_loop(platform: Platform) -> bool:
    kept = platform._work
    if kept:
        return kept.waiting[0].needs_loop
    endings = platform._endings
    return endings[-1].needs_loop if endings else False


def _put_back(platform: Platform, rest: Work) -> None:
    with _lock:
        kept = platform._work
        if isinstance(kept, Background) and kept.current is rest:
            kept.current = None
            kept.waiting.insert(0, rest)
            return
    rest.close()  # given up meanwhile, and reported


def needs_loop(platform: Platform) -> bool:
    """Whether some of what is left needs an event loop."""
    return any(work.needs_loop for work in (platform._work.waiting if platform._work else ())) or (
        any(ending.needs_loop for ending in platform._endings or ())
    )


def unfinished(platform: Platform) -> list[str]:
    """The names of the work that is not done, that which is being done first."""
    kept = platform._work
    if not isinstance(kept, Background):
        return []
    return [work.name for work in (kept.current, *kept.waiting) if work is not None]


def give_up(platform: Platform, reason: str, cause: BaseException | None = None) -> None:
    """Do no more of the work, and report by name what is not done; see `Platform.give_up`."""
    with _lock:
        kept = platform._work
        if not isinstance(kept, Background):
            return
        current, waiting = kept.current, kept.waiting
        kept.current, kept.waiting = None, []
    if current is not None:
        _report_unfinished(platform, current, "did not end", reason, cause)
    for work in waiting:
        _report_unfinished(platform, work, "was not begun", reason, None)
        work.close()


def _report_unfinished(
    platform: Platform, work: Work, what: str, reason: str, cause: BaseException | None
) -> None:
    error = UnfinishedWorkError(f"The background work {work.name!r} {what}: {reason}.")
    error.__cause__ = cause
    platform.report(error, f"background work was given up: {work.name}")


def _report_failure(platform: Platform, task: Work | Ending, error: BaseException) -> None:
    if isinstance(task, Work):
        platform.report(error, f"background work failed: {task.name}")
    else:
        platform.report(error, "the end of a request failed")


def _cancellations() -> int:
    """How often others have cancelled this task of asyncio, as far as it does not deny it."""
    asyncio: Any = sys.modules.get("asyncio")
    task = None
    if asyncio is not None and asyncio._get_running_loop() is not None:
        task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _is_own(error: BaseException, before: int) -> bool:
    """Whether work raised a cancellation that is not its task's: that of one it has awaited."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    return _cancellations() <= before


def name_of(work: object) -> str:
    """What people call it: the name of the function, of the coroutine, or else of the class."""
    while isinstance(work, partial):
        work = cast("partial[object]", work).func
    coroutine: Callable[[], object] | None = getattr(work, "get_coro", None)  # a task
    if coroutine is not None:
        work = coroutine()
    name: str = getattr(work, "__qualname__", "") or type(work).__qualname__
    return name.rpartition("<locals>.")[2]


def _called(work: Callable[[], object]) -> tuple[object, StopIteration | None]:
    """What a function gives; in a tuple, since trio lets no thread give back a coroutine."""
    try:
        return work(), None
    except StopIteration as end:  # which no future can carry
        return None, end


def close_awaitable(value: object) -> None:
    """Close a coroutine, or whatever else has a `close` and is to be awaited."""
    close: Callable[[], object] | None = getattr(value, "close", None)
    if close is not None and is_awaitable(value):
        close()


def is_awaitable(value: object) -> TypeGuard[Awaitable[object]]:
    """Whether it is to be awaited."""
    return isinstance(value, Awaitable)
