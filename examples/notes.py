"""A small service of notes: typed input, typed answers, one resource, one stream.

Serve it by any of these:

    uvicorn examples.notes:app
    gunicorn examples.notes:wsgi
    (AWS Lambda)    handler: examples.notes.handler
"""

from collections.abc import AsyncIterator, Iterator

from msgspec import Struct

from portico import Context, Created, NotFound, Portico, Problem, status
from portico_lambda import Lambda
from portico_wsgi import WSGI

app = Portico(name="notes")


class Draft(Struct):
    text: str
    tags: list[str] = []


class Note(Struct):
    id: int
    text: str
    tags: list[str]


class Shelf:
    """Where notes are kept: in this process, so a deployed service wants a database instead."""

    def __init__(self) -> None:
        self.notes: dict[int, Note] = {}

    def add(self, draft: Draft) -> Note:
        note = Note(len(self.notes) + 1, draft.text, draft.tags)
        self.notes[note.id] = note
        return note


@app.resource(io=False)  # memory alone, so it may outlive a request on Workers too
def shelf() -> Iterator[Shelf]:
    yield Shelf()


app.get("/", "Hello from Portico")


@app.get("/notes")
def list_notes(ctx: Context, tag: str | None = None) -> list[Note]:
    return [note for note in ctx[shelf].notes.values() if tag is None or tag in note.tags]


@app.post("/notes")
def create_note(ctx: Context, body: Draft) -> Created[Note]:
    return status(201, ctx[shelf].add(body))


@app.get("/notes/{id}")
def read_note(ctx: Context, id: int) -> Note | NotFound[Problem]:
    note = ctx[shelf].notes.get(id)
    return note or status(404, Problem(f"There is no note {id}."))


@app.get("/count")
async def count(to: int = 5) -> AsyncIterator[str]:
    for number in range(1, to + 1):
        yield f"{number}\n"


wsgi = WSGI(app)
handler = Lambda(app)
