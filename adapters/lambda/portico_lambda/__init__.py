"""Portico behind AWS Lambda: `handler = Lambda(app)`, for each service that sends HTTP."""

from portico_lambda._answer_body import AnswerTooLargeError
from portico_lambda._answer_stream import AnswerStream, RuntimeApiError
from portico_lambda._handler import Lambda
from portico_lambda._platform import (
    CAPABILITIES,
    EVENT_KINDS,
    STREAMING_CAPABILITIES,
    LambdaPlatform,
    LambdaRaw,
)
from portico_lambda._request import LambdaRequest
from portico_lambda._shapes import EventError, Shape, shape_of
from portico_lambda._time_limit import OutOfTimeError

__all__ = [
    "CAPABILITIES",
    "EVENT_KINDS",
    "STREAMING_CAPABILITIES",
    "AnswerStream",
    "AnswerTooLargeError",
    "EventError",
    "Lambda",
    "LambdaPlatform",
    "LambdaRaw",
    "LambdaRequest",
    "OutOfTimeError",
    "RuntimeApiError",
    "Shape",
    "shape_of",
]
