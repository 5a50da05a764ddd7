"""Classes of every kind in every part of a request, and the faults of all of them together."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import FORM, JSON, json_of, problem_of
from portico_conformance.cases.binding import faults_of, places
from portico_conformance.cases.forms import MULTIPART, multipart, part

Pairs = Sequence[tuple[str, str]]
Ask = Callable[[Client, str, Pairs], WireResponse]

KINDS: Final = ("struct", "renamed", "generic", "dataclass", "typed-dict", "named-tuple", "by-hand")


def _query(client: Client, kind: str, pairs: Pairs) -> WireResponse:
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return client.request("GET", f"/inputs/{kind}/query?{query}")


def _headers(client: Client, kind: str, pairs: Pairs) -> WireResponse:
    tags = ", ".join(value for name, value in pairs if name == "tags")
    fields = [(name.title(), value) for name, value in pairs if name != "tags"]
    return client.request(
        "GET", f"/inputs/{kind}/headers", [*fields, ("Tags", tags)] if tags else fields
    )


def _cookies(client: Client, kind: str, pairs: Pairs) -> WireResponse:
    cookie = "; ".join(f"{name}={value}" for name, value in pairs)
    return client.request("GET", f"/inputs/{kind}/cookies", [("Cookie", cookie)] if cookie else [])


def _path(client: Client, kind: str, pairs: Pairs) -> WireResponse:
    return client.request("GET", f"/inputs/{kind}/path/" + "/".join(value for _, value in pairs))


def _form(colour: str) -> Ask:
    def ask(client: Client, kind: str, pairs: Pairs) -> WireResponse:
        body = "&".join(f"{name}={value}" for name, value in pairs).encode()
        return client.request("POST", f"/inputs/{kind}/{colour}/body", [FORM], body)

    return ask


def _multipart(colour: str) -> Ask:
    def ask(client: Client, kind: str, pairs: Pairs) -> WireResponse:
        # Twisted refuses a form without any part by itself.
        fields = pairs or [("other", "")]
        body = multipart(*(part(f'name="{name}"', value.encode()) for name, value in fields))
        return client.request("POST", f"/inputs/{kind}/{colour}/body", [MULTIPART], body)

    return ask


def _json(colour: str) -> Ask:
    def ask(client: Client, kind: str, pairs: Pairs) -> WireResponse:
        members: dict[str, Any] = {}
        for name, value in pairs:
            read = int(value) if value.lstrip("-").isdecimal() else value
            if name == "tags":
                members.setdefault(name, []).append(read)
            else:
                members[name] = read
        names = ("number", "name", "tags")
        # A named tuple is an array in JSON.
        whole = [members[n] for n in names if n in members] if kind == "named-tuple" else members
        data = json.dumps(whole).encode()
        return client.request("POST", f"/inputs/{kind}/{colour}/body", [JSON], data)

    return ask


PARTS: Final[dict[str, tuple[str, Ask]]] = {
    "query": ("query", _query),
    "headers": ("headers", _headers),
    "cookies": ("cookies", _cookies),
    "path": ("path", _path),
    "form": ("body", _form("async")),
    "form-sync": ("body", _form("sync")),
    "multipart": ("body", _multipart("async")),
    "multipart-sync": ("body", _multipart("sync")),
    "json": ("body", _json("async")),
    "json-sync": ("body", _json("sync")),
}
EACH: Final = [(f"{kind}-{where}", (kind, where)) for kind in KINDS for where in PARTS]
# Of a cookie sent twice the first wins; of a query name some gateways keep one value.
ONE_TAG: Final = ("cookies", "query")
NO_TAGS: Final = ("path",)


@case("inputs", each=EACH)
def an_object_is_read(client: Client, record: tuple[str, str]) -> None:
    kind, where = record
    tags = [] if where in NO_TAGS else [3] if where in ONE_TAG else [3, 4]
    pairs = [("number", "7"), ("name", "n"), *(("tags", str(tag)) for tag in tags)]

    answer = PARTS[where][1](client, kind, pairs)

    assert json_of(answer) == {"number": 7, "name": "n", "tags": tags}


@case("inputs", each=[(kind, kind) for kind in KINDS])
def a_list_takes_every_text_of_the_query(client: Client, kind: str) -> None:
    answer = _query(client, kind, [("number", "7"), ("tags", "3"), ("tags", "4")])

    assert json_of(answer)["tags"] == [3, 4]


@case("inputs", each=EACH)
def what_is_absent_has_its_default(client: Client, record: tuple[str, str]) -> None:
    kind, where = record

    answer = PARTS[where][1](client, kind, [("number", "7")])

    assert json_of(answer) == {"number": 7, "name": "?", "tags": []}


@case("inputs", each=EACH)
def every_fault_of_an_object_is_told(client: Client, record: tuple[str, str]) -> None:
    kind, where = record
    tags = [] if where in NO_TAGS else ["x"] if where in ONE_TAG else ["3", "x"]
    pairs = [("number", "-1"), ("name", "n"), *(("tags", tag) for tag in tags)]

    answer = PARTS[where][1](client, kind, pairs)

    by_place = kind == "named-tuple" and where.startswith("json")
    number, tag = ("/0", "/2") if by_place else ("/number", "/tags")
    expected = [number] if where in NO_TAGS else [number, f"{tag}/{len(tags) - 1}"]
    assert places(answer) == [(PARTS[where][0], pointer) for pointer in expected]
    words = "a number by hand" if kind == "by-hand" else "an integer of at least 0"
    assert faults_of(answer)[0]["expected"] == words


@case("inputs", each=[each for each in EACH if each[1][1] not in NO_TAGS])
def what_is_required_and_absent_is_told(client: Client, record: tuple[str, str]) -> None:
    kind, where = record

    answer = PARTS[where][1](client, kind, [])

    by_place = kind == "named-tuple" and where.startswith("json")
    assert places(answer) == [(PARTS[where][0], "" if by_place else "/number")]


@case("inputs")
def a_tag_chooses_one_of_several_structs(client: Client) -> None:
    one: dict[str, Any] = {"kind": "one", "number": 7, "name": "?", "tags": []}
    two = {"kind": "two", "other": 8}

    assert json_of(client.request("GET", "/inputs/tagged/query?kind=one&number=7")) == one
    assert json_of(client.request("GET", "/inputs/tagged/query?kind=two&other=8")) == two
    for headers, body in [
        (JSON, b'{"kind":"two","other":8}'),
        (FORM, b"kind=two&other=8"),
        (MULTIPART, multipart(part('name="kind"', b"two"), part('name="other"', b"8"))),
    ]:
        assert json_of(client.request("POST", "/inputs/tagged/body", [headers], body)) == two


@case(
    "inputs",
    each=[
        ("absent", ("number=7", "/kind")),
        ("unknown", ("kind=three&number=7", "/kind")),
        ("fault-of-the-first", ("kind=one&number=-7", "/number")),
        ("fault-of-the-second", ("kind=two&number=7", "/other")),
    ],
)
def a_tag_that_chooses_nothing_is_a_422(client: Client, record: tuple[str, str]) -> None:
    query, pointer = record

    assert places(client.request("GET", f"/inputs/tagged/query?{query}")) == [("query", pointer)]
    form = client.request("POST", "/inputs/tagged/body", [FORM], query.encode())
    assert places(form) == [("body", pointer)]


SECRETS: Final = ("header-secret", "cookie-secret")


@case("inputs")
def the_faults_of_all_parts_come_in_the_order_of_the_parameters(client: Client) -> None:
    headers = [JSON, ("X-Token", SECRETS[0]), ("Cookie", f"i={SECRETS[1]}; b=maybe")]

    answer = client.request(
        "POST", "/inputs/faults/x?limit=11", headers, b'{"numbers":[1,"x",2.5]}'
    )

    assert faults_of(answer) == [
        {"in": "path", "pointer": "/id", "expected": "an integer"},
        {"in": "query", "pointer": "/limit", "expected": "an integer of at most 10"},
        {"in": "headers", "pointer": "/x-token", "expected": "an integer"},
        {"in": "cookies", "pointer": "/i", "expected": "an integer"},
        {"in": "cookies", "pointer": "/b", "expected": "a boolean"},
        {"in": "body", "pointer": "/numbers/1", "expected": "an integer"},
        {"in": "body", "pointer": "/numbers/2", "expected": "an integer"},
    ]
    assert not any(secret.encode() in answer.body for secret in SECRETS)


@case("inputs")
def a_body_of_faults_gets_an_answer_of_bounded_size(client: Client) -> None:
    headers = [JSON, ("X-Token", "x")]
    body = b'{"numbers":[' + b'"",' * 20_000 + b'""]}'

    answer = client.request("POST", "/inputs/faults/x?limit=x", headers, body)

    assert len(faults_of(answer)) == 256
    assert places(answer)[:3] == [("path", "/id"), ("query", "/limit"), ("headers", "/x-token")]


@case("inputs")
def a_body_that_cannot_be_decoded_is_a_400_whatever_else_is_wrong(client: Client) -> None:
    answer = client.request("POST", "/inputs/faults/x?limit=x", [JSON], b'{"numbers":')

    problem_of(answer, 400)
