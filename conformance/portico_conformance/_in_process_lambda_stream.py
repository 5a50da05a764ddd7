"""Lambda without AWS, whose answers leave piece by piece: a runtime that streams, and its front.

What the function sends is taken one piece at a time, as the client asks for it. A front that nobody
reads from any more takes nothing, as the Runtime API does after an invocation has ended.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition, Lock
from time import monotonic
from typing import Any

from portico_conformance._case import Client, Row
from portico_conformance._in_process import TIMEOUT, BrokenAnswerError, InProcessClient
from portico_conformance._in_process_lambda import (
    INVOCATION,
    InvocationContext,
    LambdaCall,
    as_the_front_reads_it,
    plain_answer,
)
from portico_conformance._lambda_events import Event, RequestRefused, to_event
from portico_conformance._lambda_results import from_result
from portico_conformance._lambda_stream import END_OF_PRELUDE
from portico_conformance._wire import WireRequest, WireResponse
from portico_lambda import Lambda, RuntimeApiError


@contextmanager
def streaming_lambda_client(row: Row, handler: Lambda) -> Generator[Client]:
    """A client of a handler whose answers are streamed, behind a function URL."""
    one_at_a_time = Lock()
    # One thread answers one invocation after the other, as in a runtime.
    with ThreadPoolExecutor(max_workers=1) as runtime:

        def begin(request: WireRequest, more: bool) -> _StreamingCall:
            return _StreamingCall(handler, request, more, one_at_a_time, runtime)

        yield InProcessClient(row, begin)
        runtime.submit(handler.close).result(TIMEOUT)


class _Front:
    """Takes an answer that is streamed, and gives it to a client."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._pieces: deque[bytes] = deque()
        self._ended = False
        self._error: BaseException | None = None
        self.is_open = False
        self.is_broken = False

    # The function's side

    def open(self, first: bytes) -> None:
        self.is_open = True
        self.send(first)

    def send(self, chunk: bytes) -> None:
        assert chunk, "an empty chunk would end the stream"
        with self._changed:
            self._changed.wait_for(lambda: not self._pieces or self.is_broken, TIMEOUT)
            if self.is_broken:
                raise RuntimeApiError("The invocation has ended.")
            self._pieces.append(chunk)
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    # The client's side

    def piece(self) -> bytes:
        """The next chunk; empty at the end."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._pieces or self._ended, TIMEOUT):
                raise TimeoutError(f"no piece of the answer came for {TIMEOUT} seconds")
            if self._pieces:
                piece = self._pieces.popleft()
                self._changed.notify_all()
                return piece
            if self._error is not None:
                raise BrokenAnswerError("the trailer fields have an error") from self._error
            return b""

    def give_up(self) -> None:
        """Take nothing more."""
        with self._changed:
            self.is_broken = True
            self._changed.notify_all()


class _StreamingCall(LambdaCall):
    """One request: collected, invoked with, and answered piece by piece."""

    def __init__(
        self,
        handler: Lambda,
        request: WireRequest,
        more: bool,
        turn: Lock,
        runtime: ThreadPoolExecutor,
    ) -> None:
        super().__init__(handler, "url", request, more, turn)
        self._function = handler
        self._runtime = runtime
        self._front = _Front()
        self._invocation: Future[None] | None = None
        self._first = b""

    def answered(self, request: WireRequest) -> WireResponse:
        try:
            event = to_event("url", as_the_front_reads_it(request))
        except RequestRefused as refusal:
            answer = plain_answer(refusal.status, refusal.reason, request)
            self._first = answer.body
            self._front.end()
            return WireResponse(answer.status, answer.headers)
        self._invocation = self._runtime.submit(self._invoke, json.loads(json.dumps(event)))
        head, _, body = self._front.piece().partition(END_OF_PRELUDE)
        result: dict[str, Any] = {**json.loads(head), "body": "", "isBase64Encoded": False}
        answer = from_result("url", result, request)
        is_bodiless = request.method == "HEAD" or answer.status in (204, 304)
        self._first = b"" if is_bodiless else body
        headers = list(answer.headers)
        if not is_bodiless:
            # The front does not know how long a body is, unless it was told.
            headers = [pair for pair in headers if pair[0] != "content-length"]
            told = result["headers"].get("content-length")
            headers += [] if told is None else [("content-length", told)]
        return WireResponse(answer.status, headers)

    def piece(self) -> bytes:
        first, self._first = self._first, b""
        return first or self._front.piece()

    def close(self) -> None:
        super().close()
        self._front.give_up()
        if self._invocation is not None:
            self._invocation.result(TIMEOUT)

    def _invoke(self, event: Event) -> None:
        context = InvocationContext(deadline=monotonic() + INVOCATION)
        try:
            self._function.stream(event, context, self._front)
        except RuntimeApiError:
            self._front.give_up()
