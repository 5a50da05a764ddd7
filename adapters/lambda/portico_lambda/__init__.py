"""Portico behind AWS Lambda: `handler = Lambda(app)`, for each service that sends HTTP."""

from typing import TYPE_CHECKING, Final

from portico_lambda._answer_body import AnswerTooLargeError
from portico_lambda._handler import Lambda
from portico_lambda._platform import (
    CAPABILITIES,
    EVENT_KINDS,
    STREAMING_CAPABILITIES,
    LambdaPlatform,
)
from portico_lambda._request import LambdaRequest
from portico_lambda._shapes import EventError, Shape, shape_of

if TYPE_CHECKING:
    from portico_lambda._answer_stream import AnswerStream, RuntimeApiError
    from portico_lambda._connections import (
        Connection,
        Connections,
        GoneError,
        MemoryConnections,
        PostError,
    )
    from portico_lambda._gateway_connections import GatewayConnections
    from portico_lambda._raw import LambdaRaw
    from portico_lambda._signature_v4 import MissingCredentialsError
    from portico_lambda._socket_platform import SOCKET_CAPABILITIES
    from portico_lambda._time_limit import OutOfTimeError
else:

    def __getattr__(name: str) -> object:
        # What some functions need alone is loaded when they ask for it.
        module = _LATE.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from importlib import import_module

        found = globals()[name] = getattr(import_module(module), name)
        return found


_LATE: Final = {
    "SOCKET_CAPABILITIES": "portico_lambda._socket_platform",
    "AnswerStream": "portico_lambda._answer_stream",
    "Connection": "portico_lambda._connections",
    "Connections": "portico_lambda._connections",
    "GatewayConnections": "portico_lambda._gateway_connections",
    "GoneError": "portico_lambda._connections",
    "LambdaRaw": "portico_lambda._raw",
    "MemoryConnections": "portico_lambda._connections",
    "MissingCredentialsError": "portico_lambda._signature_v4",
    "OutOfTimeError": "portico_lambda._time_limit",
    "PostError": "portico_lambda._connections",
    "RuntimeApiError": "portico_lambda._answer_stream",
}

__all__ = [
    "CAPABILITIES",
    "EVENT_KINDS",
    "SOCKET_CAPABILITIES",
    "STREAMING_CAPABILITIES",
    "AnswerStream",
    "AnswerTooLargeError",
    "Connection",
    "Connections",
    "EventError",
    "GatewayConnections",
    "GoneError",
    "Lambda",
    "LambdaPlatform",
    "LambdaRaw",
    "LambdaRequest",
    "MemoryConnections",
    "MissingCredentialsError",
    "OutOfTimeError",
    "PostError",
    "RuntimeApiError",
    "Shape",
    "shape_of",
]
