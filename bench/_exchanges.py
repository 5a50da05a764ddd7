"""What every application of the benchmark answers, and the check that it does.

An exchange is a request and what its answer must be. Those that are `timed` are measured; the
others hold the applications to the validation that the timed ones pay for, so that none is fast
because it leaves something out.

The routes:

- hello: `GET /`; 200, the static text `Hello, World!`
- json: `GET /json`; 200, `{"message": "Hello, World!"}`
- params: `GET /users/{user}/posts/{post}?limit=&offset=`; 200, the four integers as JSON; 4xx for a
  text in the place of one
- create: `POST /items` with an item; 201, the item with its id
- invalid: the same with three faults; 422
- hooks: `GET /me` behind three hooks; 200, the user
- stream: `GET /stream`; 200, 100 chunks of 1 KiB; behind Lambda a text, as all answers there
- missing: `GET /missing`; 404
- list: `GET /list`; 200, 150 items of the framework's own model type as JSON: 10 KiB
- upload: `POST /upload`, multipart, a text and a file of 16 KiB; 200, the text and the file's size
- cookies: `GET /cookies` with `visits=3`; 200, the text `3`; sets `visits=4`

The three hooks: the first sets `x-served-by: bench` on the answer, the second derives the user from
`Authorization: Bearer NAME` (401 where there is none), the third refuses the user `mallory` (403).
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

ITEMS: Final = 150
CHUNKS: Final = 100
CHUNK: Final = 1024
FILE_SIZE: Final = 16 * 1024
BOUNDARY: Final = "frontier-7d1f0c"

Fields = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """An answer as it left an interface; the names of its fields are in lower case."""

    status: int
    headers: Fields
    body: bytes

    def values(self, name: str) -> list[str]:
        """Every value of a header field."""
        return [value for key, value in self.headers if key == name]


class Expected(NamedTuple):
    """What an answer must be; None says nothing about a part."""

    statuses: tuple[int, ...] = (200,)
    media_type: str | None = None
    json: object = None
    body: bytes | None = None
    headers: Fields = ()
    cookie: str | None = None
    """`name=value`, as a `Set-Cookie` field begins."""


class Exchange(NamedTuple):
    """A request and what its answer must be."""

    name: str
    method: str
    path: str
    expected: Expected
    query: str = ""
    headers: Fields = ()
    body: bytes = b""
    timed: bool = True


def item(number: int) -> dict[str, object]:
    """One item of the list, as JSON has it."""
    return {
        "id": number,
        "name": f"Item number {number}",
        "price": number + 0.5,
        "tags": ["new", "sale"],
    }


def form() -> bytes:
    """The multipart body of the upload: a text `title` and a file `file`."""
    disposition = "Content-Disposition: form-data; name="
    return (
        (
            f'--{BOUNDARY}\r\n{disposition}"title"\r\n\r\nreport\r\n'
            f'--{BOUNDARY}\r\n{disposition}"file"; filename="report.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        + b"x" * FILE_SIZE
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


_JSON: Final = "application/json"
_SENT_JSON: Final = (("content-type", _JSON),)
_DRAFT: Final = {"name": "pen", "price": 1.5, "quantity": 3, "tags": ["blue", "fine"]}
_WRONG: Final = {"name": 5, "price": "cheap", "quantity": 1.5}
_TEXT: Final = "text/plain"


def _posted(name: str, body: object, expected: Expected) -> Exchange:
    content = json.dumps(body).encode()
    return Exchange(name, "POST", "/items", expected, headers=_SENT_JSON, body=content)


def _me(name: str, expected: Expected, *fields: tuple[str, str], timed: bool = False) -> Exchange:
    return Exchange(name, "GET", "/me", expected, headers=fields, timed=timed)


EXCHANGES: Final[tuple[Exchange, ...]] = (
    Exchange("hello", "GET", "/", Expected(media_type=_TEXT, body=b"Hello, World!")),
    Exchange("json", "GET", "/json", Expected(media_type=_JSON, json={"message": "Hello, World!"})),
    Exchange(
        "params",
        "GET",
        "/users/7/posts/42",
        Expected(media_type=_JSON, json={"user": 7, "post": 42, "limit": 10, "offset": 20}),
        query="limit=10&offset=20",
    ),
    Exchange(
        "params with a wrong query",
        "GET",
        "/users/7/posts/42",
        Expected((400, 422)),
        query="limit=ten&offset=20",
        timed=False,
    ),
    Exchange(
        "params with a wrong path",
        "GET",
        "/users/seven/posts/42",
        Expected((400, 404, 422)),
        query="limit=10&offset=20",
        timed=False,
    ),
    _posted("create", _DRAFT, Expected((201,), _JSON, {"id": 1, **_DRAFT})),
    _posted("invalid", _WRONG, Expected((422,))),
    _me(
        "hooks",
        Expected(media_type=_JSON, json={"name": "alice"}, headers=(("x-served-by", "bench"),)),
        ("authorization", "Bearer alice"),
        timed=True,
    ),
    _me("hooks without a token", Expected((401,))),
    _me("hooks for one who is blocked", Expected((403,)), ("authorization", "Bearer mallory")),
    Exchange("stream", "GET", "/stream", Expected(body=b"x" * CHUNK * CHUNKS)),
    Exchange("missing", "GET", "/missing", Expected((404,))),
    Exchange("list", "GET", "/list", Expected(media_type=_JSON, json=[*map(item, range(ITEMS))])),
    Exchange(
        "upload",
        "POST",
        "/upload",
        Expected(media_type=_JSON, json={"title": "report", "size": FILE_SIZE}),
        headers=(("content-type", f"multipart/form-data; boundary={BOUNDARY}"),),
        body=form(),
    ),
    Exchange(
        "cookies",
        "GET",
        "/cookies",
        Expected(media_type=_TEXT, body=b"3", cookie="visits=4"),
        headers=(("cookie", "theme=dark; visits=3"),),
    ),
)

TIMED: Final = tuple(exchange.name for exchange in EXCHANGES if exchange.timed)


def by_name(name: str) -> Exchange:
    """The exchange of this name.

    Raises:
        KeyError: there is none.
    """
    return {exchange.name: exchange for exchange in EXCHANGES}[name]


def faults(expected: Expected, answer: Answer) -> list[str]:
    """What is wrong with an answer, a sentence each; empty where it is right."""
    return [*_head_faults(expected, answer), *_body_faults(expected, answer)]


def _head_faults(expected: Expected, answer: Answer) -> Iterable[str]:
    if answer.status not in expected.statuses:
        wanted = " or ".join(map(str, expected.statuses))
        yield f"the status is {answer.status}, not {wanted}; the body begins {answer.body[:200]!r}"
    media_type = "".join(answer.values("content-type")).partition(";")[0].strip().lower()
    if expected.media_type not in {None, media_type}:
        yield f"the media type is {media_type!r}, not {expected.media_type!r}"
    for name, value in expected.headers:
        if answer.values(name) != [value]:
            yield f"the field {name!r} is {answer.values(name)}, not {value!r}"
    cookies = [line.partition(";")[0].strip() for line in answer.values("set-cookie")]
    if expected.cookie is not None and expected.cookie not in cookies:
        yield f"the cookies are {cookies}, without {expected.cookie!r}"


def _body_faults(expected: Expected, answer: Answer) -> Iterable[str]:
    if expected.body is not None and answer.body != expected.body:
        yield f"the body is {_shown(answer.body)}, not {_shown(expected.body)}"
    if expected.json is None:
        return
    try:
        value = json.loads(answer.body)
    except ValueError:
        yield f"the body is no JSON: {_shown(answer.body)}"
        return
    if value != expected.json:
        yield f"the JSON is {_shown(answer.body)}, not {_shown(json.dumps(expected.json).encode())}"


def _shown(body: bytes) -> str:
    return f"{body[:100]!r} ({len(body)} bytes)"
