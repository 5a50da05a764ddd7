"""Cron triggers and queue messages on Workers, from the runtime to the handlers of `app.on`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from portico import Portico, QueueMessage, ScheduledEvent, UnhandledEventError, use
from portico.contract import Platform, Promise
from portico_cloudflare import Worker, WorkerPlatform
from portico_conformance._fake_js import Context as CallContext
from portico_conformance._fake_js import JsObject, Uint8Array, installed, jsnull

SENT = 1_545_082_649_183


class Order(Struct):
    id: int


class Shared:
    """JavaScript's objects and arrays in a message."""

    def __init__(self, value: object) -> None:
        self._value = value

    def to_py(self) -> object:
        return self._value


class Message:
    """A message as the runtime gives it, and what became of it."""

    def __init__(self, id: str, body: object) -> None:
        self.id = id
        self.body = body
        self.attempts = 1
        self.timestamp = JsObject(getTime=lambda: SENT)
        self.outcome: list[str] = []

    def ack(self) -> None:
        self.outcome.append("ack")

    def retry(self) -> None:
        self.outcome.append("retry")


Reports = list[tuple[str, BaseException]]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """What was reported, instead of the log."""
    found: Reports = []

    def report(self: Platform, error: BaseException, where: str) -> None:
        found.append((where, error))

    monkeypatch.setattr(WorkerPlatform, "report", report)
    return found


def run(app: Portico, call: Callable[[Any], Coroutine[Any, Any, object]], **env: object) -> None:
    """Call an entrypoint as the runtime does: an instance and a context for each event."""

    async def main() -> None:
        async with asyncio.timeout(10):
            context = CallContext()
            await call(Worker(app)(context, world.env))
            await context.settle()

    with installed(**env) as world:
        asyncio.run(main())
        assert world.living_proxies == 0


def deliver(app: Portico, *messages: Message, queue: str = "orders") -> list[list[str]]:
    """What becomes of each message."""
    batch = JsObject(queue=queue, messages=list(messages))
    run(app, lambda entrypoint: entrypoint.queue(batch))
    return [message.outcome for message in messages]


def tick(app: Portico, cron: str = "0 3 * * *") -> None:
    controller = JsObject(cron=cron, scheduledTime=float(SENT))
    run(app, lambda entrypoint: entrypoint.scheduled(controller))


def test_a_message_is_the_record_of_its_handler_and_is_acknowledged() -> None:
    seen: list[QueueMessage[Order]] = []
    app = Portico()

    @app.on("queue", "orders")
    def handle(message: QueueMessage[Order]) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(message)

    native = Message("m1", Shared({"id": 1}))
    outcomes = deliver(app, native)

    sent = datetime(2018, 12, 17, 21, 37, 29, 183000, UTC)
    assert seen == [QueueMessage("m1", Order(1), "orders", 1, sent, {}, None, native)]
    assert outcomes == [["ack"]]


@pytest.mark.parametrize(
    ("native", "body"),
    [
        ("text", "text"),
        (Uint8Array(b"\x00\x01"), b"\x00\x01"),
        (Shared([1, {"a": None}]), [1, {"a": None}]),
        (5, 5),
        (jsnull, None),
        (None, None),
    ],
)
def test_a_body_of_javascript_becomes_one_of_python(native: object, body: object) -> None:
    seen: list[object] = []
    app = Portico()

    @app.on("queue")
    def handle(message: QueueMessage[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(message.body)

    deliver(app, Message("m1", native))

    assert seen == [body]


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_message_that_fails_is_retried_alone(colour: str, reports: Reports) -> None:
    app = Portico()

    def sync(message: QueueMessage[Order]) -> None:
        if message.body.id == 2:
            raise LookupError("no 2")

    async def asynchronous(message: QueueMessage[Order]) -> None:
        await asyncio.sleep(0)
        sync(message)

    app.on("queue")(sync) if colour == "sync" else app.on("queue")(asynchronous)
    bodies = [Shared({"id": 1}), Shared({"id": 2}), Shared({"id": "x"}), '{"id": 4}']

    outcomes = deliver(app, *[Message(f"m{n}", body) for n, body in enumerate(bodies, 1)])

    assert outcomes == [["ack"], ["retry"], ["retry"], ["ack"]]
    assert [str(error) for _, error in reports] == ["no 2", "body/id: expected an integer"]


def test_a_cron_trigger_goes_to_the_handler_of_its_expression() -> None:
    seen: list[tuple[str, ScheduledEvent]] = []
    app = Portico()

    @app.on("schedule", "0 3 * * *")
    async def nightly(event: ScheduledEvent) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(("nightly", event))

    @app.on("schedule")
    def other(event: ScheduledEvent) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(("other", event))

    tick(app)
    tick(app, "* * * * *")

    assert [(name, event.name) for name, event in seen] == [
        ("nightly", "0 3 * * *"),
        ("other", "* * * * *"),
    ]
    assert seen[0][1].due == datetime(2018, 12, 17, 21, 37, 29, 183000, UTC)


def test_a_cron_trigger_that_fails_raises_what_its_handler_raised(reports: Reports) -> None:
    app = Portico()

    @app.on("schedule")
    def broken() -> None:  # pyright: ignore[reportUnusedFunction]
        raise LookupError("no rates")

    with pytest.raises(LookupError, match="no rates"):
        tick(app)

    assert [str(error) for _, error in reports] == ["no rates"]


def test_a_queue_without_a_handler_is_an_error(reports: Reports) -> None:
    app = Portico()

    @app.on("queue", "orders")
    def handle(message: QueueMessage[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        raise AssertionError

    message = Message("m1", "text")
    with pytest.raises(UnhandledEventError, match="'queue' event of 'returns'"):
        deliver(app, message, queue="returns")

    assert message.outcome == []
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("kinds", "methods"),
    [
        ([], ["fetch"]),
        (["queue"], ["fetch", "queue"]),
        (["schedule"], ["fetch", "scheduled"]),
        (["queue", "schedule"], ["fetch", "queue", "scheduled"]),
        (["sqs"], ["fetch"]),
    ],
)
def test_an_entrypoint_has_what_its_application_handles(
    kinds: list[str], methods: list[str]
) -> None:
    app = Portico()

    def take(message: QueueMessage[Any]) -> None:
        raise AssertionError

    def tick() -> None:
        raise AssertionError

    for kind in kinds:
        if kind == "schedule":
            app.on("schedule")(tick)
        else:
            app.on("queue" if kind == "queue" else "sqs")(take)
    with installed():
        entrypoint = Worker(app)

    assert [name for name in dir(entrypoint) if not name.startswith("_")] == methods


def test_a_resource_that_does_io_lives_as_long_as_the_event() -> None:
    order: list[str] = []
    app = Portico()

    @app.resource
    async def connection() -> AsyncIterator[str]:
        order.append("enter")
        yield "connection"
        order.append("leave")

    @app.resource(io=False)
    def constant() -> int:
        order.append("start")
        return 1

    @app.on("queue")
    async def handle(  # pyright: ignore[reportUnusedFunction]
        message: QueueMessage[str], opened: str = use(connection), number: int = use(constant)
    ) -> None:
        order.append(f"{message.body} {opened} {number}")

    deliver(app, Message("m1", "a"), Message("m2", "b"))

    assert order == ["start", "enter", "a connection 1", "b connection 1", "leave"]


def test_work_that_is_left_is_done_before_the_event_is() -> None:
    done: list[str] = []
    app = Portico()

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("work")

    @app.on("schedule")
    def handle(event: ScheduledEvent, platform: Platform) -> None:  # pyright: ignore[reportUnusedFunction]
        assert platform.wait_until(work) is Promise.AFTER_RESPONSE

    tick(app)

    assert done == ["work"]


def test_the_environment_is_that_of_the_worker() -> None:
    seen: list[str] = []
    app = Portico()

    class Env(Struct):
        word: str

    def handle(event: ScheduledEvent, env: Any) -> None:
        seen.append(env.word)

    handle.__annotations__["env"] = Env
    app.on("schedule")(handle)
    controller = JsObject(cron="x", scheduledTime=0)
    run(app, lambda entrypoint: entrypoint.scheduled(controller), WORD="hello")

    assert seen == ["hello"]


def test_a_message_that_has_no_form_in_python_comes_again_alone(reports: Reports) -> None:
    class Unconverted:
        def to_py(self) -> object:
            raise ValueError("Key collision when converting Javascript Map to Python dict")

    seen: list[object] = []
    app = Portico()

    @app.on("queue")
    def handle(message: QueueMessage[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(message.body)

    outcomes = deliver(app, Message("m1", "a"), Message("m2", Unconverted()), Message("m3", "b"))

    assert seen == ["a", "b"]
    assert outcomes == [["ack"], ["retry"], ["ack"]]
    assert [where for where, _ in reports] == ["the message 'm2' of 'orders' could not be read"]
