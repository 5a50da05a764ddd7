"""A file that is there wherever the application is: this one."""

from portico import Context, file
from portico_conformance.application._app import app


@app.get("/async/file")
async def file_async() -> object:
    """The file, from asynchronous code."""
    return file(__file__, content_type="text/plain;charset=utf-8")


@app.get("/sync/file")
def file_sync() -> object:
    """The file, from synchronous code."""
    return file(__file__, content_type="text/plain;charset=utf-8")


@app.get("/file/download")
async def download(ctx: Context) -> object:
    """The file under another name, with a field of its own."""
    ctx.set.headers.set("cache-control", "no-store")
    return file(__file__, download="Größe.txt")


@app.get("/file/missing")
async def missing() -> object:
    """A file that is not there."""
    return file(f"{__file__}.missing")
