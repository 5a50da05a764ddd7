"""`AbortSignal` and `AbortController`, by the DOM Standard, under both event loop libraries."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Callable

import anyio
import pytest

from portico._abort import AbortController, AbortError, AbortSignal


def test_a_signal_is_not_aborted_until_its_controller_says_so() -> None:
    controller = AbortController()
    signal = controller.signal

    assert (signal.aborted, signal.reason) == (False, None)
    signal.throw_if_aborted()
    assert repr(signal) == "<AbortSignal not aborted>"

    controller.abort()

    assert signal.aborted
    assert isinstance(signal.reason, AbortError)
    assert repr(signal) == "<AbortSignal aborted>"
    with pytest.raises(AbortError):
        signal.throw_if_aborted()


def test_the_first_reason_stays() -> None:
    controller = AbortController()
    reason = TimeoutError("too late")

    controller.abort(reason)
    controller.abort(ValueError())

    assert controller.signal.reason is reason
    with pytest.raises(TimeoutError, match="too late"):
        controller.signal.throw_if_aborted()


def test_a_signal_can_be_made_aborted() -> None:
    reason = ValueError()

    assert isinstance(AbortSignal.abort().reason, AbortError)
    assert AbortSignal.abort(reason).reason is reason


def test_listeners_are_called_once_in_order_when_the_signal_is_aborted_already() -> None:
    controller = AbortController()
    calls: list[object] = []
    controller.signal.add_listener(lambda: calls.append(controller.signal.aborted))
    controller.signal.add_listener(lambda: calls.append(2))

    assert calls == []
    controller.abort()
    controller.abort()
    assert calls == [True, 2]


def test_a_listener_is_called_once_however_often_it_was_added() -> None:
    controller = AbortController()
    calls: list[int] = []

    def listener() -> None:
        calls.append(1)

    controller.signal.add_listener(listener)
    controller.signal.add_listener(listener)
    controller.abort()
    controller.signal.add_listener(listener)

    assert calls == [1]


def test_a_removed_listener_is_not_called() -> None:
    controller = AbortController()
    calls: list[int] = []

    def listener() -> None:
        calls.append(1)

    controller.signal.remove_listener(listener)
    controller.signal.add_listener(listener)
    controller.signal.remove_listener(listener)
    controller.abort()

    assert calls == []


def failing(error: Exception) -> Callable[[], None]:
    def listener() -> None:
        raise error

    return listener


def test_a_failing_listener_keeps_none_of_the_others_from_being_called() -> None:
    controller = AbortController()
    calls: list[int] = []
    controller.signal.add_listener(failing(ValueError("first")))
    controller.signal.add_listener(lambda: calls.append(1))

    with pytest.raises(ValueError, match="first"):
        controller.abort()
    assert calls == [1]


def test_several_failing_listeners_are_reported_together() -> None:
    controller = AbortController()
    controller.signal.add_listener(failing(ValueError()))
    controller.signal.add_listener(failing(KeyError()))

    with pytest.raises(ExceptionGroup) as caught:
        controller.abort()
    assert [type(error) for error in caught.value.exceptions] == [ValueError, KeyError]


def test_a_combined_signal_has_the_reason_of_the_first_that_was_aborted() -> None:
    first, second = AbortController(), AbortController()
    read_late = AbortSignal.any([first.signal, second.signal])
    listening = AbortSignal.any([first.signal, second.signal])
    calls: list[int] = []
    listening.add_listener(lambda: calls.append(1))
    reason = ValueError()

    assert not read_late.aborted
    second.abort(reason)
    first.abort()

    assert read_late.reason is reason
    assert listening.reason is reason
    assert calls == [1]


def test_a_combined_signal_can_be_combined_and_can_be_aborted_from_the_start() -> None:
    controller = AbortController()
    nested = AbortSignal.any([AbortSignal.any([controller.signal]), AbortSignal()])
    calls: list[int] = []
    nested.add_listener(lambda: calls.append(1))

    controller.abort()

    assert nested.aborted
    assert calls == [1]
    assert AbortSignal.any([AbortSignal(), controller.signal]).aborted
    assert not AbortSignal.any([]).aborted


def test_a_long_lived_signal_keeps_no_combined_signal_alive() -> None:
    controller = AbortController()

    class Listener:
        def __call__(self) -> None:
            pass

    listener = Listener()
    seen = weakref.ref(listener)
    combined = AbortSignal.any([controller.signal])
    combined.add_listener(listener)
    combined.remove_listener(listener)
    del combined, listener
    gc.collect()

    assert seen() is None
    controller.abort()


BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@BACKENDS
def test_waiting_ends_with_the_abort(backend: str) -> None:
    async def main() -> list[str]:
        controller = AbortController()
        combined = AbortSignal.any([AbortSignal(), controller.signal])
        order: list[str] = []

        async def wait_for(signal: AbortSignal, name: str) -> None:
            order.append(f"{name} waits")
            await signal.wait()
            order.append(f"{name} ends")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_for, controller.signal, "one")
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(wait_for, combined, "two")
            await anyio.wait_all_tasks_blocked()
            order.append("abort")
            controller.abort()
        await controller.signal.wait()
        return order

    order = anyio.run(main, backend=backend)

    assert order[:3] == ["one waits", "two waits", "abort"]
    assert sorted(order[3:]) == ["one ends", "two ends"]


@BACKENDS
def test_waiting_that_is_cancelled_leaves_no_listener(backend: str) -> None:
    async def main() -> None:
        controller = AbortController()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(controller.signal.wait)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert getattr(controller.signal, "_listeners") == []  # noqa: B009 # the one look inside

    anyio.run(main, backend=backend)


@BACKENDS
def test_an_abort_from_a_thread_hops_to_the_loop(backend: str) -> None:
    async def main() -> bool:
        controller = AbortController()

        def in_thread() -> None:
            anyio.from_thread.run_sync(controller.abort)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(controller.signal.wait)
            await anyio.wait_all_tasks_blocked()
            await anyio.to_thread.run_sync(in_thread)
        return controller.signal.aborted

    assert anyio.run(main, backend=backend)


def test_waiting_works_where_there_is_asyncio_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anyio", None)

    async def main() -> None:
        controller = AbortController()
        asyncio.get_running_loop().call_soon(controller.abort)
        await controller.signal.wait()

    asyncio.run(main())
