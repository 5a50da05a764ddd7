"""Binding: parameters of handlers, and every fault of every part in one answer."""

import json
from typing import Any
from urllib.parse import quote

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import COLOURS, FORM, JSON, TEXT, json_of, problem_of

DEFAULTS: dict[str, object] = {
    "name": "n",
    "count": 1,
    "ratio": 0.5,
    "flag": False,
    "colour": "red",
    "size": "m",
    "tag": [],
    "since": None,
    "id": None,
    "price": None,
}


def faults_of(answer: WireResponse) -> list[dict[str, Any]]:
    """The faults of a 422."""
    problem = problem_of(answer, 422)
    errors: list[dict[str, Any]] = problem["errors"]
    assert errors
    assert all(set(fault) == {"in", "pointer", "expected"} for fault in errors)
    return errors


def places(answer: WireResponse) -> list[tuple[str, str]]:
    """Where the faults of a 422 are."""
    return [(fault["in"], fault["pointer"]) for fault in faults_of(answer)]


@case("binding", each=[("plain", ("7", 7)), ("negative", ("-7", -7)), ("zero", ("007", 7))])
def a_path_parameter_is_converted(client: Client, record: tuple[str, int]) -> None:
    text, number = record

    assert json_of(client.request("GET", f"/bound/path/{text}")) == {"id": number}


@case(
    "binding",
    each=[
        (name, text)
        for name, text in [
            ("letters", "seven"),
            ("fraction", "1.0"),
            ("exponent", "1e3"),
            ("underscore", "1_000"),
            ("plus", "+7"),
            ("space", "%207"),
            ("other-digits", "%D9%A7"),
            ("huge", "9" * 400),
        ]
    ],
)
def a_path_parameter_that_does_not_convert_is_a_422(client: Client, text: str) -> None:
    (fault,) = faults_of(client.request("GET", f"/bound/path/{text}"))

    assert fault == {"in": "path", "pointer": "/id", "expected": "an integer"}


@case("binding")
def an_optional_path_parameter_may_be_absent(client: Client) -> None:
    assert json_of(client.request("GET", "/bound/two/a/3")) == {"first": "a", "second": 3}
    assert json_of(client.request("GET", "/bound/two/a")) == {"first": "a", "second": None}
    assert places(client.request("GET", "/bound/two/a/b")) == [("path", "/second")]


@case(
    "binding",
    each=[
        ("defaults", ("", {})),
        ("int", ("count=12", {"count": 12})),
        ("float", ("ratio=1.5e2", {"ratio": 150.0})),
        ("bool", ("flag=true", {"flag": True})),
        ("bool-number", ("flag=1", {"flag": True})),
        ("bool-checkbox", ("flag=on", {"flag": True})),
        ("enum", ("colour=blue", {"colour": "blue"})),
        ("literal", ("size=l", {"size": "l"})),
        ("list-of-one", ("tag=a", {"tag": ["a"]})),
        ("date", ("since=2026-11-21", {"since": "2026-11-21"})),
        (
            "uuid",
            (
                "id=0a9ad2b7-3bd4-4f0a-8d2c-6d1d8a7a6f00",
                {"id": "0a9ad2b7-3bd4-4f0a-8d2c-6d1d8a7a6f00"},
            ),
        ),
        ("decimal", ("price=1.10", {"price": "1.10"})),
        ("unknown-names-are-left-out", ("other=1", {})),
        ("empty-is-the-default", ("count=", {})),
    ],
)
def a_query_parameter_is_converted(client: Client, record: tuple[str, dict[str, Any]]) -> None:
    query, changed = record

    answer = client.request("GET", f"/bound/query?name=n&{query}")

    assert json_of(answer) == {**DEFAULTS, **changed}


@case("binding")
def a_list_takes_every_value_of_its_name(client: Client) -> None:
    answer = client.request("GET", "/bound/query?name=n&tag=b&tag=a&tag=b")

    assert json_of(answer)["tag"] == ["b", "a", "b"]


@case(
    "binding",
    each=[
        ("int", ("count", "many")),
        ("int-fraction", ("count", "1.75")),
        ("float", ("ratio", "nan")),
        ("bool", ("flag", "maybe")),
        ("enum", ("colour", "green")),
        ("literal", ("size", "xl")),
        ("date", ("since", "21.11.2026")),
        ("uuid", ("id", "not-a-uuid")),
        ("decimal", ("price", "Infinity")),
    ],
)
def a_query_parameter_that_does_not_convert_is_a_422(
    client: Client, record: tuple[str, str]
) -> None:
    name, text = record
    answer = client.request("GET", f"/bound/query?name=n&{name}={quote(text)}")

    assert places(answer) == [("query", f"/{name}")]
    assert text.encode() not in answer.body


@case("binding")
def every_fault_of_the_query_is_told(client: Client) -> None:
    answer = client.request("GET", "/bound/query?count=x&ratio=y&size=xl")

    assert places(answer) == [
        ("query", "/name"),
        ("query", "/count"),
        ("query", "/ratio"),
        ("query", "/size"),
    ]


@case("binding", each=COLOURS)
def a_required_parameter_that_is_absent_is_a_422(client: Client, colour: str) -> None:
    (fault,) = faults_of(client.request("GET", f"/{colour}/bound/query?count=1"))

    assert fault["pointer"] == "/name"
    assert "required" in fault["expected"]


@case("binding")
def a_struct_takes_the_query(client: Client) -> None:
    assert json_of(client.request("GET", "/bound/page?page=3")) == {"page": 3, "size": 10}
    assert places(client.request("GET", "/bound/page?page=x&size=101")) == [
        ("query", "/page"),
        ("query", "/size"),
    ]


@case("binding")
def a_struct_takes_the_header_fields(client: Client) -> None:
    headers = [("X-Request-Id", "r1"), ("X-Retry", "2")]

    assert json_of(client.request("GET", "/bound/headers", headers)) == {
        "x_request_id": "r1",
        "x_retry": 2,
    }
    found = client.request("GET", "/bound/headers", [("X-Retry", "top-secret")])
    assert {part for part, _ in places(found)} == {"headers"}
    assert len(places(found)) == 2
    assert b"top-secret" not in found.body


@case("binding")
def a_struct_takes_the_cookies(client: Client) -> None:
    answer = client.request("GET", "/bound/cookies", [("Cookie", "session=s1; visits=3")])

    assert json_of(answer) == {"session": "s1", "visits": 3}
    found = client.request("GET", "/bound/cookies", [("Cookie", "visits=top-secret")])
    assert {part for part, _ in places(found)} == {"cookies"}
    assert b"top-secret" not in found.body


@case("binding", each=COLOURS)
def a_struct_takes_a_json_body(client: Client, colour: str) -> None:
    body = json.dumps({"name": "a", "count": 2, "tags": ["x"], "colour": "blue"}).encode()

    answer = client.request("POST", f"/{colour}/bound/body", [JSON], body)

    assert json_of(answer) == {"name": "a", "count": 2, "tags": ["x"], "colour": "blue"}


@case("binding", each=COLOURS)
def a_struct_takes_a_form(client: Client, colour: str) -> None:
    body = b"name=a&count=2&tags=x&tags=y&colour=blue"

    answer = client.request("POST", f"/{colour}/bound/body", [FORM], body)

    assert json_of(answer) == {"name": "a", "count": 2, "tags": ["x", "y"], "colour": "blue"}


@case("binding", each=COLOURS)
def every_fault_of_a_body_is_told(client: Client, colour: str) -> None:
    body = json.dumps({"name": "", "count": -1, "tags": ["x", 2], "colour": "green"}).encode()

    answer = client.request("POST", f"/{colour}/bound/body", [JSON], body)

    assert places(answer) == [
        ("body", "/name"),
        ("body", "/count"),
        ("body", "/tags/1"),
        ("body", "/colour"),
    ]


@case(
    "binding",
    each=[("null", b"null"), ("array", b"[]"), ("text", b'"a"'), ("number", b"1")],
)
def a_body_of_another_kind_is_a_422(client: Client, body: bytes) -> None:
    answer = client.request("POST", "/async/bound/body", [JSON], body)

    assert places(answer) == [("body", "")]


@case("binding", each=COLOURS)
def a_declared_body_of_a_foreign_type_is_a_415(client: Client, colour: str) -> None:
    for content_type in (TEXT, ("Content-Type", "application/xml")):
        answer = client.request("POST", f"/{colour}/bound/body", [content_type], b"<a/>")

        problem_of(answer, 415)


@case("binding", each=COLOURS)
def a_declared_body_without_a_type_is_taken_for_json(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/{colour}/bound/body", (), b'{"name":"a"}')

    assert json_of(answer)["name"] == "a"


@case("binding", each=COLOURS)
def a_declared_body_that_is_absent_is_a_400(client: Client, colour: str) -> None:
    problem_of(client.request("POST", f"/{colour}/bound/body", [JSON]), 400)


@case("binding")
def an_optional_body_may_be_absent(client: Client) -> None:
    assert json_of(client.request("POST", "/bound/optional-body")) == {"body": None}
    answer = client.request("POST", "/bound/optional-body", [JSON], b'{"name":"a"}')
    assert json_of(answer)["body"]["name"] == "a"


@case("binding")
def all_parts_are_bound_together(client: Client) -> None:
    headers = [JSON, ("X-Request-Id", "r"), ("Cookie", "session=s")]

    answer = json_of(
        client.request("POST", "/bound/everything/1?limit=2", headers, b'{"name":"a"}')
    )

    assert answer["id"] == 1
    assert answer["limit"] == 2
    assert answer["body"]["name"] == "a"
    assert answer["headers"]["x_request_id"] == "r"
    assert answer["cookies"]["session"] == "s"


@case("binding")
def every_fault_of_every_part_is_told_at_once(client: Client) -> None:
    answer = client.request("POST", "/bound/everything/x?limit=y", [JSON], b'{"count":-1}')

    found = places(answer)
    assert [part for part, _ in found] == ["path", "query", "body", "body", "headers", "cookies"]
    assert ("path", "/id") in found
    assert ("query", "/limit") in found
    assert ("body", "/name") in found
    assert ("body", "/count") in found
