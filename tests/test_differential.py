"""One generated message through every adapter: all see the same, but for the known losses."""

from __future__ import annotations

import json
import re
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico_conformance._case import Client
from portico_conformance._wire import WireResponse
from portico_conformance.losses import (
    ADDED_FIELDS,
    LOSSES,
    REFERENCE,
    Message,
    expected_on,
    table,
)
from portico_conformance.rows import all_rows

ROOT = Path(__file__).parent.parent
ROWS = [row for row in all_rows() if not row.on_wire]


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Client]]:
    with ExitStack() as stack, warnings.catch_warnings():
        # wsgiref.validate knows the methods of RFC 2616 alone.
        warnings.filterwarnings("ignore", "Unknown REQUEST_METHOD")
        yield {row.id: stack.enter_context(row.open()) for row in ROWS}


METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "M-SEARCH"])
# RFC 3986 `pchar`, and what a client percent-encodes.
ESCAPES = ["%20", "%C3%A9", "%2F", "%2541", "%3F", "%F0%9F%8D%95"]


def joined(pieces: list[str], size: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=size).map("".join)


# No segment of dots: what an encoded slash makes of it is refused, or not, by what is lost of it.
SEGMENTS = joined([*"abzAZ09-_~!$&'()*+,;=:@", "a.b", *ESCAPES], 6)
WORDS = joined([*"ab9-._~", "%20", "+", "%26", "%3D", "%C3%A9"], 5)
# A name is written in one way: where an event has names as they came, two ways would be two names.
PAIRS = st.lists(st.tuples(joined([*"ab9-._~", "%C3%A9"], 3).filter(bool), WORDS), max_size=5)
NAMES = st.sampled_from(["x-one", "X-Two", "x-three-four", "accept", "if-none-match", "x-9"])
VALUES = st.text(st.sampled_from([*"abcXYZ09 \t!#$%&'()*+-./:;<=>?@[]^_`{|}~\"\\"]), max_size=12)
FIELDS = st.lists(st.tuples(NAMES, VALUES.map(str.strip)), max_size=5)
BODIES = st.binary(max_size=64) | st.text(max_size=20).map(str.encode)
MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def by_name(pairs: list[Any]) -> list[tuple[str, str]]:
    """Header fields in the order of their names; commas between values are joined alike."""
    return sorted(
        ((name, re.sub(r",[ \t]*", ",", value)) for name, value in pairs), key=lambda pair: pair[0]
    )


def seen(row: str, answer: WireResponse) -> tuple[dict[str, Any], Message]:
    """What the application tells of a request: what is the same everywhere, and the rest."""
    assert (row, answer.status) == (row, 200)
    told: dict[str, Any] = json.loads(answer.body)
    fields = [pair for pair in told.pop("headers") if pair[0] not in ADDED_FIELDS]
    query = [(name, value) for name, value in told.pop("query")]
    del told["rest"]  # what the path says, decoded once more
    return told, Message(told.pop("path"), query, by_name(fields))


@MANY
@given(METHODS, st.lists(SEGMENTS, max_size=4), PAIRS, FIELDS, BODIES)
def test_a_request_is_the_same_behind_every_adapter(
    clients: dict[str, Client],
    method: str,
    segments: list[str],
    pairs: list[tuple[str, str]],
    fields: list[tuple[str, str]],
    body: bytes,
) -> None:
    query = "&".join(f"{name}={value}" for name, value in pairs)
    target = "/reflected/" + "/".join(segments) + (f"?{query}" if query else "")
    body = b"" if method in ("GET", "OPTIONS") else body

    common, reference = seen(REFERENCE, clients[REFERENCE].request(method, target, fields, body))

    for row, client in clients.items():
        told, message = seen(row, client.request(method, target, fields, body))
        assert (row, *told.items()) == (row, *common.items())
        assert (row, message) == (row, expected_on(row, "request", reference))


STATUSES = st.sampled_from([200, 201, 202, 203, 206, 301, 307, 400, 404, 409, 418, 500, 503, 599])
ANSWER_NAMES = st.sampled_from(["x-one", "x-two", "x-three-four", "etag", "vary", "x-9"])
# wsgiref.validate takes a tab in a value for a line break.
ANSWER_VALUES = VALUES.map(lambda text: text.replace("\t", "").strip()).filter(bool)
COOKIES = st.sampled_from(
    ["a=1; Path=/", "b=2; HttpOnly", "c=x,y; Expires=Wed, 01 Jan 2031 00:00:00 GMT"]
)
ANSWER_FIELDS = st.lists(
    st.tuples(ANSWER_NAMES, ANSWER_VALUES) | st.tuples(st.just("set-cookie"), COOKIES), max_size=5
)
TYPES = st.sampled_from([None, "text/plain;charset=UTF-8", "application/json", "image/png", "x/y"])


@MANY
@given(STATUSES, ANSWER_FIELDS, TYPES, BODIES)
def test_an_answer_is_the_same_behind_every_adapter(
    clients: dict[str, Client],
    status: int,
    fields: list[tuple[str, str]],
    content_type: str | None,
    body: bytes,
) -> None:
    headers = [*fields, ("content-type", content_type)] if content_type else fields
    order = {"status": status, "headers": headers, "body": b64encode(body).decode()}
    request = (
        "POST",
        "/ordered",
        [("content-type", "application/json")],
        json.dumps(order).encode(),
    )

    reference = clients[REFERENCE].request(*request)
    assert (reference.status, reference.body) == (status, body)

    for row, client in clients.items():
        answer = client.request(*request)
        assert (row, answer.status, answer.body) == (row, status, body)
        expected = expected_on(row, "answer", Message("", [], by_name(reference.headers)))
        assert (row, by_name(answer.headers)) == (row, expected.fields)


def test_the_documentation_lists_every_loss() -> None:
    page = (ROOT / "docs" / "what-runtimes-lose.md").read_text(encoding="utf-8")

    assert [line for line in page.splitlines() if line.startswith("|")] == table()


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.what)
def test_every_loss_is_one_of_rows_that_there_are(loss: Any) -> None:
    known = {row.id for row in ROWS}

    assert loss.of in ("request", "answer")
    assert set(loss.rows) <= known
    assert REFERENCE not in loss.rows
    assert loss.change(Message("", [], [])) == Message("", [], []) or loss.of == "answer"
