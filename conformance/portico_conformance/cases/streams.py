"""Streams: what arrives, when it arrives, and that each is closed exactly once."""

from collections.abc import Callable

from portico.contract import Capability
from portico_conformance._case import Client, IncompleteAnswerError, NoAnswerError, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import COLOURS, is_alive, media_type, problem_of
from portico_conformance.cases._signalling import (
    begin,
    count_of,
    is_raised,
    new_name,
    raise_signal,
    settled_count_of,
    wait_for_signal,
)

BINARY = ("Content-Type", "application/octet-stream")
BLOCK = 64 * 1024
BLOCKS = 1024  # 64 MiB: more than the buffers of any server and of both sockets hold


def failed(exchange: Callable[[], WireResponse]) -> bool:
    """Whether the client can tell that an answer failed."""
    try:
        answer = exchange()
    except (IncompleteAnswerError, NoAnswerError):
        return True
    return answer.status >= 500


@case("streams", each=COLOURS)
def texts_become_a_text(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/stream/text")

    assert answer.status == 200
    assert answer.get("content-type") == "text/plain;charset=UTF-8"
    assert answer.get("cache-control") == "no-cache"
    assert answer.body.decode() == "one,zwölf"


@case("streams", each=COLOURS)
def bytes_become_bytes(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/stream/bytes")

    assert answer.status == 200
    assert answer.get("content-type") == "application/octet-stream"
    assert answer.body == bytes(range(256))


@case("streams", each=COLOURS)
def values_become_lines_of_json(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/stream/json")

    assert answer.get("content-type") == "application/x-ndjson"
    assert answer.body == b'{"n":0}\n{"n":1}\n{"n":2}\n'


@case("streams", each=COLOURS)
def a_stream_without_chunks_is_an_empty_answer(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/stream/nothing")

    assert answer.status == 200
    assert answer.body == b""


@case("streams")
def a_stream_of_a_response_keeps_its_status_and_type(client: Client) -> None:
    answer = client.request("GET", "/stream/response")

    assert answer.status == 201
    assert media_type(answer) == "text/x-own"
    assert answer.body == b"ab"


@case("streams", each=COLOURS)
def a_stream_that_fails_before_its_first_chunk_is_a_500(client: Client, colour: str) -> None:
    problem_of(client.request("GET", f"/{colour}/stream/fails-first"), 500)
    is_alive(client)


@case("streams", each=COLOURS)
def a_stream_that_fails_midway_never_looks_complete(client: Client, colour: str) -> None:
    name = new_name()

    assert failed(lambda: client.request("GET", f"/{colour}/stream/fails/{name}"))

    assert count_of(client, name) == 1
    is_alive(client)


@case("streams")
def a_chunk_that_cannot_be_sent_never_looks_complete(client: Client) -> None:
    assert failed(lambda: client.request("GET", "/async/stream/unsendable"))
    is_alive(client)


@case("streams", each=COLOURS)
def a_stream_that_ends_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()

    assert client.request("GET", f"/{colour}/stream/closed/{name}").body == b"one,two"

    assert count_of(client, name) == 1


@case("streams", each=COLOURS)
def a_stream_asked_for_by_head_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("HEAD", f"/{colour}/stream/closed/{name}")

    assert answer.status == 200
    assert answer.get("content-type") == "text/plain;charset=UTF-8"
    assert answer.body == b""
    assert count_of(client, name) == 1


def the_stream_arrives_whole(client: Client, colour: str) -> None:
    name = new_name()
    raise_signal(client, name)

    answer = client.request("GET", f"/{colour}/stream/held/{name}")

    assert answer.body == b"first,last"


@case(
    "streams",
    each=COLOURS,
    needs=Capability.STREAM_RESPONSE,
    otherwise=the_stream_arrives_whole,
)
def the_first_chunk_arrives_before_the_last_is_made(client: Client, colour: str) -> None:
    if colour == "sync" and not client.row.has(Capability.THREADS):
        # Synchronous code that waits holds up the one thread that could raise the signal.
        the_stream_arrives_whole(client, colour)
        return
    name = new_name()
    with begin(client, f"/{colour}/stream/held/{name}") as exchange:
        exchange.end()
        assert exchange.head().status == 200
        assert exchange.receive() == b"first,"
        raise_signal(client, name)
        assert exchange.receive() == b"last"
        assert exchange.receive() == b""


def a_short_stream_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/{colour}/stream/long/{name}?blocks=2")

    assert len(answer.body) == 2 * BLOCK
    assert count_of(client, f"{name}-closed") == 1
    assert count_of(client, name) == 2


@case(
    "streams",
    each=COLOURS,
    needs=Capability.STREAM_RESPONSE,
    otherwise=a_short_stream_is_closed_once,
)
def a_stream_whose_reader_leaves_is_closed_once(client: Client, colour: str) -> None:
    name = new_name()
    with begin(client, f"/{colour}/stream/long/{name}?blocks={BLOCKS}") as exchange:
        exchange.end()
        assert exchange.head().status == 200
        assert exchange.receive()
        exchange.disconnect()

    assert count_of(client, f"{name}-closed") == 1
    assert count_of(client, name) < BLOCKS
    is_alive(client)
    assert count_of(client, f"{name}-closed") == 1


def a_stream_that_waits_ends(client: Client) -> None:
    name = new_name()
    raise_signal(client, name)

    assert client.request("GET", f"/async/stream/waits/{name}").body == b"first,last"
    assert count_of(client, f"{name}-closed") == 1


@case("streams", needs=Capability.DISCONNECT, otherwise=a_stream_that_waits_ends)
def a_stream_that_waits_is_closed_once_when_its_reader_leaves(client: Client) -> None:
    name = new_name()
    with begin(client, f"/async/stream/waits/{name}") as exchange:
        exchange.end()
        assert exchange.receive() == b"first,"
        exchange.disconnect()

    # The signal is not raised: only the disconnect can end the wait.
    assert count_of(client, f"{name}-closed") == 1
    is_alive(client)
    assert count_of(client, f"{name}-closed") == 1


@case(
    "streams",
    each=COLOURS,
    needs=Capability.STREAM_RESPONSE,
    otherwise=a_short_stream_is_closed_once,
)
def a_stream_does_not_run_ahead_of_a_slow_reader(client: Client, colour: str) -> None:
    name = new_name()
    with begin(client, f"/{colour}/stream/long/{name}?blocks={BLOCKS}") as exchange:
        exchange.end()
        assert exchange.receive()
        if client.row.concurrent:
            assert settled_count_of(client, name) < BLOCKS // 2
        exchange.disconnect()

    assert count_of(client, f"{name}-closed") == 1
    assert count_of(client, name) < BLOCKS // 2


def the_whole_body_arrives(client: Client) -> None:
    name = new_name()
    headers = [BINARY, ("Content-Length", "8")]
    with client.open("POST", f"/async/upload/{name}", headers) as exchange:
        exchange.send(b"one,")
        exchange.send(b"last")
        exchange.end()
        assert exchange.head().status == 200
        assert b"".join(iter(exchange.receive, b"")) == b"one,last"


@case("streams", needs=Capability.STREAM_REQUEST, otherwise=the_whole_body_arrives)
def the_handler_has_the_first_chunk_before_the_last_is_sent(client: Client) -> None:
    name = new_name()
    headers = [BINARY, ("Content-Length", "8")]
    with client.open("POST", f"/async/upload/{name}", headers) as exchange:
        exchange.send(b"one,")
        wait_for_signal(client, name)
        exchange.send(b"last")
        exchange.end()
        assert exchange.head().status == 200
        assert b"".join(iter(exchange.receive, b"")) == b"one,last"


def the_whole_chunked_body_arrives(client: Client) -> None:
    name = new_name()
    with client.open("POST", f"/async/upload/{name}", [BINARY]) as exchange:
        exchange.send(b"one,")
        exchange.send(b"last")
        exchange.end()
        assert exchange.head().status == 200
        assert b"".join(iter(exchange.receive, b"")) == b"one,last"


@case("streams", needs=Capability.STREAM_REQUEST, otherwise=the_whole_chunked_body_arrives)
def the_handler_has_the_first_of_an_unknown_number_of_chunks(client: Client) -> None:
    name = new_name()
    with client.open("POST", f"/async/upload/{name}", [BINARY]) as exchange:
        exchange.send(b"one,")
        wait_for_signal(client, name)
        exchange.send(b"last")
        exchange.end()
        assert exchange.head().status == 200
        assert b"".join(iter(exchange.receive, b"")) == b"one,last"


@case("streams", each=COLOURS)
def a_stream_of_a_declared_length_has_it(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/stream/sized/10")

    assert answer.status == 200
    assert answer.get("content-length") == "10"
    assert answer.get("transfer-encoding") is None
    assert answer.body == b"0123456789"


@case(
    "streams",
    each=[
        (f"{name}-{colour}", f"/{colour}/stream/sized/{length}")
        for name, length in [("too-short", 9), ("much-too-short", 3), ("too-long", 11)]
        for colour in ("async", "sync")
    ],
)
def a_stream_that_breaks_its_declared_length_never_looks_complete(
    client: Client, target: str
) -> None:
    def exchange() -> WireResponse:
        answer = client.request("GET", target)
        # A server may hold the application to its length by itself; what it sends is then a whole
        # message of another length.
        assert answer.status >= 500 or answer.body != b"0123456789"
        return answer

    declared = int(target.rpartition("/")[2])
    assert failed(exchange) or declared < 10
    is_alive(client)


@case("streams", each=COLOURS)
def streams_of_one_connection_follow_each_other(client: Client, colour: str) -> None:
    for _ in range(5):
        assert client.request("GET", f"/{colour}/stream/text").body.decode() == "one,zwölf"


def a_handler_that_waits_is_released(client: Client) -> None:
    name = new_name()
    raise_signal(client, name)

    assert client.request("GET", f"/async/signal/{name}").body == b"there"


@case("streams", needs=Capability.DISCONNECT, otherwise=a_handler_that_waits_is_released)
def a_handler_learns_from_its_signal_that_the_peer_is_gone(client: Client) -> None:
    name = new_name()
    with begin(client, f"/async/signal/{name}") as exchange:
        exchange.end()
        wait_for_signal(client, f"{name}-begun")
        exchange.disconnect()

    wait_for_signal(client, f"{name}-aborted")
    assert not is_raised(client, f"{name}-released")
    is_alive(client)
