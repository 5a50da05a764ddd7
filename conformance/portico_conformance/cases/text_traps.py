"""Texts that look like a value of a declared type, or do not: the same rules in every part.

JSON says itself what its values are, so there no text stands for anything else.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import FORM, JSON, json_of, problem_of
from portico_conformance.cases.binding import places
from portico_conformance.cases.forms import MULTIPART, multipart, part

Ask = Callable[[Client, str, str], WireResponse]

DEFAULTS: Final = {"i": "5", "f": "5", "b": "False", "d": "Decimal('5')", "o": "None", "e": "1"}
WORDS: Final = {
    "i": "an integer",
    "f": "a number",
    "b": "a boolean",
    "d": "a decimal number",
    "o": "an integer or null",
    "e": "one of 1, 2",
}


def _query(client: Client, name: str, text: str) -> WireResponse:
    return client.request("GET", f"/scalars/query?{name}={quote(text, safe='')}")


def _parameters(client: Client, name: str, text: str) -> WireResponse:
    return client.request("GET", f"/scalars/parameters?{name}={quote(text, safe='')}")


def _headers(client: Client, name: str, text: str) -> WireResponse:
    return client.request("GET", "/scalars/headers", [(name.upper(), text)])


def _cookies(client: Client, name: str, text: str) -> WireResponse:
    cookie = f"{name}={quote(text, safe='')}"
    return client.request("GET", "/scalars/cookies", [("Cookie", cookie)])


def _path(client: Client, name: str, text: str) -> WireResponse:
    return client.request("GET", f"/scalars/path/{name}/{quote(text, safe='')}")


def _form(client: Client, name: str, text: str) -> WireResponse:
    body = f"{name}={quote(text, safe='')}".encode()
    return client.request("POST", "/scalars/body", [FORM], body)


def _multipart(client: Client, name: str, text: str) -> WireResponse:
    body = multipart(part(f'name="{name}"', text.encode()))
    return client.request("POST", "/scalars/body", [MULTIPART], body)


PARTS: Final[dict[str, tuple[str, Ask]]] = {
    "query": ("query", _query),
    "parameters": ("query", _parameters),
    "headers": ("headers", _headers),
    "cookies": ("cookies", _cookies),
    "path": ("path", _path),
    "form": ("body", _form),
    "multipart": ("body", _multipart),
}
# What a checked box without a value sends; nobody checks a box in a header field.
CHECKBOX_PARTS: Final = ("query", "parameters", "form", "multipart")

ONE: Final = {"i": "1", "f": "1.0", "b": "True", "d": "Decimal('1')", "o": "1", "e": "1"}
NOTHING: Final[dict[str, str]] = {}
TRAPS: Final[list[tuple[str, str, dict[str, str]]]] = [
    ("one", "1", ONE),
    ("zero", "0", {"i": "0", "f": "0.0", "b": "False", "d": "Decimal('0')", "o": "0"}),
    ("minus-zero", "-0", {"i": "0", "f": "-0.0", "d": "Decimal('-0')", "o": "0"}),
    ("leading-zeros", "007", {"i": "7", "f": "7.0", "d": "Decimal('7')", "o": "7"}),
    ("exponent", "1e3", {"f": "1000.0", "d": "Decimal('1E+3')"}),
    ("fraction", "1.0", {"f": "1.0", "d": "Decimal('1.0')"}),
    ("no-digit-before-the-point", ".5", {"f": "0.5", "d": "Decimal('0.5')"}),
    ("true", "true", {"b": "True"}),
    ("upper-case-true", "TRUE", {"b": "True"}),
    ("false", "False", {"b": "False"}),
    ("plus", "+1", NOTHING),
    ("space-before", " 1", NOTHING),
    ("space-after", "1 ", NOTHING),
    ("tab", "\t1", NOTHING),
    ("line-break", "1\n", NOTHING),
    ("no-break-space", "\xa01", NOTHING),
    ("underscore", "1_000", NOTHING),
    ("comma", "1,2", NOTHING),
    ("other-digits", "٣", NOTHING),
    ("superscript", "³", NOTHING),
    ("full-width", "\uff11", NOTHING),
    ("nan", "nan", NOTHING),
    ("infinity", "inf", NOTHING),
    ("minus-infinity", "-Infinity", NOTHING),
    ("too-large", "1e999", {"d": "Decimal('1E+999')"}),
    ("too-long", "9" * 400, NOTHING),
    ("on", "on", NOTHING),
    ("yes", "yes", NOTHING),
    ("t", "t", NOTHING),
    ("hexadecimal", "0x10", NOTHING),
    ("null", "null", NOTHING),
    ("none", "None", NOTHING),
    ("minus", "-", NOTHING),
    ("two-minuses", "--1", NOTHING),
    ("quotes", '"1"', NOTHING),
    ("json-list", "[1]", NOTHING),
    ("nul", "1\0", NOTHING),
]
# A field's value has no white space at its ends and no control characters (RFC 9110 section 5.5).
NOT_IN_HEADERS: Final = frozenset({"space-before", "space-after", "tab", "line-break", "nul"})


def _can_carry(where: str, identifier: str, text: str) -> bool:
    if where == "headers":
        return text.isascii() and identifier not in NOT_IN_HEADERS
    # Servers refuse some control characters in a path, escaped or not.
    return where != "path" or text.isprintable() or identifier == "no-break-space"


EACH: Final = [
    (f"{identifier}-{where}", (where, text, values))
    for identifier, text, values in TRAPS
    for where in PARTS
    if _can_carry(where, identifier, text)
]


@case("text-traps", each=EACH)
def a_text_is_read_by_the_declared_type(
    client: Client, record: tuple[str, str, dict[str, str]]
) -> None:
    where, text, values = record
    part_name, ask = PARTS[where]
    for name, words in WORDS.items():
        answer = ask(client, name, text)

        value = values.get(name)
        if text == "on" and name == "b" and where in CHECKBOX_PARTS:
            value = "True"
        if value is not None:
            assert json_of(answer)[name] == value, (name, answer.body)
        else:
            (fault,) = problem_of(answer, 422)["errors"]
            assert fault == {"in": part_name, "pointer": f"/{name}", "expected": words}
    assert json_of(ask(client, "s", text))["s"] == repr(text)


@case("text-traps", each=[(where, where) for where in PARTS if where != "path"])
def an_empty_text_is_the_default_but_for_a_text(client: Client, where: str) -> None:
    _, ask = PARTS[where]
    for name, default in DEFAULTS.items():
        assert json_of(ask(client, name, ""))[name] == default
    assert json_of(ask(client, "s", ""))["s"] == "''"


@case(
    "text-traps",
    each=[
        ("comma", ("tag=a,b", ["a,b"])),
        ("json", ("tag=[1,2]", ["[1,2]"])),
        ("brackets", ("tag[]=a", [])),
        ("index", ("tag[0]=a", [])),
    ],
)
def a_list_of_the_query_repeats_its_name_and_knows_no_other_form(
    client: Client, record: tuple[str, list[str]]
) -> None:
    query, tags = record

    assert json_of(client.request("GET", f"/bound/query?name=n&{query}"))["tag"] == tags


@case("text-traps")
def a_comma_makes_no_list_of_numbers(client: Client) -> None:
    answer = client.request("GET", "/inputs/struct/query?number=1&tags=1,2")

    assert places(answer) == [("query", "/tags/0")]


JSON_VALUES: Final[list[tuple[str, tuple[bytes, dict[str, str]]]]] = [
    ("integer-for-a-number", (b'{"f":1}', {"f": "1.0"})),
    ("integer-for-a-decimal", (b'{"d":1}', {"d": "Decimal('1')"})),
    ("fraction-for-a-decimal", (b'{"d":1.10}', {"d": "Decimal('1.10')"})),
    ("text-for-a-decimal", (b'{"d":"1.10"}', {"d": "Decimal('1.10')"})),
    ("null", (b'{"o":null}', {"o": "None"})),
    ("large-integer", (b'{"i":123456789012345678901}', {"i": "123456789012345678901"})),
    ("minus-zero", (b'{"i":-0}', {"i": "0"})),
    ("last-of-two", (b'{"i":1,"i":2}', {"i": "2"})),
    ("unknown", (b'{"other":1}', {})),
    ("empty-text", (b'{"s":""}', {"s": "''"})),
]
JSON_FAULTS: Final[list[tuple[str, tuple[bytes, str]]]] = [
    ("text-for-an-integer", (b'{"i":"20"}', "/i")),
    ("empty-text-for-an-integer", (b'{"i":""}', "/i")),
    ("fraction-for-an-integer", (b'{"i":1.0}', "/i")),
    ("exponent-for-an-integer", (b'{"i":1e3}', "/i")),
    ("true-for-an-integer", (b'{"i":true}', "/i")),
    ("null-for-an-integer", (b'{"i":null}', "/i")),
    ("endless-integer", (b'{"i":' + b"9" * 5000 + b"}", "/i")),
    ("text-for-a-number", (b'{"f":"1"}', "/f")),
    ("true-for-a-number", (b'{"f":true}', "/f")),
    ("too-large-a-number", (b'{"f":1e999}', "/f")),
    ("integer-for-a-boolean", (b'{"b":1}', "/b")),
    ("text-for-a-boolean", (b'{"b":"true"}', "/b")),
    ("nan-for-a-decimal", (b'{"d":"NaN"}', "/d")),
    ("infinity-for-a-decimal", (b'{"d":"-Infinity"}', "/d")),
    ("underscore-for-a-decimal", (b'{"d":"1_000"}', "/d")),
    ("space-for-a-decimal", (b'{"d":" 1"}', "/d")),
    ("plus-for-a-decimal", (b'{"d":"+1"}', "/d")),
    ("escaped-letter-for-a-decimal", (rb'{"d":"\u004eaN"}', "/d")),
    ("other-digits-for-a-decimal", ('{"d":"٣"}'.encode(), "/d")),
    ("endless-decimal", (b'{"d":"1e99999999"}', "/d")),
    ("tiny-number-for-a-decimal", (b'{"d":1e-99999999}', "/d")),
    ("endless-number-for-a-decimal", (b'{"d":1e99999999}', "/d")),
    ("text-for-null", (b'{"o":"null"}', "/o")),
    ("integer-for-a-text", (b'{"s":1}', "/s")),
    ("null-for-a-text", (b'{"s":null}', "/s")),
    ("text-for-a-choice", (b'{"e":"1"}', "/e")),
    ("true-for-a-choice", (b'{"e":true}', "/e")),
]


@case("text-traps", each=JSON_VALUES)
def json_is_taken_as_it_is(client: Client, record: tuple[bytes, dict[str, str]]) -> None:
    body, values = record

    answer = json_of(client.request("POST", "/scalars/body", [JSON], body))

    assert answer == {**DEFAULTS, "s": "'?'", **values}


@case("text-traps", each=JSON_FAULTS)
def json_is_never_coerced(client: Client, record: tuple[bytes, str]) -> None:
    body, pointer = record

    answer = client.request("POST", "/scalars/body", [JSON], body)

    assert places(answer) == [("body", pointer)]
