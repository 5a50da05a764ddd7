"""Generators: the first value decides what an answer is; nothing after it changes that."""

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, is_alive, media_type, problem_of
from portico_conformance.cases._signalling import count_of, new_name
from portico_conformance.cases.stream_ends import failed

TEXT = "text/plain;charset=UTF-8"
BYTES = "application/octet-stream"
NDJSON = "application/x-ndjson"

SENT: list[tuple[str, tuple[str, bytes]]] = [
    ("text-then-bytes", (TEXT, b"a\xff")),
    ("text-then-object", (TEXT, b'a{"b":1}\n2\n')),
    ("bytes-then-text", (BYTES, b"\xff\xc3\xbc")),
    ("bytes-then-object", (BYTES, b'\xff{"a":1}\n')),
    ("other-bytes", (BYTES, b"\x00a\x00b")),
    ("object-then-text", (NDJSON, b'{"a":1}\n"b\\nc"\n"AA=="\n')),
    ("numbers", (NDJSON, b"1\n0.5\ntrue\n")),
    ("false-first", (NDJSON, b'false\n""\n0\n')),
    ("none-first", (TEXT, b"a")),
    ("empty-text-first", (TEXT, b'{"a":1}\n')),
]

RETURNED: list[tuple[str, tuple[int, str, bytes]]] = [
    ("text", (200, TEXT, b"a")),
    ("object", (200, "application/json", b'{"a":1}')),
    ("bytes", (200, BYTES, b"\xff")),
    ("reply", (201, "application/json", b'{"id":1}')),
    ("response", (203, TEXT, b"own")),
    ("event", (200, "text/event-stream", b"data: a\n\n")),
    ("generator", (200, NDJSON, b"1\n0.5\ntrue\n")),
    ("none-first", (200, TEXT, b"a")),
]

Sent = tuple[str, str, bytes]


@case(
    "generators",
    each=[
        (f"{kind}-{colour}", (f"/{colour}/generated/{kind}", *sent))
        for kind, sent in SENT
        for colour in ("async", "sync")
    ],
)
def the_first_value_decides_what_the_stream_is(client: Client, record: Sent) -> None:
    target, content_type, body = record
    answer = client.request("GET", target)

    assert answer.status == 200
    assert answer.get("content-type") == content_type
    assert answer.get("cache-control") == "no-cache"
    assert answer.body == body


@case("generators", each=COLOURS)
def a_generator_may_give_what_another_gives(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/delegated/object-then-text")

    assert answer.get("content-type") == NDJSON
    assert answer.body == b'{"a":1}\n"b\\nc"\n"AA=="\n'


@case("generators", each=[(kind, (kind, *record)) for kind, record in RETURNED])
def a_generator_without_values_answers_with_what_it_returns(
    client: Client, record: tuple[str, int, str, bytes]
) -> None:
    kind, status, content_type, body = record
    answer = client.request("GET", f"/sync/returned/{kind}")

    assert answer.status == status
    assert answer.get("content-type") == content_type
    assert answer.body == body


@case("generators")
def a_generator_without_anything_is_an_empty_answer(client: Client) -> None:
    answer = client.request("GET", "/sync/returned/none")

    assert answer.status == 200
    assert answer.body == b""


@case("generators", each=COLOURS)
def a_generator_in_a_reply_has_its_status_and_fields(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/{colour}/replied/201/{name}")

    assert answer.status == 201
    assert answer.get("content-type") == TEXT
    assert answer.get("x-own") == "kept"
    assert answer.body == b"ab"
    assert count_of(client, name) == 1


@case("generators", each=COLOURS)
def a_generator_in_a_reply_without_a_body_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/{colour}/replied/204/{name}")

    assert answer.status == 204
    assert answer.body == b""
    assert count_of(client, name) == 1


@case("generators", each=COLOURS)
def what_is_set_counts_until_the_first_value(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/set-around")

    assert answer.status == 202
    assert answer.get("x-when") == "before"
    assert media_type(answer) == "text/x-before"
    assert (answer.get("set-cookie") or "").startswith("when=before;")
    assert answer.body == b"ab"


@case("generators", each=COLOURS)
def an_error_instead_of_the_first_value_is_the_answer(client: Client, colour: str) -> None:
    problem = problem_of(client.request("GET", f"/{colour}/refuses"), 404)

    assert problem["detail"] == "nothing to stream"


@case("generators", each=COLOURS)
def every_step_of_a_generator_has_the_same_variables(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/variable")

    assert answer.body == b"set,set,none"


@case("generators", each=COLOURS)
def a_generator_that_fails_after_its_last_value_never_looks_complete(
    client: Client, colour: str
) -> None:
    name = new_name()

    assert failed(lambda: client.request("GET", f"/{colour}/fails-last/{name}"))
    assert count_of(client, name) == 1
    is_alive(client)


@case("generators", each=COLOURS)
def an_iterator_that_fails_at_once_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()

    problem_of(client.request("GET", f"/{colour}/once/{name}?fails=true"), 409)

    assert count_of(client, name) == 1


@case("generators", each=COLOURS)
def an_iterator_that_ends_at_once_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/{colour}/once/{name}?fails=false")

    assert answer.status == 200
    assert answer.body == b""
    assert count_of(client, name) == 1
