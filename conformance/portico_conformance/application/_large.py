"""Large answers."""

from collections.abc import AsyncIterator

from portico_conformance.application._app import app

PATTERN = bytes(range(256)) * 256


@app.get("/async/large")
async def large_async(size: int) -> bytes:
    """That many bytes, at once."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


@app.get("/sync/large")
def large_sync(size: int) -> bytes:
    """That many bytes, at once."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


@app.get("/async/large-stream")
async def large_stream(size: int) -> AsyncIterator[bytes]:
    """That many bytes, streamed."""
    for start in range(0, size, len(PATTERN)):
        yield PATTERN[: size - start]
