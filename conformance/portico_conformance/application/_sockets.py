"""WebSockets: messages of every kind, what comes before one is accepted, and how one ends."""

from collections.abc import AsyncIterator, Iterator

from msgspec import Struct

from portico import Context, Portico, WebSocket, status, use
from portico_conformance.application._app import app


class Said(Struct):
    text: str
    times: int = 1


class Told(Struct):
    text: str


class Secretive(Told):
    secret: str


sockets = app.group("/ws")


@sockets.ws("/echo", optional=True)
async def echo(message: str | bytes) -> str | bytes:
    return message


@sockets.get("/both")
def plainly() -> str:
    return "over HTTP"


@sockets.ws("/both", optional=True)
async def by_socket(message: str) -> str:
    return f"over a WebSocket: {message}"


@sockets.ws("/typed", optional=True)
async def typed(message: Said) -> AsyncIterator[Told]:
    for _ in range(message.times):
        yield Secretive(message.text, "secret")


@sockets.ws("/text", optional=True)
async def text_alone(message: str) -> str:
    return message


@sockets.ws("/binary", optional=True)
async def binary_alone(message: bytes) -> bytes:
    return message


@sockets.ws("/sync", optional=True)
def counted(message: int) -> Iterator[int]:
    yield from range(message)


@sockets.ws("/small", optional=True, max_message_size=8)
async def small(message: str) -> str:
    return message


@sockets.ws("/loop", optional=True)
async def loop(ws: WebSocket) -> None:
    async for message in ws:
        if message == "enough":
            return
        await ws.send({"got": message})


greeting = sockets.ws("/greet/{name}", optional=True, subprotocols=["v2", "v1"])


@greeting.open
async def greet(ws: WebSocket, name: str, times: int = 1, loud: bool = False) -> AsyncIterator[str]:
    for _ in range(times):
        yield f"{name.upper() if loud else name} {ws.subprotocol}"


@sockets.resolve(lazy=True)
def visitor(ctx: Context) -> str:
    return ctx.headers.get("x-visitor") or "nobody"


def must_be_known(ctx: Context) -> object:
    return None if ctx.headers.has("x-visitor") else status(401, "who is there?")


@sockets.ws("/guarded", optional=True, before_handle=must_be_known)
async def guarded(message: str, name: str = use(visitor)) -> str:
    return f"{name}: {message}"


def dress(ctx: Context) -> None:
    ctx.set.headers.set("x-dressed", "yes")
    ctx.set.headers.set("sec-websocket-accept", "not mine to say")
    ctx.cookies["seen"].value = "1"


@sockets.ws("/dressed", optional=True, before_handle=dress)
async def dressed(message: str) -> str:
    return message


@sockets.ws("/failing", optional=True)
async def failing(message: str) -> str:
    raise RuntimeError(message)


patient = sockets.ws("/patient", optional=True)


@patient.message
async def hear(ws: WebSocket, message: Said) -> Told:
    if message.text == "leave":
        await ws.close(4001, "as you wish")
    if message.text == "boom":
        raise RuntimeError("boom")
    return Told(message.text)


@patient.error
async def excuse(error: Exception) -> Told | None:
    return None if isinstance(error, RuntimeError) else Told(type(error).__name__)


topics = sockets.ws("/topics/{topic}", optional=True)


@topics.open
async def join(ws: WebSocket, topic: str) -> str:
    await ws.subscribe(topic)
    return "joined" if ws.is_subscribed(topic) else "not joined"


@topics.message
async def spread(ws: WebSocket, message: str, topic: str) -> None:
    if message == "leave":
        await ws.unsubscribe(topic)
        await ws.send("left")
    else:
        await ws.publish(topic, {"said": message})


@sockets.post("/topics/{topic}")
async def announce(ctx: Context, topic: str, body: str) -> str:
    await ctx.publish(topic, body)
    return "published"


ends: list[str] = []
"""How the connections of `/ws/ended` have ended, as its generator and its handler saw it."""


@app.derive(lazy=True)
async def ending(ctx: Context) -> AsyncIterator[str]:
    name = ctx.query.get("name") or ""
    try:
        yield name
    except Exception as error:
        ends.append(f"{name} {type(error).__name__}")
        raise
    else:
        ends.append(f"{name} as it should")


ended = sockets.ws("/ended", optional=True)


@ended.message
async def say(message: str, name: str = use(ending)) -> str:
    if message == "boom":
        raise RuntimeError(message)
    return f"{name} is here"


@ended.close
def note(code: int, reason: str, name: str = use(ending)) -> None:
    ends.append(f"{name} {code} {reason}")


@sockets.get("/ends/{name}")
def ends_of(name: str) -> list[str]:
    return [end for end in ends if end.startswith(f"{name} ")]


inner = Portico(name="inner-sockets")


@inner.ws("/echo/{word}", optional=True)
async def inner_echo(ctx: Context, message: str, word: str) -> str:
    return f"{ctx.platform.root_path} {word} {message}"


app.mount("/ws/mounted", inner)
