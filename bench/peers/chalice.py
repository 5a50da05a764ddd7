"""Chalice. Bodies are validated by msgspec; hooks are decorators of a view."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from chalice import Chalice, ForbiddenError, Response, UnauthorizedError
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
chunk = "x" * 1024
decoder = msgspec.json.Decoder(Draft)
TEXT = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json"}
LEFT_OUT = {
    "upload": "it has no parser of multipart bodies",
    "missing": "the gateway answers 404: a path without a resource reaches no function",
}

app = Chalice(app_name="bench")


@app.route("/")
def hello() -> Response:
    return Response("Hello, World!", headers=TEXT)


@app.route("/json")
def read_json() -> dict[str, Any]:
    return {"message": "Hello, World!"}


@app.route("/users/{user}/posts/{post}")
def read_post(user: str, post: str) -> Any:
    query = app.current_request.query_params or {}
    try:
        numbers = [int(text) for text in (user, post, query["limit"], query["offset"])]
    except (KeyError, ValueError):
        return Response({"detail": "four integers are expected"}, status_code=422)
    return dict(zip(("user", "post", "limit", "offset"), numbers, strict=True))


@app.route("/items", methods=["POST"])
def create_item() -> Response:
    try:
        draft = decoder.decode(app.current_request.raw_body)
    except msgspec.ValidationError as error:
        return Response({"detail": str(error)}, status_code=422)
    return Response({"id": 1, **msgspec.structs.asdict(draft)}, status_code=201)


View = Callable[[], Any]


def sign(view: View) -> View:
    @wraps(view)
    def signed() -> Response:
        return Response(view(), headers={"x-served-by": "bench", **JSON})

    return signed


def derive_user(view: View) -> View:
    @wraps(view)
    def derived() -> Any:
        request = app.current_request
        kind, _, name = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            raise UnauthorizedError("no token")
        request.user = name
        return view()

    return derived


def refuse_blocked(view: View) -> View:
    @wraps(view)
    def refused() -> Any:
        if app.current_request.user == "mallory":
            raise ForbiddenError("blocked")
        return view()

    return refused


@app.route("/me")
@sign
@derive_user
@refuse_blocked
def read_me() -> dict[str, str]:
    return {"name": app.current_request.user}


@app.route("/stream")
def stream() -> Response:
    return Response("".join([chunk for _ in range(100)]), headers=TEXT)


@app.route("/list")
def read_list() -> Response:
    return Response(msgspec.json.encode(items).decode(), headers=JSON)


@app.route("/cookies")
def cookies() -> Response:
    field = app.current_request.headers.get("cookie", "")
    came = dict(pair.split("=", 1) for pair in field.split("; "))
    visits = came.get("visits", "0")
    line = f"visits={int(visits) + 1}; HttpOnly"
    return Response(visits, headers={**TEXT, "Set-Cookie": line})
