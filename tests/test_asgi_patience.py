"""Bodies that stop coming: a 408 in the end, and nothing of it where a body is there."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping
from typing import Any
from weakref import ref

import anyio
import pytest

from portico import BodyTimeoutError, Context, Portico
from portico.contract import Options
from portico_asgi import ASGI
from portico_asgi._patience import Patience
from portico_conformance._asgi_validator import validate

Message = MutableMapping[str, Any]

pytestmark = pytest.mark.anyio

SOON = 0.02
LONG = 30.0
CHUNKED = (b"transfer-encoding", b"chunked")


class Peer:
    """A peer that sends these parts of a body, and then nothing more; `None` is a turn's pause."""

    def __init__(
        self, *parts: bytes | None, ends: bool = False, ends_at_once: bool = False
    ) -> None:
        self._parts = list(parts)
        self._ends = ends
        self._ends_at_once = ends_at_once
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if not self._parts:
            if not self._ends:
                await anyio.sleep_forever()
            self._ends = False
            return {"type": "http.request", "body": b"", "more_body": False}
        part = self._parts.pop(0)
        if part is None:
            await anyio.sleep(SOON)
            return await self.receive()
        is_last = self._ends_at_once and not self._parts
        return {"type": "http.request", "body": part, "more_body": not is_last}

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        self.sent.append(message)

    async def ask(self, app: Portico, path: str, version: str = "1.1", **options: Any) -> None:
        await self.send_to(ASGI(app, **options), path, version)

    async def send_to(self, served: ASGI, path: str, version: str = "1.1") -> None:
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": version,
            "method": "POST",
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"h.example"), CHUNKED],
        }
        checked = validate(served)
        with anyio.fail_after(10):
            await checked(scope, self.receive, self.send)
        assert checked.violations == []

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def fields(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


app = Portico()


@app.post("/bytes")
async def whole(body: bytes) -> int:
    return len(body)


@app.post("/sync")
def whole_in_a_thread(body: bytes) -> int:
    return len(body)


@app.post("/asked")
async def asked(ctx: Context) -> int:
    return len(await ctx.request.bytes())


@app.post("/stream")
async def streamed(body: AsyncIterator[bytes]) -> int:
    return sum([len(chunk) async for chunk in body])


@app.post("/sync-stream")
def streamed_in_a_thread(body: Iterator[bytes]) -> int:
    return sum(len(chunk) for chunk in body)


@app.post("/watched")
async def watched(ctx: Context) -> int:
    assert not ctx.request.signal.aborted
    await ctx.platform.sleep(0)
    return len(await ctx.request.bytes())


@app.post("/answering")
async def answering(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"begun"
    async for chunk in body:
        yield chunk


@app.post("/caught")
async def caught(ctx: Context) -> str:
    try:
        await ctx.request.bytes()
    except BodyTimeoutError as error:
        return f"{error.seconds:g}"
    return "whole"


@app.post("/patient")
async def patient(body: AsyncIterator[bytes]) -> str:
    outcome = "in time"
    while True:
        try:
            if await anext(body, None) is None:
                return outcome
        except BodyTimeoutError:
            outcome = "late"


READERS = ["/bytes", "/sync", "/asked", "/stream", "/sync-stream", "/watched"]


@pytest.mark.parametrize("path", READERS)
@pytest.mark.parametrize("parts", [(), (b"a",), (b"a", None, b"b")])
async def test_a_body_that_stops_coming_is_a_408_that_closes_the_connection(
    path: str, parts: tuple[bytes | None, ...]
) -> None:
    peer = Peer(*parts)

    await peer.ask(app, path, body_timeout=2 * SOON)

    assert peer.status == 408
    assert peer.fields[b"connection"] == b"close"
    assert peer.fields[b"content-type"] == b"application/problem+json"
    assert b"No more of the body has arrived for 0.04 seconds." in peer.body


@pytest.mark.parametrize("path", READERS)
async def test_a_body_that_comes_slowly_but_comes_is_read_to_its_end(path: str) -> None:
    parts: list[bytes | None] = [b"a", None] * 16
    peer = Peer(*parts, ends=True)

    await peer.ask(app, path, body_timeout=12 * SOON)

    assert (peer.status, peer.body) == (200, b"16")


@pytest.mark.parametrize("path", READERS)
async def test_without_a_limit_a_body_may_take_as_long_as_it_likes(path: str) -> None:
    peer = Peer(b"a", None, b"b", ends=True)

    await peer.ask(app, path, body_timeout=None)

    assert (peer.status, peer.body) == (200, b"2")


async def test_http_2_has_no_connection_to_close() -> None:
    peer = Peer(b"a")

    await peer.ask(app, "/bytes", version="2", body_timeout=SOON)

    assert peer.status == 408
    assert b"connection" not in peer.fields


async def test_a_handler_may_answer_by_itself() -> None:
    peer = Peer(b"a")

    await peer.ask(app, "/caught", body_timeout=SOON)

    assert (peer.status, peer.body) == (200, b"0.02")
    assert peer.fields[b"connection"] == b"close"


async def test_an_answer_that_has_begun_is_broken_off(caplog: pytest.LogCaptureFixture) -> None:
    peer = Peer(b"a")

    with pytest.raises(BodyTimeoutError):
        await peer.ask(app, "/answering", body_timeout=SOON)

    assert [message.get("body") for message in peer.sent] == [None, b"begun", b"a"]
    assert len(caplog.records) == 1


async def test_a_request_that_is_cancelled_by_its_server_is_no_408() -> None:
    peer = Peer(b"a")

    with anyio.move_on_after(SOON) as scope:
        await peer.ask(app, "/bytes", body_timeout=LONG)

    assert scope.cancelled_caught
    assert peer.sent == []


async def test_a_body_that_comes_after_all_is_read_and_the_connection_closed_all_the_same() -> None:
    peer = Peer(b"a", *([None] * 4), b"b", ends=True)

    await peer.ask(app, "/patient", body_timeout=2 * SOON)

    assert (peer.status, peer.body) == (200, b"late")
    assert peer.fields[b"connection"] == b"close"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_body_that_comes_in_one_message_is_not_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(Patience, "__init__", never)

    for path in ("/bytes", "/asked", "/sync"):
        peer = Peer(b"ab", ends_at_once=True)
        await peer.ask(app, path, body_timeout=SOON)
        assert peer.body == b"2"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_requests_of_a_loop_share_one_timer_which_holds_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patiences = list[Patience]()
    timers = list[Mapping[str, Any]]()
    loop, begin = asyncio.get_running_loop(), Patience.__init__
    call_at = loop.call_at

    def begun(patience: Patience, *arguments: Any) -> None:
        begin(patience, *arguments)
        patiences.append(patience)

    def noted(when: float, call: Any, *arguments: Any, **named: Any) -> asyncio.TimerHandle:
        if isinstance(getattr(call, "__self__", None), Patience):
            timers.append(named)
        return call_at(when, call, *arguments, **named)

    monkeypatch.setattr(Patience, "__init__", begun)
    monkeypatch.setattr(loop, "call_at", noted)
    served = ASGI(app, body_timeout=LONG)
    for path in READERS * 2:
        peer = Peer(b"a", None, b"b", ends=True)
        await peer.send_to(served, path)
        assert peer.body == b"2"

    assert [patience.since for patience in patiences] == [{}]
    assert [list(named["context"]) for named in timers] == [[]]


@pytest.mark.parametrize("value", [0, -1, "1", float("inf"), float("nan"), True])
def test_a_limit_is_a_number_of_seconds(value: Any) -> None:
    with pytest.raises(ValueError, match="body_timeout"):
        Options(body_timeout=value)


def test_a_body_may_pause_for_a_minute_unless_it_is_said() -> None:
    assert Options().body_timeout == 60
    assert Options(body_timeout=None).body_timeout is None


@pytest.mark.parametrize("part", [None, b"some"])
async def test_nothing_of_a_request_outlives_its_408(part: bytes | None) -> None:
    peer = Peer(*([] if part is None else [part]))
    await peer.ask(app, "/bytes", body_timeout=SOON)
    assert peer.status == 408

    gc.collect()
    gc.disable()
    try:
        peer = Peer(*([] if part is None else [part]))
        await peer.ask(app, "/bytes", body_timeout=SOON)
        outlives = ref(peer)
        del peer
        await anyio.lowlevel.checkpoint()

        # A server that waits for the end of what it gave closes the connection only then.
        assert outlives() is None
    finally:
        gc.enable()
