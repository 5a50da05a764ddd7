"""What a Worker is called with beside requests: messages of WebSockets, of queues, and triggers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import Struct

from fuzzing import JSON, fuzz, made_of
from portico import (
    MalformedJSONError,
    Portico,
    QueueMessage,
    ScheduledEvent,
    SchemaError,
    UnhandledEventError,
    WebSocket,
)
from portico._close_code import checked_close
from portico_cloudflare import Worker, WorkerPlatform
from portico_conformance._fake_js import Context as CallContext
from portico_conformance._fake_js import (
    JsException,
    JsObject,
    JsProxy,
    Uint8Array,
    World,
    installed,
    jsnull,
)
from portico_conformance._fake_js_fetch import arrived
from portico_conformance._fake_js_socket import WebSocket as JsSocket
from portico_conformance._socket_wire import HANDSHAKE
from test_fuzz_sockets import application


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with installed() as made:
        yield made


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


# WebSockets


def talking() -> Portico:
    app = application()
    leaving = app.ws("/leaving")

    @leaving.message
    async def leave(ws: WebSocket, message: str) -> None:
        await ws.close(4000, message[:20].encode("utf-8", "replace").decode())

    @leaving.close
    def left(code: int, reason: str) -> None:
        assert type(code) is int
        assert type(reason) is str

    return app


PATHS = ["/typed", "/text", "/binary", "/either", "/leaving", "/nowhere"]
PIECES = ["{", "}", '"x"', ":", "1", ",", '"names"', "[", "]", "null", '"\\ud800"', "NaN"]
TEXTS = st.text(max_size=20) | made_of([*PIECES, "9" * 400, "\ud800", "[" * 600])
ACTS: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(st.just("message"), TEXTS | st.binary(max_size=20).map(Uint8Array)),
    st.tuples(st.just("message"), st.just("x" * 2000)),
    st.tuples(
        st.just("close"),
        st.sampled_from([1000, 1001, 1005, 1006, 1015, 3000, 4999, 0, 65535]),
        st.sampled_from(["", "bye", "é" * 60, None]),
    ),
    st.tuples(st.just("error")),
    st.tuples(st.just("lose")),
    st.tuples(st.just("turn")),
)


@pytest.fixture(scope="module")
def talker(world: World) -> Any:
    return Worker(talking(), max_body_size=1024)


@fuzz(300)
@given(
    st.sampled_from(PATHS),
    st.lists(ACTS, max_size=6),
    st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=5), max_size=2),
)
def test_messages_of_a_websocket_are_answered_or_close_it(
    loop: asyncio.AbstractEventLoop,
    world: World,
    talker: Any,
    caplog: pytest.LogCaptureFixture,
    path: str,
    acts: list[tuple[Any, ...]],
    subprotocols: list[str],
) -> None:
    caplog.set_level(logging.WARNING)
    heard: list[tuple[str, Any]] = []
    before = world.living_proxies

    async def talk() -> None:
        context = CallContext()
        fields = [("Host", "h.example"), *HANDSHAKE]
        if subprotocols:
            fields.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
        answer = await talker(context, world.env).fetch(arrived("GET", path, fields))
        if answer.socket is None:
            assert answer.status == 404
        else:
            await act(answer.socket)
        await context.settle()

    async def act(client: JsSocket) -> None:
        client.binaryType = "arraybuffer"
        client.addEventListener("message", lambda each: heard.append(("message", each.data)))
        client.addEventListener("close", lambda each: heard.append(("close", each)))
        client.accept()
        for kind, *arguments in acts:
            if kind == "message":
                client.peer.dispatch("message", JsObject(data=arguments[0]))
            elif kind == "close":
                code, reason = arguments
                client.peer.dispatch("close", JsObject(code=code, reason=reason))
            elif kind == "error":
                client.peer.dispatch("error", JsObject())
            elif kind == "lose":
                client.lose()
            else:
                await asyncio.sleep(0)
        client.lose()

    loop.run_until_complete(asyncio.wait_for(talk(), 20))

    for kind, what in heard:
        event(kind)
        if kind == "close" and what.code not in (1005, 1006):
            checked_close(what.code, what.reason)
            assert what.code != 1011
    assert [record.getMessage() for record in caplog.records] == []
    assert world.living_proxies == before


# Queues


class Shared(JsProxy):
    """A value of JavaScript; where it cannot be converted, Pyodide throws."""

    def __init__(self, value: object, error: Exception | None = None) -> None:
        self._value = value
        self._error = error

    def to_py(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value


class Native:
    """A message of the runtime, and what became of it."""

    def __init__(self, body: object, number: int) -> None:
        self.id = f"m{number}"
        self.body = body
        self.attempts = 1
        self.timestamp = JsObject(getTime=lambda: 1_545_082_649_183)
        self.outcome: list[str] = []

    def ack(self) -> None:
        self.outcome.append("ack")

    def retry(self) -> None:
        self.outcome.append("retry")


PLAIN = (bool, int, float, str)
UNCONVERTED = [
    JsException("Error", "Cannot use key of type object as a key to a Python dict"),
    ValueError("Key collision when converting Javascript Map to Python dict"),
    RecursionError("maximum recursion depth exceeded"),
]


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


BODIES: st.SearchStrategy[Any] = st.one_of(
    JSON.map(lambda value: value if value is None or type(value) in PLAIN else Shared(value)),
    st.just(Shared({"id": 1})),
    st.just('{"id": 1}'),
    st.text(max_size=10),
    st.binary(max_size=10).map(Uint8Array),
    st.sampled_from(
        [jsnull, None, Shared(nested(2000)), "[" * 3000, "\ud800", Shared({1: 2, None: 3})]
    ),
    st.sampled_from(UNCONVERTED).map(lambda error: Shared(None, error)),
)
# What a typed handler's payload is not, and what has no form in Python.
FAULTY = (SchemaError, MalformedJSONError, JsException, ValueError, RecursionError)


class Order(Struct):
    id: int


def queues() -> Portico:
    app = Portico()

    @app.on("queue", "typed")
    def typed(message: QueueMessage[Order]) -> None:
        assert type(message.body.id) is int

    @app.on("queue", "text")
    async def text(message: QueueMessage[str]) -> None:
        assert type(message.body) is str

    @app.on("queue", "any")
    def anything(message: QueueMessage[Any]) -> None:
        assert message.id

    @app.on("schedule", "* * * * *")
    def tick(due: ScheduledEvent) -> None:
        repr(due)

    return app


@pytest.fixture(scope="module")
def taker(world: World) -> Any:
    return Worker(queues())


@fuzz(300)
@given(st.sampled_from(["typed", "text", "any", "other"]), st.lists(BODIES, max_size=4))
def test_each_message_of_a_queue_is_done_or_comes_again_whatever_the_others_are(
    loop: asyncio.AbstractEventLoop, world: World, taker: Any, queue: str, bodies: list[Any]
) -> None:
    messages = [Native(body, number) for number, body in enumerate(bodies)]
    reports: list[BaseException] = []

    def report(self: WorkerPlatform, error: BaseException, where: str) -> None:
        reports.append(error)

    async def deliver() -> None:
        context = CallContext()
        batch = JsObject(queue=queue, messages=messages)
        await taker(context, world.env).queue(batch)
        await context.settle()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkerPlatform, "report", report)
        if queue == "other":
            with pytest.raises(UnhandledEventError):
                loop.run_until_complete(asyncio.wait_for(deliver(), 20))
            assert all(message.outcome == [] for message in messages)
            return
        loop.run_until_complete(asyncio.wait_for(deliver(), 20))

    outcomes = [message.outcome for message in messages]
    event(f"{outcomes.count(['retry'])} of {len(outcomes)} come again")
    assert all(outcome in (["ack"], ["retry"]) for outcome in outcomes)
    assert len(reports) == outcomes.count(["retry"])
    assert all(isinstance(error, FAULTY) for error in reports)
    for message, body in zip(messages, bodies, strict=True):
        if isinstance(body, Shared) and body._error is not None:  # pyright: ignore[reportPrivateUsage]
            assert message.outcome == ["retry"]
        elif queue == "any":
            assert message.outcome == ["ack"]


# Triggers


@fuzz(150)
@given(
    st.sampled_from(["* * * * *", "0 3 * * *", "", "\ud800"]) | st.text(max_size=5),
    st.floats() | st.integers(-(10**18), 10**18) | st.sampled_from([None, "1", 10**400]),
)
@hypothesis.example("* * * * *", 1_545_082_649_183.0)
def test_a_trigger_is_handled_or_an_error_that_is_told(
    loop: asyncio.AbstractEventLoop, world: World, taker: Any, cron: str, due: Any
) -> None:
    reports: list[BaseException] = []

    def report(self: WorkerPlatform, error: BaseException, where: str) -> None:
        reports.append(error)

    async def tick() -> None:
        context = CallContext()
        controller = JsObject(cron=cron, scheduledTime=due)
        await taker(context, world.env).scheduled(controller)
        await context.settle()

    raised: list[BaseException] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkerPlatform, "report", report)
        try:
            loop.run_until_complete(asyncio.wait_for(tick(), 20))
        except Exception as error:  # noqa: BLE001 - what it is, is what is asked
            raised.append(error)

    event(type(raised[0]).__name__ if raised else "handled")
    assert reports == raised
    with suppress(IndexError):
        assert isinstance(raised[0], UnhandledEventError | ValueError)
