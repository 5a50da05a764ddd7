"""Events of AWS services that are no requests, from their documents to the handlers of `app.on`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

import service_events as documents
from portico import (
    BusEvent,
    ObjectEvent,
    Portico,
    QueueMessage,
    ScheduledEvent,
    SchemaError,
    StreamRecord,
    TableChange,
    TopicMessage,
    UnhandledEventError,
    use,
)
from portico._event_record import RECORDS
from portico.contract import Platform, Promise
from portico_lambda import EventError, Lambda, LambdaPlatform


class Order(Struct):
    id: int


class Card(Struct):
    number: int
    holder: int


Reports = list[tuple[str, BaseException]]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """What was reported, instead of the log."""
    found: Reports = []

    def report(self: Platform, error: BaseException, where: str) -> None:
        found.append((where, error))

    monkeypatch.setattr(LambdaPlatform, "report", report)
    return found


@pytest.fixture
def serve() -> Iterator[Callable[[Portico], Lambda]]:
    """Make handlers that are closed after the test."""
    made: list[Lambda] = []

    def make(app: Portico) -> Lambda:
        made.append(Lambda(app))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


Serve = Callable[[Portico], Lambda]


def listen(app: Portico, kind: str, annotation: Any, do: Callable[[Any], object]) -> None:
    """Register a handler whose parameter has an annotation."""

    def handle(record: Any) -> None:
        do(record)

    handle.__annotations__["record"] = annotation
    register: Callable[[Any], Any] = getattr(app, "on")(kind)  # noqa: B009 - of any kind
    register(handle)


def seen_by(app: Portico, kind: Any, annotation: Any, serve: Serve, event: object) -> list[Any]:
    """What a handler of the kind is called with."""
    seen: list[Any] = []
    listen(app, kind, annotation, seen.append)
    serve(app)(event)
    return seen


def names_of_failures(result: Any) -> list[str]:
    return [each["itemIdentifier"] for each in result["batchItemFailures"]]


# What each record is


def test_a_message_of_sqs(serve: Serve) -> None:
    event = documents.sqs({"id": 1})

    (message,) = seen_by(Portico(), "sqs", QueueMessage[Order], serve, event)

    assert message == QueueMessage(
        id="m1",
        body=Order(1),
        queue="orders",
        attempts=2,
        sent=datetime(2018, 12, 17, 21, 37, 29, 183000, UTC),
        attributes={"city": "Graz", "mark": b"\x00\x01"},
        group=None,
        raw=event["Records"][0],
    )


def test_a_message_of_sns(serve: Serve) -> None:
    event = documents.sns({"id": 1})

    (message,) = seen_by(Portico(), "sns", TopicMessage[Order], serve, event)

    assert message == TopicMessage(
        id="n1",
        body=Order(1),
        topic="shop",
        subject="TestInvoke",
        sent=datetime(2019, 1, 2, 12, 45, 7, tzinfo=UTC),
        attributes={"Test": "TestString", "TestBinary": b"\x00\x01"},
        raw=event["Records"][0],
    )


@pytest.mark.parametrize("event", [documents.SCHEDULED_RULE, documents.SCHEDULE])
def test_a_schedule(serve: Serve, event: Any) -> None:
    (scheduled,) = seen_by(Portico(), "schedule", ScheduledEvent, serve, event)

    due = datetime(2015, 10, 8, 16, 53, 6, tzinfo=UTC)
    assert scheduled == ScheduledEvent("nightly", due, event)


def test_an_event_of_a_bus(serve: Serve) -> None:
    event = documents.bus_event({"id": 1})

    (found,) = seen_by(Portico(), "eventbridge", BusEvent[Order], serve, event)

    assert found == BusEvent(
        id="6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        detail=Order(1),
        source="com.example.shop",
        detail_type="Order placed",
        sent=datetime(2017, 12, 22, 18, 43, 48, tzinfo=UTC),
        account="111122223333",
        region="us-west-1",
        resources=("arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0",),
        raw=event,
    )


def test_an_object_of_s3(serve: Serve) -> None:
    event = documents.s3("red+flower%C3%A9/a%2Bb.jpg")

    (found,) = seen_by(Portico(), "s3", ObjectEvent, serve, event)

    assert found == ObjectEvent(
        name="ObjectCreated:Put",
        bucket="pictures",
        key="red floweré/a+b.jpg",
        size=1305107,
        etag="b21b84d653bb07b05b1e6b33684dc11b",
        version=None,
        sequencer="0C0F6F405D6ED209E1",
        sent=datetime(2019, 9, 3, 19, 37, 27, 192000, UTC),
        raw=event["Records"][0],
    )


def test_a_change_of_an_item(serve: Serve) -> None:
    event = documents.dynamodb({"id": {"N": "101"}})

    (found,) = seen_by(Portico(), "dynamodb", TableChange[Order], serve, event)

    assert found == TableChange(
        name="INSERT",
        table="orders",
        keys={"id": 101},
        new=Order(101),
        old=None,
        sequence="1",
        sent=datetime(2015, 4, 9, tzinfo=UTC),
        raw=event["Records"][0],
    )


def test_a_record_of_kinesis(serve: Serve) -> None:
    event = documents.kinesis(b'{"id": 1}')

    (found,) = seen_by(Portico(), "kinesis", StreamRecord[Order], serve, event)

    assert found == StreamRecord(
        data=Order(1),
        stream="clicks",
        partition_key="1",
        sequence="1",
        sent=datetime(2018, 12, 17, 22, 10, 50, 987000, UTC),
        raw=event["Records"][0],
    )


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ({"S": "text"}, "text"),
        ({"N": "-12"}, -12),
        ({"N": "0.1"}, Decimal("0.1")),
        ({"N": "1E+3"}, Decimal(1000)),
        ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
        ({"B": "AAE="}, b"\x00\x01"),
        ({"BOOL": True}, True),
        ({"NULL": True}, None),
        ({"M": {"a": {"L": [{"S": "b"}, {"N": "1"}]}}}, {"a": ["b", 1]}),
        ({"SS": ["a", "b"]}, ["a", "b"]),
        ({"NS": ["1", "2.5"]}, [1, Decimal("2.5")]),
        ({"BS": ["AAE="]}, [b"\x00\x01"]),
    ],
)
def test_a_value_of_an_attribute(serve: Serve, attribute: Any, value: object) -> None:
    event = documents.dynamodb({"it": attribute})

    (found,) = seen_by(Portico(), "dynamodb", TableChange[Any], serve, event)

    assert found.new == {"it": value}


@pytest.mark.parametrize(
    ("declared", "sent", "body"),
    [
        (QueueMessage[str], "hello", "hello"),
        (QueueMessage[bytes], "é", "é".encode()),
        (QueueMessage[Any], '{"id": 1}', '{"id": 1}'),
        (QueueMessage, "hello", "hello"),
        (QueueMessage[int], "5", 5),
        (QueueMessage[list[Order]], '[{"id": 1}]', [Order(1)]),
        (QueueMessage[dict[str, Any]], '{"id": 1}', {"id": 1}),
        (QueueMessage[str], "", ""),
    ],
)
def test_a_body_is_what_is_declared(serve: Serve, declared: Any, sent: str, body: object) -> None:
    (found,) = seen_by(Portico(), "sqs", declared, serve, documents.sqs(sent))

    assert (found.body, type(found.body)) == (body, type(body))


# Failures


def failing(on: int, *, kind: Any, annotation: Any, read: Callable[[Any], int]) -> Portico:
    app = Portico()

    def fail(record: Any) -> None:
        if read(record) == on:
            raise LookupError(f"no {on}")

    listen(app, kind, annotation, fail)
    return app


def test_a_message_that_fails_fails_alone(serve: Serve, reports: Reports) -> None:
    app = failing(2, kind="queue", annotation=QueueMessage[Order], read=lambda m: m.body.id)

    result = serve(app)(documents.sqs({"id": 1}, {"id": 2}, {"id": 3}))

    assert names_of_failures(result) == ["m2"]
    ((where, error),) = reports
    assert "'m2' of 'orders'" in where
    assert str(error) == "no 2"


@pytest.mark.parametrize("body", ['{"id": "x"}', "{", "", "[" * 10_000, "\ud800"])
def test_a_faulty_message_fails_alone_and_its_faults_are_reported(
    serve: Serve, reports: Reports, body: str
) -> None:
    seen: list[int] = []
    app = Portico()

    @app.on("sqs")
    def handle(message: QueueMessage[Order]) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(message.body.id)

    result = serve(app)(documents.sqs({"id": 1}, body, {"id": 3}))

    assert (names_of_failures(result), seen) == (["m2"], [1, 3])
    assert len(reports) == 1


def test_every_fault_of_a_message_is_reported_and_no_value(serve: Serve, reports: Reports) -> None:
    app = Portico()

    @app.on("sqs")
    def handle(message: QueueMessage[Card]) -> None:  # pyright: ignore[reportUnusedFunction]
        assert message.body.holder == 2

    serve(app)(documents.sqs({"number": "secret", "holder": "secret"}, {"number": 1, "holder": 2}))

    error = reports[0][1]
    assert isinstance(error, SchemaError)
    assert [fault.pointer for fault in error.faults] == ["/number", "/holder"]
    assert "secret" not in str(error)


def test_a_batch_of_which_all_have_failed_fails_as_a_whole(serve: Serve) -> None:
    app = Portico()

    @app.on("sqs")
    def handle(message: QueueMessage[Order]) -> None:  # pyright: ignore[reportUnusedFunction]
        raise LookupError(message.id)

    with pytest.raises(ExceptionGroup) as raised:
        serve(app)(documents.sqs({"id": 1}, {"id": 2}))

    assert [str(each) for each in raised.value.exceptions] == ["m1", "m2"]


def test_a_batch_of_which_none_has_failed_says_so(serve: Serve) -> None:
    app = failing(0, kind="sqs", annotation=QueueMessage[Order], read=lambda m: m.body.id)

    assert serve(app)(documents.sqs({"id": 1})) == {"batchItemFailures": []}


def test_a_fifo_queue_keeps_the_order_of_each_group(serve: Serve, reports: Reports) -> None:
    app = failing(1, kind="sqs", annotation=QueueMessage[Order], read=lambda m: m.body.id)
    bodies = [{"id": 1}, {"id": 2}, {"id": 3}]

    result = serve(app)(documents.sqs(*bodies, queue="orders.fifo", groups=("a", "b", "a")))

    assert names_of_failures(result) == ["m1", "m3"]
    assert len(reports) == 1


def test_groups_of_a_queue_without_order_fail_apart(serve: Serve, reports: Reports) -> None:
    app = failing(1, kind="sqs", annotation=QueueMessage[Order], read=lambda m: m.body.id)

    result = serve(app)(documents.sqs({"id": 1}, {"id": 2}, groups=("a", "a")))

    assert names_of_failures(result) == ["m1"]
    assert len(reports) == 1


@pytest.mark.parametrize("kind", ["dynamodb", "kinesis"])
def test_a_stream_stops_at_the_first_record_that_fails(
    serve: Serve, reports: Reports, kind: str
) -> None:
    seen: list[str] = []
    app = Portico()

    def fail(record: Any) -> None:
        seen.append(record.sequence)
        if record.sequence == "2":
            raise LookupError

    listen(app, kind, StreamRecord if kind == "kinesis" else TableChange, fail)
    make = documents.kinesis if kind == "kinesis" else documents.dynamodb
    contents: Any = (b"", b"", b"") if kind == "kinesis" else ({}, {}, {})

    result = serve(app)(make(*contents))

    assert seen == ["1", "2"]
    assert names_of_failures(result)[0] == "2"
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("kind", "annotation", "event"),
    [
        ("sns", TopicMessage, documents.sns("a")),
        ("s3", ObjectEvent, documents.s3("a")),
        ("schedule", ScheduledEvent, documents.SCHEDULE),
        ("eventbridge", BusEvent, documents.bus_event({})),
    ],
)
def test_an_event_that_is_told_of_as_a_whole_raises_what_its_handler_raised(
    serve: Serve, kind: str, annotation: Any, event: Any
) -> None:
    app = failing(1, kind=kind, annotation=annotation, read=lambda _: 1)

    with pytest.raises(LookupError, match="no 1"):
        serve(app)(event)


@pytest.mark.parametrize(
    ("kind", "annotation", "event", "result"),
    [
        ("sns", TopicMessage, documents.sns("a"), None),
        ("schedule", ScheduledEvent, documents.SCHEDULE, None),
        ("kinesis", StreamRecord, documents.kinesis(b""), {"batchItemFailures": []}),
    ],
)
def test_only_who_is_told_of_each_record_gets_a_list(
    serve: Serve, kind: str, annotation: Any, event: Any, result: object
) -> None:
    app = failing(0, kind=kind, annotation=annotation, read=lambda _: 1)

    assert serve(app)(event) == result


# Which handler


def test_a_handler_that_names_the_source_goes_before_one_that_takes_any(serve: Serve) -> None:
    seen: list[str] = []
    app = Portico()
    app.on("sqs")(_named("any of sqs", seen))
    app.on("queue")(_named("any", seen))
    app.on("queue", "orders")(_named("orders", seen))
    handler = serve(app)

    for queue in ("orders", "returns"):
        handler(documents.sqs("", queue=queue))

    assert seen == ["orders", "any of sqs"]


def _named(name: str, seen: list[str]) -> Callable[[QueueMessage[Any]], None]:
    def handle(message: QueueMessage[Any]) -> None:
        seen.append(name)

    return handle


@pytest.mark.parametrize("source", ["Order placed", "com.example.shop"])
def test_an_event_of_a_bus_goes_by_its_detail_type_or_its_source(serve: Serve, source: str) -> None:
    seen: list[str] = []
    app = Portico()

    @app.on("eventbridge", source)
    def handle(event: BusEvent[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(event.source)

    serve(app)(documents.bus_event({}))

    assert seen == ["com.example.shop"]


def test_an_event_without_a_handler_is_an_error_that_names_it_and_those_there_are(
    serve: Serve,
) -> None:
    app = Portico()
    app.on("queue", "returns")(_named("returns", []))

    with pytest.raises(UnhandledEventError) as raised:
        serve(app)(documents.sqs(""))

    message = str(raised.value)
    assert "'sqs' event of 'orders'" in message
    assert "'queue' of 'returns'" in message
    assert "test_lambda_service_events.py:" in message


@pytest.mark.parametrize("event", [{"a": 1}, [], None, {"Records": [{"eventSource": "aws:x"}]}])
def test_an_event_that_is_not_known_names_its_keys_and_the_kinds_that_have_handlers(
    serve: Serve, event: object
) -> None:
    app = Portico()
    app.on("queue")(_named("", []))

    with pytest.raises(EventError, match="kinds 'queue'"):
        serve(app)(event)


def test_an_application_without_handlers_says_how_to_register_one(serve: Serve) -> None:
    with pytest.raises(EventError, match=r"@app\.on"):
        serve(Portico())(documents.sqs(""))


def test_requests_are_answered_beside(serve: Serve) -> None:
    app = Portico()
    app.get("/", "hello")
    app.on("queue")(_named("", []))
    request = {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": "a.example"},
        "requestContext": {"http": {"method": "GET", "path": "/"}, "domainName": "a.example"},
    }

    assert serve(app)(request)["body"] == "hello"


# What runs around it


def test_an_asynchronous_handler_shares_the_resources_of_requests(serve: Serve) -> None:
    app = Portico()

    @app.resource
    async def numbers() -> AsyncIterator[list[int]]:
        await asyncio.sleep(0)
        yield []

    @app.on("sqs")
    async def handle(  # pyright: ignore[reportUnusedFunction]
        message: QueueMessage[Order], seen: list[int] = use(numbers)
    ) -> None:
        await asyncio.sleep(0)
        seen.append(message.body.id)

    seen_at_last: list[int] = []

    @app.on("schedule")
    def look(seen: list[int] = use(numbers)) -> None:  # pyright: ignore[reportUnusedFunction]
        seen_at_last.extend(seen)

    handler = serve(app)
    handler(documents.sqs({"id": 1}, {"id": 2}))
    handler(documents.SCHEDULE)

    assert seen_at_last == [1, 2]


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_work_that_is_left_runs_before_the_invocation_ends(serve: Serve, colour: str) -> None:
    done: list[str] = []
    app = Portico()

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("async")

    @app.on("schedule")
    def handle(event: ScheduledEvent, platform: Platform) -> None:  # pyright: ignore[reportUnusedFunction]
        promise = platform.wait_until(work if colour == "async" else lambda: done.append("sync"))
        assert promise is Promise.BEFORE_RESPONSE

    serve(app)(documents.SCHEDULE)

    assert done == [colour]


def test_a_call_from_code_that_runs_on_an_event_loop_says_what_to_do(serve: Serve) -> None:
    app = Portico()

    @app.on("sqs")
    async def handle(message: QueueMessage[int]) -> None:  # pyright: ignore[reportUnusedFunction]
        raise AssertionError

    handler = serve(app)

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"asyncio\.to_thread"):
            handler(documents.sqs(1))

    asyncio.run(main())


# Hostile events

_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_documents = [
    documents.sqs({"id": 1}),
    documents.sns("a"),
    documents.SCHEDULE,
    documents.bus_event({}),
    documents.s3("a"),
    documents.dynamodb({"a": {"S": "b"}}),
    documents.kinesis(b"a"),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if hasattr(value, "items"):
        items = value.items()
    elif hasattr(value, "append"):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


@given(data=st.data())
def test_a_mangled_event_is_handled_or_refused(data: st.DataObject) -> None:
    event: Any = deepcopy(data.draw(st.sampled_from(_documents)))
    *parents, last = data.draw(st.sampled_from(sorted(_places(event), key=repr)))
    target = event
    for step in parents:
        target = target[step]
    target[last] = data.draw(_values)
    app = Portico()
    for kind in ("queue", "sns", "schedule", "eventbridge", "s3", "dynamodb", "kinesis"):
        listen(app, kind, RECORDS[kind], lambda record: None)
    handler = Lambda(app)
    try:
        handler(event)
    except EventError:
        pass
    finally:
        handler.close()
