"""The application of the tests that break Redis: rooms whose members hear of each other."""

from portico import BrokerError, Context, Portico, WebSocket
from portico_asgi import ASGI
from portico_plugins import redis_broker

app = Portico()
app.broker(app.resource(redis_broker(timeout=1, heartbeat=0.2)))
room = app.ws("/{name}")


@room.open
async def join(ws: WebSocket, name: str) -> str:
    await ws.subscribe(name)
    return "joined"


@room.message
async def say(ws: WebSocket, message: str, name: str) -> str:
    if message != "are you there?":
        await ws.ctx.publish(name, message)
    return "yes"


@room.error
def explain(error: Exception) -> str | None:
    return "away" if isinstance(error, BrokerError) else None


@app.post("/{name}")
async def announce(ctx: Context, name: str, body: str) -> str:
    await ctx.publish(name, body)
    return "sent"


asgi = ASGI(app)
