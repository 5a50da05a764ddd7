import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from portico_conformance._raw_client import (
    IncompleteResponseError,
    MalformedResponseError,
    NoResponseError,
    RawClient,
)
from portico_conformance._wire import WireRequest

GET = WireRequest("GET", "/", [], b"")
HEAD = WireRequest("HEAD", "/", [], b"")


def read_request(connection: socket.socket) -> bytes:
    """All of one request: a head, and a body as long as Content-Length says."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def served(*connections: Callable[[socket.socket], None]) -> Generator[RawClient]:
    """A client of a server whose n-th connection is in the hands of the n-th function."""
    failures: list[BaseException] = []

    def serve(listener: socket.socket) -> None:
        try:
            for play in connections:
                with listener.accept()[0] as connection:
                    connection.settimeout(10)
                    play(connection)
        except BaseException as error:  # noqa: BLE001 (raised again below, in the test's thread)
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            with RawClient("127.0.0.1", listener.getsockname()[1]) as client:
                yield client
        finally:
            thread.join(10)
    assert not failures


def answer(*pieces: bytes) -> Callable[[socket.socket], None]:
    """One request, then these pieces, then an orderly end."""

    def play(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            connection.sendall(piece)

    return play


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


BODIES = {
    "content-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "an empty content-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n",
        b"hello",
    ),
    "until the connection closes": (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "304 with the length of what it stands for": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        b"",
    ),
    "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", b"ok"),
}


@pytest.mark.parametrize(("wire", "body"), BODIES.values(), ids=BODIES)
def test_a_body_ends_where_its_framing_says(wire: bytes, body: bytes) -> None:
    with served(answer(wire)) as client:
        assert client.request(GET).body == body


@pytest.mark.parametrize(("wire", "body"), BODIES.values(), ids=BODIES)
def test_a_response_may_come_one_byte_at_a_time(wire: bytes, body: bytes) -> None:
    with served(answer(*(wire[i : i + 1] for i in range(len(wire))))) as client:
        assert client.request(GET).body == body


def test_a_head_is_kept_as_it_came_and_given_lower_cased() -> None:
    wire = b"HTTP/1.1 418 I'm a teapot\r\nX-Tea: caf\xe9 \r\nx-tea:two\r\nContent-Length: 0\r\n\r\n"
    with served(answer(wire)) as client:
        response = client.request(GET)

        assert client.status_line == b"HTTP/1.1 418 I'm a teapot"
        assert client.raw_headers[:2] == [(b"X-Tea", b"caf\xe9"), (b"x-tea", b"two")]
        assert response.status == 418
        assert response.headers[:2] == [("x-tea", "caf\xe9"), ("x-tea", "two")]


def test_trailers_are_recorded() -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 7\r\n\r\n"
    with served(answer(wire)) as client:
        client.request(GET)

        assert client.trailers == [(b"X-Sum", b"7")]


def test_interim_responses_are_skipped_and_recorded() -> None:
    wire = (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    with served(answer(wire)) as client:
        assert client.request(GET).body == b"ok"
        assert [interim.status for interim in client.interim] == [100, 103]
        assert client.interim[1].headers == [("link", "</a.css>")]


CUT = {
    "content-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", b"hello"),
    "inside a chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
        b"hello",
    ),
    "before the last chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"hello",
    ),
    "before the end of the trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"hello",
    ),
}


@pytest.mark.parametrize(("wire", "partial"), CUT.values(), ids=CUT)
def test_a_body_that_is_cut_off_is_an_error_with_what_came(wire: bytes, partial: bytes) -> None:
    with served(answer(wire)) as client:
        with pytest.raises(IncompleteResponseError) as caught:
            client.request(GET)

        assert caught.value.partial.status == 200
        assert caught.value.partial.body == partial


def test_a_reset_is_no_end_of_a_body_without_framing() -> None:
    read = threading.Event()

    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
        assert read.wait(10)
        reset(connection)

    with served(play) as client:
        client.start("GET", "/", [("Content-Length", "0")])
        client.read_head()
        assert client.read_some() == b"hello"
        read.set()

        with pytest.raises(IncompleteResponseError):
            client.read_some()


@pytest.mark.parametrize("wire", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_connection_that_ends_before_a_head_is_no_response(wire: bytes) -> None:
    with served(answer(wire)) as client:
        with pytest.raises(NoResponseError) as caught:
            client.request(GET)

        assert caught.value.received == wire


MALFORMED = {
    "no status line": (b"hello\r\n\r\n", "status line"),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\n\r\n", "status line"),
    "a bare LF": (b"HTTP/1.1 200 OK\n\n", "ends in CRLF"),
    "a bare CR": (b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "ends in CRLF"),
    "no colon": (b"HTTP/1.1 200 OK\r\nhello\r\n\r\n", "name: value"),
    "a space before the colon": (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "name: value"),
    "a folded line": (b"HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n", "name: value"),
    "NUL in a value": (b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", "name: value"),
    "both framings": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "on one response",
    ),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "one Content-Length"),
    "a signed length": (b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", "of digits"),
    "an unknown coding": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "chunked"),
    "a chunk size that is none": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
        "size of a chunk",
    ),
    "a chunk longer than its size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
        "CRLF after a chunk",
    ),
}


@pytest.mark.parametrize(("wire", "says"), MALFORMED.values(), ids=MALFORMED)
def test_what_can_be_read_in_two_ways_is_malformed(wire: bytes, says: str) -> None:
    with (
        served(answer(wire)) as client,
        pytest.raises(MalformedResponseError, match=says),
    ):
        client.request(GET)


def test_a_connection_is_used_again_after_a_whole_response() -> None:
    def play(connection: socket.socket) -> None:
        for number in b"12":
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%c" % number)

    with served(play) as client:
        assert [client.request(GET).body, client.request(GET).body] == [b"1", b"2"]
        assert client.connections == 1


CLOSING = {
    "it said so": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 does": b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "its end was the body's": b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("wire", CLOSING.values(), ids=CLOSING)
def test_a_new_connection_is_opened_when_the_last_one_ended(wire: bytes) -> None:
    with served(answer(wire), answer(wire)) as client:
        client.request(GET)
        client.request(GET)

        assert client.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with served(answer(wire), answer(wire)) as client:
        client.request(GET)
        assert client.read_until_closed() == b""

        assert client.request(GET).status == 200
        assert client.connections == 2


def test_a_body_after_a_head_response_is_found() -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with served(answer(wire)) as client:
        assert client.request(HEAD).body == b""

        with pytest.raises(MalformedResponseError, match="After the end of a response"):
            client.request(GET)


def test_bytes_after_the_end_can_be_read() -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    with served(answer(wire, b"hello")) as client:
        client.request(HEAD)

        assert client.read_until_closed() == b"hello"


REQUESTS = {
    "host is added": (GET, b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"),
    "a length is added for a body": (
        WireRequest("POST", "/a?b", [("X", "1")], b"hi"),
        b"POST /a?b HTTP/1.1\r\nX: 1\r\nHost: %s\r\nContent-Length: 2\r\n\r\nhi",
    ),
    "what is given is not added": (
        WireRequest("PUT", "*", [("host", ""), ("content-length", "1")], b"!"),
        b"PUT * HTTP/1.1\r\nhost: \r\ncontent-length: 1\r\n\r\n!",
    ),
    "latin-1 and order are kept": (
        WireRequest("get", "/\xe9", [("b", "\xff"), ("A", ""), ("b", "2")], b""),
        b"get /\xe9 HTTP/1.1\r\nb: \xff\r\nA: \r\nb: 2\r\nHost: %s\r\n\r\n",
    ),
}


@pytest.mark.parametrize(("request_", "wire"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_sent_as_given(request_: WireRequest, wire: bytes) -> None:
    seen: list[bytes] = []

    def play(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with served(play) as client:
        client.request(request_)

    assert seen == [wire.replace(b"%s", f"{client.host}:{client.port}".encode())]


def test_raw_bytes_are_sent_untouched() -> None:
    seen: list[bytes] = []

    def play(connection: socket.socket) -> None:
        seen.append(connection.recv(100))
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nno")

    with served(play) as client:
        client.send_raw(b"\x16\x03\x01")

        assert client.read_head().status == 400
        assert client.read_some() == b"no"
        assert client.read_some() == b""
    assert seen == [b"\x16\x03\x01"]


def test_both_directions_can_be_streamed_in_step() -> None:
    def play(connection: socket.socket) -> None:
        wire = b""
        while not wire.endswith(b"\r\n\r\n"):
            wire += connection.recv(1)
        assert b"Transfer-Encoding: chunked" in wire
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2):
            chunk = connection.recv(100)
            connection.sendall(chunk[:4])
            connection.sendall(chunk[4:])
        assert connection.recv(100) == b"0\r\nX-End: 1\r\n\r\n"
        connection.sendall(b"0\r\n\r\n")

    with served(play) as client:
        client.start("POST", "/echo")
        assert client.read_head().status == 200
        client.send_chunk(b"one")
        assert client.read_chunk() == b"one"
        client.send_chunk(b"two!")
        assert client.read_chunk() == b"two!"
        client.end_chunks([("X-End", "1")])
        assert client.read_chunk() == b""


def test_a_read_that_ran_out_of_time_can_be_tried_again() -> None:
    go_on = threading.Event()

    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Enc")
        assert go_on.wait(10)
        connection.sendall(b"oding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")

    with served(play) as client:
        client.start("GET", "/", [("Content-Length", "0")])
        client.timeout = 0.02
        with pytest.raises(TimeoutError):
            client.read_head()
        client.timeout = 10
        go_on.set()

        assert client.read_head().status == 200
        assert client.read_chunk() == b"hello"
        assert client.read_chunk() == b""


def test_a_request_ends_with_its_timeout() -> None:
    done = threading.Event()

    def play(connection: socket.socket) -> None:
        read_request(connection)
        assert done.wait(10)

    with served(play) as client:
        with pytest.raises(TimeoutError):
            client.request(GET, timeout=0.02)
        done.set()


def test_an_echo_that_fills_both_directions_does_not_stand_still() -> None:
    size = 8 << 20

    def play(connection: socket.socket) -> None:
        left = size
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        body = data.partition(b"\r\n\r\n")[2]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while left:
            connection.sendall(body)
            left -= len(body)
            body = connection.recv(65536) if left else b""

    with served(play) as client:
        body = bytes(range(256)) * (size // 256)

        assert client.request(WireRequest("POST", "/", [], body)).body == body


def test_the_answer_of_a_server_that_stops_listening_is_read() -> None:
    def play(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")

    with served(play) as client:
        assert client.request(WireRequest("POST", "/", [], bytes(16 << 20))).status == 413


def test_a_half_closed_connection_still_gets_its_answer() -> None:
    def play(connection: socket.socket) -> None:
        read_request(connection)
        assert connection.recv(1) == b""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with served(play) as client:
        client.start("GET", "/", [("Content-Length", "0")])
        client.half_close()

        assert client.read_head().status == 200


def test_an_abort_resets_the_connection() -> None:
    seen: list[type[Exception]] = []

    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            connection.recv(1)
        except ConnectionError as error:
            seen.append(type(error))

    with served(play) as client:
        client.start("GET", "/", [("Content-Length", "0")])
        client.read_head()
        client.abort()

    assert seen == [ConnectionResetError]


def test_an_empty_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="end_chunks"):
        RawClient("127.0.0.1", 1).send_chunk(b"")


def test_a_step_out_of_order_says_which_comes_first() -> None:
    client = RawClient("127.0.0.1", 1)

    with pytest.raises(RuntimeError, match="Send something first"):
        client.read_head()
    with pytest.raises(RuntimeError, match=r"Call read_head\(\) first"):
        client.read_some()
