"""Header fields and cookies of answers."""

from typing import Literal

from portico import Context, Headers, Response, status
from portico_conformance.application._app import app

Way = Literal["response", "set", "reply"]


@app.get("/async/fields/{way}")
async def fields_async(ctx: Context, way: Way, name: str, value: str) -> object:
    """One field, given in one of the three ways."""
    return with_field(ctx, way, name, value)


@app.get("/sync/fields/{way}")
def fields_sync(ctx: Context, way: Way, name: str, value: str) -> object:
    """One field, given in one of the three ways."""
    return with_field(ctx, way, name, value)


def with_field(ctx: Context, way: Way, name: str, value: str) -> object:
    """An answer that has the field."""
    if way == "response":
        return Response("sent", headers=[(name, value)])
    if way == "reply":
        return status(200, "sent", headers=[(name, value)])
    ctx.set.headers.append(name, value)
    return "sent"


@app.get("/repeated")
async def repeated() -> Response:
    """A field three times, with another between."""
    return Response(
        "sent", headers=[("X-Multi", "1"), ("X-Other", "o"), ("x-multi", "2"), ("X-MULTI", "3")]
    )


@app.get("/long-field")
async def long_field(size: int) -> Response:
    """A value of that many bytes."""
    return Response("sent", headers={"x-long": "x" * size})


@app.get("/latin-1")
async def latin_1() -> Response:
    """A value that is not ASCII."""
    return Response("sent", headers={"x-word": "caf\xe9"})


@app.get("/connection-fields")
async def connection_fields() -> Response:
    """Fields that are the server's to write, and a length that is wrong."""
    return Response(
        "connected",
        headers=[
            ("Transfer-Encoding", "chunked"),
            ("Connection", "x-secret"),
            ("Keep-Alive", "timeout=1"),
            ("Upgrade", "h2c"),
            ("Content-Length", "3"),
            ("x-kept", "yes"),
        ],
    )


@app.get("/wins")
async def response_wins(ctx: Context) -> Response:
    """A field that both `ctx.set` and the response have."""
    ctx.set.headers.set("x-field", "from set")
    ctx.set.headers.set("x-only", "from set")
    return Response("sent", headers={"x-field": "from response"})


@app.get("/set-on-error")
async def set_on_error(ctx: Context) -> object:
    """Fields and cookies that were set before the handler failed."""
    ctx.set.headers.set("x-trace", "t1")
    ctx.cookies["seen"].value = "yes"
    raise RuntimeError("after the fields were set")


@app.get("/cookies/seen")
async def cookies_seen(ctx: Context) -> dict[str, str]:
    """The cookies that came."""
    return dict(ctx.request.cookies)


@app.get("/cookies/set")
async def cookies_set(ctx: Context, value: str = "plain") -> str:
    """One cookie with its defaults."""
    ctx.cookies["one"].value = value
    return "set"


@app.get("/cookies/set-three")
async def cookies_set_three(ctx: Context) -> str:
    """Three cookies; one has every attribute, one has a date with a comma."""
    ctx.cookies["a"].value = "1"
    ctx.cookies["b"].set(
        "2",
        path="/cookies",
        domain="example.test",
        max_age=60,
        secure=True,
        http_only=False,
        same_site="strict",
    )
    ctx.cookies["c"].remove()
    return "set"


@app.get("/cookies/by-field")
async def cookies_by_field() -> Response:
    """Two `Set-Cookie` fields of a response."""
    headers = Headers([("set-cookie", "x=1; Path=/"), ("set-cookie", "y=2; Path=/")])
    return Response("set", headers=headers)


@app.get("/cookies/same")
async def cookies_same(ctx: Context) -> str:
    """A cookie that is given the value that it came with."""
    ctx.cookies["one"].value = ctx.cookies.get("one", "") or ""
    return "same"


@app.get("/cookies/name")
async def cookies_name(ctx: Context, name: str) -> str:
    """A cookie by a name that the peer chooses."""
    ctx.cookies[name].value = "1"
    return "set"
