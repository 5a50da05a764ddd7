"""What `test_memory` serves: uploads that are counted and not kept, and streams without an end.

The streams tell of themselves in the log, the one channel that every server has open while it sends
an answer, also one that sends a single answer at a time.
"""

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Final

from portico import Context, File, FormData, Portico

app: Final = Portico(name="streaming")

CHUNK: Final = 64 * 1024  # bytes


@app.post("/async/upload")
async def upload_async(body: AsyncIterator[bytes]) -> str:
    size = 0
    async for chunk in body:
        size += len(chunk)
    return str(size)


@app.post("/sync/upload")
def upload_sync(body: Iterator[bytes]) -> str:
    return str(sum(map(len, body)))


@app.post("/async/parts")
async def parts_async(ctx: Context) -> str:
    size = 0
    async for part in ctx.request.parts():
        async for chunk in part:
            size += len(chunk)
    return str(size)


@app.post("/sync/parts")
def parts_sync(ctx: Context) -> str:
    return str(sum(len(chunk) for part in ctx.request.sync.parts() for chunk in part))


@app.post("/async/form")
async def form_async(ctx: Context) -> str:
    return _size(await ctx.request.form_data())


@app.post("/sync/form")
def form_sync(body: FormData) -> str:
    return _size(body)


def _size(form: FormData) -> str:
    return str(sum(value.size for _, value in form if isinstance(value, File)))


@app.get("/async/endless/{name}")
async def endless_async(ctx: Context, name: str) -> AsyncIterator[bytes]:
    try:
        while True:
            _tell("pulled", name)
            yield _chunk()
            await ctx.platform.sleep(0)
    finally:
        _tell("closed", name)


@app.get("/sync/endless/{name}")
def endless_sync(name: str) -> Iterator[bytes]:
    try:
        while True:
            _tell("pulled", name)
            yield _chunk()
    finally:
        _tell("closed", name)


def _chunk() -> bytes:
    # A new one each time, with its pages written to: else the system counts none of them.
    return b"x" * CHUNK


def _tell(what: str, name: str) -> None:
    # In one call, so that the lines of two threads do not mix.
    sys.stdout.write(f"{what} {name}\n")
    sys.stdout.flush()
