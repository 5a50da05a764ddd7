"""A socket's decorators return what they were given."""

from collections.abc import AsyncIterator
from typing import assert_type

from msgspec import Struct

from portico import Portico, Socket, WebSocket

app = Portico()


class Said(Struct):
    text: str


@app.ws("/echo", max_message_size=100, subprotocols=["v1"], optional=True)
async def echo(ws: WebSocket, message: Said) -> str:
    assert_type([each async for each in ws], list[str | bytes])
    assert_type([each async for each in ws.messages(Said)], list[Said])
    return message.text


chat = app.ws("/chat")
assert_type(chat, Socket)


@chat.open
async def opened(ws: WebSocket) -> AsyncIterator[int]:
    yield 1


@chat.close
def closed(code: int, reason: str) -> None: ...


@chat.error
def failed(error: Exception) -> str | None: ...


async def call_them(ws: WebSocket) -> None:
    assert_type(await echo(ws, Said("a")), str)
    assert_type(opened(ws), AsyncIterator[int])
    assert_type(failed(ValueError()), str | None)
