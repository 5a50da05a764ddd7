"""What came in, told back; and an answer of any shape, made to order.

The differential tests send one generated request to every row, and compare what each tells.
"""

from base64 import b64decode, b64encode
from typing import Any

from msgspec import Struct

from portico import Context, Response
from portico_conformance.application._app import app


class Order(Struct):
    """An answer to be made: its body is base64."""

    status: int
    headers: list[tuple[str, str]]
    body: str


@app.all("/reflected/{rest:path}")
async def reflected(ctx: Context, rest: str) -> dict[str, Any]:
    """Everything that a request is, as the application sees it."""
    request = ctx.request
    return {
        "method": request.method,
        "path": ctx.path,
        "rest": rest,
        "query": list(ctx.query),
        "headers": request.headers.items(),
        "cookies": request.cookies,
        "host": request.host,
        "body": b64encode(await request.bytes()).decode(),
    }


@app.post("/ordered")
def ordered(body: Order) -> Response:
    """The answer that was ordered."""
    content = b64decode(body.body) or None
    return Response(content, status=body.status, headers=body.headers)
