"""Forms and files in declared types."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from portico import Blob, File, upload
from portico_conformance.application._app import app


class Size(Enum):
    """An enumeration of texts."""

    SMALL = "s"
    LARGE = "l"


class Place(Struct):
    """An object inside another."""

    x: int
    y: int = 0


class Form(Struct, forbid_unknown_fields=True):
    """Everything that a form of a page has."""

    title: Annotated[str, Meta(min_length=1, max_length=20)]
    agreed: bool = False
    amount: Decimal | None = None
    size: Size = Size.SMALL
    numbers: Annotated[list[int], Meta(max_length=3)] = []
    place: Place | None = None
    places: list[Place] = []
    labels: dict[str, int] = {}
    day: date | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    wait: timedelta | None = None
    id: UUID | None = None
    either: int | bool | None = None


@app.post("/async/inputs/form")
async def form_async(body: Form) -> Form:
    """A form as a Struct."""
    return body


@app.post("/sync/inputs/form")
def form_sync(body: Form) -> Form:
    """A form as a Struct."""
    return body


class Profile(Struct):
    """A form with files."""

    name: str
    avatar: Annotated[File, upload(max_size=64, min_size=1, types=["image/png", "image/gif"])]
    papers: Annotated[list[Annotated[File, upload(max_size=16)]], Meta(max_length=2)] = []
    extra: File | None = None
    age: int = 0


@app.post("/async/inputs/files")
async def files_async(body: Profile) -> dict[str, object]:
    """Files of a form."""
    return {
        "avatar": [body.avatar.name, body.avatar.type, (await body.avatar.bytes()).hex()],
        "papers": [[file.name, await file.text()] for file in body.papers],
        "extra": None if body.extra is None else body.extra.name,
        "age": body.age,
    }


@app.post("/sync/inputs/files")
def files_sync(body: Profile) -> dict[str, object]:
    """Files of a form."""
    return {
        "avatar": [body.avatar.name, body.avatar.type, body.avatar.sync.bytes().hex()],
        "papers": [[file.name, file.sync.text()] for file in body.papers],
        "extra": None if body.extra is None else body.extra.name,
        "age": body.age,
    }


@app.post("/inputs/blob")
async def blob(body: Annotated[Blob, upload(max_size=64, types=["image/*"])]) -> list[object]:
    """A body that is a file as a whole."""
    return [body.type, body.size]
