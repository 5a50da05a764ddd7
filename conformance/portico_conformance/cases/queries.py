"""Queries (URL Standard, application/x-www-form-urlencoded parsing)."""

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, json_of, seen

Record = tuple[str, list[list[str]]]

# One name each, so that a gateway which hands over a dictionary loses nothing.
DECODED: list[tuple[str, Record]] = [
    ("one", ("a=1", [["a", "1"]])),
    ("plus", ("a=b+c", [["a", "b c"]])),
    ("space", ("a=b%20c", [["a", "b c"]])),
    ("escaped-plus", ("a=b%2Bc", [["a", "b+c"]])),
    ("plus-in-name", ("a+b=c", [["a b", "c"]])),
    ("no-value", ("a", [["a", ""]])),
    ("empty-value", ("a=", [["a", ""]])),
    ("second-equals-sign", ("a=b=c", [["a", "b=c"]])),
    ("utf-8", ("caf%C3%A9=%E2%82%AC", [["café", "€"]])),
    ("escaped-separators", ("a=%26%3D%23%3F", [["a", "&=#?"]])),
    ("semicolon", ("a=1;b=2", [["a", "1;b=2"]])),
    ("question-mark", ("a=1?b", [["a", "1?b"]])),
    ("slash", ("a=/b/../c", [["a", "/b/../c"]])),
    ("brackets", ("a[]=1", [["a[]", "1"]])),
    ("escaped-percent", ("a=100%25", [["a", "100%"]])),
    ("twice-encoded", ("a=%2541", [["a", "%41"]])),
    ("nul", ("a=%00", [["a", "\0"]])),
    ("line-break", ("a=b%0D%0Ac", [["a", "b\r\nc"]])),
    ("long", (f"a={'x' * 3000}", [["a", "x" * 3000]])),
]


@case("queries", each=DECODED)
def a_query_is_decoded_once(client: Client, record: Record) -> None:
    query, pairs = record

    assert seen(client, "GET", f"/async/seen?{query}")["query"] == pairs


@case("queries", each=COLOURS)
def several_names_all_arrive(client: Client, colour: str) -> None:
    members = seen(client, "GET", f"/{colour}/seen?b=1&a=2&c=3")

    # The order between names is lost by gateways that hand over a dictionary.
    assert sorted(members["query"]) == [["a", "2"], ["b", "1"], ["c", "3"]]


@case("queries")
def a_repeated_name_keeps_its_values_in_order(client: Client) -> None:
    assert seen(client, "GET", "/async/seen?a=2&a=1&a=2")["query"] == [
        ["a", "2"],
        ["a", "1"],
        ["a", "2"],
    ]


@case("queries")
def no_query_and_an_empty_one_have_no_names(client: Client) -> None:
    assert seen(client, "GET", "/async/seen")["query"] == []
    assert seen(client, "GET", "/async/seen?")["query"] == []


@case("queries")
def empty_pairs_are_left_out(client: Client) -> None:
    assert sorted(seen(client, "GET", "/async/seen?&a=1&&b=2&")["query"]) == [
        ["a", "1"],
        ["b", "2"],
    ]


@case(
    "queries",
    each=[
        ("no-digits", ("a=%zz", "%zz")),
        ("lone-percent", ("a=100%", "100%")),
        ("one-digit", ("a=%4", "%4")),
        ("bad-utf-8", ("a=%FF", "\ufffd")),
        ("truncated-utf-8", ("a=%C3", "\ufffd")),
    ],
)
def a_malformed_escape_in_a_query_is_no_error(client: Client, record: tuple[str, str]) -> None:
    query, value = record

    assert seen(client, "GET", f"/async/seen?{query}")["query"] == [["a", value]]


@case("queries")
def a_query_on_a_path_of_a_static_value_changes_nothing(client: Client) -> None:
    assert json_of(client.request("GET", "/value/dict?a=1")) == {"built": "once"}
