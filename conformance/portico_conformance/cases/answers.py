"""Answers: what each value of a handler becomes."""

import json

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, json_of, media_type, problem_of

Record = tuple[int, str, bytes]

TEXT = "text/plain;charset=UTF-8"
JSON = "application/json"
BYTES = "application/octet-stream"

EXACT: list[tuple[str, Record]] = [
    ("text", (200, TEXT, "Grüße".encode())),
    ("empty-text", (200, TEXT, b"")),
    ("bytes", (200, BYTES, b"\x00\xff")),
    ("bytearray", (200, BYTES, b"\x01\x02")),
    ("dict", (200, JSON, '{"a":1,"b":null,"ä":"€"}'.encode())),
    ("list", (200, JSON, b'[1,"two",null]')),
    ("struct", (200, JSON, b'{"x":1,"y":2}')),
    ("dataclass", (200, JSON, b'{"left":"l","right":"r"}')),
    ("true", (200, TEXT, b"true")),
    ("int", (200, TEXT, b"42")),
    ("float", (200, TEXT, b"0.5")),
    ("str-enum", (200, TEXT, b"yes")),
    (
        "datetime",
        (200, JSON, b'["2026-11-21T09:30:00Z","00000000-0000-0000-0000-000000000001"]'),
    ),
    ("response", (203, "text/x-own", b"own")),
    ("json-response", (202, JSON, b'{"own":true}')),
    ("blob", (200, "text/x-blob", b"blob")),
    ("params", (200, "application/x-www-form-urlencoded;charset=UTF-8", b"a=1+2&b=%C3%BC")),
    ("reply", (201, JSON, b'{"id":1}')),
    ("reply-text", (418, TEXT, b"short and stout")),
    ("raised-with-value", (409, JSON, b'{"conflicts":["a"]}')),
]


@case("answers", each=[(kind, (kind, *record)) for kind, record in EXACT])
def a_value_has_its_form(client: Client, record: tuple[str, int, str, bytes]) -> None:
    kind, status, content_type, body = record
    for colour in ("async", "sync"):
        answer = client.request("GET", f"/{colour}/answer/{kind}")

        assert answer.status == status
        assert answer.body == body
        assert answer.get("content-length") == str(len(body))
        assert (answer.get("content-type") or "").replace(" ", "") == content_type


@case("answers", each=COLOURS)
def a_form_goes_out_as_multipart(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/answer/form")

    content_type = answer.get("content-type") or ""
    assert content_type.startswith("multipart/form-data; boundary=")
    boundary = content_type.partition("boundary=")[2].encode()
    assert answer.body == (
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--'
        b"" + boundary + b"--\r\n"
    )


@case("answers")
def a_reply_has_its_own_fields(client: Client) -> None:
    answer = client.request("GET", "/async/answer/reply")

    assert answer.status == 201
    assert answer.get("location") == "/items/1"


@case("answers", each=COLOURS)
def a_problem_has_its_members_and_extensions(client: Client, colour: str) -> None:
    problem = problem_of(client.request("GET", f"/{colour}/answer/problem"), 404)

    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no user 1",
        "instance": "/users/1",
        "user": 1,
    }


@case("answers", each=COLOURS)
def an_error_status_alone_is_a_problem(client: Client, colour: str) -> None:
    problem = problem_of(client.request("GET", f"/{colour}/answer/status-alone"), 403)

    assert problem == {"type": "about:blank", "title": "Forbidden", "status": 403}


@case("answers", each=COLOURS)
def a_raised_error_is_a_problem_with_its_text(client: Client, colour: str) -> None:
    problem = problem_of(client.request("GET", f"/{colour}/answer/raised"), 404)

    assert problem["detail"] == "no such thing"


@case("answers", each=COLOURS)
def a_raised_error_has_its_fields(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/answer/raised-with-field")

    problem_of(answer, 429)
    assert answer.get("retry-after") == "7"


@case("answers", each=[(kind, kind) for kind in ("unsendable", "surrogate", "unknown-status")])
def a_value_that_has_no_form_is_a_500(client: Client, kind: str) -> None:
    for colour in ("async", "sync"):
        problem = problem_of(client.request("GET", f"/{colour}/answer/{kind}"), 500)

        assert "detail" not in problem


@case("answers")
def declared_replies_keep_their_status(client: Client) -> None:
    created = client.request("GET", "/declared/3")
    assert created.status == 201
    assert json.loads(created.body) == {"x": 3, "y": 3}
    assert problem_of(client.request("GET", "/declared/0"), 404)["detail"] == "zero"


@case("answers")
def a_value_that_was_registered_is_the_same_each_time(client: Client) -> None:
    for _ in range(3):
        assert json_of(client.request("GET", "/value/dict")) == {"built": "once"}


@case("answers")
def an_object_with_an_asynchronous_call_is_a_handler(client: Client) -> None:
    answer = client.request("GET", "/callable")

    assert media_type(answer) == "text/plain"
    assert answer.body == b"called"
