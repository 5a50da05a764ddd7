"""Lengths of bodies: limits, lengths that lie, bodies that nobody reads or that are cut short."""

from hashlib import sha256

from portico.contract import Capability
from portico_conformance._case import (
    Client,
    IncompleteAnswerError,
    NoAnswerError,
    case,
)
from portico_conformance._wire import WireRequest
from portico_conformance.application import MAX_BODY_SIZE
from portico_conformance.cases._reading import (
    COLOURS,
    answer_unless_dropped,
    is_alive,
    json_of,
    problem_of,
    refusal,
    text_of,
)
from portico_conformance.cases._signalling import is_raised, new_name, wait_for_signal

BINARY = ("Content-Type", "application/octet-stream")


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
