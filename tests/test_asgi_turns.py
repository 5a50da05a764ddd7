"""The turns that a stream gives to others, on a clock that goes on when the stream works."""

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import anyio
import pytest

from portico import Headers
from portico.contract import ByteStream, Options, Response
from portico_asgi import AsgiPlatform
from portico_asgi._loop import current_loop, tasks_of
from portico_asgi._response import StreamWriter
from portico_asgi._turns import LARGE, MOST, SHARE, Turns

pytestmark = pytest.mark.anyio


class Pace:
    """A clock that chunks move, and what a stream of them does with it."""

    def __init__(self) -> None:
        self.time = 0.0
        self.turns: list[int] = []
        self.asked: list[int] = []
        self.chunks = 0
        self._left = 1
        self._turns = Turns(self.turn, lambda: self.time)

    async def turn(self) -> None:
        self.turns.append(self.chunks)
        self.time += 1  # the others take theirs

    async def send(self, count: int, *, seconds: float, size: int = 1024) -> None:
        """Send chunks that take so long each."""
        for _ in range(count):
            self.time += seconds
            self.chunks += 1
            self._left -= 1
            if not self._left or size >= LARGE:
                self.asked.append(self.chunks)
                self._left = self._turns.ask(size)
                if self._turns.is_due:
                    await self._turns.take()


async def test_chunks_that_take_no_time_have_the_clock_read_less_and_less_often() -> None:
    pace = Pace()

    await pace.send(300, seconds=0)

    assert pace.asked == [1, 9, 73, 73 + MOST, 73 + 2 * MOST, 73 + 3 * MOST]
    assert pace.turns == []


async def test_chunks_that_take_long_have_a_turn_after_each() -> None:
    pace = Pace()

    await pace.send(5, seconds=SHARE * 10)

    assert pace.turns == [1, 2, 3, 4, 5]


async def test_each_large_chunk_has_a_turn_after_it_however_quick() -> None:
    pace = Pace()

    await pace.send(3, seconds=0, size=LARGE - 1)
    await pace.send(3, seconds=0, size=LARGE)

    assert pace.turns == [4, 5, 6]


async def test_a_stream_that_becomes_slow_has_few_slow_chunks_without_a_turn() -> None:
    pace = Pace()
    await pace.send(100, seconds=0)

    await pace.send(MOST + 3, seconds=SHARE * 10)

    first, *others = pace.turns
    assert first <= 100 + MOST
    assert others == [*range(first + 1, 100 + MOST + 4)]


async def test_quick_chunks_have_a_turn_once_they_have_had_their_share() -> None:
    pace = Pace()
    quick = SHARE / 1000

    await pace.send(10_000, seconds=quick)

    gaps = [after - before for before, after in zip(pace.turns, pace.turns[1:], strict=False)]
    assert len(gaps) > 5
    assert all(1000 <= gap <= 1000 + MOST for gap in gaps)


class Slow(AsgiPlatform):
    """A platform whose clock the stream moves."""

    time = 0.0

    def monotonic(self) -> float:
        return self.time


@pytest.mark.parametrize(("seconds", "size"), [(SHARE, 1), (0, LARGE)], ids=["slow", "large"])
async def test_others_run_between_the_chunks_of_a_stream_that_never_waits(
    seconds: float, size: int
) -> None:
    order: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        await anyio.sleep_forever()
        return {}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message.get("body"):
            order.append("chunk")

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(4):
            platform.time += seconds
            yield b"a" * size

    async def other() -> None:
        while not order:
            await anyio.sleep(0)
        for _ in range(3):
            order.append("other")
            await anyio.sleep(0)

    tasks = tasks_of(current_loop())
    platform = Slow(Options(), {}, receive, send, tasks)
    response = Response.ready(200, Headers(), ByteStream(stream()))
    async with anyio.create_task_group() as group:
        group.start_soon(other)
        with tasks.interruption() as stretch:
            await StreamWriter(response, platform, tasks, stretch).write()

    assert "chunk" in order[order.index("other") + 1 :]
    assert order.count("chunk") == 4
