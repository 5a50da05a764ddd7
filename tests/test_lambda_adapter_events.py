"""Events to the parts of a request: which shape it is, and what each field becomes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, cast

import pytest

from portico import BodyTooLargeError, Headers, PeerError
from portico.contract import Options, Peer
from portico_conformance._lambda_events import SHAPES, to_event
from portico_conformance._wire import WireRequest
from portico_lambda import EventError, LambdaPlatform, LambdaRequest, Shape, shape_of
from portico_lambda._event_headers import FieldHeaders
from portico_lambda._events import read_event
from portico_lambda._plain_events import read_plain
from portico_lambda._request import Parts, PartsRequest

TARGET = "/a%20b/c%2Fd?plus=a+b&coded=a%2Bb&twice=one&twice=two&empty="
REQUEST = WireRequest(
    "POST",
    TARGET,
    [
        ("Host", "shop.example"),
        ("Content-Type", "text/plain"),
        ("Content-Length", "4"),
        ("Cookie", "session=abc; theme=dark"),
        ("X-Probe", "first"),
        ("X-Probe", "second"),
    ],
    b"ping",
)
PLAIN = WireRequest("GET", "/", [("Host", "shop.example")])


def event_of(shape: Shape, request: WireRequest = REQUEST, **options: Any) -> dict[str, Any]:
    return dict(to_event(shape, request, **options))


def parts_of(event: object, root_path: str | None = None) -> Parts:
    return read_event(shape_of(event), cast("dict[str, object]", event), root_path)


def body_of(parts: Parts) -> bytes:
    body = parts.body
    if body is None:
        return b""
    return body if isinstance(body, bytes) else b"".join(cast("Iterable[bytes]", body))


def changed(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The event with another value at `path`, as in `requestContext/http/path`."""
    event = deepcopy(event)
    at: Any = event
    *steps, last = path.split("/")
    for step in steps:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    return event


CF = "Records/0/cf/request"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_event_is_known_by_its_shape(shape: Shape) -> None:
    assert shape_of(event_of(shape)) == shape
    assert shape_of(event_of(shape, PLAIN)) == shape


def read(request: LambdaRequest) -> bytes | str:
    try:
        return request.sync.bytes()
    except PeerError as error:
        return str(error)


def plain_like_any_other(event: Any) -> bool:
    """Whether an event is plain; then its request is the one of the general way."""
    plain = read_plain(deepcopy(event), Options().limits)
    if plain is None:
        return False
    parts = parts_of(event)
    platform = LambdaPlatform(Options(), None, plain.root_path, event)
    general = PartsRequest(parts, Options().limits)
    target = (parts.method, parts.path, parts.query)
    assert (plain.method, plain.raw_path, plain.raw_query) == target
    assert plain.headers.items() == parts.headers.items()
    alone: Any = plain
    assert alone._content_type() == parts.headers.get("content-type")
    assert alone._cookie_field() == parts.headers.get("cookie")
    assert (plain.has_body, read(plain)) == (general.has_body, read(general))
    assert (plain.host, plain.scheme) == (general.host, general.scheme)
    assert (platform.root_path, platform.peer) == (parts.root_path, parts.peer)
    assert plain.shape == shape_of(event)
    return True


REQUESTS: dict[str, WireRequest] = {
    "nothing": PLAIN,
    "a query": WireRequest("GET", "/a/b?x=1&y=%20+", [("Host", "shop.example"), ("X-A", "b")]),
    "a query field twice": WireRequest("GET", "/a?x=1&x=2&=", [("Host", "shop.example")]),
    "text": WireRequest(
        "POST", "/", [("Host", "shop.example"), ("Content-Type", "application/json")], b"{}"
    ),
    "bytes": WireRequest("PUT", "/a-._~!$&'()*+,;=:@", [("Host", "shop.example")], b"\xff\0"),
    "cookies": WireRequest("GET", "/", [("Host", "shop.example"), ("Cookie", "a=1; b=2")]),
    "another scheme": WireRequest(
        "GET", "/", [("Host", "shop.example"), ("X-Forwarded-Proto", "http")]
    ),
}


@pytest.mark.parametrize("shape", ["rest", "http", "url"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_plain_event_gives_the_request_that_any_other_would(shape: Shape, name: str) -> None:
    assert plain_like_any_other(event_of(shape, REQUESTS[name]))


STRANGE: list[object] = [
    None, "", "text", "A", "\xe9", "\ud800", "\n", "/", "/%41", "/\xe9", "/a b", "/live/a", "/live",
    "2.0", "1.0", "GET", "get", 0, 1, True, False, [], ["a"], ["a", "b"], [None], [1], {},
    {"a": "b"}, {"a": None}, {"a": ["b"]}, {"A": ["b"], "a": ["c"]}, {"host": ["h"], "Host": ["i"]},
    {"host": "h"}, {"host": "h", "cookie": "c=1"}, {"host": "h", "x": "\t"}, {"Host": "h"},
    {"Host": ["h"], "X": {"y": 1}}, {"Host": ["h"], "X": "y"}, {"host": "", "x": "y"}, {"s": set()},
]  # fmt: skip


def places(value: Any, at: str = "") -> list[str]:
    """Every path in an event, and some that are not there."""
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for name, below in cast("dict[str, Any]", value).items():
        path = f"{at}/{name}" if at else name
        found += [path, *places(below, path)]
    return found


EXTRA = [
    *("Records", "raw_path", "methodArn", "routeArn", "version", "cookies", "stageVariables"),
    *("requestContext/elb", "requestContext/serviceArn", "requestContext/serviceNetworkArn"),
]


@pytest.mark.parametrize("shape", ["rest", "http", "url"])
@pytest.mark.parametrize("name", ["text", "cookies", "a query"])
def test_a_strange_event_is_plain_only_where_it_says_the_same(shape: Shape, name: str) -> None:
    event, plain = event_of(shape, REQUESTS[name]), 0
    for path in [*places(event), *EXTRA]:
        for value in STRANGE:
            given = changed(event, path, value)
            plain += plain_like_any_other(given)
            without = deepcopy(given)
            at: Any = without
            for step in path.split("/")[:-1]:
                at = at[step]
            del at[path.split("/")[-1]]
            plain += plain_like_any_other(without)

    assert plain > len(STRANGE)


@pytest.mark.parametrize("event", [None, [], "requestContext", 0, True, {"requestContext": []}])
def test_what_is_no_event_is_not_plain(event: object) -> None:
    assert not plain_like_any_other(event)


@pytest.mark.parametrize(
    "name", ["x-a", "X-A", "host", "missing", "", "H\xf6st", "cookie", "x_a", "content-type"]
)
def test_a_field_of_a_plain_event_that_is_asked_for_alone_is_the_one_among_all(name: str) -> None:
    fields = {"host": "shop.example", "x-a": "", "cookie": "a=1"}
    lazy, whole = FieldHeaders(fields), Headers(fields)

    assert (lazy.get(name), lazy.get(name, "d")) == (whole.get(name), whole.get(name, "d"))
    assert lazy.get_all(name) == whole.get_all(name)
    assert (lazy.has(name), name in lazy) == (whole.has(name), name in whole)
    lazy.set("x-a", "changed")
    assert (lazy["x-a"], fields["x-a"]) == ("changed", "")
    assert lazy.get("host") == "shop.example"


OTHERS: list[object] = [
    None,
    [],
    "text",
    {},
    {"Records": []},
    {"Records": None},
    {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []},
    {"version": "2.0"},
    {"version": "2.0", "requestContext": None},
    {"requestContext": {"routeKey": "$connect", "connectionId": "x"}, "headers": {}},
    {"httpMethod": "GET", "apiPath": "/x", "actionGroup": "agent"},
    {**event_of("rest", PLAIN), "type": "REQUEST", "methodArn": "arn:aws:execute-api:..."},
    {**event_of("http", PLAIN), "type": "REQUEST", "routeArn": "arn:aws:execute-api:..."},
    {"Records": [{"cf": {"config": {}, "request": {}, "response": {"status": "200"}}}]},
]


@pytest.mark.parametrize("event", OTHERS, ids=repr)
def test_an_event_that_is_no_http_request_is_an_error(event: object) -> None:
    with pytest.raises(EventError):
        shape_of(event)


def test_the_error_of_an_unknown_event_names_its_keys() -> None:
    event = {"Records": [{"eventSource": "aws:sqs", "body": "secret"}]}

    with pytest.raises(ValueError, match=r"keys \['Records'\].*\['body', 'eventSource'\]"):
        shape_of(event)


SENT = "plus=a+b&coded=a%2Bb&twice=one&twice=two&empty="
ENCODED_AGAIN = "plus=a%20b&coded=a%2Bb&twice=one&twice=two&empty="
# Path, query and `x-probe` of each shape.
ARRIVED: list[tuple[Shape, str, str, list[str]]] = [
    ("rest", "/a%20b/c%2Fd", ENCODED_AGAIN, ["first", "second"]),
    ("http", "/a%20b/c/d", SENT, ["first,second"]),
    ("url", "/a%20b/c%2Fd", SENT, ["first,second"]),
    ("alb", "/a%20b/c%2Fd", "plus=a+b&coded=a%2Bb&twice=two&empty=", ["second"]),
    ("alb-multi", "/a%20b/c%2Fd", SENT, ["first", "second"]),
    ("edge", "/a%20b/c%2Fd", SENT, ["first", "second"]),
    ("lattice-v1", "/a%20b/c%2Fd", SENT, ["first,second"]),
    ("lattice-v2", "/a%20b/c%2Fd", ENCODED_AGAIN, ["first", "second"]),
]


@pytest.mark.parametrize(("shape", "path", "query", "probes"), ARRIVED)
def test_a_request_comes_out_of_an_event_as_it_was_sent(
    shape: Shape, path: str, query: str, probes: list[str]
) -> None:
    parts = parts_of(event_of(shape))

    assert parts.method == "POST"
    assert parts.path == path
    assert parts.query == query
    assert parts.host == "shop.example"
    assert parts.scheme == "https"
    assert parts.root_path == ("/live" if shape == "rest" else "")
    assert parts.peer == Peer("203.0.113.7", None, "gateway")
    assert parts.headers.get_all("x-probe") == probes
    assert parts.headers.get_all("cookie") == ["session=abc; theme=dark"]
    assert body_of(parts) == b"ping"


@pytest.mark.parametrize("shape", SHAPES)
def test_header_names_are_lower_case(shape: Shape) -> None:
    names = parts_of(event_of(shape)).headers.keys()

    assert [name for name in names if name != name.lower()] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_without_a_body_has_no_source(shape: Shape) -> None:
    assert parts_of(event_of(shape, PLAIN)).body is None


@pytest.mark.parametrize("shape", SHAPES)
def test_a_binary_body_is_decoded(shape: Shape) -> None:
    data = bytes(range(256))
    request = WireRequest("POST", "/", [("Host", "a"), ("Content-Type", "image/png")], data)

    assert body_of(parts_of(event_of(shape, request))) == data


@pytest.mark.parametrize("shape", SHAPES)
def test_cookies_of_several_fields_are_one_field(shape: Shape) -> None:
    fields = [("Host", "a"), ("Cookie", "a=1"), ("Cookie", "b=2; c=3")]
    event = event_of(shape, WireRequest("GET", "/", fields))

    if shape == "alb":  # the service keeps the last of a name
        expected = ["b=2; c=3"]
    elif shape == "lattice-v1":  # the service joins by a comma
        expected = ["a=1,b=2; c=3"]
    else:
        expected = ["a=1; b=2; c=3"]
    assert parts_of(event).headers.get_all("cookie") == expected


# What the client asked for, what stands in an HTTP API's rawPath, what becomes of it.
DECODED_PATHS = [
    ("/capture/space value", "/capture/space%20value"),
    ("/100%", "/100%25"),
    ("/100%41", "/100%2541"),
    ("/what?", "/what%3F"),
    ("/no#1", "/no%231"),
    ("/caf\u00e9/\u03bb", "/caf%C3%A9/%CE%BB"),
    ("/a/../b", "/a/../b"),
    ("//evil.example/x", "//evil.example/x"),
    ("/nul\0", "/nul%00"),
    ("/[x]|`^", "/%5Bx%5D%7C%60%5E"),
]


@pytest.mark.parametrize(("raw_path", "expected"), DECODED_PATHS)
def test_the_path_of_an_http_api_is_encoded_again(raw_path: str, expected: str) -> None:
    event = changed(event_of("http", PLAIN), "rawPath", raw_path)

    assert parts_of(event).path == expected


ENCODED_PATHS = [
    ("/a%2Fb%20c", "/a%2Fb%20c"),
    ("/100%25", "/100%25"),
    ("/broken%2", "/broken%2"),
    ("/tool decoded \u00e9?#", "/tool%20decoded%20%C3%A9%3F%23"),
]
PATH_FIELDS: list[tuple[Shape, str]] = [
    ("rest", "path"),
    ("url", "rawPath"),
    ("alb", "path"),
    ("alb-multi", "path"),
    ("edge", f"{CF}/uri"),
    ("lattice-v2", "path"),
]


@pytest.mark.parametrize(("shape", "field"), PATH_FIELDS)
@pytest.mark.parametrize(("path", "expected"), ENCODED_PATHS)
def test_an_encoded_path_stays_and_what_cannot_be_in_one_is_encoded(
    shape: Shape, field: str, path: str, expected: str
) -> None:
    assert parts_of(changed(event_of(shape, PLAIN), field, path)).path == expected


STAGES: list[tuple[str, Shape, dict[str, Any], str | None, tuple[str, str]]] = [
    ("a stage that is in the URL", "rest", {}, None, ("/x", "/live")),
    (
        "a custom domain name has no stage",
        "rest",
        {"requestContext/path": "/x"},
        None,
        ("/x", ""),
    ),
    (
        "a route that is called like the stage",
        "rest",
        {
            "path": "/live/x",
            "requestContext/path": "/live/x",
            "pathParameters": {"proxy": "live/x"},
        },
        None,
        ("/live/x", ""),
    ),
    (
        "a domain name that is mapped to no stage",
        "rest",
        {"path": "/live/x", "requestContext/path": "/live/x"},
        None,
        ("/x", "/live"),
    ),
    (
        "a domain name with a base path that is mapped to a stage",
        "rest",
        {"path": "/v1/x", "requestContext/path": "/v1/x"},
        None,
        ("/x", "/v1"),
    ),
    (
        "a domain name with a base path that is mapped to no stage",
        "rest",
        {"path": "/v1/live/x", "requestContext/path": "/v1/live/x"},
        None,
        ("/x", "/v1/live"),
    ),
    (
        "a base path that the path has twice",
        "rest",
        {"path": "/x/x", "requestContext/path": "/x/x"},
        None,
        ("/x", "/x"),
    ),
    (
        "a resource with parameters",
        "rest",
        {
            "path": "/v1/users/a%20b/x",
            "requestContext/path": "/v1/users/a%20b/x",
            "resource": "/users/{name}/x",
            "pathParameters": {"name": "a b"},
        },
        None,
        ("/users/a%20b/x", "/v1"),
    ),
    (
        "a parameter that is encoded",
        "rest",
        {
            "path": "/v1/a%2Fb",
            "requestContext/path": "/v1/a%2Fb",
            "pathParameters": {"proxy": "a%2Fb"},
        },
        None,
        ("/a%2Fb", "/v1"),
    ),
    (
        "the root of a base path",
        "rest",
        {
            "path": "/v1",
            "requestContext/path": "/v1",
            "resource": "/",
            "pathParameters": None,
        },
        None,
        ("/", "/v1"),
    ),
    (
        "a resource that does not fit",
        "rest",
        {"path": "/v1/x", "requestContext/path": "/v1/x", "resource": "/other/{proxy+}"},
        None,
        ("/v1/x", ""),
    ),
    (
        "the root of a stage",
        "rest",
        {"path": "/", "requestContext/path": "/live"},
        None,
        ("/", "/live"),
    ),
    (
        "the root of a stage with a slash",
        "rest",
        {"path": "/", "requestContext/path": "/live/"},
        None,
        ("/", "/live"),
    ),
    ("no context path", "rest", {"requestContext/path": None}, None, ("/x", "")),
    ("no stage", "rest", {"requestContext/stage": None}, None, ("/x", "")),
    ("a base path mapping", "rest", {"path": "/v1/x"}, "/v1", ("/x", "/v1")),
    ("the root of a mapping", "rest", {"path": "/v1"}, "/v1", ("/", "/v1")),
    ("not on a segment boundary", "rest", {"path": "/v1x"}, "/v1", ("/v1x", "/v1")),
    ("told that there is none", "rest", {}, "", ("/x", "")),
    (
        "payload format 1.0 of an HTTP API",
        "rest",
        {"version": "1.0", "path": "/live/x", "requestContext/path": "/live/x"},
        None,
        ("/x", "/live"),
    ),
    ("the default stage", "http", {}, None, ("/x", "")),
    (
        "a named stage",
        "http",
        {"rawPath": "/prod/x", "requestContext/stage": "prod"},
        None,
        ("/x", "/prod"),
    ),
    (
        "a named stage, its root",
        "http",
        {"rawPath": "/prod", "requestContext/stage": "prod"},
        None,
        ("/", "/prod"),
    ),
    (
        "a path that begins like a stage",
        "http",
        {"rawPath": "/products", "requestContext/stage": "prod"},
        None,
        ("/products", ""),
    ),
    (
        "a base path before a route",
        "http",
        {
            "rawPath": "/v1/users/7",
            "routeKey": "GET /users/{id}",
            "pathParameters": {"id": "7"},
        },
        None,
        ("/users/7", "/v1"),
    ),
    (
        "a named stage before a route that is called like it",
        "http",
        {
            "rawPath": "/prod/prod/7",
            "routeKey": "ANY /prod/{proxy+}",
            "pathParameters": {"proxy": "7"},
            "requestContext/stage": "prod",
        },
        None,
        ("/prod/7", "/prod"),
    ),
    (
        "a domain name before a route that is called like the stage",
        "http",
        {
            "rawPath": "/prod/7",
            "routeKey": "ANY /{proxy+}",
            "pathParameters": {"proxy": "prod/7"},
            "requestContext/stage": "prod",
        },
        None,
        ("/prod/7", ""),
    ),
    (
        "a mapping instead of a stage",
        "http",
        {"rawPath": "/v1/x", "requestContext/stage": "prod"},
        "/v1",
        ("/x", "/v1"),
    ),
    (
        "a mapping that the service has removed",
        "http",
        {"requestContext/stage": "prod"},
        "/v1",
        ("/x", "/v1"),
    ),
    ("a function URL", "url", {"rawPath": "/api/x"}, "/api", ("/x", "/api")),
    ("a load balancer", "alb", {"path": "/api/x"}, "/api", ("/x", "/api")),
    ("CloudFront", "edge", {f"{CF}/uri": "/api/x"}, "/api", ("/x", "/api")),
    ("Lattice", "lattice-v1", {"raw_path": "/api/x?y=/api"}, "/api", ("/x", "/api")),
]


@pytest.mark.parametrize(
    ("shape", "fields", "root_path", "expected"),
    [case[1:] for case in STAGES],
    ids=[case[0] for case in STAGES],
)
def test_the_root_path_is_the_stage_or_what_the_options_say(
    shape: Shape, fields: dict[str, Any], root_path: str | None, expected: tuple[str, str]
) -> None:
    event = event_of(shape, WireRequest("GET", "/x", [("Host", "a")]))
    for path, value in fields.items():
        event = changed(event, path, value)

    parts = parts_of(event, root_path)

    assert (parts.path, parts.root_path) == expected
    if root_path is None:
        plain_like_any_other(event)


QUERY_FIELDS: list[tuple[Shape, str, Any, str]] = [
    ("rest", "multiValueQueryStringParameters", {"a&b": ["1=2", "#"]}, "a%26b=1%3D2&a%26b=%23"),
    ("rest", "multiValueQueryStringParameters", {"\u00e9": ["\u03bb"]}, "%C3%A9=%CE%BB"),
    ("rest", "multiValueQueryStringParameters", {"a": ["100%", "a+b"]}, "a=100%25&a=a%2Bb"),
    ("alb", "queryStringParameters", {"a": "100%25", "b": "", "c": None}, "a=100%25&b="),
    ("alb-multi", "multiValueQueryStringParameters", {"a": ["+", "%20"]}, "a=+&a=%20"),
    ("alb", "queryStringParameters", {"a": "1#2 3"}, "a=1%232%203"),
    ("http", "rawQueryString", "a=1&&b&=c&a=%zz;+", "a=1&&b&=c&a=%zz;+"),
    ("url", "rawQueryString", 'a[]={"x"}', "a[]={%22x%22}"),
    ("edge", f"{CF}/querystring", "a=1&a=2", "a=1&a=2"),
    ("lattice-v1", "raw_path", "/x?a=1?&b=%2B", "a=1?&b=%2B"),
    ("lattice-v2", "queryStringParameters", {"a": "1", "b": ["2", "3"]}, "a=1&b=2&b=3"),
]


@pytest.mark.parametrize(("shape", "field", "value", "expected"), QUERY_FIELDS)
def test_a_query_is_put_together(shape: Shape, field: str, value: Any, expected: str) -> None:
    assert parts_of(changed(event_of(shape, PLAIN), field, value)).query == expected


def test_a_test_event_of_the_console_has_headers_and_a_query_without_several_values() -> None:
    event = event_of("rest")
    for name in ("multiValueHeaders", "multiValueQueryStringParameters"):
        event = changed(event, name, None)

    parts = parts_of(event)

    assert parts.headers.get_all("x-probe") == ["second"]
    assert parts.query == "plus=a%20b&coded=a%2Bb&twice=two&empty="


PEERS: list[tuple[Shape, str, Any, Peer]] = [
    ("rest", "requestContext/identity", None, Peer(None, None, "unknown")),
    ("http", "requestContext/http/sourceIp", "2001:db8::1", Peer("2001:db8::1", None, "gateway")),
    ("url", "requestContext/http/sourceIp", None, Peer(None, None, "unknown")),
    (
        "rest",
        "requestContext/identity/sourceIp",
        "test-invoke-source-ip",
        Peer(None, None, "unknown"),
    ),
    ("edge", f"{CF}/clientIp", "192.0.2.1", Peer("192.0.2.1", None, "gateway")),
    ("alb", "headers/x-forwarded-for", "9.9.9.9, 8.8.8.8", Peer("8.8.8.8", None, "gateway")),
    ("alb", "headers/x-forwarded-for", "9.9.9.9:5060", Peer("9.9.9.9", 5060, "gateway")),
    ("alb", "headers/x-forwarded-for", "[2001:db8::1]:80", Peer("2001:db8::1", 80, "gateway")),
    ("alb", "headers/x-forwarded-for", "2001:db8::1", Peer("2001:db8::1", None, "gateway")),
    ("alb", "headers/x-forwarded-for", "unknown", Peer(None, None, "unknown")),
    ("alb", "headers/x-forwarded-for", None, Peer(None, None, "unknown")),
    (
        "alb-multi",
        "multiValueHeaders/x-forwarded-for",
        ["9.9.9.9", "7.7.7.7, 8.8.8.8"],
        Peer("8.8.8.8", None, "gateway"),
    ),
    (
        "lattice-v1",
        "headers/x-forwarded-for",
        "1.1.1.1, 10.0.0.1",
        Peer("10.0.0.1", None, "gateway"),
    ),
    ("lattice-v2", "headers/x-forwarded-for", ["10.0.0.1"], Peer("10.0.0.1", None, "gateway")),
]


@pytest.mark.parametrize(("shape", "field", "value", "expected"), PEERS)
def test_the_peer_is_who_the_service_saw(
    shape: Shape, field: str, value: Any, expected: Peer
) -> None:
    assert parts_of(changed(event_of(shape), field, value)).peer == expected


@pytest.mark.parametrize("shape", ["rest", "http", "url", "alb", "alb-multi"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_scheme_is_what_the_service_forwards(shape: Shape, scheme: str) -> None:
    assert parts_of(event_of(shape, scheme=scheme)).scheme == scheme


@pytest.mark.parametrize("shape", ["edge", "lattice-v1", "lattice-v2"])
def test_a_clients_word_on_the_scheme_does_not_count(shape: Shape) -> None:
    request = WireRequest("GET", "/", [("Host", "a"), ("X-Forwarded-Proto", "http")])

    assert parts_of(event_of(shape, request)).scheme == "https"


HOSTS: list[tuple[Shape, str, str]] = [
    ("rest", "multiValueHeaders", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"),
    ("http", "headers", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"),
    ("alb", "headers", "localhost"),
    ("edge", f"{CF}/headers", "d111111abcdef8.cloudfront.net"),
    ("lattice-v2", "headers", "localhost"),
]


@pytest.mark.parametrize(("shape", "headers", "expected"), HOSTS)
def test_a_request_without_a_host_has_the_name_of_the_service(
    shape: Shape, headers: str, expected: str
) -> None:
    event = changed(event_of(shape), headers, {})
    if shape == "rest":
        event = changed(event, "headers", None)

    assert parts_of(event).host == expected


def test_two_hosts_are_not_a_host() -> None:
    event = changed(event_of("rest"), "multiValueHeaders/Host", ["a.example", "b.example"])

    assert parts_of(event).host == "a.example, b.example"


def test_the_cookies_of_a_function_url_count_once() -> None:
    event = event_of("url")

    assert event["headers"]["cookie"] == "session=abc; theme=dark"
    assert event["cookies"] == ["session=abc", "theme=dark"]
    assert parts_of(event).headers.get_all("cookie") == ["session=abc; theme=dark"]


def test_a_header_value_that_was_read_as_utf_8_is_the_bytes_of_the_wire() -> None:
    event = event_of("http", PLAIN)
    event["headers"] |= {"x-latin": "caf\u00e9", "x-utf": "\u03bb", "x-tab": "a\tb"}

    headers = parts_of(event).headers

    assert headers["x-latin"] == "caf\u00e9"
    assert headers["x-utf"] == "\u00ce\u00bb"
    assert headers["x-tab"] == "a\tb"


BAD_BODIES: list[tuple[Shape, str, str]] = [
    (shape, f"{CF}/body/data" if shape == "edge" else "body", data)
    for shape in SHAPES
    for data in ("a", "ab==c", "****", "aGk", "aG k=", "\u00e9")
]


@pytest.mark.parametrize(("shape", "field", "data"), BAD_BODIES)
def test_a_body_that_is_not_base64_cannot_be_read(shape: Shape, field: str, data: str) -> None:
    marker = "is_base64_encoded" if shape == "lattice-v1" else "isBase64Encoded"
    event = changed(event_of(shape), field, data)
    if shape != "edge":
        event[marker] = True

    parts = parts_of(event)

    with pytest.raises(PeerError) as caught:
        body_of(parts)
    assert caught.value.status == 400


def test_a_body_that_cloudfront_cut_off_cannot_be_read() -> None:
    request = WireRequest("POST", "/", [("Host", "a")], b"x" * 50_000)
    parts = parts_of(event_of("edge", request, edge_event="viewer-request"))

    with pytest.raises(BodyTooLargeError):
        body_of(parts)


def test_cloudfront_may_send_a_body_as_text() -> None:
    event = changed(event_of("edge"), f"{CF}/body", {"data": "h\u00e9", "encoding": "text"})

    assert body_of(parts_of(event)) == "h\u00e9".encode()


@pytest.mark.parametrize("encoded", [b64encode(b"").decode(), None])
def test_an_empty_or_null_body_is_none(encoded: str | None) -> None:
    event = changed(event_of("http"), "body", encoded)

    assert parts_of(changed(event, "isBase64Encoded", True)).body is None


MALFORMED: list[tuple[Shape, str, Any]] = [
    ("rest", "httpMethod", None),
    ("rest", "httpMethod", 5),
    ("rest", "path", None),
    ("rest", "path", ["/"]),
    ("rest", "path", ""),
    ("rest", "path", "/\ud800"),
    ("rest", "multiValueHeaders", "text"),
    ("rest", "multiValueHeaders/Host", {"a": 1}),
    ("rest", "multiValueHeaders/Host", ["a", None]),
    ("rest", "multiValueHeaders/Host", ["a\r\nx: y"]),
    ("rest", "multiValueHeaders/a b", ["\u00e9"]),
    ("rest", "multiValueQueryStringParameters", [1]),
    ("rest", "multiValueQueryStringParameters/twice", [1]),
    ("rest", "multiValueQueryStringParameters/twice", ["\udc80"]),
    ("rest", "body", {"a": 1}),
    ("rest", "isBase64Encoded", "true"),
    ("rest", "requestContext", "text"),
    ("rest", "requestContext/identity", [1]),
    ("rest", "requestContext/identity/sourceIp", 1),
    ("http", "rawPath", None),
    ("http", "rawQueryString", 1),
    ("http", "requestContext/http", None),
    ("http", "requestContext/http/method", ""),
    ("http", "headers", []),
    ("http", "headers/host", 1),
    ("http", "headers/host", "a\0"),
    ("http", "cookies", {"a": 1}),
    ("http", "cookies", [None]),
    ("http", "cookies", ["a\nb"]),
    ("url", "rawPath", 1.5),
    ("alb", "path", None),
    ("alb", "headers/host", "\ud800"),
    ("edge", f"{CF}", None),
    ("edge", f"{CF}/uri", None),
    ("edge", f"{CF}/headers", []),
    ("edge", f"{CF}/headers/host", {"key": "a", "value": "b"}),
    ("edge", f"{CF}/headers/host", ["a"]),
    ("edge", f"{CF}/headers/host", [{"value": 1}]),
    ("edge", f"{CF}/body", "text"),
    ("edge", f"{CF}/body/inputTruncated", "yes"),
    ("lattice-v1", "raw_path", None),
    ("lattice-v1", "method", None),
    ("lattice-v2", "path", None),
    ("lattice-v2", "queryStringParameters/a", 1),
]


@pytest.mark.parametrize(("shape", "field", "value"), MALFORMED)
def test_a_malformed_field_is_the_peers_fault(shape: Shape, field: str, value: Any) -> None:
    event = changed(event_of(shape), field, value)

    with pytest.raises(PeerError) as caught:
        parts_of(event)
    assert caught.value.status == 400


def test_the_error_of_a_malformed_field_does_not_show_its_value() -> None:
    event = changed(event_of("http"), "headers/authorization", {"secret": "hunter2"})

    with pytest.raises(PeerError, match="dict as 'authorization'") as caught:
        parts_of(event)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_an_event_leaves_it_as_it_was(shape: Shape) -> None:
    event = event_of(shape)
    before = deepcopy(event)

    parts_of(event)

    assert event == before
