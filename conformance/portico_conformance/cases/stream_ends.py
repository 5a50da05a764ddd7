"""The ends of streams: each is closed exactly once, and one that failed never looks complete."""

from collections.abc import Callable

from portico.contract import Capability
from portico_conformance._case import Client, IncompleteAnswerError, NoAnswerError, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import COLOURS, is_alive
from portico_conformance.cases._signalling import (
    begin,
    count_of,
    is_raised,
    new_name,
    raise_signal,
    settled_count_of,
    wait_for_signal,
)

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
