"""Bodies of requests: in every form, and read in every order."""

from portico.contract import Capability
from portico_conformance._case import (
    Client,
    Exchange,
    case,
)
from portico_conformance.cases._reading import (
    COLOURS,
    FORM,
    JSON,
    TEXT,
    json_of,
    problem_of,
    text_of,
)
from portico_conformance.cases.forms import MULTIPART, multipart, part

BINARY = ("Content-Type", "application/octet-stream")
EVERY_BYTE = bytes(range(256))
TEXTS = "zwölf Boxkämpfer €\U0001f40d"


def received(exchange: Exchange) -> bytes:
    """The rest of an answer's body."""
    return b"".join(iter(exchange.receive, b""))


@case("bodies", each=COLOURS)
def text_comes_back(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/{colour}/text", [TEXT], TEXTS.encode())

    assert text_of(answer) == TEXTS


@case(
    "bodies",
    each=[
        (f"{name}-{colour}", (colour, body))
        for name, body in [
            ("every-byte", EVERY_BYTE),
            ("one-byte", b"\0"),
            ("line-breaks", b"\r\n\r\n"),
            ("not-utf-8", b"\xff\xfe\x80"),
            ("looks-like-a-request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("looks-like-a-chunk", b"0\r\n\r\n"),
        ]
        for colour in ("async", "sync")
    ],
)
def bytes_come_back(client: Client, record: tuple[str, bytes]) -> None:
    colour, body = record
    answer = client.request("POST", f"/{colour}/bytes", [BINARY], body)

    assert answer.status == 200
    assert answer.body == body


@case("bodies", each=COLOURS)
def a_post_without_a_body_has_an_empty_one(client: Client, colour: str) -> None:
    assert client.request("POST", f"/{colour}/bytes").body == b""
    assert client.request("POST", f"/{colour}/bytes", [("Content-Length", "0")]).body == b""


@case("bodies", each=COLOURS)
def a_body_of_another_type_is_still_bytes(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/{colour}/bytes", [JSON], b'{"a":1}')

    assert answer.body == b'{"a":1}'


@case("bodies", each=COLOURS)
def a_body_without_a_type_is_still_bytes(client: Client, colour: str) -> None:
    assert client.request("POST", f"/{colour}/bytes", (), EVERY_BYTE).body == EVERY_BYTE


@case("bodies", each=COLOURS)
def a_chunked_body_is_read_whole(client: Client, colour: str) -> None:
    with client.open("POST", f"/{colour}/bytes", [BINARY]) as exchange:
        exchange.send(b"one,")
        exchange.send(b"two,")
        exchange.send(b"three")
        exchange.end()
        assert exchange.head().status == 200
        assert received(exchange) == b"one,two,three"


@case("bodies", each=COLOURS)
def one_byte_at_a_time_splits_no_character(client: Client, colour: str) -> None:
    data = TEXTS.encode()
    headers = [TEXT, ("Content-Length", str(len(data)))]
    with client.open("POST", f"/{colour}/text", headers) as exchange:
        for number in data:
            exchange.send(bytes([number]))
        exchange.end()
        assert exchange.head().status == 200
        assert received(exchange).decode() == TEXTS


@case("bodies")
def a_declared_text_must_be_utf_8(client: Client) -> None:
    assert text_of(client.request("POST", "/declared-text", [TEXT], "ü".encode())) == "ü"
    problem_of(client.request("POST", "/declared-text", [TEXT], b"\xff"), 400)


@case("bodies", each=COLOURS)
def text_that_is_not_utf_8_is_read_with_replacements(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/{colour}/text", [BINARY], b"\xef\xbb\xbfa\xffb")

    assert text_of(answer) == "a\ufffdb"


READINGS = ("bytes", "text", "json", "blob")
BODY = b'{"a": "b"}'
RESULTS: dict[str, object] = {
    "bytes": BODY.decode(),
    "text": BODY.decode(),
    "json": {"a": "b"},
    "blob": len(BODY),
    "stream": BODY.decode(),
}


@case(
    "bodies",
    each=[
        (f"{first}-{colour}", (colour, first)) for first in READINGS for colour in ("async", "sync")
    ],
)
def a_body_can_be_read_again_in_another_form(client: Client, record: tuple[str, str]) -> None:
    colour, first = record
    for second in (*READINGS, "stream"):
        answer = client.request("POST", f"/{colour}/readings/{first}/{second}", [JSON], BODY)

        assert json_of(answer) == [RESULTS[first], RESULTS[second]]


@case("bodies")
def a_body_that_was_streamed_is_gone(client: Client) -> None:
    for reading in READINGS:
        answer = client.request("POST", f"/async/readings/stream/{reading}", [JSON], BODY)

        assert json_of(answer) == [BODY.decode(), "used"]


@case("bodies", each=COLOURS)
def an_urlencoded_form_and_its_text_follow_each_other(client: Client, colour: str) -> None:
    pairs = [["a", "1 2"], ["b", "ü"]]
    body = "a=1+2&b=%C3%BC"
    for first, second, expected in (
        ("text", "form", [body, pairs]),
        ("form", "text", [pairs, body]),
        ("form", "form", [pairs, pairs]),
        ("bytes", "form", [body, pairs]),
    ):
        target = f"/{colour}/readings/{first}/{second}"

        assert json_of(client.request("POST", target, [FORM], body.encode())) == expected


@case("bodies", each=COLOURS)
def a_multipart_form_can_be_read_from_bytes_that_were_kept(client: Client, colour: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    headers = [("Content-Type", "multipart/form-data; boundary=b")]

    kept = client.request("POST", f"/{colour}/readings/bytes/form", headers, body)
    gone = client.request("POST", f"/{colour}/readings/form/bytes", headers, body)

    assert json_of(kept) == [body.decode(), [["a", "1"]]]
    if colour == "async" or client.row.has(Capability.THREADS):
        assert json_of(gone) == [[["a", "1"]], "used"]
    # Without threads the bytes are read before synchronous code runs, and so they are there.


@case("bodies", each=[("before", "/clone/before"), ("after", "/clone/after")])
def a_request_and_its_clone_have_the_same_body(client: Client, target: str) -> None:
    assert json_of(client.request("POST", target, [TEXT], b"shared")) == ["shared", "shared"]


@case("bodies")
def a_request_whose_body_is_gone_cannot_be_cloned(client: Client) -> None:
    assert text_of(client.request("POST", "/clone/consumed", [TEXT], b"gone")) == "used"


@case(
    "bodies",
    each=[
        ("json", ("application/json", b"[1]", "list")),
        ("json-suffix", ("application/vnd.x+json", b'{"a":1}', "dict")),
        ("text", ("text/plain", b"a", "str")),
        ("form", ("application/x-www-form-urlencoded", b"a=1", "FormData")),
        ("other", ("application/octet-stream", b"a", "bytes")),
        ("upper-case", ("Application/JSON; charset=utf-8", b"[1]", "list")),
    ],
)
def the_body_of_a_context_follows_the_content_type(
    client: Client, record: tuple[str, bytes, str]
) -> None:
    content_type, body, name = record
    answer = client.request("POST", "/any", [("Content-Type", content_type)], body)

    assert json_of(answer) == {"type": name}


@case("bodies")
def the_body_of_a_context_without_one_is_none(client: Client) -> None:
    assert json_of(client.request("POST", "/any")) == {"type": "NoneType"}


@case(
    "bodies",
    each=[
        ("gzip", "gzip"),
        ("brotli", "br"),
        ("zstandard", "zstd"),
        ("deflate", "deflate"),
        ("twice", "gzip, gzip"),
    ],
)
def an_encoded_body_is_a_415(client: Client, coding: str) -> None:
    for colour in ("async", "sync"):
        headers = [BINARY, ("Content-Encoding", coding)]

        answer = client.request("POST", f"/{colour}/bytes", headers, b"\x1f\x8bnot really")

        problem_of(answer, 415)
        # CloudFront does not let an answer have the field.
        assert answer.get("accept-encoding") in ("identity", None)


@case("bodies", each=COLOURS)
def the_identity_encoding_is_none(client: Client, colour: str) -> None:
    headers = [BINARY, ("Content-Encoding", "identity")]

    assert client.request("POST", f"/{colour}/bytes", headers, b"plain").body == b"plain"


@case("bodies", each=COLOURS)
def a_client_that_waits_to_be_told_to_continue_is_answered(client: Client, colour: str) -> None:
    headers = [BINARY, ("Expect", "100-continue")]

    assert client.request("POST", f"/{colour}/bytes", headers, b"sent").body == b"sent"


@case("bodies", each=COLOURS)
def requests_of_one_connection_do_not_mix(client: Client, colour: str) -> None:
    for number in range(5):
        body = str(number).encode() * (number * 1000)
        assert client.request("POST", f"/{colour}/bytes", [BINARY], body).body == body


@case("bodies", each=[("empty", 0), ("small", 5), ("several chunks", 12_000)])
def synchronous_code_reads_a_body_as_a_stream(client: Client, size: int) -> None:
    answer = client.request("POST", "/sync/count-stream", body=b"x" * size)

    assert (answer.status, answer.body) == (200, b"%d" % size)


@case("bodies")
def synchronous_code_reads_the_parts_of_a_form_as_they_come(client: Client) -> None:
    form = multipart(part('name="a"', b"1"), part('name="b"', b"2" * 70_000))

    answer = client.request("POST", "/sync/count-parts", [MULTIPART], form)

    assert json_of(answer) == ["a", "b"]
