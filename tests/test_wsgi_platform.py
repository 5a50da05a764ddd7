"""What a WSGI server gives to a request."""

import asyncio
import os
import threading
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from portico import CapabilityError
from portico.contract import ABSENT, Capability, Options, Peer, Promise
from portico_wsgi import CAPABILITIES, WsgiPlatform, WsgiRaw
from portico_wsgi._platform import SerialWsgiPlatform
from portico_wsgi.degradations import DEGRADATIONS


def platform(**environ: Any) -> WsgiPlatform:
    return WsgiPlatform(Options(), environ)


def test_the_table_lists_every_capability() -> None:
    assert set(CAPABILITIES) == set(Capability)


def test_what_wsgi_cannot_do_is_declared_absent() -> None:
    assert {one for one in Capability if CAPABILITIES[one] is ABSENT} == {
        Capability.DEADLINE,
        Capability.EARLY_HINTS,
        Capability.TRAILERS,
        Capability.WEBSOCKET,
        Capability.TOPICS,
    }


@pytest.mark.parametrize(
    ("given", "peer"),
    [
        ({"REMOTE_ADDR": "1.2.3.4", "REMOTE_PORT": "5"}, Peer("1.2.3.4", 5, "socket")),
        ({"REMOTE_ADDR": "::1", "REMOTE_PORT": 5}, Peer("::1", 5, "socket")),  # werkzeug's port
        ({"REMOTE_ADDR": "1.2.3.4"}, Peer("1.2.3.4", None, "socket")),
        ({"REMOTE_ADDR": "1.2.3.4", "REMOTE_PORT": ""}, Peer("1.2.3.4", None, "socket")),
        ({"REMOTE_ADDR": ""}, Peer(None, None, "unknown")),
        ({}, Peer(None, None, "unknown")),
        (
            {"REMOTE_ADDR": "1.2.3.4", "HTTP_X_FORWARDED_FOR": "6.6.6.6"},
            Peer("1.2.3.4", None, "socket"),
        ),
    ],
)
def test_the_peer_is_who_the_server_saw(given: dict[str, Any], peer: Peer) -> None:
    assert platform(**given).peer == peer


def test_the_environ_is_there_for_those_who_name_it() -> None:
    environ = {"REQUEST_METHOD": "GET"}

    assert WsgiPlatform(Options(), environ).raw(WsgiRaw).environ is environ


def test_another_runtimes_objects_are_refused() -> None:
    with pytest.raises(CapabilityError, match="'wsgi'"):
        platform().raw(int)


def test_the_platform_of_the_process_has_no_environ() -> None:
    with pytest.raises(CapabilityError):
        WsgiPlatform(Options()).raw(WsgiRaw)


def test_the_environment_is_the_processes() -> None:
    assert platform().env is os.environ


def test_a_blocking_call_leaves_the_thread_of_a_shared_loop() -> None:
    async def where() -> int:
        return await platform().run_blocking(threading.get_ident)

    assert asyncio.run(where()) != threading.get_ident()


def test_a_blocking_call_stays_in_the_thread_that_runs_the_loop() -> None:
    async def where() -> int:
        return await SerialWsgiPlatform(Options(), {}).run_blocking(threading.get_ident)

    assert asyncio.run(where()) == threading.get_ident()


def test_a_blocking_call_sees_the_context_of_its_caller() -> None:
    variable = ContextVar("variable", default="unset")

    async def seen() -> str:
        variable.set("set")
        return await platform().run_blocking(variable.get)

    assert asyncio.run(seen()) == "set"


def test_a_blocking_call_raises_what_it_raised() -> None:
    def fail() -> None:
        raise LookupError("it")

    with pytest.raises(LookupError, match="it"):
        asyncio.run(platform().run_blocking(fail))


def test_a_cancelled_blocking_call_is_waited_for() -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def block() -> None:
        started.set()
        release.wait(10)
        ended.set()

    async def main() -> bool:
        task = asyncio.ensure_future(platform().run_blocking(block))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_soon(release.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended.is_set()

    assert asyncio.run(main()) is True


def test_a_blocking_call_in_a_cancelled_scope_is_waited_for() -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def block() -> None:
        started.set()
        release.wait(10)
        ended.set()

    async def cancel_when_started(scope: anyio.CancelScope) -> None:
        await asyncio.to_thread(started.wait, 10)
        scope.cancel()
        asyncio.get_running_loop().call_soon(release.set)

    async def main() -> tuple[bool, bool]:
        scope = anyio.CancelScope()
        other = asyncio.ensure_future(cancel_when_started(scope))
        with scope:
            await platform().run_blocking(block)
            await anyio.lowlevel.checkpoint()
        await other
        return scope.cancelled_caught, ended.is_set()

    assert asyncio.run(main()) == (True, True)


def test_work_for_later_is_promised_for_after_the_response() -> None:
    assert platform().wait_until(lambda: None) is Promise.AFTER_RESPONSE


def test_sleeping_waits_on_the_loop() -> None:
    asyncio.run(platform().sleep(0))


def test_the_signal_is_aborted_once_and_only_if_somebody_holds_it() -> None:
    here = platform()

    here.abort()

    assert (here.is_watched, here.signal.aborted, here.is_watched) == (False, False, True)
    here.abort()
    assert here.signal.aborted is True


def test_the_limit_of_a_body_is_said_to_be_none_on_wsgi() -> None:
    assert "`body_timeout` bounds nothing" in DEGRADATIONS[Capability.STREAM_REQUEST]
    assert "on ASGI" in (Options.__doc__ or "").partition("body_timeout:")[2][:100]
