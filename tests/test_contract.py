"""The contract: the platform of a test, its options, and work that outlives an answer."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from portico import AbortSignal, CapabilityError, Portico, contract
from portico.contract import (
    Capability,
    Options,
    Peer,
    Platform,
    Promise,
    Support,
)


class Reporting(Platform):
    """A platform that keeps its reports."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[tuple[str, str]] = []

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append((str(error), where))


def test_every_member_is_there_without_an_adapter() -> None:
    platform = Platform()

    assert platform.runtime.name == "test"
    assert set(platform.capabilities) == set(Capability)
    assert platform.bindings == {}
    assert platform.env is not None
    assert platform.peer == Peer(None, None, "unknown")
    assert platform.root_path == ""
    assert platform.deadline is None
    assert isinstance(platform.signal, AbortSignal)
    assert platform.signal is platform.signal
    assert not platform.has_work
    assert not platform.needs_loop
    assert platform.monotonic() <= platform.monotonic()
    assert platform.now() > 1_700_000_000
    assert asyncio.run(platform.early_hints(["</a>; rel=preload"])) is False
    assert platform.send_trailers({"server-timing": lambda: "a"}) is False
    assert asyncio.run(platform.run_blocking(lambda: 1)) == 1
    asyncio.run(platform.sleep(0))


def test_native_objects_of_another_runtime_are_refused_by_name() -> None:
    with pytest.raises(CapabilityError, match=r"int.*'test'"):
        Platform().raw(int)


def test_two_platforms_share_nothing() -> None:
    first, second = Platform(), Platform()

    first.wait_until(lambda: None)

    assert not second.has_work
    assert first.signal is not second.signal


def test_a_report_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    Platform().report(ValueError("broken"), "GET / failed")

    (record,) = caplog.records
    assert (record.name, record.message) == ("portico", "GET / failed")
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "broken"


# Work


def finish(platform: Platform) -> None:
    """At the end of a call, as adapters do it."""
    if platform.needs_loop:
        asyncio.run(platform.afinish())
    else:
        platform.finish()


class Work:
    """Work of each kind that writes down that it ran."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def call(self) -> None:
        self.done.append("called")

    async def coroutine(self) -> None:
        await asyncio.sleep(0)
        self.done.append("awaited")


KINDS: list[tuple[Callable[[Work], Any], str, bool]] = [
    (lambda work: work.call, "called", False),
    (lambda work: work.coroutine(), "awaited", True),
    (lambda work: work.coroutine, "awaited", True),
]


@pytest.mark.parametrize(("make", "mark", "needs_loop"), KINDS)
def test_work_of_every_kind_is_done_once(
    make: Callable[[Work], Any], mark: str, needs_loop: bool
) -> None:
    work, platform = Work(), Reporting()

    assert platform.wait_until(make(work)) is Promise.AFTER_RESPONSE
    assert (platform.has_work, platform.needs_loop) == (True, needs_loop)
    assert work.done == []
    finish(platform)
    finish(platform)

    assert work.done == [mark]
    assert not platform.has_work
    assert platform.reports == []


def test_work_is_done_in_order_and_an_error_keeps_nothing_back() -> None:
    done: list[int] = []

    def fail() -> None:
        raise ValueError("broken")

    for asynchronous in (False, True):
        platform = Reporting()
        platform.wait_until(lambda: done.append(1))
        platform.wait_until(fail)
        platform.wait_until(lambda: done.append(2))
        if asynchronous:
            asyncio.run(platform.afinish())
        else:
            platform.finish()
        assert platform.reports == [("broken", "background work failed: fail")]

    assert done == [1, 2, 1, 2]


def test_work_may_hand_over_more_work() -> None:
    done: list[int] = []
    platform = Platform()

    def first() -> None:
        done.append(1)
        platform.wait_until(lambda: done.append(2))

    platform.wait_until(first)
    platform.finish()

    assert done == [1, 2]


def test_an_awaitable_without_a_loop_is_left_for_one() -> None:
    work, platform = Work(), Reporting()
    platform.wait_until(work.coroutine)

    platform.finish()
    assert (work.done, platform.has_work, platform.needs_loop) == ([], True, True)
    asyncio.run(platform.afinish())

    assert work.done == ["awaited"]


# Options


def test_options_have_defaults_that_bound_every_body() -> None:
    options = Options()

    assert options.limits.size == 1024 * 1024
    assert options.limits.form_size == 16 * 1024 * 1024
    assert options.limits.stream_size is None
    assert (options.hosts, options.root_path, options.strict, options.check) == (
        None,
        None,
        False,
        "now",
    )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"check": "later"}, ValueError, "'later'"),
        ({"root_path": "api"}, ValueError, "'api'"),
        ({"root_path": "/api/"}, ValueError, "'/api/'"),
        ({"root_path": "/"}, ValueError, "'/'"),
        ({"hosts": "app.test"}, TypeError, "'app.test'"),
        ({"unknown": 1}, TypeError, "unknown"),
    ],
)
def test_an_option_that_is_wrong_is_named(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Options(**options)


def test_hosts_are_compared_in_lower_case() -> None:
    assert Options(hosts=["App.TEST"]).hosts == frozenset({"app.test"})


def test_the_arguments_of_options_are_those_of_its_type() -> None:
    parameters = inspect.signature(Options).parameters

    assert set(contract.OptionArguments.__annotations__) == set(parameters)


def test_a_portico_is_an_application_of_the_contract() -> None:
    application: contract.Application = Portico()
    running: contract.Running = application.start(Platform())

    application.check(dict.fromkeys(Capability, Support.NATIVE))
    with running:
        assert not running.is_async


@pytest.mark.parametrize(
    "name", ["content-length", "Content-Type", "SET-COOKIE", "www-authenticate", "vary", "te"]
)
def test_a_field_that_is_needed_before_the_content_is_no_trailer(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}.*before the content.*ctx.set.headers"):
        Platform().send_trailers({name: lambda: "1"})


def test_a_trailer_is_a_name_and_a_function() -> None:
    text: Any = "now"
    with pytest.raises(ValueError, match="header name 'a b'"):
        Platform().send_trailers({"a b": lambda: "1"})
    with pytest.raises(TypeError, match="function"):
        Platform().send_trailers({"server-timing": text})
