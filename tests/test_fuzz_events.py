"""Events that are no requests: whatever their documents say, a result or the declared error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, example, given
from msgspec import Struct

import service_events as documents
from fuzzing import JSON, fuzz, mutants
from portico import MalformedJSONError, Portico, QueueMessage, SchemaError, UnhandledEventError
from portico._event_record import RECORDS
from portico.contract import Platform
from portico_lambda import EventError, Lambda, LambdaPlatform

DOCUMENTS: list[Any] = [
    documents.sqs({"id": 1}, "text"),
    documents.sqs({"id": 1}, {"id": 2}, queue="orders.fifo", groups=("a", "b")),
    documents.sns({"id": 1}),
    documents.SCHEDULED_RULE,
    documents.SCHEDULE,
    documents.bus_event({"id": 1}),
    documents.s3("a+b%C3%A9", "%FF"),
    documents.dynamodb(*({"id": {"N": "1"}, "all": {"M": {"a": {"L": [{"B": "AAE="}]}}}},) * 2),
    documents.kinesis(b"{}", b"\xff"),
]


# What a typed handler's payload is not.
FAULTY = (SchemaError, MalformedJSONError)


class Order(Struct):
    id: int


def is_faulty(error: Any) -> bool:
    inner = getattr(error, "exceptions", None)
    return isinstance(error, FAULTY) if inner is None else all(map(is_faulty, inner))


def taker(record: Any) -> Any:
    def take(record: Any) -> None:
        repr(record)

    take.__annotations__ = {"record": record, "return": None}
    return take


@pytest.fixture(scope="module")
def handlers() -> Iterator[list[Lambda]]:
    """One that takes everything as it comes, and one of which a queue has typed messages."""
    plain, typed = Portico(), Portico()

    def order(message: QueueMessage[Order]) -> None:
        assert type(message.body.id) is int

    for kind in ("sqs", "sns", "schedule", "eventbridge", "s3", "dynamodb", "kinesis"):
        plain.on(kind)(taker(RECORDS[kind]))
    typed.on("sqs")(order)
    found = [Lambda(plain), Lambda(typed)]
    yield found
    for each in found:
        each.close()


def changed(document: Any, **fields: Any) -> Any:
    return {"Records": [{**document["Records"][0], **fields}]}


HUGE = changed(documents.sqs("text"), attributes={"SentTimestamp": "9" * 400})
LATE = changed(
    documents.dynamodb({"id": {"N": "1"}}),
    dynamodb={"SequenceNumber": "1", "ApproximateCreationDateTime": 10**400},
)
LISTED = changed(
    documents.dynamodb({"id": {"N": "1"}}),
    dynamodb={"SequenceNumber": "1", "Keys": {"id": {"N": [0, [1], 0]}}},
)


@fuzz(600)
@example(HUGE).via("a time that no float can be")
@example(LATE).via("the same as a number")
@example(LISTED).via("a list that `Decimal` takes for a number")
@given(mutants(DOCUMENTS) | JSON)
def test_an_event_of_a_service_may_be_any_json(handlers: list[Lambda], document: Any) -> None:
    reports: list[BaseException] = []

    def report(self: Platform, error: BaseException, where: str) -> None:
        reports.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LambdaPlatform, "report", report)
        for handler in handlers:
            try:
                result = handler(document, None)
            except (EventError, UnhandledEventError) as error:
                event(type(error).__name__)
                continue
            except (*FAULTY, ExceptionGroup) as error:
                event("faulty payload")
                reports.append(error)
                continue
            event(f"result of {type(result).__name__}")
            json.dumps(result, allow_nan=False)
    # What a typed handler's message is not is told of in the log, and the message comes again.
    assert all(is_faulty(error) for error in reports)
