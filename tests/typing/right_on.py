"""Handlers of events, as both checkers accept them: the record is of the class of its kind."""

from collections.abc import Callable
from typing import Any, assert_type

from msgspec import Struct

from portico import (
    BusEvent,
    ObjectEvent,
    Portico,
    QueueMessage,
    ScheduledEvent,
    StreamRecord,
    TableChange,
    TopicMessage,
    use,
)
from portico.contract import EventInfo, Platform

app = Portico()
store = app.state(list[int]())


class Order(Struct):
    id: int


class Env(Struct):
    word: str


@app.on("queue")
def of_a_queue(message: QueueMessage[Order]) -> None:
    assert_type(message.body, Order)
    assert_type(message.body.id, int)
    assert_type(message.queue, str)


@app.on("sqs", "orders")
async def of_sqs(
    message: QueueMessage[Order], env: Env, platform: Platform, kept: list[int] = use(store)
) -> None:
    kept.append(message.body.id)


@app.on("sns")
def of_a_topic(message: TopicMessage[str]) -> None:
    assert_type(message.body, str)


@app.on("schedule", "nightly")
def of_a_schedule(event: ScheduledEvent) -> None: ...


@app.on("schedule")
async def without_a_record(kept: list[int] = use(store)) -> None: ...


@app.on("eventbridge", "com.example.shop")
def of_a_bus(event: BusEvent[Order]) -> None:
    assert_type(event.detail, Order)


@app.on("s3")
def of_a_bucket(event: ObjectEvent) -> None:
    assert_type(event.size, int | None)


@app.on("dynamodb", "orders")
def of_a_table(change: TableChange[Order]) -> None:
    assert_type(change.new, Order | None)


@app.on("kinesis")
def of_a_stream(record: StreamRecord[bytes]) -> None:
    assert_type(record.data, bytes)


def untyped_payload(message: QueueMessage[Any]) -> None: ...


unchanged: Callable[[QueueMessage[Any]], None] = app.on("queue")(untyped_payload)
of_a_queue_again: Callable[[QueueMessage[Order]], None] = of_a_queue
assert_type(app.events, list[EventInfo])

with app.group("/v1") as v1:

    @v1.on("sns", "shop")
    def of_a_group(message: TopicMessage[Order]) -> None: ...
