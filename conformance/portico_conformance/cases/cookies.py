"""Cookies (RFC 6265), both ways."""

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import json_of, problem_of, text_of

Record = tuple[str, dict[str, str]]


@case(
    "cookies",
    each=[
        ("one", ("a=1", {"a": "1"})),
        ("several", ("a=1; b=2; c=3", {"a": "1", "b": "2", "c": "3"})),
        ("no-space", ("a=1;b=2", {"a": "1", "b": "2"})),
        ("quotes", ('a="b c"', {"a": "b c"})),
        ("lone-quote", ('a="', {"a": '"'})),
        ("percent", ("a=caf%C3%A9", {"a": "café"})),
        ("malformed-percent", ("a=100%", {"a": "100%"})),
        ("equals-sign", ("a=b=c==", {"a": "b=c=="})),
        ("comma", ("a=1,2", {"a": "1,2"})),
        ("empty-value", ("a=", {"a": ""})),
        ("no-equals-sign", ("flag; a=1", {"a": "1"})),
        ("no-name", ("=x; a=1", {"a": "1"})),
        ("first-wins", ("a=1; a=2", {"a": "1"})),
        ("dollar", ("$Version=1; a=1", {"$Version": "1", "a": "1"})),
        ("token", ("t=eyJhbGci.eyJzdWIi.x-_~", {"t": "eyJhbGci.eyJzdWIi.x-_~"})),
        ("long", (f"a={'x' * 3000}", {"a": "x" * 3000})),
    ],
)
def cookies_are_read_by_name(client: Client, record: Record) -> None:
    field, cookies = record

    assert json_of(client.request("GET", "/cookies/seen", [("Cookie", field)])) == cookies


# HTTP/2 splits the field (RFC 9113 section 8.2.3); on HTTP/1.1 there should be but one.
SPLIT = [("Cookie", "a=1; b=2"), ("Cookie", "c=3")]


def the_cookies_of_the_fields_that_are_left_are_read(client: Client) -> None:
    assert set(json_of(client.request("GET", "/cookies/seen", SPLIT))) <= {"a", "b", "c"}


@case(
    "cookies",
    needs=Capability.REPEATED_HEADERS,
    otherwise=the_cookies_of_the_fields_that_are_left_are_read,
)
def several_cookie_fields_are_one(client: Client) -> None:
    answer = client.request("GET", "/cookies/seen", SPLIT)

    assert json_of(answer) == {"a": "1", "b": "2", "c": "3"}


@case("cookies")
def a_request_without_cookies_has_none(client: Client) -> None:
    assert json_of(client.request("GET", "/cookies/seen")) == {}


@case("cookies")
def a_cookie_that_is_set_has_safe_attributes(client: Client) -> None:
    answer = client.request("GET", "/cookies/set")

    (line,) = answer.get_all("set-cookie")
    first, *attributes = line.split("; ")
    assert first == "one=plain"
    # `Secure` goes with https, which some rows speak and some do not.
    assert [each for each in attributes if each != "Secure"] == [
        "Path=/",
        "HttpOnly",
        "SameSite=Lax",
    ]


@case(
    "cookies",
    each=[
        ("space", ("a%20b", "one=a%20b")),
        ("semicolon", ("a%3Bb", "one=a%3Bb")),
        ("line-break", ("a%0D%0ASet-Cookie%3A+x=1", "one=a%0D%0ASet-Cookie:%20x=1")),
        ("non-ascii", ("caf%C3%A9", "one=caf%C3%A9")),
        ("percent", ("100%25", "one=100%25")),
    ],
)
def the_value_of_a_cookie_is_escaped(client: Client, record: tuple[str, str]) -> None:
    value, first = record
    answer = client.request("GET", f"/cookies/set?value={value}")

    assert answer.status == 200
    assert [line.partition("; ")[0] for line in answer.get_all("set-cookie")] == [first]


@case("cookies")
def a_cookie_comes_back_as_it_was_set(client: Client) -> None:
    answer = client.request("GET", "/cookies/set?value=%22a%3B+b%22%2C+%E2%82%AC")
    (line,) = answer.get_all("set-cookie")

    back = client.request("GET", "/cookies/seen", [("Cookie", line.partition(";")[0])])

    assert json_of(back) == {"one": '"a; b", €'}


def one_of_several_cookies_arrives(client: Client) -> None:
    lines = client.request("GET", "/cookies/set-three").get_all("set-cookie")

    # Which one is the adapter's to say; that others are lost is declared.
    assert 1 <= len(lines) <= 3
    assert all(line[:2] in ("a=", "b=", "c=") for line in lines)


@case(
    "cookies",
    needs=Capability.MULTIPLE_SET_COOKIE,
    otherwise=one_of_several_cookies_arrives,
)
def several_cookies_go_out_as_several_fields(client: Client) -> None:
    lines = client.request("GET", "/cookies/set-three").get_all("set-cookie")

    assert [line.partition(";")[0] for line in lines] == ["a=1", "b=2", "c="]
    assert lines[1] == (
        "b=2; Max-Age=60; Domain=example.test; Path=/cookies; Secure; SameSite=Strict"
    )
    assert "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" in lines[2]


def one_of_two_fields_arrives(client: Client) -> None:
    lines = client.request("GET", "/cookies/by-field").get_all("set-cookie")

    assert lines
    assert all(line in ("x=1; Path=/", "y=2; Path=/") for line in lines)


@case("cookies", needs=Capability.MULTIPLE_SET_COOKIE, otherwise=one_of_two_fields_arrives)
def set_cookie_fields_of_a_response_are_never_joined(client: Client) -> None:
    lines = client.request("GET", "/cookies/by-field").get_all("set-cookie")

    assert lines == ["x=1; Path=/", "y=2; Path=/"]


@case("cookies")
def a_cookie_that_does_not_change_is_not_sent_again(client: Client) -> None:
    answer = client.request("GET", "/cookies/same", [("Cookie", "one=1")])

    assert text_of(answer) == "same"
    assert answer.get_all("set-cookie") == []


@case("cookies")
def cookies_that_were_set_go_out_with_an_error(client: Client) -> None:
    answer = client.request("GET", "/set-on-error")

    problem_of(answer, 500)
    assert answer.get("x-trace") == "t1"
    assert (answer.get("set-cookie") or "").startswith("seen=yes;")


@case(
    "cookies",
    each=[("line-break", "a%0D%0Ab"), ("semicolon", "a%3Bb"), ("space", "a+b"), ("empty", "")],
)
def a_cookie_name_that_is_no_token_is_refused(client: Client, name: str) -> None:
    answer = client.request("GET", f"/cookies/name?name={name}")

    problem_of(answer, 500)
    assert answer.get("set-cookie") is None
