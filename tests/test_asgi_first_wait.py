"""A coroutine that says when it waits for the first time, on asyncio and on trio."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from portico_asgi._first_wait import FirstWait

pytestmark = pytest.mark.anyio


async def test_a_coroutine_that_waits_says_so_once_before_it_does() -> None:
    steps: list[str] = []

    async def work() -> None:
        steps.append("begun")
        await anyio.lowlevel.checkpoint()
        steps.append("waited")
        await anyio.lowlevel.checkpoint()
        steps.append("waited again")

    await FirstWait(work(), lambda: steps.append("about to wait"))

    assert steps == ["begun", "about to wait", "waited", "waited again"]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_coroutine_that_never_waits_says_nothing(fails: bool) -> None:
    steps: list[str] = []

    async def work() -> None:
        steps.append("work")
        if fails:
            raise LookupError

    try:
        await FirstWait(work(), lambda: steps.append("about to wait"))
    except LookupError:
        steps.append("failed")

    assert steps == (["work", "failed"] if fails else ["work"])


async def test_what_a_coroutine_waits_for_reaches_it() -> None:
    results: list[int] = []
    sender, receiver = anyio.create_memory_object_stream[int](0)

    async def work() -> None:
        results.extend([await receiver.receive(), await receiver.receive()])
        with pytest.raises(anyio.EndOfStream):
            await receiver.receive()

    async with anyio.create_task_group() as group, sender, receiver:

        async def wait() -> None:
            await FirstWait(work(), lambda: None)

        group.start_soon(wait)
        await sender.send(1)
        await sender.send(2)
        await sender.aclose()
        await anyio.wait_all_tasks_blocked()

    assert results == [1, 2]


async def _sleep_in_vain() -> None:
    await anyio.sleep_forever()


async def _clean_up() -> None:
    with anyio.CancelScope(shield=True):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("wait", [_sleep_in_vain, _clean_up])
async def test_a_cancellation_reaches_it(wait: Callable[[], Awaitable[None]]) -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            steps.append("cancelled")
            await wait()
            steps.append("cleaned up")

    async def run() -> None:
        await FirstWait(work(), lambda: None)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()

    assert steps == (["cancelled"] if wait is _sleep_in_vain else ["cancelled", "cleaned up"])


def test_one_that_is_closed_closes_it() -> None:
    steps: list[str] = []

    class Forever:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield None

    async def work() -> None:
        try:
            await Forever()
        finally:
            steps.append("closed")

    steps_of = FirstWait(work(), lambda: None).__await__()
    next(steps_of)
    steps_of.close()

    assert steps == ["closed"]
