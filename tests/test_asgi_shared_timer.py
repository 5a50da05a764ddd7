"""One timer for all that wait for a body on a loop of asyncio, on a clock that the tests move."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, NamedTuple, cast

import pytest

from portico_asgi._patience import AsyncioLimit, Patience

MINUTE = 60.0


class Timer(NamedTuple):
    when: float
    call: Callable[[], object]


class Loop:
    """What `Patience` asks of an event loop."""

    def __init__(self, early: float = 0.0) -> None:
        self._now = 100.0
        self._early = early
        self.timers: list[Timer] = []
        self.set = 0

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, call: Callable[[], object], *, context: Context) -> None:
        assert not list(context)
        self.set += 1
        self.timers.append(Timer(when, call))

    def sleep(self, seconds: float) -> None:
        end = self._now + seconds
        while self.timers and (due := min(self.timers)).when - self._early <= end:
            self.timers.remove(due)
            self._now = max(self._now, due.when - self._early)
            due.call()
        self._now = end


class Task:
    """A task that counts what is asked of it."""

    def __init__(self, cancelled: int = 0) -> None:
        self._cancelled = cancelled
        self.interrupted = 0

    def cancelling(self) -> int:
        return self._cancelled

    def cancel(self) -> None:
        self._cancelled += 1
        self.interrupted += 1

    def uncancel(self) -> None:
        self._cancelled -= 1


def patience_of(loop: Loop) -> Patience:
    return Patience(cast("asyncio.AbstractEventLoop", loop), MINUTE)


def limit_of(patience: Patience, task: Task) -> AsyncioLimit:
    return AsyncioLimit(patience, cast("asyncio.Task[Any]", task))


# What happens, in order: `+a` a begins to wait, `*a` a waits again, `-a` a has ended, a number is a
# pause of so many seconds; then who was interrupted, and how often the timer was set.
STORIES: dict[str, tuple[list[str | int], str, int]] = {
    "nobody waits for too long": (["+a", 59, "-a", 120], "", 1),
    "one waits for too long": (["+a", 60], "a", 1),
    "each in turn": (["+a", 10, "+b", 50, 9], "a", 2),
    "and the next one": (["+a", 10, "+b", 60], "ab", 2),
    "at once": (["+a", "+b", "+c", 60], "abc", 1),
    "the oldest is done": (["+a", 10, "+b", "-a", 50, 9], "", 2),
    "the oldest is done, the other not": (["+a", 10, "+b", "-a", 60], "b", 2),
    "the other is done": (["+a", 10, "+b", "-b", 60], "a", 1),
    "one waits again": (["+a", 40, "*a", 59], "", 2),
    "one waits again for too long": (["+a", 40, "*a", 60], "a", 2),
    "one waits again, behind another": (["+a", 1, "+b", 1, "*a", 59], "b", 3),
    "what is over is not in line": (["+a", 60, 600], "a", 1),
    "one that goes on is interrupted again": (["+a", 60, "*a", 60], "aa", 2),
    "the timer is set again for who comes later": (["+a", "-a", 600, "+b", 60], "b", 2),
    "a thousand that do not wait set it once": (["+a", "-a"] * 1000, "", 1),
}


@pytest.mark.parametrize("early", [0.0, 0.0005])
@pytest.mark.parametrize("story", STORIES)
def test_whoever_waits_for_too_long_is_interrupted_and_nobody_else(
    story: str, early: float
) -> None:
    happenings, interrupted, timers = STORIES[story]
    loop = Loop(early)
    patience = patience_of(loop)
    tasks = {name: Task() for name in "abc"}
    limits = {name: limit_of(patience, tasks[name]) for name in "abc"}
    for happening in happenings:
        if isinstance(happening, int):
            loop.sleep(happening)
        elif happening[0] == "+":
            limits[happening[1]].__enter__()
        elif happening[0] == "*":
            limits[happening[1]].again()
        else:
            limits[happening[1]].__exit__(None, None, None)

    assert "".join(name * tasks[name].interrupted for name in "abc") == interrupted
    assert loop.set == timers
    assert bool(loop.timers) == patience.is_timed >= bool(patience.since)


class Case(NamedTuple):
    before: int
    interruptions: int
    others: int
    error: BaseException | None
    is_over: bool


CASES = [
    Case(0, 0, 0, None, False),
    Case(0, 0, 1, asyncio.CancelledError(), False),
    Case(0, 1, 0, asyncio.CancelledError(), True),
    Case(1, 1, 0, asyncio.CancelledError(), True),
    Case(0, 2, 0, asyncio.CancelledError(), True),
    Case(0, 1, 1, asyncio.CancelledError(), False),
    Case(0, 1, 0, None, False),
    Case(0, 1, 0, OSError(), False),
]


@pytest.mark.parametrize("case", CASES)
def test_a_cancellation_by_somebody_else_is_not_taken_for_the_end_of_the_time(case: Case) -> None:
    task = Task(case.before)
    limit = limit_of(patience_of(Loop()), task)

    limit.__enter__()
    for _ in range(case.interruptions):
        limit.interrupt()
    for _ in range(case.others):
        task.cancel()
    kind = None if case.error is None else type(case.error)
    swallows = limit.__exit__(kind, case.error, None)

    assert (swallows, limit.is_over) == (case.is_over, case.is_over)
    assert task.cancelling() == case.before + case.others


def test_ten_thousand_that_are_over_at_once_are_all_interrupted() -> None:
    loop = Loop()
    patience = patience_of(loop)
    tasks = [Task() for _ in range(10_000)]
    for task in tasks:
        limit_of(patience, task).__enter__()
    late = Task()
    loop.sleep(1)
    limit_of(patience, late).__enter__()

    loop.sleep(59)

    assert {task.interrupted for task in tasks} == {1}
    assert (late.interrupted, len(patience.since), len(loop.timers)) == (0, 1, 1)
