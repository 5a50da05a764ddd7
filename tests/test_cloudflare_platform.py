"""What a Worker gives to a request."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from portico import CapabilityError
from portico.contract import ABSENT, NATIVE, UNKNOWN_PEER, Capability, Options, Peer, Promise
from portico_cloudflare import CAPABILITIES, WorkerPlatform, WorkerRaw
from portico_cloudflare._platform import SHORTEST_SLEEP
from portico_conformance._fake_js import JsObject, World, installed
from portico_conformance._fake_js_fetch import arrived


@pytest.fixture
def world() -> Iterator[World]:
    with installed(SECRET="s", EMPTY="", STORE=JsObject(get="value"), LIMITS=JsObject()) as world:
        yield world


def platform_of(world: World, *fields: tuple[str, str]) -> WorkerPlatform:
    native = arrived("GET", "/", [("Host", "a.test"), *fields])
    return WorkerPlatform(Options(), WorkerRaw(JsObject(js_object=native), world.env, None))


def test_the_table_says_of_each_capability_how_a_worker_has_it() -> None:
    assert set(CAPABILITIES) == set(Capability)


@pytest.mark.parametrize(
    "capability",
    [
        Capability.THREADS,
        Capability.SHUTDOWN,
        Capability.SHARED_RESOURCES,
        Capability.DEADLINE,
        Capability.EARLY_HINTS,
        Capability.TRAILERS,
        Capability.TOPICS,
    ],
)
def test_what_workers_do_not_have_is_absent(capability: Capability) -> None:
    assert CAPABILITIES[capability] is ABSENT


def test_streams_go_both_ways() -> None:
    assert CAPABILITIES[Capability.STREAM_REQUEST] is NATIVE
    assert CAPABILITIES[Capability.STREAM_RESPONSE] is NATIVE


def test_the_environment_is_the_text_bindings(world: World) -> None:
    assert platform_of(world).env == {"SECRET": "s", "EMPTY": ""}


def test_bindings_are_objects_by_name(world: World) -> None:
    bindings = platform_of(world).bindings

    assert list(bindings) == ["SECRET", "EMPTY", "STORE", "LIMITS"]
    assert len(bindings) == 4
    assert bindings["STORE"].get == "value"


@pytest.mark.parametrize("name", ["MISSING", "__class__"])
def test_what_was_not_configured_is_no_binding(world: World, name: str) -> None:
    with pytest.raises(KeyError):
        platform_of(world).bindings[name]


def test_the_peer_is_who_cloudflare_says(world: World) -> None:
    platform = platform_of(world, ("CF-Connecting-IP", "2001:db8::1"))

    assert platform.peer == Peer("2001:db8::1", None, "gateway")


def test_the_peer_is_unknown_elsewhere(world: World) -> None:
    assert platform_of(world, ("X-Forwarded-For", "10.0.0.1")).peer == UNKNOWN_PEER


def test_the_platform_of_the_start_has_no_peer(world: World) -> None:
    assert WorkerPlatform(Options(), WorkerRaw(None, world.env, None)).peer == UNKNOWN_PEER


def test_a_request_of_javascript_itself_will_do(world: World) -> None:
    native = arrived("GET", "/", [("Host", "a.test"), ("CF-Connecting-IP", "192.0.2.1")])

    assert WorkerPlatform(Options(), WorkerRaw(native, world.env, None)).peer.address == "192.0.2.1"


def test_raw_is_what_the_runtime_called_with(world: World) -> None:
    raw = platform_of(world).raw(WorkerRaw)

    assert raw.request.js_object.url == "http://a.test/"
    assert raw.env is world.env


def test_raw_of_another_runtime_is_refused(world: World) -> None:
    with pytest.raises(CapabilityError, match="cloudflare"):
        platform_of(world).raw(int)


def test_a_blocking_function_is_called_in_place(world: World) -> None:
    async def main() -> list[object]:
        task = asyncio.current_task()
        return [await platform_of(world).run_blocking(asyncio.current_task), task]

    here, task = asyncio.run(main())

    assert here is task


def test_work_is_promised_for_after_the_answer(world: World) -> None:
    platform = platform_of(world)

    assert platform.wait_until(lambda: None) is Promise.AFTER_RESPONSE
    assert platform.has_work


@pytest.mark.parametrize("asked", ["before", "after"])
def test_the_signal_is_aborted_whenever_it_was_asked_for(world: World, asked: str) -> None:
    platform = platform_of(world)
    signal = platform.signal if asked == "before" else None

    platform.abort()

    assert (signal or platform.signal).aborted


def test_no_sleep_is_too_short_for_the_runtime_to_send_and_receive(world: World) -> None:
    started = time.perf_counter()

    asyncio.run(platform_of(world).sleep(0))

    assert time.perf_counter() - started >= SHORTEST_SLEEP * 0.9
