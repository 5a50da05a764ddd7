"""Events of AWS services as their documentation shows them, shortened where nothing reads them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

Document = dict[str, Any]


def sqs(*bodies: object, queue: str = "orders", groups: tuple[str, ...] = ()) -> Document:
    """Messages with the ids `m1`, `m2`, ...; what is no text is sent as JSON."""
    return {"Records": [_message(*each, queue, groups) for each in enumerate(bodies)]}


def _message(index: int, body: object, queue: str, groups: tuple[str, ...]) -> Document:
    attributes = {
        "ApproximateReceiveCount": "2",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    }
    if groups:
        attributes["MessageGroupId"] = groups[index]
    return {
        "messageId": f"m{index + 1}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": attributes,
        "messageAttributes": {
            "city": {"stringValue": "Graz", "dataType": "String"},
            "mark": {"binaryValue": "AAE=", "dataType": "Binary"},
        },
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-2:123456789012:{queue}",
        "awsRegion": "us-east-2",
    }


def sns(*messages: object) -> Document:
    """Notifications of the topic `shop`."""
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:shop:21be56ed",
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": "2019-01-02T12:45:07.000Z",
                    "MessageId": f"n{index}",
                    "Message": each if isinstance(each, str) else json.dumps(each),
                    "MessageAttributes": {
                        "Test": {"Type": "String", "Value": "TestString"},
                        "TestBinary": {"Type": "Binary", "Value": "AAE="},
                    },
                    "Type": "Notification",
                    "TopicArn": "arn:aws:sns:us-east-1:123456789012:shop",
                    "Subject": "TestInvoke",
                },
            }
            for index, each in enumerate(messages, 1)
        ]
    }


SCHEDULED_RULE: Document = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2015-10-08T16:53:06Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/nightly"],
    "detail": {},
}

SCHEDULE: Document = {
    **SCHEDULED_RULE,
    "source": "aws.scheduler",
    "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"],
    "detail": "{}",
}


def bus_event(detail: object) -> Document:
    """An event of a bus, of `com.example.shop`."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Order placed",
        "source": "com.example.shop",
        "account": "111122223333",
        "time": "2017-12-22T18:43:48Z",
        "region": "us-west-1",
        "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
        "detail": detail,
    }


def s3(*keys: str) -> Document:
    """Objects that were put into the bucket `pictures`; keys as they are in events."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-2",
                "eventTime": "2019-09-03T19:37:27.192Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": "pictures", "arn": "arn:aws:s3:::pictures"},
                    "object": {
                        "key": key,
                        "size": 1305107,
                        "eTag": "b21b84d653bb07b05b1e6b33684dc11b",
                        "sequencer": "0C0F6F405D6ED209E1",
                    },
                },
            }
            for key in keys
        ]
    }


def dynamodb(*images: object) -> Document:
    """Items of the table `orders` that are new; the sequence numbers are 1, 2, ..."""
    return {
        "Records": [
            {
                "eventID": "c4ca4238a0b923820dcc509a6f75849b",
                "eventName": "INSERT",
                "eventVersion": "1.0",
                "eventSource": "aws:dynamodb",
                "awsRegion": "us-east-1",
                "dynamodb": {
                    "Keys": {"id": {"N": "101"}},
                    "NewImage": image,
                    "ApproximateCreationDateTime": 1428537600,
                    "SequenceNumber": str(index),
                    "SizeBytes": 26,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/"
                "2015-06-27T00:48:05.899",
            }
            for index, image in enumerate(images, 1)
        ]
    }


def kinesis(*data: bytes) -> Document:
    """Records of the stream `clicks`; the sequence numbers are 1, 2, ..."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "1",
                    "sequenceNumber": str(index),
                    "data": b64encode(each).decode(),
                    "approximateArrivalTimestamp": 1545084650.987,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{index}",
                "eventName": "aws:kinesis:record",
                "awsRegion": "us-east-2",
                "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/clicks",
            }
            for index, each in enumerate(data, 1)
        ]
    }
