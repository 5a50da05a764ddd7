"""The way to a worker thread and back: its bound, what it carries, and where threads end."""

import asyncio
import gc
import threading
import weakref
from contextlib import suppress
from contextvars import ContextVar

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from portico_asgi import _asyncio_threads
from portico_asgi._threads import in_worker_thread

pytestmark = pytest.mark.anyio

LIMIT = 10

variable: ContextVar[str] = ContextVar("variable", default="unset")


class Gate:
    """A call that says when it has begun, and ends when it may."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.may_end.wait(LIMIT)
        return "ended"


async def begun(gate: Gate) -> None:
    """Wait without a token of the limiter."""
    limiter = anyio.CapacityLimiter(1)
    assert await anyio.to_thread.run_sync(gate.begun.wait, LIMIT, limiter=limiter)


# The bound


async def test_no_more_calls_run_than_the_limiter_of_anyio_has_tokens() -> None:
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = 2
    lock, running, most = threading.Lock(), 0, 0

    def count() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        anyio.from_thread.run(anyio.lowlevel.checkpoint)
        with lock:
            running -= 1

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(in_worker_thread, count)

    assert most <= 2
    assert limiter.borrowed_tokens == 0


async def test_a_call_waits_while_another_library_has_the_last_token() -> None:
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    gate, called = Gate(), list[bool]()

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, gate)
        await begun(gate)
        group.start_soon(in_worker_thread, lambda: called.append(True))
        await anyio.wait_all_tasks_blocked()
        assert (called, limiter.statistics().tasks_waiting) == ([], 1)
        gate.may_end.set()

    assert called == [True]


async def test_a_call_that_is_cancelled_while_it_waits_for_a_token_is_never_made() -> None:
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    gate, called = Gate(), list[bool]()

    async with anyio.create_task_group() as group:
        group.start_soon(in_worker_thread, gate)
        await begun(gate)
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(in_worker_thread, lambda: called.append(True))
            await anyio.wait_all_tasks_blocked()
            waiting.cancel_scope.cancel()
        gate.may_end.set()

    assert (called, limiter.borrowed_tokens) == ([], 0)


async def test_a_cancelled_call_keeps_its_token_until_its_thread_is_free() -> None:
    limiter = anyio.to_thread.current_default_thread_limiter()
    gate = Gate()

    async with anyio.create_task_group() as group:
        group.start_soon(in_worker_thread, gate)
        await begun(gate)
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.wait_all_tasks_blocked()
            assert limiter.borrowed_tokens == 1
            gate.may_end.set()

    assert limiter.borrowed_tokens == 0


# What it carries


async def test_a_call_sees_the_variables_of_its_caller_and_keeps_its_own() -> None:
    variable.set("of the caller")

    def change() -> str:
        before = variable.get()
        variable.set("of the call")
        return before

    assert await in_worker_thread(change) == "of the caller"
    assert variable.get() == "of the caller"
    assert await in_worker_thread(variable.get) == "of the caller"


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_whatever_a_call_raises_is_raised_to_its_caller(kind: type[BaseException]) -> None:
    error = kind("as it was")

    def fail() -> None:
        raise error

    raised: BaseException | None = None
    try:
        await in_worker_thread(fail)
    except BaseException as caught:  # noqa: BLE001 - some of these are no `Exception`
        raised = caught

    assert raised is error
    assert await in_worker_thread(lambda: "the next") == "the next"


async def test_stop_iteration_leaves_a_call_as_an_error() -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await in_worker_thread(lambda: next(iter(())))


async def test_a_thread_sees_that_a_scope_around_its_caller_is_cancelled() -> None:
    gate, seen = Gate(), list[type[BaseException]]()

    def look() -> None:
        anyio.from_thread.check_cancelled()
        gate()
        try:
            anyio.from_thread.check_cancelled()
        except BaseException as error:
            seen.append(type(error))
            raise

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(in_worker_thread, look)
            await begun(gate)
            scope.cancel()
            gate.may_end.set()

    assert seen == [anyio.get_cancelled_exc_class()]


async def test_what_a_thread_awaits_is_cancelled_with_the_scope_around_its_caller() -> None:
    waiting, ended = anyio.Event(), list[bool]()

    async def wait() -> None:
        try:
            waiting.set()
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(in_worker_thread, lambda: anyio.from_thread.run(wait))
            await waiting.wait()
            scope.cancel()

    assert ended == [True]


async def test_a_shielded_call_sees_nothing_of_a_cancelled_scope() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await in_worker_thread(anyio.from_thread.check_cancelled, shield=True)


async def test_a_call_may_make_another_one_by_way_of_the_loop() -> None:
    def outer() -> set[int]:
        return {threading.get_ident(), anyio.from_thread.run(in_worker_thread, threading.get_ident)}

    assert len(await in_worker_thread(outer)) == 2


async def test_calls_that_wait_for_each_other_have_a_thread_each() -> None:
    barrier = threading.Barrier(8)

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(in_worker_thread, lambda: barrier.wait(LIMIT))


# asyncio, whose hand-over is not anyio's


class Held:
    """What a call holds."""

    def __call__(self) -> None:
        pass

    def fail(self) -> None:
        raise ValueError(self)


def test_a_call_after_another_one_has_the_same_thread() -> None:
    async def main() -> set[int]:
        return {await in_worker_thread(threading.get_ident) for _ in range(20)}

    assert len(asyncio.run(main())) == 1


def test_an_idle_thread_holds_nothing_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asyncio_threads, "_PATIENCE", 2.0 * LIMIT)

    async def main() -> None:
        for _ in range(2):  # the one that it was borrowed for, and one that found it idle
            held, gone = Held(), threading.Event()
            weakref.finalize(held, gone.set)
            await in_worker_thread(held)
            del held
            assert gone.wait(LIMIT)

    asyncio.run(main())


def test_an_error_makes_no_cycle_of_its_call() -> None:
    async def main() -> None:
        gc.disable()
        held, gone = Held(), threading.Event()
        weakref.finalize(held, gone.set)
        with suppress(ValueError):
            await in_worker_thread(held.fail)
        del held
        assert gone.wait(LIMIT)

    try:
        asyncio.run(main())
    finally:
        gc.enable()


def test_a_call_that_asyncio_cancels_before_its_thread_is_there_is_never_made() -> None:
    called: list[bool] = []

    async def main() -> None:
        task = asyncio.create_task(in_worker_thread(lambda: called.append(True)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await in_worker_thread(lambda: None)
        limiter = anyio.to_thread.current_default_thread_limiter()
        assert limiter.borrowed_tokens == 0

    asyncio.run(main())

    assert called == []


def test_a_shielded_call_is_made_while_the_loop_cancels_its_tasks() -> None:
    called: list[bool] = []

    async def close_at_the_end() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await in_worker_thread(lambda: called.append(True), shield=True)

    async def begin_at_the_end() -> None:
        # Its call is cancelled together with what has a thread started for it.
        try:
            await in_worker_thread(lambda: called.append(False))
        finally:
            await in_worker_thread(lambda: called.append(True), shield=True)

    async def main() -> None:
        tasks.append(asyncio.create_task(close_at_the_end()))
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(begin_at_the_end()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    asyncio.run(main())

    assert called == [True, True]


def test_a_call_is_made_though_the_task_that_starts_its_thread_was_cancelled() -> None:
    async def main() -> None:
        waiting = asyncio.create_task(in_worker_thread(lambda: "made"))
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {waiting, asyncio.current_task()}
        assert others
        for task in others:
            task.cancel()
        assert await asyncio.wait_for(waiting, LIMIT) == "made"

    asyncio.run(main())


@pytest.mark.parametrize("cancels", [True, False])
def test_threads_end_with_their_loop(cancels: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    async def main() -> None:
        barrier = threading.Barrier(4)

        def meet() -> None:
            threads.append(threading.current_thread())
            barrier.wait(LIMIT)

        await asyncio.gather(*[in_worker_thread(meet) for _ in range(4)])

    if cancels:
        monkeypatch.setattr(_asyncio_threads, "_PATIENCE", 6.0 * LIMIT)
        asyncio.run(main())
    else:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        for thread in threads:
            thread.join(LIMIT)
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    for thread in threads:
        thread.join(LIMIT)

    assert (len(threads), [thread.is_alive() for thread in threads]) == (4, [False] * 4)


def test_a_loop_is_let_go_of_with_its_threads() -> None:
    async def main() -> None:
        await in_worker_thread(lambda: threads.append(threading.current_thread()))

    threads: list[threading.Thread] = []
    with asyncio.Runner() as runner:
        gone = weakref.ref(runner.get_loop())
        runner.run(main())
    threads.pop().join(LIMIT)
    del runner
    gc.collect()

    assert gone() is None


def test_a_call_for_which_no_thread_can_be_started_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                await asyncio.wait_for(in_worker_thread(lambda: None), LIMIT)
        limiter = anyio.to_thread.current_default_thread_limiter()
        assert limiter.borrowed_tokens == 0
        assert await in_worker_thread(lambda: "the next") == "the next"

    asyncio.run(main())


def test_no_call_is_lost_between_a_thread_that_goes_and_one_that_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_asyncio_threads, "_PATIENCE", 0.0)

    async def call(number: int) -> list[int]:
        return [await in_worker_thread(lambda: number) for _ in range(100)]

    async def main() -> list[list[int]]:
        return await asyncio.gather(*[call(number) for number in range(8)])

    assert asyncio.run(main()) == [[number] * 100 for number in range(8)]
