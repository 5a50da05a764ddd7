"""The work of `wait_until` by itself: its order, its names, and what becomes of it at the end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial

import anyio
import pytest

from portico import PorticoError, UnfinishedWorkError
from portico.contract import Platform

pytestmark = pytest.mark.anyio

number: ContextVar[int] = ContextVar("number", default=0)


class Reporting(Platform):
    """A platform that keeps what it is told."""

    __slots__ = ("reports",)

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[tuple[str, BaseException]] = []

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append((where, error))

    @property
    def said(self) -> list[str]:
        return [where for where, _ in self.reports]


async def test_work_of_every_kind_runs_in_the_order_in_which_it_was_given() -> None:
    done: list[str] = []
    platform = Reporting()

    async def later(name: str) -> None:
        await anyio.lowlevel.checkpoint()
        done.append(name)

    def gives() -> Awaitable[None]:
        return later("given by a function")

    platform.wait_until(lambda: done.append("function"))
    platform.wait_until(later("coroutine"))
    platform.wait_until(partial(later, "async function"))
    platform.wait_until(gives)
    platform.wait_until(partial(done.append, "last"))
    await platform.afinish()

    assert done == ["function", "coroutine", "async function", "given by a function", "last"]
    assert platform.reports == []


async def test_without_a_loop_the_work_in_front_of_an_awaitable_is_done_and_no_more() -> None:
    done: list[str] = []
    platform = Reporting()

    async def later() -> None:
        done.append("awaited")

    platform.wait_until(lambda: done.append("first"))
    platform.wait_until(lambda: later())
    platform.wait_until(lambda: done.append("last"))
    platform.finish()
    assert (done, platform.has_work) == (["first"], True)
    await platform.afinish()

    assert done == ["first", "awaited", "last"]
    assert (platform.has_work, platform.end()) == (False, True)


async def test_work_may_give_more_work_which_comes_last() -> None:
    done: list[int] = []
    platform = Reporting()

    async def first() -> None:
        platform.wait_until(lambda: done.append(3))
        done.append(1)

    platform.wait_until(first)
    platform.wait_until(lambda: done.append(2))
    await platform.afinish()

    assert done == [1, 2, 3]


async def test_a_function_sees_the_context_variables_of_when_it_was_given() -> None:
    seen: list[int] = []
    platform = Reporting()
    number.set(1)
    platform.wait_until(lambda: seen.append(number.get()))
    number.set(2)
    platform.wait_until(lambda: seen.append(number.get()))
    number.set(3)
    await platform.afinish()

    assert seen == [1, 2]


@pytest.mark.parametrize("is_quiet", [False, True])
async def test_work_that_comes_after_the_request_is_refused(is_quiet: bool) -> None:
    platform = Reporting()
    if not is_quiet:
        platform.wait_until(lambda: None)
        await platform.afinish()
    assert platform.end()

    async def mail() -> None: ...

    for late in (mail, mail()):
        with pytest.raises(PorticoError, match="'mail' after the request was over"):
            platform.wait_until(late)
    assert not platform.has_work


async def test_a_request_with_work_is_not_over() -> None:
    platform = Reporting()
    platform.wait_until(lambda: None)

    assert not platform.end()
    assert platform.has_work


@pytest.mark.parametrize("given", [None, 1, "work", object()])
def test_what_is_no_work_is_refused(given: object) -> None:
    platform = Reporting()

    with pytest.raises(TypeError, match="Give it a function or an awaitable"):
        platform.wait_until(given)  # type: ignore[arg-type] # what an untyped caller gives
    assert not platform.has_work
    assert platform.end()


async def test_threads_may_give_work_at_the_same_time_and_none_is_lost() -> None:
    done: list[int] = []
    refused: list[int] = []
    platform = Reporting()
    together = threading.Barrier(5)

    def give(first: int) -> None:
        together.wait()
        for index in range(first, first + 200):
            try:
                platform.wait_until(partial(done.append, index))
            except PorticoError:
                refused.append(index)

    threads = [threading.Thread(target=give, args=(first,)) for first in range(0, 800, 200)]
    for thread in threads:
        thread.start()
    together.wait()
    await platform.afinish()
    for thread in threads:
        thread.join()

    assert sorted(done + refused) == list(range(800))
    assert not platform.has_work


class Mailer:
    def __call__(self) -> None:
        raise OSError("no mail")

    def send(self) -> None:
        raise OSError("no mail")


async def send_mail() -> None:
    raise OSError("no mail")


def raise_no_mail(to: str) -> None:
    raise OSError("no mail")


NAMES: list[tuple[Callable[[], Callable[[], object] | Awaitable[object]], str]] = [
    (lambda: send_mail, "send_mail"),
    (lambda: send_mail(), "send_mail"),
    (lambda: partial(partial(raise_no_mail), "ann"), "raise_no_mail"),
    (lambda: Mailer(), "Mailer"),
    (lambda: Mailer().send, "Mailer.send"),
    (lambda: lambda: raise_no_mail("ann"), "<lambda>"),
]


@pytest.mark.parametrize(("make", "name"), NAMES)
async def test_work_that_fails_is_reported_by_its_name(
    make: Callable[[], Callable[[], object] | Awaitable[object]], name: str
) -> None:
    done: list[str] = []
    platform = Reporting()
    platform.wait_until(make())
    platform.wait_until(lambda: done.append("the rest"))
    await platform.afinish()

    ((where, error),) = platform.reports
    assert (where, str(error)) == (f"background work failed: {name}", "no mail")
    assert done == ["the rest"]


async def test_work_that_is_cancelled_is_reported_by_name_with_all_behind_it() -> None:
    begun = anyio.Event()
    platform = Reporting()

    async def hangs() -> None:
        begun.set()
        await anyio.sleep_forever()

    async def never() -> None: ...

    platform.wait_until(hangs)
    platform.wait_until(never)
    platform.wait_until(lambda: None)
    async with anyio.create_task_group() as group:
        group.start_soon(platform.afinish)
        await begun.wait()
        assert platform.unfinished == ["hangs", "never", "<lambda>"]
        group.cancel_scope.cancel()

    assert platform.said == [
        "background work was given up: hangs",
        "background work was given up: never",
        "background work was given up: <lambda>",
    ]
    assert [str(error) for _, error in platform.reports] == [
        "The background work 'hangs' did not end: it was cancelled.",
        "The background work 'never' was not begun: it was cancelled.",
        "The background work '<lambda>' was not begun: it was cancelled.",
    ]
    assert all(isinstance(error, UnfinishedWorkError) for _, error in platform.reports)
    assert (platform.has_work, platform.unfinished) == (False, [])


def test_work_that_awaits_a_cancelled_task_fails_and_the_rest_goes_on() -> None:
    done: list[str] = []
    platform = Reporting()

    async def wait_for_other() -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task

    platform.wait_until(wait_for_other)
    platform.wait_until(lambda: done.append("the rest"))
    asyncio.run(platform.afinish())

    assert platform.said == ["background work failed: wait_for_other"]
    assert done == ["the rest"]


async def test_work_that_is_given_up_while_it_runs_is_reported_once() -> None:
    platform = Reporting()

    def runs() -> None:
        platform.give_up("the server stops")

    platform.wait_until(runs)
    platform.wait_until(send_mail)
    await platform.afinish()
    platform.give_up("again")

    assert [str(error) for _, error in platform.reports] == [
        "The background work 'runs' did not end: the server stops.",
        "The background work 'send_mail' was not begun: the server stops.",
    ]


async def test_work_that_raises_what_no_future_carries_is_reported_like_any_other() -> None:
    platform = Reporting()
    platform.wait_until(lambda: next(iter(())))
    await platform.afinish()

    assert platform.said == ["background work failed: <lambda>"]


def test_an_interrupt_goes_on_and_the_work_that_it_leaves_is_reported() -> None:
    platform = Reporting()

    def interrupted() -> None:
        raise KeyboardInterrupt

    platform.wait_until(interrupted)
    platform.wait_until(lambda: None)

    with pytest.raises(KeyboardInterrupt):
        platform.finish()
    assert platform.said == [
        "background work was given up: interrupted",
        "background work was given up: <lambda>",
    ]
