"""Bodies of requests, read in every way."""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Any, Literal

from portico import (
    BodyUsedError,
    Context,
    File,
    FormData,
    HTTPError,
    Request,
    SyncPart,
)
from portico_conformance.application._app import app
from portico_conformance.application._signals import raise_signal

Reading = Literal["bytes", "text", "json", "blob", "form", "stream"]


@app.post("/async/bytes")
async def bytes_async(ctx: Context) -> bytes:
    """The body back, through `request.bytes()`."""
    return await ctx.request.bytes()


@app.post("/sync/bytes")
def bytes_sync(body: bytes) -> bytes:
    """The body back, through the parameter."""
    return body


@app.post("/async/text")
async def text_async(ctx: Context) -> str:
    """The body back, through `request.text()`."""
    return await ctx.request.text()


@app.post("/sync/text")
def text_sync(ctx: Context) -> str:
    """The body back, through `request.sync.text()`."""
    return ctx.request.sync.text()


@app.post("/declared-text")
def declared_text(body: str) -> str:
    """The body back, declared as text and so held to be UTF-8."""
    return body


@app.post("/async/digest")
async def digest_async(body: AsyncIterator[bytes]) -> dict[str, object]:
    """Length and SHA-256 of a body that is streamed."""
    size, digest = 0, sha256()
    async for chunk in body:
        size += len(chunk)
        digest.update(chunk)
    return {"size": size, "sha256": digest.hexdigest()}


@app.post("/sync/digest")
def digest_sync(ctx: Context) -> dict[str, object]:
    """Length and SHA-256 of a body that synchronous code reads whole."""
    data = ctx.request.sync.bytes()
    return {"size": len(data), "sha256": sha256(data).hexdigest()}


@app.post("/async/echo-stream")
async def echo_stream_async(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Each chunk back as it comes."""
    async for chunk in body:
        yield chunk


@app.post("/async/unread")
async def unread_async() -> str:
    """A body that nobody reads."""
    return "unread"


@app.post("/sync/unread")
def unread_sync() -> str:
    """A body that nobody reads."""
    return "unread"


@app.post("/partly-read")
async def partly_read(body: AsyncIterator[bytes]) -> str:
    """The first byte of a body whose rest nobody reads."""
    first = await anext(body, b"")
    return first[:1].decode("latin-1")


@app.post("/async/json")
async def json_async(ctx: Context) -> dict[str, Any]:
    """The JSON of the body, as a member."""
    return {"json": await ctx.request.json()}


@app.post("/sync/json")
def json_sync(ctx: Context) -> dict[str, Any]:
    """The JSON of the body, as a member."""
    return {"json": ctx.request.sync.json()}


@app.post("/any")
def by_content_type(ctx: Context) -> dict[str, str]:
    """The type of `ctx.body`, which follows the content type."""
    return {"type": type(ctx.body).__name__}


async def read(request: Request, how: Reading) -> object:
    """One reading of a body, in a form that JSON has."""
    match how:
        case "bytes":
            return (await request.bytes()).decode("latin-1")
        case "text":
            return await request.text()
        case "json":
            return await request.json()
        case "blob":
            return (await request.blob()).size
        case "form":
            return [list(pair) for pair in await request.form_data() if isinstance(pair[1], str)]
        case "stream":
            return b"".join([chunk async for chunk in request.stream()]).decode("latin-1")


def read_sync(request: Request, how: Reading) -> object:
    """One reading of a body by synchronous code, in a form that JSON has."""
    body = request.sync
    match how:
        case "bytes":
            return body.bytes().decode("latin-1")
        case "text":
            return body.text()
        case "json":
            return body.json()
        case "blob":
            return body.blob().size
        case "form":
            return [list(pair) for pair in body.form_data() if isinstance(pair[1], str)]
        case "stream":
            return b"".join(body.stream()).decode("latin-1")


@app.post("/async/readings/{first}/{second}")
async def readings_async(ctx: Context, first: Reading, second: Reading) -> list[object]:
    """Two readings of one body; `"used"` where the body was gone."""
    results: list[object] = []
    for reading in (first, second):
        try:
            results.append(await read(ctx.request, reading))
        except BodyUsedError:
            results.append("used")
    return results


@app.post("/sync/readings/{first}/{second}")
def readings_sync(ctx: Context, first: Reading, second: Reading) -> list[object]:
    """Two readings of one body; `"used"` where the body was gone."""
    results: list[object] = []
    for reading in (first, second):
        try:
            results.append(read_sync(ctx.request, reading))
        except BodyUsedError:
            results.append("used")
    return results


@app.post("/clone/before")
async def clone_before(ctx: Context) -> list[str]:
    """The body of a request and of its clone, made before either was read."""
    other = ctx.request.clone()
    return [await ctx.request.text(), await other.text()]


@app.post("/clone/after")
async def clone_after(ctx: Context) -> list[str]:
    """The same, with the clone made after the body was read."""
    text = await ctx.request.text()
    return [text, await ctx.request.clone().text()]


@app.post("/clone/consumed")
async def clone_consumed(ctx: Context) -> str:
    """A clone of a request whose body was streamed away."""
    async for _ in ctx.request.stream():
        pass
    try:
        ctx.request.clone()
    except BodyUsedError:
        return "used"
    return "cloned"


@app.post("/outcome/{name}")
async def outcome(ctx: Context, name: str) -> str:
    """Say by signals how the reading of a body begins and ends."""
    size = 0
    try:
        async for chunk in ctx.request.stream():
            raise_signal(f"{name}-begun")
            size += len(chunk)
    except HTTPError:
        raise_signal(f"{name}-failed")
        raise
    finally:
        raise_signal(f"{name}-ended")
    raise_signal(f"{name}-complete")
    return str(size)


def shown(form: FormData, contents: dict[int, bytes]) -> list[dict[str, object]]:
    """The entries of a form, in a form that JSON has."""
    entries: list[dict[str, object]] = []
    for index, (name, value) in enumerate(form):
        if isinstance(value, File):
            content = contents[index].decode("latin-1")
            entries.append(
                {"name": name, "filename": value.name, "type": value.type, "content": content}
            )
        else:
            entries.append({"name": name, "value": value})
    return entries


@app.post("/async/form")
async def form_async(ctx: Context) -> list[dict[str, object]]:
    """The entries of a form, read on the event loop."""
    form = await ctx.request.form_data()
    contents = {
        index: await value.bytes()
        for index, (_, value) in enumerate(form)
        if isinstance(value, File)
    }
    return shown(form, contents)


@app.post("/sync/form")
def form_sync(body: FormData) -> list[dict[str, object]]:
    """The entries of a form, bound as the body of synchronous code."""
    contents = {
        index: value.sync.bytes()
        for index, (_, value) in enumerate(body)
        if isinstance(value, File)
    }
    return shown(body, contents)


@app.post("/sync/echo-stream")
def echo_stream_sync(body: Iterator[bytes]) -> Iterator[bytes]:
    """Each chunk back as it comes, on a thread that may block."""
    yield from body


@app.post("/sync/count-parts")
def count_parts(body: Iterator[SyncPart]) -> list[str | None]:
    """The names of a form's parts, as they come to synchronous code."""
    return [part.name for part in body]


@app.post("/sync/count-stream")
def count_stream(body: Iterator[bytes]) -> int:
    """The bytes of a body that synchronous code reads as it comes."""
    return sum(len(chunk) for chunk in body)
