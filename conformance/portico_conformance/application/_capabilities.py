"""What the runtime can do, tried; and what becomes of an application that needs it."""

from typing import Literal

from portico import CapabilityError, Context, Portico
from portico.contract import Capability
from portico_conformance.application._app import app


@app.get("/capabilities/{name}/needed")
def needed(ctx: Context, name: str) -> str:
    """What an adapter of this runtime says to a route that needs the capability."""
    small = Portico()
    small.get("/needy", "text", needs=[Capability(name)])
    try:
        small.check(ctx.platform.capabilities, ctx.platform.runtime.name)
    except CapabilityError as error:
        return str(error)
    return "served"


@app.get("/capabilities/threads")
async def threads(ctx: Context) -> list[str]:
    """Where blocking code runs, and whether it is possible to start a thread."""
    from threading import Thread, get_ident

    here = get_ident()
    there = await ctx.platform.run_blocking(get_ident)
    ran: list[str] = []
    try:
        thread = Thread(target=lambda: ran.append("started"))
        thread.start()
        thread.join()
    except RuntimeError:
        ran.append("refused")
    return ["here" if here == there else "elsewhere", *ran]


@app.get("/capabilities/filesystem")
def filesystem() -> str:
    """A file that was written and read."""
    from tempfile import TemporaryFile

    with TemporaryFile("w+") as opened:
        opened.write("written")
        opened.seek(0)
        return opened.read()


@app.get("/capabilities/sockets")
def sockets() -> Literal["connected", "refused"]:
    """Whether a connection can be opened: to this process itself."""
    import socket

    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=10).close()
    except (OSError, NotImplementedError, AttributeError):
        return "refused"
    return "connected"
