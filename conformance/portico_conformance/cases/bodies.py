"""Bodies of requests: in every form, cut short, over the limit, and read in every order."""

from hashlib import sha256

from portico.contract import Capability
from portico_conformance._case import (
    Client,
    Exchange,
    IncompleteAnswerError,
    NoAnswerError,
    case,
)
from portico_conformance._wire import WireRequest
from portico_conformance.application import MAX_BODY_SIZE
from portico_conformance.cases._reading import (
    COLOURS,
    FORM,
    JSON,
    TEXT,
    answer_unless_dropped,
    is_alive,
    json_of,
    problem_of,
    refusal,
    text_of,
)
from portico_conformance.cases._signalling import is_raised, new_name, wait_for_signal

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


@case("bodies", each=COLOURS)
def a_body_at_the_limit_is_read(client: Client, colour: str) -> None:
    body = b"x" * MAX_BODY_SIZE
    answer = client.request("POST", f"/{colour}/bytes", [BINARY], body)

    assert answer.status == 200
    assert answer.body == body


@case("bodies", each=COLOURS)
def a_body_over_the_limit_is_a_413(client: Client, colour: str) -> None:
    body = b"x" * (MAX_BODY_SIZE + 1)

    answer = answer_unless_dropped(client, "POST", f"/{colour}/bytes", [BINARY], body)

    if answer is not None:
        assert str(MAX_BODY_SIZE) in problem_of(answer, 413)["detail"]
    is_alive(client)


@case("bodies", each=COLOURS)
def a_chunked_body_over_the_limit_is_a_413(client: Client, colour: str) -> None:
    with client.open("POST", f"/{colour}/bytes", [BINARY]) as exchange:
        for _ in range(5):
            exchange.send(b"x" * (MAX_BODY_SIZE // 4))
        exchange.end()
        assert exchange.head().status == 413
    is_alive(client)


@case("bodies")
def the_limit_does_not_hold_for_a_body_that_is_streamed(client: Client) -> None:
    body = b"x" * (MAX_BODY_SIZE + 1)

    answer = json_of(client.request("POST", "/async/digest", [BINARY], body))

    assert answer == {"size": len(body), "sha256": sha256(body).hexdigest()}


@case("bodies", each=COLOURS)
def a_body_that_nobody_reads_does_no_harm(client: Client, colour: str) -> None:
    for size in (1, 10_000, 200_000):
        body = b"x" * size

        answer = answer_unless_dropped(client, "POST", f"/{colour}/unread", [BINARY], body)

        assert answer is None or text_of(answer) == "unread"
        is_alive(client)


@case("bodies")
def a_body_that_is_read_in_part_does_no_harm(client: Client) -> None:
    for size in (2, 10_000, 200_000):
        body = b"y" + b"x" * size

        answer = answer_unless_dropped(client, "POST", "/partly-read", [BINARY], body)

        assert answer is None or text_of(answer) == "y"
        is_alive(client)


@case("bodies", each=[("no-path", ("/nothing", 404)), ("no-method", ("/text", 405))])
def a_body_sent_to_nowhere_does_no_harm(client: Client, record: tuple[str, int]) -> None:
    target, status = record

    answer = answer_unless_dropped(client, "POST", target, [BINARY], b"x" * 10_000)

    if answer is not None:
        problem_of(answer, status)
    is_alive(client)


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
        ("fraction", "2.5"),
        ("hexadecimal", "0x9"),
        ("infinity", "Infinity"),
        ("negative", "-1"),
        ("plus", "+5"),
        ("exponent", "1e1"),
        ("underscore", "1_0"),
        ("letters", "five"),
        ("two", "5, 6"),
        ("inner-space", "1 2"),
        ("huge", "9" * 30),
        ("other-digits", "\xb2"),
    ],
)
def an_absurd_content_length_is_refused(client: Client, length: str) -> None:
    headers = [BINARY, ("Content-Length", length), ("Connection", "close")]

    assert 400 <= refusal(client, "POST", "/async/bytes", headers, b"hello") < 500
    is_alive(client)


@case("bodies")
def two_content_lengths_that_differ_are_refused(client: Client) -> None:
    headers = [
        BINARY,
        ("Content-Length", "5"),
        ("Content-Length", "6"),
        ("Connection", "close"),
    ]

    assert 400 <= refusal(client, "POST", "/async/bytes", headers, b"hello!") < 500
    is_alive(client)


@case("bodies")
def a_content_length_that_is_too_short_cuts_the_body_or_is_refused(client: Client) -> None:
    request = WireRequest(
        "POST",
        "/async/bytes",
        [BINARY, ("Content-Length", "3"), ("Connection", "close")],
        b"abcdef",
    )
    try:
        answer = client.send(request)
    except (NoAnswerError, IncompleteAnswerError):
        pass
    else:
        # What follows the third byte belongs to no request that was sent.
        assert answer.status == 400 or (answer.status, answer.body) == (200, b"abc")
    is_alive(client)


def a_cut_body_is_never_complete(client: Client) -> None:
    name = new_name()
    headers = [BINARY, ("Content-Length", "10")]
    with client.open("POST", f"/outcome/{name}", headers) as exchange:
        exchange.send(b"abc")
        exchange.disconnect()

    is_alive(client)
    assert not is_raised(client, f"{name}-complete")


@case("bodies", needs=Capability.STREAM_REQUEST, otherwise=a_cut_body_is_never_complete)
def a_body_that_is_cut_short_is_never_complete(client: Client) -> None:
    name = new_name()
    headers = [BINARY, ("Content-Length", "10")]
    with client.open("POST", f"/outcome/{name}", headers) as exchange:
        exchange.send(b"abc")
        wait_for_signal(client, f"{name}-begun")
        exchange.disconnect()

    if client.row.has(Capability.DISCONNECT):
        wait_for_signal(client, f"{name}-ended")
    is_alive(client)
    assert not is_raised(client, f"{name}-complete")


@case("bodies", needs=Capability.STREAM_REQUEST, otherwise=a_cut_body_is_never_complete)
def a_chunked_body_that_is_cut_short_is_never_complete(client: Client) -> None:
    name = new_name()
    with client.open("POST", f"/outcome/{name}", [BINARY]) as exchange:
        exchange.send(b"abc")
        wait_for_signal(client, f"{name}-begun")
        exchange.disconnect()

    if client.row.has(Capability.DISCONNECT):
        wait_for_signal(client, f"{name}-ended")
    is_alive(client)
    assert not is_raised(client, f"{name}-complete")


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
