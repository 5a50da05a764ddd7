"""Forms into declared types: fields of every kind, and files with size and type."""

from typing import Any, Final

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, FORM, JSON, json_of, problem_of
from portico_conformance.cases.binding import faults_of, places
from portico_conformance.cases.forms import MULTIPART, multipart, part

Fields = list[tuple[str, str]]

PLAIN: Final[dict[str, Any]] = {
    "title": "t",
    "agreed": False,
    "amount": None,
    "size": "s",
    "numbers": [],
    "place": None,
    "places": [],
    "labels": {},
    "day": None,
    "at": None,
    "wait": None,
    "id": None,
    "either": None,
}
UUID: Final = "0a9ad2b7-3bd4-4f0a-8d2c-6d1d8a7a6f00"

FORMS: Final[list[tuple[str, tuple[Fields, dict[str, Any]]]]] = [
    ("absent-is-the-default", ([], {})),
    ("checked-box", ([("agreed", "on")], {"agreed": True})),
    ("box-with-a-value", ([("agreed", "1")], {"agreed": True})),
    ("hidden-field-and-checked-box", ([("agreed", "0"), ("agreed", "1")], {"agreed": True})),
    ("repeated-names", ([("numbers", "1"), ("numbers", "2")], {"numbers": [1, 2]})),
    ("one-of-a-list", ([("numbers", "1")], {"numbers": [1]})),
    ("empty-list", ([("numbers", "")], {"numbers": []})),
    ("last-of-a-scalar", ([("size", "s"), ("size", "l")], {"size": "l"})),
    ("object-as-json", ([("place", '{"x":1}')], {"place": {"x": 1, "y": 0}})),
    (
        "objects-as-json",
        (
            [("places", '{"x":1}'), ("places", '{"x":2,"y":3}')],
            {"places": [{"x": 1, "y": 0}, {"x": 2, "y": 3}]},
        ),
    ),
    ("mapping-as-json", ([("labels", '{"a":1}')], {"labels": {"a": 1}})),
    ("decimal", ([("amount", "1.10")], {"amount": "1.10"})),
    ("date", ([("day", "2026-11-27")], {"day": "2026-11-27"})),
    (
        "date-and-time",
        ([("at", "2026-11-27T10:00:00+01:00")], {"at": "2026-11-27T10:00:00+01:00"}),
    ),
    ("duration", ([("wait", "PT90S")], {"wait": "PT90S"})),
    ("uuid", ([("id", UUID)], {"id": UUID})),
    ("union-number", ([("either", "1")], {"either": 1})),
    ("union-boolean", ([("either", "true")], {"either": True})),
    ("empty-texts", ([("amount", ""), ("day", ""), ("size", ""), ("place", "")], {})),
]
FORM_FAULTS: Final[list[tuple[str, tuple[Fields, list[str]]]]] = [
    ("unknown", ([("other", "1"), ("title", "t")], ["/other"])),
    ("absent", ([], ["/title"])),
    ("too-short", ([("title", "")], ["/title"])),
    ("too-many", ([("title", "t"), *[("numbers", "1")] * 4], ["/numbers"])),
    ("one-of-a-list", ([("title", "t"), ("numbers", "1"), ("numbers", "")], ["/numbers/1"])),
    ("no-json", ([("title", "t"), ("place", "x")], ["/place"])),
    ("broken-json", ([("title", "t"), ("place", '{"x":')], ["/place"])),
    ("json-of-another-kind", ([("title", "t"), ("place", "[]")], ["/place"])),
    ("json-is-not-coerced", ([("title", "t"), ("place", '{"x":"1"}')], ["/place/x"])),
    (
        "in-a-list-of-json",
        (
            [("title", "t"), ("places", "{}"), ("places", "x")],
            ["/places/0/x", "/places/1"],
        ),
    ),
    ("no-time-zone", ([("title", "t"), ("at", "2026-11-27T10:00:00")], ["/at"])),
    ("epoch", ([("title", "t"), ("at", "1577836800"), ("day", "0")], ["/day", "/at"])),
    (
        "many",
        (
            [("agreed", "maybe"), ("amount", "x"), ("size", "S"), ("id", "x"), ("either", "x")],
            ["/title", "/agreed", "/amount", "/size", "/id", "/either"],
        ),
    ),
]  # fmt: skip


def _encodings(fields: Fields) -> list[tuple[tuple[str, str], bytes]]:
    from urllib.parse import urlencode

    parts = [part(f'name="{name}"', value.encode()) for name, value in fields]
    # Twisted refuses a form without any part by itself.
    forms = [(MULTIPART, multipart(*parts))] if parts else []
    return [(FORM, urlencode(fields).encode()), *forms]


@case("uploads", each=FORMS)
def a_form_becomes_an_object(client: Client, record: tuple[Fields, dict[str, Any]]) -> None:
    fields, members = record
    for colour in ("async", "sync"):
        for content_type, body in _encodings([("title", "t"), *fields]):
            answer = client.request("POST", f"/{colour}/inputs/form", [content_type], body)

            assert json_of(answer) == {**PLAIN, **members}


@case("uploads", each=FORM_FAULTS)
def every_fault_of_a_form_is_told(client: Client, record: tuple[Fields, list[str]]) -> None:
    fields, pointers = record
    for colour in ("async", "sync"):
        for content_type, body in _encodings(fields):
            answer = client.request("POST", f"/{colour}/inputs/form", [content_type], body)

            assert places(answer) == [("body", pointer) for pointer in pointers]


@case("uploads")
def a_file_where_a_text_is_declared_is_a_fault(client: Client) -> None:
    body = multipart(part('name="title"; filename="t.txt"', b"t"))

    assert places(client.request("POST", "/async/inputs/form", [MULTIPART], body)) == [
        ("body", "/title")
    ]


PNG: Final = b"\x89PNG\r\n\x1a\n\0\1"
NAME: Final = part('name="name"', b"n")
AVATAR: Final = part('name="avatar"; filename="a.png"', PNG, "text/html")
CHOSEN: Final = {"avatar": ["a.png", "image/png", PNG.hex()]}
NONE_CHOSEN: Final = part('name="extra"; filename=""', b"", "application/octet-stream")


@case("uploads", each=COLOURS)
def files_and_fields_arrive_together(client: Client, colour: str) -> None:
    body = multipart(
        part('name="papers"; filename="1"', b"one", "text/plain"),
        AVATAR,
        part('name="age"', b"7"),
        NAME,
        part('name="papers"; filename="2"', b"", "text/plain"),
        part('name="extra"; filename="e"', b"e"),
    )

    answer = client.request("POST", f"/{colour}/inputs/files", [MULTIPART], body)

    papers = [["1", "one"], ["2", ""]]
    assert json_of(answer) == {**CHOSEN, "papers": papers, "extra": "e", "age": 7}


@case("uploads", each=COLOURS)
def no_file_chosen_is_no_file(client: Client, colour: str) -> None:
    nothing: dict[str, Any] = {"papers": [], "extra": None, "age": 0}
    for parts in ([], [NONE_CHOSEN], [NONE_CHOSEN.replace(b"extra", b"papers")]):
        body = multipart(NAME, AVATAR, *parts)

        answer = client.request("POST", f"/{colour}/inputs/files", [MULTIPART], body)

        assert json_of(answer) == {**CHOSEN, **nothing}
    body = multipart(NAME, NONE_CHOSEN.replace(b"extra", b"avatar"))
    (fault,) = faults_of(client.request("POST", f"/{colour}/inputs/files", [MULTIPART], body))
    assert fault["pointer"] == "/avatar"
    assert fault["expected"].endswith("(required)")


AVATARS: Final[list[tuple[str, tuple[bytes, str]]]] = [
    ("page", (b"<!DOCTYPE html><p>", "image/png")),
    ("script", (b"GIF89a=1;alert(1)", "image/gif")),
    ("drawing", (b'<svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml")),
    ("another-picture", (b"\xff\xd8\xff\xe0\0", "image/png")),
    ("half-a-signature", (PNG[:7], "image/png")),
    ("text", (b"hello", "image/png")),
    ("bytes", (bytes(20), "image/png")),
    ("nothing", (b"", "image/png")),
    ("too-large", (PNG + bytes(64), "image/png")),
]


@case("uploads", each=AVATARS)
def a_file_is_held_to_its_bytes_not_to_what_is_said_of_it(
    client: Client, record: tuple[bytes, str]
) -> None:
    content, content_type = record
    body = multipart(NAME, part('name="avatar"; filename="a.png"', content, content_type))
    for colour in ("async", "sync"):
        answer = client.request("POST", f"/{colour}/inputs/files", [MULTIPART], body)

        assert faults_of(answer) == [
            {
                "in": "body",
                "pointer": "/avatar",
                "expected": "a file of 1 byte to 64 bytes of type image/png or image/gif",
            }
        ]


@case("uploads", each=COLOURS)
def every_fault_of_files_and_fields_is_told(client: Client, colour: str) -> None:
    body = multipart(
        part('name="name"; filename="n"', b"n"),
        part('name="avatar"', b"a text"),
        part('name="papers"; filename="1"', b"fits"),
        part('name="papers"; filename="2"', b"is much too large"),
        part('name="papers"', b"a text"),
        part('name="age"', b"1.0"),
    )

    answer = client.request("POST", f"/{colour}/inputs/files", [MULTIPART], body)

    pointers = ["/name", "/avatar", "/papers", "/papers/1", "/papers/2", "/age"]
    assert places(answer) == [("body", pointer) for pointer in pointers]


@case("uploads", each=COLOURS)
def a_type_with_a_required_file_takes_no_other_body(client: Client, colour: str) -> None:
    for content_type in (JSON, FORM, ("Content-Type", "text/plain")):
        answer = client.request("POST", f"/{colour}/inputs/files", [content_type], b"{}")

        assert "multipart/form-data" in problem_of(answer, 415)["detail"]


@case("uploads")
def a_body_may_be_a_file_as_a_whole(client: Client) -> None:
    for kind in ("image/png", "application/octet-stream", "application/json"):
        answer = client.request("POST", "/inputs/blob", [("Content-Type", kind)], PNG)

        assert json_of(answer) == ["image/png", len(PNG)]
    headers = [("Content-Type", "image/png")]
    for content in (b"<html>", PNG + bytes(64)):
        (fault,) = faults_of(client.request("POST", "/inputs/blob", headers, content))
        assert fault == {
            "in": "body",
            "pointer": "",
            "expected": "a file of at most 64 bytes of type image/*",
        }
