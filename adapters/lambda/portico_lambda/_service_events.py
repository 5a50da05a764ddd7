"""From an event that is no request to the records of it, for `app.on`.

==============  ======================================  ========================  =================
kind            known by                                a handler names           of one group
==============  ======================================  ========================  =================
`sqs`, `queue`  `Records[0].eventSource`: `aws:sqs`     the queue                 FIFO's, by group
`sns`           `Records[0].EventSource`: `aws:sns`     the topic
`s3`            `Records[0].eventSource`: `aws:s3`      the bucket
`dynamodb`      `Records[0].eventSource`:               the table                 all of them
                `aws:dynamodb`
`kinesis`       `Records[0].eventSource`:               the stream                all of them
                `aws:kinesis`
`schedule`      `detail-type`: `Scheduled Event`, of    the rule or the schedule
                `aws.events` or `aws.scheduler`
`eventbridge`   `detail-type`, `source`, `detail`       the detail-type, or the
                                                        source
==============  ======================================  ========================  =================

Lambda goes on with a stream at the first record of a shard that has failed, so what follows that is
not tried; a queue is told of each message by itself.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from portico import (
    BusEvent,
    ObjectEvent,
    PeerError,
    QueueMessage,
    ScheduledEvent,
    StreamRecord,
    TableChange,
    TopicMessage,
)
from portico.contract import Delivery, PlatformEvent
from portico_lambda._attribute_values import item_of
from portico_lambda._fields import as_table, listed, required, seen, table, text
from portico_lambda._shapes import EventError, first_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portico_lambda._fields import Fields

REPORTS_EACH: Final = frozenset({"sqs", "dynamodb", "kinesis"})
"""The kinds whose failures are told by record (`ReportBatchItemFailures`)."""

_MILLISECONDS: Final = 1000  # in a second


def read_service_event(event: object) -> PlatformEvent | None:
    """The records of an event, or None where it is none of the table above.

    Raises:
        EventError: a field is of another type than documented, or missing.
    """
    fields = seen(event)
    try:
        if "detail-type" in fields and "source" in fields:
            return _bus_event(fields)
        record = first_record(fields)
        source = record.get("eventSource") or record.get("EventSource")
        reader = _READERS.get(source) if isinstance(source, str) else None
        if reader is None:
            return None
        kinds, names, read = reader
        records = [as_table(each, "Records") for each in listed(fields.get("Records"), "Records")]
        return PlatformEvent(kinds, names(record), [read(each) for each in records])
    except PeerError as error:
        raise EventError(error.detail) from None


# Amazon SQS


def _queue(record: Fields) -> list[str]:
    return [_last(required(record, "eventSourceARN"), ":")]


def _message(record: Fields) -> Delivery:
    attributes = table(record, "attributes")
    (queue,) = _queue(record)
    group = text(attributes, "MessageGroupId") or None
    message = QueueMessage(
        id=required(record, "messageId"),
        body=text(record, "body"),
        queue=queue,
        attempts=_whole(text(attributes, "ApproximateReceiveCount") or "1"),
        sent=_at(_whole(text(attributes, "SentTimestamp") or "0"), _MILLISECONDS),
        attributes=_attributes(table(record, "messageAttributes"), "dataType", "stringValue"),
        # A queue that keeps no order has groups too, for the sake of fairness.
        group=group if queue.endswith(".fifo") else None,
        raw=record,
    )
    return Delivery(message, message.id, message.group)


# Amazon SNS


def _topic(record: Fields) -> list[str]:
    return [_last(required(table(record, "Sns"), "TopicArn"), ":")]


def _notification(record: Fields) -> Delivery:
    sns = table(record, "Sns")
    message = TopicMessage(
        id=required(sns, "MessageId"),
        body=text(sns, "Message"),
        topic=_last(required(sns, "TopicArn"), ":"),
        subject=text(sns, "Subject") or None,
        sent=_time(required(sns, "Timestamp")),
        attributes=_attributes(table(sns, "MessageAttributes"), "Type", "Value"),
        raw=record,
    )
    return Delivery(message, message.id)


def _attributes(fields: Fields, kind: str, value: str) -> Mapping[str, str | bytes]:
    """The attributes of a message: bytes are in base64, in a field of SQS's own or the same."""
    found: dict[str, str | bytes] = {}
    for name, each in fields.items():
        attribute = as_table(each, name)
        if text(attribute, kind).startswith("Binary"):
            found[name] = _bytes(text(attribute, "binaryValue") or text(attribute, value))
        else:
            found[name] = text(attribute, value)
    return found


# Amazon EventBridge


def _bus_event(fields: Fields) -> PlatformEvent:
    source, detail_type = required(fields, "source"), required(fields, "detail-type")
    identifier, sent = required(fields, "id"), _time(required(fields, "time"))
    resources = [str(each) for each in listed(fields.get("resources"), "resources")]
    if detail_type == "Scheduled Event" and source in ("aws.events", "aws.scheduler"):
        name = _last(resources[0], "/") if resources else ""
        scheduled = ScheduledEvent(name, sent, fields)
        return PlatformEvent(["schedule"], [name], [Delivery(scheduled, identifier)])
    event = BusEvent[Any](
        id=identifier,
        detail=fields.get("detail"),
        source=source,
        detail_type=detail_type,
        sent=sent,
        account=text(fields, "account"),
        region=text(fields, "region"),
        resources=tuple(resources),
        raw=fields,
    )
    return PlatformEvent(["eventbridge"], [detail_type, source], [Delivery(event, identifier)])


# Amazon S3


def _bucket(record: Fields) -> list[str]:
    return [required(table(table(record, "s3"), "bucket"), "name")]


def _object(record: Fields) -> Delivery:
    stored = table(table(record, "s3"), "object")
    size = stored.get("size")
    # As in a form: a space is a plus.
    key = unquote_plus(required(stored, "key"), errors="surrogateescape")
    (bucket,) = _bucket(record)
    event = ObjectEvent(
        name=required(record, "eventName").removeprefix("s3:"),
        bucket=bucket,
        key=key,
        size=size if isinstance(size, int) else None,
        etag=text(stored, "eTag") or None,
        version=text(stored, "versionId") or None,
        sequencer=text(stored, "sequencer"),
        sent=_time(required(record, "eventTime")),
        raw=record,
    )
    return Delivery(event, f"{bucket}/{key}")


# Streams


def _table_name(record: Fields) -> list[str]:
    # arn:aws:dynamodb:region:account:table/NAME/stream/LABEL
    parts = required(record, "eventSourceARN").split("/")
    return [parts[1] if len(parts) > 1 else parts[0]]


def _change(record: Fields) -> Delivery:
    change = table(record, "dynamodb")
    name: Any = required(record, "eventName")
    (table_name,) = _table_name(record)
    event = TableChange[Any](
        name=name,
        table=table_name,
        keys=item_of(table(change, "Keys")),
        new=_image(change, "NewImage"),
        old=_image(change, "OldImage"),
        sequence=required(change, "SequenceNumber"),
        sent=_at(_seconds(change.get("ApproximateCreationDateTime"))),
        raw=record,
    )
    return Delivery(event, event.sequence, "")


def _image(change: Fields, name: str) -> dict[str, Any] | None:
    return None if change.get(name) is None else item_of(table(change, name))


def _stream_name(record: Fields) -> list[str]:
    return [_last(required(record, "eventSourceARN"), "/")]


def _put(record: Fields) -> Delivery:
    kinesis = table(record, "kinesis")
    (stream,) = _stream_name(record)
    event = StreamRecord[Any](
        data=_bytes(text(kinesis, "data")),
        stream=stream,
        partition_key=text(kinesis, "partitionKey"),
        sequence=required(kinesis, "sequenceNumber"),
        sent=_at(_seconds(kinesis.get("approximateArrivalTimestamp"))),
        raw=record,
    )
    return Delivery(event, event.sequence, "")


_Reader = tuple[list[str], "Callable[[Fields], list[str]]", "Callable[[Fields], Delivery]"]
_READERS: Final[dict[str, _Reader]] = {
    "aws:sqs": (["sqs", "queue"], _queue, _message),
    "aws:sns": (["sns"], _topic, _notification),
    "aws:s3": (["s3"], _bucket, _object),
    "aws:dynamodb": (["dynamodb"], _table_name, _change),
    "aws:kinesis": (["kinesis"], _stream_name, _put),
}


def _last(name: str, separator: str) -> str:
    return name.rpartition(separator)[2]


def _bytes(value: str) -> bytes:
    try:
        return a2b_base64(value, strict_mode=True)  # else it skips what is none
    except (Base64Error, ValueError):
        raise PeerError("The event has a text that is to be base64, and is not.") from None


def _whole(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise PeerError("The event has a text that is to be a whole number.") from None


def _seconds(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0


def _at(number: float, unit: int = 1) -> datetime:
    try:
        return datetime.fromtimestamp(number / unit, UTC)
    except (OverflowError, OSError, ValueError):
        raise PeerError("The event has a time that no calendar has.") from None


def _time(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (OverflowError, ValueError):
        raise PeerError("The event has a text that is to be a time (ISO 8601).") from None
