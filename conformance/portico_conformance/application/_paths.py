"""Patterns that overlap, so that a case can tell which of them a path belongs to."""

from portico import Context
from portico_conformance.application._app import app


@app.get("/tree/fixed/one")
@app.get("/tree/{name}/two")
@app.get("/tree/{name}/{second}/three")
@app.get("/tree/{rest:path}")
@app.get("/archive/{year?}")
@app.get("/slashed/")
@app.get("/café/{name}")
@app.get("/one/{value}")
async def matched(ctx: Context) -> dict[str, object]:
    """The pattern that matched, and the values of its parameters."""
    return {"route": ctx.route, "params": dict(ctx.params), "path": ctx.path}


@app.post("/tree/fixed/one/two")
async def other_method() -> str:
    """A more specific pattern, for another method."""
    return "posted"


@app.get("/twice")
async def first_of_two() -> str:
    """Replaced by the registration that follows."""
    return "first"


@app.get("/twice")
async def second_of_two() -> str:
    """The last registration of a method and a pattern wins."""
    return "second"
