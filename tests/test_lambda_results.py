"""From a function's result to the HTTP response, and what each service refuses of a result."""

from base64 import b64encode

import pytest

from portico_conformance._lambda_events import Shape
from portico_conformance._lambda_results import GatewayError, from_result
from portico_conformance._wire import WireRequest, WireResponse

GET = WireRequest("GET", "/")
HEAD = WireRequest("HEAD", "/")
PNG = b64encode(b"\x89PNG").decode()
COOKIES = ["a=1; Path=/", "b=2"]
EDGE_HEADERS = {"x-one": [{"key": "X-One", "value": "1"}], "set-cookie": [{"value": "a=1"}]}

RESULTS: list[tuple[Shape, dict[str, object], int, list[tuple[str, str]], bytes]] = [
    (
        "rest",
        {
            "statusCode": 201,
            "headers": {"X-One": "1", "x-two": "lost"},
            "multiValueHeaders": {"X-Two": ["2", "3"], "set-cookie": COOKIES},
            "body": PNG,
            "isBase64Encoded": True,
        },
        201,
        [
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-two", "3"),
            ("set-cookie", "a=1; Path=/"),
            ("set-cookie", "b=2"),
            ("content-length", "4"),
        ],
        b"\x89PNG",
    ),
    (
        "rest",
        {"statusCode": 401, "headers": {"WWW-Authenticate": "Basic", "Content-Length": "9"}},
        401,
        [
            ("x-amzn-remapped-www-authenticate", "Basic"),
            ("x-amzn-remapped-content-length", "9"),
            ("content-length", "0"),
        ],
        b"",
    ),
    (
        "http",
        {"statusCode": 200, "headers": {"X-One": "1"}, "cookies": COOKIES, "body": "λ"},
        200,
        [
            ("x-one", "1"),
            ("set-cookie", "a=1; Path=/"),
            ("set-cookie", "b=2"),
            ("content-type", "application/json"),
            ("content-length", "2"),
        ],
        "λ".encode(),
    ),
    (
        "http",
        {"ok": True},
        200,
        [("content-type", "application/json"), ("content-length", "12")],
        b'{"ok": true}',
    ),
    (
        "url",
        {"statusCode": 401, "headers": {"www-authenticate": "Basic"}},
        401,
        [("x-amzn-remapped-www-authenticate", "Basic"), ("content-length", "0")],
        b"",
    ),
    (
        "alb",
        {
            "statusCode": 404,
            "statusDescription": "404 Not Found",
            "headers": {"set-cookie": "a=1", "Set-cookie": "b=2", "connection": "close"},
            "body": "no",
            "isBase64Encoded": False,
        },
        404,
        [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "2")],
        b"no",
    ),
    (
        "alb-multi",
        {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": COOKIES}, "body": ""},
        200,
        [("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2"), ("content-length", "0")],
        b"",
    ),
    (
        "edge",
        {"status": "200", "headers": EDGE_HEADERS, "body": PNG, "bodyEncoding": "base64"},
        200,
        [("x-one", "1"), ("set-cookie", "a=1"), ("content-length", "4")],
        b"\x89PNG",
    ),
    (
        "lattice-v1",
        {"statusCode": 200, "headers": {"x-one": "1"}, "body": "", "isBase64Encoded": False},
        200,
        [("x-one", "1"), ("content-length", "0")],
        b"",
    ),
    (
        "lattice-v2",
        {"statusCode": 200, "headers": {"x-one": "1"}, "body": PNG, "isBase64Encoded": True},
        200,
        [("x-one", "1"), ("content-length", "4")],
        b"\x89PNG",
    ),
]


@pytest.mark.parametrize(("shape", "result", "status", "headers", "body"), RESULTS)
def test_a_result_becomes_the_response_that_the_service_sends(
    shape: Shape,
    result: dict[str, object],
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
) -> None:
    response = from_result(shape, result, GET)

    assert response == WireResponse(status, headers, body)


def ok(**fields: object) -> dict[str, object]:
    return {"statusCode": 200, "headers": {}, "body": "", **fields}


def multi(**fields: object) -> dict[str, object]:
    return {"statusCode": 200, "multiValueHeaders": {}, "body": "", **fields}


def edge(**fields: object) -> dict[str, object]:
    return {"status": "200", "headers": {}, "body": "", **fields}


REFUSED: list[tuple[Shape, object, str]] = [
    ("rest", None, "the result is null"),
    ("rest", {"body": "x"}, "statusCode is None"),
    ("rest", ok(statusCode="200"), "statusCode is '200'"),
    ("rest", ok(statusCode=True), "statusCode is True"),
    ("rest", ok(statusCode=99), "statusCode is 99"),
    ("rest", ok(cookies=[]), "unknown fields ['cookies']"),
    ("rest", ok(headers={"x": 1}), "headers['x'] is 1"),
    ("rest", ok(multiValueHeaders={"x": "1"}), "multiValueHeaders['x'] is '1'"),
    ("rest", ok(body={"a": 1}), "body is an object"),
    ("rest", ok(isBase64Encoded="yes"), "isBase64Encoded is 'yes'"),
    ("rest", ok(isBase64Encoded=True, body="%"), "body is not base64"),
    ("rest", ok(headers={"x y": "1"}), "header name 'x y' is not a token"),
    ("rest", ok(headers={"x": "1\r\ny: 2"}), "header 'x' has the value"),
    ("rest", ok(headers={"x": "€"}), "header 'x' has the value"),
    ("http", ok(multiValueHeaders={}), "unknown fields ['multiValueHeaders']"),
    ("http", ok(cookies="a=1"), "cookies is 'a=1'"),
    ("http", ok(headers={"x": ["1"]}), "headers['x'] is ['1']"),
    ("url", ok(body=b"bytes"), "the result is not JSON"),
    ("url", ok(body="x" * 6_300_000), "bytes of JSON, the limit is 6291556"),
    ("alb", ok(multiValueHeaders={}), "unknown fields ['multiValueHeaders']"),
    ("alb", ok(headers=None), "headers is null"),
    ("alb", ok(body=None), "body is null"),
    ("alb", ok(statusDescription="OK"), "statusDescription is 'OK'"),
    ("alb", ok(body="x" * 1_048_576), "bytes of JSON, the limit is 1048576"),
    ("alb-multi", ok(), "unknown fields ['headers']"),
    ("alb-multi", {"statusCode": 200}, "multiValueHeaders is missing"),
    ("alb-multi", multi(multiValueHeaders={"x": [1]}), "multiValueHeaders['x'] is [1]"),
    ("edge", edge(status=200), "status is 200"),
    ("edge", edge(statusCode=200), "unknown fields ['statusCode']"),
    ("edge", edge(isBase64Encoded=True), "unknown fields ['isBase64Encoded']"),
    ("edge", edge(bodyEncoding="utf-8"), "bodyEncoding is 'utf-8'"),
    ("edge", edge(headers={"X": []}), "headers has the key 'X'"),
    ("edge", edge(headers={"x": "1"}), "headers['x'] is a text"),
    ("edge", edge(headers={"x": [{"key": "y", "value": "1"}]}), "an entry with the key 'y'"),
    ("edge", edge(headers={"x": [{"value": 1}]}), "headers['x'] has the entry"),
    ("edge", edge(headers={"content-length": [{"value": "0"}]}), "'content-length' is read-only"),
    ("edge", edge(headers={"connection": [{"value": "close"}]}), "'connection' is not allowed"),
    ("edge", edge(headers={"x-edge-a": [{"value": "1"}]}), "'x-edge-a' is not allowed"),
    ("edge", edge(body="x" * 1_048_577), "the answer has 1048577 bytes"),
    ("lattice-v1", ok(headers={"x": ["1"]}), "headers['x'] is ['1']"),
    ("lattice-v2", ok(cookies=[]), "unknown fields ['cookies']"),
]


@pytest.mark.parametrize(
    ("shape", "result", "rule"), REFUSED, ids=[f"{shape}: {rule}" for shape, _, rule in REFUSED]
)
def test_a_result_that_breaks_a_rule_is_refused_with_its_name(
    shape: Shape, result: object, rule: str
) -> None:
    with pytest.raises(GatewayError) as refused:
        from_result(shape, result, GET)

    assert rule in refused.value.rule
    assert (refused.value.shape, refused.value.status) == (shape, 502)


def test_a_rest_api_without_binary_media_types_sends_base64_as_text() -> None:
    response = from_result("rest", ok(body=PNG, isBase64Encoded=True), GET, binary=False)

    assert response.body == PNG.encode()


def test_an_answer_to_head_has_no_body_and_the_length_that_the_function_declared() -> None:
    response = from_result("http", ok(headers={"content-length": "12"}, body="dropped"), HEAD)

    assert response == WireResponse(
        200, [("content-length", "12"), ("content-type", "application/json")]
    )


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_content_has_no_body(status: int) -> None:
    assert from_result("alb", ok(statusCode=status, body="x"), GET) == WireResponse(status)
