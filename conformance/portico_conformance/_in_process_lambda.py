"""Lambda without AWS: a request becomes an event, a handler's result an answer.

The whole body is collected first, as every AWS front does, and there is one invocation; what the
front would refuse is refused, and what it would not accept from a function is a 502.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from threading import Event as Signal
from threading import Lock
from time import monotonic

from portico_conformance._case import Client, NoAnswerError, Row
from portico_conformance._http_front import read_request
from portico_conformance._in_process import TIMEOUT, InProcessClient
from portico_conformance._lambda_events import Event, RequestRefused, Shape, to_event
from portico_conformance._lambda_results import GatewayError, from_result
from portico_conformance._wire import WireRequest, WireResponse

Handler = Callable[[Event, object], object]

INVOCATION = 30.0  # seconds that an invocation may take


@contextmanager
def lambda_client(row: Row, handler: Handler, shape: Shape) -> Generator[Client]:
    """A client of a handler behind one event shape; at the end its `close`, if any, is called."""
    one_at_a_time = Lock()

    def begin(request: WireRequest, more: bool) -> LambdaCall:
        return LambdaCall(handler, shape, request, more, one_at_a_time)

    yield InProcessClient(row, begin)
    close: Callable[[], None] | None = getattr(handler, "close", None)
    if close is not None:
        close()


@dataclass(frozen=True, slots=True)
class InvocationContext:
    """What AWS's runtime client passes as the context of an invocation."""

    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    function_name: str = "function"
    function_version: str = "$LATEST"
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    memory_limit_in_mb: str = "128"
    log_group_name: str = "/aws/lambda/function"
    log_stream_name: str = "2026/11/21/[$LATEST]8476a536e9f411e897392dfe598c3fcd"
    deadline: float = 0.0

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the invocation."""
        return max(int((self.deadline - monotonic()) * 1000), 0)


class LambdaCall:
    """One request: collected, invoked with when the client asks for the answer, and answered."""

    def __init__(
        self, handler: Handler, shape: Shape, request: WireRequest, more: bool, turn: Lock
    ) -> None:
        self._handler = handler
        self._shape: Shape = shape
        self._request = request
        self._body = bytearray(request.body)
        self._complete = Signal()
        self._gone = False
        self._turn = turn
        self._rest = b""
        if not more:
            self._complete.set()

    def feed(self, data: bytes) -> None:
        self._body += data

    def end(self) -> None:
        self._complete.set()

    def head(self) -> WireResponse:
        if self._gone:
            raise NoAnswerError("the client itself has disconnected")
        if not self._complete.wait(TIMEOUT):
            raise TimeoutError(f"the body was not complete after {TIMEOUT} seconds")
        request = self._request
        whole = WireRequest(request.method, request.target, request.headers, bytes(self._body))
        return self.answered(whole)

    def answered(self, request: WireRequest) -> WireResponse:
        """Invoke the function with a whole request: status and headers."""
        with self._turn:
            answer = self._answer(request)
        self._rest = answer.body
        return WireResponse(answer.status, answer.headers)

    def piece(self) -> bytes:
        piece, self._rest = self._rest, b""
        return piece

    def disconnect(self) -> None:
        self._gone = True

    def close(self) -> None:
        self._gone = True

    def _answer(self, request: WireRequest) -> WireResponse:
        try:
            event = to_event(self._shape, as_the_front_reads_it(request))
        except RequestRefused as refusal:
            return plain_answer(refusal.status, refusal.reason, request)
        context = InvocationContext(deadline=monotonic() + INVOCATION)
        try:
            result = self._handler(json.loads(json.dumps(event)), context)
            return from_result(self._shape, json.loads(json.dumps(result)), request)
        except GatewayError as error:
            return plain_answer(error.status, f"GatewayError: {error}", request)
        except Exception as error:  # noqa: BLE001 - whatever the function did is a 502
            return plain_answer(502, f"{type(error).__name__}: {error}", request)


def as_the_front_reads_it(request: WireRequest) -> WireRequest:
    """The request after a trip through the gateway's HTTP, which refuses what is malformed.

    Raises:
        RequestRefused: with the status that the front answers.
    """
    headers = [(name, value) for name, value in request.headers if name.lower() != "expect"]
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"{request.method} {request.target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")
    body = request.body
    if request.get("transfer-encoding") is not None:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        body = chunk + b"0\r\n\r\n"
    # The socket is for the interim answer to Expect alone.
    with socket.socket() as unused:
        read = read_request(unused, BufferedReader(BytesIO(head + body)))
    if read is None:
        raise RequestRefused(400, "there is no request")
    return read[0]


def plain_answer(status: int, text: str, request: WireRequest) -> WireResponse:
    """An answer of the front's own."""
    body = text.encode()
    headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))]
    return WireResponse(status, headers, b"" if request.method == "HEAD" else body)
