"""WebSockets (RFC 6455): the request, the messages, and the end."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from time import monotonic

from portico.contract import Capability
from portico_conformance._case import Client, SocketEnd, SocketExchange, case


def an_upgrade_is_required(client: Client, *rest: object) -> None:
    """A route with `optional=True`, where the runtime has no WebSockets."""
    with client.connect("/ws/echo") as socket:
        assert socket.answer.status == 426


def _exchange(socket: SocketExchange, *messages: str | bytes) -> list[str | bytes | SocketEnd]:
    found: list[str | bytes | SocketEnd] = []
    for message in messages:
        socket.send(message)
        found.append(socket.receive())
    return found


@case("sockets")
def a_websocket_asked_for_without_an_upgrade_is_426(client: Client) -> None:
    assert client.request("GET", "/ws/echo").status == 426
    assert client.request("POST", "/ws/echo").status == 426
    assert client.request("OPTIONS", "/ws/echo").get("allow") == "OPTIONS"


@case("sockets")
def a_path_of_both_kinds_answers_http_and_names_no_websocket_in_allow(client: Client) -> None:
    assert client.request("GET", "/ws/both").body == b"over HTTP"
    answer = client.request("DELETE", "/ws/both")
    assert (answer.status, answer.get("allow")) == (405, "GET, HEAD, OPTIONS")


def _an_upgrade_to_http(client: Client) -> None:
    # Any server may leave an upgrade out of account (RFC 9110 section 7.8).
    with client.connect("/ws/both") as socket:
        assert socket.answer.body == b"over HTTP"


@case("sockets", needs=Capability.WEBSOCKET, otherwise=_an_upgrade_to_http)
def a_path_of_both_kinds_accepts_a_websocket(client: Client) -> None:
    with client.connect("/ws/both") as socket:
        assert _exchange(socket, "hi") == ["over a WebSocket: hi"]


_MESSAGES: list[tuple[str, str | bytes]] = [
    ("text", "hello"),
    ("empty text", ""),
    ("empty data", b""),
    ("every byte", bytes(range(256))),
    ("beyond ASCII", "grüße \U0001f600 \u2028"),
    ("126 bytes", "x" * 126),
    ("64 KiB", b"y" * (1 << 16)),
    ("a NUL", "a\0b"),
]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required, each=_MESSAGES)
def a_message_comes_back_as_it_was_sent(client: Client, message: str | bytes) -> None:
    with client.connect("/ws/echo") as socket:
        assert socket.answer.status == 101
        assert _exchange(socket, message, "again") == [message, "again"]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def many_messages_are_answered_in_order(client: Client) -> None:
    with client.connect("/ws/echo") as socket:
        for index in range(10):
            socket.send(f"{index}")
        assert [socket.receive() for _ in range(10)] == [f"{index}" for index in range(10)]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_typed_message_is_answered_with_each_value_as_declared(client: Client) -> None:
    with client.connect("/ws/typed") as socket:
        socket.send('{"text": "a", "times": 2}')
        assert [socket.receive(), socket.receive()] == ['{"text":"a"}'] * 2


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_synchronous_generator_sends_what_it_yields(client: Client) -> None:
    with client.connect("/ws/sync") as socket:
        socket.send("3")
        assert [socket.receive() for _ in range(3)] == ["0", "1", "2"]


_BAD: list[tuple[str, tuple[str, str | bytes, int]]] = [
    ("no JSON", ("/ws/typed", "{", 1007)),
    ("a wrong type", ("/ws/typed", '{"text": 5}', 1008)),
    ("a missing member", ("/ws/typed", "{}", 1008)),
    ("binary data for JSON", ("/ws/typed", b'{"text": "a"}', 1003)),
    ("binary data for text", ("/ws/text", b"a", 1003)),
    ("text for binary data", ("/ws/binary", "a", 1003)),
    ("too large", ("/ws/small", "123456789", 1009)),
    ("too large in UTF-8", ("/ws/small", "üüüüü", 1009)),
    ("what the handler fails at", ("/ws/failing", "a secret", 1011)),
]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required, each=_BAD)
def a_message_that_is_wrong_closes_with_a_code_that_says_why(
    client: Client, record: tuple[str, str | bytes, int]
) -> None:
    path, message, code = record
    with client.connect(path) as socket:
        socket.send(message)
        end = socket.receive()
        assert isinstance(end, SocketEnd)
        assert end.code == code
        assert "secret" not in end.reason


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_close_for_a_fault_names_its_place_and_what_was_expected(client: Client) -> None:
    with client.connect("/ws/typed") as socket:
        socket.send('{"text": 5}')
        assert socket.receive() == SocketEnd(1008, "/text: expected a string")


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_message_as_large_as_may_be_is_taken(client: Client) -> None:
    with client.connect("/ws/small") as socket:
        assert _exchange(socket, "12345678", "üüüü") == ["12345678", "üüüü"]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def an_error_handler_answers_and_the_connection_goes_on(client: Client) -> None:
    with client.connect("/ws/patient") as socket:
        found = _exchange(socket, "{", '{"text": 5}', '{"text": "a"}')
        assert found == [
            '{"text":"MalformedJSONError"}',
            '{"text":"InvalidInputError"}',
            '{"text":"a"}',
        ]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def an_error_that_the_error_handler_lets_pass_closes(client: Client) -> None:
    with client.connect("/ws/patient") as socket:
        socket.send('{"text": "boom"}')
        assert socket.receive() == SocketEnd(1011)


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_handler_closes_with_a_code_and_a_reason_of_its_own(client: Client) -> None:
    with client.connect("/ws/patient") as socket:
        socket.send('{"text": "leave"}')
        assert socket.receive() == SocketEnd(4001, "as you wish")


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_handler_of_the_whole_connection_iterates_and_closes_at_its_end(client: Client) -> None:
    with client.connect("/ws/loop") as socket:
        assert _exchange(socket, "a", "enough") == ['{"got":"a"}', SocketEnd(1000)]


# The request


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def an_open_handler_binds_path_query_and_subprotocol(client: Client) -> None:
    offered = [("Sec-WebSocket-Protocol", "v1, v2, v3")]
    with client.connect("/ws/greet/ann%20b?times=2&loud=true", offered) as socket:
        assert socket.answer.get("sec-websocket-protocol") == "v2"
        assert [socket.receive(), socket.receive()] == ["ANN B v2"] * 2


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_subprotocol_that_nobody_speaks_is_not_chosen(client: Client) -> None:
    with client.connect("/ws/greet/a", [("Sec-WebSocket-Protocol", "v9")]) as socket:
        assert socket.answer.get("sec-websocket-protocol") is None
        assert socket.receive() == "a None"


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_request_with_faults_is_refused_with_all_of_them(client: Client) -> None:
    with client.connect("/ws/greet/a?times=x&loud=perhaps") as socket:
        assert socket.answer.status == 422
        assert b"/times" in socket.answer.body
        assert b"/loud" in socket.answer.body


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def an_early_answer_refuses_a_websocket(client: Client) -> None:
    with client.connect("/ws/guarded") as socket:
        assert (socket.answer.status, socket.answer.body) == (401, b"who is there?")


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_guard_that_lets_pass_and_a_key_serve_every_message(client: Client) -> None:
    with client.connect("/ws/guarded", [("X-Visitor", "ann")]) as socket:
        assert _exchange(socket, "a", "b") == ["ann: a", "ann: b"]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_path_without_a_websocket_is_404(client: Client) -> None:
    with client.connect("/ws/nowhere") as socket:
        assert socket.answer.status == 404


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def an_accepted_handshake_has_the_fields_and_cookies_that_were_set(client: Client) -> None:
    with client.connect("/ws/dressed") as socket:
        assert socket.answer.get("x-dressed") == "yes"
        assert (socket.answer.get("set-cookie") or "").startswith("seen=1;")
        assert _exchange(socket, "a") == ["a"]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required)
def a_mounted_application_accepts_websockets_under_its_prefix(client: Client) -> None:
    with client.connect("/ws/mounted/echo/word") as socket:
        assert _exchange(socket, "a") == ["/ws/mounted word a"]


# The end


def _ends(client: Client, name: str, number: int) -> list[str]:
    """How a connection ended, as soon as so much is known."""
    until = monotonic() + 10
    while True:
        ends: list[str] = json.loads(client.request("GET", f"/ws/ends/{name}").body)
        if len(ends) >= number or monotonic() > until:
            return [end.removeprefix(f"{name} ") for end in ends]


def _fail(socket: SocketExchange) -> None:
    assert _exchange(socket, "boom") == [SocketEnd(1011)]


_numbers = count()

_ENDS: list[tuple[str, tuple[Callable[[SocketExchange], None], list[str]]]] = [
    ("closed", (lambda socket: socket.close(1000, "done"), ["1000 done", "as it should"])),
    ("with a code of its own", (lambda socket: socket.close(4000), ["4000 ", "as it should"])),
    ("lost", (lambda socket: socket.disconnect(), ["DisconnectError"])),
    ("failing", (_fail, ["1011 ", "RuntimeError"])),
]


@case("sockets", needs=Capability.WEBSOCKET, otherwise=an_upgrade_is_required, each=_ENDS)
def a_close_handler_and_a_generator_see_how_a_connection_ended(
    client: Client, record: tuple[Callable[[SocketExchange], None], list[str]]
) -> None:
    end, expected = record
    name = f"{client.row.id}-{next(_numbers)}"
    with client.connect(f"/ws/ended?name={name}") as socket:
        assert _exchange(socket, "a") == [f"{name} is here"]
        end(socket)
        found = _ends(client, name, 2)
    assert len(found) == 2
    assert found[-len(expected) :] == expected


# Topics


def _nobody_to_publish_to(client: Client) -> None:
    text = [("Content-Type", "text/plain")]
    answer = client.request("POST", "/ws/topics/a", text, b"news")
    # Mangum does not say that it takes WebSockets away from ASGI.
    assert answer.status == (200 if client.row.adapter == "asgi" else 500)


@case("sockets", needs=Capability.WEBSOCKET, otherwise=_nobody_to_publish_to)
def what_is_published_reaches_every_other_subscriber(client: Client) -> None:
    if not client.row.has(Capability.TOPICS):
        text = [("Content-Type", "text/plain")]
        assert client.request("POST", "/ws/topics/a", text, b"news").status == 500
        with client.connect("/ws/topics/a") as socket:
            assert socket.receive() == SocketEnd(1011)
        return
    with ExitStack() as stack:
        ann, bob, eve = (
            stack.enter_context(client.connect(f"/ws/topics/{topic}")) for topic in ("a", "a", "b")
        )
        assert [each.receive() for each in (ann, bob, eve)] == ["joined"] * 3
        ann.send("hi")
        assert bob.receive() == '{"said":"hi"}'
        text = [("Content-Type", "text/plain")]
        assert client.request("POST", "/ws/topics/a", text, b"news").body == b"published"
        assert [ann.receive(), bob.receive()] == ["news", "news"]
        bob.send("leave")
        assert bob.receive() == "left"
        ann.send("gone?")
        bob.send("still here")
        assert ann.receive() == '{"said":"still here"}'
        assert client.request("POST", "/ws/topics/b", text, b"for eve").status == 200
        assert eve.receive() == "for eve"
