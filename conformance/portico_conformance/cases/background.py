"""Work that outlives its answer, and handlers whose peer leaves."""

from portico.contract import Capability, Promise
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import is_alive, json_of, text_of
from portico_conformance.cases._signalling import (
    begin,
    count_of,
    is_raised,
    new_name,
    raise_signal,
    wait_for_signal,
)

SOURCES = (
    "async",
    "sync",
    "stream-async",
    "stream-sync",
    "error-hook",
    "early-answer",
    "after-response",
    "a-function-that-gives-an-awaitable",
)


def promise_of(client: Client) -> str:
    promise: str = json_of(client.request("GET", "/platform"))["promise"]
    return promise


@case("background", each=[(source, source) for source in SOURCES])
def work_runs_once_wherever_it_was_given(client: Client, source: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/background/from/{source}/{name}")

    promise = answer.body.decode()
    assert answer.status == (404 if source == "error-hook" else 200)
    assert promise == promise_of(client)
    if promise == Promise.BEFORE_RESPONSE.value:
        assert count_of(client, name, least=0) == 1
    assert count_of(client, name) == 1
    is_alive(client)
    assert count_of(client, name) == 1


@case("background")
def works_of_every_kind_run_in_the_order_in_which_they_were_given(client: Client) -> None:
    name = new_name()

    client.request("GET", f"/background/order/{name}")

    assert json_of(client.request("GET", f"/background/order/{name}/seen")) == [
        "function",
        "coroutine",
        "fails",
        "gives more",
        "awaited",
        "async function",
        "given later",
    ]
    assert is_raised(client, f"{name}-last")


@case("background")
def a_function_sees_the_context_variables_of_when_it_was_given(client: Client) -> None:
    name = new_name()

    client.request("GET", f"/background/variables/{name}")

    assert json_of(client.request("GET", f"/background/variables/{name}/seen")) == ["1", "2"]


def work_that_blocks_ends(client: Client) -> None:
    name = new_name()
    raise_signal(client, name)

    assert text_of(client.request("GET", f"/background/blocks/{name}")) == promise_of(client)

    wait_for_signal(client, f"{name}-ended")


@case("background", needs=Capability.THREADS, otherwise=work_that_blocks_ends)
def work_that_blocks_keeps_nobody_else_waiting(client: Client) -> None:
    if not client.row.concurrent:
        work_that_blocks_ends(client)
        return
    name = new_name()
    with begin(client, f"/background/blocks/{name}") as exchange:
        exchange.end()
        assert exchange.receive() == promise_of(client).encode()
        wait_for_signal(client, f"{name}-begun")
        is_alive(client)
        raise_signal(client, name)
        wait_for_signal(client, f"{name}-ended")


@case("background")
def late_work_is_refused_or_runs_and_is_never_lost(client: Client) -> None:
    name = new_name()
    assert client.request("GET", f"/background/late/{name}").status == 204

    said = text_of(client.request("GET", f"/background/late/{name}/give"))

    # The request may not be over yet, where it has resources to leave behind its answer.
    assert count_of(client, name, least=0 if said == "refused" else 1) == (said != "refused")


def a_handler_to_be_cancelled_ends_by_itself(client: Client) -> None:
    name = new_name()
    raise_signal(client, name)

    assert text_of(client.request("GET", f"/alone/cancel/{name}")) == "released"

    assert not is_raised(client, f"{name}-cancelled")
    assert count_of(client, name) == 1


@case(
    "background",
    needs=Capability.DISCONNECT,
    otherwise=a_handler_to_be_cancelled_ends_by_itself,
)
def a_handler_is_cancelled_when_its_peer_leaves_and_its_work_is_done(client: Client) -> None:
    name = new_name()
    with begin(client, f"/alone/cancel/{name}") as exchange:
        exchange.end()
        wait_for_signal(client, f"{name}-begun")
        exchange.disconnect()

    # The signal is not raised: only the disconnect can end the wait.
    wait_for_signal(client, f"{name}-cancelled")
    assert count_of(client, name) == 1
    assert not is_raised(client, f"{name}-released")
    is_alive(client)


@case("background")
def a_handler_to_be_cancelled_is_answered_where_its_peer_stays(client: Client) -> None:
    a_handler_to_be_cancelled_ends_by_itself(client)


@case("background")
def a_handler_goes_on_when_its_peer_leaves(client: Client) -> None:
    name = new_name()
    if not client.row.concurrent:
        raise_signal(client, name)
        assert text_of(client.request("GET", f"/alone/signal/{name}")) == "released"
        return
    with begin(client, f"/alone/signal/{name}") as exchange:
        exchange.end()
        wait_for_signal(client, f"{name}-begun")
        exchange.disconnect()

    is_alive(client)
    raise_signal(client, name)
    wait_for_signal(client, f"{name}-released")
    assert not is_raised(client, f"{name}-cancelled")
