"""What a request learns of its server, and what blocks without blocking the loop."""

import threading
from collections.abc import Callable, MutableMapping
from typing import Any

import anyio
import pytest

from portico import CapabilityError, PorticoError
from portico.contract import Capability, Options, Peer
from portico_asgi import CAPABILITIES, AsgiPlatform, AsgiRaw
from portico_asgi._loop import current_loop, tasks_of
from portico_asgi._platform import read_peer
from portico_asgi._threads import in_worker_thread

Message = MutableMapping[str, Any]

pytestmark = pytest.mark.anyio


async def forever() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


async def unheard(message: Message) -> None:
    raise AssertionError(message)


def platform_of(**members: Any) -> AsgiPlatform:
    scope: Message = {"type": "http", **members}
    return AsgiPlatform(Options(), scope, forever, unheard, tasks_of(current_loop()))


def test_every_capability_is_declared() -> None:
    assert CAPABILITIES.keys() == set(Capability)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (("127.0.0.1", 5), Peer("127.0.0.1", 5, "socket")),
        (["::1", 5], Peer("::1", 5, "socket")),
        (("127.0.0.1", "33044"), Peer("127.0.0.1", 33044, "socket")),
        (("127.0.0.1", None), Peer("127.0.0.1", None, "socket")),
        (("127.0.0.1", ""), Peer("127.0.0.1", None, "socket")),
        (("", 0), Peer(None, None, "unknown")),
        (None, Peer(None, None, "unknown")),
    ],
)
def test_a_peer_is_read_in_every_form_that_servers_give(client: object, expected: Peer) -> None:
    assert read_peer({"client": client}) == expected


def test_a_scope_without_a_client_has_an_unknown_peer() -> None:
    assert read_peer({}) == Peer(None, None, "unknown")


async def test_the_native_call_is_there_under_its_own_kind_alone() -> None:
    platform = platform_of(path="/x")

    assert platform.raw(AsgiRaw).scope["path"] == "/x"
    with pytest.raises(CapabilityError, match="'asgi'"):
        platform.raw(int)


async def test_the_state_of_the_server_is_there_where_it_gives_one() -> None:
    assert platform_of(state={"pool": 1}).state == {"pool": 1}
    assert platform_of().state == {}


@pytest.mark.parametrize("extensions", [None, {}, {"http.response.pathsend": {}}])
async def test_early_hints_are_not_sent_where_no_server_advertises_them(extensions: object) -> None:
    assert not await platform_of(extensions=extensions).early_hints(["</a.css>; rel=preload"])


async def test_early_hints_go_out_before_the_start_where_they_are_advertised() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"extensions": {"http.response.early_hint": {}}}
    platform = AsgiPlatform(Options(), scope, forever, send, tasks_of(current_loop()))

    assert await platform.early_hints(["</a.css>; rel=preload"])
    assert sent == [{"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]}]
    with pytest.raises(ValueError, match="header"):
        await platform.early_hints(["</a>\r\nx: y"])
    platform.started = True
    assert not await platform.early_hints(["</a.css>"])


async def test_a_worker_thread_asks_for_the_signal_and_sees_it_aborted() -> None:
    gone = anyio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    platform = AsgiPlatform(Options(), {}, receive, unheard, tasks_of(current_loop()))

    signal = await platform.run_blocking(lambda: platform.signal)
    assert not signal.aborted
    gone.set()
    await signal.wait()
    await platform.inbox.unwatch()

    assert signal is platform.signal
    with pytest.raises(Exception, match="closed the connection"):
        signal.throw_if_aborted()


async def test_a_signal_that_is_asked_for_after_the_answer_starts_no_watcher() -> None:
    platform = platform_of()
    await platform.inbox.unwatch()

    assert not platform.signal.aborted


async def test_what_blocks_runs_in_another_thread_and_its_exception_comes_back() -> None:
    platform = platform_of()

    assert await platform.run_blocking(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await platform.run_blocking(lambda: 1 // 0)


async def test_a_cancelled_call_waits_for_its_thread() -> None:
    begun, may_end = threading.Event(), threading.Event()
    ended: list[bool] = []

    def block() -> None:
        begun.set()
        assert may_end.wait(10)
        ended.append(True)

    async with anyio.create_task_group() as group:

        async def call() -> None:
            try:
                await in_worker_thread(block)
            finally:
                assert ended == [True]

        group.start_soon(call)
        assert await anyio.to_thread.run_sync(begun.wait, 10)
        group.cancel_scope.cancel()
        may_end.set()


def test_a_call_that_asyncio_cancels_waits_for_its_thread_too() -> None:
    import asyncio

    begun, may_end = threading.Event(), threading.Event()
    ended: list[bool] = []

    def block() -> None:
        begun.set()
        assert may_end.wait(10)
        ended.append(True)

    async def main() -> None:
        task = asyncio.create_task(in_worker_thread(block))
        assert await asyncio.to_thread(begun.wait, 10)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]

    asyncio.run(main())


async def test_a_shielded_call_runs_in_a_cancelled_task() -> None:
    called: list[bool] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await in_worker_thread(lambda: called.append(True), shield=True)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await in_worker_thread(lambda: called.append(False))

    assert called == [True]


def trailing_scope(te: bytes | None = b"trailers", method: str = "GET") -> Message:
    headers = [] if te is None else [(b"te", te)]
    extensions: Message = {"http.response.trailers": {}}
    return {"method": method, "headers": headers, "extensions": extensions}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (trailing_scope(), True),
        (trailing_scope(b"gzip;q=0.5, trailers"), True),
        (trailing_scope(b"gzip"), False),
        (trailing_scope(b"trailers-not"), False),
        (trailing_scope(b""), False),
        (trailing_scope(None), False),
        (trailing_scope(method="HEAD"), False),
        ({**trailing_scope(), "extensions": {}}, False),
        ({**trailing_scope(), "extensions": None}, False),
    ],
)
async def test_trailers_are_sent_where_the_server_has_them_and_the_client_reads_them(
    members: Message, expected: bool
) -> None:
    assert platform_of(**members).send_trailers({"x-a": lambda: "1"}) is expected


async def trailing(fields: dict[str, Callable[[], str]], messages: list[Message]) -> list[Message]:
    """What reaches a server of the messages of an answer, with these trailers."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    platform = AsgiPlatform(Options(), trailing_scope(), forever, send, tasks_of(current_loop()))
    for name, value in fields.items():
        assert platform.send_trailers({name: value})
    for message in messages:
        await platform.send(message)
    return sent


START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
PART: Message = {"type": "http.response.body", "body": b"x", "more_body": True}
END: Message = {"type": "http.response.body", "body": b""}


async def test_trailers_are_announced_at_the_start_and_follow_the_last_of_the_content() -> None:
    sent = await trailing({"X-A": lambda: "1", "x-b": lambda: ""}, [START, PART, END])

    assert sent == [
        {**START, "headers": [(b"a", b"b"), (b"trailer", b"x-a, x-b")], "trailers": True},
        PART,
        END,
        {"type": "http.response.trailers", "headers": [(b"x-a", b"1"), (b"x-b", b"")]},
    ]
    assert START["headers"] == [(b"a", b"b")]


async def test_no_trailers_are_no_trailers() -> None:
    assert not platform_of(**trailing_scope()).send_trailers({})


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_what_has_no_content_has_no_trailers(status: int) -> None:
    start = {**START, "status": status}

    assert await trailing({"x-a": lambda: "1"}, [start, END]) == [start, END]


@pytest.mark.parametrize("value", [lambda: "a\r\nb", lambda: 1 // 0, lambda: 5])
async def test_a_trailer_that_cannot_be_made_is_an_error_that_names_it(
    value: Callable[[], Any],
) -> None:
    with pytest.raises(PorticoError, match="trailer 'x-a' could not be made"):
        await trailing({"x-a": value}, [START, END])


async def test_trailers_are_refused_when_the_answer_has_begun() -> None:
    platform = platform_of(**trailing_scope())
    platform.started = True

    assert not platform.send_trailers({"x-a": lambda: "1"})


async def test_a_file_with_trailers_is_not_left_to_the_server() -> None:
    scope = trailing_scope()
    scope["extensions"]["http.response.pathsend"] = {}
    platform = platform_of(**scope)
    assert platform.sends_paths

    platform.send_trailers({"x-a": lambda: "1"})

    assert not platform.sends_paths
