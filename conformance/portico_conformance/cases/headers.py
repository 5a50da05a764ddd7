"""Header fields, both ways (RFC 9110 section 5)."""

from urllib.parse import quote

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import COLOURS, fields, is_alive, problem_of, seen

WAYS = ("response", "set", "reply")


def with_field(client: Client, colour: str, way: str, name: str, value: str) -> WireResponse:
    query = f"name={quote(name, safe='')}&value={quote(value, safe='')}"
    return client.request("GET", f"/{colour}/fields/{way}?{query}")


@case("headers", each=COLOURS)
def the_names_of_request_fields_are_read_in_any_case(client: Client, colour: str) -> None:
    members = seen(client, "GET", f"/{colour}/seen", [("X-MiXeD-CaSe", "Value")])

    assert fields(members, "x-mixed-case") == ["Value"]


def a_repeated_request_field_is_joined_or_its_last_value(client: Client) -> None:
    members = seen(client, "GET", "/async/seen", [("X-Twice", "1"), ("X-Twice", "2")])

    values = [part.strip() for value in fields(members, "x-twice") for part in value.split(",")]
    assert values in (["1", "2"], ["2"])


@case(
    "headers",
    needs=Capability.REPEATED_HEADERS,
    otherwise=a_repeated_request_field_is_joined_or_its_last_value,
)
def a_repeated_request_field_keeps_each_value_in_order(client: Client) -> None:
    headers = [("X-Twice", "1"), ("X-Other", "o"), ("X-Twice", "2")]

    assert fields(seen(client, "GET", "/async/seen", headers), "x-twice") == ["1", "2"]


@case("headers")
def an_empty_request_field_reads_as_empty_or_absent(client: Client) -> None:
    values = fields(seen(client, "GET", "/async/seen", [("X-Empty", "")]), "x-empty")

    # CGI-style servers cannot tell the two apart (RFC 3875 section 4.1.18).
    assert values in ([""], [])


@case("headers")
def white_space_around_a_request_field_is_not_a_part_of_it(client: Client) -> None:
    members = seen(client, "GET", "/async/seen", [("X-Padded", "  a  b \t")])

    assert fields(members, "x-padded") == ["a  b"]


@case("headers")
def punctuation_in_a_request_field_is_kept(client: Client) -> None:
    value = "a=\"b; c\", d='e' (f) <g> {h} [i] \\ | ~ ^ % & + * ? ! @ # $"

    members = seen(client, "GET", "/async/seen", [("X-Marks", value)])

    assert fields(members, "x-marks") == [value]


@case("headers")
def a_latin_1_request_field_keeps_its_bytes(client: Client) -> None:
    members = seen(client, "GET", "/async/seen", [("X-Word", "caf\xe9")])

    assert fields(members, "x-word") == ["caf\xe9"]


@case("headers")
def a_latin_1_response_field_keeps_its_bytes(client: Client) -> None:
    answer = client.request("GET", "/latin-1")

    assert answer.status == 200
    assert answer.get("x-word") == "caf\xe9"


@case("headers")
def a_long_request_field_arrives_whole(client: Client) -> None:
    members = seen(client, "GET", "/async/seen", [("X-Long", "y" * 4000)])

    assert fields(members, "x-long") == ["y" * 4000]


@case("headers")
def a_long_response_field_arrives_whole(client: Client) -> None:
    assert client.request("GET", "/long-field?size=4000").get("x-long") == "x" * 4000


@case("headers")
def many_request_fields_arrive(client: Client) -> None:
    headers = [(f"X-Field-{number}", str(number)) for number in range(40)]

    members = seen(client, "GET", "/async/seen", headers)

    assert [fields(members, f"x-field-{number}") for number in range(40)] == [
        [str(number)] for number in range(40)
    ]


@case("headers")
def an_underscore_is_not_taken_for_a_hyphen(client: Client) -> None:
    members = seen(client, "GET", "/async/seen", [("X_Forwarded_User", "root")])

    assert fields(members, "x-forwarded-user") == []


@case("headers")
def the_fields_of_a_proxy_do_not_change_what_the_application_sees(client: Client) -> None:
    plain = seen(client, "GET", "/async/seen")
    forged = seen(
        client,
        "GET",
        "/async/seen",
        [
            ("X-Forwarded-Host", "evil.example"),
            ("Forwarded", "host=evil.example;proto=gopher"),
            ("X-Original-URL", "/admin"),
            ("X-Rewrite-URL", "/admin"),
            ("X-HTTP-Method-Override", "DELETE"),
        ],
    )

    for member in ("method", "path", "host", "scheme", "url"):
        assert forged[member] == plain[member]


def a_repeated_response_field_is_joined_or_its_last_value(client: Client) -> None:
    answer = client.request("GET", "/repeated")

    values = [part.strip() for value in answer.get_all("x-multi") for part in value.split(",")]
    assert values in (["1", "2", "3"], ["3"])
    assert answer.get("x-other") == "o"


@case(
    "headers",
    needs=Capability.REPEATED_HEADERS,
    otherwise=a_repeated_response_field_is_joined_or_its_last_value,
)
def a_repeated_response_field_keeps_each_value_in_order(client: Client) -> None:
    answer = client.request("GET", "/repeated")

    assert ", ".join(answer.get_all("x-multi")) == "1, 2, 3"
    assert answer.get("x-other") == "o"


@case(
    "headers",
    each=[(f"{colour}-{way}", (colour, way)) for colour in ("async", "sync") for way in WAYS],
)
def a_field_of_the_handler_goes_out(client: Client, record: tuple[str, str]) -> None:
    answer = with_field(client, *record, "X-Own", '  a; b="c"  ')

    assert answer.status == 200
    assert answer.get("x-own") == 'a; b="c"'
    assert answer.body == b"sent"


@case(
    "headers",
    each=[
        (f"{name}-{way}", (way, value))
        for way in WAYS
        for name, value in [
            ("crlf", "a\r\nX-Injected: 1"),
            ("lf", "a\nX-Injected: 1"),
            ("cr", "a\rX-Injected: 1"),
            ("nul", "a\0b"),
            ("body", "a\r\n\r\n<script>"),
            ("beyond-latin-1", "snow \u2603"),
        ]
    ],
)
def a_value_that_would_end_its_field_is_refused(client: Client, record: tuple[str, str]) -> None:
    way, value = record
    for colour in ("async", "sync"):
        answer = with_field(client, colour, way, "X-Own", value)

        problem_of(answer, 500)
        assert answer.get("x-injected") is None
        assert answer.get("x-own") is None
        assert b"script" not in answer.body
    is_alive(client)


@case(
    "headers",
    each=[
        (identifier, name)
        for identifier, name in [
            ("crlf", "X-Own\r\nX-Injected"),
            ("colon", "X-Own: 1, X-Injected"),
            ("space", "X Own"),
            ("empty", ""),
            ("non-ascii", "X-Caf\xe9"),
        ]
    ],
)
def a_name_that_is_no_token_is_refused(client: Client, name: str) -> None:
    for way in WAYS:
        answer = with_field(client, "async", way, name, "1")

        problem_of(answer, 500)
        assert answer.get("x-injected") is None


@case("headers")
def fields_of_the_connection_are_the_servers_to_write(client: Client) -> None:
    answer = client.request("GET", "/connection-fields")

    assert answer.status == 200
    assert answer.body == b"connected"
    assert answer.get("x-kept") == "yes"
    assert answer.get("upgrade") is None
    assert "x-secret" not in (answer.get("connection") or "")
    assert answer.get("content-length") in ("9", None)
    is_alive(client)


@case("headers")
def a_field_of_the_response_wins_over_one_that_was_set(client: Client) -> None:
    answer = client.request("GET", "/wins")

    assert answer.get_all("x-field") == ["from response"]
    assert answer.get_all("x-only") == ["from set"]


@case("headers")
def an_answer_has_one_content_type_and_one_content_length(client: Client) -> None:
    for target in ("/text", "/value/dict", "/async/answer/bytes", "/nothing"):
        answer = client.request("GET", target)

        assert len(answer.get_all("content-type")) == 1
        assert answer.get_all("content-length") == [str(len(answer.body))]
