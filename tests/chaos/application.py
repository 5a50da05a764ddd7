"""The application that the servers of this suite run, and what it tells of its process."""

import os
import resource
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Final

from msgspec import Struct

from chaos.gate import apass_gate, pass_gate
from chaos.held import Held, now_held
from portico import Context, File, FormData, Portico
from portico_asgi import ASGI
from portico_wsgi import WSGI

FILE_LIMIT: Final = "CHAOS_FILE_LIMIT"
"""The variable of the environment with the bytes that a file of the process may have."""

if limit := os.environ.get(FILE_LIMIT):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))

application = Portico()


class Item(Struct):
    """What `/json` is sent, and sends back."""

    name: str
    tags: list[str]


application.get("/hello", "hello")


@application.post("/json")
async def echo(body: Item) -> Item:
    return body


@application.get("/thread")
def in_thread() -> str:
    with threading.Lock():  # which may block, as far as anybody can tell
        return "thread"


@application.get("/stream")
async def stream() -> AsyncIterator[str]:
    for word in "one", "two", "three":
        yield word


@application.get("/iterator")
def iterator() -> Iterator[str]:
    yield from ("one", "two", "three")


@application.post("/upload")
async def upload(body: FormData) -> str:
    file = body.get("file")
    return str(len(await file.bytes())) if isinstance(file, File) else "none"


@application.post("/body")
async def read(body: bytes) -> str:
    return str(len(body))


@application.get("/wait")
def wait() -> str:
    pass_gate()
    return "waited"


@application.get("/await")
async def await_() -> str:
    await apass_gate()
    return "waited"


@application.get("/half")
def half() -> Iterator[str]:
    yield "first,"
    pass_gate()
    yield "last"


@application.get("/ahalf")
async def ahalf() -> AsyncIterator[str]:
    yield "first,"
    await apass_gate()
    yield "last"


async def arrive(ctx: Context) -> None:
    await apass_gate()


@application.post("/gated", before_parse=arrive)
async def gated(body: FormData) -> str:
    return await upload(body)


@application.get("/held")
async def held() -> Held:
    return now_held()


asgi: Final = ASGI(application)
impatient: Final = ASGI(application, body_timeout=0.5)
wsgi: Final = WSGI(application)
