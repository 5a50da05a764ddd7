"""The runtime of Lambda of our own: whatever it is invoked with, and whatever is answered."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from email.message import Message
from typing import Any

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from fuzz_application import application
from fuzzing import FIELD_TEXT, JSON, VALUES, fuzz, mutants
from portico import Context, Portico, Response
from portico_conformance._lambda_events import SHAPES, to_event
from portico_conformance._wire import WireRequest
from portico_lambda import Lambda, LambdaPlatform, RuntimeApiError
from portico_lambda._answer_stream import AnswerStream
from portico_lambda._runtime_api import Invoked
from portico_lambda._runtime_loop import answer_one

END = bytes(8)


class Taken(AnswerStream):
    """A stream that keeps what it is given, and is refused at one of its steps.

    Args:
        refused: which step is not taken; None takes all.
    """

    def __init__(self, refused: int | None = None) -> None:
        self.steps: list[tuple[str, Any]] = []
        self._refused = refused
        self._is_broken = False

    @property
    def is_open(self) -> bool:
        return bool(self.steps)

    @property
    def is_broken(self) -> bool:
        return self._is_broken

    def open(self, first: bytes, /) -> None:
        assert not self.steps
        self._take("open", first)

    def send(self, chunk: bytes, /) -> None:
        assert chunk
        assert self.is_open
        self._take("send", chunk)

    def end(self, error: BaseException | None = None, /) -> None:
        self._take("end", error)

    def _take(self, kind: str, value: Any) -> None:
        assert "end" not in [known for known, _ in self.steps]
        self.steps.append((kind, value))
        if self._refused is not None and len(self.steps) > self._refused:
            self._is_broken = True
            raise RuntimeApiError("refused")

    def prelude(self) -> tuple[dict[str, Any], bytes]:
        """Status and fields, and the body as far as it came."""
        head, end, body = self.steps[0][1].partition(END)
        assert end
        rest = [value for kind, value in self.steps if kind == "send"]
        return json.loads(head), body + b"".join(rest)


class Api:
    """A Runtime API that hands out one invocation, and takes one result."""

    def __init__(self, invoked: Invoked, refused: int | None = None) -> None:
        self._invoked = invoked
        self._refuses = refused is not None
        self.taken = Taken(refused)
        self.results: list[tuple[str, Any]] = []

    def next(self) -> Invoked:
        return self._invoked

    def respond(self, id: str, result: bytes) -> None:
        self.results.append(("respond", json.loads(result)))
        if self._refuses:
            raise RuntimeApiError("refused")

    def fail(self, id: str, error: BaseException) -> None:
        self.results.append(("fail", error))
        if self._refuses:
            raise RuntimeApiError("refused")

    def stream(self, id: str) -> Taken:
        return self.taken


# Invocations


def event_of(shape: Any, target: str = "/seen/a?b=c") -> Any:
    fields = [("Host", "h.example"), ("Cookie", "a=b"), ("X-Forwarded-For", "1.2.3.4")]
    return to_event(shape, WireRequest("GET", target, fields))


EVENTS = [event_of(shape) for shape in SHAPES]
PAYLOADS: st.SearchStrategy[bytes] = st.one_of(
    mutants(EVENTS).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(EVENTS).map(lambda value: json.dumps(value).encode()),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=20),
    st.sampled_from([b"", b"{", b"\xff", b"[" * 100_000, b"{} {}", b"NaN", b"\xef\xbb\xbf{}"]),
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "Lambda-Runtime-Aws-Request-Id",
            "Lambda-Runtime-Client-Context",
            "Lambda-Runtime-Cognito-Identity",
            "Lambda-Runtime-Deadline-Ms",
            "Lambda-Runtime-Invoked-Function-Arn",
            "Lambda-Runtime-Trace-Id",
        ]
    ),
    FIELD_TEXT
    | st.sampled_from(
        [value for value in VALUES if isinstance(value, str) and max(value, default="") < "\x7f"]
        + ['{"a": 1}', "[" * 5000, "{}", '{"": 1}', "9" * 5000, "²", "-1", "0", "99999999999999"]
    ),
)


@pytest.fixture(scope="module")
def handler() -> Iterator[Lambda]:
    made = Lambda(application(), max_body_size=4096, max_form_size=8192)
    yield made
    made.close()


@fuzz(500)
@example(b"{}", {"Lambda-Runtime-Trace-Id": "a\0b"}, True, None).via("no variable has that")
@given(PAYLOADS, FIELDS, st.booleans(), st.none() | st.integers(0, 2))
def test_an_invocation_is_answered_once_or_has_failed_and_the_runtime_goes_on(
    handler: Lambda,
    payload: bytes,
    fields: dict[str, str],
    streams: bool,
    refused: int | None,
) -> None:
    headers = Message()
    for name, value in fields.items():
        headers[name] = value
    invoked = Invoked(fields.get("Lambda-Runtime-Aws-Request-Id", ""), headers, payload)
    api: Any = Api(invoked, refused)

    logging.disable()
    try:
        answer_one(handler, api, streams=streams)
    finally:
        logging.disable(logging.NOTSET)
        os.environ.pop("_X_AMZN_TRACE_ID", None)

    results, steps = [kind for kind, _ in api.results], [kind for kind, _ in api.taken.steps]
    event(" ".join([*results, *steps]))
    if refused is not None:
        assert results or steps
    elif steps:
        assert steps[0] == "open"
        assert steps[-1] == "end"
        assert api.taken.steps[-1][1] is None
        assert results == []
        assert api.taken.prelude()[0]["statusCode"] < 600
    else:
        assert len(results) == 1


# Answers


class Closing:
    """Chunks that note that they are closed, and may fail."""

    def __init__(self, chunks: list[Any]) -> None:
        self.chunks = chunks
        self.closed = 0
        self.begun = False

    def sync(self) -> Iterator[Any]:
        try:
            self.begun = True
            for chunk in self.chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self.closed += 1

    async def asynchronous(self) -> AsyncIterator[Any]:
        try:
            self.begun = True
            for chunk in self.chunks:
                await asyncio.sleep(0)
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self.closed += 1


CHUNKS = st.lists(
    st.binary(max_size=8)
    | st.text(max_size=8)
    | st.sampled_from(["", b"", "\ud800", LookupError("no more"), 5, {"a": 1}, None, END]),
    max_size=5,
)
# Nothing that no field may have: those are refused where they are set.
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))
SETTINGS = st.lists(
    st.tuples(
        st.sampled_from(["set-cookie", "vary", "content-type", "x-any", "etag", "content-length"]),
        VALUE.filter(lambda text: all(not 0x7F <= ord(char) < 0xA0 for char in text)),
    ),
    max_size=4,
)


@fuzz(500)
@given(
    st.sampled_from(["sync", "asynchronous"]),
    CHUNKS,
    st.sampled_from([200, 201, 404, 500, 599]),
    SETTINGS,
    st.none() | st.integers(0, 5),
    st.sampled_from(["url", "rest"]),
    st.sampled_from(["GET", "HEAD"]),
)
def test_an_answer_leaves_whole_or_is_broken_off_and_is_closed_once(
    colour: str,
    chunks: list[Any],
    status: int,
    fields: list[tuple[str, str]],
    refused: int | None,
    shape: Any,
    method: str,
) -> None:
    app, source, worked = Portico(), Closing(chunks), list[str]()
    reports: list[BaseException] = []

    @app.get("/")
    def answer(ctx: Context) -> Response:
        ctx.wait_until(lambda: worked.append("done"))
        made = source.sync() if colour == "sync" else source.asynchronous()
        return Response(made, status=status, headers=fields)

    def report(self: LambdaPlatform, error: BaseException, where: str) -> None:
        reports.append(error)

    taken, function = Taken(refused), Lambda(app)
    asked = to_event(shape, WireRequest(method, "/", [("Host", "h.example")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LambdaPlatform, "report", report)
        try:
            function.stream(json.loads(json.dumps(asked)), None, taken)
        finally:
            function.close()

    kinds = [kind for kind, _ in taken.steps]
    event(" ".join(kinds))
    assert worked == ["done"]
    assert source.closed == source.begun
    assert kinds[0] == "open"
    if refused is not None and refused < len(kinds):
        assert taken.is_broken
        assert reports
        return
    assert kinds[-1] == "end"
    prelude, body = taken.prelude()
    error = taken.steps[-1][1]
    if reports:
        assert error is not None or prelude["statusCode"] == 500
        return
    assert (error, prelude["statusCode"]) == (None, status)
    if method == "HEAD":
        assert body == b""
        return
    assert body == b"".join(each.encode() if isinstance(each, str) else each for each in chunks)
