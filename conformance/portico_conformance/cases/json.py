"""JSON bodies (RFC 8259)."""

from typing import Any

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import JSON, TEXT, is_alive, json_of, problem_of

COLOURS = ("async", "sync")

READ: list[tuple[str, tuple[bytes, Any]]] = [
    ("object", (b'{"a":1,"b":[true,null,"x"]}', {"a": 1, "b": [True, None, "x"]})),
    ("array", (b"[]", [])),
    ("text", (b'"a"', "a")),
    ("number", (b" 1 ", 1)),
    ("null", (b"null", None)),
    ("fraction", (b"1.5e3", 1500.0)),
    ("escapes", (rb'"\u00e9\ud83d\udc0d\n"', "é\U0001f40d\n")),
    ("utf-8", ('"é€"'.encode(), "é€")),
    ("duplicate-names", (b'{"a":1,"a":2}', {"a": 2})),
    ("byte-order-mark", (b'\xef\xbb\xbf{"a":1}', {"a": 1})),
    ("huge-integer", (b"123456789012345678901234567890", 123456789012345678901234567890)),
    ("white-space", (b'\r\n\t {"a" : 1}\n', {"a": 1})),
    ("prototype", (b'{"__proto__":{"a":1}}', {"__proto__": {"a": 1}})),
    ("nul-in-text", (rb'"a\u0000b"', "a\0b")),
    ("deep-but-fair", (b"[" * 9 + b"]" * 9, [[[[[[[[[]]]]]]]]])),
]

MALFORMED: list[tuple[str, bytes]] = [
    ("truncated", b'{"a":1'),
    ("text", b"hello"),
    ("single-quotes", b"{'a':1}"),
    ("trailing-comma", b"[1,]"),
    ("trailing-text", b'{"a":1} x'),
    ("two-values", b"1 2"),
    ("nan", b'{"a":NaN}'),
    ("infinity", b"-Infinity"),
    ("leading-zero", b"01"),
    ("hexadecimal", b"0x10"),
    ("comment", b"/* a */ 1"),
    ("control-in-text", b'"a\nb"'),
    ("bad-escape", rb'"\x41"'),
    ("half-a-surrogate-pair", rb'"\ud800"'),
    ("bad-utf-8", b'"\xff"'),
    ("utf-16", '{"a":1}'.encode("utf-16")),
    ("empty", b""),
    ("too-large-a-float", b"1e999"),
    ("too-deep", b"[" * 100_000 + b"]" * 100_000),
    ("too-deep-objects", b'{"a":' * 40_000 + b"1" + b"}" * 40_000),
    ("too-deep-and-truncated", b"[" * 100_000),
]


@case("json", each=READ)
def a_json_body_is_read(client: Client, record: tuple[bytes, Any]) -> None:
    body, value = record
    for colour in COLOURS:
        answer = client.request("POST", f"/{colour}/json", [JSON], body)

        assert json_of(answer) == {"json": value}


@case("json", each=MALFORMED)
def malformed_json_is_a_400(client: Client, body: bytes) -> None:
    for colour in COLOURS:
        problem = problem_of(client.request("POST", f"/{colour}/json", [JSON], body), 400)

        assert len(problem["detail"]) < 300
    is_alive(client)


@case("json", each=[("async", "/async/bound/body"), ("sync", "/sync/bound/body")])
def malformed_json_is_a_400_for_a_declared_body_too(client: Client, target: str) -> None:
    for name, body in MALFORMED:
        answer = client.request("POST", target, [JSON], body)

        # A number beyond a double is a number, so where an object is declared it is no object.
        expected = 422 if name == "too-large-a-float" else 400
        assert answer.status == expected, (name, answer.body)


@case("json", each=[(colour, colour) for colour in COLOURS])
def a_json_body_is_read_whatever_its_content_type(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/{colour}/json", [TEXT], b'{"a":1}')

    assert json_of(answer) == {"json": {"a": 1}}
