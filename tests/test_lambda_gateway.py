"""A function behind real HTTP: what the gateway serves, refuses and remembers."""

import socket
from collections.abc import Iterator
from typing import cast

import pytest

from portico_conformance._gateway import Gateway, Settings
from portico_conformance._lambda_events import Event


def echo(event: Event) -> object:
    """Answer with the path and the body that arrived (function URL)."""
    body = str(event.get("body", ""))
    headers = {"x-path": str(event["rawPath"]), "content-type": "text/plain"}
    encoded = event["isBase64Encoded"]
    return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": encoded}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway("url", echo) as running:
        yield running


def exchange(gateway: Gateway, sent: bytes) -> bytes:
    """All that the gateway answers to `sent`, after which nothing more is sent."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_gateway_serves_several_requests_on_one_connection(gateway: Gateway) -> None:
    answered = exchange(
        gateway,
        b"POST /a%2Fb?q HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"1\r\nh\r\n2;ext\r\no!\r\n0\r\n\r\n",
    )

    assert answered == (
        b"HTTP/1.1 200 OK\r\nx-path: /a%2Fb\r\ncontent-type: text/plain\r\n"
        b"content-length: 2\r\nconnection: keep-alive\r\n\r\nhi"
        b"HTTP/1.1 200 OK\r\nx-path: /c\r\ncontent-type: text/plain\r\n"
        b"content-length: 3\r\nconnection: close\r\n\r\nho!"
    )


def test_the_gateway_asks_for_a_body_that_waits_to_be_asked_for(gateway: Gateway) -> None:
    answered = exchange(
        gateway,
        b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    )

    assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


MALFORMED = [
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/3.0\r\n\r\n", 505),
    (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 17_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 201 + b"\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n", 413),
    (
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
]


@pytest.mark.parametrize(("sent", "status"), MALFORMED)
def test_the_gateway_refuses_malformed_http_and_invokes_nothing(sent: bytes, status: int) -> None:
    def never(event: Event) -> object:
        raise AssertionError(event)

    with Gateway("url", never) as gateway:
        answered = exchange(gateway, sent)

        assert answered.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"connection: close" in answered
        assert gateway.failures == []


def test_a_function_that_raises_is_a_502_and_is_remembered() -> None:
    def fail(event: Event) -> object:
        raise LookupError("no such thing")

    with Gateway("rest", fail) as gateway:
        answered = exchange(gateway, b"GET / HTTP/1.0\r\n\r\n")

        assert answered.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert [type(failure) for failure in gateway.failures] == [LookupError]


def test_a_result_that_the_service_refuses_is_a_502_that_names_the_rule() -> None:
    with Gateway("alb", lambda event: {"status": 200}) as gateway:
        answered = exchange(gateway, b"GET / HTTP/1.0\r\n\r\n")

    assert answered.startswith(b"HTTP/1.1 502 ")
    assert b"unknown fields ['status']" in answered


def test_the_settings_reach_the_event_and_the_peer_is_the_client() -> None:
    events: list[Event] = []

    def keep(event: Event) -> object:
        events.append(event)
        return {"statusCode": 200}

    for settings in (None, Settings(source_ip="198.51.100.9", stage="beta", scheme="http")):
        with Gateway("rest", keep, settings) as gateway:
            exchange(gateway, b"GET /x HTTP/1.0\r\n\r\n")

    headers = [cast("dict[str, str]", event["headers"]) for event in events]
    contexts = [cast("dict[str, str]", event["requestContext"]) for event in events]
    assert [found["X-Forwarded-For"] for found in headers] == ["127.0.0.1", "198.51.100.9"]
    assert [found["X-Forwarded-Proto"] for found in headers] == ["https", "http"]
    assert [found["stage"] for found in contexts] == ["live", "beta"]


def test_leaving_the_gateway_closes_connections_that_still_wait() -> None:
    with Gateway("url", echo) as gateway:
        idle = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"

    with idle:
        while received := idle.recv(65536):
            assert received
