"""Server-sent events: what a reader that follows the standard makes of them, and when."""

from portico.contract import Capability
from portico_conformance._case import Client, Exchange, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._event_stream import Event, EventStream, read_events
from portico_conformance.cases._reading import COLOURS, is_alive, json_of, problem_of
from portico_conformance.cases._signalling import begin, count_of, new_name, raise_signal
from portico_conformance.cases.stream_ends import failed

READ: list[tuple[str, list[Event]]] = [
    ("texts", [Event("one"), Event("zwölf €")]),
    ("empty-text", [Event("")]),
    ("three-line-ends", [Event("a\nb\nc\nd")]),
    ("blank-lines", [Event("\n\na\n")]),
    ("no-line-ends", [Event("a\u2028b\u2029c\x85d\x0be\x0cf")]),
    ("spaces", [Event("  two before, one after ")]),
    ("colons", [Event(": no comment"), Event("data: no field")]),
    ("forged", [Event("a\n\nevent: forged\n\ndata: b")]),
    ("byte-order-mark", [Event("\ufeffa")]),
    ("nul", [Event("a\0b")]),
    (
        "values",
        [Event('{"a":[1,null,"x\\ny"]}'), Event("[1]"), Event("7"), Event("0.5"), Event("true")],
    ),
    ("types", [Event("a", "tick"), Event("b"), Event("c", "größe")]),
    (
        "ids",
        [
            Event("a", id="7"),
            Event("b", id="7"),
            Event("c", id="8"),
            Event("d"),
            Event("e", id="ü"),
        ],
    ),
    ("id-alone", [Event("a", id="3")]),
    ("retry", [Event("a")]),
    ("retry-as-time", [Event("a")]),
    ("comment", [Event("a")]),
    ("nothing", [Event("a")]),
    ("all", [Event("a\nb", "tick", "1")]),
    ("plain", [Event("a"), Event("b\nc"), Event('{"d":1}'), Event("2")]),
    ("none-first", [Event("a")]),
]

RETRIES = [("retry", 1500), ("retry-as-time", 2000), ("all", 5)]


def stream_of(answer: WireResponse) -> EventStream:
    """What a reader makes of a 200."""
    assert answer.status == 200, (answer.status, answer.body[:300])
    assert answer.get("content-type") == "text/event-stream"
    return read_events(answer.body)


@case(
    "events",
    each=[
        (f"{kind}-{colour}", (f"/{colour}/events/{kind}", events))
        for kind, events in READ
        for colour in ("async", "sync")
    ],
)
def an_event_arrives_as_it_was_given(client: Client, record: tuple[str, list[Event]]) -> None:
    target, events = record
    answer = client.request("GET", target)

    assert stream_of(answer).events == events
    assert answer.get("cache-control") == "no-cache"


@case("events", each=[(kind, (kind, retry)) for kind, retry in RETRIES])
def a_reader_is_told_when_to_come_back(client: Client, record: tuple[str, int]) -> None:
    kind, retry = record
    for colour in ("async", "sync"):
        assert stream_of(client.request("GET", f"/{colour}/events/{kind}")).retry == retry


@case("events", each=COLOURS)
def comments_are_for_nobody(client: Client, colour: str) -> None:
    stream = stream_of(client.request("GET", f"/{colour}/events/comment"))

    assert stream.comments == ["one", "", "two", "alone"]


@case("events", each=COLOURS)
def the_fields_of_an_event_stand_in_one_order(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/events/all")

    assert answer.body == b": c\nid: 1\nevent: tick\nretry: 5\ndata: a\ndata: b\n\n"


@case("events", each=COLOURS)
def a_type_that_is_set_before_the_first_value_makes_events(client: Client, colour: str) -> None:
    stream = stream_of(client.request("GET", f"/{colour}/declared-events"))

    assert stream.events == [Event("a\nb"), Event('{"c":1}')]


@case("events", each=COLOURS)
def a_source_of_values_becomes_events(client: Client, colour: str) -> None:
    stream = stream_of(client.request("GET", f"/{colour}/event-source/values"))

    assert stream.events == [Event("a\nb"), Event('{"c":1}'), Event("d", "e")]


@case("events", each=COLOURS)
def a_source_without_values_is_an_event_stream_without_events(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/event-source/empty")

    assert stream_of(answer) == EventStream()
    assert answer.body == b""


@case("events", each=COLOURS)
def one_event_is_an_event_stream(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/one-event")

    assert stream_of(answer).events == [Event('{"a":1}', "only")]
    assert answer.get("content-length") == str(len(answer.body))


@case("events", each=COLOURS)
def a_ready_made_event_stream_is_not_wrapped_again(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/ready-events")

    assert stream_of(answer).events == [Event("a"), Event("b"), Event("c")]


@case("events", each=COLOURS)
def a_response_of_events_has_its_status_and_fields(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/event-source/response")

    assert answer.status == 203
    assert answer.get("content-type") == "text/event-stream"
    assert answer.get("x-own") == "kept"
    assert read_events(answer.body).events == [Event("a"), Event("b", id="1")]


@case("events", each=COLOURS)
def an_event_stream_asks_nginx_not_to_collect_it(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/events/texts")

    assert answer.get("x-accel-buffering") == "no"


@case("events", each=COLOURS)
def fields_that_are_set_are_kept(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/event-source/own-fields")

    assert stream_of(answer).events == [Event("a")]
    assert answer.get("cache-control") == "private"
    assert answer.get("x-accel-buffering") != "no"


@case("events", each=COLOURS)
def bytes_before_any_event_are_a_500(client: Client, colour: str) -> None:
    problem_of(client.request("GET", f"/{colour}/event-source/bytes-first"), 500)


@case("events", each=COLOURS)
def bytes_among_events_never_look_complete(client: Client, colour: str) -> None:
    assert failed(lambda: client.request("GET", f"/{colour}/event-source/bytes-later"))
    is_alive(client)


@case("events", each=COLOURS)
def a_head_of_an_event_stream_has_its_fields_and_reads_nothing(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("HEAD", f"/{colour}/unread-events/{name}")

    assert stream_of(answer) == EventStream()
    assert answer.body == b""
    assert count_of(client, f"{name}-closed") == 1
    assert count_of(client, name) == 1


IDS: list[tuple[str, str | None, str | None]] = [
    ("number", "42", "42"),
    ("text", "a b,c", "a b,c"),
    ("absent", None, None),
]


@case("events", each=[(identifier, record) for identifier, *record in IDS])
def the_last_event_id_is_what_the_reader_sends(client: Client, record: list[str | None]) -> None:
    sent, seen = record
    headers = [] if sent is None else [("Last-Event-ID", sent)]
    for colour in ("async", "sync"):
        assert json_of(client.request("GET", f"/{colour}/last-event-id", headers)) == [seen]


@case("events", each=COLOURS)
def the_last_event_id_is_utf_8(client: Client, colour: str) -> None:
    sent = [("Last-Event-ID", "größe €".encode().decode("latin-1"))]

    assert json_of(client.request("GET", f"/{colour}/last-event-id", sent)) == ["größe €"]


@case("events", each=COLOURS)
def a_stream_that_is_kept_alive_opens_with_a_comment(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/event-source/kept-alive")

    assert stream_of(answer) == EventStream([Event("a"), Event("b")], [""])


def receive_until_comments(exchange: Exchange, number: int) -> bytes:
    """What arrives until there are so many comments, and nothing else."""
    body = b""
    while len(read_events(body).comments) < number:
        piece = exchange.receive()
        assert piece, body
        body += piece
    assert read_events(body).events == []
    return body


def the_events_arrive_whole(client: Client, colour: str = "async") -> None:
    name = new_name()
    raise_signal(client, name)

    stream = stream_of(client.request("GET", f"/{colour}/silent-events/{name}"))

    assert stream.events == [Event("late")]
    assert count_of(client, f"{name}-closed") == 1


@case("events", each=COLOURS)
def a_source_that_is_kept_alive_and_not_silent_arrives_whole(client: Client, colour: str) -> None:
    the_events_arrive_whole(client, colour)


@case("events", needs=Capability.STREAM_RESPONSE, otherwise=the_events_arrive_whole)
def comments_arrive_while_the_source_is_silent(client: Client) -> None:
    name = new_name()
    with begin(client, f"/async/silent-events/{name}") as exchange:
        exchange.end()
        assert exchange.head().status == 200
        body = receive_until_comments(exchange, 4)
        raise_signal(client, name)
        body += b"".join(iter(exchange.receive, b""))

    stream = read_events(body)
    assert stream.events == [Event("late")]
    assert set(stream.comments) == {""}
    assert count_of(client, f"{name}-closed") == 1


@case("events", needs=Capability.STREAM_RESPONSE, otherwise=the_events_arrive_whole)
def a_silent_source_whose_reader_leaves_is_closed_once(client: Client) -> None:
    name = new_name()
    with begin(client, f"/async/silent-events/{name}") as exchange:
        exchange.end()
        receive_until_comments(exchange, 2)
        exchange.disconnect()

    # The signal is not raised: that a comment cannot be sent is how it is noticed at the latest.
    assert count_of(client, f"{name}-closed") == 1
    is_alive(client)
    assert count_of(client, f"{name}-closed") == 1
