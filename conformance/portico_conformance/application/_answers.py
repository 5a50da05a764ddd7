"""A handler for each value that an answer can be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from portico import (
    Blob,
    Created,
    FormData,
    HTTPError,
    NotFound,
    Problem,
    Response,
    URLSearchParams,
    status,
)
from portico_conformance.application._app import app


class Point(Struct):
    """A Struct."""

    x: int
    y: int


@dataclass
class Pair:
    """A dataclass."""

    left: str
    right: str


class Word(StrEnum):
    """A text that is a member."""

    YES = "yes"


def not_found() -> object:
    """An error that is raised with a text."""
    raise HTTPError(404, "no such thing")


def too_many() -> object:
    """An error that is raised with a header field."""
    raise HTTPError(429, "slowly", headers={"retry-after": "7"})


def conflict() -> object:
    """An error that is raised with a value of its own."""
    raise HTTPError(409, {"conflicts": ["a"]})


ANSWERS: Final[dict[str, Callable[[], Any]]] = {
    "text": lambda: "Grüße",
    "empty-text": lambda: "",
    "bytes": lambda: b"\x00\xff",
    "bytearray": lambda: bytearray(b"\x01\x02"),
    "dict": lambda: {"a": 1, "b": None, "ä": "€"},
    "list": lambda: [1, "two", None],
    "struct": lambda: Point(1, 2),
    "dataclass": lambda: Pair("l", "r"),
    "true": lambda: True,
    "int": lambda: 42,
    "float": lambda: 0.5,
    "str-enum": lambda: Word.YES,
    "datetime": lambda: [datetime(2026, 11, 21, 9, 30, tzinfo=UTC), UUID(int=1)],
    "response": lambda: Response("own", status=203, headers={"content-type": "text/x-own"}),
    "json-response": lambda: Response.from_json({"own": True}, status=202),
    "blob": lambda: Blob(["blob"], type="text/x-blob"),
    "params": lambda: URLSearchParams([("a", "1 2"), ("b", "ü")]),
    "form": lambda: FormData([("a", "1")]),
    "reply": lambda: status(201, {"id": 1}, headers={"location": "/items/1"}),
    "reply-text": lambda: status(418, "short and stout"),
    "problem": lambda: status(404, Problem("no user 1", instance="/users/1", user=1)),
    "status-alone": lambda: status(403),
    "raised": not_found,
    "raised-with-field": too_many,
    "raised-with-value": conflict,
    "unsendable": lambda: object(),
    "surrogate": lambda: "\ud800",
    "unknown-status": lambda: status(799),
}


@app.get("/async/answer/{kind}")
async def answer_async(kind: str) -> Any:
    """The value, from asynchronous code."""
    return ANSWERS[kind]()


@app.get("/sync/answer/{kind}")
def answer_sync(kind: str) -> Any:
    """The value, from synchronous code."""
    return ANSWERS[kind]()


@app.get("/declared/{id}")
async def declared(id: int) -> Created[Point] | NotFound[Problem]:
    """An answer whose statuses are declared."""
    return status(201, Point(id, id)) if id else status(404, Problem("zero"))


def constant() -> Callable[[], Awaitable[str]]:
    """An asynchronous callable that is not a plain function."""

    class Constant:
        """Callable."""

        async def __call__(self) -> str:
            """The answer."""
            return "called"

    return Constant()


app.get("/callable", constant())
app.get("/value/dict", {"built": "once"})
