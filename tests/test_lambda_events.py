"""From an HTTP request to the eight events, field by field.

The expected values are those of events captured on AWS, or AWS's documentation.
"""

from base64 import b64encode
from typing import cast

import pytest

from portico_conformance._lambda_events import SHAPES, RequestRefused, Shape, to_event
from portico_conformance._wire import WireRequest

TEXT = "hello from the internet: λ"
REQUEST = WireRequest(
    "POST",
    "/a%20b/c%2Fd?plus=a+b&coded=a%2Bb&twice=one&twice=two&empty=",
    [
        ("host", "shop.example"),
        ("User-Agent", "probe/1"),
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", str(len(TEXT.encode()))),
        ("cookie", "session=abc123; theme=dark"),
        ("X-Probe", "first"),
        ("X-Probe", "second"),
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
    ],
    TEXT.encode(),
)
PLAIN = WireRequest("GET", "/", [("host", "shop.example")])


class Absent:
    """What stands for a field that an event does not have."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


def field(event: object, path: str) -> object:
    """The value at `path`, as in `requestContext/http/path`, or ABSENT."""
    for step in path.split("/"):
        if isinstance(event, list):
            event = cast("list[object]", event)[int(step)]
        elif isinstance(event, dict):
            event = cast("dict[str, object]", event).get(step, ABSENT)
        else:
            return ABSENT
    return event


CF = "Records/0/cf/request"
BODY = b64encode(TEXT.encode()).decode()

FIELDS: list[tuple[Shape, dict[str, object]]] = [
    (
        "rest",
        {
            "resource": "/{proxy+}",
            "path": "/a%20b/c%2Fd",
            "httpMethod": "POST",
            "pathParameters/proxy": "a%20b/c%2Fd",
            "requestContext/path": "/live/a%20b/c%2Fd",
            "requestContext/stage": "live",
            "requestContext/identity/sourceIp": "203.0.113.7",
            "requestContext/identity/userAgent": "probe/1",
            "queryStringParameters": {"plus": "a b", "coded": "a+b", "twice": "two", "empty": ""},
            "multiValueQueryStringParameters/twice": ["one", "two"],
            "multiValueQueryStringParameters/plus": ["a b"],
            "headers/X-Probe": "second",
            "multiValueHeaders/X-Probe": ["first", "second"],
            "headers/Host": "shop.example",
            "headers/User-Agent": "probe/1",
            "headers/cookie": "session=abc123; theme=dark",
            "headers/X-Forwarded-Proto": "https",
            "headers/X-Forwarded-Port": "443",
            "headers/X-Forwarded-For": "203.0.113.7",
            "headers/content-length": ABSENT,
            "version": ABSENT,
            "body": BODY,
            "isBase64Encoded": True,
        },
    ),
    (
        "http",
        {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/a b/c/d",
            "requestContext/http/path": "/a b/c/d",
            "requestContext/http/method": "POST",
            "requestContext/http/sourceIp": "203.0.113.7",
            "requestContext/stage": "$default",
            "rawQueryString": "plus=a+b&coded=a%2Bb&twice=one&twice=two&empty=",
            "queryStringParameters/twice": "one,two",
            "queryStringParameters/coded": "a+b",
            "cookies": ["session=abc123", "theme=dark"],
            "headers/cookie": ABSENT,
            "headers/x-probe": "first,second",
            "headers/content-length": str(len(TEXT.encode())),
            "headers/x-hop": ABSENT,
            "headers/connection": ABSENT,
            "multiValueHeaders": ABSENT,
            "body": TEXT,
            "isBase64Encoded": False,
        },
    ),
    (
        "url",
        {
            "version": "2.0",
            "rawPath": "/a%20b/c%2Fd",
            "requestContext/http/path": "/a b/c/d",
            "rawQueryString": "plus=a+b&coded=a%2Bb&twice=one&twice=two&empty=",
            "cookies": ["session=abc123", "theme=dark"],
            "headers/cookie": "session=abc123; theme=dark",
            "headers/x-probe": "first,second",
            "headers/x-amzn-tls-version": "TLSv1.3",
            "requestContext/accountId": "anonymous",
            "body": TEXT,
        },
    ),
    (
        "alb",
        {
            "path": "/a%20b/c%2Fd",
            "queryStringParameters": {
                "plus": "a+b",
                "coded": "a%2Bb",
                "twice": "two",
                "empty": "",
            },
            "multiValueQueryStringParameters": ABSENT,
            "multiValueHeaders": ABSENT,
            "headers/x-probe": "second",
            "headers/host": "shop.example",
            "headers/x-forwarded-for": "203.0.113.7",
            "headers/x-amzn-trace-id": "Root=1-6a5145a8-536f3e792f6be9b44c1f46fa",
            "body": TEXT,
            "isBase64Encoded": False,
        },
    ),
    (
        "alb-multi",
        {
            "path": "/a%20b/c%2Fd",
            "headers": ABSENT,
            "queryStringParameters": ABSENT,
            "multiValueQueryStringParameters/coded": ["a%2Bb"],
            "multiValueQueryStringParameters/plus": ["a+b"],
            "multiValueQueryStringParameters/twice": ["one", "two"],
            "multiValueHeaders/x-probe": ["first", "second"],
            "multiValueHeaders/cookie": ["session=abc123; theme=dark"],
            "multiValueHeaders/x-forwarded-proto": ["https"],
        },
    ),
    (
        "edge",
        {
            f"{CF}/uri": "/a%20b/c%2Fd",
            f"{CF}/querystring": "plus=a+b&coded=a%2Bb&twice=one&twice=two&empty=",
            f"{CF}/clientIp": "203.0.113.7",
            f"{CF}/method": "POST",
            f"{CF}/headers/x-probe": [
                {"key": "X-Probe", "value": "first"},
                {"key": "X-Probe", "value": "second"},
            ],
            f"{CF}/headers/host/0/value": "shop.example",
            f"{CF}/headers/x-forwarded-for/0/value": "203.0.113.7",
            f"{CF}/headers/x-forwarded-proto": ABSENT,
            f"{CF}/body": {
                "action": "read-only",
                "data": BODY,
                "encoding": "base64",
                "inputTruncated": False,
            },
            f"{CF}/origin/custom/protocol": "https",
            "Records/0/cf/config/eventType": "origin-request",
        },
    ),
    (
        "lattice-v1",
        {
            "raw_path": "/a%20b/c%2Fd?plus=a+b&coded=a%2Bb&twice=one&twice=two&empty=",
            "method": "POST",
            "headers/x-probe": "first,second",
            "headers/x-forwarded-for": "203.0.113.7",
            "query_string_parameters/twice": "two",
            "body": TEXT,
            "is_base64_encoded": False,
            "requestContext": ABSENT,
        },
    ),
    (
        "lattice-v2",
        {
            "version": "2.0",
            "path": "/a%20b/c%2Fd",
            "method": "POST",
            "headers/x-probe": ["first", "second"],
            "queryStringParameters/twice": ["one", "two"],
            "requestContext/timeEpoch": "1783711144836000",
            "requestContext/http": ABSENT,
            "isBase64Encoded": False,
        },
    ),
]


@pytest.mark.parametrize(
    ("shape", "path", "expected"),
    [(shape, path, value) for shape, fields in FIELDS for path, value in fields.items()],
)
def test_a_request_becomes_the_event_that_the_service_sends(
    shape: Shape, path: str, expected: object
) -> None:
    assert field(to_event(shape, REQUEST), path) == expected


EMPTY: list[tuple[Shape, str, object]] = [
    ("rest", "body", None),
    ("rest", "isBase64Encoded", False),
    ("rest", "queryStringParameters", None),
    ("rest", "multiValueQueryStringParameters", None),
    ("rest", "pathParameters", None),
    ("rest", "resource", "/"),
    ("http", "body", ABSENT),
    ("http", "cookies", ABSENT),
    ("http", "queryStringParameters", ABSENT),
    ("http", "rawQueryString", ""),
    ("url", "headers/cookie", ABSENT),
    ("alb", "body", ""),
    ("alb", "queryStringParameters", {}),
    ("alb-multi", "multiValueQueryStringParameters", {}),
    ("edge", f"{CF}/body/data", ""),
    ("edge", f"{CF}/querystring", ""),
    ("lattice-v1", "raw_path", "/"),
    ("lattice-v1", "body", ""),
    ("lattice-v2", "body", ABSENT),
    ("lattice-v2", "queryStringParameters", ABSENT),
]


@pytest.mark.parametrize(("shape", "path", "expected"), EMPTY)
def test_what_a_request_lacks_is_null_empty_or_absent_as_the_service_has_it(
    shape: Shape, path: str, expected: object
) -> None:
    assert field(to_event(shape, PLAIN), path) == expected


HTTP_API_PATHS = [
    ("/v/plain", "/v/plain"),
    ("/v/a%20b", "/v/a b"),
    ("/v/a%3Fb", "/v/a"),
    ("/v/a%23b", "/v/a#b"),
    ("/v/a%2Fb", "/v/a/b"),
    ("/v/%CE%BB", "/v/λ"),
    ("/v/a%252Fb", "/v/a/b"),
    ("/v/a%253Fb", "/v/a?b"),
    ("/v/a%2525b", "/v/a%b"),
]


@pytest.mark.parametrize(("sent", "arrives"), HTTP_API_PATHS)
def test_an_http_api_decodes_the_path_twice_and_cuts_it_at_a_question_mark(
    sent: str, arrives: str
) -> None:
    assert to_event("http", WireRequest("GET", sent))["rawPath"] == arrives


@pytest.mark.parametrize("target", ["/v/a%25done", "/v/100%25", "/v/a%zz", "*", "shop.example:443"])
def test_an_http_api_refuses_a_path_that_it_cannot_decode(target: str) -> None:
    with pytest.raises(RequestRefused) as refusal:
        to_event("http", WireRequest("GET", target))

    assert refusal.value.status == 400


def test_a_stage_is_in_an_http_apis_path_and_not_in_a_rest_apis() -> None:
    http = to_event("http", PLAIN, stage="beta")
    rest = to_event("rest", PLAIN, stage="beta")

    assert (http["rawPath"], rest["path"]) == ("/beta/", "/")
    assert field(rest, "requestContext/path") == "/beta/"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_absolute_target_gives_its_path_and_overrides_the_host(shape: Shape) -> None:
    absolute = WireRequest("GET", "http://other.example/x?y=1", [("host", "shop.example")])
    origin = WireRequest("GET", "/x?y=1", [("host", "other.example")])

    assert to_event(shape, absolute) == to_event(shape, origin)


def test_two_slashes_at_the_start_of_a_path_are_not_an_authority() -> None:
    assert to_event("url", WireRequest("GET", "//evil.example/x"))["rawPath"] == "//evil.example/x"


def test_the_kinds_of_api_tell_themselves_apart_by_their_domain() -> None:
    http, url = to_event("http", PLAIN), to_event("url", PLAIN)

    assert str(field(http, "requestContext/domainName")).endswith(".amazonaws.com")
    assert str(field(url, "requestContext/domainName")).endswith(".lambda-url.eu-west-1.on.aws")


def test_x_forwarded_for_grows_and_the_scheme_is_the_fronts_own_word() -> None:
    request = WireRequest(
        "GET",
        "/",
        [("host", "a"), ("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Proto", "gopher")],
    )
    headers = field(to_event("alb", request, scheme="http", source_ip="8.8.8.8"), "headers")

    assert field(headers, "x-forwarded-for") == "9.9.9.9, 8.8.8.8"
    assert field(headers, "x-forwarded-proto") == "http"
    assert field(headers, "x-forwarded-port") == "80"


BODIES: list[tuple[list[tuple[str, str]], bytes, bool]] = [
    ([("content-type", "text/html")], b"<p>", False),
    ([("content-type", "application/json; charset=utf-8")], b"{}", False),
    ([("content-type", "application/x-www-form-urlencoded")], b"a=1", True),
    ([("content-type", "image/png")], b"\x89PNG", True),
    ([("content-type", "text/html"), ("content-encoding", "gzip")], b"\x1f\x8b", True),
    ([("content-type", "text/plain")], b"\xff", True),
    ([], b"no type", True),
]


@pytest.mark.parametrize("shape", ["http", "url", "alb", "alb-multi", "lattice-v2"])
@pytest.mark.parametrize(("headers", "body", "encoded"), BODIES)
def test_a_body_is_text_for_textual_types_and_base64_otherwise(
    shape: Shape, headers: list[tuple[str, str]], body: bytes, encoded: bool
) -> None:
    event = to_event(shape, WireRequest("POST", "/", headers, body))

    expected = b64encode(body).decode() if encoded else body.decode()
    assert (event["body"], event["isBase64Encoded"]) == (expected, encoded)


def test_a_rest_api_without_binary_media_types_loses_bytes_that_are_not_text() -> None:
    event = to_event("rest", WireRequest("POST", "/", [], b"a\xff"), binary=False)

    assert (event["body"], event["isBase64Encoded"]) == ("a�", False)


def test_cloudfront_truncates_a_body_and_says_so() -> None:
    request = WireRequest("POST", "/", [], b"x" * 50_000)
    viewer = field(to_event("edge", request, edge_event="viewer-request"), f"{CF}/body")
    origin = field(to_event("edge", request), f"{CF}/body")

    assert len(str(field(viewer, "data"))) == 54_616
    assert (field(viewer, "inputTruncated"), field(origin, "inputTruncated")) == (True, False)


@pytest.mark.parametrize(("shape", "size"), [("alb", 1024 * 1024 + 1), ("url", 5_000_000)])
def test_a_body_over_the_services_limit_never_reaches_the_function(shape: Shape, size: int) -> None:
    with pytest.raises(RequestRefused) as refusal:
        to_event(shape, WireRequest("POST", "/", [], b"x" * size))

    assert refusal.value.status == 413


def test_a_chunked_request_arrives_with_the_length_of_its_body() -> None:
    event = to_event("url", WireRequest("POST", "/", [("Transfer-Encoding", "chunked")], b"abc"))

    assert field(event, "headers/content-length") == "3"
    assert field(event, "headers/transfer-encoding") is ABSENT
