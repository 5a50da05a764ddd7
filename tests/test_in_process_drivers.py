"""The drivers in process are as strict as a server: what breaks on the wire breaks here."""

import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any, Literal
from wsgiref.types import StartResponse

import pytest

from portico.contract import NATIVE, Capability
from portico_conformance._case import Client, IncompleteAnswerError, NoAnswerError, Row
from portico_conformance._in_process_asgi import asgi_client
from portico_conformance._in_process_lambda import lambda_client
from portico_conformance._in_process_wsgi import wsgi_client

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[object]]

BACKENDS: list[Literal["asyncio", "trio"]] = ["asyncio", "trio"]


def no_client() -> Any:
    raise NotImplementedError


ROW = Row("test", "test", False, dict.fromkeys(Capability, NATIVE), no_client)


def with_lifespan(http: Callable[[Message, Receive, Send], Awaitable[None]]) -> AsgiApp:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await http(scope, receive, send)
            return
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})

    return app


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_asgi_application_that_breaks_a_rule_fails_the_case(
    backend: Literal["asyncio", "trio"],
) -> None:
    @with_lifespan
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(start(200, (b"content-length", b"1")))
        await send(body(b"too long"))

    with (
        asgi_client(ROW, app, backend) as client,
        pytest.raises(AssertionError, match=r"the ASGI validator reports: .*content-length"),
    ):
        client.request("GET", "/")


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_asgi_answer_that_does_not_end_is_incomplete(
    backend: Literal["asyncio", "trio"],
) -> None:
    @with_lifespan
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"part", more=True))
        raise RuntimeError("midway")

    with asgi_client(ROW, app, backend) as client:
        with pytest.raises(IncompleteAnswerError) as caught:
            client.request("GET", "/")
        assert caught.value.partial.body == b"part"


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_asgi_send_waits_for_the_client(backend: Literal["asyncio", "trio"]) -> None:
    sent: list[int] = []

    @with_lifespan
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(100):
            await send(body(b"x", more=True))
            sent.append(number)
        await send(body(b""))

    with asgi_client(ROW, app, backend) as client, client.open("GET", "/") as exchange:
        exchange.head()
        assert exchange.receive() == b"x"
        assert exchange.receive() == b"x"
        assert len(sent) <= 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_asgi_application_learns_that_the_client_is_gone(
    backend: Literal["asyncio", "trio"],
) -> None:
    types: list[str] = []
    over = threading.Event()

    @with_lifespan
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        types.append((await receive())["type"])
        await send(start())
        types.append((await receive())["type"])
        with pytest.raises(OSError, match="disconnected"):
            await send(body(b"too late"))
        over.set()

    with asgi_client(ROW, app, backend) as client, client.open("POST", "/") as exchange:
        exchange.send(b"x")
        exchange.head()
        exchange.disconnect()
        with pytest.raises(NoAnswerError):
            exchange.receive()
        assert over.wait(10)
    assert types == ["http.request", "http.disconnect"]


def test_a_lifespan_that_fails_is_an_error() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(BaseExceptionGroup, match="unhandled") as caught:  # noqa: SIM117
        with asgi_client(ROW, app, "asyncio"):
            pass
    assert caught.group_contains(AssertionError, match="the startup failed")


def test_a_wsgi_application_that_breaks_a_rule_fails_the_case() -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200", [])
        return []

    with (
        wsgi_client(ROW, app) as client,
        pytest.raises(AssertionError, match=r"wsgiref\.validate reports"),
    ):
        client.request("GET", "/")


@pytest.mark.parametrize(("length", "error"), [("1", AssertionError), ("9", IncompleteAnswerError)])
def test_a_wsgi_answer_is_held_to_its_length(length: str, error: type[Exception]) -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", length), ("Content-Type", "text/plain")])
        return [b"three"]

    with wsgi_client(ROW, app) as client, pytest.raises(error):
        client.request("GET", "/")


def test_a_wsgi_iterable_that_raises_is_incomplete_and_closed() -> None:
    closed = threading.Event()

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            yield b"part"
            raise RuntimeError("midway")

        def close(self) -> None:
            closed.set()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Chunks()

    with wsgi_client(ROW, app) as client:
        with pytest.raises(IncompleteAnswerError) as caught:
            client.request("GET", "/")
        assert caught.value.partial.body == b"part"
        assert closed.wait(10)


def test_the_next_wsgi_chunk_waits_for_the_client() -> None:
    made: list[int] = []
    closed = threading.Event()

    def chunks() -> Iterator[bytes]:
        try:
            for number in range(100):
                made.append(number)
                yield b"x"
        finally:
            closed.set()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return chunks()

    with wsgi_client(ROW, app) as client, client.open("GET", "/") as exchange:
        assert exchange.receive() == b"x"
        assert len(made) <= 2
        exchange.disconnect()
        assert closed.wait(10)


def function(result: object) -> Callable[[object, object], object]:
    return lambda event, context: result


def test_a_result_that_aws_refuses_is_a_502() -> None:
    with lambda_client(ROW, function({"statusCode": "200 OK"}), "http") as client:
        assert client.request("GET", "/").status == 502


def test_a_function_that_raises_is_a_502() -> None:
    def handler(event: object, context: object) -> object:
        raise RuntimeError("broken")

    with lambda_client(ROW, handler, "url") as client:
        assert client.request("GET", "/").status == 502


@pytest.mark.parametrize("length", ["x", "-1", "1, 2"])
def test_a_front_refuses_what_is_not_http(length: str) -> None:
    called: list[object] = []

    def handler(event: object, context: object) -> object:
        called.append(event)
        return {"statusCode": 200}

    with lambda_client(ROW, handler, "alb") as client:
        assert client.request("POST", "/", [("Content-Length", length)], b"x").status == 400
    assert not called


def _refused(client: Client, value: str) -> None:
    with pytest.raises(ValueError, match="which no client can send"):
        client.request("GET", "/", [("X-Own", value)])


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\0b"])
def test_a_case_cannot_send_what_no_client_can(value: str) -> None:
    with lambda_client(ROW, function({"statusCode": 200}), "http") as client:
        _refused(client, value)
