"""Falcon on WSGI. Bodies are validated by msgspec; hooks are its `before` and `after`."""

from collections.abc import Iterator
from typing import Any

import falcon
import msgspec
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


class Hello:
    def on_get(self, req: Any, resp: Any) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Hello, World!"


class Json:
    def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"message": "Hello, World!"}


class Posts:
    def on_get(self, req: Any, resp: Any, user: int, post: int) -> None:
        limit = req.get_param_as_int("limit", required=True)
        offset = req.get_param_as_int("offset", required=True)
        resp.media = {"user": user, "post": post, "limit": limit, "offset": offset}


class Items:
    def on_post(self, req: Any, resp: Any) -> None:
        draft = decoder.decode(req.bounded_stream.read())
        resp.media = {"id": 1, **msgspec.structs.asdict(draft)}
        resp.status = falcon.HTTP_201


def derive_user(req: Any, resp: Any, resource: Any, params: Any) -> None:
    kind, _, name = (req.auth or "").partition(" ")
    if kind != "Bearer":
        raise falcon.HTTPUnauthorized
    req.context.user = name


def refuse_blocked(req: Any, resp: Any, resource: Any, params: Any) -> None:
    if req.context.user == "mallory":
        raise falcon.HTTPForbidden


def sign(req: Any, resp: Any, resource: Any) -> None:
    resp.set_header("x-served-by", "bench")


class Me:
    @falcon.before(derive_user)
    @falcon.before(refuse_blocked)
    @falcon.after(sign)
    def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"name": req.context.user}


class Streamed:
    def on_get(self, req: Any, resp: Any) -> None:
        def chunks() -> Iterator[bytes]:
            for _ in range(100):
                yield chunk

        resp.stream = chunks()


class Listed:
    def on_get(self, req: Any, resp: Any) -> None:
        resp.data = msgspec.json.encode(items)


class Upload:
    def on_post(self, req: Any, resp: Any) -> None:
        received: dict[str, Any] = {}
        for part in req.get_media():
            if part.name == "file":
                received["size"] = len(part.stream.read())
            else:
                received[part.name] = part.get_text()
        resp.media = received


class Cookies:
    def on_get(self, req: Any, resp: Any) -> None:
        visits = req.cookies.get("visits", "0")
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = visits
        resp.set_cookie("visits", str(int(visits) + 1), secure=False)


def unprocessable(req: Any, resp: Any, error: Exception, params: Any) -> None:
    raise falcon.HTTPUnprocessableEntity(description=str(error))


app = falcon.App()
app.add_error_handler(msgspec.ValidationError, unprocessable)
app.add_route("/", Hello())
app.add_route("/json", Json())
app.add_route("/users/{user:int}/posts/{post:int}", Posts())
app.add_route("/items", Items())
app.add_route("/me", Me())
app.add_route("/stream", Streamed())
app.add_route("/list", Listed())
app.add_route("/upload", Upload())
app.add_route("/cookies", Cookies())


class Ok:
    def on_get(self, req: Any, resp: Any, id: str) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "OK"


def scaled(routes: int, depth: int) -> Any:
    # Falcon nests no routers: the prefix stands in the template.
    made = falcon.App()
    for number in range(routes):
        made.add_route(f"{'/p' * depth}/r{number}/{{id}}", Ok())
    return made
