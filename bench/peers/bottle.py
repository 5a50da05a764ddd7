"""Bottle. Bodies are validated by msgspec; hooks are plugins of the one route."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from bottle import Bottle, HTTPResponse, abort, request, response
from msgspec import Struct


class Draft(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str] = []


class Item(Struct):
    id: int
    name: str
    price: float
    tags: list[str]


items = [Item(n, f"Item number {n}", n + 0.5, ["new", "sale"]) for n in range(150)]
chunk = b"x" * 1024
decoder = msgspec.json.Decoder(Draft)

app = Bottle()


@app.get("/")
def hello() -> str:
    response.content_type = "text/plain; charset=utf-8"
    return "Hello, World!"


@app.get("/json")
def read_json() -> dict[str, Any]:
    return {"message": "Hello, World!"}


@app.get("/users/<user:int>/posts/<post:int>")
def read_post(user: int, post: int) -> dict[str, Any]:
    try:
        limit, offset = int(request.query["limit"]), int(request.query["offset"])
    except (KeyError, ValueError):
        abort(422)
    return {"user": user, "post": post, "limit": limit, "offset": offset}


@app.post("/items")
def create_item() -> dict[str, Any]:
    try:
        draft = decoder.decode(request.body.read())
    except msgspec.ValidationError as error:
        response.status = 422
        return {"detail": str(error)}
    response.status = 201
    return {"id": 1, **msgspec.structs.asdict(draft)}


Handler = Callable[..., Any]


def sign(handler: Handler) -> Handler:
    def signed(*args: Any, **arguments: Any) -> Any:
        response.set_header("x-served-by", "bench")
        return handler(*args, **arguments)

    return signed


def derive_user(handler: Handler) -> Handler:
    def derived(*args: Any, **arguments: Any) -> Any:
        kind, _, name = request.get_header("authorization", "").partition(" ")
        if kind != "Bearer":
            raise HTTPResponse("no token", 401)
        request.user = name
        return handler(*args, **arguments)

    return derived


def refuse_blocked(handler: Handler) -> Handler:
    def refused(*args: Any, **arguments: Any) -> Any:
        if request.user == "mallory":
            raise HTTPResponse("blocked", 403)
        return handler(*args, **arguments)

    return refused


@app.get("/me", apply=[sign, derive_user, refuse_blocked])
def read_me() -> dict[str, Any]:
    return {"name": request.user}


@app.get("/stream")
def stream() -> Iterator[bytes]:
    for _ in range(100):
        yield chunk


@app.get("/list")
def read_list() -> bytes:
    response.content_type = "application/json"
    return msgspec.json.encode(items)


@app.post("/upload")
def upload() -> dict[str, Any]:
    content = request.files.get("file").file.read()
    return {"title": request.forms.get("title"), "size": len(content)}


@app.get("/cookies")
def cookies() -> str:
    visits = request.get_cookie("visits", "0")
    response.set_cookie("visits", str(int(visits) + 1), httponly=True)
    response.content_type = "text/plain; charset=utf-8"
    return visits


def ok(id: str) -> str:
    return "OK"


def scaled(routes: int, depth: int) -> Bottle:
    made = Bottle()
    for number in range(routes):
        made.get(f"/r{number}/<id>")(ok)
    for _ in range(depth):
        outer = Bottle()
        outer.mount("/p", made)
        made = outer
    return made
