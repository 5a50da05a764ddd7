"""Clocks that are set back and forth: what waits and what is limited goes by the monotonic one."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import closing

import pytest
import trio

from chaos.test_flat_memory import REQUESTS, Ask, behind_asgi, behind_lambda, behind_wsgi, finish


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The clock is years off, and elsewhere whenever it is read; how often it was."""
    reads: list[float] = []
    dice = random.Random(5)

    def now() -> float:
        reads.append(dice.uniform(0, 4e9))
        return reads[-1]

    monkeypatch.setattr(time, "time", now)
    monkeypatch.setattr(time, "time_ns", lambda: int(now() * 1e9))
    return lambda: len(reads)


async def ask_all(ask: Ask) -> int:
    for _ in range(25):
        for request in REQUESTS:
            await ask(request)
    return 0


def on_wsgi() -> int:
    ask, served = behind_wsgi(multithread=False)
    with closing(served):
        return finish(ask_all(ask))


def on_lambda() -> int:
    ask, served = behind_lambda()
    with closing(served):
        return finish(ask_all(ask))


BEHIND: dict[str, Callable[[], int]] = {
    "asgi-asyncio": lambda: asyncio.run(ask_all(behind_asgi())),
    "asgi-trio": lambda: trio.run(ask_all, behind_asgi()),
    "wsgi": on_wsgi,
    "lambda": on_lambda,
}


@pytest.mark.parametrize("run", BEHIND.values(), ids=list(BEHIND))
def test_requests_are_answered_whatever_the_clock_says_and_never_ask_it(
    steps: Callable[[], int], run: Callable[[], int]
) -> None:
    assert (run(), steps()) == (0, 0)
