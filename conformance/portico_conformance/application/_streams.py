"""Streams: of every colour, held by signals, failing, counted when they are closed."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from portico import Context, Response
from portico_conformance.application._app import app
from portico_conformance.application._signals import (
    count,
    is_raised,
    raise_signal,
    until,
    until_blocking,
)

BLOCK: Final = b"x" * 64 * 1024


@app.get("/async/stream/text")
async def text_async() -> AsyncIterator[str]:
    """Three texts; the second is empty, the third is not ASCII."""
    for chunk in ("one,", "", "zwölf"):
        yield chunk


@app.get("/sync/stream/text")
def text_sync() -> Iterator[str]:
    """Three texts; the second is empty, the third is not ASCII."""
    yield from ("one,", "", "zwölf")


@app.get("/async/stream/bytes")
async def bytes_async() -> AsyncIterator[bytes]:
    """Every byte, eight at a time."""
    for start in range(0, 256, 8):
        yield bytes(range(start, start + 8))


@app.get("/sync/stream/bytes")
def bytes_sync() -> Iterator[bytes]:
    """Every byte, eight at a time."""
    for start in range(0, 256, 8):
        yield bytes(range(start, start + 8))


@app.get("/async/stream/json")
async def json_async() -> AsyncIterator[dict[str, int]]:
    """Values, which become lines."""
    for number in range(3):
        yield {"n": number}


@app.get("/sync/stream/json")
def json_sync() -> Iterator[dict[str, int]]:
    """Values, which become lines."""
    for number in range(3):
        yield {"n": number}


@app.get("/async/stream/nothing")
async def nothing_async() -> AsyncIterator[str]:
    """A stream that ends before it begins."""
    for chunk in "":
        yield chunk


@app.get("/sync/stream/nothing")
def nothing_sync() -> Iterator[str]:
    """A stream that ends before it begins."""
    yield from ()


@app.get("/async/stream/held/{name}")
async def held_async(ctx: Context, name: str) -> AsyncIterator[str]:
    """A first chunk, and a last one when the signal is raised."""
    yield "first,"
    await until(ctx, lambda: is_raised(name))
    yield "last"


@app.get("/sync/stream/held/{name}")
def held_sync(name: str) -> Iterator[str]:
    """A first chunk, and a last one when the signal is raised."""
    yield "first,"
    until_blocking(lambda: is_raised(name))
    yield "last"


@app.get("/async/stream/fails-first")
async def fails_first_async() -> AsyncIterator[str]:
    """An exception before the first chunk."""
    yield str(1 // int("0"))


@app.get("/sync/stream/fails-first")
def fails_first_sync() -> Iterator[str]:
    """An exception before the first chunk."""
    yield str(1 // int("0"))


@app.get("/async/stream/fails/{name}")
async def fails_async(name: str) -> AsyncIterator[str]:
    """An exception after the first chunk."""
    try:
        yield "partial"
        raise RuntimeError("midway")
    finally:
        count(name)


@app.get("/sync/stream/fails/{name}")
def fails_sync(name: str) -> Iterator[str]:
    """An exception after the first chunk."""
    try:
        yield "partial"
        raise RuntimeError("midway")
    finally:
        count(name)


@app.get("/async/stream/unsendable")
async def unsendable() -> AsyncIterator[object]:
    """A second chunk that is neither text nor bytes."""
    yield {"n": 1}
    yield object()


@app.get("/async/stream/closed/{name}")
async def closed_async(name: str) -> AsyncIterator[str]:
    """Two chunks; the closing is counted."""
    try:
        yield "one,"
        yield "two"
    finally:
        count(name)


@app.get("/sync/stream/closed/{name}")
def closed_sync(name: str) -> Iterator[str]:
    """Two chunks; the closing is counted."""
    try:
        yield "one,"
        yield "two"
    finally:
        count(name)


@app.get("/async/stream/long/{name}")
async def long_async(ctx: Context, name: str, blocks: int) -> AsyncIterator[bytes]:
    """Blocks, counted as they are made; the closing is counted under `name-closed`."""
    try:
        for _ in range(blocks):
            count(name)
            yield BLOCK
            await ctx.platform.sleep(0)
    finally:
        count(f"{name}-closed")


@app.get("/sync/stream/long/{name}")
def long_sync(name: str, blocks: int) -> Iterator[bytes]:
    """Blocks, counted as they are made; the closing is counted under `name-closed`."""
    try:
        for _ in range(blocks):
            count(name)
            yield BLOCK
            time.sleep(0)
    finally:
        count(f"{name}-closed")


@app.get("/async/stream/waits/{name}")
async def waits(ctx: Context, name: str) -> AsyncIterator[str]:
    """A first chunk, and then a wait in which only a disconnect can be noticed."""
    try:
        yield "first,"
        await until(ctx, lambda: is_raised(name))
        yield "last"
    finally:
        count(f"{name}-closed")


@app.get("/async/stream/sized/{length}")
async def sized_async(length: int) -> Response:
    """Ten bytes in two chunks, under a Content-Length that may be wrong."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"01234"
        yield b"56789"

    return Response(chunks(), headers={"content-length": str(length)})


@app.get("/sync/stream/sized/{length}")
def sized_sync(length: int) -> Response:
    """Ten bytes in two chunks, under a Content-Length that may be wrong."""

    def chunks() -> Iterator[bytes]:
        yield b"01234"
        yield b"56789"

    return Response(chunks(), headers={"content-length": str(length)})


@app.get("/stream/response")
async def stream_response() -> Response:
    """A stream given to `Response` with its own status and type."""

    async def chunks() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    return Response(chunks(), status=201, headers={"content-type": "text/x-own"})


@app.post("/async/upload/{name}")
async def upload_async(name: str, body: AsyncIterator[bytes]) -> str:
    """The body as text; a signal says when its first chunk has arrived."""
    parts: list[bytes] = []
    async for chunk in body:
        parts.append(chunk)
        raise_signal(name)
    return b"".join(parts).decode("latin-1")


@app.get("/async/signal/{name}")
async def signal(ctx: Context, name: str) -> str:
    """Wait, with the request's own signal, until the peer is gone or the case says so."""
    raise_signal(f"{name}-begun")
    aborted = ctx.platform.signal
    await until(ctx, lambda: aborted.aborted or is_raised(name))
    raise_signal(f"{name}-aborted" if aborted.aborted else f"{name}-released")
    return "gone" if aborted.aborted else "there"
