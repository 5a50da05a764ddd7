"""Paths: which route they belong to, and which values they carry (design: one canonical path)."""

from typing import Any

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import (
    is_alive,
    json_of,
    problem_of,
    refusal,
    seen,
    text_of,
    url_seen,
)

Record = tuple[str, str, dict[str, str]]

ROUTED: list[tuple[str, Record]] = [
    ("static", ("/tree/fixed/one", "/tree/fixed/one", {})),
    ("parameter", ("/tree/other/two", "/tree/{name}/two", {"name": "other"})),
    ("backtracks-to-parameter", ("/tree/fixed/two", "/tree/{name}/two", {"name": "fixed"})),
    (
        "backtracks-twice",
        ("/tree/fixed/x/three", "/tree/{name}/{second}/three", {"name": "fixed", "second": "x"}),
    ),
    (
        "static-below-parameter",
        ("/tree/a/two/three", "/tree/{name}/{second}/three", {"name": "a", "second": "two"}),
    ),
    ("rest", ("/tree/fixed/four", "/tree/{rest:path}", {"rest": "fixed/four"})),
    ("rest-of-one", ("/tree/a", "/tree/{rest:path}", {"rest": "a"})),
    ("rest-of-many", ("/tree/a/b/c/d", "/tree/{rest:path}", {"rest": "a/b/c/d"})),
    ("backtracks-to-rest", ("/tree/fixed/one/x", "/tree/{rest:path}", {"rest": "fixed/one/x"})),
    (
        "gives-way-to-the-method",
        ("/tree/fixed/one/two", "/tree/{rest:path}", {"rest": "fixed/one/two"}),
    ),
    ("optional-there", ("/archive/2026", "/archive/{year?}", {"year": "2026"})),
    ("optional-absent", ("/archive", "/archive/{year?}", {})),
    ("optional-absent-slash", ("/archive/", "/archive/{year?}", {})),
    ("slash-added", ("/tree/fixed/one/", "/tree/fixed/one", {})),
    ("slash-left-out", ("/slashed", "/slashed/", {})),
    ("slash-after-parameter", ("/tree/other/two/", "/tree/{name}/two", {"name": "other"})),
    ("upper-case", ("/tree/FIXED/ONE", "/tree/{rest:path}", {"rest": "FIXED/ONE"})),
    ("long", (f"/one/{'x' * 2000}", "/one/{value}", {"value": "x" * 2000})),
]

DECODED: list[tuple[str, Record]] = [
    ("letters", ("/tr%65e/fixed/%6Fne", "/tree/fixed/one", {})),
    ("space", ("/one/a%20b", "/one/{value}", {"value": "a b"})),
    ("plus", ("/one/a+b", "/one/{value}", {"value": "a+b"})),
    ("escaped-plus", ("/one/a%2Bb", "/one/{value}", {"value": "a+b"})),
    ("utf-8", ("/one/caf%C3%A9", "/one/{value}", {"value": "café"})),
    ("four-bytes", ("/one/%F0%9F%90%8D", "/one/{value}", {"value": "\U0001f40d"})),
    ("non-ascii-route", ("/caf%C3%A9/x", "/café/{name}", {"name": "x"})),
    ("lower-case-escape", ("/caf%c3%a9/x", "/café/{name}", {"name": "x"})),
    ("number-sign", ("/one/a%23b", "/one/{value}", {"value": "a#b"})),
    ("semicolon", ("/one/a;b=c", "/one/{value}", {"value": "a;b=c"})),
    ("marks", ("/one/a:b@c,d!e$f'(g)*~", "/one/{value}", {"value": "a:b@c,d!e$f'(g)*~"})),
    ("ampersand", ("/one/a&b=c", "/one/{value}", {"value": "a&b=c"})),
    ("quote", ("/one/%22a%22", "/one/{value}", {"value": '"a"'})),
    ("backslash", ("/one/a%5Cb", "/one/{value}", {"value": "a\\b"})),
    ("control", ("/one/a%0Ab", "/one/{value}", {"value": "a\nb"})),
]

NORMALISED: list[tuple[str, Record]] = [
    ("dot", ("/tree/./fixed/one", "/tree/fixed/one", {})),
    ("dots", ("/archive/../tree/fixed/one", "/tree/fixed/one", {})),
    ("escaped-dots", ("/archive/%2e%2e/tree/fixed/one", "/tree/fixed/one", {})),
    ("half-escaped-dots", ("/archive/.%2E/tree/fixed/one", "/tree/fixed/one", {})),
    ("above-the-root", ("/../../tree/fixed/one", "/tree/fixed/one", {})),
    ("at-the-end", ("/tree/fixed/one/x/..", "/tree/fixed/one", {})),
    ("three-dots", ("/one/...", "/one/{value}", {"value": "..."})),
]

OPAQUE: list[tuple[str, Record]] = [
    ("percent", ("/one/100%25", "/one/{value}", {"value": "100%"})),
    ("question-mark", ("/one/a%3Fb", "/one/{value}", {"value": "a?b"})),
    ("slash-in-parameter", ("/one/a%2Fb", "/one/{value}", {"value": "a/b"})),
    ("lower-case", ("/one/a%2fb", "/one/{value}", {"value": "a/b"})),
    ("slash-in-rest", ("/tree/a%2Fb/c", "/tree/{rest:path}", {"rest": "a/b/c"})),
    ("no-separator", ("/tree%2Ffixed%2Fone", "", {})),
    ("twice-encoded-slash", ("/one/a%252Fb", "/one/{value}", {"value": "a%2Fb"})),
    ("twice-encoded-letter", ("/one/%2541", "/one/{value}", {"value": "%41"})),
    ("twice-encoded-dots", ("/one/%252e%252e", "/one/{value}", {"value": "%2e%2e"})),
]

MALFORMED: list[tuple[str, str]] = [
    ("lone-percent", "/one/100%"),
    ("one-digit", "/one/a%4"),
    ("no-digits", "/one/%zz"),
    ("half-digit", "/one/%4g"),
    ("unicode-escape", "/one/%u0041"),
    ("bad-utf-8", "/one/%FF"),
    ("truncated-utf-8", "/one/%C3"),
    ("overlong-slash", "/one/%C0%AFetc"),
    ("surrogate", "/one/%ED%A0%80"),
    ("nul", "/one/a%00b"),
    ("nul-in-unknown", "/nothing/%00"),
]


def matches(client: Client, record: Record) -> None:
    target, route, params = record
    answer = client.request("GET", target)

    if not route:
        problem_of(answer, 404)
        return
    members: dict[str, Any] = json_of(answer)
    assert members["route"] == route
    assert members["params"] == params


@case("paths", each=ROUTED)
def a_path_finds_its_most_specific_route(client: Client, record: Record) -> None:
    matches(client, record)


@case("paths", each=DECODED)
def a_path_is_decoded_once(client: Client, record: Record) -> None:
    matches(client, record)


@case("paths", each=NORMALISED)
def dot_segments_are_removed_before_routing(client: Client, record: Record) -> None:
    matches(client, record)


def the_path_was_decoded_before(client: Client, record: Record) -> None:
    """A runtime that hands over a decoded path has lost what was escaped; nothing worse."""
    answer = client.request("GET", record[0])

    assert answer.status in (200, 400, 404), answer.body
    is_alive(client)


@case("paths", each=OPAQUE, needs=Capability.RAW_PATH, otherwise=the_path_was_decoded_before)
def an_escape_that_guards_a_separator_stays_what_it_is(client: Client, record: Record) -> None:
    matches(client, record)


def the_path_is_refused_or_taken_as_it_is(client: Client, target: str) -> None:
    """A runtime that decodes leniently hands over something that is a path again."""
    assert refusal(client, "GET", target) in (200, 400, 404)
    is_alive(client)


@case(
    "paths",
    each=MALFORMED,
    needs=Capability.RAW_PATH,
    otherwise=the_path_is_refused_or_taken_as_it_is,
)
def a_malformed_path_is_a_400(client: Client, target: str) -> None:
    assert refusal(client, "GET", target) == 400
    is_alive(client)


@case("paths")
def paths_are_told_apart_by_case(client: Client) -> None:
    assert client.request("GET", "/TEXT").status == 404


@case("paths")
def the_last_registration_of_a_pattern_wins(client: Client) -> None:
    assert text_of(client.request("GET", "/twice")) == "second"


@case("paths")
def an_empty_segment_is_not_left_out(client: Client) -> None:
    answer = client.request("GET", "/tree//two")

    assert json_of(answer)["params"] == {"rest": "/two"}


@case("paths")
def a_parameter_is_never_empty(client: Client) -> None:
    assert client.request("GET", "/one/").status == 404


@case("paths")
def two_slashes_at_the_start_do_not_make_an_authority(client: Client) -> None:
    host = [("Host", "good.example")]

    status = refusal(client, "GET", "//evil.example/admin", host)

    # A server may take it for an authority and refuse it, or hand over one slash, which is a 404.
    assert status in (200, 400, 404)
    if status == 200:
        members = seen(client, "GET", "//evil.example/admin", host)
        assert members["path"] == "//evil.example/admin"
        assert members["host"] == "good.example"
        assert url_seen(members) == "good.example//evil.example/admin"


@case("paths")
def an_absolute_target_is_reduced_to_its_path_or_refused(client: Client) -> None:
    status = refusal(client, "GET", "http://good.example/async/seen/x", [("Host", "good.example")])
    assert status == 200 or 400 <= status < 500
    if status == 200:
        members = seen(
            client, "GET", "http://good.example/async/seen/x?a=b", [("Host", "good.example")]
        )
        assert members["path"] == "/async/seen/x"
        assert members["raw_query"] == "a=b"
        assert url_seen(members) == "good.example/async/seen/x?a=b"


@case("paths")
def the_url_has_the_path_and_query_as_they_came(client: Client) -> None:
    members = seen(client, "GET", "/async/seen/a%20b?c=d", [("Host", "good.example")])

    assert members["path"] == "/async/seen/a b"
    assert url_seen(members) == "good.example/async/seen/a%20b?c=d"
    assert members["url"].startswith(f"{members['scheme']}://")


@case("paths")
def the_path_of_a_404_is_not_taken_for_markup(client: Client) -> None:
    answer = client.request("GET", "/%3Cscript%3Ealert(1)%3C/script%3E")

    assert answer.status == 404
    assert answer.get("content-type") == "application/problem+json"


@case(
    "paths",
    each=[
        ("in-a-segment", "/one/..%2Fb"),
        ("in-the-rest", "/tree/a%2F..%2F..%2Fetc"),
        ("encoded-dots", "/one/%2e%2e%2fb"),
    ],
)
def a_dot_segment_behind_an_encoded_slash_is_refused(client: Client, target: str) -> None:
    answer = client.request("GET", target)

    if client.row.has(Capability.RAW_PATH):
        problem_of(answer, 400)
    else:  # decoded before we see it, it is a dot segment like any other, and leads nowhere
        assert answer.status in (400, 404)
