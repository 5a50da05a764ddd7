"""What `portico demo` serves: one application, which knows no runtime.

This module is all of it. uvicorn takes it as it is; its neighbours `wsgi`, `function` and `worker`,
a line each, put this very object behind gunicorn, AWS Lambda and Cloudflare Workers.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from msgspec import Meta, Struct

from portico import Context, Created, NotFound, Portico, Problem, status

app = Portico(name="demo")

Text = Annotated[str, Meta(min_length=1, max_length=80)]


class Draft(Struct):
    """What a client sends."""

    text: Text
    stars: Annotated[int, Meta(ge=1, le=5)] = 3


class Note(Struct):
    """What a client gets."""

    id: int
    text: str
    stars: int


NOTES = [Note(1, "Buy milk", 2), Note(2, "Write a typed service", 5), Note(3, "Ring Zoë", 4)]

app.get("/", "Hello from Portico")


@app.get("/notes")
def list_notes(min_stars: int = 1) -> list[Note]:
    """A query parameter, and a list of JSON objects."""
    return [note for note in NOTES if note.stars >= min_stars]


@app.get("/notes/{id}")
def read_note(id: int, shout: bool = False) -> Note | NotFound[Problem]:
    """A parameter of the path and one of the query; a problem where there is no such note."""
    for note in NOTES:
        if note.id == id:
            return Note(id, note.text.upper() if shout else note.text, note.stars)
    return status(404, Problem(f"There is no note {id}."))


@app.post("/notes")
def create_note(body: Draft) -> Created[Note]:
    """A body that is checked before this runs: 422 names every fault in it."""
    return status(201, Note(len(NOTES) + 1, body.text, body.stars))


@app.get("/visits")
def count_visits(ctx: Context) -> str:
    """A cookie, read and set."""
    visits = int(ctx.cookies["visits"].value or 0) + 1
    ctx.cookies["visits"].value = str(visits)
    return f"Visit {visits}"


@app.get("/count")
async def count(to: int = 5) -> AsyncIterator[str]:
    """A stream, sent as it is made."""
    for number in range(1, to + 1):
        yield f"{number}\n"
