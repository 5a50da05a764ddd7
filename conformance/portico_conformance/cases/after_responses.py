"""Hooks that run when the answer was sent: once for each answer, with the status that it had."""

import json
from functools import partial
from typing import Final

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance.cases._lifecycles import live
from portico_conformance.cases._reading import COLOURS
from portico_conformance.cases._signalling import count_of, new_name, raise_signal

ANSWERS: Final = [
    ("success", "GET", "/", "", 200),
    ("head", "HEAD", "/", "", 200),
    ("value", "GET", "/value", "", 200),
    ("no-content", "GET", "/", "handle=status-204", 204),
    ("redirect", "GET", "/", "handle=redirect", 302),
    ("set", "GET", "/", "handle=set-410", 410),
    ("stream", "GET", "/", "handle=stream", 200),
    ("stream-of-nothing", "GET", "/", "handle=stream-of-nothing", 200),
    ("head-of-stream", "HEAD", "/", "handle=stream", 200),
    ("returned-error", "GET", "/", "handle=status-401", 401),
    ("raised-error", "GET", "/", "before_handle-1=raise-409", 409),
    ("exception", "GET", "/", "handle=raise-alone", 500),
    ("handled-exception", "GET", "/", "handle=raise-alone; error-any=status-202", 202),
    ("failing-error-hook", "GET", "/", "handle=raise-alone; error-any=raise-alone", 500),
    ("unsendable", "GET", "/", "handle=unsendable", 500),
    ("invalid", "GET", "/?limit=many", "", 422),
    ("early-answer", "GET", "/", "before_parse-1=status-202", 202),
    ("answer-of-a-request-hook", "GET", "/", "request-1=status-202", 202),
    ("error-of-a-request-hook", "GET", "/", "request-1=raise-409", 409),
    ("no-path", "GET", "/nothing/here", "", 404),
    ("no-method", "PUT", "/", "", 405),
    ("options", "OPTIONS", "/", "", 204),
]
"""What is asked for, and the status of the answer."""


@case(
    "after-response",
    each=[
        (f"{name}-{colour}", (colour, method, path, acts, status))
        for name, method, path, acts, status in ANSWERS
        for colour, _ in COLOURS
    ],
)
def a_hook_after_the_answer_runs_once_and_sees_its_status(
    client: Client, record: tuple[str, str, str, str, int]
) -> None:
    colour, method, path, acts, status = record
    name = new_name()

    answer = live(client, colour, acts, method=method, path=path, name=name)

    assert answer.status == status
    assert count_of(client, f"{name}-{status}") == 1
    assert count_of(client, name) == 1


def a_hook_after_a_whole_stream_runs_once(client: Client, colour: str) -> None:
    name = new_name()
    raise_signal(client, name)

    answer = live(client, colour, path=f"/held/{name}", name=name)

    assert answer.body == b"first,last"
    assert count_of(client, name) == 1


@case(
    "after-response",
    each=COLOURS,
    needs=Capability.STREAM_RESPONSE,
    otherwise=a_hook_after_a_whole_stream_runs_once,
)
def a_hook_after_a_stream_runs_after_its_last_chunk(client: Client, colour: str) -> None:
    waits = colour == "async" or client.row.has(Capability.THREADS)
    if not (client.row.concurrent and waits):
        a_hook_after_a_whole_stream_runs_once(client, colour)
        return
    name = new_name()
    headers = [("Content-Length", "0"), ("X-Name", name)]
    with client.open("GET", f"/{colour}/life/held/{name}", headers) as exchange:
        exchange.end()
        assert exchange.receive() == b"first,"
        assert json.loads(client.request("GET", f"/counts/{name}").body) == 0
        raise_signal(client, name)
        assert exchange.receive() == b"last"
        assert exchange.receive() == b""

    assert count_of(client, name) == 1


@case(
    "after-response",
    needs=Capability.DISCONNECT,
    otherwise=partial(a_hook_after_a_whole_stream_runs_once, colour="async"),
)
def a_hook_after_a_stream_that_is_left_runs_once(client: Client) -> None:
    name = new_name()
    headers = [("Content-Length", "0"), ("X-Name", name)]
    with client.open("GET", f"/async/life/held/{name}", headers) as exchange:
        exchange.end()
        assert exchange.receive() == b"first,"
        exchange.disconnect()

    assert count_of(client, name) == 1
