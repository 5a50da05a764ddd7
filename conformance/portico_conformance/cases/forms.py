"""Forms, urlencoded and multipart (RFC 7578), well-formed and not."""

from typing import Any

from portico_conformance._case import Client, case
from portico_conformance.application import MAX_FORM_SIZE
from portico_conformance.cases._reading import (
    COLOURS,
    FORM,
    answer_unless_dropped,
    is_alive,
    json_of,
    problem_of,
)

BOUNDARY = "----portico"
MULTIPART = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
BINARY = bytes(range(0, 256, 5)) + b"\r\n--\r\n------portic\r\n\xff"


def part(disposition: str, content: bytes, content_type: str | None = None) -> bytes:
    """One part of a multipart body."""
    kind = "" if content_type is None else f"\r\nContent-Type: {content_type}"
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}{kind}\r\n\r\n"
    return head.encode() + content + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    """A whole multipart body."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


MIXED = multipart(
    part('name="title"', "Grüße".encode()),
    part('name="file"; filename="data.bin"', BINARY, "application/x-custom"),
    part('name="title"', b"second"),
    part('name="empty"', b""),
)
MIXED_ENTRIES: list[dict[str, Any]] = [
    {"name": "title", "value": "Grüße"},
    {
        "name": "file",
        "filename": "data.bin",
        "type": "application/x-custom",
        "content": BINARY.decode("latin-1"),
    },
    {"name": "title", "value": "second"},
    {"name": "empty", "value": ""},
]


@case("forms", each=COLOURS)
def an_urlencoded_form_is_read(client: Client, colour: str) -> None:
    body = b"a=1+2&b=%C3%BC&a=&c"

    assert json_of(client.request("POST", f"/{colour}/form", [FORM], body)) == [
        {"name": "a", "value": "1 2"},
        {"name": "b", "value": "ü"},
        {"name": "a", "value": ""},
        {"name": "c", "value": ""},
    ]


@case("forms", each=COLOURS)
def a_multipart_form_is_read_with_its_files(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/{colour}/form", [MULTIPART], MIXED)

    assert json_of(answer) == MIXED_ENTRIES


@case("forms", each=COLOURS)
def a_multipart_form_is_read_one_byte_at_a_time(client: Client, colour: str) -> None:
    headers = [MULTIPART, ("Content-Length", str(len(MIXED)))]
    with client.open("POST", f"/{colour}/form", headers) as exchange:
        for number in MIXED:
            exchange.send(bytes([number]))
        exchange.end()
        head = exchange.head()
        body = b"".join(iter(exchange.receive, b""))

    assert json_of(type(head)(head.status, head.headers, body)) == MIXED_ENTRIES


@case(
    "forms",
    each=[
        ("utf-8", ('name="f"; filename="Grüße.txt"', "Grüße.txt")),
        ("escaped-quote", ('name="f"; filename="a%22b.txt"', 'a"b.txt')),
        ("path", ('name="f"; filename="../../etc/passwd"', "../../etc/passwd")),
        ("backslashes", ('name="f"; filename="C:\\\\a\\\\b.txt"', None)),
        ("spaces", ('name="f"; filename="a b.txt"', "a b.txt")),
        ("empty", ('name="f"; filename=""', "")),
    ],
)
def the_name_of_a_file_is_kept(client: Client, record: tuple[str, str | None]) -> None:
    disposition, filename = record
    body = multipart(part(disposition, b"x", "text/plain"))

    (entry,) = json_of(client.request("POST", "/async/form", [MULTIPART], body))

    assert entry["content"] == "x"
    assert entry["type"] == "text/plain"
    if filename is not None:
        assert entry["filename"] == filename


@case("forms", each=COLOURS)
def a_large_file_of_a_form_is_read(client: Client, colour: str) -> None:
    content = bytes(range(256)) * 1200  # 300 KiB: over the limit of a body that is read whole
    body = multipart(part('name="f"; filename="f"', content, "application/octet-stream"))

    (entry,) = json_of(client.request("POST", f"/{colour}/form", [MULTIPART], body))

    assert entry["content"].encode("latin-1") == content


@case("forms", each=COLOURS)
def an_empty_form_has_no_entries(client: Client, colour: str) -> None:
    assert json_of(client.request("POST", f"/{colour}/form", [MULTIPART], multipart())) == []
    assert json_of(client.request("POST", f"/{colour}/form", [FORM])) == []


@case(
    "forms",
    each=[
        ("no-boundary", ("multipart/form-data", MIXED)),
        ("empty-boundary", ("multipart/form-data; boundary=", MIXED)),
        ("wrong-boundary", ("multipart/form-data; boundary=other", MIXED)),
        ("long-boundary", (f"multipart/form-data; boundary={'b' * 200}", MIXED)),
        ("truncated", (MULTIPART[1], MIXED[:-10])),
        ("truncated-in-a-head", (MULTIPART[1], MIXED[:40])),
        ("truncated-in-a-file", (MULTIPART[1], MIXED[:280])),
        ("nothing", (MULTIPART[1], b"")),
        ("not-multipart", (MULTIPART[1], b"a=1&b=2")),
        ("endless-preamble", (MULTIPART[1], b"p" * 100_000 + b"\r\n" + MIXED)),
        ("no-name", (MULTIPART[1], multipart(part("", b"x")))),
        (
            "no-disposition",
            (MULTIPART[1], multipart(f"--{BOUNDARY}\r\nX-Other: 1\r\n\r\nx\r\n".encode())),
        ),
        (
            "nul-in-a-head",
            (MULTIPART[1], multipart(f"--{BOUNDARY}\r\nX\0: \0\r\n\r\nx\r\n".encode())),
        ),
    ],
)
def a_malformed_form_is_a_400(client: Client, record: tuple[str, bytes]) -> None:
    content_type, body = record
    for colour in ("async", "sync"):
        answer = client.request("POST", f"/{colour}/form", [("Content-Type", content_type)], body)

        # A server that parses forms by itself refuses one without a word.
        if answer.body or not client.row.on_wire:
            problem_of(answer, 400)
        assert answer.status == 400
    is_alive(client)


@case(
    "forms",
    each=[
        ("parts", multipart(part('name="a"', b"") * 10_000)),
        ("head", multipart(part(f'name="a"; x="{"y" * 20_000}"', b""))),
    ],
)
def a_form_over_a_limit_is_a_413(client: Client, body: bytes) -> None:
    for colour in ("async", "sync"):
        answer = answer_unless_dropped(client, "POST", f"/{colour}/form", [MULTIPART], body)

        if answer is not None:
            problem_of(answer, 413)
        is_alive(client)


@case("forms")
def a_form_that_is_too_large_is_a_413(client: Client) -> None:
    body = multipart(part('name="f"; filename="f"', b"x" * MAX_FORM_SIZE))
    for colour in ("async", "sync"):
        answer = answer_unless_dropped(client, "POST", f"/{colour}/form", [MULTIPART], body)

        # A load balancer refuses it by itself.
        assert answer is None or answer.status == 413
        is_alive(client)


@case("forms", each=COLOURS)
def a_body_that_is_no_form_is_a_415(client: Client, colour: str) -> None:
    for content_type in ("application/json", "text/plain", "multipart/mixed; boundary=b"):
        headers = [("Content-Type", content_type)]

        problem_of(client.request("POST", f"/{colour}/form", headers, b"{}"), 415)


@case("forms")
def a_preamble_and_an_epilogue_are_no_parts(client: Client) -> None:
    body = b"preamble\r\n" + multipart(part('name="a"', b"1")) + b"epilogue"

    answer = client.request("POST", "/async/form", [MULTIPART], body)

    assert json_of(answer) == [{"name": "a", "value": "1"}]


@case("forms")
def a_quoted_boundary_is_read(client: Client) -> None:
    headers = [("Content-Type", f'multipart/form-data; boundary="{BOUNDARY}"; charset=utf-8')]

    answer = client.request("POST", "/async/form", headers, MIXED)

    assert json_of(answer) == MIXED_ENTRIES
