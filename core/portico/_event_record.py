"""What the handlers of events are called with: one class for each kind of event.

=================  =================  ==============================================================
kind               record             what it is
=================  =================  ==============================================================
`"queue"`          `QueueMessage`     a message of Amazon SQS or of Cloudflare Queues
`"sqs"`            `QueueMessage`     the same, of Amazon SQS alone
`"sns"`            `TopicMessage`     a message of an Amazon SNS topic
`"schedule"`       `ScheduledEvent`   a schedule of EventBridge, or a cron trigger of Workers
`"eventbridge"`    `BusEvent`         any other event of an EventBridge bus
`"s3"`             `ObjectEvent`      what happened to an object in an Amazon S3 bucket
`"dynamodb"`       `TableChange`      a change of an item, from the stream of a DynamoDB table
`"kinesis"`        `StreamRecord`     a record of a Kinesis data stream
=================  =================  ==============================================================

Where a class has a type parameter, that is the declared type of the fields that the sender fills:
they are decoded and validated by it. `bytes` and `str` take them as they came, any other type takes
a text or bytes as JSON; `Any` (and no type) takes what came, undecoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

T = TypeVar("T")

EventKind: TypeAlias = Literal[
    "dynamodb", "eventbridge", "kinesis", "queue", "s3", "schedule", "sns", "sqs"
]


class QueueMessage(NamedTuple, Generic[T]):
    """A message of a queue. The handler returns: it is done; it raises: it comes again.

    Attributes:
        id: the queue's name for the message.
        body: what was sent, as the declared type.
        queue: the name of the queue.
        attempts: how often it was delivered, this time included.
        sent: when it was sent.
        attributes: what was sent beside the body: texts, or bytes (SQS); empty on Workers.
        group: the group in which a FIFO queue keeps the order, or None.
        raw: the message as the platform gave it.
    """

    id: str
    body: T
    queue: str
    attempts: int
    sent: datetime
    attributes: Mapping[str, str | bytes]
    group: str | None
    raw: Any


class TopicMessage(NamedTuple, Generic[T]):
    """A message of a topic (Amazon SNS).

    Attributes:
        id: the topic's name for the message.
        body: what was published, as the declared type.
        topic: the name of the topic.
        subject: that of the message, or None.
        sent: when it was published.
        attributes: what was published beside it: texts, or bytes.
        raw: the record as the platform gave it.
    """

    id: str
    body: T
    topic: str
    subject: str | None
    sent: datetime
    attributes: Mapping[str, str | bytes]
    raw: Any


class BusEvent(NamedTuple, Generic[T]):
    """An event of a bus (Amazon EventBridge).

    Attributes:
        id: the bus's name for the event.
        detail: what was sent, as the declared type.
        source: who sent it: `"com.example.shop"`, `"aws.ec2"`.
        detail_type: what kind of thing happened, in the words of the source.
        sent: when it happened.
        account: the number of the AWS account that it comes from.
        region: the AWS region that it comes from.
        resources: the ARNs that it is about.
        raw: the event as the platform gave it.
    """

    id: str
    detail: T
    source: str
    detail_type: str
    sent: datetime
    account: str
    region: str
    resources: tuple[str, ...]
    raw: Any


class ScheduledEvent(NamedTuple):
    """The time of a schedule has come.

    Attributes:
        name: of the rule or the schedule (EventBridge); the cron expression on Workers.
        due: when it was due, as far as the platform says.
        raw: the event as the platform gave it.
    """

    name: str
    due: datetime
    raw: Any


class ObjectEvent(NamedTuple):
    """Something happened to an object in a bucket (Amazon S3).

    Attributes:
        name: what happened: `"ObjectCreated:Put"`.
        bucket: the name of the bucket.
        key: the key of the object, decoded.
        size: bytes, or None where the object is gone.
        etag: the ETag, without quotation marks, or None.
        version: the version of the object, or None where the bucket keeps none.
        sequencer: a hexadecimal number that orders the events of one key.
        sent: when it happened.
        raw: the record as the platform gave it.
    """

    name: str
    bucket: str
    key: str
    size: int | None
    etag: str | None
    version: str | None
    sequencer: str
    sent: datetime
    raw: Any


class TableChange(NamedTuple, Generic[T]):
    """An item of a table has changed (DynamoDB Streams).

    Numbers with a fraction are `Decimal`, sets are lists; the declared type takes them further.

    Attributes:
        name: `"INSERT"`, `"MODIFY"` or `"REMOVE"`.
        table: the name of the table.
        keys: the key of the item.
        new: the item after the change, as the declared type; None where there is none, or the
            stream leaves it out.
        old: the item before it, likewise.
        sequence: the number of the change in its shard.
        sent: when it happened.
        raw: the record as the platform gave it.
    """

    name: Literal["INSERT", "MODIFY", "REMOVE"]
    table: str
    keys: Mapping[str, Any]
    new: T | None
    old: T | None
    sequence: str
    sent: datetime
    raw: Any


class StreamRecord(NamedTuple, Generic[T]):
    """A record of a stream (Kinesis Data Streams).

    Attributes:
        data: what was put in, as the declared type.
        stream: the name of the stream.
        partition_key: what the sender grouped it by.
        sequence: the number of the record in its shard.
        sent: when it arrived in the stream.
        raw: the record as the platform gave it.
    """

    data: T
    stream: str
    partition_key: str
    sequence: str
    sent: datetime
    raw: Any


RECORDS: Final[dict[str, type[Any]]] = {
    "queue": QueueMessage,
    "sqs": QueueMessage,
    "sns": TopicMessage,
    "schedule": ScheduledEvent,
    "eventbridge": BusEvent,
    "s3": ObjectEvent,
    "dynamodb": TableChange,
    "kinesis": StreamRecord,
}
"""The class of each kind's records."""

PAYLOADS: Final[dict[type[Any], tuple[str, ...]]] = {
    QueueMessage: ("body",),
    TopicMessage: ("body",),
    BusEvent: ("detail",),
    TableChange: ("new", "old"),
    StreamRecord: ("data",),
}
"""The fields that the declared type is for."""
