"""Events that no service would send: a clear answer or the one declared error, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import MISSING, Step, places, replaced
from portico import Context, Portico, Response
from portico_conformance._lambda_events import SHAPES, to_event
from portico_conformance._wire import WireRequest
from portico_lambda import EventError, Lambda, Shape

HOST = ("Host", "shop.example")


def describe(ctx: Context) -> dict[str, object]:
    request = ctx.request
    return {
        "method": request.method,
        "url": str(request.url),
        "peer": list(ctx.platform.peer),
        "cookies": request.cookies,
        "query": list(request.url.search_params),
        "headers": request.headers.items(),
        "body": request.sync.text(),
    }


async def echo(ctx: Context) -> Response:
    return Response(ctx.request.stream())


@pytest.fixture(scope="module")
def handler() -> Iterator[Lambda]:
    app = Portico()
    app.all("/describe/{path:path}", describe)
    app.post("/echo", echo)
    handler = Lambda(app)
    yield handler
    handler.close()


FULL = WireRequest(
    "POST",
    "/describe/a%20b?x=1&x=%2B",
    [HOST, ("Cookie", "a=1"), ("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2")],
    b"body",
)
VALUES = [
    MISSING,
    None,
    "",
    "text",
    "\ud800",
    "a\r\nb: c",
    "\0",
    0,
    -1,
    True,
    [],
    [None],
    {},
    {"a": None},
]


EVENTS: list[tuple[Shape, Any, list[tuple[Step, ...]]]] = [
    (shape, event, list(places(event))) for shape in SHAPES for event in [to_event(shape, FULL)]
]


def answer_status(result: dict[str, object]) -> int:
    return int(cast("int | str", result.get("statusCode", result.get("status"))))


def survives(handler: Lambda, event: object) -> None:
    """Nothing but a clear answer or the one declared error."""
    try:
        result = handler(event, None)
    except EventError:
        return
    assert answer_status(result) < 500
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize(("shape", "event", "paths"), EVENTS, ids=SHAPES)
def test_any_field_may_be_missing_null_or_of_another_type(
    shape: Shape,
    event: Any,
    paths: list[tuple[Step, ...]],
    handler: Lambda,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for path in paths:
        for value in VALUES:
            survives(handler, replaced(event, path, value))
    assert caplog.records == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_several_fields_may_be_anything(handler: Lambda, data: st.DataObject) -> None:
    _, event, _ = data.draw(st.sampled_from(EVENTS))
    for _ in range(data.draw(st.integers(1, 4))):
        paths = list(places(event))
        if paths:
            event = replaced(event, data.draw(st.sampled_from(paths)), data.draw(JSON))

    survives(handler, event)


@settings(deadline=None, max_examples=150)
@given(
    shape=st.sampled_from(SHAPES),
    path=st.text(),
    query=st.text(),
    body=st.binary(),
    value=st.text(),
)
def test_paths_queries_bodies_and_header_values_may_be_anything(
    handler: Lambda, shape: Shape, path: str, query: str, body: bytes, value: str
) -> None:
    event: Any = to_event(shape, WireRequest("POST", "/echo", [HOST], body))
    names = {"rest": "path", "http": "rawPath", "url": "rawPath", "lattice-v1": "raw_path"}
    if shape == "edge":
        request = event["Records"][0]["cf"]["request"]
        request |= {"uri": path, "querystring": query}
        request["headers"]["x-any"] = [{"key": "X-Any", "value": value}]
    else:
        event[names.get(shape, "path")] = path
        event["rawQueryString"] = query
        headers = event.get("multiValueHeaders") or event["headers"]
        headers["x-any"] = [value] if shape in ("rest", "alb-multi") else value

    survives(handler, event)
