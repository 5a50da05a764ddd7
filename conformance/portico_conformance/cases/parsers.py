"""Parsers: hooks and names that read a body, by its type or whatever that is."""

from typing import Any, Final

from portico_conformance._case import Client, case
from portico_conformance.cases._lifecycles import live, ran
from portico_conformance.cases._reading import COLOURS, FORM, JSON, TEXT, json_of, problem_of

PAIRS: Final = ("Content-Type", "application/x-pairs")
OTHER: Final = ("Content-Type", "application/x-unknown")

Record = tuple[str, str, tuple[str, str], bytes, Any]

BODIES: Final[list[tuple[str, str, tuple[str, str], bytes, Any]]] = [
    ("by-type", "any", PAIRS, b"x=1,y=2", {"type": "dict", "value": {"x": 1, "y": 2}}),
    (
        "by-type-with-parameters",
        "any",
        ("Content-Type", "APPLICATION/X-Pairs; charset=utf-8"),
        b"x=1",
        {"type": "dict", "value": {"x": 1}},
    ),
    ("built-in-json", "any", JSON, b'{"x":1}', {"type": "dict", "value": {"x": 1}}),
    ("built-in-text", "any", TEXT, b"x=1", {"type": "str", "value": "x=1"}),
    ("built-in-form", "any", FORM, b"x=1", {"type": "FormData", "value": [["x", "1"]]}),
    ("built-in-bytes", "any", OTHER, b"x=1", {"type": "bytes", "value": "x=1"}),
    ("json-of-text", "as/json", TEXT, b"[1]", {"type": "list", "value": [1]}),
    ("text-of-json", "as/text", JSON, b"[1]", {"type": "str", "value": "[1]"}),
    ("form-of-form", "as/form", FORM, b"a=b", {"type": "FormData", "value": [["a", "b"]]}),
    ("bytes-of-json", "as/bytes", JSON, b"[1]", {"type": "bytes", "value": "[1]"}),
    ("named-of-text", "as/pairs", TEXT, b"x=1", {"type": "dict", "value": {"x": 1}}),
    ("list", "as/list", TEXT, b"x=1", {"type": "dict", "value": {"x": 1}}),
    ("list-to-built-in", "as/list-with-json", TEXT, b"[1]", {"type": "list", "value": [1]}),
    ("empty-object", "as/empty-object", TEXT, b"x=1", {"type": "dict", "value": {}}),
]
"""Routes, bodies with their type, and what the handler sees."""


def post(client: Client, colour: str, path: str, content_type: tuple[str, str], body: bytes) -> Any:
    return client.request("POST", f"/{colour}/parsed/{path}", [content_type], body)


@case(
    "parsers",
    each=[
        (f"{name}-{colour}", (colour, path, content_type, body, seen))
        for name, path, content_type, body, seen in BODIES
        for colour, _ in COLOURS
    ],
)
def a_body_is_what_its_parser_gives(client: Client, record: Record) -> None:
    colour, path, content_type, body, seen = record

    assert json_of(post(client, colour, path, content_type, body)) == seen


@case("parsers", each=COLOURS)
def the_parsers_of_a_list_are_asked_in_order(client: Client, colour: str) -> None:
    assert ran(post(client, colour, "as/list", TEXT, b"x=1")) == ["nothing", "pairs of text/plain"]
    assert ran(post(client, colour, "as/empty-object", TEXT, b"x=1")) == ["null"]


@case("parsers", each=COLOURS)
def a_parser_of_one_type_is_not_asked_for_another(client: Client, colour: str) -> None:
    assert ran(post(client, colour, "any", TEXT, b"x=1")) == []
    assert ran(post(client, colour, "any", PAIRS, b"x=1")) == ["pairs of application/x-pairs"]


@case("parsers", each=COLOURS)
def without_a_parser_the_handler_reads_the_body(client: Client, colour: str) -> None:
    answer = post(client, colour, "as/none", JSON, b"{not json")

    assert json_of(answer) == [True, "{not json"]


@case("parsers", each=COLOURS)
def a_request_without_a_body_has_no_parser(client: Client, colour: str) -> None:
    for method in ("GET", "DELETE"):
        answer = client.request(method, f"/{colour}/parsed/any", [PAIRS])

        assert json_of(answer) == {"type": "NoneType", "value": None}
        assert ran(answer) == []


@case(
    "parsers",
    each=[
        (f"{path[-5:]}-{colour}", (colour, path))
        for path in ("any", "as/pairs")
        for colour, _ in COLOURS
    ],
)
def what_a_parser_cannot_read_is_a_400(client: Client, record: tuple[str, str]) -> None:
    colour, path = record

    for body in (b"x=one", b"no pairs", b"\xff=1"):
        problem = problem_of(post(client, colour, path, PAIRS, body), 400)

        assert problem["detail"] == "The body is malformed."


@case("parsers", each=COLOURS)
def a_built_in_parser_refuses_what_it_cannot_read(client: Client, colour: str) -> None:
    problem_of(post(client, colour, "as/json", TEXT, b"{not json"), 400)
    problem_of(post(client, colour, "as/text", JSON, b"\xff"), 400)


@case("parsers", each=COLOURS)
def a_parser_that_breaks_is_a_500(client: Client, colour: str) -> None:
    answer = post(client, colour, "any", ("Content-Type", "application/x-broken"), b"x")

    problem_of(answer, 500)
    assert b"secret" not in answer.body


@case(
    "parsers",
    each=[
        (f"{path.replace('/', '-')}-{colour}", (colour, path))
        for path in ("point", "point/as/pairs")
        for colour, _ in COLOURS
    ],
)
def what_a_parser_gives_is_validated(client: Client, record: tuple[str, str]) -> None:
    colour, path = record

    right = post(client, colour, path, PAIRS, b"x=1")
    wrong = post(client, colour, path, PAIRS, b"y=2")

    assert json_of(right) == {"x": 1, "y": 0}
    (fault,) = problem_of(wrong, 422)["errors"]
    assert (fault["in"], fault["pointer"]) == ("body", "/x")


@case(
    "parsers",
    each=[
        (f"{hook}-{act}-{colour}", (colour, hook, act))
        for hook in ("parse-1", "parse-2")
        for act in ("object", "empty-list", "text", "false")
        for colour, _ in COLOURS
    ],
)
def the_first_parse_hook_with_a_value_is_the_last(
    client: Client, record: tuple[str, str, str]
) -> None:
    colour, hook, act = record

    answer = live(client, colour, f"{hook}={act}", method="POST", body=b'{"n":1}')

    parsed = [name for name in ran(answer) if name.startswith("parse")]
    assert parsed == (["parse-1"] if hook == "parse-1" else ["parse-1", "parse-2"])
    if act == "object":
        assert json_of(answer)["body"] == {"acted": 1}
    else:
        (fault,) = problem_of(answer, 422)["errors"]
        assert fault["in"] == "body"


@case("parsers", each=COLOURS)
def an_answer_from_a_parse_hook_is_the_developers_mistake(client: Client, colour: str) -> None:
    for act in ("status-401", "response", "redirect"):
        answer = live(client, colour, f"parse-1={act}", method="POST", body=b'{"n":1}')

        problem_of(answer, 500)


@case("parsers", each=COLOURS)
def a_parse_hook_refuses_a_body_by_raising(client: Client, colour: str) -> None:
    answer = live(client, colour, "parse-1=raise-409", method="POST", body=b'{"n":1}')
    malformed = live(client, colour, "parse-2=raise-value-error", method="POST", body=b'{"n":1}')

    problem_of(answer, 409)
    problem_of(malformed, 400)
    assert b"secret" not in malformed.body
