"""What the checkers refuse about WebSockets. Each comment names what each of them says."""

from portico import Portico, WebSocket

app = Portico()
app.ws("/a", bdy=str)  # error: mypy[call-arg] pyright[reportCallIssue]
app.ws("/a", max_message_size="1")  # error: mypy[arg-type] pyright[reportArgumentType]
app.ws("/a").open("text")  # error: mypy[type-var] pyright[reportArgumentType]


@app.ws("/a")
async def leave(ws: WebSocket, message: str) -> None:
    await ws.close("1000")  # error: mypy[arg-type] pyright[reportArgumentType]
    await ws.subscribe(1)  # error: mypy[arg-type] pyright[reportArgumentType]
    ws.closed = None  # error: mypy[misc] pyright[reportAttributeAccessIssue]
