"""BlackSheep. Binders validate parameters, msgspec the body; hooks are decorators of a handler."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps

import msgspec
from blacksheep import (
    Application,
    Content,
    Cookie,
    HTTPException,
    Request,
    Response,
    Router,
    StreamedContent,
    json,
    text,
)
from msgspec import Struct

Handler = Callable[[Request], Awaitable[Response]]


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

app = Application(router=Router())
route = app.router


@route.get("/")
async def hello() -> Response:
    return text("Hello, World!")


@route.get("/json")
async def read_json() -> Response:
    return json({"message": "Hello, World!"})


@route.get("/users/{user}/posts/{post}")
async def read_post(user: int, post: int, limit: int, offset: int) -> Response:
    return json({"user": user, "post": post, "limit": limit, "offset": offset})


@route.post("/items")
async def create_item(request: Request) -> Response:
    try:
        draft = decoder.decode(await request.read() or b"")
    except msgspec.ValidationError as error:
        return json({"detail": str(error)}, 422)
    return json({"id": 1, **msgspec.structs.asdict(draft)}, 201)


def sign(handler: Handler) -> Handler:
    @wraps(handler)
    async def signed(request: Request) -> Response:
        response = await handler(request)
        response.add_header(b"x-served-by", b"bench")
        return response

    return signed


def derive_user(handler: Handler) -> Handler:
    @wraps(handler)
    async def derived(request: Request) -> Response:
        field = request.get_first_header(b"authorization") or b""
        kind, _, name = field.decode().partition(" ")
        if kind != "Bearer":
            raise HTTPException(401, "no token")
        request.scope["bench.user"] = name
        return await handler(request)

    return derived


def refuse_blocked(handler: Handler) -> Handler:
    @wraps(handler)
    async def refused(request: Request) -> Response:
        if request.scope["bench.user"] == "mallory":
            raise HTTPException(403, "blocked")
        return await handler(request)

    return refused


@route.get("/me")
@sign
@derive_user
@refuse_blocked
async def read_me(request: Request) -> Response:
    return json({"name": request.scope["bench.user"]})


@route.get("/stream")
async def stream() -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield chunk

    return Response(200, content=StreamedContent(b"application/octet-stream", chunks))


@route.get("/list")
async def read_list() -> Response:
    return Response(200, content=Content(b"application/json", msgspec.json.encode(items)))


@route.post("/upload")
async def upload(request: Request) -> Response:
    form = await request.form() or {}
    files = await request.files("file")
    return json({"title": form["title"], "size": len(files[0].data)})


@route.get("/cookies")
async def cookies(request: Request) -> Response:
    visits = request.cookies.get("visits", "0")
    response = text(visits)
    response.set_cookie(Cookie("visits", str(int(visits) + 1), http_only=True))
    return response


def scaled(routes: int, depth: int) -> Application:
    # BlackSheep nests no routers: the prefix stands in the pattern.
    made = Application(router=Router())

    async def ok(request: Request) -> Response:
        return text("OK")

    for number in range(routes):
        made.router.add_get(f"{'/p' * depth}/r{number}/{{id}}", ok)
    return made
