"""Messages of WebSockets, whatever they are: answers, or a close that says why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import Struct

from fuzzing import fuzz, made_of
from portico import Portico
from portico._close_code import checked_close
from portico_asgi import ASGI


class Move(Struct):
    x: int
    names: list[str] = []


def application() -> Portico:
    app = Portico()

    async def typed(message: Move) -> Move:
        return message

    async def text(message: str) -> str:
        return message

    async def binary(message: bytes) -> bytes:
        return message

    async def either(message: str | bytes) -> str | bytes:
        return message

    for fn in (typed, text, binary, either):
        app.ws(f"/{fn.__name__}").message(fn)
    return app


PATHS = ["/typed", "/text", "/binary", "/either", "/nowhere"]
TEXTS = st.text(max_size=20) | made_of(
    [
        "{",
        "}",
        '"x"',
        ":",
        "1",
        ",",
        '"names"',
        "[",
        "]",
        "null",
        '"\\ud800"',
        "NaN",
        "9" * 400,
        "[",
    ]
)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS | st.none(),
    "bytes": st.binary(max_size=20),
}
RECEIVED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"type": st.just("websocket.receive")}, optional=MEMBERS
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture(scope="module")
def adapter() -> ASGI:
    return ASGI(application(), max_body_size=1024)


@fuzz(400)
@given(
    st.sampled_from(PATHS),
    st.lists(RECEIVED, max_size=5),
    st.sampled_from([1000, 1001, 1005, 1006, 1015, 4999, 0, 65535]),
    st.lists(st.text(max_size=5), max_size=2),
)
def test_messages_are_answered_or_close_the_connection(
    loop: asyncio.AbstractEventLoop,
    adapter: ASGI,
    caplog: pytest.LogCaptureFixture,
    path: str,
    messages: list[dict[str, Any]],
    code: int,
    subprotocols: list[str],
) -> None:
    caplog.set_level(logging.WARNING)
    end = {"type": "websocket.disconnect", "code": code}
    waiting = [{"type": "websocket.connect"}, *messages, end]
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"h.example")],
        "subprotocols": subprotocols,
    }

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else end

    async def send(message: Any) -> None:
        sent.append(message)

    loop.run_until_complete(asyncio.wait_for(adapter(scope, receive, send), 20))

    for message in sent:
        event(message["type"])
        if message["type"] == "websocket.close":
            checked_close(message["code"], message.get("reason") or "")
            assert message["code"] != 1011
    assert [record.getMessage() for record in caplog.records] == []
