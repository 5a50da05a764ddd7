"""What the application saw of a request, and a few plain answers."""

from portico import Context, Response
from portico_conformance.application._app import app


def seen(ctx: Context) -> dict[str, object]:
    """Everything of a request but its body, in forms that JSON has."""
    request = ctx.request
    return {
        "method": request.method,
        "route": ctx.route,
        "params": dict(ctx.params),
        "path": ctx.path,
        "raw_path": request.raw_path,
        "raw_query": request.raw_query,
        "query": [list(pair) for pair in ctx.query],
        "headers": [list(pair) for pair in ctx.headers],
        "cookies": dict(request.cookies),
        "host": request.host,
        "scheme": request.scheme,
        "url": str(request.url),
        "root_path": ctx.platform.root_path,
    }


@app.all("/async/seen")
@app.all("/async/seen/{rest:path}")
async def seen_async(ctx: Context) -> dict[str, object]:
    """Any method, seen on the event loop."""
    return seen(ctx)


@app.all("/sync/seen")
@app.all("/sync/seen/{rest:path}")
def seen_sync(ctx: Context) -> dict[str, object]:
    """Any method, seen by synchronous code."""
    return seen(ctx)


# A path that a naive join of scheme, host and path takes for an authority.
app.get("//evil.example/{rest:path}", seen_async)

app.get("/text", "Hello, World!")
app.get("/html", Response("<p>Grüße</p>", headers={"content-type": "text/html; charset=utf-8"}))


@app.route("PURGE", "/cache")
async def purge() -> str:
    """A method that only this application knows."""
    return "purged"


@app.head("/own-head")
async def own_head(ctx: Context) -> None:
    """HEAD that is not what GET would say."""
    ctx.set.headers.set("x-head", "own")


@app.get("/own-head")
async def get_of_own_head() -> str:
    """GET beside it."""
    return "from get"


@app.options("/own-options")
async def own_options(ctx: Context) -> str:
    """OPTIONS that is not only `Allow`."""
    return "own"


app.get("/item", "one")


@app.delete("/item")
async def delete_item() -> str:
    """The second method of a path that has three."""
    return "deleted"


@app.put("/item")
@app.patch("/item")
async def change_item(body: str) -> str:
    """The third and the fourth."""
    return f"changed to {body}"
