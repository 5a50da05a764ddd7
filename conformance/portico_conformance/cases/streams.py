"""Streams: what arrives, and when it arrives."""

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, is_alive, media_type, problem_of
from portico_conformance.cases._signalling import (
    begin,
    new_name,
    raise_signal,
    wait_for_signal,
)

BINARY = ("Content-Type", "application/octet-stream")


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


@case("streams", each=COLOURS)
def streams_of_one_connection_follow_each_other(client: Client, colour: str) -> None:
    for _ in range(5):
        assert client.request("GET", f"/{colour}/stream/text").body.decode() == "one,zwölf"
